"""Loading vectors."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from howdah.adapt import AdaptContext, AdaptersMap, Loader
from howdah.errors import DataError
from howdah.pq import Format
from howdah_pgvector.values import SparseVector
from howdah_pgvector.wire import HALFVEC, HEADER, SPARSE_HEADER, VECTOR, Kind

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["LIST_LOADERS", "LOADERS", "register_loaders"]


class VectorLoader(Loader):
    """A loader whose errors name the type of a malformed value."""

    def load(self, data: Buffer) -> Any:
        data = bytes(data)
        try:
            return self.value(data)
        except (ArithmeticError, LookupError, TypeError, ValueError, struct.error):
            raise DataError("the server sent what is no vector") from None

    def value(self, data: bytes) -> Any:
        """Return the object for a value."""
        raise NotImplementedError


class ListLoader(VectorLoader):
    """A vector as text to a list."""

    kind: ClassVar[Kind] = VECTOR

    def value(self, data: bytes) -> Any:
        return self.kind.rounded([float(number) for number in data[1:-1].split(b",")])


class ListBinaryLoader(VectorLoader):
    """A vector as binary to a list."""

    format = Format.BINARY
    kind: ClassVar[Kind] = VECTOR

    def value(self, data: bytes) -> Any:
        return list(self.kind.numbers(data))


class NdarrayLoader(ListLoader):
    """A vector as text to a numpy array, or to a list without numpy."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._numpy = _numpy()

    def value(self, data: bytes) -> Any:
        numbers = super().value(data)
        return numbers if self._numpy is None else self._numpy.array(numbers, self.kind.dtype)


class NdarrayBinaryLoader(ListBinaryLoader):
    """A vector as binary to a numpy array, or to a list without numpy."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._numpy = _numpy()

    def value(self, data: bytes) -> Any:
        if self._numpy is None:
            return super().value(data)
        return self._numpy.frombuffer(data, f">{self.kind.dtype}", offset=HEADER.size).astype(self.kind.dtype)


class HalfListLoader(ListLoader):
    """A halfvec as text to a list."""

    kind = HALFVEC


class HalfListBinaryLoader(ListBinaryLoader):
    """A halfvec as binary to a list."""

    kind = HALFVEC


class HalfNdarrayLoader(NdarrayLoader):
    """A halfvec as text to a numpy array, or to a list without numpy."""

    kind = HALFVEC


class HalfNdarrayBinaryLoader(NdarrayBinaryLoader):
    """A halfvec as binary to a numpy array, or to a list without numpy."""

    kind = HALFVEC


class SparseVectorLoader(VectorLoader):
    """A sparsevec as text to `SparseVector`."""

    def value(self, data: bytes) -> SparseVector:
        elements, _, dimensions = data.partition(b"/")
        pairs = [pair.split(b":") for pair in elements[1:-1].split(b",") if pair]
        values = VECTOR.rounded([float(value) for _, value in pairs])
        return SparseVector({int(pair[0]) - 1: value for pair, value in zip(pairs, values)}, int(dimensions))


class SparseVectorBinaryLoader(VectorLoader):
    """A sparsevec as binary to `SparseVector`."""

    format = Format.BINARY

    def value(self, data: bytes) -> SparseVector:
        dimensions, count, _ = SPARSE_HEADER.unpack_from(data)
        numbers = struct.unpack_from(f"!{count}i{count}f", data, SPARSE_HEADER.size)
        return SparseVector(dict(zip(numbers[:count], numbers[count:])), dimensions)


def _numpy() -> Any:
    """Return numpy, None if it is not installed."""
    if find_spec("numpy") is None:
        return None
    import numpy

    return numpy


LOADERS: dict[str, tuple[type[Loader], ...]] = {
    "vector": (NdarrayLoader, NdarrayBinaryLoader),
    "halfvec": (HalfNdarrayLoader, HalfNdarrayBinaryLoader),
    "sparsevec": (SparseVectorLoader, SparseVectorBinaryLoader),
}
LIST_LOADERS: dict[str, tuple[type[Loader], ...]] = {
    "vector": (ListLoader, ListBinaryLoader),
    "halfvec": (HalfListLoader, HalfListBinaryLoader),
}


def register_loaders(adapters: AdaptersMap, loaders: dict[str, tuple[type[Loader], ...]]) -> None:
    """Register loaders for types by their names."""
    for name, classes in loaders.items():
        for loader in classes:
            adapters.register_loader(name, loader)
