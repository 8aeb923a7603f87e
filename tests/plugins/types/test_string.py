"""Strings and bytes."""

from __future__ import annotations

import enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.adapt import PyFormat, quote_literal
from howdah.errors import DataError
from howdah.pq import Format
from tests.plugins.types.adapting import ADAPTERS, Context, dump, dumper, load, quote


class Colour(str, enum.Enum):
    RED = "red"


@pytest.mark.parametrize("format", PyFormat)
def test_enum_of_strings_is_its_value(format):
    assert dump(Colour.RED, format) == dump("red", format)


def test_type_is_left_to_the_server():
    assert dump("x").oid == 0
    assert dump("x", PyFormat.TEXT).oid == 0
    assert dump("x", PyFormat.BINARY).oid == 25


@pytest.mark.parametrize("name", ["text", "varchar", "name"])
@pytest.mark.parametrize("format", Format)
def test_dumper_by_oid(name, format):
    oid = ADAPTERS.types[name].oid
    assert ADAPTERS.get_dumper_by_oid(oid, format)(str, ADAPTERS).oid == oid


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_text(value):
    for format in (PyFormat.TEXT, PyFormat.BINARY):
        dumped = dump(value, format)
        assert load("text", dumped.format, dumped.data) == value


@pytest.mark.parametrize("format", PyFormat)
def test_no_nul(format):
    with pytest.raises(DataError, match="NUL"):
        dump("a\0b", format)
    with pytest.raises(DataError, match="NUL"):
        quote("a\0b")


def test_client_encoding():
    latin1 = Context(encoding="iso8859-1")
    assert dump("é", PyFormat.TEXT, latin1).data == b"\xe9"
    assert load("text", Format.TEXT, b"\xe9", latin1) == "é"
    with pytest.raises(DataError, match=r"position 0 which the client encoding 'iso8859-1' cannot represent"):
        dump("€", PyFormat.TEXT, latin1)
    with pytest.raises(DataError, match="not text in 'utf-8'"):
        load("text", Format.TEXT, b"\xe9")


def test_sql_ascii():
    ascii = Context(encoding="ascii")
    assert dump("é", PyFormat.TEXT, ascii).data == b"\xc3\xa9"
    assert load("text", Format.TEXT, b"\xc3\xa9", ascii) == b"\xc3\xa9"


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("", b"''"),
        ("it's", b"'it''s'"),
        ("a\\b'", b" E'a\\\\b'''"),
        (b"\0\\'", b"'\\x005c27'"),
        (bytearray(b"a"), b"'\\x61'"),
        (memoryview(b"a"), b"'\\x61'"),
        (None, b"NULL"),
    ],
)
def test_quote(value, literal):
    assert quote(value) == literal
    assert dumper(value, PyFormat.BINARY).quote(value) == literal


def test_quote_bytes_without_standard_strings():
    assert quote(b"a", Context(standard_conforming_strings="off")) == b" E'\\\\x61'"
    assert quote(b"a", Context(standard_conforming_strings="on")) == b"'\\x61'"


@pytest.mark.parametrize("encoding", ["big5", "gbk", "shift_jis"])
def test_quote_where_a_backslash_is_part_of_a_character(encoding):
    text = {"big5": "功", "gbk": "乗", "shift_jis": "表"}[encoding]
    assert b"\\" in text.encode(encoding)
    assert quote_literal(text, encoding) == b"'" + text.encode(encoding) + b"'"
    assert quote_literal(text.encode(encoding) + b"\\'", encoding) == (
        b" E'" + text.encode(encoding) + b"\\\\'''"
    )


@given(st.binary())
def test_bytea(value):
    for format in (PyFormat.TEXT, PyFormat.BINARY):
        dumped = dump(value, format)
        assert load("bytea", dumped.format, dumped.data) == value


@pytest.mark.parametrize("value", [3, True, [1, 2], (1,), range(3), {1: 2}, "abc", 3.0], ids=repr)
@pytest.mark.parametrize("format", Format)
def test_bytea_is_made_of_a_buffer_only(format, value):
    bytea = ADAPTERS.get_dumper_by_oid(17, format)(bytes, ADAPTERS)
    for encode in (bytea.dump, bytea.quote):
        with pytest.raises(TypeError, match="bytes-like"):
            encode(value)


def test_bytea_in_escape_format():
    assert load("bytea", Format.TEXT, rb"a\\b\000\377'") == b"a\\b\0\xff'"
