"""Registering types: by name and by info, on drivers, in plugins, on connections and cursors."""

from __future__ import annotations

import datetime as dt
from contextlib import closing, nullcontext
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.adapt import (
    CompositeInfo,
    DomainInfo,
    EnumInfo,
    MultirangeInfo,
    RangeInfo,
    TypeInfo,
)
from howdah_types.array import register_array
from howdah_types.composite import register_composite
from howdah_types.domain import register_domain
from howdah_types.enum import register_enum
from howdah_types.hstore import register_hstore
from howdah_types.multirange import Multirange, register_multirange
from howdah_types.range import Range, register_range
from tests.plugins.types.composed import CREATE, Elephant, Mood, Trunk, register

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "registering"
#: A driver of its own, for what has been found out about these types to be of no harm to other tests.
DRIVER = howdah.Driver()
OPTIONS = f"-c search_path={SCHEMA},public -c timezone=UTC"
REGISTER = [
    register_enum,
    register_composite,
    register_range,
    register_multirange,
    register_hstore,
    register_domain,
]

TRUNK = Trunk(Decimal("1.50"), "a,b")
ELEPHANT = Elephant(
    Mood.SO_SO,
    "Hanno",
    dt.date(1510, 1, 1),
    [1, 2],
    {"a": None},
    Range(Decimal(1), None),
    TRUNK,
    [TRUNK, None],
)
VALUES = {
    "mood": Mood.WEIRD,
    "textrange": Range("a", "b"),
    "textmultirange": Multirange([Range("a", "b"), Range("c", None)]),
    "hstore": {"a": "b", "c": None},
    "trunk": TRUNK,
    "elephant": ELEPHANT,
}


@pytest.fixture(scope="module")
def database(dsn: str) -> Iterator[str]:
    """A conninfo with which the types are found."""
    database = f"{dsn} options='{OPTIONS}'"
    with howdah.connect(dsn, autocommit=True) as conn:
        for statement in CREATE:
            conn.execute(statement.replace("composed", SCHEMA))
        yield database
        conn.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@pytest.fixture
def unconfigured() -> Iterator[None]:
    """The default driver as nobody has shaped it, before and after."""
    howdah.configure()
    yield
    howdah.configure()


def check(conn: Any) -> None:
    for name, value in VALUES.items():
        for prepare in (False, True):
            cur = conn.execute(f"SELECT %s::{name}, %s::{name}[]", [value, [value, None]], prepare=prepare)
            assert cur.fetchone() == (value, [value, None])


def raw(conn: Any, name: str, value: Any = None) -> Any:
    """Return a value of a type as a connection loads it."""
    text = {"mood": "SAD", "trunk": "(1,)", "textrange": "[a,b)", "hstore": ""}.get(name)
    return conn.execute(f"SELECT '{text}'::{name}").fetchone()[0]


# -- where ---------------------------------------------------------------------------


def test_on_a_driver(database):
    driver = howdah.Driver()
    register(driver.adapters)
    for _ in range(2):
        with driver.connect(database) as conn:
            check(conn)
    with DRIVER.connect(database) as conn:
        assert raw(conn, "mood") == "SAD"


def test_on_the_default_driver(database, unconfigured):
    with howdah.connect(database) as conn:
        assert raw(conn, "mood") == "SAD"
        register(None)
        assert raw(conn, "mood") == "SAD"
    with howdah.connect(database) as conn:
        check(conn)


def test_in_a_plugin(database):
    plugin = SimpleNamespace(__name__="zoo")
    plugin.howdah_register_adapters = howdah.hookimpl(
        lambda adapters: register(adapters), specname="howdah_register_adapters"
    )
    with howdah.Driver(plugins=[plugin]).connect(database) as conn:
        check(conn)


def test_on_a_connection(database):
    with DRIVER.connect(database) as conn, DRIVER.connect(database) as other:
        register(conn)
        check(conn)
        assert [raw(other, name) for name in ("mood", "trunk", "textrange", "hstore")] == [
            "SAD",
            "(1,)",
            "[a,b)",
            "",
        ]
    with DRIVER.connect(database) as conn:
        assert raw(conn, "mood") == "SAD"


@pytest.mark.parametrize("by_info", [False, True])
def test_on_a_cursor(database, by_info):
    with DRIVER.connect(database) as conn:
        info = EnumInfo.fetch(conn, "mood") if by_info else "mood"
        cur = conn.cursor()
        register_enum(info, cur, Mood)
        assert raw(cur, "mood") is Mood.SAD
        assert cur.execute("SELECT %s::mood", [Mood.SO_SO]).fetchone() == (Mood.SO_SO,)
        assert raw(conn, "mood") == "SAD"
        assert raw(conn.cursor(), "mood") == "SAD"
        with pytest.raises(howdah.DataError):
            conn.execute("SELECT %s::mood", [Mood.WEIRD])
        conn.rollback()


def test_by_info(database):
    with DRIVER.connect(database) as conn:
        register_enum(EnumInfo.fetch(conn, "mood"), conn, Mood)
        register_range(RangeInfo.fetch(conn, "textrange"), conn)
        register_multirange(MultirangeInfo.fetch(conn, "textmultirange"), conn)
        register_hstore(TypeInfo.fetch(conn, "hstore"), conn)
        register_composite(CompositeInfo.fetch(conn, "trunk"), conn, Trunk)
        register_composite(CompositeInfo.fetch(conn, "elephant"), conn, Elephant)
        check(conn)


def test_each_connection_has_its_own_oids(database, dsn):
    driver = howdah.Driver()
    register_enum("mood", driver.adapters, Mood)
    with driver.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE DATABASE howdah_registering")
    try:
        with driver.connect(dsn, dbname="howdah_registering") as other:
            other.execute("CREATE TYPE unrelated AS ENUM ('x')")
            other.execute("CREATE TYPE mood AS ENUM ('SAD')")
            other.commit()
            assert raw(other, "mood") is Mood.SAD
            with driver.connect(database) as conn:
                assert conn.execute("SELECT %s, %s", [Mood.SAD, [Mood.SO_SO]]).fetchone() == (
                    Mood.SAD,
                    [Mood.SO_SO],
                )
            assert other.execute("SELECT %s, %s", [Mood.SAD, [Mood.SAD]]).fetchone() == (Mood.SAD, [Mood.SAD])
    finally:
        with driver.connect(dsn, autocommit=True) as conn:
            conn.execute("DROP DATABASE howdah_registering WITH (FORCE)")


# -- when ----------------------------------------------------------------------------


@pytest.fixture
def conn(database: str) -> Iterator[howdah.Connection[Any]]:
    """A connection that knows the types by name, and has not met one."""
    driver = howdah.Driver()
    register(driver.adapters)
    with closing(driver.connect(database)) as conn:
        yield conn


@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
@pytest.mark.parametrize("name", VALUES)
def test_first_met_as_a_parameter(conn, name, placeholder):
    value = VALUES[name]
    cur = conn.execute(f"SELECT {placeholder}::{name}, {placeholder}::{name}[]", [value, [value]])
    assert cur.fetchone() == (value, [value])


@pytest.mark.parametrize("name", ["mood", "textrange", "hstore", "trunk", "elephant"])
def test_no_cast_needed(conn, name):
    value = VALUES[name]
    assert conn.execute("SELECT %s, %s", [value, [value]]).fetchone() == (value, [value])


def test_first_met_in_binary(conn):
    cur = conn.execute("SELECT 'SAD'::mood, '{SAD}'::mood[], '(1,x)'::trunk", binary=True)
    assert cur.fetchone() == (Mood.SAD, [Mood.SAD], Trunk(Decimal(1), "x"))


def test_first_met_within_a_record(conn):
    row = "ROW('SAD'::mood, ROW('(1,x)'::trunk), ARRAY['[a,b)'::textrange])"
    (value,) = conn.execute(f"SELECT {row}", binary=True).fetchone()
    assert value == (Mood.SAD, (Trunk(Decimal(1), "x"),), [Range("a", "b")])


@pytest.mark.parametrize("format", ["text", "binary"])
def test_first_met_in_copy(conn, format):
    conn.execute("CREATE TEMP TABLE kept (elephant elephant, moods mood[])")
    cur = conn.cursor()
    with cur.copy(f"COPY kept FROM STDIN (FORMAT {format})") as copy:
        copy.write_row((ELEPHANT, [Mood.SAD]))
    with cur.copy(f"COPY kept TO STDOUT (FORMAT {format})") as copy:
        copy.set_types(["elephant", "mood[]"])
        assert list(copy.rows()) == [(ELEPHANT, [Mood.SAD])]


def test_first_met_in_a_pipeline(conn):
    with conn.pipeline():
        cur = conn.execute("SELECT %s::trunk, 'SAD'::mood", [TRUNK])
        other = conn.execute("SELECT 'SAD'::mood, %s", [[Mood.SAD]])
        assert cur.fetchone() == (TRUNK, Mood.SAD)
        assert other.fetchone() == (Mood.SAD, [Mood.SAD])


def test_first_met_by_a_named_cursor(conn):
    with conn.cursor("c") as cur:
        cur.execute("SELECT 'SAD'::mood, %s FROM generate_series(1, 3)", [TRUNK])
        assert cur.fetchall() == [(Mood.SAD, TRUNK)] * 3


def test_first_met_by_executemany(conn):
    conn.execute("CREATE TEMP TABLE kept (trunk trunk, mood mood)")
    conn.cursor().executemany("INSERT INTO kept VALUES (%s, %s)", [(TRUNK, Mood.SAD), (None, Mood.SO_SO)])
    assert conn.execute("SELECT * FROM kept").fetchall() == [(TRUNK, Mood.SAD), (None, Mood.SO_SO)]


def test_a_type_that_is_not_there(conn):
    register_enum("nowhere", conn, Mood)
    register_composite("nowhere_either", conn, Trunk)
    assert conn.execute("SELECT %s::mood, %s::text", [Mood.SAD, Mood.SAD]).fetchone() == (Mood.SAD, "SAD")
    assert conn.execute("SELECT %s::trunk, %b::text", [TRUNK, TRUNK]).fetchone() == (TRUNK, '(1.50,"a,b")')
    with pytest.raises(howdah.DataError, match="set_types"):
        with conn.cursor().copy("COPY pg_class FROM STDIN (FORMAT binary)") as copy:
            copy.write_row([TRUNK])


CREATED = {
    "extension": ("CREATE EXTENSION hstore SCHEMA public", "hstore"),
    "script": ("SELECT 1; CREATE EXTENSION hstore SCHEMA public; SELECT 2", "hstore"),
    "enum": ("CREATE TYPE public.later AS ENUM ('SAD')", "later"),
    "table": ('CREATE TABLE public.later_trunk (length numeric, "the label" text)', "later_trunk"),
}


@pytest.mark.parametrize("created", CREATED)
def test_a_type_created_after_it_was_looked_up(server, created):
    """Parameters notice, though no value of the type has come."""
    values = {"hstore": {"a": "1", "b": None}, "later": Mood.SAD, "later_trunk": TRUNK}
    statement, name = CREATED[created]
    value = values[name]
    driver = howdah.Driver()
    register_hstore("hstore", driver.adapters)
    register_enum("later", driver.adapters, Mood)
    register_composite("later_trunk", driver.adapters, Trunk)
    with driver.connect(server.dsn, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS later")
        conn.execute("CREATE DATABASE later")
    with driver.connect(f"{server.dsn} dbname=later", autocommit=True) as conn:
        query = "SELECT pg_typeof(%s)::text, pg_typeof(%s)::text"
        for _ in range(8):  # so often that it is prepared
            conn.execute("SELECT %s::text, %s::text[]", [value, [value]])
        conn.execute(statement)
        for _ in range(8):
            assert conn.execute(query, [value, [value]]).fetchone() == (name, f"{name}[]")
        assert conn.execute("SELECT %s", [value]).fetchone() == (value,)


def test_a_type_created_by_another_connection(dsn):
    """The connections that are opened afterwards know it."""
    driver = howdah.Driver()
    register_enum("later", driver.adapters, Mood)
    with driver.connect(dsn, autocommit=True) as conn:
        conn.execute("SELECT %s::text", [Mood.SAD])
        with howdah.connect(dsn, autocommit=True) as other:
            other.execute("CREATE TYPE later AS ENUM ('SAD')")
        try:
            with driver.connect(dsn) as other:
                assert other.execute("SELECT pg_typeof(%s)::text", [Mood.SAD]).fetchone() == ("later",)
        finally:
            conn.execute("DROP TYPE later")


def test_a_type_created_in_a_pipeline(server):
    driver = howdah.Driver()
    register_enum("later", driver.adapters, Mood)
    with driver.connect(server.dsn) as conn:
        conn.execute("SELECT %s::text", [Mood.SAD])
        cur = conn.cursor()  # with adapters of its own
        register_enum("later", cur, Mood)
        cur.execute("SELECT %s::text", [Mood.SAD])
        with conn.pipeline():
            cur.execute("CREATE TYPE later AS ENUM ('SAD')")
        for each in (cur, conn):
            assert each.execute("SELECT pg_typeof(%s)::text", [Mood.SAD]).fetchone() == ("later",)


def test_types_that_are_not_there_are_looked_up_once(conn):
    """Not again with each query, nor with each command that creates something else."""
    register_enum("nowhere", conn, Mood)
    observed = []
    command = conn.kernel.command
    conn.kernel.command = lambda query: observed.append(query) or command(query)
    for _ in range(3):
        conn.execute("SELECT %s::text", [Mood.SAD])
    assert len(observed) == 1
    conn.execute("CREATE TEMP TABLE something ()")
    for _ in range(3):
        conn.execute("SELECT %s::text", [Mood.SAD])
    assert len(observed) == 2


def test_the_last_registration_holds(conn):
    assert raw(conn, "mood") is Mood.SAD
    register_enum("mood", conn)
    assert raw(conn, "mood").name == "SAD"
    assert raw(conn, "mood") is not Mood.SAD
    register_enum(EnumInfo.fetch(conn, "mood"), conn, Mood)
    assert raw(conn, "mood") is Mood.SAD


def test_a_type_under_a_qualified_name(dsn, database):
    with DRIVER.connect(dsn) as conn:
        register_composite(f"{SCHEMA}.trunk", conn, Trunk)
        register_enum(f'"{SCHEMA}"."mood"', conn, Mood)
        assert conn.execute("SELECT %s, %s", [TRUNK, [Mood.SAD]]).fetchone() == (TRUNK, [Mood.SAD])


# -- what is fetched -----------------------------------------------------------------


def test_fetch(database):
    with DRIVER.connect(database, row_factory=howdah.rows.dict_row) as conn:
        mood = EnumInfo.fetch(conn, "mood")
        assert (mood.name, mood.regtype, mood.enum) == ("mood", "mood", None)
        assert mood.labels == ["SAD", "so so", "Größe", 'it\'s "x"\\,{}()']
        text_range = RangeInfo.fetch(conn, f"{SCHEMA}.textrange")
        assert (text_range.name, text_range.subtype_oid) == ("textrange", 25)
        multirange = MultirangeInfo.fetch(conn, "textmultirange")
        assert (multirange.range_oid, multirange.subtype_oid) == (text_range.oid, 25)
        assert MultirangeInfo.fetch(conn, "int4multirange").range_oid == 3904
        positive = DomainInfo.fetch(conn, howdah.sql.Identifier(SCHEMA, "positive"))
        assert positive.base_oid == 20
        trunk = CompositeInfo.fetch(conn, "trunk")
        assert trunk.field_names == ("length", "the label")
        assert trunk.field_types == (1700, 25)
        elephant = CompositeInfo.fetch(conn, "elephant")
        parts = {part.name: type(part) for part in elephant.parts}
        assert parts == {
            "mood": EnumInfo,
            "moods": DomainInfo,
            "positive": DomainInfo,
            "hstore": TypeInfo,
            "trunk": CompositeInfo,
        }
        assert type(TypeInfo.fetch(conn, "mood")) is TypeInfo
        assert conn.info.transaction_status == howdah.pq.TransactionStatus.IDLE


@pytest.mark.parametrize("cls", [EnumInfo, CompositeInfo, RangeInfo, MultirangeInfo, DomainInfo])
def test_fetch_what_is_no_such_type(database, cls):
    with DRIVER.connect(database) as conn:
        assert cls.fetch(conn, "int4") is None
        assert cls.fetch(conn, "no_such_type") is None


def test_a_table_is_a_composite_type(database):
    with DRIVER.connect(database) as conn:
        conn.execute("CREATE TEMP TABLE herd (name text, gone int, size int2)")
        conn.execute("ALTER TABLE herd DROP COLUMN gone")
        conn.execute("INSERT INTO herd VALUES ('a', 1)")
        info = CompositeInfo.fetch(conn, "herd")
        assert info.field_names == ("name", "size")
        register_composite(info, conn)
        for binary in (False, True):
            (herd,) = conn.execute("SELECT herd FROM herd", binary=binary).fetchone()
            assert (type(herd).__name__, herd.name, herd.size) == ("herd", "a", 1)


@pytest.mark.parametrize("register_type", REGISTER)
def test_register_nothing(database, register_type):
    with DRIVER.connect(database) as conn:
        with pytest.raises(TypeError, match="is it in the database"):
            register_type(None, conn)
        with pytest.raises(TypeError, match="not as 23"):
            register_type(23, conn)


def test_register_as_another_kind(database):
    with DRIVER.connect(database) as conn:
        register_enum("trunk", conn)
        with pytest.raises(howdah.ProgrammingError, match="'trunk' was registered as an enum"):
            conn.execute("SELECT '(1,)'::trunk").fetchone()


def test_what_a_type_is_made_of_needs_no_registering(database):
    with DRIVER.connect(database) as conn:
        register_composite("elephant", conn)
        elephant = conn.execute(
            "SELECT ROW('a', NULL, 'SAD', '{SAD}', '{1,2}', '', '[1,2)', '(1,x)', '{}')::elephant"
        ).fetchone()[0]
        assert elephant.mood == "SAD"
        assert elephant.moods == ["SAD"]
        assert elephant.tusks == [1, 2]
        assert elephant.notes == ""
        assert (elephant.trunk.length, elephant.trunk.the_label) == (1, "x")
        assert conn.execute("SELECT %s::elephant", [elephant]).fetchone() == (elephant,)
        # hstore has no binary loader here: a statement that has been prepared returns the same.
        cur = conn.execute("SELECT %s::elephant", [elephant], prepare=True)
        assert conn.execute("SELECT %s::elephant", [elephant], prepare=True).fetchone() == cur.fetchone()


# -- async -------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_async(database, anyio_backend):
    driver = howdah.Driver()
    register(driver.adapters)
    async with await driver.AsyncConnection.connect(database) as conn:
        for name, value in VALUES.items():
            for placeholder in ("%s", "%t", "%b"):
                for binary in (None, False, True):
                    cur = conn.cursor()
                    query = f"SELECT {placeholder}::{name}, {placeholder}::{name}[]"
                    await cur.execute(query, [value, [value, None]], binary=binary)
                    assert await cur.fetchone() == (value, [value, None])


@pytest.mark.anyio
async def test_fetch_async(database, anyio_backend):
    async with await DRIVER.AsyncConnection.connect(database) as conn:
        info = await EnumInfo.fetch(conn, "mood")
        register_enum(info, conn, Mood)
        assert info.enum is Mood
        register_composite(await CompositeInfo.fetch(conn, "trunk"), conn, Trunk)
        register_range(await RangeInfo.fetch(conn, "textrange"), conn)
        register_multirange(await MultirangeInfo.fetch(conn, "textmultirange"), conn)
        register_hstore(await TypeInfo.fetch(conn, "hstore"), conn)
        assert await EnumInfo.fetch(conn, "trunk") is None
        for name, value in VALUES.items():
            if name != "elephant":
                cur = await conn.execute(f"SELECT %s::{name}", [value])
                assert await cur.fetchone() == (value,)


def test_each_search_path_has_its_own_types(database, dsn):
    """Two types of one name: each connection has that which its search path leads to."""
    driver = howdah.Driver()
    register_enum("mood", driver.adapters, Mood)
    with driver.connect(dsn) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("servers before version 18 do not tell of the search path")
        conn.execute("CREATE TYPE pg_temp.mood AS ENUM ('SAD')")
        conn.execute("SET search_path TO pg_temp")
        with driver.connect(database) as other:
            for each in (conn, other, conn):
                cur = each.execute("SELECT %s, pg_typeof(%s)::oid = 'mood'::regtype", [Mood.SAD, Mood.SAD])
                assert cur.fetchone() == (Mood.SAD, True)


@pytest.mark.parametrize("pipelined", [False, True])
@pytest.mark.parametrize("undo", ["rollback", "execute", "block", "savepoint", "close", "lost"])
def test_types_of_a_transaction_that_is_rolled_back_are_forgotten(dsn, undo, pipelined):
    """Made anew they have other oids, which are looked up, on the same connection and on others."""
    driver = howdah.Driver()
    register_enum("tense", driver.adapters, Mood)
    create = f"CREATE TYPE tense AS ENUM ({', '.join(repr(mood.name) for mood in Mood)})"

    def use(conn):
        cur = conn.execute("SELECT %s, pg_typeof(%s)::oid = 'tense'::regtype", [Mood.SAD, Mood.SAD])
        assert cur.fetchone() == (Mood.SAD, True)

    def make(conn):
        with conn.pipeline() if pipelined else nullcontext():
            conn.execute(create)
        use(conn)

    with driver.connect(dsn) as conn, driver.connect(dsn, autocommit=True) as other:
        for each in (conn, other):
            each.execute("SET search_path TO pg_temp")
        conn.execute("SELECT %s::text", [Mood.SAD])
        conn.commit()
        if undo in ("block", "savepoint"):
            with conn.transaction() if undo == "savepoint" else nullcontext():
                with conn.transaction(force_rollback=True):
                    make(conn)
        else:
            make(conn)
        if undo == "rollback":
            conn.rollback()
        elif undo == "execute":
            conn.execute("ROLLBACK")
        elif undo == "close":
            conn.close()
        elif undo == "lost":
            other.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
            with pytest.raises(howdah.OperationalError):
                conn.execute("SELECT 1")
            conn.close()
        for each in (other,) if conn.closed else (conn, other):
            each.execute(create)
            with each.transaction():
                each.execute("SELECT 1")
                use(each)


@pytest.mark.parametrize("register", [*REGISTER, register_array], ids=lambda register: register.__name__)
def test_arguments_in_the_wrong_order(dsn: str, register: Any) -> None:
    info = TypeInfo("made", 70000, 70001)
    with howdah.connect(dsn) as conn:
        with pytest.raises(TypeError, match=r"not on an object of class TypeInfo|as its TypeInfo"):
            register(conn, info)
        with pytest.raises(TypeError, match="not on an object of class int"):
            register(info, 5)


@pytest.mark.parametrize("info", [None, "made", 5])
def test_the_elements_of_an_array_are_given_as_a_type_info(info: Any) -> None:
    with pytest.raises(TypeError, match="as its TypeInfo"):
        register_array(info)
