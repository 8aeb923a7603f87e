"""COPY where it is not possible, and other queries during a COPY: no connection and no query is harmed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import howdah
from howdah.client.query import copies_in

pytestmark = pytest.mark.anyio

STATEMENT = "/* all */ COPY t FROM STDIN"


@pytest.mark.parametrize(
    ("text", "copies"),
    [
        (b"copy t from stdin", True),
        (b"\n -- a * comment\n /* and * another */COPY t (a, b) FROM/**/STDIN WITH CSV", True),
        (b'COPY "from; "  FROM STDIN', True),
        (b"COPY t FROM '/tmp/stdin'", False),
        (b"COPY t TO STDOUT", False),
        (b"COPY (SELECT * FROM stdin) TO '/tmp/file'", False),
        (b"copyist FROM STDIN", False),
        (b"SELECT 'COPY t FROM STDIN'", False),
        (b"-- COPY t FROM STDIN\nSELECT 1", False),
        (b"", False),
    ],
)
async def test_it_is_recognised(text: bytes, copies: bool) -> None:
    assert copies_in(text) == copies


@pytest.fixture(params=[True, False])
def autocommit(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_executemany(dsn: str, autocommit: bool) -> None:
    with howdah.connect(dsn, autocommit=autocommit) as conn:
        conn.execute("CREATE TEMP TABLE t (a int)")
        for block in (conn.transaction, conn.pipeline):
            with pytest.raises(howdah.ProgrammingError, match=r"executemany.*copy\(\)"), block():
                conn.cursor().executemany(STATEMENT, [(), ()])
            assert conn.execute("SELECT count(*) FROM t").fetchone() == (0,)


async def test_executemany_async(dsn: str, autocommit: bool) -> None:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=autocommit) as conn:
        await conn.execute("CREATE TEMP TABLE t (a int)")
        for block in (conn.transaction, conn.pipeline):
            with pytest.raises(howdah.ProgrammingError, match=r"executemany.*copy\(\)"):
                async with block():
                    await conn.cursor().executemany(STATEMENT, [(), ()])
            assert await (await conn.execute("SELECT count(*) FROM t")).fetchone() == (0,)


def test_pipeline(dsn: str, autocommit: bool) -> None:
    with howdah.connect(dsn, autocommit=autocommit) as conn:
        conn.execute("CREATE TEMP TABLE t (a int)")
        with conn.pipeline():
            before = conn.execute("SELECT 1")
            with pytest.raises(howdah.ProgrammingError, match=r"execute.*copy\(\)"):
                conn.execute(STATEMENT)
            behind = conn.execute("SELECT 2")
        assert (before.fetchone(), behind.fetchone()) == ((1,), (2,))


async def test_pipeline_async(dsn: str, autocommit: bool) -> None:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=autocommit) as conn:
        await conn.execute("CREATE TEMP TABLE t (a int)")
        async with conn.pipeline():
            before = await conn.execute("SELECT 1")
            with pytest.raises(howdah.ProgrammingError, match=r"execute.*copy\(\)"):
                await conn.execute(STATEMENT)
            behind = await conn.execute("SELECT 2")
        assert (await before.fetchone(), await behind.fetchone()) == ((1,), (2,))


async def test_among_the_queries_of_other_tasks(dsn: str) -> None:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute("CREATE TEMP TABLE t (a int)")

        async def query(text: str) -> Any:
            return await (await conn.execute(text)).fetchone()

        answers = await asyncio.gather(
            query("SELECT 1"), query(STATEMENT), query("SELECT 2"), query("SELECT 3"), return_exceptions=True
        )
        assert isinstance(answers[1], howdah.ProgrammingError)
        assert [answers[0], *answers[2:]] == [(1,), (2,), (3,)]


def test_prepare(conn: howdah.Connection[Any]) -> None:
    conn.execute("CREATE TEMP TABLE t (a int)")
    with pytest.raises(howdah.ProgrammingError, match=r"prepare.*copy\(\)"):
        conn.prepare(STATEMENT)
    assert conn.execute("SELECT 1").fetchone() == (1,)


async def test_prepare_async(aconn: howdah.AsyncConnection[Any]) -> None:
    await aconn.execute("CREATE TEMP TABLE t (a int)")
    with pytest.raises(howdah.ProgrammingError, match=r"prepare.*copy\(\)"):
        await aconn.prepare(STATEMENT)
    assert await (await aconn.execute("SELECT 1")).fetchone() == (1,)


@pytest.mark.parametrize("way", ["execute", "itersize", "stream", "script", "out"])
def test_alone(dsn: str, way: str, autocommit: bool) -> None:
    with howdah.connect(dsn, autocommit=autocommit) as conn:
        conn.execute("CREATE TEMP TABLE t (a int)")
        conn.commit()
        cur = conn.cursor()
        with pytest.raises(howdah.ProgrammingError, match=r"copy\(\)"):
            if way == "stream":
                list(cur.stream(STATEMENT))
            elif way == "script":
                cur.execute(f"SELECT 1; {STATEMENT}; SELECT 2")
            elif way == "out":
                cur.executemany("COPY (SELECT 1) TO STDOUT", [(), ()])
            else:
                cur.itersize = 5 if way == "itersize" else None
                cur.execute(STATEMENT)
        conn.rollback()
        assert conn.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_portal_closed_in_the_block(conn: howdah.Connection[Any]) -> None:
    conn.execute("CREATE TEMP TABLE t (a int)")
    cur = conn.cursor()
    cur.itersize = 1
    assert cur.execute("SELECT generate_series(1, 3)").fetchone() == (1,)
    with conn.cursor().copy("COPY t FROM STDIN") as copy:
        copy.write_row([1])
        cur.close()
        copy.write_row([2])
    assert conn.execute("SELECT a FROM t").fetchall() == [(1,), (2,)]


async def test_a_portal_closed_in_the_block_async(aconn: howdah.AsyncConnection[Any]) -> None:
    await aconn.execute("CREATE TEMP TABLE t (a int)")
    cur = aconn.cursor()
    cur.itersize = 1
    await cur.execute("SELECT generate_series(1, 3)")
    assert await cur.fetchone() == (1,)
    async with aconn.cursor().copy("COPY t FROM STDIN") as copy:
        await copy.write_row([1])
        await cur.close()
        await copy.write_row([2])
    assert await (await aconn.execute("SELECT a FROM t")).fetchall() == [(1,), (2,)]
