"""LISTEN and NOTIFY."""

from __future__ import annotations

from contextlib import closing

import anyio
import anyio.to_thread
import pytest

import howdah
from howdah import Notify
from howdah.io.polling import wait_for_socket
from tests.tasks import start


@pytest.fixture
def listener(dsn):
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("listen ch")
        yield conn


@pytest.fixture
def sender(dsn):
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        yield conn


def test_notifies(listener, sender):
    sender.execute("notify ch, 'one'")
    sender.execute("notify ch")
    sender.execute("notify elsewhere, 'no'")
    pid = sender.info.backend_pid
    found = list(listener.notifies(timeout=10, stop_after=2))
    assert found == [Notify("ch", "one", pid), Notify("ch", "", pid)]
    assert found[0].channel == "ch"


def test_timeout(listener):
    assert list(listener.notifies(timeout=0)) == []
    assert list(listener.notifies(timeout=0.01)) == []


def test_those_that_came_with_a_query_are_not_lost(listener, sender):
    sender.execute("notify ch, 'early'")
    listener.execute("select 1")
    assert [n.payload for n in listener.notifies(timeout=10, stop_after=1)] == ["early"]


def test_stop_after_takes_what_came_along(listener, sender):
    with sender.transaction():
        for n in range(3):
            sender.execute("select pg_notify('ch', %s)", (str(n),))
    assert [n.payload for n in listener.notifies(timeout=10, stop_after=1)] == ["0", "1", "2"]


def test_close_the_generator(listener, sender):
    generator = listener.notifies(timeout=10)
    sender.execute("notify ch, '1'")
    assert next(generator).payload == "1"
    generator.close()
    sender.execute("notify ch, '2'")
    assert [n.payload for n in listener.notifies(timeout=10, stop_after=1)] == ["2"]
    assert listener.execute("select 1").fetchone() == (1,)


def test_queries_between_notifications(listener, sender):
    seen = []
    sender.execute("notify ch, '1'")
    for notify in listener.notifies(timeout=10, stop_after=3):
        seen.append(notify.payload)
        assert listener.execute("select %s", (notify.payload,)).fetchone() == (notify.payload,)
        sender.execute("select pg_notify('ch', %s)", (str(len(seen) + 1),))
    assert seen[:3] == ["1", "2", "3"]


def test_handlers(listener, sender):
    seen = []
    listener.add_notify_handler(seen.append)
    sender.execute("notify ch, 'handled'")
    listener.execute("select 1")
    assert [n.payload for n in seen] == ["handled"]
    listener.remove_notify_handler(seen.append)
    sender.execute("notify ch, 'not handled'")
    listener.execute("select 1")
    assert len(seen) == 1
    with pytest.raises(ValueError, match="not in"):
        listener.remove_notify_handler(seen.append)


def test_a_handler_that_fails(listener, sender, caplog):
    def fail(notify):
        raise ZeroDivisionError

    listener.add_notify_handler(fail)
    sender.execute("notify ch")
    assert listener.execute("select 1").fetchone() == (1,)
    assert "a notification handler failed" in caplog.text


@pytest.mark.anyio
async def test_async(dsn, aconn, sender):
    await aconn.set_autocommit(True)
    await aconn.execute("listen ch")

    async def collect():
        return [n.payload async for n in aconn.notifies(timeout=10, stop_after=2)]

    task = start(collect)
    await anyio.to_thread.run_sync(sender.execute, "notify ch, '1'")
    await anyio.to_thread.run_sync(sender.execute, "notify ch, '2'")
    assert await task == ["1", "2"]
    assert [n async for n in aconn.notifies(timeout=0.01)] == []


def arrive(conn):
    """Wait until the server has sent something that was not received."""
    assert wait_for_socket(conn, 30, reading=True)


def test_what_has_arrived_needs_no_time(listener, sender):
    sender.execute("notify ch, 'arrived'")
    arrive(listener)
    assert [n.payload for n in listener.notifies(timeout=0)] == ["arrived"]
    assert list(listener.notifies(timeout=0)) == []


@pytest.mark.anyio
async def test_async_what_has_arrived_needs_no_time(aconn, sender):
    await aconn.set_autocommit(True)
    await aconn.execute("listen ch")
    sender.execute("notify ch, 'arrived'")
    arrive(aconn)
    assert [n.payload async for n in aconn.notifies(timeout=0)] == ["arrived"]
    assert [n async for n in aconn.notifies(timeout=0)] == []


@pytest.mark.anyio
async def test_async_a_lost_connection_needs_no_time(aconn, sender):
    await aconn.set_autocommit(True)
    sender.execute("select pg_terminate_backend(%s)", [aconn.info.backend_pid])
    with pytest.raises(howdah.OperationalError):
        for _ in range(10):  # a message of the server, and the end, which may come later
            arrive(aconn)
            assert [n async for n in aconn.notifies(timeout=0)] == []
    assert aconn.closed


@pytest.mark.anyio
async def test_async_a_handler_that_raises_when_there_is_no_time(aconn, sender):
    class Stop(BaseException):
        pass

    def stop(notify):
        if notify.payload == "1":
            raise Stop

    await aconn.set_autocommit(True)
    await aconn.execute("listen ch")
    aconn.add_notify_handler(stop)
    await anyio.to_thread.run_sync(lambda: sender.execute("notify ch, '1'; notify ch, '2'"))
    arrive(aconn)
    with pytest.raises(Stop):
        [n async for n in aconn.notifies(timeout=0)]
    assert (await (await aconn.execute("select 1")).fetchone()) == (1,)


@pytest.mark.anyio
async def test_async_cancelled(aconn, sender):
    await aconn.set_autocommit(True)
    await aconn.execute("listen ch")

    async def collect():
        return [n.payload async for n in aconn.notifies()]

    with anyio.move_on_after(0.05) as scope:
        await collect()
    assert scope.cancelled_caught
    sender.execute("notify ch, 'still'")
    assert [n.payload async for n in aconn.notifies(timeout=10, stop_after=1)] == ["still"]
