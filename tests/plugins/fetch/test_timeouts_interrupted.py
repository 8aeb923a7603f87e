"""An interruption while a query is cancelled whose time is over: it reaches the caller."""

from __future__ import annotations

import contextvars
import sys
import threading

import pytest

import howdah
import howdah.client.kernel
from howdah.errors import QueryTimeout
from tests.plugins.fetch import test_timeouts as ways
from tests.plugins.fetch.test_timeouts import AMPLE, FOREVER, SHORT, check


class GreenletLike(BaseException):
    """As gevent's Timeout and GreenletExit."""


def call(conn):
    conn.kernel.time_limit = None
    conn.fetch("SELECT pg_sleep($1)", FOREVER, timeout=SHORT)


def fast_path(conn):
    conn.command_timeout = AMPLE
    for _ in range(8):
        conn.execute("SELECT pg_sleep(%s)", [0.0])
    conn.command_timeout = SHORT
    conn.execute("SELECT pg_sleep(%s)", [float(FOREVER)])


def copy_in(conn):
    with conn.cursor().copy("COPY slow FROM STDIN") as copy:
        copy.write("1\n")


def commit_before(conn):
    with conn.transaction():
        conn.execute("SELECT pg_sleep(%s)", [FOREVER])


WAYS = [
    call,
    fast_path,
    copy_in,
    commit_before,
    ways.sleeping_stream,
    ways.sleeping_copy,
    ways.sleeping_pipeline,
    ways.sleeping_portal,
    ways.sleeping_named_cursor,
    ways.sleeping_executemany,
    ways.sleeping_script,
    ways.sleeping_client_cursor,
]


@pytest.fixture
def limited(conn):
    conn.set_autocommit(True)
    conn.execute("CREATE TEMP TABLE slow (a int)")
    conn.execute(
        f"CREATE FUNCTION pg_temp.sleep() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN PERFORM pg_sleep({FOREVER}); RETURN NEW; END $$"
    )
    conn.execute("CREATE TRIGGER slow BEFORE INSERT ON slow FOR EACH ROW EXECUTE FUNCTION pg_temp.sleep()")
    conn.command_timeout = SHORT
    yield conn
    if not conn.closed:
        conn.command_timeout = None


@pytest.fixture
def interrupting(monkeypatch):
    """Let requests to cancel be interrupted: as often, and by what, as the list says."""
    interruptions = []
    cancel = howdah.client.kernel.cancel

    def interrupted(*args):
        if interruptions:
            raise interruptions.pop(0)
        cancel(*args)

    monkeypatch.setattr(howdah.client.kernel, "cancel", interrupted)
    return interruptions


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GreenletLike, LookupError])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_one(limited, interrupting, way, kind):
    interrupting.append(kind())
    with pytest.raises(kind) as caught:
        way(limited)
    error = caught.value
    while error is not None:  # nothing internal is shown
        assert "howdah.io" not in type(error).__module__
        error = error.__context__
    assert not interrupting and not limited.closed
    limited.command_timeout = AMPLE
    check(limited)


def test_a_second_one(limited, interrupting):
    interrupting += [KeyboardInterrupt(), GreenletLike()]
    with pytest.raises(GreenletLike) as caught:
        limited.execute("SELECT pg_sleep(%s)", [FOREVER])
    assert caught.value is not None and limited.closed
    with pytest.raises(howdah.OperationalError, match="an interrupted query could not be cancelled"):
        limited.execute("SELECT 1")


def test_one_while_a_query_is_cancelled_that_was_interrupted(limited, interrupting):
    """Without a limit, too: here a loader has raised, so that the query is cancelled."""

    class Failing(howdah.adapt.Loader):
        def load(self, data):
            raise LookupError("no elephant")

    limited.command_timeout = None
    limited.adapters.register_loader("int4", Failing)
    interrupting.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        # So much that the server sends it before the end.
        for _ in limited.cursor().stream(
            f"SELECT i::int4, repeat('x', 9999), pg_sleep(CASE WHEN i < 9 THEN 0 ELSE {FOREVER} END)"
            " FROM generate_series(0, 9) AS i"
        ):
            pass
    assert limited.execute("SELECT 'x'").fetchone() == ("x",)


def test_one_in_a_loader_of_what_has_arrived(limited, monkeypatch):
    """A signal handler raises in a Python loader, while a query is cancelled whose time is over."""
    limited.command_timeout = None
    cancelling = []
    stop = type(limited.kernel).stop

    class Interrupted(howdah.adapt.Loader):
        def load(self, data):
            if cancelling:
                raise KeyboardInterrupt
            return data

    def noted(kernel, exchange):
        cancelling.append(exchange)
        stop(kernel, exchange)

    monkeypatch.setattr(type(limited.kernel), "stop", noted)
    limited.adapters.register_loader("int4", Interrupted)
    # The cancelled query fails; what has arrived of its rows is loaded first.
    interrupted = 0
    for _ in range(3):
        try:
            limited.kernel.call_within(
                SHORT,
                limited.execute,
                "SELECT i::int4, repeat('x', 9999),"
                f" pg_sleep(CASE WHEN i < 9 THEN {SHORT} ELSE {FOREVER} END)"
                " FROM generate_series(0, 9) AS i",
            )
        except KeyboardInterrupt:
            interrupted += 1
        except QueryTimeout:
            pass
        cancelling.clear()
    assert not limited.closed
    assert limited.execute("SELECT 'x'").fetchone() == ("x",)


# Threads


def test_a_thread_that_inherits_the_context(limited):
    limited.command_timeout = None
    answers = []
    over = threading.Event()

    def late():
        assert over.wait(20)
        answers.append(limited.fetchval("SELECT 1 FROM pg_sleep($1)", 3 * SHORT))

    def begin():
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(late,))
        thread.start()
        return thread

    thread = limited.kernel.call_within(SHORT, begin)
    over.set()
    thread.join()
    assert answers == [1]


def test_a_thread_of_the_call(limited):
    """The limit is that of the thread which has set it."""
    limited.command_timeout = None
    answers = []

    def both():
        context = contextvars.copy_context()
        query = "SELECT 1 FROM pg_sleep(%s)", [3 * SHORT]
        thread = threading.Thread(
            target=lambda: answers.extend(context.run(limited.execute, *query).fetchall())
        )
        thread.start()
        thread.join()

    limited.kernel.call_within(SHORT, both)
    assert answers == [(1,)]


def test_what_a_function_sees(limited):
    """It is the error that the caller would see."""
    seen = []

    def query():
        try:
            limited.execute("SELECT pg_sleep(%s)", [FOREVER])
        except BaseException as e:
            seen.append(e)
            raise

    with pytest.raises(QueryTimeout) as caught:
        limited.kernel.call_within(SHORT, query)
    assert seen == [caught.value]


@pytest.fixture
def busy(limited, dsn):
    """A connection that another thread uses, until its query is cancelled at the end."""
    limited.command_timeout = None
    failures = []

    def sleep():
        try:
            limited.execute("SELECT pg_sleep(%s)", [FOREVER])
        except BaseException as e:
            failures.append(e)

    thread = threading.Thread(target=sleep)
    thread.start()
    with howdah.connect(dsn, autocommit=True) as watcher:
        asleep = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
        while not watcher.execute(asleep, [limited.info.backend_pid]).fetchall():
            pass
    yield limited
    assert not failures and thread.is_alive()
    limited.cancel_safe()
    thread.join()
    assert [type(failure) for failure in failures] == [howdah.errors.QueryCanceled]
    check(limited)


def fetch(conn, **options):
    conn.fetch("SELECT 1", **options)


def fetchmany(conn, **options):
    conn.fetchmany("SELECT $1::int", [(1,), (2,)], **options)


def records(conn, **options):
    conn.copy_records_to_table("slow", records=[(1,)], **options)


def output(conn, **options):
    conn.copy_from_query("SELECT 1", output=bytes, **options)


def rows(conn, timeout):
    conn.kernel.call_within(timeout, list, conn.cursor().stream("SELECT 1"))


def block(conn, timeout):
    def begin():
        with conn.transaction():
            pass

    conn.kernel.call_within(timeout, begin)


def pipeline(conn, timeout):
    def begin():
        with conn.pipeline():
            pass

    conn.kernel.call_within(timeout, begin)


@pytest.mark.parametrize("way", [fetch, fetchmany, records, output, rows, block, pipeline])
def test_the_wait_for_another_thread(busy, way):
    with pytest.raises(QueryTimeout, match=r"within 0\.05 s: the connection was in use by others"):
        way(busy, timeout=SHORT)


def test_context_variables_of_a_function(limited):
    variable = contextvars.ContextVar("variable", default=0)
    limited.command_timeout = None
    limited.execute("CREATE TEMP TABLE t (a int)")

    def numbers():
        variable.set(7)
        yield (1,)

    limited.copy_records_to_table("t", records=numbers(), timeout=AMPLE)
    assert variable.get() == 7


# The server is silent


@pytest.mark.parametrize("interruption", [None, KeyboardInterrupt])
def test_much_unsent_data_and_no_server(limited, monkeypatch, interruption):
    """The server reads nothing, and gets no request to cancel: the connection is closed."""
    limited.command_timeout = None
    limited.execute("CREATE TEMP TABLE t (a text)")

    def unreachable(*args):
        if interruption is not None:
            interruption_left.append(interruption)
            if len(interruption_left) == 1:
                raise interruption
        raise howdah.errors.CancellationTimeout("the request to cancel took too long")

    interruption_left = []
    monkeypatch.setattr(howdah.client.kernel, "cancel", unreachable)
    transport = limited.kernel.transport
    monkeypatch.setattr(transport, "_functions", transport._functions._replace(send=lambda *args: False))
    monkeypatch.setattr("howdah.io.blocking._poll", lambda sock, write, timeout: False)
    with pytest.raises(interruption or QueryTimeout):
        limited.copy_to_table("t", source=b"x" * 1_000_000 + b"\n", timeout=SHORT)
    assert limited.closed


# Pipelines


@pytest.fixture
def piped(limited):
    with limited.pipeline() as pipeline:
        yield limited, pipeline
        limited.command_timeout = AMPLE
        assert limited.execute("SELECT 1").fetchone() == (1,)
    check(limited)


def test_sync_after_a_fetch(piped):
    conn, pipeline = piped
    cursor = conn.execute("SELECT pg_sleep(%s)", [FOREVER])
    with pytest.raises(QueryTimeout):
        cursor.fetchall()
    pipeline.sync()


def test_sync_after_a_sync(piped):
    conn, pipeline = piped
    conn.execute("SELECT pg_sleep(%s)", [FOREVER])
    conn.execute("SELECT 1")
    with pytest.raises(QueryTimeout):
        pipeline.sync()
    pipeline.sync()


def test_sync_tells_what_was_skipped(piped):
    conn, pipeline = piped
    asleep = conn.execute("SELECT pg_sleep(%s)", [FOREVER])
    conn.execute("SELECT 1")
    with pytest.raises(QueryTimeout):
        asleep.fetchall()
    with pytest.raises(howdah.errors.PipelineAborted):
        pipeline.sync()


def test_a_block_does_not_end_in_silence_if_its_changes_are_lost(limited):
    limited.execute("CREATE TEMP TABLE t (a int)")
    with pytest.raises(howdah.errors.InFailedSqlTransaction), limited.pipeline():
        limited.execute("INSERT INTO t VALUES (1)")
        asleep = limited.execute("SELECT pg_sleep(%s)", [FOREVER])
        with pytest.raises(QueryTimeout):
            asleep.fetchall()
    assert limited.fetchval("SELECT count(*) FROM t") == 0


@pytest.mark.skipif(sys.version_info < (3, 11), reason="they run between any instructions there")
def test_no_lock_is_kept(dsn):
    """A signal handler raises while a thread with a limit takes the lock: other threads still get it."""
    from itertools import count

    from tests.kernel.test_interrupted import Interrupted, Interruption

    with howdah.connect(dsn, autocommit=True) as conn:
        conn.fetch("SELECT 1", timeout=AMPLE)
        for moment in count(1):
            interruption = Interruption(moment)
            try:
                with interruption:
                    conn.fetch("SELECT 1", timeout=AMPLE)
            except Interrupted:
                pass
            if interruption.left > 0:
                break
            answers = []
            thread = threading.Thread(target=lambda: answers.append(conn.fetchval("SELECT 1", timeout=20)))  # noqa: B023
            thread.start()
            thread.join()
            assert answers == [1], moment
