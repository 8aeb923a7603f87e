"""Loads whose workers, coordinators or connections are lost: what is in the table is known exactly."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing

import pytest

import howdah
import howdah_load.recovery
from howdah import errors
from howdah_load import LoadError, State, clean_up, recover
from howdah_load.address import Address
from howdah_load.coordination import Coordinator
from howdah_load.task import WriteTask
from tests.contrib.load.database import MODES, ROWS, batches, content, leftovers, new_table, rows
from tests.contrib.retry.commits import AFTER, BEFORE, HELD, CommitProxy
from tests.servers import Server

NAME = "howdah load test"

#: The coordinator is the session that holds the lock of the load.
HOLDS_LOCK = "pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted)"


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture(autouse=True)
def table(dsn):
    new_table(dsn)
    yield
    assert leftovers(dsn) == []


def kill(dsn, condition):
    """Terminate sessions of the load."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        found = conn.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity"
            f" WHERE application_name = %s AND {condition}",
            [NAME],
        ).fetchall()
        assert found


def wait_for_the_end(dsn):
    """Wait until the sessions of the load have ended."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        while conn.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = %s", [NAME]).fetchone():
            time.sleep(0.01)


def load(dsn, mode, source=None, **options):
    options = {"workers": 2, "part_rows": 100, **options}
    return howdah.load(
        f"{dsn} application_name='{NAME}'", "loaded", source or batches(), mode=mode, **options
    )


def ids_of(parts):
    return [i for part in parts for i in range(part.first_row, part.first_row + part.rows)]


@pytest.mark.parametrize("when", [100, 500])
def test_workers_are_terminated(dsn, mode, when):
    def progress(loaded):
        if loaded.rows == when:
            kill(dsn, f"NOT {HOLDS_LOCK}")

    with pytest.raises(LoadError) as caught:
        load(dsn, mode, progress=progress)
    assert [i for i, _ in content(dsn)] == ids_of(caught.value.written)
    assert caught.value.unknown == ()
    assert (len(caught.value.written) > 0) == (mode == "independent")


@pytest.mark.parametrize("when", [100, 900])
def test_the_coordinator_is_terminated(dsn, mode, when):
    """An independent load needs it only at the end, to remove the record; the others are rolled back."""

    def progress(loaded):
        if loaded.rows == when:
            kill(dsn, HOLDS_LOCK)

    if mode == "independent":
        load(dsn, mode, progress=progress)
        assert content(dsn) == rows()
    else:
        with pytest.raises(LoadError, match="nothing is written"):
            load(dsn, mode, progress=progress)
        assert content(dsn) == []


def test_all_are_terminated(dsn, mode):
    """The coordinator learns that it has lost its connection only when it ends the load."""

    def progress(loaded):
        if loaded.rows == 500:
            kill(dsn, "true")

    with pytest.raises(LoadError) as caught:
        load(dsn, mode, progress=progress)
    assert [i for i, _ in content(dsn)] == ids_of(caught.value.written)
    assert caught.value.unknown == () and leftovers(dsn) == []


def test_sessions_may_be_idle(dsn, mode):
    """While the source takes its time, in a transaction or not, whatever the limits of the role are."""

    def source():
        for number, batch in enumerate(batches()):
            if number in (1, 5):
                time.sleep(0.3)
            yield batch

    limits = "-c idle_in_transaction_session_timeout=100ms -c idle_session_timeout=100ms"
    if (server := version(dsn)) < 140000:
        pytest.skip(f"idle_session_timeout is unknown to {server}")
    assert load(f"{dsn} options='{limits}'", mode, source()).rows == ROWS
    assert content(dsn) == rows()


def version(dsn):
    with closing(howdah.connect(dsn)) as conn:
        return conn.info.server_version


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("mode", "point", "all_rows"),
    [
        ("independent", "begin", False),
        ("independent", "abandon", None),
        ("independent", "_remove", True),
        ("staged", "begin", False),
        ("staged", "abandon", False),
        ("staged", "_publish", False),
        ("staged", "_decide", False),
        ("staged", "_remove", True),
        ("two_phase", "begin", False),
        ("two_phase", "abandon", False),
        ("two_phase", "_decide", False),
        ("two_phase", "_finish", True),
        ("two_phase", "_remove", True),
    ],
)
def test_the_coordinator_is_interrupted(dsn, mode, point, all_rows, after, monkeypatch):
    """The load ends as it was decided before the interrupt goes on."""
    real, interrupts = getattr(Coordinator, point), [KeyboardInterrupt]

    def interrupted(self, *args, **kwargs):
        if not interrupts:
            return real(self, *args, **kwargs)
        error = interrupts.pop()
        if after:
            real(self, *args, **kwargs)
        raise error

    def source():
        yield from batches(0, 700)
        if point == "abandon":
            raise ValueError("no more")
        yield from batches(700)

    monkeypatch.setattr(Coordinator, point, interrupted)
    with pytest.raises(KeyboardInterrupt):
        load(dsn, mode, source())
    assert leftovers(dsn) == []
    if all_rows is not None:
        assert content(dsn) == (rows() if all_rows or (after and point == "_decide") else [])


def test_a_worker_is_interrupted(dsn, mode):
    def progress(loaded):
        if loaded.rows >= 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(dsn, mode, progress=progress)
    assert leftovers(dsn) == []
    stored = content(dsn)
    assert len(stored) % 100 == 0 if mode == "independent" else stored == []


@pytest.mark.parametrize("mode", ["independent", "two_phase"])
def test_a_worker_is_terminated_in_its_copy(dsn, mode):
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute(
            """CREATE OR REPLACE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
            CREATE TRIGGER die BEFORE INSERT ON loaded
            FOR EACH ROW WHEN (NEW.id = 555) EXECUTE FUNCTION die()"""
        )
    with pytest.raises(LoadError) as caught:
        load(dsn, mode)
    assert [i for i, _ in content(dsn)] == ids_of(caught.value.written)
    if mode == "independent":
        assert 500 in [part.first_row for part in caught.value.not_written]


@pytest.mark.parametrize("loss", [BEFORE, AFTER])
def test_a_part_s_commit_is_not_answered(server, dsn, loss):
    """The record of the load tells what became of it."""
    with CommitProxy(server, loss) as proxy:
        with pytest.raises(LoadError) as caught:
            load(proxy.dsn, "independent", workers=1)
    assert content(dsn) == (rows(0, 100) if loss == AFTER else [])
    (part,) = caught.value.parts
    assert part.state is (State.WRITTEN if loss == AFTER else State.NOT_WRITTEN)
    assert caught.value.unread_from == 100
    assert isinstance(caught.value.__cause__, errors.TransactionResolutionUnknown)


def test_a_part_s_commit_is_on_its_way(server, dsn, monkeypatch):
    """As long as it may arrive, nobody knows."""
    monkeypatch.setattr(howdah_load.recovery, "ATTEMPTS", 1)
    monkeypatch.setattr("howdah_load.coordination.PATIENCE", "100ms")
    with CommitProxy(server, HELD) as proxy:
        with pytest.raises(LoadError, match=r"unknown: part 0 \(rows 0 to 99\)") as caught:
            load(proxy.dsn, "independent", workers=1)
        (part,) = caught.value.unknown
        assert part.first_row == 0 and part.rows == 100
        assert content(dsn) == []
        proxy.release()
    for _ in range(100):  # its backend is about to end
        found = clean_up(dsn)
        if leftovers(dsn) == []:
            break
    assert found
    assert content(dsn) == rows(0, 100)


@pytest.mark.parametrize("loss", [BEFORE, AFTER])
def test_the_first_commit_is_not_answered(server, dsn, mode, loss):
    """It creates the tables of the load: nothing is written, and nothing is left."""
    with CommitProxy(server, loss, after=b"part int PRIMARY KEY") as proxy:
        with pytest.raises(LoadError, match="as it began; nothing is written") as caught:
            load(proxy.dsn, mode)
    assert isinstance(caught.value.__cause__, errors.TransactionResolutionUnknown)
    assert content(dsn) == []


#: What the coordinator sends before the COMMIT that decides.
DECIDING = {"staged": b"OVERRIDING", "two_phase": b"VALUES (-1)"}


@pytest.mark.parametrize("loss", [BEFORE, AFTER])
@pytest.mark.parametrize("mode", ["staged", "two_phase"])
def test_the_coordinator_s_commit_is_not_answered(server, dsn, mode, loss):
    """It asks on another connection, and goes on from there."""
    with CommitProxy(server, loss, after=DECIDING[mode]) as proxy:
        if loss == AFTER:
            assert load(proxy.dsn, mode).rows == ROWS
        else:
            with pytest.raises(LoadError, match="before the commit; nothing is written"):
                load(proxy.dsn, mode)
    assert content(dsn) == (rows() if loss == AFTER else [])


@pytest.mark.parametrize("loss", [BEFORE, AFTER])
def test_a_commit_of_the_second_phase_is_not_answered(server, dsn, loss):
    """It is decided: the coordinator connects again, and commits what is left."""
    with CommitProxy(server, loss, after=b"", at=b"COMMIT PREPARED") as proxy:
        assert load(proxy.dsn, "two_phase").rows == ROWS
    assert content(dsn) == rows()


@pytest.fixture
def impatient(monkeypatch):
    """The coordinator does not wait for a server that does not come back."""
    monkeypatch.setattr("howdah_load.address.RESTART", 0.0)


def test_the_second_phase_cannot_be_ended(server, dsn, impatient):
    with CommitProxy(server, BEFORE, after=b"", at=b"COMMIT PREPARED") as proxy:
        proxy.closed_after_losses = True
        with pytest.raises(errors.TransactionResolutionUnknown, match="recover"):
            load(proxy.dsn, "two_phase")
    wait_for_the_end(dsn)
    (left,) = recover(dsn)
    assert left.committed and left.removed
    assert content(dsn) == rows()


@pytest.mark.parametrize("mode", ["staged", "two_phase"])
def test_the_server_cannot_be_asked(server, dsn, mode, impatient):
    with CommitProxy(server, AFTER, after=DECIDING[mode]) as proxy:
        proxy.closed_after_losses = True
        with pytest.raises(errors.TransactionResolutionUnknown, match="lost its connection during"):
            load(proxy.dsn, mode)
    wait_for_the_end(dsn)
    (left,) = (clean_up if mode == "staged" else recover)(dsn)
    assert left.committed and left.removed
    assert content(dsn) == rows()


@pytest.mark.parametrize("mode", ["staged", "two_phase"])
def test_what_is_left_to_do(server, dsn, mode, impatient, caplog):
    """The error says it if the coordinator cannot remove what the load has left."""
    end = clean_up if mode == "staged" else recover
    with CommitProxy(server, BEFORE, after=b"", at=b"name 777") as proxy:
        proxy.closed_after_losses = True

        def progress(loaded):
            if loaded.rows == 100:
                kill(dsn, HOLDS_LOCK)

        with pytest.raises(
            LoadError, match=rf"howdah_load_\w+ has left something .*{end.__name__}\(\)"
        ) as caught:
            load(proxy.dsn, mode, progress=progress)
    assert "nothing is written" in str(caught.value) and "has left something" in caplog.text
    wait_for_the_end(dsn)
    (left,) = end(dsn)
    assert left.committed is False and left.removed
    assert content(dsn) == []


@pytest.fixture(scope="module")
def own_server():
    settings = {"synchronous_commit": "on"}
    with Server(os.environ.get("HOWDAH_TEST_PG", "18"), settings=settings) as server:
        yield server


@pytest.mark.parametrize(
    ("mode", "point", "all_rows"),
    [("independent", "_remove", True), ("staged", "_publish", False), ("two_phase", "_finish", True)],
)
def test_the_server_crashes(own_server, mode, point, all_rows, monkeypatch):
    """The coordinator tries to connect again until the server has started."""
    dsn, points, pauses = own_server.dsn, [point], []
    real = getattr(Coordinator, point)

    def crashing(self, *args, **kwargs):
        if points:
            points.pop()
            own_server.stop("immediate")
        return real(self, *args, **kwargs)

    def pause_after(failures):
        if failures == 2:
            own_server.start()
        pauses.append(failures)
        return 0.0

    new_table(dsn)
    monkeypatch.setattr(Coordinator, point, crashing)
    monkeypatch.setattr("howdah_load.address.pause_after", pause_after)
    monkeypatch.setattr("howdah_load.address.RESTART", 120.0)  # however slowly it starts
    if all_rows:
        assert load(dsn, mode).rows == ROWS
    else:
        with pytest.raises(LoadError, match="before the commit; nothing is written"):
            load(dsn, mode)
    assert pauses[:2] == [1, 2]
    assert content(dsn) == (rows() if all_rows else [])
    assert leftovers(dsn) == []


def test_connecting_again(dsn, monkeypatch):
    """It is tried again only if it may succeed, and somebody wants to wait for it."""
    attempts = []

    def connect(address, *, autocommit):
        attempts.append(autocommit)
        raise errors_left.pop(0)

    temporary = [
        howdah.OperationalError("connection refused"),
        errors.CannotConnectNow("the database system is starting up"),
        errors.TooManyConnections("sorry"),
        errors.AdminShutdown("terminating"),
    ]
    monkeypatch.setattr(Address, "connect", connect)
    monkeypatch.setattr("howdah_load.address.pause_after", lambda failures: 0.0)
    monkeypatch.setattr("howdah_load.address.RESTART", 120.0)
    hurried = threading.Event()
    errors_left = [*temporary, errors.InvalidPassword("no")]
    with pytest.raises(errors.InvalidPassword):
        Address(dsn).connect_again(hurried)
    assert attempts == [True] * 5
    hurried.set()
    for error in temporary:
        errors_left = [error, *temporary]
        with pytest.raises(type(error)):
            Address(dsn).connect_again(hurried)
    assert len(attempts) == 9


@pytest.mark.parametrize("loss", [BEFORE, AFTER])
@pytest.mark.parametrize("at", [b"PREPARE TRANSACTION", b"name 777"])
def test_the_network_is_cut(server, dsn, at, loss):
    with CommitProxy(server, loss, after=b"", at=at) as proxy:
        with pytest.raises(LoadError, match="nothing is written"):
            load(proxy.dsn, "two_phase")
    assert content(dsn) == []


@pytest.mark.parametrize("mode", ["independent", "staged"])
def test_the_network_is_cut_in_a_part(server, dsn, mode):
    with CommitProxy(server, BEFORE, after=b"", at=b"name 777") as proxy:
        with pytest.raises(LoadError) as caught:
            load(proxy.dsn, mode)
    assert [i for i, _ in content(dsn)] == ids_of(caught.value.written)
    assert 777 not in ids_of(caught.value.written)


COORDINATOR = textwrap.dedent(
    """
    import os, signal, sys
    import howdah, howdah_load
    from howdah_load.coordination import Coordinator
    from tests.contrib.load.database import batches

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    dsn, mode, point = sys.argv[1:]

    def source():
        for number, batch in enumerate(batches()):
            if point == "source" and number == 9:
                die()
            yield batch

    if point != "source":
        setattr(Coordinator, point, die)
    howdah.load(dsn, "loaded", source(), mode=mode, workers=2, part_rows=100)
    """
)


@pytest.mark.parametrize(
    ("mode", "point", "all_rows"),
    [
        ("independent", "source", None),
        ("staged", "source", False),
        ("staged", "_decide", False),
        ("staged", "_remove", True),
        ("two_phase", "source", False),
        ("two_phase", "_decide", False),
        ("two_phase", "_finish", True),
    ],
)
def test_the_coordinator_is_killed(dsn, mode, point, all_rows):
    address = f"{dsn} application_name='{NAME}'"
    killed = subprocess.run([sys.executable, "-c", COORDINATOR, address, mode, point], check=False)
    assert killed.returncode == -signal.SIGKILL
    wait_for_the_end(dsn)
    assert leftovers(dsn) != []
    end, other = (recover, clean_up) if mode == "two_phase" else (clean_up, recover)
    assert other(dsn) == []
    (left,) = end(dsn)
    assert left.removed and left.mode == mode
    assert left.committed is (None if mode == "independent" else all_rows)
    stored = content(dsn)
    if all_rows is None:
        parts = {i // 100 for i, _ in stored}
        assert stored == [row for part in sorted(parts) for row in rows(part * 100, part * 100 + 100)]
    else:
        assert stored == (rows() if all_rows else [])
    assert end(dsn) == []


def test_loads_that_run_are_left_alone(dsn, mode):
    def source():
        for batch in batches():
            assert clean_up(dsn) == recover(dsn) == []
            yield batch

    assert load(dsn, mode, source()).rows == ROWS
    assert content(dsn) == rows()


def test_a_task_that_runs_twice(dsn, mode):
    """As engines do after the loss of a worker; also one that comes too late."""
    coordinator = Coordinator(Address(dsn), "loaded", ["id", "name"], mode, None, None, True)
    coordinator.begin(2)
    task = pickle.loads(pickle.dumps(coordinator.task))
    parts = [task.run(0, batches(0, 500)) for _ in range(2)] + [task.run(1, batches(500))]
    assert [part.state for part in parts] == [State.WRITTEN] * 3
    assert [part.rows for part in parts] == [500, 500, 500]
    coordinator.end(parts[1:])
    late = task.run(1, batches(500))
    coordinator.close()
    assert late.state is State.NOT_WRITTEN and isinstance(late.error, errors.UndefinedTable)
    assert content(dsn) == rows()


def test_a_worker_that_cannot_connect(dsn, mode, monkeypatch):
    """Whatever error that is: the part that was to be written is known as not written."""

    def connect(task):
        raise ValueError("the vault is closed")  # as a function for the password may

    monkeypatch.setattr(WriteTask, "connect", connect)
    with pytest.raises(LoadError, match="the vault is closed") as caught:
        load(dsn, mode, workers=1)
    assert content(dsn) == []
    assert len(caught.value.not_written) == 1
    if mode != "two_phase":
        assert caught.value.not_written[0].rows == 100


def test_a_worker_s_error_ends_the_others(dsn):
    """Those which wait for a lock, too."""
    source = iter([*batches(0, 100, 100), *batches(500, 600, 100)])

    def progress(loaded):
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
        )
        with closing(howdah.connect(dsn, autocommit=True)) as observer:
            while not observer.execute(waiting, [NAME]).fetchone()[0]:
                time.sleep(0.01)
        raise ValueError("no more")

    with closing(howdah.connect(dsn, autocommit=True)) as conn, conn.transaction():
        conn.execute("INSERT INTO loaded VALUES (500, 'held')")  # the second part waits for it
        with pytest.raises(LoadError, match="no more") as caught:
            load(dsn, "independent", source, progress=progress)
        assert [part.first_row for part in caught.value.written] == [0]
        conn.execute("DELETE FROM loaded WHERE id = 500")
    assert content(dsn) == rows(0, 100)
