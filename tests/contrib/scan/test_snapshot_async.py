"""The snapshot: what is read at it while others write, what it locks, and what becomes of it."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import pytest

import howdah
from howdah import errors
from howdah.conninfo import make_conninfo
from howdah_scan import AsyncScan, SnapshotLost
from howdah_scan.planning_async import AsyncPlanner
from howdah_scan.reading_async import AsyncReader
from howdah_scan.task import BATCH_BYTES
from tests.interrupting import Interrupted, InterruptingLock
from tests.plugins.pool.clients import until_async

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import is_trio
    from tests.tasks import start

    pytestmark = pytest.mark.anyio
else:
    from tests.contrib.replication.beside import start

_REWRITES = [
    "TRUNCATE changing",
    "VACUUM FULL changing",
    "CLUSTER changing USING changing_pkey",
    "DROP TABLE changing",
    "ALTER TABLE changing ADD extra int",
]


@pytest.fixture
def changing(db: howdah.Connection[Any]) -> str:
    """The name of a table that is created anew for each test."""
    db.execute("DROP TABLE IF EXISTS changing CASCADE")
    db.execute(
        "CREATE TABLE changing (id int PRIMARY KEY, n int, pad text) WITH (autovacuum_enabled = false)"
    )
    db.execute("INSERT INTO changing SELECT i, 0, repeat('x', 200) FROM generate_series(1, 1500) AS i")
    return "changing"


async def _rows(tasks: Any) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for task in tasks:
        table = await pickle.loads(pickle.dumps(task)).read_async()
        rows += zip(*(column.to_pylist() for column in table.columns))
    return sorted(rows)


async def test_rows_are_those_of_the_snapshot_while_others_write(scan_dsn, changing):
    async with await howdah.AsyncConnection.connect(scan_dsn, autocommit=True) as conn:
        for number in range(3):
            expected = await (await conn.execute("SELECT * FROM changing ORDER BY id")).fetchall()
            async with AsyncScan(scan_dsn, changing, partitions=5) as scan:
                for task_number, _ in enumerate(scan.tasks):
                    first = 10000 * (number + 1) + 1000 * task_number
                    await conn.execute("UPDATE changing SET n = n + 1 WHERE id %% 3 = %s", (number,))
                    await conn.execute("DELETE FROM changing WHERE id %% 7 = %s", (task_number,))
                    await conn.execute(
                        "INSERT INTO changing SELECT i, -1, 'y' FROM generate_series(%s::int, %s) AS i",
                        (first, first + 300),
                    )
                    await conn.execute("VACUUM changing")
                    # A second reading of some tasks is a retry.
                    assert await _rows(scan.tasks[:1]) == await _rows(scan.tasks[:1])
                assert await _rows(scan.tasks) == expected


@pytest.mark.parametrize("statement", _REWRITES)
async def test_nobody_rewrites_the_table_meanwhile(statement, scan_dsn, changing):
    async with await howdah.AsyncConnection.connect(scan_dsn, autocommit=True) as conn:
        await conn.execute("SET lock_timeout = '50ms'")
        async with AsyncScan(scan_dsn, changing, partitions=2) as scan:
            with pytest.raises(errors.LockNotAvailable):
                await conn.execute(statement)
            assert len(await _rows(scan.tasks)) == 1500
        await conn.execute("SET lock_timeout = 0")
        await conn.execute(statement)


async def test_partitions_are_locked_too(scan_dsn, changing):
    async with await howdah.AsyncConnection.connect(scan_dsn, autocommit=True) as conn:
        await conn.execute("DROP TABLE IF EXISTS parent; CREATE TABLE parent (id int) PARTITION BY LIST (id)")
        await conn.execute("CREATE TABLE leaf PARTITION OF parent DEFAULT; SET lock_timeout = '50ms'")
        for source in ("parent", "SELECT * FROM parent"):
            async with AsyncScan(scan_dsn, source):
                for statement in (
                    "TRUNCATE leaf",
                    "ALTER TABLE parent DETACH PARTITION leaf",
                    "DROP TABLE leaf",
                ):
                    with pytest.raises(errors.LockNotAvailable):
                        await conn.execute(statement)
        await conn.execute("DROP TABLE parent")


@pytest.mark.parametrize("how", ["blocks", "key", "through the parent"])
async def test_a_partition_that_is_attached_meanwhile(scan_dsn, db, how):
    """It is in no task, although a query through the parent would read it even in an old snapshot."""
    db.execute(
        "DROP TABLE IF EXISTS parent, later;"
        "CREATE TABLE parent (id int, r text); CREATE TABLE first () INHERITS (parent);"
        "CREATE TABLE later (id int, r text);"
        "INSERT INTO first SELECT i, 'a' FROM generate_series(1, 1000) i;"
        "INSERT INTO later SELECT i, 'b' FROM generate_series(1, 1000) i"
    )
    if how == "through the parent":  # whose user may not read the children
        db.execute("CREATE ROLE scan_of_parent LOGIN; GRANT SELECT ON parent TO scan_of_parent")
        scan_dsn = make_conninfo(scan_dsn, user="scan_of_parent")
    key = "id" if how == "key" else None
    async with AsyncScan(scan_dsn, "parent", partitions=4, key=key) as scan:
        rows = await _rows(scan.tasks[:1])
        db.execute("ALTER TABLE later INHERIT parent")
        rows += await _rows(scan.tasks[1:])
        assert sorted(rows) == [(i, "a") for i in range(1, 1001)]
    db.execute("DROP TABLE parent, first, later; DROP ROLE IF EXISTS scan_of_parent")


@pytest.mark.parametrize("key", [None, "id"])
@pytest.mark.parametrize("source", ["rows", "rows_view"])
@pytest.mark.parametrize("how", ["a schema is renamed", "the search path"])
async def test_a_name_that_another_relation_gets(scan_dsn, db, source, key, how):
    """No lock prevents that: tasks that begin later do not return the rows of the other relation."""
    for schema, value in (("live", 1), ("next", 2)):
        db.execute(
            f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema};"
            f"CREATE TABLE {schema}.rows AS SELECT i AS id, {value} AS n FROM generate_series(1, 1000) i;"
            f"CREATE VIEW {schema}.rows_view AS SELECT * FROM {schema}.rows"
        )
    name, change = f"live.{source}", "ALTER SCHEMA live RENAME TO former; ALTER SCHEMA next RENAME TO live"
    if how == "the search path":
        name, change = source, "ALTER SCHEMA next RENAME TO preferred"
        scan_dsn = make_conninfo(scan_dsn, options="-csearch_path=preferred,live")
    async with AsyncScan(scan_dsn, name, partitions=2, key=key) as scan:
        rows = await _rows(scan.tasks[:1])
        db.execute(change)
        if how == "a schema is renamed" or key is not None:
            with pytest.raises(SnapshotLost, match="another relation"):
                await _rows(scan.tasks)
        else:  # the tasks have the name with its schema
            rows += await _rows(scan.tasks[1:])
            assert sorted(rows) == [(i, 1) for i in range(1, 1001)]
    db.execute("DROP SCHEMA IF EXISTS live, former, next, preferred CASCADE")


@pytest.mark.parametrize("key", [None, "id"])
@pytest.mark.parametrize("source", ["changing", "some columns", "of_changing", "SELECT * FROM changing"])
async def test_a_table_that_is_loaded_anew_as_the_scan_opens(scan_dsn, db, changing, source, key):
    """To a snapshot from before, it would be empty."""

    async def open_and_read():
        scan = AsyncScan(conninfo, source, partitions=2, key=key, columns=["id", "n"], keep_alive=None)
        async with scan:
            return await _rows(scan.tasks)

    conninfo = scan_dsn
    if source == "some columns":  # then the user may not lock the table
        db.execute("CREATE ROLE scan_of_columns LOGIN; GRANT SELECT (id, n) ON changing TO scan_of_columns")
        conninfo, source = make_conninfo(scan_dsn, user="scan_of_columns"), "changing"
    db.execute("DROP VIEW IF EXISTS of_changing; CREATE VIEW of_changing AS SELECT * FROM changing")
    async with await howdah.AsyncConnection.connect(scan_dsn) as conn:
        await conn.execute("TRUNCATE changing")
        await conn.execute("INSERT INTO changing SELECT i, 1, 'new' FROM generate_series(1, 100) AS i")
        reading = start(open_and_read)
        waiting = "SELECT FROM pg_locks WHERE relation = 'changing'::regclass AND NOT granted"
        await until_async(lambda: db.execute(waiting).fetchall())
        await conn.commit()
        assert await reading.result() == [(i, 1) for i in range(1, 101)]
    db.execute("DROP TABLE changing CASCADE; DROP ROLE IF EXISTS scan_of_columns")


async def test_a_closed_scan(scan_dsn, db):
    scan = AsyncScan(scan_dsn, "heap")
    for name in ("tasks", "schema", "snapshot", "consistent"):
        with pytest.raises(howdah.InterfaceError, match="not open"):
            getattr(scan, name)
    async with scan:
        (task,) = scan.tasks
        with pytest.raises(howdah.InterfaceError, match="open already"):
            await scan.open()
        backend = scan._connection.info.backend_pid
    ended = f"SELECT FROM pg_stat_activity WHERE pid = {backend}"
    await until_async(lambda: not db.execute(ended).fetchall())  # it may take a moment
    with pytest.raises(SnapshotLost, match="begin it again"):
        await task.read_async()
    await scan.close()


async def test_a_lost_coordinator(scan_dsn, changing):
    """What begins later fails; what has begun goes on, and is right."""
    async with await howdah.AsyncConnection.connect(scan_dsn, autocommit=True) as conn:
        scan = AsyncScan(scan_dsn, changing, partitions=2, keep_alive=None)
        async with scan:
            await scan.check()
            batches = scan.tasks[0].batches_async(batch_rows=10)
            first = await anext(batches)
            await conn.execute(
                "SELECT pg_terminate_backend(pid, 60000) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE relation = 'changing'::regclass AND state = 'idle in transaction'"
            )
            with pytest.raises(SnapshotLost, match="begin it again"):
                await scan.tasks[1].read_async()
            with pytest.raises(SnapshotLost, match="begin it again"):
                await scan.read(workers=2)
            with pytest.raises(SnapshotLost, match="connection of the scan is lost"):
                await scan.check()
            rows = first.num_rows
            async for batch in batches:
                rows += batch.num_rows
            count = f"SELECT count(*) FROM changing WHERE {scan.tasks[0].pieces[0].predicate}"
            assert (rows,) == await (await conn.execute(count)).fetchone()


@pytest.mark.parametrize("statement", ["VACUUM FULL changing", "TRUNCATE changing"])
@pytest.mark.parametrize("key", [None, "id"])
async def test_a_table_that_was_rewritten_after_the_loss(scan_dsn, changing, key, statement):
    """A worker that has the snapshot, but had not locked the table when the scan was lost."""
    async with await howdah.AsyncConnection.connect(scan_dsn, autocommit=True) as conn:
        scan = AsyncScan(scan_dsn, changing, partitions=2, key=key, keep_alive=None)
        async with scan:
            reader = AsyncReader()
            task = scan.tasks[1]
            await reader._open(task, task.pieces[0])
            await conn.execute("SELECT pg_terminate_backend(%s, 60000)", (scan._connection.info.backend_pid,))
            await conn.execute(statement)
            with pytest.raises(SnapshotLost, match="rewritten"):
                async for _ in reader.read(task, 100, BATCH_BYTES):
                    pass
            await reader.aclose()


async def test_an_interruption_before_the_block_closes_the_scan(scan_dsn, changing, db, monkeypatch):
    async def connected_and_interrupted(scan):
        await connect(scan)
        raise KeyboardInterrupt

    connect = AsyncScan._connect
    monkeypatch.setattr(AsyncScan, "_connect", connected_and_interrupted)
    scan = AsyncScan(scan_dsn, changing)
    with pytest.raises(KeyboardInterrupt):
        async with scan:
            pytest.fail("the block is entered")
    with pytest.raises(howdah.InterfaceError, match="not open"):
        scan.tasks  # noqa: B018
    db.execute("DROP TABLE changing")  # it is not locked any more


if not ASYNC:

    @pytest.mark.parametrize("started", [False, True])
    def test_an_interruption_as_the_keeper_starts(scan_dsn, changing, db, started, monkeypatch):
        def interrupted(thread):
            if started:
                start_thread(thread)
            raise KeyboardInterrupt

        start_thread = threading.Thread.start
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(threading.Thread, "start", interrupted)
            AsyncScan(scan_dsn, changing).open()
        assert "howdah-scan-keeper" not in [thread.name for thread in threading.enumerate()]
        db.execute("DROP TABLE changing")  # it is not locked any more


async def test_two_open_it_at_once(scan_dsn, db):
    """One of them is told that the other one has, and there is one connection."""

    async def open_it():
        try:
            await scan.open()
        except howdah.InterfaceError as error:
            return str(error)

    # Without a task that keeps it alive, it can be opened without a block on trio, too.
    scan = AsyncScan(make_conninfo(scan_dsn, application_name="at once"), "heap", keep_alive=None)
    tasks = [start(open_it) for _ in range(2)]
    told = [await task.result() for task in tasks]
    assert sorted(error is None for error in told) == [False, True]
    assert {"being opened", "open already"} & {error[12:] for error in told if error}
    count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'at once'"
    assert db.execute(count).fetchone() == (1,)
    assert (await scan.read()).num_rows == 4000
    await scan.close()


async def test_an_interruption_as_it_is_opened(scan_dsn):
    """Afterwards it can be opened."""
    scan = AsyncScan(scan_dsn, "heap", keep_alive=None)
    scan._beginning, lock = InterruptingLock(), scan._beginning
    with pytest.raises(Interrupted):
        await scan.open()
    scan._beginning = lock
    async with scan:
        assert scan.tasks


async def test_one_that_could_not_be_opened_can_be_opened(scan_dsn, db):
    db.execute("DROP TABLE IF EXISTS made_later")
    scan = AsyncScan(scan_dsn, "made_later")
    with pytest.raises(howdah.ProgrammingError, match="no relation"):
        async with scan:
            pytest.fail("the block is entered")
    db.execute("CREATE TABLE made_later (id int)")
    for _ in range(2):
        async with scan:
            assert (await scan.read()).num_rows == 0
    db.execute("DROP TABLE made_later")


if ASYNC:

    async def test_open_without_a_block(scan_dsn, db):
        """On trio nothing would keep it alive."""
        scan = AsyncScan(make_conninfo(scan_dsn, application_name="no block"), "heap")
        if not is_trio():
            await scan.open()
            assert (await scan.read()).num_rows == 4000
            await scan.close()
            return
        with pytest.raises(howdah.InterfaceError, match="async with scan"):
            await scan.open()
        count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'no block'"
        assert db.execute(count).fetchone() == (0,)
        async with scan:
            assert (await scan.read()).num_rows == 4000


async def test_a_view_that_is_dropped_before_the_snapshot(scan_dsn, db, monkeypatch):
    """Only tables can be locked before it."""
    db.execute("CREATE VIEW vanishing AS SELECT 1 AS a")
    look_up = AsyncPlanner.look_up

    async def dropping(planner):
        lock = await look_up(planner)
        db.execute("DROP VIEW vanishing")
        return lock

    monkeypatch.setattr(AsyncPlanner, "look_up", dropping)
    with pytest.raises(howdah.ProgrammingError, match="there is no relation vanishing"):
        async with AsyncScan(scan_dsn, "vanishing"):
            pass


async def test_a_thread_that_cannot_be_started(scan_dsn, monkeypatch):
    """The others end, instead of waiting for ever with their connections."""
    start = threading.Thread.start

    def failing(thread):
        if thread.name == "howdah-scan" and _workers():
            raise RuntimeError("can't start new thread")
        start(thread)

    async with AsyncScan(scan_dsn, "heap", partitions=4) as scan:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", failing)
            with pytest.raises(RuntimeError, match="start new thread"):
                await scan.read(workers=2)
        assert not _workers()


def _workers():
    return [thread for thread in threading.enumerate() if thread.name == "howdah-scan"]


async def test_time_limits_do_not_end_the_scan(scan_dsn):
    """The limits of the role or the conninfo are not those of the scan, nor of its workers."""
    options = (
        "-c idle_in_transaction_session_timeout=9999 -c statement_timeout=9998 -c idle_session_timeout=9997"
    )
    async with await howdah.AsyncConnection.connect(scan_dsn, autocommit=True) as conn:
        if conn.info.server_version >= 170000:
            options += " -c transaction_timeout=9996"
        query = "SELECT name, setting FROM pg_settings WHERE name ~ 'timeout' AND setting ~ '999'"
        async with AsyncScan(make_conninfo(scan_dsn, options=options), query) as scan:
            ours = dict(await (await scan._connection.execute(query)).fetchall())
            theirs = await scan.tasks[0].read_async()
            for found in (ours, dict(zip(*(column.to_pylist() for column in theirs.columns)))):
                assert found == {"idle_session_timeout": "9997"}  # which is none inside of a transaction


async def test_workers_have_the_settings_of_the_scan(scan_dsn, monkeypatch):
    monkeypatch.setenv("PGTZ", "Asia/Tokyo")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    query = "SELECT '2024-01-02 03:00+00'::timestamptz::text AS t, current_setting('TimeZone') AS z"
    async with AsyncScan(scan_dsn, query, key="t", partitions=2) as scan:
        monkeypatch.setenv("PGTZ", "UTC")
        monkeypatch.setenv("PGDATESTYLE", "ISO")
        assert await _rows(scan.tasks) == [("02/01/2024 12:00:00 JST", "Asia/Tokyo")]


async def test_the_connection_is_kept_alive(scan_dsn, aconn):
    activity = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND query = 'SELECT 1'"
    async with AsyncScan(scan_dsn, "heap", keep_alive=0.01) as scan:
        pid = (scan._connection.info.backend_pid,)
        while (await (await aconn.execute(activity, pid)).fetchone())[0] == 0:
            await aconn.rollback()
        await scan.check()
    async with AsyncScan(scan_dsn, "heap", keep_alive=0.01) as scan:
        pid = (scan._connection.info.backend_pid,)
        await aconn.execute("SELECT pg_terminate_backend(%s, 60000)", pid)
        with pytest.raises(SnapshotLost):
            await scan.check()


async def test_reading_with_workers(scan_dsn):
    async with AsyncScan(scan_dsn, "heap", partitions=6) as scan:
        assert (await scan.read(workers=3)).num_rows == 4000
        rows = 0
        async for batch in scan.batches(workers=3, batch_rows=7):
            rows += batch.num_rows
            assert batch.num_rows <= 7
        assert rows == 4000
        batches = scan.batches(workers=2, batch_rows=5)
        assert (await anext(batches)).num_rows == 5
        await batches.aclose()
        with pytest.raises(ValueError, match="workers"):
            await scan.read(workers=0)
    async with AsyncScan(scan_dsn, "heap", partitions=6, where="1 / (id - 2000) < 2") as scan:
        with pytest.raises(errors.DivisionByZero):
            await scan.read(workers=3)
