"""COPY when things break: killed backends, cut connections; and how much memory it takes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import Any

import pytest

import howdah
from tests.plugins.copy.faces import Face
from tests.plugins.cutting import Cutter
from tests.servers import Server

pytestmark = pytest.mark.anyio

OUT = "COPY (SELECT i, repeat('x', 100) FROM generate_series(1, 3000000) i) TO STDOUT"


async def kill(db: Face, dsn: str) -> None:
    """End the backend of a connection."""
    with howdah.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [db.conn.info.backend_pid])


async def test_a_backend_killed_in_a_copy_in(db: Face, dsn: str) -> None:
    await db.execute("CREATE TEMP TABLE keyless (id int, name text)")
    with pytest.raises(howdah.OperationalError):
        async with db.copy("COPY keyless FROM STDIN") as copy:
            await copy.write("1\tx\n" * 100_000)
            await kill(db, dsn)
            for _ in range(1000):
                await copy.write("1\tx\n" * 100_000)
    assert db.conn.closed
    with pytest.raises(howdah.OperationalError):
        await db.execute("SELECT 1")


async def test_a_backend_killed_before_the_end_of_a_copy_in(db: Face, dsn: str) -> None:
    with pytest.raises(howdah.OperationalError):
        async with db.copy("COPY t FROM STDIN") as copy:
            await copy.write("1\tx\n")
            await kill(db, dsn)
    assert db.conn.closed


async def test_a_backend_killed_in_a_copy_out(db: Face, dsn: str) -> None:
    with pytest.raises(howdah.OperationalError):
        async with db.copy(OUT) as copy:
            await copy.read()
            await kill(db, dsn)
            async for _ in copy:
                pass
    assert db.conn.closed


async def test_an_exception_after_the_backend_is_gone(db: Face, dsn: str) -> None:
    for statement in ("COPY t FROM STDIN", OUT):
        fresh = await Face.connect("async" if db.asynchronous else "sync", dsn, autocommit=True)
        await fresh.execute("CREATE TEMP TABLE t (id int, name text)")
        with pytest.raises(ZeroDivisionError):
            async with fresh.copy(statement):
                await kill(fresh, dsn)
                1 / 0  # noqa: B018
        await fresh.call("close")


async def attempt(face: str, dsn: str, statement: str) -> None:
    db = await Face.connect(face, dsn, autocommit=True)
    try:
        async with db.copy(statement) as copy:
            if "STDIN" in statement:
                for i in range(2000):
                    await copy.write_row((i, "x" * 50))
            else:
                copy.set_types(["int4", "text"])
                async for row in copy.rows():
                    assert row[1] == "x" * 50
        assert await db.execute("SELECT 1") == [(1,)]
    finally:
        await db.call("close")


@pytest.mark.parametrize("direction", ["sent", "received"])
@pytest.mark.parametrize(
    "statement",
    ["COPY proxied FROM STDIN", "COPY (SELECT i, repeat('x', 50) FROM generate_series(1, 2000) i) TO STDOUT"],
    ids=["in", "out"],
)
async def test_a_connection_that_is_cut(face: str, server: Any, statement: str, direction: str) -> None:
    if not isinstance(server, Server):
        pytest.skip("the proxy goes to a server of ours")
    with howdah.connect(server.dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS proxied (id int, name text)")
        conn.execute("TRUNCATE proxied")
        for limit in [*range(1, 1200, 97), 5_000, 20_000, 65_000, 66_000, 100_000]:
            with Cutter(server, **{direction: limit}) as proxy:
                with contextlib.suppress(howdah.OperationalError):
                    await attempt(
                        face,
                        proxy.dsn,
                        statement,
                    )
            # All or nothing.
            (count,) = conn.execute("SELECT count(*) FROM proxied").fetchone() or (None,)
            assert count % 2000 == 0


MEMORY = """
import asyncio, resource, sys
import howdah

dsn, face, megabytes = sys.argv[1], sys.argv[2], int(sys.argv[3])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

OUT = f"COPY (SELECT repeat('x', 1000) FROM generate_series(1, {megabytes * 1000})) TO STDOUT"
IN = "COPY t FROM STDIN"
DROP_ROWS = '''
    CREATE FUNCTION pg_temp.drop_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER drop_row BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION pg_temp.drop_row()
'''

def blocking():
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TEMP TABLE t (name text)")
        conn.execute(DROP_ROWS)
        cur = conn.cursor()
        before = peak()
        size = 0
        with cur.copy(OUT) as copy:
            for data in copy:
                size += len(data)
        with cur.copy(OUT) as copy:
            for row in copy.rows():
                size += len(row[0])
        with cur.copy(IN) as copy:
            for i in range(megabytes):
                copy.write(b"x" * 999_999 + b"\\n")
        with cur.copy(IN) as copy:
            for i in range(megabytes):
                copy.write_row(("x" * 999_999,))
        assert size > 2 * megabytes * 1_000_000
    return peak() - before

async def asynchronous():
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute("CREATE TEMP TABLE t (name text)")
        await conn.execute(DROP_ROWS)
        cur = conn.cursor()
        before = peak()
        size = 0
        async with cur.copy(OUT) as copy:
            async for data in copy:
                size += len(data)
                if size < 1_000_000:
                    await asyncio.sleep(0.01)
        async with cur.copy(OUT) as copy:
            async for row in copy.rows():
                size += len(row[0])
        async with cur.copy(IN) as copy:
            for i in range(megabytes):
                await copy.write(b"x" * 999_999 + b"\\n")
        async with cur.copy(IN) as copy:
            for i in range(megabytes):
                await copy.write_row(("x" * 999_999,))
        assert size > 2 * megabytes * 1_000_000
    return peak() - before

print(blocking() if face == "sync" else asyncio.run(asynchronous()))
"""


async def test_memory_is_bounded(face: str, dsn: str) -> None:
    output = subprocess.run(
        [sys.executable, "-c", MEMORY, dsn, face, "100"],
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    ).stdout
    assert float(output) < 40
