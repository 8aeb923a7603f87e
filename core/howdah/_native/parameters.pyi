from collections.abc import Sequence
from typing import Any

from typing_extensions import Buffer

from howdah.adapt.base import AdaptContext, PyFormat
from howdah.adapt.registry import AdaptersMap

class Parameters:
    oids: tuple[int, ...]
    formats: tuple[int, ...]
    def __init__(
        self,
        oids: Sequence[int] = (),
        formats: Sequence[int] = (),
        values: Sequence[Buffer | str | None] = (),
    ) -> None: ...
    @property
    def values(self) -> list[bytes | None]: ...

class ParameterEncoder:
    def __init__(self, adapters: AdaptersMap, context: AdaptContext | None) -> None: ...
    def encode(
        self,
        params: Sequence[Any],
        formats: Sequence[PyFormat] | None = None,
        names: Sequence[str] | None = None,
    ) -> Parameters: ...
