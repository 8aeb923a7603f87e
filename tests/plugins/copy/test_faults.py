"""COPY when the backend is killed or the connection is cut."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import howdah
from tests.plugins.copy.sides import Side
from tests.plugins.cutting import Cutter
from tests.servers import Server

pytestmark = pytest.mark.anyio


class Ending(howdah.adapt.Loader):
    """Raises what ends an iteration."""

    def load(self, data: Any) -> Any:
        raise StopIteration


OUT = "COPY (SELECT i, repeat('x', 100) FROM generate_series(1, 3000000) i) TO STDOUT"


async def kill(db: Side, dsn: str) -> None:
    """End the backend of a connection."""
    with howdah.connect(dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [db.conn.info.backend_pid])


async def test_a_backend_killed_in_a_copy_in(db: Side, dsn: str) -> None:
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


async def test_a_backend_killed_before_the_end_of_a_copy_in(db: Side, dsn: str) -> None:
    with pytest.raises(howdah.OperationalError):
        async with db.copy("COPY t FROM STDIN") as copy:
            await copy.write("1\tx\n")
            await kill(db, dsn)
    assert db.conn.closed


async def test_a_backend_killed_in_a_copy_out(db: Side, dsn: str) -> None:
    with pytest.raises(howdah.OperationalError):
        async with db.copy(OUT) as copy:
            await copy.read()
            await kill(db, dsn)
            async for _ in copy:
                pass
    assert db.conn.closed


async def test_an_exception_after_the_backend_is_gone(db: Side, dsn: str) -> None:
    for statement in ("COPY t FROM STDIN", OUT):
        fresh = await Side.connect("async" if db.asynchronous else "sync", dsn, autocommit=True)
        await fresh.execute("CREATE TEMP TABLE t (id int, name text)")
        with pytest.raises(ZeroDivisionError):
            async with fresh.copy(statement):
                await kill(fresh, dsn)
                1 / 0  # noqa: B018
        await fresh.call("close")


async def attempt(side: str, dsn: str, statement: str) -> None:
    db = await Side.connect(side, dsn, autocommit=True)
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
async def test_a_connection_that_is_cut(side: str, server: Any, statement: str, direction: str) -> None:
    if not isinstance(server, Server):
        pytest.skip("the proxy goes to a server of ours")
    with howdah.connect(server.dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS proxied (id int, name text)")
        conn.execute("TRUNCATE proxied")
        for limit in [*range(1, 1200, 97), 5_000, 20_000, 65_000, 66_000, 100_000]:
            with Cutter(server, **{direction: limit}) as proxy:
                with contextlib.suppress(howdah.OperationalError):
                    await attempt(
                        side,
                        proxy.dsn,
                        statement,
                    )
            # All or nothing.
            (count,) = conn.execute("SELECT count(*) FROM proxied").fetchone() or (None,)
            assert count % 2000 == 0


@pytest.mark.parametrize("value", ["1", r"'a\b'"])
@pytest.mark.parametrize("format", ["text", "binary"])
async def test_a_loader_that_raises_stop_iteration(db: Side, format: str, value: str) -> None:
    """It must not look like the end of the rows."""
    for name in ("int4", "text"):
        db.conn.adapters.register_loader(
            name, type("Ending", (Ending,), {"format": howdah.pq.Format[format.upper()]})
        )
    async with db.copy(f"COPY (SELECT {value}) TO STDOUT (FORMAT {format})") as copy:
        copy.set_types(["int4" if value == "1" else "text"])
        with pytest.raises(RuntimeError, match="a loader raised StopIteration"):
            _ = [row async for row in copy.rows()]
