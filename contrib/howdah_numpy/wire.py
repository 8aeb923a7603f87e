"""The binary format of elements of a fixed width, which numpy converts all at once.

Source: PostgreSQL's src/backend/utils/adt: arrayfuncs.c, date.c, timestamp.c.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from howdah.errors import DataError

if TYPE_CHECKING:
    import numpy as np

    Ndarray = np.ndarray[Any, Any]

__all__ = ["DATE", "DIMENSION", "HEADER", "INTERVAL", "MAX_DIMENSIONS", "TIMESTAMP", "TYPES", "Element"]

HEADER = struct.Struct("!iiI")  # number of dimensions, whether there are NULLs, oid of the elements
DIMENSION = struct.Struct("!ii")  # length, lower bound
#: PostgreSQL's MAXDIM.
MAX_DIMENSIONS = 6

# From numpy's epoch, 1970, to PostgreSQL's, 2000.
_EPOCH_DAYS = 10_957
_EPOCH_MICROSECONDS = _EPOCH_DAYS * 86_400_000_000
_DAY = 86_400_000_000
# PostgreSQL's range, counted from numpy's epoch; its calendar begins on 24 November 4714 BC.
_DAYS = (-2_440_588, 2_145_042_905)
_MICROSECONDS = (_DAYS[0] * _DAY, 2**63 - 1)


class Element:
    """A type of elements.

    Attributes:
        name: the name of the type.
        oid: the oid of the type.
        array_oid: the oid of its array type.
        wire: the dtype of an element in binary.
        native: the dtype of an element in Python.
    """

    def __init__(self, name: str, oid: int, array_oid: int, wire: Any, native: str) -> None:
        self.name = name
        self.oid = oid
        self.array_oid = array_oid
        self.wire = wire
        self.native = native

    def to_wire(self, array: Ndarray) -> Ndarray:
        """Convert the elements of an array to binary format; the values for NaT are arbitrary.

        Raises:
            howdah.DataError: a value is outside of PostgreSQL's range.
        """
        import numpy as np

        if self is DATE:
            return (self._numbers(array, "D", *_DAYS) - _EPOCH_DAYS).astype(self.wire)
        if self is TIMESTAMP:
            return (self._numbers(array, "us", *_MICROSECONDS) - _EPOCH_MICROSECONDS).astype(self.wire)
        if self is INTERVAL:
            if np.datetime_data(array.dtype)[0] in ("generic", "Y", "M"):
                raise DataError(f"a numpy array of dtype {array.dtype} has no unit of fixed length")
            out = np.zeros(array.shape, np.dtype(self.wire))
            microseconds = self._numbers(array, "us", -(2**63) + 1, 2**63 - 1)
            # Days and time are separate, as in Python's timedelta.
            out["days"] = microseconds // _DAY
            out["microseconds"] = microseconds % _DAY
            return out
        return array.astype(self.wire)

    def _numbers(self, array: Ndarray, unit: str, least: int, greatest: int) -> Ndarray:
        """Return dates or times as numbers in a unit, NaT as 0."""
        import numpy as np

        nat = np.isnat(array)
        try:
            converted = array.astype(f"{array.dtype.kind}8[{unit}]")
        except OverflowError as error:
            raise DataError(f"a value is not one of PostgreSQL's {self.name}: it is out of range") from error
        numbers: Ndarray = np.where(nat, 0, converted.astype("i8"))
        changed = (converted.astype(array.dtype) != array) & ~nat  # older versions of numpy overflow silently
        wrong = changed | (numbers < least) | (numbers > greatest)
        if wrong.any():
            raise DataError(
                f"a value is not one of PostgreSQL's {self.name}: it is finer than {unit}, or out of range"
            )
        return numbers

    def from_wire(self, array: Ndarray) -> Ndarray:
        """Convert elements from binary format.

        Raises:
            howdah.DataError: a value is outside of numpy's range.
        """
        if self is DATE:
            self._refuse_infinite(array)
            return (array.astype("i8") + _EPOCH_DAYS).astype(self.native)
        if self is TIMESTAMP:
            self._refuse_infinite(array)
            return (array.astype("i8") + _EPOCH_MICROSECONDS).astype(self.native)
        if self is INTERVAL:
            self._refuse_infinite(array["months"])
            return _microseconds(array).astype(self.native)
        return array.astype(self.native)

    def _refuse_infinite(self, array: Ndarray) -> None:
        import numpy as np

        info = np.iinfo(array.dtype)
        if ((array == info.min) | (array == info.max)).any():
            raise DataError(f"the {self.name} 'infinity' or '-infinity' cannot be represented in numpy")


def _microseconds(intervals: Ndarray) -> Ndarray:
    """Return the lengths of intervals; a month counts as 30 days and a year as 365."""
    import numpy as np

    months = intervals["months"].astype("i8")
    years = np.sign(months) * (abs(months) // 12)
    days = intervals["days"].astype("i8") + years * 365 + (months - years * 12) * 30
    result: Ndarray = days * _DAY + intervals["microseconds"].astype("i8")
    return result


BOOL = Element("bool", 16, 1000, "u1", "?")
INT2 = Element("int2", 21, 1005, ">i2", "i2")
INT4 = Element("int4", 23, 1007, ">i4", "i4")
INT8 = Element("int8", 20, 1016, ">i8", "i8")
FLOAT4 = Element("float4", 700, 1021, ">f4", "f4")
FLOAT8 = Element("float8", 701, 1022, ">f8", "f8")
DATE = Element("date", 1082, 1182, ">i4", "M8[D]")
TIMESTAMP = Element("timestamp", 1114, 1115, ">i8", "M8[us]")
INTERVAL = Element(
    "interval", 1186, 1187, [("microseconds", ">i8"), ("days", ">i4"), ("months", ">i4")], "m8[us]"
)

#: The types of a fixed width, by the kind and the size of the dtypes that are dumped to them.
TYPES = {
    "b1": BOOL,
    "i1": INT2,
    "i2": INT2,
    "i4": INT4,
    "i8": INT8,
    "u1": INT2,
    "u2": INT4,
    "u4": INT8,
    "f2": FLOAT4,
    "f4": FLOAT4,
    "f8": FLOAT8,
}
