"""Enumerated types and classes of `enum`."""

from __future__ import annotations

import enum

import pytest

import howdah
from howdah.adapt import EnumInfo, PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.enum import register_enum
from tests.plugins.types.adapting import Context, dump, load, resolving

INFO = ("mood", 70000, 70001, ["sad", "so so", "happy"])


class Mood(enum.Enum):
    sad = 1
    SO_SO = "so so"
    happy = [3]
    glad = happy


class Text(str, enum.Enum):
    SAD = "sad"


@pytest.fixture
def adapters():
    return resolving()


@pytest.fixture
def info():
    return EnumInfo(*INFO)


@pytest.mark.parametrize("format", list(Format))
def test_round_trip(adapters, info, format):
    register_enum(info, adapters, Mood)
    assert info.enum is Mood
    for member, label in ((Mood.sad, b"sad"), (Mood.SO_SO, b"so so"), (Mood.glad, b"happy")):
        dumped = dump(member, PyFormat.BINARY if format else PyFormat.TEXT, adapters)
        assert dumped == (70000, format, label)
        assert load("mood", format, label, adapters) is member


def test_a_class_is_made(adapters, info):
    register_enum(info, adapters)
    assert [member.name for member in info.enum] == INFO[3]
    assert info.enum.__name__ == "Mood"
    assert load("mood", Format.TEXT, b"so so", adapters) is info.enum["so so"]
    assert dump(info.enum["so so"], context=adapters) == (70000, Format.TEXT, b"so so")
    again = EnumInfo(*INFO)
    register_enum(again, adapters)
    assert again.enum is info.enum


@pytest.mark.parametrize(
    "mapping", [{Mood.sad: "happy", Mood.happy: "sad"}, [(Mood.sad, "happy"), (Mood.happy, "sad")]]
)
def test_mapping(adapters, info, mapping):
    register_enum(info, adapters, Mood, mapping=mapping)
    assert dump(Mood.sad, context=adapters).data == b"happy"
    assert dump(Mood.SO_SO, context=adapters).data == b"so so"
    assert load("mood", Format.TEXT, b"sad", adapters) is Mood.happy
    assert load("mood", Format.BINARY, b"so so", adapters) is Mood.SO_SO


def test_strings(adapters, info):
    register_enum(info, adapters, Text)
    assert dump(Text.SAD, context=adapters) == (70000, Format.TEXT, b"sad")
    assert load("mood", Format.TEXT, b"sad", adapters) is Text.SAD


def test_label_without_a_member(adapters, info):
    register_enum(info, adapters, Text)
    for format in Format:
        with pytest.raises(DataError, match=r"Text has no member for the label .* of the type mood"):
            load("mood", format, b"happy", adapters)


def test_encoding(info):
    context = Context(encoding="latin-1")
    context.adapters.add_type(EnumInfo("size", 70002, 70003, ["Größe", "€"]))

    class Size(enum.Enum):
        A = "Größe"
        B = "€"

    register_enum("size", context, Size)
    assert load("size", Format.TEXT, "Größe".encode("latin-1"), context) is Size.A
    assert dump(Size.A, context=context).data == "Größe".encode("latin-1")
    with pytest.raises(DataError, match="cannot represent"):
        dump(Size.B, context=context)


def test_unregistered(conn):
    """Members of any class are their names, labels are strings."""
    conn.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad', 'so so')")
    conn.execute("SET search_path TO pg_temp")
    for placeholder in ("%s", "%t", "%b"):
        (loaded,) = conn.execute(f"SELECT {placeholder}::mood", [Mood.sad]).fetchone()
        assert loaded == "sad"
    with pytest.raises(howdah.DataError, match="SO_SO"), conn.transaction():
        conn.execute("SELECT %s::mood", [Mood.SO_SO])
    howdah.adapt.EnumInfo.fetch(conn, "mood").register(conn)
    for binary in (False, True):
        cur = conn.execute("SELECT %s::mood, '{sad,\"so so\"}'::mood[]", [Mood.sad], binary=binary)
        assert cur.fetchone() == ("sad", ["sad", "so so"])


def test_a_label_is_added(conn):
    conn.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad')")
    conn.execute("SET search_path TO pg_temp")
    conn.commit()
    register_enum(EnumInfo.fetch(conn, "mood"), conn)
    conn.execute("ALTER TYPE mood ADD VALUE 'happy'")
    conn.commit()
    with pytest.raises(howdah.DataError, match="no member for the label that the server sent"):
        conn.execute("SELECT 'happy'::mood").fetchone()
    register_enum(EnumInfo.fetch(conn, "mood"), conn)
    assert conn.execute("SELECT 'happy'::mood").fetchone()[0].name == "happy"
