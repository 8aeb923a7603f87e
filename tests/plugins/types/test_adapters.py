"""What programs written for psycopg expect of adapters: protocols, names, and unusual values."""

from __future__ import annotations

import datetime as dt
import enum
import json
import logging
import subprocess
import sys
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

import howdah
import howdah.abc
from howdah.adapt import (
    AdaptersMap,
    Loader,
    MultirangeInfo,
    PyFormat,
    RangeInfo,
    RecursiveDumper,
    RecursiveLoader,
    Transformer,
    TypeInfo,
)
from howdah.pq import Format
from howdah_types.composite import CompositeInfo, register_composite
from howdah_types.enum import EnumInfo, register_enum
from howdah_types.json import Json, Jsonb
from howdah_types.multirange import Multirange
from howdah_types.numeric import Float4, Float8, Int2, Int4, Int8, IntNumeric, Oid
from howdah_types.range import Range, register_range
from howdah_types.string import StrDumper

TIMES = 9


@pytest.fixture
def types(conn: Any) -> Any:
    """A connection with types of its own, for the length of a transaction."""
    conn.execute("CREATE SCHEMA adapters")
    conn.execute("SET LOCAL search_path TO adapters, public")
    conn.execute("CREATE TYPE mood AS ENUM ('a', 'b')")
    conn.execute("CREATE TYPE pair AS (a int, b text)")
    conn.execute("CREATE TYPE span AS RANGE (subtype = text)")
    conn.execute("CREATE TYPE moods AS RANGE (subtype = mood)")
    yield conn
    conn.rollback()


class Doubling:
    """A class that only follows the protocol of dumpers."""

    format = Format.TEXT
    oid = 25

    def __init__(self, cls: type, context: Any = None) -> None:
        self.cls = cls

    def dump(self, obj: str) -> bytes:
        return (obj * 2).encode()

    def quote(self, obj: str) -> bytes:
        return b"'%b'" % self.dump(obj)

    def get_key(self, obj: Any, format: PyFormat) -> Any:
        return self.cls

    def upgrade(self, obj: Any, format: PyFormat) -> Doubling:
        return self


class Marking:
    """A class that only follows the protocol of loaders."""

    format = Format.TEXT

    def __init__(self, oid: int, context: Any = None) -> None:
        pass

    def load(self, data: Any) -> str:
        return f"<{bytes(data).decode()}>"


def test_protocols(conn):
    dumper: type[howdah.abc.Dumper] = Doubling  # type: ignore[assignment]
    conn.adapters.register_dumper(str, dumper)
    assert conn.execute("SELECT %s, %s, %s::text", ["a", ["b"], ("c",)]).fetchone() == (
        "aa",
        ["bb"],
        "(cc)",
    )
    assert howdah.ClientCursor(conn).mogrify("%s", ["a"]) == "'aa'"
    with conn.cursor() as cur:
        cur.execute("CREATE TEMP TABLE doubled (a text, b text[])")
        with cur.copy("COPY doubled FROM STDIN") as copy:
            copy.write_row(("a", ["b"]))
        assert cur.execute("SELECT * FROM doubled").fetchone() == ("aa", ["bb"])
    conn.adapters.register_loader("text", Marking)
    for _ in range(TIMES):
        row = conn.execute("SELECT 'a'::text, ARRAY['b'::text], ROW('c'::text)").fetchone()
        assert row == ("<a>", ["<b>"], ("<c>",))


@pytest.mark.parametrize("method", ["register_dumper", "register_loader"])
def test_half_an_adapter_registers_nothing(conn, method):
    class Nothing:
        def __init__(self, *args: Any) -> None:
            pass

    with pytest.raises(TypeError, match="it lacks"):
        getattr(conn.adapters, method)(int if method == "register_dumper" else "int4", Nothing)
    assert conn.execute("SELECT %s", [1]).fetchone() == (1,)


def test_py_format():
    assert PyFormat.AUTO == "s"
    assert {"s": 1}[PyFormat.AUTO] == 1
    assert PyFormat.from_pq(Format.BINARY) is PyFormat.BINARY
    assert PyFormat.as_pq(PyFormat.TEXT) is Format.TEXT
    with pytest.raises(KeyError):
        PyFormat.as_pq(PyFormat.AUTO)
    assert howdah.adapters.get_dumper(int, "s") is howdah.adapters.get_dumper(int, PyFormat.AUTO)
    with pytest.raises(howdah.ProgrammingError, match="format: BINARY"):
        howdah.adapters.get_dumper(object, "b")


def test_factories_of_composites(types, caplog):
    info = CompositeInfo.fetch(types, "pair")
    with caplog.at_level(logging.WARNING, "howdah"):
        register_composite(info, types, lambda *values: [*values])
        assert info.python_type is None
        assert types.execute("SELECT ROW(1, 'x')::pair").fetchone() == ([1, "x"],)
        register_composite(info, types, tuple)
        assert not caplog.records
        register_composite(info, types, SimpleNamespace, make_object=lambda values, info: tuple(values))
    assert info.python_type is SimpleNamespace
    assert "make_sequence" in caplog.text
    with pytest.raises(TypeError, match="make_sequence"):
        register_composite(info, types, lambda *values: values, make_sequence=lambda obj, info: [])


@pytest.mark.parametrize("binary", [None, False, True])
def test_arrays_of_types_known_by_name_alone(types, binary):
    for name in ("mood", "moods", "pair"):
        TypeInfo.fetch(types, name).register(types)
    for _ in range(TIMES):
        row = types.execute("SELECT '{a,b}'::mood[], '{{a},{NULL}}'::mood[]", binary=binary).fetchone()
        assert row == ((["a", "b"], [["a"], [None]]) if not binary else ([b"a", b"b"], [[b"a"], [None]]))
        for value in types.execute(
            "SELECT ARRAY[ROW(1, 'x')::pair], ARRAY[moods('a', 'b')]", binary=binary
        ).fetchone():
            assert [type(item) for item in value] == [bytes if binary else str]


@pytest.mark.parametrize("binary", [None, True])
def test_ranges_over_types_known_by_name_alone(types, binary):
    TypeInfo.fetch(types, "mood").register(types)
    RangeInfo.fetch(types, "moods").register(types)
    for _ in range(TIMES):
        (value,) = types.execute("SELECT moods('a', 'b')", binary=binary).fetchone()
        assert value == (Range(b"a", b"b") if binary else Range("a", "b"))


def test_several_labels_of_one_member(types):
    members = enum.Enum("members", "x")
    register_enum(EnumInfo.fetch(types, "mood"), types, members, mapping=[(members.x, "a"), (members.x, "b")])
    for binary in (None, True):
        row = types.execute("SELECT 'a'::mood, 'b'::mood", binary=binary).fetchone()
        assert row == (members.x, members.x)
    assert types.execute("SELECT %s::mood::text", [members.x]).fetchone() == ("b",)


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
def test_integer_ranges_are_of_the_type_expected(conn, placeholder):
    for sql, value in (
        ("int8range(10, 20)", Range(10, 20)),
        ("numrange(10, 20)", Range(10, 20)),
        ("'{[10,20)}'::int8multirange", Multirange([Range(10, 20)])),
        ("ARRAY[int8range(10, 20)]", [Range(10, 20)]),
    ):
        assert conn.execute(f"SELECT {sql} = {placeholder}", [value]).fetchone() == (True,)


def test_bounds_that_are_dumped_as_null(types):
    class EmptyAsNull(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj) if obj else None

    class BinaryEmptyAsNull(EmptyAsNull):
        format = Format.BINARY

    register_range(RangeInfo.fetch(types, "span"), types)
    types.adapters.register_dumper(str, BinaryEmptyAsNull)
    types.adapters.register_dumper(str, EmptyAsNull)
    for placeholder in ("%s", "%b"):
        for value, expected in (
            (Range("", "z"), Range(None, "z", "()")),
            (Range("a", ""), Range("a", None)),
            (Range("", "", "[]"), Range(None, None, "()")),
        ):
            assert types.execute(f"SELECT {placeholder}::span", [value]).fetchone() == (expected,)


@pytest.mark.parametrize("cls", [Int2, Int4, Int8, IntNumeric, Oid, Float4, Float8])
def test_repr_of_numbers(cls):
    number = cls(3)
    assert repr(number) == f"{cls.__name__}({number})"
    assert f"{number} {number!s}" == "3 3" if isinstance(number, int) else "3.0 3.0"


@pytest.mark.parametrize("binary", [False, True])
def test_numpy_where_the_type_is_set(conn, binary):
    np = pytest.importorskip("numpy")
    values = {
        "numeric": [np.int32(5), np.uint64(5), np.float32(1.5), np.float16(1.5), np.bool_(True), 5],
        "int8": [np.int8(5), np.uint16(5)],
        "float8": [np.float32(1.5), np.int16(5)],
        "date": [np.datetime64("2000-01-02"), np.datetime64("NaT", "D")],
        "timestamp": [np.datetime64("2000-01-02"), np.datetime64("2000-01-02T10:00")],
        "interval": [np.timedelta64(5, "s"), np.timedelta64("NaT", "s")],
    }
    expected = {
        "numeric": ["5", "5", "1.5", "1.5", "1", "5"],
        "int8": ["5", "5"],
        "float8": ["1.5", "5"],
        "date": ["2000-01-02", None],
        "timestamp": ["2000-01-02 00:00:00", "2000-01-02 10:00:00"],
        "interval": ["00:00:05", None],
    }
    for name, objects in values.items():
        cur = conn.execute(f"CREATE TEMP TABLE numbers (a {name})")
        with cur.copy(f"COPY numbers FROM STDIN {'(FORMAT binary)' if binary else ''}") as copy:
            copy.set_types([name])
            for obj in objects:
                copy.write_row([obj])
        assert [text for (text,) in cur.execute("SELECT a::text FROM numbers")] == expected[name]
        cur.execute("DROP TABLE numbers")


def test_texts_where_the_type_is_set(conn):
    cur = conn.execute("CREATE TEMP TABLE moments (a date, b timestamp, c interval, d time)")
    with cur.copy("COPY moments FROM STDIN") as copy:
        copy.set_types(["date", "timestamp", "interval", "time"])
        copy.write_row(["2000-01-02", "2000-01-02 10:00", "1 day", dt.datetime(2000, 1, 2, 10)])
    assert cur.execute("SELECT * FROM moments").fetchone() == (
        dt.date(2000, 1, 2),
        dt.datetime(2000, 1, 2, 10),
        dt.timedelta(1),
        dt.time(10),
    )


@pytest.mark.parametrize(("wrapper", "cause"), [(Json, TypeError), (Jsonb, ValueError)])
def test_what_json_has_not(conn, wrapper, cause):
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(howdah.DataError) as caught:
        conn.execute("SELECT %s", [wrapper(object() if cause is TypeError else endless)])
    assert isinstance(caught.value, cause)


# -- recipes -------------------------------------------------------------------


@pytest.mark.parametrize("binary", [None, True])
def test_delegating_loaders(conn, binary):
    """As ORMs register them: with a built-in loader within, or with none."""
    text = conn.adapters.get_loader(25, Format.TEXT)
    moments = conn.adapters.get_loader(1184, Format.TEXT)

    class InZone(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._loader = moments(oid, context)

        def load(self, data: Any) -> dt.datetime:
            return self._loader.load(data).astimezone(dt.timezone(dt.timedelta(hours=5)))

    for name in ("jsonb", "inet", "cidr"):
        conn.adapters.register_loader(name, text)
    conn.adapters.register_loader("timestamptz", InZone)
    query = """
        SELECT '{"a": 1}'::jsonb, '10.0.0.1'::inet, ARRAY['10.0.0.0/8'::cidr],
            '2000-01-01 00:00+00'::timestamptz
        WHERE 1 = %s
    """
    for _ in range(TIMES):
        row = conn.execute(query, [1], binary=binary).fetchone()
        assert row[:3] == ('{"a": 1}', "10.0.0.1", ["10.0.0.0/8"])
        assert row[3].isoformat() == "2000-01-01T05:00:00+05:00"


def test_recursive_adapters(conn):
    class Point:
        def __init__(self, *values: int) -> None:
            self.values = values

    class PointDumper(RecursiveDumper):
        def dump(self, obj: Point) -> bytes:
            parts = [self._tx.get_dumper(value, PyFormat.TEXT).dump(value) for value in obj.values]
            return b"{%b}" % b",".join(map(bytes, parts))

    class PointLoader(RecursiveLoader):
        def load(self, data: Any) -> list[Any]:
            load = self._tx.get_loader(23, Format.TEXT).load
            return [load(part) for part in bytes(data)[1:-1].split(b",")]

    conn.adapters.register_dumper(Point, PointDumper)
    conn.adapters.register_loader("int4[]", PointLoader)
    for _ in range(TIMES):
        assert conn.execute("SELECT %s::int4[]", [Point(1, 2)]).fetchone() == ([1, 2],)


def test_transformer(conn):
    tx = Transformer(conn)
    assert Transformer.from_context(tx) is tx
    assert (tx.connection, tx.adapters, tx.encoding) == (conn, conn.adapters, "utf-8")
    values = tx.dump_sequence([1, None, "x"], [PyFormat.TEXT, PyFormat.AUTO, PyFormat.AUTO])
    assert values == [b"1", None, b"x"]
    assert (tx.types, tx.formats) == ((21, 0, 0), [Format.TEXT] * 3)
    assert tx.as_literal(dt.date(2000, 1, 1)) == b"'2000-01-01'::date"
    tx.set_loader_types([23, 25], Format.TEXT)
    assert tx.load_sequence([b"1", None]) == (1, None)
    with pytest.raises(howdah.ProgrammingError):
        tx.load_sequence([b"1"])
    tx.set_dumper_types([20], Format.BINARY)
    assert [bytes(value) for value in tx.dump_sequence([1], [PyFormat.AUTO])] == [b"\0\0\0\0\0\0\0\1"]
    with pytest.raises(howdah.DataError):
        tx.dump_sequence([1, 2], [PyFormat.AUTO] * 2)
    assert Transformer().connection is None


def test_types_by_subtype():
    types = howdah.adapters.types
    assert types.get_by_subtype(RangeInfo, 23).name == "int4range"
    assert types.get_by_subtype(RangeInfo, "int4").name == "int4range"
    assert types.get_by_subtype(MultirangeInfo, "int4range").name == "int4multirange"
    assert types.get_by_subtype(RangeInfo, "mammoth") is None
    assert types.get_by_subtype(TypeInfo, 23) is None
    assert AdaptersMap(None, types).types["int4"].oid == 23


# -- when it is imported, and by whom --------------------------------------------


def test_counting_imports_no_dates(dsn):
    script = """
import json, sys, howdah
with howdah.connect(sys.argv[1]) as conn:
    for _ in range(9):
        conn.execute("SELECT count(*) FROM pg_class WHERE relname = %s", ["x"]).fetchone()
print(json.dumps([name for name in sys.modules if name.startswith(("howdah_types.", "zoneinfo", "numpy"))]))
"""
    run = subprocess.run([sys.executable, "-c", script, dsn], check=True, capture_output=True, text=True)
    needed = {"_native", "_native.scalars", "base", "boolean", "none", "numeric", "oids", "string"}
    assert {*json.loads(run.stdout)} <= {f"howdah_types.{name}" for name in needed}


def test_plugin_that_fails_later(dsn):
    calls = []

    def register(adapters: AdaptersMap) -> None:
        calls.append(adapters)
        adapters.register_loader("numeric", Marking)
        raise ImportError("no module mammoth")

    plugin = SimpleNamespace(
        howdah_register_adapters=howdah.hookimpl(
            lambda adapters: adapters.register_lazy(register, types=["numeric"])
        )
    )
    driver = howdah.Driver(plugins=[("herd", plugin)])
    with driver.connect(dsn, autocommit=True) as conn:
        for _ in range(2):
            with pytest.raises(howdah.PluginError, match=r"herd.*no module mammoth") as caught:
                conn.execute("SELECT 1.5::numeric").fetchone()
            assert caught.value.plugin == "herd"
        assert conn.execute("SELECT 1").fetchone() == (1,)
        conn.adapters.register_loader("numeric", Marking)
        assert {conn.execute("SELECT 1.5::numeric").fetchone() for _ in range(TIMES)} == {("<1.5>",)}
    assert len(calls) == 2


def test_registering_over_what_comes_later(dsn):
    """As if all had been registered at once: the program's are the last, the plugins' in their order."""
    driver = howdah.Driver()
    driver.adapters.register_loader("numeric", Marking)
    copied = AdaptersMap(driver.adapters)
    assert copied.choose_format(1700) == Format.TEXT
    assert copied.choose_format(1231) == Format.TEXT  # numeric[]
    assert copied.choose_format(23) == Format.BINARY
    with driver.connect(dsn) as conn:
        assert {conn.execute("SELECT 1.5::numeric").fetchone() for _ in range(TIMES)} == {("<1.5>",)}


def test_without_the_plugin(dsn):
    driver = howdah.Driver(disable=["types"])
    assert driver.capabilities.has_types is False
    assert howdah.capabilities.has_types is True
    advice = r"the plugin 'types' .* is disabled; to enable it"
    with driver.connect(dsn) as conn:
        for run in (conn.execute, driver.ClientCursor(conn).execute):
            for value in (1, Decimal(1), Json({}), [1]):
                with pytest.raises(howdah.ProgrammingError, match=advice):
                    run("SELECT %s", [value])
        for names in (["int4"], [23]):
            cur = conn.execute("CREATE TEMP TABLE IF NOT EXISTS untyped (a int)")
            with (
                pytest.raises(howdah.ProgrammingError, match=advice),
                cur.copy("COPY untyped FROM STDIN") as copy,
            ):
                copy.set_types(names)
            conn.rollback()


def test_modules():
    import howdah_types

    assert howdah_types.net.InterfaceDumper is howdah_types.network.InetDumper
    assert howdah_types.bool.BoolDumper is howdah_types.boolean.BoolDumper
    assert howdah_types.range.Int4RangeDumper.oid == 3904
    assert howdah_types.range.TimestampTZRangeLoader is howdah_types.range.RangeLoader
    assert howdah_types.multirange.Int4MultirangeDumper.oid == 4451
    assert howdah_types.numeric.DecimalDumper.oid == 1700
    for module in (howdah_types, howdah_types.range, howdah_types.multirange, howdah_types.numeric):
        with pytest.raises(AttributeError):
            _ = module.MammothDumper


def test_a_cursor_sees_what_is_registered_later(conn):
    """Unless it has adapters of its own."""
    cur, own = conn.cursor(), conn.cursor()
    own.adapters.register_loader("int4", Marking)
    conn.adapters.register_loader("text", Marking)
    assert cur.execute("SELECT 'a'::text").fetchone() == ("<a>",)
    assert own.execute("SELECT 'a'::text, 1").fetchone() == ("a", "<1>")
