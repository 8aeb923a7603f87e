"""A pipeline that ends without an exception has committed its work, in autocommit mode, too."""

from __future__ import annotations

import asyncio

import pytest

import howdah
from howdah import errors

TABLE = "create temp table told (i int unique deferrable initially deferred)"
INSERT = "insert into told values (1)"
COUNT = "select count(*) from told"


@pytest.fixture
def conn(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(TABLE)
        yield conn


def fail(conn):
    with pytest.raises(errors.DivisionByZero):
        conn.execute("select 1 / 0").fetchall()


def executed(conn):
    conn.execute(INSERT)


def prepared(conn):
    for i in range(3):
        conn.execute("insert into told values (%s)", [i], prepare=True)


def read(conn):
    conn.execute(INSERT + " returning i").fetchall()


def many(conn):
    conn.cursor().executemany("insert into told values (%s)", [(1,), (2,)])


def many_returning(conn):
    cursor = conn.cursor()
    cursor.executemany("insert into told values (%s) returning i", [(1,), (2,)], returning=True)


def with_query(conn):
    conn.execute("\n with n as (insert into told values (%s) returning i) select i from n", [1]).fetchall()


@pytest.mark.parametrize("change", [executed, prepared, read, with_query, many, many_returning])
def test_changes_undone_by_a_caught_error_are_told(conn, change):
    with pytest.raises(errors.InFailedSqlTransaction, match="rolled back"), conn.pipeline():
        change(conn)
        fail(conn)
    assert conn.execute(COUNT).fetchone() == (0,)


@pytest.mark.parametrize(
    "query",
    [
        "/* a comment */ with n as (insert into told values (1) returning i) select i from n",
        "-- a comment\n with n as (delete from told returning i) select i from n",
        "create temp table made as select 1 as i",
        "select 1 as i into temp made",
        "create materialized view made as select 1 as i",
        "explain (analyze) insert into told values (1)",
        "explain analyze create temp table made as select 1 as i",
        "listen told",
    ],
)
def test_changes_that_the_command_tag_does_not_tell(conn, query):
    with pytest.raises(errors.InFailedSqlTransaction, match="rolled back"), conn.pipeline():
        conn.execute(query)
        fail(conn)
    assert conn.execute("select to_regclass('made'), count(*) from told").fetchone() == (None, 0)


@pytest.mark.parametrize(
    "query",
    [
        "select 'into'",
        "with n as (select i from told for update) select i from n",
        "with n as (select i from told for no key update) select i from n",
        "with n as (select 'insert' as i) select i /* update */ from n -- delete",
        "explain insert into told values (1)",
        "show all",
    ],
)
def test_queries_that_only_mention_changes_are_no_loss(conn, query):
    with conn.pipeline():
        conn.execute(query)
        fail(conn)


def test_asynchronous(dsn):
    async def main():
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            await conn.execute(TABLE)
            with pytest.raises(errors.InFailedSqlTransaction, match="rolled back"):
                async with conn.pipeline():
                    await conn.execute(INSERT)
                    with pytest.raises(errors.DivisionByZero):
                        await (await conn.execute("select 1 / 0")).fetchall()
            return await (await conn.execute(COUNT)).fetchone()

    assert asyncio.run(main()) == (0,)


TWICE = "insert into told values (1), (1) returning i"


def twice(conn):
    conn.execute(TWICE)


def twice_read(conn):
    assert len(conn.execute(TWICE).fetchall()) == 2


def twice_many(conn):
    conn.cursor().executemany("insert into told values (%s)", [(1,), (1,)])


def twice_cached(conn):
    for _ in range(20):
        conn.execute("insert into told values (%s)", [1])


@pytest.mark.parametrize("change", [twice, twice_read, twice_many, twice_cached])
@pytest.mark.parametrize("end", ["block", "inner block", "sync", "commit", "transaction", "copy"])
def test_a_segment_that_cannot_be_committed(conn, change, end):
    """The error comes in answer to Sync, when every query of the segment has succeeded."""

    def run(pipeline):
        change(conn)
        if end == "sync":
            pipeline.sync()
        elif end == "commit":
            conn.commit()
        elif end == "transaction":
            with conn.transaction():
                conn.execute("select 1")
        elif end == "copy":
            with conn.cursor().copy("copy told from stdin"):
                pass

    if end == "inner block":
        with conn.pipeline():
            with pytest.raises(errors.UniqueViolation), conn.pipeline() as pipeline:
                run(pipeline)
            conn.execute(INSERT)
    else:
        with pytest.raises(errors.UniqueViolation), conn.pipeline() as pipeline:
            run(pipeline)
        conn.execute(INSERT)
    assert conn.execute(COUNT).fetchone() == (1,)


def test_changes_in_front_of_a_transaction_are_told(conn):
    with pytest.raises(errors.InFailedSqlTransaction, match="rolled back"), conn.pipeline():
        conn.execute(INSERT)
        fail(conn)
        with conn.transaction():
            conn.execute("insert into told values (2)")
    assert conn.execute("select i from told").fetchall() == [(2,)]


def test_what_was_only_read_is_no_loss(conn):
    with conn.pipeline():
        conn.execute("select 1")
        fail(conn)


def test_what_sync_has_committed_is_no_loss(conn):
    with conn.pipeline() as pipeline:
        conn.execute(INSERT)
        pipeline.sync()
        fail(conn)
    assert conn.execute(COUNT).fetchone() == (1,)


def test_what_a_transaction_has_committed_is_no_loss(conn):
    with conn.pipeline():
        with conn.transaction():
            conn.execute(INSERT)
        fail(conn)
    assert conn.execute(COUNT).fetchone() == (1,)


def test_sync_gives_up_a_failed_segment(conn):
    with conn.pipeline() as pipeline:
        conn.execute(INSERT)
        fail(conn)
        pipeline.sync()
        conn.execute(INSERT)
    assert conn.execute(COUNT).fetchone() == (1,)


def test_a_transaction_that_failed_and_was_caught_is_not_told_twice(conn):
    with conn.pipeline():
        with pytest.raises(errors.DivisionByZero), conn.transaction():
            conn.execute(INSERT)
            conn.execute("select 1 / 0").fetchall()
        conn.execute(INSERT)
    assert conn.execute(COUNT).fetchone() == (1,)


def test_the_exception_that_leaves_the_block_is_what_the_program_sees(conn):
    with pytest.raises(KeyError), conn.pipeline():
        conn.execute(INSERT)
        fail(conn)
        raise KeyError
