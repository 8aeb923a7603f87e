"""Threads and processes that read the tasks of a scan."""

from __future__ import annotations

import gc
import multiprocessing
import threading
import time
from contextlib import closing

import pyarrow as pa
import pytest

import howdah
from howdah import errors
from howdah_scan import SnapshotLost
from howdah_scan.collecting import Collection
from howdah_scan.parts import parts
from howdah_scan.processes import _serve
from howdah_scan.task import BATCH_BYTES
from howdah_scan.workers import Workers
from tests.contrib.scan.comparing import at_snapshot, rows_of

_EXECUTORS = ["threads", "processes"]


def _workers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "howdah-scan"]


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert not _workers()
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("executor", _EXECUTORS)
def test_all_rows(executor, scan_dsn):
    with howdah.scan(scan_dsn, "heap", partitions=5, where="id <> %s", params=[3]) as scan:
        table = scan.read(workers=2, executor=executor)
        assert table.schema == scan.schema
        assert rows_of(table) == at_snapshot(scan, "SELECT * FROM heap WHERE id <> 3")


@pytest.mark.parametrize("executor", _EXECUTORS)
def test_the_first_error_ends_all(executor, scan_dsn):
    """Also workers whose queries would take for ever."""
    where = "CASE WHEN id = 1 THEN 1 / (id - id) ELSE length(pg_sleep(1000)::text) END = 0"
    with howdah.scan(scan_dsn, "heap", partitions=3, where=where) as scan:
        with pytest.raises(errors.DivisionByZero):
            scan.read(workers=3, executor=executor)


@pytest.mark.parametrize("executor", _EXECUTORS)
def test_a_generator_that_is_left(executor, scan_dsn):
    query = "SELECT i, pg_sleep(CASE WHEN i > 1000 THEN 1000 ELSE 0 END) FROM generate_series(1, 2000) AS i"
    with howdah.scan(scan_dsn, query) as scan:
        with closing(scan.batches(executor=executor, batch_rows=100)) as batches:
            assert next(batches).num_rows == 100


def test_a_process_that_dies(scan_dsn):
    with howdah.scan(scan_dsn, "SELECT pg_sleep(1000)") as scan:
        with closing(scan.batches(executor="processes")) as batches:
            killer = threading.Thread(target=_kill_child)
            killer.start()
            with pytest.raises(howdah.OperationalError, match="has ended before"):
                next(batches)
            killer.join()


def test_a_process_whose_reader_leaves_early_ends_quietly():
    """The reader closes its end of the pipe before it has received everything."""
    end, of_process = multiprocessing.Pipe()
    with of_process:
        of_process.send_bytes(b"a batch")
        end.close()
        _serve(of_process)


def test_the_query_of_a_process_that_dies_ends(scan_dsn, db):
    """The server notices: the query would hold the snapshot."""
    if db.info.server_version < 140000 or "linux" not in db.execute("SELECT version()").fetchone()[0]:
        pytest.skip("the server cannot tell")
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE %s AND state = 'active'"
    mark = "%pg_sleep(1000 + 7)%"
    query = "SELECT pg_sleep(1000 + 7)"
    with howdah.scan(scan_dsn, query) as scan:
        workers = Workers(scan.tasks, 1, "processes", 100, BATCH_BYTES)
        workers.start()
        while not db.execute(running, [mark]).fetchone()[0]:
            time.sleep(0.01)
        workers.stop()
        while db.execute(running, [mark]).fetchone()[0]:
            time.sleep(0.01)


def _kill_child() -> None:
    while not (children := multiprocessing.active_children()):
        pass
    for child in children:
        child.kill()


def test_a_scan_that_is_closed(scan_dsn):
    with howdah.scan(scan_dsn, "heap", partitions=2) as scan:
        tasks = scan.tasks
    for executor in _EXECUTORS:
        workers = Workers(tasks, 2, executor, 100, BATCH_BYTES)
        workers.start()
        with pytest.raises(SnapshotLost, match="begin it again"):
            workers.collection.take()
        workers.stop()
    with pytest.raises(ValueError, match="executor"):
        Workers(tasks, 2, "fibres", 100, BATCH_BYTES)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_scan_that_nobody_closes(scan_dsn, db):
    """It does not hold its snapshot for ever: it is not kept alive if nobody can use it."""
    scan = howdah.scan(scan_dsn, "heap", keep_alive=0.01)
    scan.open()
    pid = scan._connection.info.backend_pid
    del scan
    until = time.monotonic() + 30
    while db.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone():
        assert time.monotonic() < until
        gc.collect()


def test_workers_wait_while_nobody_takes(scan_dsn):
    """There are never more batches than fit into the collection, however many there are to come."""
    with howdah.scan(scan_dsn, "SELECT i FROM generate_series(1, 100000) AS i") as scan:
        workers = Workers(scan.tasks, 1, "threads", 10, BATCH_BYTES)
        workers.start()
        collection, rows = workers.collection, 0
        while (batch := collection.take()) is not None:
            assert len(collection._batches) <= 2
            rows += batch.num_rows
        assert rows == 100000
        workers.stop()


def test_collection():
    batch = pa.record_batch({"a": [1]})
    collection = Collection(1, 2)
    assert not collection.ready
    assert collection.put(batch) and collection.put(batch) and collection.ready
    waiting = threading.Thread(target=collection.put, args=(batch,))
    waiting.start()
    assert collection.take() is batch
    waiting.join()
    collection.end(ValueError("the first"))
    collection.end(ValueError("another"))
    with pytest.raises(ValueError, match="the first"):
        collection.take()
    assert not collection.put(batch)


def test_who_takes_no_longer_waits_to_be_told():
    """The event loop unsets what is called, while a thread is about to call it."""
    told = []

    class Unsetting(Collection):
        @property
        def notify(self):
            value, self.value = self.value, None
            return value

        @notify.setter
        def notify(self, value):
            self.value = value

    collection = Unsetting(1, 2)
    collection.notify = lambda: told.append(None)
    collection.end(None)
    assert told == [None]


def test_batches(scan_dsn):
    query = "SELECT repeat('x', i) AS x FROM generate_series(1, 1000) AS i"
    with howdah.scan(scan_dsn, query) as scan:
        (task,) = scan.tasks
        batches = [*task.batches(batch_rows=300)]
        assert [batch.num_rows for batch in batches] == [300, 300, 300, 100]
        small = [*task.batches(batch_bytes=5000)]
        assert all(batch.nbytes <= 5000 or batch.num_rows == 1 for batch in small)
        assert pa.Table.from_batches(small) == pa.Table.from_batches(batches)
        with pytest.raises(ValueError, match="size"):
            next(task.batches(batch_rows=0))
    assert [batch.num_rows for batch in parts(pa.record_batch({"a": ["x" * 99, "y"]}), 1)] == [1, 1]


def test_batches_of_wide_rows(scan_dsn, monkeypatch):
    """They end while the rows arrive, not afterwards, also if nobody has given a number of bytes."""
    arrived = []

    def watched(batch, size):
        arrived.append(batch.nbytes)
        return parts(batch, size)

    monkeypatch.setattr("howdah_scan.reading.parts", watched)
    monkeypatch.setattr("howdah_scan.reading_async.parts", watched)
    query = "SELECT repeat('x', 1000000) AS x FROM generate_series(1, 40) AS i"
    with howdah.scan(scan_dsn, query) as scan:
        (task,) = scan.tasks
        assert sum(batch.num_rows for batch in task.batches()) == 40
        assert len(arrived) > 1 and max(arrived) <= 2**24
        del arrived[:]
        assert sum(batch.num_rows for batch in task.batches(batch_bytes=3_000_000)) == 40
        assert max(arrived) <= 3_000_000
        del arrived[:]
        assert scan.read(workers=1).num_rows == 40
        assert max(arrived) <= 2**24


def test_tasks_with_less(scan_dsn):
    with howdah.scan(scan_dsn, "heap", partitions=3, where="id > %s", params=[100]) as scan:
        task = scan.tasks[0]
        assert task.select(["price", "id"]).read().schema.names == ["price", "id"]
        counted = [batch.num_rows for batch in task.select([]).batches()]
        assert sum(counted) == task.read().num_rows
        with pytest.raises(howdah.ProgrammingError, match="no column 'gone'"):
            task.select(["gone"])
        assert task.head(7).head(9).read().num_rows == 7
        assert task.head(0).read().schema == task.schema
        with pytest.raises(ValueError, match="rows"):
            task.head(-1)
        less = task.select(["price"]).filter("id % 2 = 0 AND id < 200")
        assert less.read().num_rows == 49
        assert less.read() == less.read()


def test_a_head_of_several_pieces(scan_dsn, db):
    db.execute("DROP TABLE IF EXISTS pieces; CREATE TABLE pieces (a int) PARTITION BY LIST (a)")
    for number in range(5):
        db.execute(f"CREATE TABLE pieces_{number} PARTITION OF pieces FOR VALUES IN ({number})")
    db.execute("INSERT INTO pieces SELECT i % 5 FROM generate_series(1, 50) AS i")
    with howdah.scan(scan_dsn, "pieces", partitions=1) as scan:
        (task,) = scan.tasks
        assert len(task.pieces) == 5
        assert [task.head(rows).read().num_rows for rows in (0, 9, 10, 25, 60)] == [0, 9, 10, 25, 50]


def test_a_big_table(scan_dsn, db):
    """Half a million rows while others change them: each is there once, as it was."""
    db.execute("DROP TABLE IF EXISTS large")
    db.execute(
        "CREATE UNLOGGED TABLE large (id int, n int) WITH (fillfactor = 70, autovacuum_enabled = false)"
    )
    db.execute("INSERT INTO large SELECT i, 0 FROM generate_series(1, 500000) AS i")
    stop = threading.Event()

    def change() -> None:
        with howdah.connect(scan_dsn, autocommit=True) as conn:
            number = 0
            while not stop.is_set():
                number += 1
                conn.execute(
                    "UPDATE large SET n = 1 WHERE id BETWEEN %s AND %s", (number * 500, number * 500 + 99)
                )
                conn.execute(
                    "DELETE FROM large WHERE id BETWEEN %s AND %s", (number * 900, number * 900 + 50)
                )
                conn.execute("INSERT INTO large SELECT -1, 1 FROM generate_series(1, 100)")

    with howdah.scan(scan_dsn, "large", partitions=16) as scan:
        changing = threading.Thread(target=change)
        changing.start()
        try:
            seen, total = 0, 0
            for batch in scan.batches(workers=3, batch_rows=10000):
                seen += batch.num_rows
                total += sum(batch["id"].to_pylist())
                assert set(batch["n"].to_pylist()) == {0}
        finally:
            stop.set()
            changing.join()
        assert (seen, total) == (500000, 500000 * 500001 // 2)
    db.execute("DROP TABLE large")
