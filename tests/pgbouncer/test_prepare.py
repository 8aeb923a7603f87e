"""Behind PgBouncer in transaction mode."""

from __future__ import annotations

import contextlib
import logging

import pytest

import howdah
from tests.pgbouncer import pooler
from tests.servers import Server

pytestmark = pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed")
KEEPS = pooler.KEEPS
loses = pytest.mark.skipif(KEEPS, reason="this PgBouncer keeps prepared statements")


@pytest.fixture(scope="module")
def bouncer(server):
    if not isinstance(server, Server):
        pytest.skip("PgBouncer needs a server of the suite's own behind it")
    with pooler.PgBouncer(server, *pooler.TRACKING) as bouncer:
        yield bouncer


@pytest.fixture
def connect(bouncer, conn_cls):
    """Returns connections through PgBouncer, closed at the end of the test."""
    with contextlib.ExitStack() as stack:

        def connect(**kwargs):
            conn = conn_cls.connect(bouncer.dsn, **kwargs)
            stack.callback(conn.close)
            return conn

        yield connect


def backend(conn):
    return conn.execute("SELECT pg_backend_pid()", prepare=False).fetchone()[0]


def run_on_both(conn, other, run):
    """Run something, and again on the other of the server's two connections."""
    run()
    # The pooler hands out the connection that came back last.
    other.rollback()
    other.execute("SELECT 1", prepare=False)
    run()
    other.rollback()


@pytest.fixture
def trio(connect):
    """Return a connection, another one, and the notices that the first gets."""
    conn, other = connect(autocommit=True), connect()
    noted = []
    conn.add_notice_handler(noted.append)
    return conn, other, noted


def test_it_runs_on_both(trio):
    """What the other tests rely on."""
    conn, other, _ = trio
    places = []
    run_on_both(conn, other, lambda: places.append(backend(conn)))
    assert len(set(places)) == 2


def test_connecting_falls_back_to_the_protocol_it_speaks(connect):
    conn = connect()
    assert conn.execute("SELECT %s::int", [1]).fetchone() == (1,)


def test_transactions_and_types_by_name(connect):
    conn = connect()
    conn.adapters.register_loader(
        "prepare_bouncer_mood", howdah.adapters.get_loader(25, howdah.pq.Format.TEXT)
    )
    with conn.transaction(force_rollback=True):
        conn.execute("CREATE TYPE prepare_bouncer_mood AS ENUM ('glad')")
        assert conn.execute("SELECT 'glad'::prepare_bouncer_mood").fetchone() == ("glad",)
    conn.rollback()
    conn.read_only = True
    conn.execute("SELECT 1")
    with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
        conn.execute("CREATE TABLE no (a int)")


@loses
@pytest.mark.parametrize("autocommit", [True, False])
def test_automatic_ones(trio, autocommit, caplog):
    conn, other, noted = trio
    conn.autocommit = autocommit
    conn.prepare_threshold = 0

    def run():
        assert conn.execute("SELECT %s::int", [1]).fetchone() == (1,)
        conn.commit()

    with caplog.at_level(logging.WARNING, "howdah"):
        run_on_both(conn, other, run)
    assert conn.prepared() == {}
    assert len(noted) == 1
    assert noted[0].severity == "WARNING"
    assert "pooler" in noted[0].message_primary
    assert "max_prepared_statements" in noted[0].message_hint
    assert [record.name for record in caplog.records] == ["howdah"]
    for _ in range(3):
        run_on_both(conn, other, run)
    assert len(noted) == 1


@loses
@pytest.mark.parametrize("value", [1, "1", 1.0])
@pytest.mark.parametrize("autocommit", [True, False])
def test_explicit_ones_work_without_a_name(trio, autocommit, value):
    conn, other, noted = trio
    conn.autocommit = autocommit
    name = conn.prepare("SELECT $1::int, $1::text IS NULL")

    def run():
        assert conn.execute(f"EXECUTE {name} (%s)", [value]).fetchone() == (1, False)
        conn.commit()

    for _ in range(3):
        run_on_both(conn, other, run)
    assert len(noted) == 1
    assert conn.prepared() == {name: "SELECT $1::int, $1::text IS NULL"}
    later = conn.prepare("SELECT $1 + 1")
    run_on_both(conn, other, lambda: conn.execute(f"EXECUTE {later} (%s)", [1]) and conn.commit())


@loses
def test_a_name_that_another_client_has_taken(trio):
    conn, other, noted = trio
    other.autocommit = True
    other.prepare("SELECT 1", "taken")
    conn.prepare("SELECT 2", "taken")
    assert conn.execute("EXECUTE taken").fetchone() == (2,)
    assert len(noted) == 1


@loses
def test_in_a_transaction_block(trio):
    conn, other, noted = trio
    conn.execute("SELECT 'block'", prepare=True)
    other.execute("SELECT 1", prepare=False)
    with pytest.raises(howdah.errors.InvalidSqlStatementName, match="HINT"), conn.transaction():
        conn.execute("SELECT 'block'")
    with conn.transaction():
        assert conn.execute("SELECT 'block'").fetchone() == ("block",)
    assert len(noted) == 1
    assert conn.prepared() == {}


@pytest.mark.skipif(not KEEPS, reason="this PgBouncer does not keep prepared statements")
def test_kept(trio):
    conn, other, noted = trio
    name = conn.prepare("SELECT $1::int")

    def run():
        assert conn.execute("SELECT %s::int", [1], prepare=True).fetchone() == (1,)
        assert conn.execute(f"EXECUTE {name} (%s)", [1]).fetchone() == (1,)

    for _ in range(3):
        run_on_both(conn, other, run)
    assert len(conn.prepared()) == 2
    assert noted == []


@loses
@pytest.mark.anyio
async def test_async(bouncer, aconn_cls):
    noted = []
    async with (
        await aconn_cls.connect(bouncer.dsn, autocommit=True, prepare_threshold=0) as conn,
        await aconn_cls.connect(bouncer.dsn) as other,
    ):
        conn.add_notice_handler(noted.append)
        name = await conn.prepare("SELECT $1::int")
        for _ in range(3):
            for query in ("SELECT %s::int", f"EXECUTE {name} (%s)"):
                cursor = await conn.execute(query, [1])
                assert await cursor.fetchone() == (1,)
                await other.execute("SELECT 1", prepare=False)
                cursor = await conn.execute(query, [1])
                assert await cursor.fetchone() == (1,)
                await other.rollback()
    assert len(noted) == 1
