from collections.abc import Sequence
from typing import Any

from howdah.adapt.base import Loader

class RowDecoder:
    def __init__(self, loaders: Sequence[Loader | None]) -> None: ...
    def decode(self, payload: bytes) -> tuple[Any, ...]: ...
