"""Malformed, deeply nested and long values: linear time, and only howdah's own errors."""

from __future__ import annotations

import inspect
import struct
import sys
import threading
import time
from decimal import Decimal

import pytest

import howdah
from howdah.adapt import nesting
from howdah.adapt.transformer import Transformer
from howdah.protocol.messages import FieldDescription
from howdah_copy.codec import make_decoder
from howdah_types.json import Json
from howdah_types.range import Range

INT = struct.pack("!i", 7)
DEEP = 100_000


def record(data=INT, oid=23):
    return struct.pack("!iIi", 1, oid, len(data)) + data


def nested_records(levels, data=None):
    """Return the binary format of records in records."""
    data = record() if data is None else data
    heads, size = [], len(data)
    for _ in range(levels - 1):
        heads.append(struct.pack("!iIi", 1, 2249, size))
        size += 12
    return b"".join(reversed(heads)) + data


def nested_record_arrays(levels):
    """Return the binary format of records in arrays of records in records."""
    data = record()
    heads, size = [], len(data)
    for _ in range(levels):
        heads += [struct.pack("!iiIiii", 1, 0, 2249, 1, 1, size), struct.pack("!iIi", 1, 2287, size + 24)]
        size += 36
    return b"".join(reversed(heads)) + data


@pytest.fixture(scope="module")
def transformer():
    return Transformer(None, howdah.default_driver().adapters)


@pytest.fixture
def load(transformer):
    def load(oid, format, data):
        decoder = transformer.decoder([FieldDescription("", 0, 0, oid, -1, -1, format)])
        return decoder.decode(struct.pack("!hi", 1, len(data)) + data)[0]

    return load


@pytest.fixture
def dump(transformer):
    return lambda obj: bytes(transformer.encoder.encode([obj]).values[0])


def test_as_deep_as_values_may_be(load):
    value = load(2249, 1, nested_records(nesting.MAX_DEPTH))
    for _ in range(nesting.MAX_DEPTH):
        assert len(value) == 1
        value = value[0]
    assert value == 7
    document = load(114, 0, b"[" * nesting.MAX_DEPTH + b"]" * nesting.MAX_DEPTH)
    assert str(document) == "[" * nesting.MAX_DEPTH + "]" * nesting.MAX_DEPTH


@pytest.mark.parametrize("levels", [nesting.MAX_DEPTH + 1, 1000, DEEP])
@pytest.mark.parametrize(
    ("oid", "format", "make"),
    [
        (2249, 1, nested_records),
        (2249, 1, lambda n: nested_records(n, record(INT + b"\0"))),
        (2249, 1, nested_record_arrays),
        (114, 0, lambda n: b"[" * n + b"]" * n),
        (114, 1, lambda n: b"[" * n),
        (3802, 1, lambda n: b'\x01{"[": "]", "a":' + b'{"a":' * n + b"1" + b"}" * (n + 1)),
        (199, 0, lambda n: b'{"' + b"[" * n + b'"}'),
    ],
)
def test_too_deep(load, oid, format, make, levels):
    with pytest.raises(howdah.DataError, match="column 1: it is nested more than 100 levels deep"):
        load(oid, format, make(levels))


def test_levels_of_all_types_count_together(load):
    json = b"[" * 60 + b"]" * 60
    assert load(2249, 1, nested_records(40, record(json, 114)))
    with pytest.raises(howdah.DataError, match="nested more than"):
        load(2249, 1, nested_records(41, record(json, 114)))


def test_brackets_in_strings_of_json_count_for_nothing(load):
    text = '"' + '[\\"{' * 1000 + '"'
    assert load(114, 0, text.encode()) == '["{' * 1000
    assert load(114, 0, f"[{text}, NaN, {text}]".encode())[0] == '["{' * 1000


def test_text_arrays_have_six_dimensions(load):
    assert load(1007, 0, b"{" * 6 + b"1" + b"}" * 6) == [[[[[[1]]]]]]
    for levels in (7, DEEP):
        with pytest.raises(howdah.DataError, match="no value of the type"):
            load(1007, 0, b"{" * levels + b"1" + b"}" * levels)


@pytest.mark.parametrize("left", [True, False])
def test_queries_may_be_of_any_depth(load, left):
    word = b"\x01\0\0a\0"
    items = b"\2\2" * DEEP + word * (DEEP + 1) if not left else (b"\2\2" + word) * DEEP + word
    found = load(3615, 1, struct.pack("!I", 2 * DEEP + 1) + items)
    assert found.count("'a'") == DEEP + 1
    assert found.startswith("'a' & 'a'")


def test_a_bad_value_within_is_read_by_python_once(load, transformer):
    loader = transformer.loader(23, 1)
    calls = []

    class Counting(type(loader)):
        def load(self, data):
            calls.append(data)
            return super().load(data)

    records = Transformer(None, transformer.adapters).loader(2249, 1)
    for _ in range(50):
        records.loaders[23] = Counting(23)
    decoder = transformer.decoder([FieldDescription("", 0, 0, 2249, -1, -1, 1)])
    decoder = type(decoder)([records])
    data = nested_records(50, record(INT + b"\0"))
    with pytest.raises(howdah.DataError, match=r"column 1: the server sent \d+ bytes as binary"):
        decoder.decode(struct.pack("!hi", 1, len(data)) + data)
    assert len(calls) <= 2


@pytest.mark.parametrize("levels", [100, DEEP])
def test_small_stack(load, dump, levels):
    """The stack of a thread may be small; what is too deep must not overflow it."""
    values = [
        (2249, 1, nested_records(levels)),
        (2249, 1, nested_records(levels, record(INT + b"\0"))),
        (114, 0, b"[" * levels + b"]" * levels),
        (114, 0, b"[" * levels + b"NaN" + b"]" * levels),
    ]
    obj = 1
    for _ in range(levels):
        obj = (obj,)
    outcomes = []

    def work():
        for value in values:
            try:
                outcomes.append(bool(load(*value)))
            except howdah.DataError:
                outcomes.append("DataError")
        try:
            dump(obj)
        except howdah.DataError:
            outcomes.append("DataError")

    # Before Python 3.11 each call of a Python function takes a piece of the C stack.
    calls_take_stack = sys.version_info < (3, 11)
    former = threading.stack_size((512 if calls_take_stack else 128) * 1024)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(former)
        while isinstance(obj, tuple):
            (obj,) = obj
    good = True if levels <= nesting.MAX_DEPTH else "DataError"
    assert outcomes == [good, "DataError", good, good, "DataError"]


def test_near_the_recursion_limit(load):
    """Where the program itself is deep in calls, that is no RecursionError either."""
    data = nested_records(100)

    def deeper(left):
        return deeper(left - 1) if left else load(2249, 1, data)

    depth = len(inspect.stack(0))
    for left in range(sys.getrecursionlimit() - depth - 60, 0, -200):
        try:
            deeper(left)
        except howdah.DataError:
            break
        except RecursionError:  # before it came to the value
            continue


# -- dumping ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [tuple, lambda items: ([*items],)])
def test_dumping_what_is_too_deep(dump, kind):
    obj = 1
    for _ in range(60):
        obj = kind([obj])
    with pytest.raises(howdah.DataError, match=r"parameter 1: .*levels deep"):
        dump(obj)


def test_dumping_as_deep_as_may_be(dump):
    obj = 1
    for _ in range(10):
        obj = (obj,)
    assert dump(obj).startswith(b'("(""(""""(')
    lists = [[[[[[1]]]]]]
    assert dump(lists)[:4] == struct.pack("!i", 6)


def test_dumping_what_contains_itself(dump):
    items = []
    items.append(items)
    pair = (1, [])
    pair[1].append(pair)
    ring = {}
    ring["ring"] = ring
    for obj in (items, pair, Json(ring), Range((pair,))):
        with pytest.raises(howdah.DataError):
            dump(obj)


# -- time and memory --------------------------------------------------------------------------

LONG = 200_000


@pytest.mark.parametrize(
    ("oid", "format", "data"),
    [
        (1186, 0, b"1 day " + b"9" * LONG),
        (1186, 0, b"@ 1 day " + b"9" * LONG),
        (1186, 0, b"P" + b"9" * LONG),
        (1186, 0, b"9" * LONG),
        (23, 0, b"9" * LONG),
        (114, 0, b"9" * LONG),
        (114, 0, b'"\\"' * LONG),
        (1082, 0, b"9" * LONG),
        (1114, 0, b"Mon Jan 01" + b" " * LONG),
        (1184, 0, b"2020-01-01 00:00:00." + b"9" * LONG),
        (17, 0, b"\\" * (LONG + 1) + b"\\9"),
        (869, 0, b":" * LONG),
        (2950, 0, b"{" * LONG),
        (1007, 0, b'{"' + b"\\" * LONG),
        (1007, 0, b"[" * LONG),
        (2249, 0, b'("' + b'"' * LONG),
        (3904, 0, b'["' + b'"' * LONG),
        (4451, 0, b"{" + b"[," * LONG),
        (142, 1, b"<?xml" + b" " * LONG),
        (142, 1, b"<?xml" + b" encoding='a'" * (LONG // 13)),
        (1700, 0, b"1" * LONG + b"x"),
        (2249, 1, struct.pack("!i", 0x7FFFFFFF) + bytes(100)),
        (1007, 1, struct.pack("!iiIiiii", 2, 0, 23, 0x7FFFFFFF, 1, 0x7FFFFFFF, 1)),
        (1007, 1, struct.pack("!iiI", 0x7FFFFFFF, 0, 23)),
        (602, 1, b"\0" + struct.pack("!i", 0x7FFFFFFF)),
        (604, 1, struct.pack("!i", -1)),
        (3614, 1, struct.pack("!I", 0xFFFFFFFF) + b"a\0\xff\xff"),
        (22, 1, struct.pack("!iiIii", 1, 0, 21, 0x7FFFFFFF, 0)),
        (2970, 1, struct.pack("!iqq", 0x7FFFFFFF, 1, 2)),
        (1560, 1, struct.pack("!i", 0x7FFFFFFF)),
        (4451, 1, struct.pack("!i", 0x7FFFFFFF)),
    ],
)
def test_linear(load, oid, format, data):
    """Quadratic time would be minutes."""
    start = time.process_time()
    try:
        load(oid, format, data)
    except howdah.Error:
        pass
    assert time.process_time() - start < 5


def test_numerics_are_not_larger_than_what_came(load):
    """A weight of 32767 would make 131,072 digits of ten bytes."""
    data = struct.pack("!HhHHH", 1, 32767, 0, 0, 1)
    value = load(1700, 1, data)
    assert value == Decimal("1E131068")
    assert len(value.as_tuple().digits) < 1000
    assert load(1700, 1, struct.pack("!HhHH", 0, 32767, 0, 2)) == 0
    assert str(load(1700, 1, struct.pack("!HhHHH", 1, 5, 0, 3, 1))) == "1" + "0" * 20 + ".000"


def test_long_queries_with_placeholders():
    from howdah.client.query import copies_in, parse_query
    from howdah_prepare.syntax import has_placeholders, is_script

    start = time.process_time()
    assert len(parse_query(b"%%" * 300_000 + b"%s").text) == 300_002
    assert not copies_in(b"COPY x " + b"FROM /* " * 100_000)
    assert copies_in(b'/* a */ copy "FROM /*" (a) -- from\n FROM /* b */ STDIN')
    assert copies_in(b"/* /* */ */ copy a /* b /* c */ */ from /*/**/*/ stdin")
    assert copies_in(b"/* a */ /* /* b */ select */ copy c from stdin")
    assert not copies_in(b"COPY x TO STDOUT /* FROM STDIN */")
    assert not copies_in(b"/* /* */ copy x from stdin */ select 1")
    assert not copies_in(b"copy x /* /* */ from stdin */ to stdout")
    assert not is_script(b"select " + b"/* " * 200_000 + b";")
    assert not is_script(b"; select " + b"".join([b"$a%d$ " % n for n in range(50_000)]))
    assert not has_placeholders(b"%(" * 300_000)
    assert time.process_time() - start < 10


def test_copy_data_in_many_pieces(transformer):
    """What has been looked at is not looked at again with every piece."""
    piece = b"x" * 50
    decoder = make_decoder(transformer, 0, 1)
    start = time.process_time()
    for _ in range(100_000):
        decoder.feed(piece)
        assert not list(decoder)
    decoder.feed(b"\n")
    assert len(next(decoder)[0]) == 5_000_000
    decoder = make_decoder(transformer, 1, 30_000)
    decoder.feed(b"PGCOPY\n\xff\r\n\0" + bytes(8) + struct.pack("!h", 30_000))
    for _ in range(30_000):
        assert not list(decoder)
        decoder.feed(struct.pack("!i", 50) + piece)
    assert len(next(decoder)) == 30_000
    assert time.process_time() - start < 20
    decoder.feed(b"\xff\xff")
    assert not list(decoder)
    decoder.feed(b"more")
    with pytest.raises(howdah.DataError, match="follows the end"):
        next(decoder)
