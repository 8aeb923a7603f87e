"""Dates and timestamps that Python has not, as the first and the last ones that it has: on request.

By default they raise `DataError`, for nothing that is not in the database should seem to be.

Source: PostgreSQL documentation, "Date/Time Types", "Special Values".
"""

from __future__ import annotations

import struct
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from howdah.adapt import AdaptContext, Loader
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, adapters_of
from howdah_types.datetime import (
    DateBinaryDumper,
    DateBinaryLoader,
    DateDumper,
    DateLoader,
    DatetimeBinaryDumper,
    DatetimeDumper,
    DatetimeNoTzBinaryDumper,
    DatetimeNoTzDumper,
    TimestampBinaryLoader,
    TimestampLoader,
    TimestamptzBinaryLoader,
    TimestamptzLoader,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["register_date_limits"]

_EARLIER = pattern(rb"-infinity|.* BC")
# The year comes first, last of the date, or last of all: that depends on DateStyle.
_LATER = pattern(rb"infinity|\d{5,}-.*|\d\d[/.-]\d\d[/.-]\d{5,}(?: .*)?|\w{3} [^:]*:[^ ]* \d{5,}(?: .*)?")


class _LimitedLoader(TypeLoader):
    """What a loader of dates or timestamps becomes with limits."""

    limits: ClassVar[tuple[date, date]]

    def load(self, data: Buffer) -> Any:
        try:
            return super().load(data)
        except DataError:
            data = bytes(data)
            if self.format == Format.BINARY and len(data) in (4, 8):
                first, last = data[0] >= 0x80, data[0] < 0x80
            else:
                first, last = bool(_EARLIER.fullmatch(data)), bool(_LATER.fullmatch(data))
            if not first and not last:
                raise
            limit = self.limits[last]
            zone = getattr(self, "timezone", None)
            return limit if zone is None else limit.replace(tzinfo=zone)  # type: ignore[call-arg]


class _LimitedDumper(TypeDumper):
    """What a dumper of dates or timestamps becomes with limits."""

    limits: ClassVar[tuple[date, date]]
    _infinities: ClassVar = (b"-infinity", b"infinity")

    def text(self, obj: Any) -> bytes:
        limit = self._limit(obj)
        return super().text(obj) if limit is None else self._infinities[limit]  # type: ignore[safe-super]

    def dump(self, obj: Any) -> Any:
        limit = self._limit(obj)
        if limit is None or self.format == Format.TEXT:
            return super().dump(obj)
        # In binary the infinities are the least and the greatest integer.
        return _EXTREMES[isinstance(obj, datetime)][limit]

    def _limit(self, obj: Any) -> int | None:
        """Return 0 for the first value that Python has, 1 for the last one, None for others."""
        obj = obj.replace(tzinfo=None) if isinstance(obj, datetime) else obj
        return self.limits.index(obj) if obj in self.limits else None


_EXTREMES = (
    (struct.pack("!i", -(2**31)), struct.pack("!i", 2**31 - 1)),
    (struct.pack("!q", -(2**63)), struct.pack("!q", 2**63 - 1)),
)
_DATES = (date.min, date.max)
_DATETIMES = (datetime.min, datetime.max)


def register_date_limits(context: AdaptContext | None = None) -> None:
    """Have dates and timestamps that Python has not come as the nearest that it has.

    `infinity`, and what lies after the year 9999, comes as `date.max` or `datetime.max` (with the
    time zone of the session if it is a timestamptz); `-infinity`, and what lies before the year 1,
    as `min`. In the other direction `max` and `min` are dumped as the infinities.

    Args:
        context: the connection or cursor to register this on. None registers it for the
            connections that the default driver opens from now on.
    """
    adapters = adapters_of(context)
    loaders: tuple[tuple[str, type[Loader], tuple[date, date]], ...] = (
        ("date", DateLoader, _DATES),
        ("date", DateBinaryLoader, _DATES),
        ("timestamp", TimestampLoader, _DATETIMES),
        ("timestamp", TimestampBinaryLoader, _DATETIMES),
        ("timestamptz", TimestamptzLoader, _DATETIMES),
        ("timestamptz", TimestamptzBinaryLoader, _DATETIMES),
    )
    for name, loader, limits in loaders:
        adapters.register_loader(name, _limited(_LimitedLoader, loader, limits=limits))
    for cls, dumper in ((date, DateDumper), (date, DateBinaryDumper)):
        adapters.register_dumper(cls, _limited(_LimitedDumper, dumper, limits=_DATES))
    for naive, aware in (
        (DatetimeNoTzDumper, DatetimeDumper),
        (DatetimeNoTzBinaryDumper, DatetimeBinaryDumper),
    ):
        limited = _limited(_LimitedDumper, naive, limits=_DATETIMES)
        adapters.register_dumper(None, limited)
        adapters.register_dumper(datetime, _limited(_LimitedDumper, aware, limits=_DATETIMES, naive=limited))


def _limited(with_limits: type, base: type[Any], **attributes: Any) -> type[Any]:
    # Unlike `base`, this class names no native function.
    return type(f"Limited{base.__name__}", (with_limits, base), attributes)
