"""Dumping `numpy.ndarray` to PostgreSQL's arrays."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

import howdah
from howdah.adapt import AdaptContext, AdaptersMap, Dumper, DumperKey, PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_numpy.wire import DATE, DIMENSION, HEADER, INTERVAL, MAX_DIMENSIONS, TIMESTAMP, TYPES, Element

if TYPE_CHECKING:
    from howdah_numpy.wire import Ndarray

__all__ = ["NdarrayBinaryDumper", "NdarrayDumper", "register_array_dumpers"]

#: The oids of arrays whose elements have no fixed width (numeric, text, bytea), by the kind of the dtype.
_OTHERS = {"u": 1231, "U": 1009, "S": 1001}


def _element(array: Ndarray) -> Element | int:
    """Return the type of the elements of an array, or the oid of the array type if they have no fixed width.

    For an array of Python objects, return 0.

    Raises:
        howdah.DataError: there is no type for the dtype.
    """
    dtype = array.dtype
    if dtype.kind == "O":
        return 0
    if dtype.kind == "M":
        import numpy as np

        return DATE if np.datetime_data(dtype)[0] in ("Y", "M", "W", "D") else TIMESTAMP
    if dtype.kind == "m":
        return INTERVAL
    found = TYPES.get(f"{dtype.kind}{dtype.itemsize}") or _OTHERS.get(dtype.kind)
    if found is None:
        raise DataError(f"a numpy array of dtype {dtype} is no array of any type of PostgreSQL's")
    return found


def _as_list(array: Ndarray) -> Any:
    """Return an array as nested lists, or as a value; NaT and masked elements are None."""
    if array.dtype.kind in "mM":
        element = _element(array)
        assert isinstance(element, Element)
        element.to_wire(array)  # refuses values outside of PostgreSQL's range
        array = array.astype(element.native)
    return array.tolist()


class NdarrayDumper(Dumper):
    """`numpy.ndarray` to an array, as text."""

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._context = context
        self._adapters: AdaptersMap = howdah.adapters if context is None else context.adapters

    # The dumper of an array depends on its dtype, and so does its key; `upgrade` returns that dumper.

    def get_key(self, obj: Ndarray, format: PyFormat) -> DumperKey:
        if obj.ndim and (element := _element(obj)):
            return (self.cls, obj.dtype.type, date) if element is DATE else (self.cls, obj.dtype.type)
        value = _as_list(obj)
        dumper = self._adapters.get_dumper(type(value), format)(type(value), self._context)
        return (self.cls, object, dumper.get_key(value, format))

    def upgrade(self, obj: Ndarray, format: PyFormat) -> Dumper:
        if not obj.ndim or not (element := _element(obj)):
            value = _as_list(obj)
            dumper = self._adapters.get_dumper(type(value), format)(type(value), self._context)
            return ListedDumper.around(dumper.upgrade(value, format), self.cls, self._context)
        if self.format == Format.BINARY and isinstance(element, Element):
            return FixedWidthDumper(self.cls, self._context, element)
        oid = element.array_oid if isinstance(element, Element) else element
        lists = self._adapters.get_dumper_by_oid(oid, self.format)(list, self._context)
        return ListedDumper.around(lists, self.cls, self._context)

    def dump(self, obj: Ndarray) -> Any:
        return self.upgrade(obj, PyFormat.BINARY if self.format else PyFormat.TEXT).dump(obj)

    def quote(self, obj: Ndarray) -> bytes:
        return NdarrayDumper(self.cls, self._context).upgrade(obj, PyFormat.TEXT).quote(obj)


class NdarrayBinaryDumper(NdarrayDumper):
    """`numpy.ndarray` to an array, as binary."""

    format = Format.BINARY


class ListedDumper(Dumper):
    """`numpy.ndarray`, dumped like the list of its elements."""

    def __init__(self, cls: type, context: AdaptContext | None, dumper: Dumper) -> None:
        super().__init__(cls, context)
        self._dumper = dumper
        self.oid = dumper.oid

    @staticmethod
    def around(dumper: Dumper, cls: type, context: AdaptContext | None) -> ListedDumper:
        """Return a dumper that uses another one for the list."""
        return (ListedBinaryDumper if dumper.format else ListedDumper)(cls, context, dumper)

    def dump(self, obj: Ndarray) -> Any:
        return self._dumper.dump(_as_list(obj))

    def quote(self, obj: Ndarray) -> bytes:
        return self._dumper.quote(_as_list(obj))


class ListedBinaryDumper(ListedDumper):
    """`numpy.ndarray`, dumped like the list of its elements, as binary."""

    format = Format.BINARY


class FixedWidthDumper(Dumper):
    """`numpy.ndarray` to an array of a type of fixed width, as binary: all elements at once."""

    format = Format.BINARY

    def __init__(self, cls: type, context: AdaptContext | None, element: Element) -> None:
        super().__init__(cls, context)
        self._context = context
        self._element = element
        self.oid = element.array_oid

    def dump(self, obj: Ndarray) -> bytes:
        import numpy as np

        element = self._element
        if obj.ndim > MAX_DIMENSIONS:
            raise DataError(
                f"the array has {obj.ndim} dimensions; PostgreSQL's have {MAX_DIMENSIONS} at most"
            )
        if not obj.size:
            return HEADER.pack(0, 0, element.oid)
        values = np.ma.getdata(obj)
        nulls = np.isnat(values) if values.dtype.kind in "mM" else np.zeros(values.shape, bool)
        if isinstance(obj, np.ma.MaskedArray):
            nulls |= np.ma.getmaskarray(obj)
            values = np.where(nulls, np.zeros((), values.dtype), values)
        wire = np.dtype(element.wire)
        cells = np.empty(obj.size, [("length", ">i4"), ("value", wire)])
        cells["length"] = wire.itemsize
        cells["value"] = element.to_wire(values).ravel()
        has_nulls = bool(nulls.any())
        if has_nulls:
            cells["length"][nulls.ravel()] = -1
            octets = cells.view("u1").reshape(obj.size, -1)
            kept = np.ones(octets.shape, bool)
            kept[nulls.ravel(), 4:] = False
            data = octets[kept].tobytes()
        else:
            data = cells.tobytes()
        header = HEADER.pack(obj.ndim, has_nulls, element.oid)
        return header + b"".join([DIMENSION.pack(length, 1) for length in obj.shape]) + data

    def quote(self, obj: Ndarray) -> bytes:
        return NdarrayDumper(self.cls, self._context).quote(obj)


class ArrayDumper(Dumper):
    """Lists and `numpy.ndarray` to the arrays of one type, for `copy.set_types`."""

    element: ClassVar[Element]
    lists: ClassVar[type[Dumper]]

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._lists = self.lists(list, context)
        self._fixed_width = FixedWidthDumper(cls, context, self.element)

    def dump(self, obj: Any) -> Any:
        if isinstance(obj, list):
            return self._lists.dump(obj)
        if self.format == Format.BINARY and obj.ndim and _element(obj) is self.element:
            return self._fixed_width.dump(obj)
        return self._lists.dump(_as_list(obj))


def register_array_dumpers(adapters: AdaptersMap) -> None:
    """Make the dumpers that are found by the oid of an array type accept `numpy.ndarray`, too."""
    for element in (*dict.fromkeys(TYPES.values()), DATE, TIMESTAMP, INTERVAL):
        for format in Format:
            namespace = {
                "format": format,
                "oid": element.array_oid,
                "element": element,
                "lists": adapters.get_dumper_by_oid(element.array_oid, format),
                "__module__": __name__,
                "__doc__": f"Lists and `numpy.ndarray` to {element.name}[].",
            }
            adapters.register_dumper(None, type(f"{element.name}ArrayDumper", (ArrayDumper,), namespace))
