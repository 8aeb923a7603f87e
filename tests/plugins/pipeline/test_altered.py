"""A prepared query after a command of the same pipeline that changes what it returns."""

from __future__ import annotations

import asyncio

import pytest

import howdah

QUERY = "select * from altered"
COMMANDS = {
    "alter": ("alter table altered add j int default 2", (1, 2)),
    "comment": ("/* a comment */ alter table altered alter i type text", ("1",)),
    "drop": ("drop table altered_first", (1,)),
    "deallocate": ("deallocate all", (1,)),
}


@pytest.fixture
def conn(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("drop schema if exists pipeline_altered cascade")
        conn.execute("create schema pipeline_altered")
        conn.execute("set search_path to pipeline_altered")
        conn.execute("create table altered as select 1 as i")
        conn.execute("create table altered_first ()")
        yield conn
        conn.execute("drop schema pipeline_altered cascade")


@pytest.mark.parametrize("prepare", [None, True])
@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(("command", "row"), COMMANDS.values(), ids=COMMANDS)
def test_the_query_is_parsed_anew(conn, command, row, autocommit, prepare):
    conn.autocommit = autocommit
    for _ in range(10):
        assert conn.execute(QUERY, prepare=prepare).fetchone() == (1,)
    with conn.pipeline():
        before = [conn.execute(QUERY, prepare=prepare) for _ in range(3)]
        conn.execute(command)
        after = [conn.execute(QUERY, prepare=prepare) for _ in range(10)]
        assert [cursor.fetchone() for cursor in before] == [(1,)] * 3
        assert [cursor.fetchone() for cursor in after] == [row] * 10
        after = [conn.execute(QUERY, prepare=prepare) for _ in range(10)]
        assert [cursor.fetchone() for cursor in after] == [row] * 10
    conn.rollback()
    conn.autocommit = True


def test_in_a_transaction_after_the_command(conn):
    for _ in range(10):
        conn.execute(QUERY)
    with conn.pipeline():
        conn.execute("alter table altered add j int default 2")
        with conn.transaction():
            assert conn.execute(QUERY).fetchone() == (1, 2)


def test_the_query_has_been_parsed_in_the_same_segment(conn):
    with conn.pipeline():
        before = conn.execute(QUERY, prepare=True)
        conn.execute("alter table altered add j int default 2")
        after = conn.execute(QUERY, prepare=True)
        assert before.fetchone() == (1,)
        assert after.fetchone() == (1, 2)


@pytest.mark.parametrize("command", ["set search_path to public", "drop table altered_first"])
def test_an_execute_after_the_command(conn, command):
    conn.prepare("select $1::int", "echo")
    with conn.pipeline():
        conn.execute(command)
        assert conn.execute("execute echo (%s)", [3]).fetchone() == (3,)
    conn.execute("set search_path to pipeline_altered")


def test_asynchronous(dsn):
    async def main():
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            await conn.execute("create temp table altered as select 1 as i")
            for _ in range(10):
                await conn.execute(QUERY)
            async with conn.pipeline():
                await conn.execute("alter table altered add j int default 2")
                return await (await conn.execute(QUERY)).fetchone()

    assert asyncio.run(main()) == (1, 2)
