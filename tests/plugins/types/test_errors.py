"""Values that cannot be loaded or dumped: a DB-API error that names the value, the type and the position."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import traceback
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import howdah
from howdah import DataError, NotSupportedError, ProgrammingError
from howdah.adapt import Loader
from howdah.pq import Format
from howdah_types.composite import register_composite
from howdah_types.json import Json, Jsonb
from howdah_types.numeric import Int2
from tests.plugins.types.adapting import ADAPTERS, load


def loaders() -> dict[str, Loader]:
    """Return a loader of every type known, and of some arrays, in each format."""
    found = {}
    for info in ADAPTERS.types:
        for oid, name in ((info.oid, info.name), (info.array_oid, f"{info.name}[]")):
            for format in Format:
                loader = ADAPTERS.get_loader(oid, format) if oid else None
                if loader is not None and (oid == info.oid or name in ("int4[]", "date[]", "box[]")):
                    found[f"{name}-{format.name.lower()}"] = loader(oid, ADAPTERS)
    return found


LOADERS = loaders()
ANYTHING = st.binary(max_size=24) | st.text("0123456789-+:. /()[]{}<>,;'\\aT\0", max_size=20).map(str.encode)


@pytest.mark.parametrize("name", LOADERS)
@settings(max_examples=25, deadline=None)
@given(data=ANYTHING)
def test_no_other_error_than_those_of_dbapi(name, data):
    try:
        LOADERS[name].load(data)
    except (DataError, NotSupportedError):
        pass


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("int2", b"\0"),
        ("int4", b"\0" * 5),
        ("int8", b""),
        ("oid", b"\0" * 3),
        ("bool", b"\2"),
        ("float4", b"\0" * 3),
        ("float8", b"\0" * 9),
        ("numeric", b"\0\1\0\0\0\0\0\0"),
        ("numeric", bytes.fromhex("00010000000000002710")),
        ("date", b"\0"),
        ("time", b"\0" * 7),
        ("timetz", b"\0" * 8),
        ("timestamp", b""),
        ("timestamptz", b"\0"),
        ("interval", b"\0" * 15),
        ("uuid", b"\0" * 15),
        ("json", b"{"),
        ("jsonb", b"\1{"),
        ("jsonb", b"\2{}"),
        ("inet", b"\2\x20\0\4\1\2\3"),
        ("cidr", b"\2\x10\1\4\1\2\3\4"),
        ("macaddr", b"\0" * 5),
        ("varbit", b"\0\0\0\x09\0"),
        ("point", b"\0" * 15),
        ("path", b"\2\0\0\0\0"),
        ("polygon", b"\0\0\0\1"),
        ("tsvector", b"\0\0\0\1a"),
        ("tsquery", b"\0\0\0\1\3"),
        ("pg_lsn", b""),
        ("pg_snapshot", b"\0" * 19),
        ("int2vector", b"\0" * 20),
        ("jsonpath", b"\2$"),
        ("int4[]", b"\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\2\0\0\0\1\0\0\0\4\0\0\0\1"),
    ],
)
def test_malformed_binary(type_name, value):
    with pytest.raises(DataError) as info:
        load(type_name, Format.BINARY, value)
    assert f"the type {type_name}" in str(info.value) or "jsonb's binary format" in str(info.value)
    assert len(value) < 3 or repr(value)[2:-1] not in str(info.value)


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        *(("int4", b"x"), ("bool", b"yes"), ("float8", b"1,5"), ("numeric", b"1.2.3"), ("uuid", b"1-2")),
        *(("date", b"2020-02-30"), ("time", b"25:00:00"), ("timestamp", b"never"), ("interval", b"1 moon")),
        *(("json", b"{"), ("bytea", b"\\x0"), ("inet", b"1.2.3"), ("int4[]", b"{1,2"), ("int4[]", b"{x}")),
    ],
)
def test_malformed_text(type_name, value):
    with pytest.raises(DataError) as info:
        load(type_name, Format.TEXT, value)
    assert type_name.removesuffix("[]") in str(info.value)
    assert len(value) < 3 or value.decode() not in "".join(traceback.format_exception(info.value))


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("date 'infinity'", " 'infinity'"),
        ("date '0044-03-15 BC'", ""),
        ("timestamp '10000-01-01'", ""),
        ("timestamptz '-infinity'", " '-infinity'"),
        ("time '24:00'", ""),
        ("interval 'infinity'", " 'infinity'"),
    ],
)
def test_column(conn, expression, value, binary):
    if conn.info.server_version < 170000 and expression.startswith("interval"):
        pytest.skip("PostgreSQL 17 has infinite intervals")
    name = expression.split()[0]
    for prepare in (False, True):
        cur = conn.execute(f"SELECT 1, {expression}", binary=binary, prepare=prepare)
        with pytest.raises(
            DataError, match=rf"^column '{name}' \(2\): the {name}{value} cannot be represented in Python"
        ):
            cur.fetchone()
    with conn.cursor().copy(
        f"COPY (SELECT 1, {expression}) TO STDOUT (FORMAT {'binary' if binary else 'text'})"
    ) as copy:
        copy.set_types(["int4", name])
        with pytest.raises(DataError, match=f"column 2: the {name}{value} cannot"):
            copy.read_row()


SELF: list[Any] = []
SELF.append(SELF)
LOOP: tuple[Any, ...] = (1, [])
LOOP[1].append(LOOP)


def describe(value):
    """The same in each process: without the address that the repr of an object has."""
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (object(), ProgrammingError, "parameter 2: cannot adapt type 'object'"),
        ({"a": 1}, ProgrammingError, "parameter 2: cannot adapt type 'dict' .*; wrap it in Json or Jsonb"),
        ({1}, ProgrammingError, "parameter 2: cannot adapt type 'set' .*; pass a list"),
        (range(3), ProgrammingError, "parameter 2: cannot adapt type 'range' .*; pass a list"),
        ({1: 2}.keys(), ProgrammingError, "parameter 2: cannot adapt type 'dict_keys' .*; pass a list"),
        ((i for i in "a"), ProgrammingError, "parameter 2: cannot adapt type 'generator' .*; pass a list"),
        ("a\0b", DataError, r"parameter 2: PostgreSQL text cannot contain NUL"),
        (["a\0b"], DataError, "parameter 2: .*NUL"),
        ([1, "a"], DataError, r"parameter 2: .*mixed types; got: int, str$"),
        ([[1], [2, 3]], DataError, r"parameter 2: .*inconsistent lengths$"),
        ([[1], 2], DataError, r"parameter 2: .*inconsistent depths$"),
        (SELF, DataError, "parameter 2: .*contains itself"),
        ([object()], ProgrammingError, "parameter 2: cannot adapt type 'object'"),
        ((1, [object()]), ProgrammingError, "parameter 2: cannot adapt type 'object'"),
        (
            LOOP,
            DataError,
            r"(parameter 2|the literal): it contains itself, or is nested more than \d+ levels deep",
        ),
        (
            ["\ud800"],
            DataError,
            r"parameter 2: .* position 0 which the client encoding 'utf-8' cannot represent",
        ),
        (Jsonb(object()), DataError, "parameter 2: cannot dump .* as jsonb: .*not JSON serializable"),
        (Json(SELF), DataError, r"parameter 2: cannot dump a value of type 'list' as json"),
        (Int2(70000), DataError, "parameter 2: a value of type 'Int2' is not one of PostgreSQL's int2"),
        (Decimal("1e200000"), DataError, "parameter 2: .* is not one of .*numeric"),
        (
            ipaddress.ip_address("fe80::1%eth0"),
            DataError,
            r"parameter 2: a value of type 'IPv6Address' has a scope",
        ),
        (dt.time(1, tzinfo=ZoneInfo("Europe/Rome")), DataError, "parameter 2: .*no offset without a date"),
    ],
    ids=describe,
)
def test_parameter(conn, value, error, message):
    with pytest.raises(error, match=message):
        conn.execute("SELECT %s, %s", [1, value])
    if not isinstance(value, (Int2, Decimal)):  # as text it is the server that refuses these
        with pytest.raises(error):
            howdah.ClientCursor(conn).mogrify("SELECT %s", [value])
    assert conn.execute("SELECT 1").fetchone() == (1,)


@dataclass
class Node:
    number: int
    next: Any


def test_fields(conn):
    """A field is named; one that leads back to the object itself as quickly as any."""
    conn.execute("CREATE TYPE node AS (number int, next text)")
    register_composite("node", conn, Node)
    assert conn.execute("SELECT %s", [Node(1, "a")]).fetchone() == (Node(1, "a"),)
    for format in ("%s", "%t", "%b"):
        for value, message in (
            (
                object(),
                "the field 'next' of the type 'node'(: cannot adapt| cannot be a value of) type 'object'",
            ),
            ("\0", "the field 'next' of the type 'node': PostgreSQL text cannot contain NUL"),
        ):
            with pytest.raises((DataError, ProgrammingError), match=f"^parameter 1: {message}"):
                conn.execute(f"SELECT {format}", [Node(1, value)])
    node = Node(1, None)
    node.next = node
    for format in ("%s", "%t", "%b"):
        with pytest.raises(DataError, match=r"^parameter 1: .*"):
            conn.execute(f"SELECT {format}", [node])
    assert conn.execute("SELECT %s", [Node(1, "a")]).fetchone() == (Node(1, "a"),)


def test_parameter_with_a_name(conn):
    for query, params in (("SELECT %(a)s, %(b)s", {"b": object(), "a": 1}), ("SELECT %(b)s", {"b": LOOP})):
        with pytest.raises(howdah.Error, match=r"^parameter 'b': "):
            conn.execute(query, params)
    encoder = conn.cursor().kernel.transformer.encoder
    with pytest.raises(ProgrammingError, match=r"^parameter 'b': cannot adapt type 'object'"):
        encoder.encode([1, object()], names=("a", "b"))


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        *(("int2", 70000), ("int4", "x"), ("int4", 1.5), ("oid", -1), ("float4", 1e300), ("numeric", "x")),
        *(("date", "x"), ("uuid", 5), ("point", "(1)"), ("point", 5), ("varbit", "012"), ("macaddr", "x")),
        *(("inet", "x"), ("cidr", "1.2.3.4/8"), ("pg_lsn", "x"), ("tid", "(-1,0)"), ("xid", str(2**32))),
        *(('"char"', "ab"), ("pg_snapshot", "1"), ("int2vector", "70000"), ("int4[]", ["x"])),
    ],
)
def test_wrong_value_for_the_type_of_a_column(conn, type_name, value):
    conn.execute(f"CREATE TEMP TABLE t (a int, b {type_name})")
    with pytest.raises(DataError, match=r"row 1 of the COPY, column 'b' \(2\)") as info:
        with conn.cursor().copy("COPY t (a, b) FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", type_name])
            copy.write_row((1, value))
    assert len(repr(value)) < 3 or repr(value) not in "".join(traceback.format_exception(info.value))
