"""Values in client encodings in which a backslash, a quote or a brace can be part of another character."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import howdah
from howdah import sql
from howdah.adapt import CompositeInfo, Dumper, MultirangeInfo, RangeInfo
from howdah.adapt.encodings import text_codec
from howdah_types.composite import register_composite
from howdah_types.hstore import register_hstore
from howdah_types.multirange import Multirange, register_multirange
from howdah_types.range import Range, register_range

if TYPE_CHECKING:
    from collections.abc import Iterator

#: PostgreSQL's names; the bytes that may end a character, of those that are something in a value as text.
ENCODINGS = ["BIG5", "GBK", "GB18030", "SJIS", "SHIFT_JIS_2004", "UHC", "JOHAB", "EUC_JP", "EUC_KR", "LATIN1"]
TRICKY = rb"\{}|@`[]^_~ANnul"
ASCII = "\\\"'{}(),[]|=>:N;@ \t\n\r\bnul"

TYPES = """
    create schema client_encodings;
    create extension if not exists hstore;
    create type client_encodings.pair as (a text, b text);
    create type client_encodings.span as range (subtype = text, collation = "C");
"""


@pytest.fixture(scope="module")
def types(server: Any) -> Iterator[None]:
    with howdah.connect(server.superuser_dsn, autocommit=True) as conn:
        conn.execute(TYPES)
        yield
        conn.execute("drop schema client_encodings cascade")


@pytest.fixture(scope="module", params=ENCODINGS)
def encoded(request: pytest.FixtureRequest, types: None, dsn: str) -> Iterator[howdah.Connection[Any]]:
    """A connection, with all kinds of types registered."""
    with howdah.connect(dsn, autocommit=True, client_encoding=request.param) as conn:
        register_hstore("hstore", conn)
        for name, cls, register in (
            ("client_encodings.pair", CompositeInfo, register_composite),
            ("client_encodings.span", RangeInfo, register_range),
            ("client_encodings.span_multirange", MultirangeInfo, register_multirange),
        ):
            info: Any = cls.fetch(conn, name)  # type: ignore[attr-defined]
            register(info, conn)  # type: ignore[operator]
        yield conn


def characters(conn: howdah.Connection[Any]) -> list[str]:
    """Characters of the client encoding: those with a tricky second byte, and a few others."""
    codec = conn.info.codec
    found: dict[int, list[str]] = {}
    for code in (*range(0x80, 0xD800), *range(0xF900, 0x10000)):
        with contextlib.suppress(UnicodeEncodeError):
            data = chr(code).encode(codec)
            if data.decode(codec) == chr(code):
                found.setdefault(data[1] if len(data) == 2 and data[1] in TRICKY else 0, []).append(chr(code))
    candidates = [character for same in found.values() for character in same[:: max(1, len(same) // 12)]]
    # The server does not take all that Python writes: of JOHAB, nothing with a byte of the ASCII range.
    return [character for character in candidates if taken(conn, character)]


def taken(conn: howdah.Connection[Any], character: str) -> bool:
    try:
        return conn.execute("select ascii(%s::text)", [character]).fetchone() == (ord(character),)
    except howdah.DataError:
        return False


_texts: dict[str, st.SearchStrategy[str]] = {}


def texts(conn: howdah.Connection[Any]) -> st.SearchStrategy[str]:
    name = str(conn.info.parameter_status("client_encoding"))
    if name not in _texts:
        _texts[name] = st.text(st.sampled_from(characters(conn)) | st.sampled_from(ASCII), max_size=8)
    return _texts[name]


def short(examples: int) -> Any:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


def both(conn: howdah.Connection[Any], query: str, value: Any) -> list[Any]:
    """Return a value that went to the server and came back, as text and as binary, bound here and there."""
    results = [
        conn.cursor(binary=binary).execute(query, [value]).fetchone()[0]  # type: ignore[index]
        for binary in (False, True)
    ]
    for placeholder in ("%t", "%b"):
        with contextlib.suppress(howdah.ProgrammingError):  # a dict has no binary form without a type
            results.append(conn.execute(query.replace("%s", placeholder), [value]).fetchone()[0])  # type: ignore[index]
    results.append(howdah.ClientCursor(conn).execute(query, [value]).fetchone()[0])  # type: ignore[index]
    return results


@short(20)
@given(data=st.data())
def test_values(encoded: howdah.Connection[Any], data: st.DataObject) -> None:
    text = texts(encoded)
    value = data.draw(text)
    assert set(both(encoded, "select %s::text", value)) == {value}
    array = data.draw(st.lists(st.none() | text, min_size=1, max_size=4))
    assert all(got == array for got in both(encoded, "select %s::text[]", array))
    assert all(got == [array, array] for got in both(encoded, "select %s::text[]", [array, array]))
    pair = data.draw(st.tuples(st.none() | text, st.none() | text))
    assert all(got == pair for got in both(encoded, "select %s::client_encodings.pair", pair))
    assert all(got == [pair] for got in both(encoded, "select array[%s::client_encodings.pair]", pair))
    mapping = data.draw(st.dictionaries(text, st.none() | text, max_size=3))
    assert all(got == mapping for got in both(encoded, "select %s::hstore", mapping))
    span = Range(data.draw(text), None, "[)")
    assert all(got == span for got in both(encoded, "select %s::client_encodings.span", span))
    spans = Multirange([span])
    query = "select %s::client_encodings.span_multirange"
    assert all(got == spans for got in both(encoded, query, spans))


@short(20)
@given(data=st.data())
def test_what_the_server_composes(encoded: howdah.Connection[Any], data: st.DataObject) -> None:
    """The server says how many elements there are, and which."""
    array = data.draw(st.lists(texts(encoded), min_size=1, max_size=4))
    query = (
        "select cardinality(a), array(select ascii(left(x, 1)) from unnest(a) x) from (select %s::text[] a) t"
    )
    for cursor in (encoded.cursor(), howdah.ClientCursor(encoded)):
        got = cursor.execute(query.replace("%s", "%t"), [array]).fetchone()
        assert got == (len(array), [ord(item[0]) if item else 0 for item in array])
    row = encoded.cursor(binary=False).execute("select row(a[1], a) from (select %s::text[] a) t", [array])
    first, rest = row.fetchone()[0]  # type: ignore[index]
    assert first == array[0]
    assert encoded.execute("select %s::text[]", [rest]).fetchone() == (array,)


@short(20)
@given(data=st.data())
def test_literals_and_identifiers(encoded: howdah.Connection[Any], data: st.DataObject) -> None:
    value = data.draw(texts(encoded))
    name = data.draw(texts(encoded).filter(bool))
    query = sql.SQL("select {} as {}, {}::text[]").format(
        sql.Literal(value), sql.Identifier(name), sql.Literal([value])
    )
    for setting in ("on", "off"):
        encoded.execute(f"set standard_conforming_strings to {setting}")
        encoded.execute("set escape_string_warning to off")
        for text in (query, query.as_string(encoded)):
            cursor = encoded.execute(text)  # type: ignore[arg-type]
            assert cursor.fetchone() == (value, [value])
            assert cursor.description is not None and cursor.description[0].name == name
    encoded.execute("reset standard_conforming_strings")


@short(15)
@given(data=st.data())
def test_copy(encoded: howdah.Connection[Any], data: st.DataObject) -> None:
    text = texts(encoded)
    rows = data.draw(
        st.lists(st.tuples(st.none() | text, st.lists(text, min_size=1)), min_size=1, max_size=3)
    )
    encoded.execute("create temp table if not exists copied (a text, b text[]); truncate copied")
    cursor = encoded.cursor()
    for options in ("", "(format binary)"):
        cursor.execute("truncate copied")
        with cursor.copy(f"copy copied from stdin {options}") as copy:
            if options:
                copy.set_types(["text", "text[]"])
            for row in rows:
                copy.write_row(row)
        assert cursor.execute("select * from copied").fetchall() == rows
        with cursor.copy(f"copy copied to stdout {options}") as copy:
            copy.set_types(["text", "text[]"])
            assert list(copy.rows()) == rows


CANNOT = "the text has a character at position 1 which the client encoding"


def test_a_character_that_the_encoding_has_not(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True, client_encoding="GBK") as conn:
        for value in ("x🐘", ["x🐘"], ("x🐘",)):
            with pytest.raises(
                howdah.DataError, match=f"^parameter 'p': .*{CANNOT} 'gbk' cannot represent"
            ) as caught:
                conn.execute("select %(p)s", {"p": value})
            assert "🐘" not in str(caught.value)
        composed = (sql.SQL("x🐘"), sql.SQL("select {}").format(sql.Literal("x🐘")), sql.Identifier("x🐘"))
        for query in ("select 'x🐘'", *composed):
            with pytest.raises(howdah.DataError, match="client encoding 'gbk' cannot represent"):
                conn.execute(query)
        for cursor in (conn.cursor(), howdah.ClientCursor(conn), howdah.RawCursor(conn)):
            with pytest.raises(howdah.DataError, match="client encoding 'gbk' cannot represent"):
                cursor.execute("select 'x🐘'", [])
        conn.execute("create temp table words (w text)")
        for write in (lambda copy: copy.write_row(["x🐘"]), lambda copy: copy.write("x🐘\n")):
            with pytest.raises(howdah.DataError, match="client encoding 'gbk' cannot represent"):
                with conn.cursor().copy("copy words from stdin") as copy:
                    write(copy)
        assert conn.execute("select count(*) from words").fetchone() == (0,)


@pytest.mark.parametrize("name", ["SJIS", "SHIFT_JIS_2004", "EUC_JP"])
def test_the_yen_sign_is_no_backslash(dsn: str, name: str) -> None:
    with howdah.connect(dsn, autocommit=True, client_encoding=name) as conn:
        for value in ("¥", ['¥","evil'], ("¥",)):
            with pytest.raises(howdah.DataError, match="cannot represent"):
                conn.execute("select %s", [value])
        assert conn.execute("select %s, '\\~'", ["\\~"]).fetchone() == ("\\~", "\\~")


@pytest.mark.parametrize("name", ["SJIS", "EUC_JP"])
def test_the_wave_dash(dsn: str, name: str) -> None:
    with howdah.connect(dsn, autocommit=True, client_encoding=name) as conn:
        assert conn.execute("select chr(x'ff5e'::int), ascii(%s)", ["～"]).fetchone() == ("～", 0xFF5E)


def test_a_dumper_may_return_str(dsn: str) -> None:
    class Word(str):
        __slots__ = ()

    class WordDumper(Dumper):
        oid = 25

        def dump(self, obj: Any) -> str:
            return str(obj)

    with howdah.connect(dsn, autocommit=True, client_encoding="GBK") as conn:
        conn.adapters.register_dumper(Word, WordDumper)
        word = Word("乗{")
        query = "select %s, %s::text[], %s::text"
        got = conn.execute(query, [word, [word, word], word]).fetchone()
        assert got == ("乗{", ["乗{", "乗{"], "乗{")
        assert howdah.ClientCursor(conn).execute(query, [word, [word, word], word]).fetchone() == got
        conn.execute("create temp table words (w text)")
        with conn.cursor().copy("copy words from stdin") as copy:
            copy.write_row([word])
        assert conn.execute("select w from words").fetchone() == ("乗{",)
        with pytest.raises(howdah.DataError, match="parameter 1"):
            conn.execute("select %s", [Word("🐘")])


def test_tsvector(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True, client_encoding="GBK") as conn:
        for binary in (False, True):
            cursor = conn.cursor(binary=binary)
            row = cursor.execute("select $$'乗' '\\\\x'$$::tsvector, $$'乗' & 'b'$$::tsquery").fetchone()
            assert row == ("'\\\\x' '乗'", "'乗' & 'b'")


@pytest.mark.parametrize("data", [b"\x81", b"{\x81 }", b"a\xff"])
def test_what_is_no_text(data: bytes) -> None:
    from howdah.adapt.encodings import as_utf8

    with pytest.raises(howdah.DataError, match="is not text in 'gbk', the client encoding"):
        as_utf8(data, "gbk")


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("cursor", ["Cursor", "ClientCursor"])
def test_the_encoding_changes_under_a_cursor(dsn: str, cursor: str, own: bool) -> None:
    values = ["表'", ["表'", "\\"], ("表",)]
    with howdah.connect(dsn, autocommit=True) as conn:
        cur = getattr(howdah, cursor)(conn)
        if own:
            assert cur.adapters is not conn.adapters
        for encoding in ("UTF8", "SJIS", "GBK", "UTF8"):
            conn.execute(f"SET client_encoding TO {encoding}")
            for strings in ("on", "off"):
                conn.execute(f"SET standard_conforming_strings TO {strings}")
                cur.execute("SELECT %s::text, %s::text[], (%s::text)", values)
                assert cur.fetchone() == ("表'", ["表'", "\\"], "(表)")
                composed = sql.SQL("SELECT {}, {}::text[]").format("表'", ["表'"])
                assert cur.execute(composed).fetchone() == ("表'", ["表'"])


@pytest.mark.parametrize("name", [*ENCODINGS, "EUC_CN", "EUC_JIS_2004", "KOI8U", "WIN1258", "WIN874"])
def test_no_character_becomes_another_one(server: Any, name: str) -> None:
    """The server reads each character that is written in an encoding as this character, or refuses it."""
    codec = text_codec(name)
    written: dict[str, bytes] = {}
    for code in (*range(0x80, 0xD800), *range(0xF900, 0x10000)):
        with contextlib.suppress(UnicodeEncodeError):
            written[chr(code)] = chr(code).encode(codec)
    if name == "SJIS":  # as PostgreSQL itself writes them
        assert {written.pop(ours).decode(codec) for ours in "¢£¬‖−〜"} == set("￠￡￢∥－～")
    assert all(data.decode(codec) == character for character, data in written.items())
    with howdah.connect(server.superuser_dsn) as conn:
        conn.execute(
            "create function pg_temp.reads(data bytea, name text) returns text language plpgsql as $$"
            " begin return convert_from(data, name); exception when others then return null; end $$"
        )
        rows = conn.execute(
            "select pg_temp.reads(data, %s) from unnest(%s::bytea[]) data", [name, list(written.values())]
        )
        read = {wrote: row[0] for wrote, row in zip(written, rows) if row[0] not in (None, wrote)}
        assert read == {}
        conn.rollback()
