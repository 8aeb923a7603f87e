"""Statements that refer to objects that are gone: rolled back, dropped, or on another search path."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

import howdah
from howdah import errors

INSERT = "insert into undone_side values (%s::undone_mood[])"


@pytest.fixture
def conn(dsn):
    with howdah.connect(dsn) as conn:
        conn.prepare_threshold = 0
        yield conn
        conn.rollback()


def make(conn):
    conn.execute("create type undone_mood as enum ('a')")
    conn.execute("create table undone_side (m undone_mood[])")


def use(conn):
    conn.execute(INSERT, [["a"]])
    query = "select m::text from undone_side where m = %s::undone_mood[]"
    assert conn.execute(query, [["a"]]).fetchall() == [("{a}",)]


def by_rollback(conn):
    make(conn)
    use(conn)
    conn.rollback()


def by_text(conn):
    make(conn)
    use(conn)
    conn.execute("rollback")


def by_an_error(conn):
    with suppress(ZeroDivisionError), conn.transaction():
        make(conn)
        use(conn)
        raise ZeroDivisionError


def by_force(conn):
    with conn.transaction(force_rollback=True):
        make(conn)
        use(conn)


def in_part(conn):
    with conn.transaction(), suppress(ZeroDivisionError), conn.transaction():
        make(conn)
        use(conn)
        raise ZeroDivisionError


def in_part_by_text(conn):
    conn.execute("savepoint here")
    make(conn)
    use(conn)
    conn.execute("rollback to here")
    conn.commit()


def by_a_commit_that_fails(conn):
    make(conn)
    use(conn)
    with suppress(errors.SyntaxError):
        conn.execute("wat")
    with pytest.raises(errors.InFailedSqlTransaction):
        conn.commit()


def by_two_phases(conn):
    conn.tpc_begin("mood")
    make(conn)
    use(conn)
    conn.tpc_rollback()


def in_a_pipeline(conn):
    with conn.pipeline():
        make(conn)
        use(conn)
        conn.rollback()


def in_an_implicit_transaction(conn):
    conn.autocommit = True
    with suppress(errors.DivisionByZero), conn.pipeline():
        make(conn)
        conn.execute(INSERT, [["a"]])
        conn.execute("select 1 / 0")
    conn.autocommit = False


def in_a_do_block(conn):
    conn.execute(
        "do $$ begin create type undone_mood as enum ('a');"
        " create table undone_side (m undone_mood[]); end $$"
    )
    use(conn)
    conn.rollback()


def by_create_table_as(conn):
    make(conn)
    conn.execute("create table side_of_all as select * from undone_side")
    conn.execute("select * from side_of_all").fetchall()
    use(conn)
    conn.rollback()


WAYS = [
    by_rollback,
    by_text,
    by_an_error,
    by_force,
    in_part,
    in_part_by_text,
    by_a_commit_that_fails,
    by_two_phases,
    in_a_pipeline,
    in_an_implicit_transaction,
    in_a_do_block,
    by_create_table_as,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_undone(conn, way):
    for _ in range(4):
        way(conn)
    conn.rollback()


def test_undone_async(dsn):
    async def main():
        async with await howdah.AsyncConnection.connect(dsn, prepare_threshold=0) as conn:
            for _ in range(3):
                async with conn.transaction(force_rollback=True):
                    await conn.execute("create type undone_mood as enum ('a')")
                    await conn.execute("create table undone_side (m undone_mood[])")
                    await conn.execute(INSERT, [["a"]])
            for _ in range(3):
                await conn.execute("create type undone_mood as enum ('a')")
                await conn.execute("create table undone_side (m undone_mood[])")
                await conn.execute(INSERT, [["a"]])
                await conn.rollback()

    asyncio.run(main())


@pytest.mark.parametrize(
    "maker", ["explain (analyze) create table hidden as select {} as x", "call pg_temp.make('{}')"]
)
def test_tables_that_a_text_hides(conn, maker):
    create = "execute 'create table hidden as select ' || what || ' as x'"
    conn.execute(f"create procedure pg_temp.make(what text) language plpgsql as $$ begin {create}; end $$")
    conn.commit()
    for value in ("1", "current_date", "1", "1.5"):
        conn.execute(maker.format(value))
        conn.execute("select x from hidden").fetchall()
        conn.rollback()


@pytest.mark.parametrize("end", ["rollback", "savepoint", "pipeline", "commit"])
def test_plain_queries_keep_their_statements(conn, end):
    conn.execute("create temp table plain (i int)")
    conn.commit()
    conn.execute("select i from plain where i = %s", [1])
    before = conn.prepared()
    assert before
    conn.execute("/* a comment */ insert into plain values (1)", prepare=False)
    conn.execute("set local work_mem = '1MB'")
    conn.execute("select i from plain where i = %s", [1])
    if end == "rollback":
        conn.rollback()
    elif end == "commit":
        conn.execute("create temp table other (i int)")
        conn.commit()
        conn.execute("select i from plain where i = %s", [1])
        conn.rollback()
    elif end == "pipeline":
        with conn.pipeline():
            conn.execute("select i from plain where i = %s", [1])
            conn.rollback()
    else:
        with conn.transaction(force_rollback=True):
            conn.execute("select i from plain where i = %s", [1])
    assert conn.prepared().items() >= before.items()


def test_a_result_that_has_changed(conn):
    for kind in ["int"] * 7 + ["text"]:
        conn.execute(f"create table plan_t (x {kind})")
        conn.execute("select x from plan_t").fetchall()
        conn.rollback()


@pytest.mark.parametrize("alone", [True, False])
def test_a_type_that_another_connection_makes_anew(conn, dsn, alone):
    """It heals where the query can be repeated, and never fails twice."""
    with howdah.connect(dsn, autocommit=True) as other:
        other.execute("drop table if exists undone_side; drop type if exists undone_mood")
        try:
            make(other)
            for _ in range(3):
                conn.execute(INSERT, [["a"]])
            conn.commit()
            for _ in range(3):
                other.execute("drop table undone_side; drop type undone_mood")
                make(other)
                if alone:
                    conn.execute(INSERT, [["a"]])
                    conn.commit()
                    continue
                conn.execute("select 1")
                with suppress(errors.InternalError):
                    conn.execute(INSERT, [["a"]])
                conn.rollback()
                conn.execute("select 1")
                conn.execute(INSERT, [["a"]])
                conn.commit()
        finally:
            conn.rollback()
            other.execute("drop table undone_side; drop type undone_mood")


@pytest.fixture
def tenants(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        if conn.info.server_version < 180000:
            pytest.skip("the server does not report the search path")
        for name, columns in (("one", "a int, b text"), ("two", "a text"), ("three", "z date, a int")):
            conn.execute(f"drop schema if exists {name} cascade; create schema {name}")
            conn.execute(f"create table {name}.herd ({columns}); insert into {name}.herd (a) values ('1')")
        yield {"one": [(1, None)], "two": [("1",)], "three": [(None, 1)]}
        conn.execute("drop schema one, two, three cascade")


SETTERS = {
    "set local": "set local search_path = {}",
    "set": "set search_path = {}",
    "set_config": "select set_config('search_path', '{}', true)",
    "capitals": "SET LOCAL SEARCH_PATH TO {}",
}


@pytest.mark.parametrize("setter", SETTERS)
@pytest.mark.parametrize("pipelined", [False, True])
def test_statements_follow_the_search_path(dsn, tenants, setter, pipelined):
    with howdah.connect(dsn) as conn:
        for name in list(tenants) * 3:
            with conn.transaction():
                if pipelined:
                    with conn.pipeline():
                        conn.execute(SETTERS[setter].format(name))
                        cursors = [conn.execute("select * from herd") for _ in range(8)]
                        rows = [cur.fetchall() for cur in cursors]
                else:
                    conn.execute(SETTERS[setter].format(name))
                    rows = [conn.execute("select * from herd").fetchall() for _ in range(8)]
                assert rows == [tenants[name]] * 8
        if setter != "set":
            assert len([text for text in conn.prepared().values() if "herd" in text]) == 3


def test_an_implicit_transaction_that_sets_the_search_path(dsn, tenants):
    with howdah.connect(dsn, autocommit=True) as conn:
        for name in list(tenants) * 3:
            with conn.pipeline():
                conn.execute(f"set search_path = {name}")
                cursors = [conn.execute("select * from herd") for _ in range(8)]
                assert [cur.fetchall() for cur in cursors] == [tenants[name]] * 8


def test_explicit_statements_follow_it(dsn, tenants):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("set search_path = one")
        name = conn.prepare("select * from herd")
        for path in list(tenants) * 2:
            conn.execute(f"set search_path = {path}")
            for _ in range(2):
                assert conn.execute(f"execute {name}").fetchall() == tenants[path]


PREPARED = "select count(*) from pg_prepared_statements where name <> ''"


def test_queries_are_prepared_in_pipelines(dsn):
    with howdah.connect(dsn) as conn:
        with conn.pipeline():
            cursors = [conn.execute(PREPARED) for _ in range(20)]
        assert [cur.fetchone()[0] for cur in cursors] == [0] * 5 + [1] * 15
        assert conn.execute(PREPARED).fetchone() == (1,)


def test_an_aborted_pipeline_prepares_nothing(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        with suppress(errors.DivisionByZero), conn.pipeline():
            conn.execute("select 1 / 0")
            for _ in range(20):
                conn.execute(PREPARED)
        assert conn.prepared() == {}
        for _ in range(8):
            assert conn.execute(PREPARED).fetchone()[0] in (0, 1)


@pytest.mark.parametrize("command", ["set work_mem = '1MB'", "create table if not exists pg_temp.x ()"])
def test_other_commands_are_not_prepared_in_pipelines(dsn, command):
    with howdah.connect(dsn) as conn:
        with conn.pipeline():
            for _ in range(10):
                conn.execute(command)
        assert conn.prepared() == {}
        conn.rollback()


class TestNothingToBind:
    @pytest.mark.parametrize("params", [{}, [], ()], ids=repr)
    def test_several_statements(self, dsn, params):
        with howdah.connect(dsn) as conn:
            for _ in range(8):
                cur = conn.execute("select 1; select 2", params)
                assert [each.fetchone() for each in cur.results()] == [(1,), (2,)]
            assert howdah.ClientCursor(conn).execute("select 1; select 2", params).nextset()
            if params != {}:
                assert howdah.RawCursor(conn).execute("select 1; select 2", params).nextset()

    def test_several_statements_async(self, dsn):
        async def main():
            async with await howdah.AsyncConnection.connect(dsn) as conn:
                return (await conn.execute("select 1; select 2", {})).nextset()

        assert asyncio.run(main())

    def test_percent_signs(self, dsn):
        with howdah.connect(dsn) as conn:
            assert conn.execute("select '%%'", ()).fetchone() == ("%",)
            assert conn.execute("select '%%'").fetchone() == ("%%",)
            with pytest.raises(howdah.ProgrammingError):
                conn.execute("select 1", [1])
