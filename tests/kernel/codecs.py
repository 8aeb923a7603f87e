"""Simple adapters that name native functions: the reference that these are compared with."""

from __future__ import annotations

import datetime as dt
import json
import re
import struct
import uuid
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from howdah.adapt.base import Dumper, Loader, PyFormat
from howdah.errors import DataError, ProgrammingError
from howdah.pq import Format

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH = dt.datetime(2000, 1, 1)
EPOCH_DAY = dt.date(2000, 1, 1).toordinal()
UTC = dt.timezone.utc

#: Of the native adapters that are not among the scalars: which module they are in.
_STRUCTURED = frozenset(
    {"array", "cidr", "composite", "date", "datetime", "inet", "interval", "json", "jsonb", "macaddr"}
    | {"macaddr8", "multirange", "range", "record", "time", "timestamp", "timestamptz", "timetz", "tuple"}
)


def native_name(native: str | None) -> str | None:
    """Return what an adapter says of a native adapter that is called `native` here."""
    if native is None:
        return None
    if native == "str":
        return "howdah.native.adapters:TEXT"
    module = "structured" if native in _STRUCTURED else "scalars"
    return f"howdah_types._native.{module}:{native.upper()}"


def short_name(adapter: Any) -> str:
    """Return what the native adapter that an adapter names is called here."""
    name = (adapter.native or "").rpartition(":")[2].lower()
    return {"text": "str", "bytes": "bytea"}.get(name, name)


def make_loader(format: int, native: str, load: Callable[[Any, bytes], Any], **attributes: Any) -> Loader:
    """Return a loader; what its function raises becomes a DataError, json's errors aside."""

    def safe(self: Loader, data: bytes) -> Any:
        try:
            return load(self, bytes(data))
        except (ArithmeticError, ValueError, TypeError, IndexError, struct.error) as e:
            if native.startswith("json"):
                raise
            raise DataError(f"{native}: {data!r}") from e

    loader: Loader = type(
        f"{native}Loader", (Loader,), {"format": Format(format), "native": native_name(native), "load": safe}
    )(0)
    for name, value in attributes.items():
        setattr(loader, name, value)
    return loader


def _unpack(format: str) -> Callable[[Any, bytes], Any]:
    return lambda self, data: struct.unpack(format, data)[0]


def _bool(self: Any, data: bytes) -> bool:
    return {b"\x01": True, b"\x00": False, b"t": True, b"f": False}.get(data, False)


def _numeric(self: Any, data: bytes) -> Decimal:
    count, weight, sign, scale = struct.unpack_from("!HhHH", data)
    if sign in (0xC000, 0xD000, 0xF000):
        return Decimal({0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}[sign])
    groups = struct.unpack(f"!{count}H", data[8:])
    if sign not in (0, 0x4000) or any(group > 9999 for group in groups):
        raise ValueError(data)
    context = Context(prec=4 * (abs(weight) + count) + scale + 10)
    digits = "".join(f"{group:04}" for group in groups) or "0"
    value = Decimal(f"{digits}E{4 * (weight - count + 1) if groups else 0}")
    return context.quantize(value.copy_negate() if sign else value, Decimal(f"1E-{scale}"))


def _time_text(self: Any, data: bytes) -> dt.time:
    if not re.fullmatch(rb"\d\d:\d\d:\d\d(\.\d{1,6})?", data):
        raise ValueError(data)
    main, _, fraction = data.decode().partition(".")
    return dt.time(*map(int, main.split(":")), int(fraction.ljust(6, "0")))


def _offset(text: bytes) -> dt.timedelta:
    parts = [int(part) for part in text[1:].split(b":")]
    offset = dt.timedelta(**dict(zip(("hours", "minutes", "seconds"), parts, strict=False)))
    return -offset if text[:1] == b"-" else offset


def _timetz_text(self: Any, data: bytes) -> dt.time:
    match = re.fullmatch(rb"([\d:.]+)([-+]\d\d(?::\d\d){0,2})", data)
    if match is None:
        raise ValueError(data)
    return _time_text(self, match[1]).replace(tzinfo=dt.timezone(_offset(match[2])))


def _timestamp_text(self: Any, data: bytes) -> dt.datetime:
    date, _, time = data.partition(b" ")
    return dt.datetime.combine(_date_text(self, date), _time_text(self, time))


def _timestamptz_text(self: Any, data: bytes) -> dt.datetime:
    match = re.fullmatch(rb"([-\d]+ [\d:.]+)([-+]\d\d(?::\d\d){0,2})", data)
    if match is None:
        raise ValueError(data)
    value = (_timestamp_text(self, match[1]) - _offset(match[2])).replace(tzinfo=UTC)
    result: dt.datetime = value.astimezone(self._timezone)
    return result


def _date_text(self: Any, data: bytes) -> dt.date:
    if not re.fullmatch(rb"\d{4}-\d\d-\d\d", data):
        raise ValueError(data)
    return dt.date.fromisoformat(data.decode())


def _time(self: Any, data: bytes) -> dt.time:
    (value,) = struct.unpack("!q", data)
    seconds, microsecond = divmod(value, 1000000)
    return dt.time(seconds // 3600, seconds // 60 % 60, seconds % 60, microsecond)


def _timetz(self: Any, data: bytes) -> dt.time:
    zone = dt.timezone(dt.timedelta(seconds=-struct.unpack("!i", data[8:])[0]))
    return _time(self, data[:8]).replace(tzinfo=zone)


def _timestamp(self: Any, data: bytes) -> dt.datetime:
    return EPOCH + dt.timedelta(microseconds=struct.unpack("!q", data)[0])


def _timestamptz(self: Any, data: bytes) -> dt.datetime:
    result: dt.datetime = _timestamp(self, data).replace(tzinfo=UTC).astimezone(self._timezone)
    return result


def _interval(self: Any, data: bytes) -> dt.timedelta:
    microseconds, days, months = struct.unpack("!qii", data)
    years, months = (-(-months // 12), -(-months % 12)) if months < 0 else divmod(months, 12)
    return dt.timedelta(days=days + 30 * months + 365 * years, microseconds=microseconds)


def _interval_text(self: Any, data: bytes) -> dt.timedelta:
    match = re.fullmatch(
        r"(?:([-+]?\d+) years? ?)?(?:([-+]?\d+) mons? ?)?(?:([-+]?\d+) days? ?)?"
        r"(?:([-+]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?",
        data.decode(),
    )
    if match is None:
        raise ValueError(data)
    years, months, days, sign, hours, minutes, seconds, fraction = match.groups()
    time = dt.timedelta(
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
        microseconds=int((fraction or "0").ljust(6, "0")),
    )
    date = dt.timedelta(days=365 * int(years or 0) + 30 * int(months or 0) + int(days or 0))
    return date - time if sign == "-" else date + time


def _array(self: Any, data: bytes) -> Any:
    dimensions, _, _ = struct.unpack_from("!iiI", data)
    if not 0 <= dimensions <= 6:
        raise ValueError(dimensions)
    sizes = [struct.unpack_from("!i", data, 12 + 8 * i)[0] for i in range(dimensions)]
    position = 12 + 8 * dimensions

    def read(sizes: list[int]) -> Any:
        nonlocal position
        if sizes:
            if not 1 <= sizes[0] <= len(data):
                raise ValueError(sizes)
            return [read(sizes[1:]) for _ in range(sizes[0])]
        (length,) = struct.unpack_from("!i", data, position)
        position += 4
        if length == -1:
            return None
        if not 0 <= length <= len(data) - position:
            raise ValueError(length)
        position += length
        return self.item.load(data[position - length : position])

    value = read(sizes) if sizes else []
    if position != len(data):
        raise ValueError("bytes are left over")
    return value


def _array_text(self: Any, data: bytes) -> Any:
    if data[:1] == b"[":
        data = data[data.index(b"=") + 1 :]
    token = re.compile(
        rb'[{}]|"(?:[^"\\]|\\.)*"|[^"{}\\%b]+|%b' % ((re.escape(self.delimiter),) * 2), re.DOTALL
    )
    tokens = token.findall(data)
    if b"".join(tokens) != data:
        raise ValueError(data)
    tokens.reverse()

    def read(depth: int) -> Any:
        first = tokens.pop()
        if first == b"{":
            if depth > 6:
                raise ValueError("too deep")
            values: list[Any] = []
            if depth == 1 and tokens[-1] == b"}":
                tokens.pop()
                return values
            while True:
                values.append(read(depth + 1))
                after = tokens.pop()
                if after == b"}":
                    return values
                if after != self.delimiter:
                    raise ValueError(after)
        if first in (b"}", self.delimiter) or depth == 1:
            raise ValueError(first)
        if first == b"NULL":
            return None
        if first[:1] == b'"':
            first = re.sub(rb"\\(.)", rb"\1", first[1:-1], flags=re.DOTALL)
        return self.item.load(first)

    value = read(1)
    if tokens:
        raise ValueError(tokens)
    return value


def _bytea_text(self: Any, data: bytes) -> bytes:
    if not re.fullmatch(rb"\\x([0-9a-fA-F]{2})*", data):
        raise ValueError(data)
    return bytes.fromhex(data[2:].decode())


def _jsonb(self: Any, data: bytes) -> Any:
    if data[:1] != b"\x01":
        raise DataError(f"jsonb: {data!r}")
    return self.loads(data[1:])


def _str(self: Any, data: bytes) -> str:
    return data.decode(self.encoding)


#: (format, native name) -> the function that loads, given the loader and the data.
LOADS: dict[tuple[int, str], Callable[[Any, bytes], Any]] = {
    (0, "bool"): _bool,
    (0, "int"): lambda self, data: int(data),
    (0, "float"): lambda self, data: float(data),
    (0, "str"): _str,
    (0, "bytea"): _bytea_text,
    (0, "numeric"): lambda self, data: Decimal(data.decode()),
    (0, "date"): _date_text,
    (0, "time"): _time_text,
    (0, "timetz"): _timetz_text,
    (0, "timestamp"): _timestamp_text,
    (0, "timestamptz"): _timestamptz_text,
    (0, "interval"): _interval_text,
    (0, "uuid"): lambda self, data: uuid.UUID(data.decode()),
    (0, "json"): lambda self, data: self.loads(data),
    (0, "array"): _array_text,
    (1, "bool"): _bool,
    (1, "int2"): _unpack("!h"),
    (1, "int4"): _unpack("!i"),
    (1, "int8"): _unpack("!q"),
    (1, "oid"): _unpack("!I"),
    (1, "float4"): _unpack("!f"),
    (1, "float8"): _unpack("!d"),
    (1, "numeric"): _numeric,
    (1, "str"): _str,
    (1, "bytea"): lambda self, data: data,
    (1, "date"): lambda self, data: dt.date.fromordinal(EPOCH_DAY + struct.unpack("!i", data)[0]),
    (1, "time"): _time,
    (1, "timetz"): _timetz,
    (1, "timestamp"): _timestamp,
    (1, "timestamptz"): _timestamptz,
    (1, "interval"): _interval,
    (1, "uuid"): lambda self, data: uuid.UUID(bytes=data),
    (1, "json"): lambda self, data: self.loads(data),
    (1, "jsonb"): _jsonb,
    (1, "array"): _array,
}


def loader(format: int, native: str, **attributes: Any) -> Loader:
    """Return the loader of a format and native name, with everything it may need."""
    defaults: dict[str, Any] = {"encoding": "utf-8", "loads": json.loads, "_timezone": UTC, "delimiter": b","}
    if native == "array":
        defaults["item"] = loader(1, "int4") if format else loader(0, "str")
    attributes = {**defaults, **attributes}
    zone = attributes["_timezone"]
    attributes["_naive"] = False
    attributes["_utc"] = zone if zone is UTC or getattr(zone, "key", None) == "UTC" else None
    return make_loader(format, native, LOADS[format, native], **attributes)


class Adapters:
    """A map of adapters that knows one dumper for each class and format."""

    def __init__(self, dumpers: dict[tuple[type, PyFormat], type[Dumper]]) -> None:
        self.dumpers = dumpers
        self.version = 0

    def get_dumper(self, cls: type, format: PyFormat, obj: Any = None) -> type[Dumper]:
        try:
            return self.dumpers[cls, format]
        except KeyError:
            raise ProgrammingError(f"no dumper for {cls.__name__}") from None
