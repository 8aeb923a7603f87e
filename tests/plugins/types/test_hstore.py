"""hstore and `dict`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah.adapt import PyFormat, TypeInfo
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.hstore import register_hstore
from tests.plugins.types.adapting import dump, load, resolving

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


TEXTS = [b"a", b'"a"', b'"a"=>', b'"a"=>"', b'"a"=>1', b'"a"=>"1""b"=>"2"']
BINARIES = [
    b"",
    b"\0\0\0\1",
    b"\0\0\0\0\0",
    b"\0\0\0\1\0\0\0\1a",
    b"\0\0\0\1\xff\xff\xff\xff\0\0\0\0",
    b"\0\0\0\1\0\0\0\5a\0\0\0\0",
]


@pytest.fixture(scope="module")
def adapters():
    adapters = resolving()
    register_hstore(TypeInfo("hstore", 70000, 70001), adapters)
    return adapters


@given(value=st.dictionaries(TEXT, st.none() | TEXT))
def test_round_trip(adapters, value):
    for format in (PyFormat.TEXT, PyFormat.BINARY):
        dumped = dump(value, format, adapters)
        assert dumped.oid == 70000
        assert load("hstore", dumped.format, dumped.data, adapters) == value


def test_format(adapters):
    value = {"a": None, 'b"': "\\"}
    assert dump(value, PyFormat.TEXT, adapters).data == b'"a"=>NULL, "b\\""=>"\\\\"'
    assert dump(value, PyFormat.BINARY, adapters).data == (
        b'\0\0\0\2\0\0\0\1a\xff\xff\xff\xff\0\0\0\2b"\0\0\0\1\\'
    )
    assert dump([value], PyFormat.TEXT, adapters).oid == 70001


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({1: "x"}, "keys of an hstore are str, not int"),
        ({None: "x"}, "keys of an hstore"),
        ({"k": 1}, "values of an hstore are str or None, not int"),
        ({"k\0": ""}, "NUL"),
    ],
)
@pytest.mark.parametrize("format", [PyFormat.TEXT, PyFormat.BINARY])
def test_wrong_values(adapters, value, message, format):
    with pytest.raises(DataError, match=message):
        dump(value, format, adapters)


@pytest.mark.parametrize(
    ("format", "data"),
    [
        *[(Format.TEXT, data) for data in TEXTS],
        *[(Format.BINARY, data) for data in BINARIES],
    ],
)
def test_malformed(adapters, format, data):
    with pytest.raises(DataError, match="hstore"):
        load("hstore", format, data, adapters)


def test_unregistered(dsn):
    with howdah.Driver().connect(dsn) as conn:
        conn.execute("CREATE EXTENSION IF NOT EXISTS hstore")
        assert conn.execute("SELECT 'a=>1'::hstore").fetchone() == ('"a"=>"1"',)
        register_hstore("hstore", conn)
        query = "SELECT 'a=>1'::hstore || %s"
        assert conn.execute(query, [{"b": None}]).fetchone() == ({"a": "1", "b": None},)
        conn.rollback()
