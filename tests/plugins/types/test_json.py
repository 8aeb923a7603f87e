"""json and jsonb, and their dump and load functions."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.adapt import PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.json import Json, Jsonb, set_json_dumps, set_json_loads
from tests.plugins.types.adapting import ADAPTERS, Context, dump, dumper, load, quote

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(DOCUMENTS)
def test_round_trip(value):
    for wrapper, name in ((Json, "json"), (Jsonb, "jsonb")):
        for format in (PyFormat.TEXT, PyFormat.BINARY):
            dumped = dump(wrapper(value), format)
            assert dumped.oid == ADAPTERS.types[name].oid
            assert load(name, dumped.format, dumped.data) == value


def test_default_is_text():
    assert dump(Json(1)) == (114, Format.TEXT, b"1")
    assert dump(Jsonb(1)) == (3802, Format.TEXT, b"1")
    assert dump(Jsonb(1), PyFormat.BINARY).data == b"\x011"


def test_dumps_of_one_object():
    value = Json({"b": 1, "a": 2}, dumps=lambda obj: json.dumps(obj, sort_keys=True))
    assert dump(value).data == b'{"a": 2, "b": 1}'
    assert dump(Json(1, dumps=lambda obj: b"bytes")).data == b"bytes"


@pytest.mark.parametrize("wrapper", [Json, Jsonb])
@pytest.mark.parametrize("format", PyFormat)
def test_set_dumps(wrapper, format):
    context = Context()
    set_json_dumps(lambda obj: '"mine"', context)
    assert dump(wrapper(1), format, context).data.endswith(b'"mine"')
    assert dump(wrapper(1), format).data.endswith(b"1")


@pytest.mark.parametrize(("name", "binary"), [("json", b"1.50"), ("jsonb", b"\x011.50")])
def test_set_loads(name, binary):
    context = Context()
    set_json_loads(lambda data: json.loads(data, parse_float=Decimal), context)
    for format, data in ((Format.TEXT, b"1.50"), (Format.BINARY, binary)):
        assert repr(load(name, format, data, context)) == "Decimal('1.50')"
        assert repr(load(name, format, data)) == "1.5"


def test_loads_is_given_utf8_whatever_the_client_encoding():
    context = Context(encoding="iso8859-1")
    given = []
    set_json_loads(given.append, context)
    load("json", Format.TEXT, b'"\xe9"', context)
    load("jsonb", Format.BINARY, b'\x01"\xe9"', context)
    assert given == ['"é"'.encode()] * 2


def test_client_encoding():
    context = Context(encoding="iso8859-1")
    set_json_dumps(lambda obj: json.dumps(obj, ensure_ascii=False), context)
    assert dump(Json("é"), PyFormat.TEXT, context).data == b'"\xe9"'
    assert load("json", Format.TEXT, b'"\xe9"', context) == "é"


def test_unknown_version():
    with pytest.raises(DataError, match="version"):
        load("jsonb", Format.BINARY, b"\x021")


def test_quote():
    assert quote(Json("it's")) == b"'\"it''s\"'"
    assert dumper(Jsonb("\\"), PyFormat.BINARY).quote(Jsonb("\\")) == b" E'\"\\\\\\\\\"'"


def test_repr():
    assert repr(Json([1])) == "Json([1])"
    assert repr(Jsonb("x" * 100)) == f"Jsonb('{'x' * 34} ... (102 chars))"
