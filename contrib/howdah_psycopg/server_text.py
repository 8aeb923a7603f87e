"""Loaded values in the text format of their PostgreSQL types, as the server writes them by default."""

from __future__ import annotations

import struct
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from howdah.adapt import PyFormat
from howdah.errors import ProgrammingError
from howdah.pq import Format

if TYPE_CHECKING:
    from howdah.adapt import Transformer

__all__ = ["server_text"]

_BYTEA, _FLOAT4 = 17, 700
_SINGLE = struct.Struct("!f")
_FLOATS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def server_text(value: Any, oid: int, transformer: Transformer) -> bytes | None:
    """Return a value in text format, None for NULL.

    Args:
        value: the value, as the adapters have loaded it.
        oid: the oid of its type.
        transformer: the adapters.
    """
    if isinstance(value, bytes) and oid != _BYTEA:
        return value  # of a type without a loader: as the server has sent it
    writer = _WRITERS.get(type(value))
    if writer is not None:
        text: str = writer(value, oid)
        return text.encode()
    try:
        dumped = transformer.dumper_by_oid(oid, Format.TEXT).dump(value)
    except Exception:  # the loader may make objects of a class that the dumpers of the type do not know
        return _by_class(value, transformer)
    if isinstance(dumped, str):
        return dumped.encode(transformer.encoding)
    return None if dumped is None else bytes(dumped)


def _by_class(value: Any, transformer: Transformer) -> bytes | None:
    """Return a value as it would be written if it were a parameter."""
    if isinstance(value, str):
        return value.encode(transformer.encoding)
    try:
        return transformer.encoder.encode([value], [PyFormat.TEXT]).values[0]
    except ProgrammingError:
        return str(value).encode(transformer.encoding)


def _float(value: float, oid: int) -> str:
    text = repr(value)
    if text in _FLOATS:
        return _FLOATS[text]
    if oid == _FLOAT4:  # the fewest digits that tell it from other numbers of four bytes
        text = next(
            (short for digits in range(1, 9) if _single(short := f"{value:.{digits}g}") == value), text
        )
    return text.removesuffix(".0")


def _single(text: str) -> float | None:
    try:
        number: float = _SINGLE.unpack(_SINGLE.pack(float(text)))[0]
    except OverflowError:
        return None
    return number


def _without_zeros(text: str) -> str:
    """Return a time without needless digits: of its microseconds, and of its offset from UTC."""
    clock, sign, offset = text, "", ""
    for mark in ("+", "-"):
        at = text.rfind(mark)
        if at > text.find(":") >= 0:
            clock, sign, offset = text[:at], mark, text[at + 1 :].removesuffix(":00")
    if "." in clock:
        clock = clock.rstrip("0")
    return clock + sign + offset


def _interval(value: timedelta, oid: int) -> str:
    days = value.days
    rest = timedelta(seconds=value.seconds, microseconds=value.microseconds)
    if days < 0 < rest.seconds + rest.microseconds:
        days, rest = days + 1, timedelta(days=1) - rest
        sign = "-"
    else:
        sign = "+" if days < 0 else ""
    parts = [f"{days} day{'' if days == 1 else 's'}"] if days else []
    if rest or not parts:
        hours, seconds = divmod(rest.seconds, 3600)
        clock = f"{hours:02}:{seconds // 60:02}:{seconds % 60:02}"
        parts.append(sign + _without_zeros(f"{clock}.{rest.microseconds:06}" if rest.microseconds else clock))
    return " ".join(parts)


_WRITERS: dict[type, Any] = {
    float: _float,
    UUID: lambda value, oid: str(value),
    time: lambda value, oid: _without_zeros(value.isoformat()),
    datetime: lambda value, oid: _without_zeros(value.isoformat(" ")),
    timedelta: _interval,
}
