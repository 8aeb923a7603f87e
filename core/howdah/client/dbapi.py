"""The globals that DB-API 2.0 asks of a driver's module.

Source: PEP 249, "Module Interface" and "Type Objects and Constructors".
"""

from __future__ import annotations

from datetime import date, datetime, time, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Date",
    "DateFromTicks",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "apilevel",
    "paramstyle",
    "threadsafety",
]

#: The version of DB-API.
apilevel = "2.0"
#: Threads may share the module and connections.
threadsafety = 2
#: Parameters are written `%s` or `%(name)s`.
paramstyle = "pyformat"


class DBAPITypeObject:
    """A kind of columns: equal to the oids (`Column.type_code`) of the types of that kind.

    Args:
        name: the kind's name.
        oids: the types' oids.
    """

    def __init__(self, name: str, *oids: int) -> None:
        self.name = name
        self.oids = frozenset(oids)

    def __repr__(self) -> str:
        return f"howdah.{self.name}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DBAPITypeObject):
            return self.oids == other.oids
        return other in self.oids if isinstance(other, int) else NotImplemented

    # It equals several numbers of different hashes, so no hash of its own would be right.
    __hash__ = None  # type: ignore[assignment]


#: Columns of text: text, varchar, bpchar.
STRING = DBAPITypeObject("STRING", 25, 1043, 1042)
#: Columns of bytes: bytea.
BINARY = DBAPITypeObject("BINARY", 17)
#: Columns of numbers: int2, int4, int8, float4, float8, numeric.
NUMBER = DBAPITypeObject("NUMBER", 21, 23, 20, 700, 701, 1700)
#: Columns of dates and times: date, time, timetz, timestamp, timestamptz, interval.
DATETIME = DBAPITypeObject("DATETIME", 1082, 1083, 1266, 1114, 1184, 1186)
#: Columns that identify rows: oid.
ROWID = DBAPITypeObject("ROWID", 26)


def Date(year: int, month: int, day: int) -> date:  # noqa: N802 - the DB-API's name
    """Return a date."""
    return date(year, month, day)


def Time(hour: int, minute: int, second: int) -> time:  # noqa: N802
    """Return a time of day."""
    return time(hour, minute, second)


def Timestamp(  # noqa: N802
    year: int, month: int, day: int, hour: int, minute: int, second: int
) -> datetime:
    """Return a time stamp without time zone."""
    return datetime(year, month, day, hour, minute, second)


def DateFromTicks(ticks: float) -> date:  # noqa: N802
    """Return the date in UTC at `ticks`, in seconds since 1970-01-01 UTC."""
    return TimestampFromTicks(ticks).date()


def TimeFromTicks(ticks: float) -> time:  # noqa: N802
    """Return the time of day in UTC at `ticks`, in seconds since 1970-01-01 UTC."""
    return TimestampFromTicks(ticks).time()


def TimestampFromTicks(ticks: float) -> datetime:  # noqa: N802
    """Return the time stamp in UTC at `ticks`, in seconds since 1970-01-01 UTC."""
    return datetime.fromtimestamp(ticks, timezone.utc)


def Binary(data: Buffer) -> bytes:  # noqa: N802
    """Return `data` as a parameter for a bytea.

    Raises:
        TypeError: `data` is not bytes-like.
    """
    return data if isinstance(data, bytes) else bytes(memoryview(data))
