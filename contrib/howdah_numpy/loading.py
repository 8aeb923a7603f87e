"""Loading PostgreSQL's arrays as `numpy.ndarray`."""

from __future__ import annotations

import struct
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

from howdah.adapt import AdaptContext, AdaptersMap, Loader
from howdah.errors import DataError, NotSupportedError
from howdah.pq import Format
from howdah_numpy.wire import (
    BOOL,
    DATE,
    DIMENSION,
    FLOAT4,
    FLOAT8,
    HEADER,
    INT2,
    INT4,
    INT8,
    INTERVAL,
    TIMESTAMP,
    Element,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from howdah_numpy.wire import Ndarray

__all__ = ["NdarrayBinaryLoader", "NdarrayLoader", "register_loaders"]


class NdarrayLoader(Loader):
    """An array as text to `numpy.ndarray`."""

    element: ClassVar[Element]
    lists: ClassVar[type[Loader]]

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._lists = self.lists(oid, context)

    def load(self, data: Buffer) -> Ndarray:
        lists = self._lists.load(data)
        try:
            return self._array(lists)
        except (ArithmeticError, TypeError, ValueError):
            raise DataError(f"the server sent what is no {self.element.name}[]") from None

    def _array(self, lists: Any) -> Ndarray:
        import numpy as np

        native = np.dtype(self.element.native)
        if native.kind in "mM":
            return np.array(lists, native)  # None becomes NaT
        objects = np.array(lists, object)
        nulls = objects == None  # noqa: E711 - of each element
        if not nulls.any():
            return objects.astype(native)
        values = np.where(nulls, 0, objects).astype(native)
        return np.ma.MaskedArray(values, nulls)


class NdarrayBinaryLoader(Loader):
    """An array as binary to `numpy.ndarray`: all elements at once."""

    format = Format.BINARY
    element: ClassVar[Element]

    def load(self, data: Buffer) -> Ndarray:
        data = bytes(data)
        try:
            return self._read(data)
        except (ArithmeticError, LookupError, TypeError, ValueError, struct.error):
            raise DataError(f"the server sent what is no {self.element.name}[]") from None

    def _read(self, data: bytes) -> Ndarray:
        import numpy as np

        element = self.element
        dimensions, _, _ = HEADER.unpack_from(data)
        if not dimensions:
            return np.empty(0, element.native)
        start = HEADER.size + dimensions * DIMENSION.size
        shape = [length for length, _ in DIMENSION.iter_unpack(data[HEADER.size : start])]
        wire = np.dtype(element.wire)
        cell = np.dtype([("length", ">i4"), ("value", wire)])
        count = prod(shape)
        if len(shape) != dimensions or min(shape) < 1 or 4 * count > len(data) - start:
            raise ValueError
        if len(data) - start == count * cell.itemsize:  # no NULLs
            return element.from_wire(np.frombuffer(data, cell, offset=start)["value"]).reshape(shape)
        nulls = _nulls(data, start, count, wire.itemsize)
        values = np.zeros(count, wire)
        # Without the NULLs, which have only a length, all cells have the same size.
        octets = np.frombuffer(data, "u1", offset=start)
        offsets = np.concatenate(([0], np.cumsum(np.where(nulls, 4, cell.itemsize))[:-1]))
        gone = (offsets[nulls][:, None] + np.arange(4)).ravel()
        values[~nulls] = np.delete(octets, gone).view(cell)["value"]
        loaded = element.from_wire(values).reshape(shape)
        if loaded.dtype.kind in "mM":
            loaded[nulls.reshape(shape)] = "NaT"
            return loaded
        return np.ma.MaskedArray(loaded, nulls.reshape(shape))


def _nulls(data: bytes, start: int, count: int, width: int) -> Ndarray:
    """Return a mask of the NULL elements of an array."""
    import numpy as np

    nulls = np.zeros(count, bool)
    position = start
    for index in range(count):
        if data[position : position + 4] == b"\xff\xff\xff\xff":
            nulls[index] = True
            position += 4
        else:
            position += 4 + width
    if position != len(data):
        raise DataError("malformed array: its elements are not of the width of their type")
    return nulls


def register_loaders(adapters: AdaptersMap) -> None:
    """Register the loaders of arrays of all types of fixed width."""
    for element in (BOOL, INT2, INT4, INT8, FLOAT4, FLOAT8, DATE, TIMESTAMP, INTERVAL):
        lists = adapters.get_loader(element.array_oid, Format.TEXT)
        if lists is None:
            raise NotSupportedError(
                "howdah_numpy reads arrays with the help of the plugin 'types': enable it"
            )
        namespace: dict[str, Any] = {
            "element": element,
            "lists": getattr(lists, "lists", lists),
            "__module__": __name__,
            "__doc__": f"{element.name}[] to `numpy.ndarray`.",
        }
        for loader in (NdarrayLoader, NdarrayBinaryLoader):
            adapters.register_loader(element.array_oid, type(loader.__name__, (loader,), namespace))
