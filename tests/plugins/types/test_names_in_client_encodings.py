"""Types whose names, labels or fields are not ASCII, in other client encodings than UTF8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah import sql
from howdah.adapt import CompositeInfo, EnumInfo, Loader, TypeInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

#: PostgreSQL's name, and a text of which each character has two bytes there, the second one of ASCII's range.
ENCODINGS = [("UTF8", "é"), ("LATIN1", "é"), ("GBK", "乗"), ("SJIS", "表"), ("SQL_ASCII", "é")]


class Tagged(Loader):
    def load(self, data: Any) -> str:
        return "tagged"


@pytest.fixture(params=ENCODINGS, ids=lambda param: param[0])
def named(request: pytest.FixtureRequest, dsn: str) -> Iterator[tuple[Any, str]]:
    encoding, word = request.param
    name = f"kind of {word}"
    with howdah.connect(dsn, autocommit=True, client_encoding=encoding) as conn:
        conn.execute(
            f'create type "{name}" as enum (\'{word}\', \'x\'); create type "{word}" as ("{word}" int)'
        )
        yield conn, word
        conn.execute(f'drop type "{name}"; drop type "{word}"')


def test_fetch(named: tuple[Any, str]) -> None:
    conn, word = named
    for name in (f'"kind of {word}"', sql.Identifier(f"kind of {word}")):
        info = EnumInfo.fetch(conn, name)
        assert info is not None
        assert info.name == f"kind of {word}"
        assert list(info.labels) == [word, "x"]
    composite = CompositeInfo.fetch(conn, f'"{word}"')
    assert composite is not None
    assert list(composite.field_names) == [word]


def test_registered_by_name(named: tuple[Any, str]) -> None:
    conn, word = named
    conn.adapters.register_loader(f'"kind of {word}"', Tagged)
    conn.adapters.register_loader("nothing_of_🐘", Tagged)
    row = conn.execute(f"select 'x'::\"kind of {word}\", array['{word}'::\"kind of {word}\"]").fetchone()
    assert row == ("tagged", ["tagged"])


def test_a_name_that_the_encoding_has_not(dsn: str) -> None:
    with howdah.connect(dsn, client_encoding="LATIN1") as conn:
        with pytest.raises(
            howdah.DataError,
            match="client encoding 'iso8859-1' cannot represent: connect with client_encoding",
        ):
            TypeInfo.fetch(conn, '"🐘"')
        with pytest.raises(howdah.DataError, match="cannot represent: it is half of a surrogate pair"):
            TypeInfo.fetch(conn, '"\udc80"')


def test_a_name_that_cannot_be_written_is_not_looked_up(named: tuple[Any, str]) -> None:
    conn, word = named
    for name in ("a\0b", '"\udc80"', "nothing_of_🐘"):
        conn.adapters.register_loader(name, Tagged)
    conn.adapters.register_loader(f'"kind of {word}"', Tagged)
    assert conn.execute(f"select 'x'::\"kind of {word}\"").fetchone() == ("tagged",)


@pytest.mark.parametrize("name", [5, b"text", None])
def test_a_name_that_is_no_text(dsn: str, name: Any) -> None:
    with howdah.connect(dsn) as conn, pytest.raises(TypeError, match="the name of a type is a str"):
        TypeInfo.fetch(conn, name)
