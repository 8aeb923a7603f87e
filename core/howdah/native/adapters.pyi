from collections.abc import Iterable, Sequence
from typing import Any

from typing_extensions import Buffer

from howdah.adapt.base import AdaptContext, Loader, PyFormat
from howdah.adapt.nesting import Nesting as Nesting
from howdah.adapt.registry import AdaptersMap

TEXT: NativeAdapter
BYTES: NativeAdapter

class NativeAdapter: ...

def make_native(cls: type, name: str) -> None: ...

class EncodedParams:
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
    ) -> EncodedParams: ...
    def literals(self, objs: Iterable[Any]) -> list[bytes]: ...
    def parameter_literals(
        self, params: Sequence[Any], names: Sequence[str] | None = None
    ) -> list[bytes]: ...

class RowDecoder:
    def __init__(self, loaders: Sequence[Loader | None]) -> None: ...
    def decode(self, payload: bytes) -> tuple[Any, ...]: ...
