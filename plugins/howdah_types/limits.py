"""Replacing dates and timestamps outside of Python's range by its first and last ones, on request.

By default they raise `DataError`, because a program must not get a value that is not in the database.

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
# The position of the year depends on DateStyle: first, last in the date, or at the end.
_LATER = pattern(rb"infinity|\d{5,}-.*|\d\d[/.-]\d\d[/.-]\d{5,}(?: .*)?|\w{3} [^:]*:[^ ]* \d{5,}(?: .*)?")


class _LimitedLoader(TypeLoader):
    """A mixin for loaders of dates or timestamps that adds the limits."""

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
            zone = getattr(self, "_tzinfo", None)
            return limit if zone is None else limit.replace(tzinfo=zone)  # type: ignore[call-arg]


class _LimitedDumper(TypeDumper):
    """A mixin for dumpers of dates or timestamps that adds the limits."""

    limits: ClassVar[tuple[date, date]]
    _infinities: ClassVar = (b"-infinity", b"infinity")

    def text(self, obj: Any) -> bytes:
        limit = self._limit(obj)
        return super().text(obj) if limit is None else self._infinities[limit]  # type: ignore[safe-super]

    def dump(self, obj: Any) -> Any:
        limit = self._limit(obj)
        if limit is None or self.format == Format.TEXT:
            return super().dump(obj)
        # In binary format the infinities are the smallest and the largest integer.
        return _EXTREMES[isinstance(obj, datetime)][limit]

    def _limit(self, obj: Any) -> int | None:
        """Return 0 for the first value of Python's range, 1 for the last one, None for others."""
        obj = obj.replace(tzinfo=None) if isinstance(obj, datetime) else obj
        return self.limits.index(obj) if obj in self.limits else None


_EXTREMES = (
    (struct.pack("!i", -(2**31)), struct.pack("!i", 2**31 - 1)),
    (struct.pack("!q", -(2**63)), struct.pack("!q", 2**63 - 1)),
)
_DATES = (date.min, date.max)
_DATETIMES = (datetime.min, datetime.max)


def register_date_limits(context: AdaptContext | None = None) -> None:
    """Load dates and timestamps outside of Python's range as the nearest ones within it.

    `infinity`, and values after the year 9999, are loaded as `date.max` or `datetime.max` (for timestamptz
    with the time zone of the session); `-infinity`, and values before the year 1, as `min`. Conversely, `max`
    and `min` are dumped as the infinities.

    Args:
        context: the connection or cursor to register it on; None for all connections that
            the default driver opens from now on.
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
    # Unlike `base`, this class has no native function.
    return type(f"Limited{base.__name__}", (with_limits, base), attributes)
