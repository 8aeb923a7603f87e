"""Composed values: arrays, records, ranges and JSON, up to the maximum depth and beyond."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from struct import pack

from howdah.adapt import AdaptersMap, MultirangeInfo, RangeInfo

#: A value: the oid of its type, its format, and its bytes.
Value = tuple[int, int, bytes]

_RECORD, _RECORDS = 2249, 2287
#: How deep values are nested: most of them little, some as deep as they may be, and deeper.
_FEW, _MANY = (0, 1, 1, 2, 2, 3, 4), (20, 97, 98, 99, 100, 101, 102, 150, 400)


def _depth(random: Random) -> int:
    return random.choice(_MANY if random.random() < 0.08 else _FEW)


def composed(random: Random, values: Sequence[Value], adapters: AdaptersMap) -> Value:
    """Return a value made of others.

    Args:
        random: What decides.
        values: Values to begin with.
        adapters: What knows the types.
    """
    value = random.choice(values)
    for _ in range(_depth(random)):
        made = random.choice(_WAYS)(random, value, values, adapters)
        # As text each level can double the size.
        if made is None or len(made[2]) > 100_000:
            break
        value = made
    return value


def _array(random: Random, value: Value, values: Sequence[Value], adapters: AdaptersMap) -> Value | None:
    """Return an array of a value, twice or once or with NULL beside it."""
    oid, format, data = value
    info = adapters.types.get(oid)
    array_oid = _RECORDS if oid == _RECORD else info.array_oid if info is not None and info.oid == oid else 0
    if not array_oid:
        return None
    count = random.choice((1, 1, 1, 2, 3)) if len(data) < 1000 else 1
    null = random.random() < 0.2
    if format:
        elements = (pack("!i", len(data)) + data) * (count - null) + pack("!i", -1) * null
        dimensions = random.choice(((count,), (count,), (1, count), (count, 1, 1), (1,) * 6 + (count,)))
        sizes = b"".join([pack("!ii", size, 1) for size in dimensions])
        return array_oid, 1, pack("!iiI", len(dimensions), null, oid) + sizes + elements
    escaped = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    elements = [b'"%b"' % escaped] * (count - null) + [b"NULL"] * null
    delimiter = b"," if info is None else info.delimiter.encode()
    text = b"{%b}" % delimiter.join(elements)
    return array_oid, 0, random.choice((text, text, b"{%b}" % text, b"[0:0]=" + text))


def _record(random: Random, value: Value, values: Sequence[Value], adapters: AdaptersMap) -> Value | None:
    """Return a record of a value, and perhaps of others."""
    fields: list[Value | None] = [value]
    if random.random() < 0.2:
        fields.insert(random.randrange(2), random.choice((None, random.choice(values))))
    if value[1]:
        data = pack("!i", len(fields))
        for field in fields:
            if field is None or not field[1]:
                data += pack("!Ii", 25, -1)
            else:
                data += pack("!Ii", field[0], len(field[2])) + field[2]
        return _RECORD, 1, data
    texts = [b"" if field is None else _quoted(field[2]) for field in fields]
    return _RECORD, 0, b"(%b)" % b",".join(texts)


def _quoted(data: bytes) -> bytes:
    return b'"%b"' % data.replace(b"\\", b"\\\\").replace(b'"', b'""')


def _range(random: Random, value: Value, values: Sequence[Value], adapters: AdaptersMap) -> Value | None:
    """Return a range or a multirange whose bounds are a value."""
    oid, format, data = value
    fitting = [
        info
        for info in adapters.types
        if isinstance(info, (RangeInfo, MultirangeInfo)) and info.subtype_oid == oid
    ]
    if not fitting:
        return _record(random, value, values, adapters)
    info = random.choice(fitting)
    if format:
        flags = random.choice((0, 2, 4, 6, 6, 8, 16, 24, 1))
        bounds = 0 if flags & 1 else (not flags & 8) + (not flags & 16)
        made = bytes([flags]) + (pack("!i", len(data)) + data) * bounds
        if isinstance(info, MultirangeInfo):
            made = pack("!ii", 1, len(made)) + made
    else:
        made = b"[%b,%b)" % (_quoted(data), random.choice((b"", _quoted(data))))
        if isinstance(info, MultirangeInfo):
            made = b"{%b}" % made
    return info.oid, format, made


_WAYS = (*[_array] * 3, *[_record] * 4, _range)


_DOCUMENTS = (b"1", b"-1.5e3", b'"a\\u00e9\\"]"', b"null", b"[]", b"{}", b"9" * 30, '"ß🐘"'.encode())


def json_value(random: Random) -> Value:
    """Return a document of json or jsonb."""
    text = random.choice(_DOCUMENTS)
    for _ in range(_depth(random)):
        way = random.randrange(5)
        if way == 0:
            text = b'{"k": %b}' % text
        elif way == 1:
            text = b'{"a\\n[": [1, 2], "b": %b}' % text
        elif way == 2:
            text = b"[true, %b ]" % text
        else:
            text = b"[%b]" % text
    oid, format = random.choice(((114, 0), (114, 1), (3802, 0), (3802, 1)))
    return oid, format, b"\x01" + text if (oid, format) == (3802, 1) else text


def tsquery_value(random: Random) -> Value:
    """Return a tsquery in binary format."""
    data = b"\x01\x00\x00a\x00"
    for _ in range(_depth(random)):
        way = random.randrange(5)
        if way == 0:
            data = b"\x02\x01" + data
        elif way == 4:
            data = b"\x02\x04" + pack("!H", random.randrange(3)) + data + b"\x01\x09\x01b'\\\x00"
        elif random.random() < 0.5:
            data = bytes([2, way + 1]) + data + b"\x01\x00\x00c\x00" if way > 0 else data
        else:
            data = bytes([2, max(way, 2)]) + b"\x01\x00\x00d\x00" + data
    return 3615, 1, pack("!I", data.count(b"\x00\x00") or 1) + data


def any_value(random: Random, values: Sequence[Value], adapters: AdaptersMap) -> Value:
    """Return a value of any type that is known, of which the recordings may have none."""
    info = random.choice(list(adapters.types))
    oid = random.choice((info.oid, info.array_oid or info.oid))
    _, _, data = random.choice(values)
    return oid, random.randrange(2), data
