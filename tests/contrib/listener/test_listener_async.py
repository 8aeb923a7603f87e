"""Listeners: many consumers, lost connections, gaps."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

import howdah
from howdah import Notify
from howdah_listener import AsyncListener, Gap, Overflow, SlowConsumer
from howdah_listener.listener_async import _listen as listen
from howdah_pool import AsyncConnectionPool
from tests.contrib.listener.silence import SilentProxy
from tests.interrupting import Interrupted, InterruptingLock
from tests.servers import Server
from tests.tasks import PATIENCE

ASYNC = True

if ASYNC:
    import anyio

    from howdah.io.event_loop import is_trio
    from tests.tasks import Cancelled, start, task_names

    pytestmark = pytest.mark.anyio
else:
    from tests.contrib.replication.beside import start


NAME = "howdah-listener"


@pytest.fixture(scope="module")
def own_server():
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def standby():
    settings = {"wal_level": "replica", "max_wal_senders": "10"}
    with Server(settings=settings, files={"standby.signal": b""}) as server:
        yield server


@pytest.fixture
def writer(dsn):
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        yield conn


@pytest.fixture
def listening(dsn):
    """The conninfo of a listener that can be found on the server."""
    return f"{dsn} application_name={NAME}"


def backends(conn):
    """The backends of listeners, and what they have executed last."""
    query = "SELECT pid, query FROM pg_stat_activity WHERE application_name = %s"
    return conn.execute(query, [NAME]).fetchall()


def kill(conn):
    query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = %s"
    # That of a listener that has just closed its connection may still be there.
    assert {*conn.execute(query, [NAME])} == {(True,)}


def send(conn, channel, payload=""):
    conn.execute("SELECT pg_notify(%s, %s)", [channel, payload])


async def sleep():
    if ASYNC:
        await anyio.sleep(0.005)
    else:
        time.sleep(0.005)


async def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        await sleep()


async def take(subscription):
    """Return the next thing that a consumer gets; of a notification, channel and payload."""
    item = await subscription.get(timeout=PATIENCE)
    assert item is not None
    return (item.channel, item.payload) if isinstance(item, Notify) else item


async def take_gap(subscription):
    gap = await take(subscription)
    assert isinstance(gap, Gap)
    assert gap.reconnected and gap.dropped == 0
    assert isinstance(gap.error, howdah.Error)


if ASYNC:

    async def both(function, *args):
        """Call a function with each argument, at the same time."""
        for task in [start(function, arg) for arg in args]:
            await task

else:

    def both(function, *args):
        """Call a function with each argument, at the same time."""
        threads = [threading.Thread(target=function, args=[arg]) for arg in args]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)


# Consumers and channels


async def test_notifications(listening, writer):
    async with AsyncListener(listening) as listener:
        async with await listener.subscribe("herd", "calf") as subscription:
            assert subscription.channels == {"herd", "calf"}
            send(writer, "herd", "1")
            send(writer, "other")
            send(writer, "calf", "2")
            seen = []
            async for item in subscription:
                assert item.pid == writer.info.backend_pid
                seen.append((item.channel, item.payload))
                if len(seen) == 2:
                    break
            assert seen == [("herd", "1"), ("calf", "2")]
            assert subscription.pending == 0
            assert await subscription.get(timeout=0.0) is None
        assert subscription.closed
        assert await subscription.get() is None


async def test_many_consumers(listening, writer):
    async with AsyncListener(listening) as listener:
        both = await listener.subscribe("a", "b")
        first = await listener.subscribe("a")
        second = await listener.subscribe("b")
        assert len(backends(writer)) == 1
        for number in range(3):
            send(writer, "a", str(number))
            send(writer, "b", str(number))
        expected = [(name, str(number)) for number in range(3) for name in "ab"]
        assert [await take(both) for _ in range(6)] == expected
        assert [await take(first) for _ in range(3)] == expected[::2]
        assert [await take(second) for _ in range(3)] == expected[1::2]
        first.close()
        send(writer, "a", "last")
        assert await take(both) == ("a", "last")
        assert await first.get() is None


@pytest.mark.parametrize("name", ["Herd", 'a "b" c', "select", "é" * 31, "a;b -- c", "%s"])
async def test_names_are_taken_as_they_are(listening, writer, name):
    async with AsyncListener(listening) as listener:
        subscription = await listener.subscribe(name)
        send(writer, name.lower() + "x" if len(name) < 31 else "x")
        send(writer, name, "yes")
        assert await take(subscription) == (name, "yes")


async def test_names_that_no_channel_can_have(listening, writer):
    async with AsyncListener(listening) as listener:
        with pytest.raises(ValueError, match="channel's name"):
            await listener.subscribe("good", "x" * 64)
        subscription = await listener.subscribe("good")
        with pytest.raises(ValueError, match="channel's name"):
            await subscription.add("")
        assert subscription.channels == {"good"}


async def test_channels_change_while_it_runs(listening, writer):
    async with AsyncListener(listening) as listener:
        subscription = await listener.subscribe()
        other = await listener.subscribe("shared")
        for _ in range(3):
            await subscription.add("own", "shared")
            send(writer, "own")
            send(writer, "shared")
            assert [await take(subscription), await take(subscription)] == [("own", ""), ("shared", "")]
            assert await take(other) == ("shared", "")
            subscription.remove("own", "shared", "unknown")
            assert subscription.channels == frozenset()
            await until(lambda: backends(writer)[0][1] == 'UNLISTEN "own"')
            send(writer, "own")
            send(writer, "shared")
            assert await take(other) == ("shared", "")
            assert subscription.pending == 0
        # At once again: what is about to be given up is listened to all the same.
        for number in range(30):
            subscription.remove("own")
            await subscription.add("own")
            send(writer, "own", str(number))
            assert await take(subscription) == ("own", str(number))


async def test_a_channel_is_given_up_before_the_server_is_told(listening, monkeypatch):
    """Otherwise a consumer that comes just then would believe that the server sends its notifications."""
    seen = []

    async def watched(connection, added, removed):
        if removed:
            seen.append(listener._consumers.is_listening(frozenset(removed)))
        await listen(connection, added, removed)

    monkeypatch.setattr("howdah_listener.listener_async._listen", watched)
    async with AsyncListener(listening) as listener:
        subscription = await listener.subscribe("a")
        subscription.remove("a")
        await until(lambda: seen)
    assert seen == [False]


async def test_what_was_sent_before(listening, writer):
    """Nothing of it comes; and all that is sent after `subscribe`."""
    async with AsyncListener(listening) as listener:
        for number in range(20):
            channel = f"channel {number}"
            send(writer, channel, "before")
            subscription = await listener.subscribe(channel)
            send(writer, channel, "after")
            assert await take(subscription) == (channel, "after")


# Slow consumers


async def test_slow_consumers(listening, writer):
    async with AsyncListener(listening) as listener:
        oldest = await listener.subscribe("a", max_queue=2)
        newest = await listener.subscribe("a", max_queue=2, overflow=Overflow.DROP_NEWEST)
        failing = await listener.subscribe("a", max_queue=2, overflow=Overflow.FAIL)
        quick = await listener.subscribe("a", "end")
        for number in range(5):
            send(writer, "a", str(number))
        send(writer, "end")
        assert [await take(quick) for _ in range(6)][-1] == ("end", "")
        assert [await take(oldest) for _ in range(3)] == [Gap(False, 3), ("a", "3"), ("a", "4")]
        assert [await take(newest) for _ in range(3)] == [("a", "0"), ("a", "1"), Gap(False, 3)]
        assert [await take(failing) for _ in range(2)] == [("a", "0"), ("a", "1")]
        for _ in range(2):
            with pytest.raises(SlowConsumer, match="room for 2 notifications"):
                await failing.get(timeout=PATIENCE)
        with pytest.raises(howdah.InterfaceError, match="closed"):
            await failing.add("b")
        with pytest.raises(ValueError, match="at least one"):
            await listener.subscribe("a", max_queue=0)


async def test_a_consumer_that_was_too_slow_is_forgotten(listening, writer):
    async with AsyncListener(listening) as listener:
        slow = await listener.subscribe("a", max_queue=1, overflow=Overflow.FAIL)
        other = await listener.subscribe("b")
        for number in range(2):
            send(writer, "a", str(number))
        await until(lambda: slow.closed)
        await until(lambda: backends(writer)[0][1] == 'UNLISTEN "a"')
        assert slow.channels == frozenset()
        assert await take(slow) == ("a", "0")
        with pytest.raises(SlowConsumer):
            await slow.get()
        slow.close()
        send(writer, "b")
        assert await take(other) == ("b", "")


# Lost connections


async def test_each_consumer_gets_one_gap(listening, writer):
    async with AsyncListener(listening) as listener:
        subscriptions = [await listener.subscribe(name, "all") for name in "abc"]
        idle = await listener.subscribe()
        for _ in range(3):
            kill(writer)
            for subscription in subscriptions:
                await take_gap(subscription)
            assert listener.connected
            send(writer, "all", "again")
            for subscription in subscriptions:
                assert await take(subscription) == ("all", "again")
        assert len(backends(writer)) == 1
        assert idle.pending == 0


async def test_gaps_that_nobody_took(listening, writer):
    async with AsyncListener(listening) as listener:
        slow = await listener.subscribe("a", "b")
        quick = await listener.subscribe("a")
        send(writer, "b", "first")
        await until(lambda: slow.pending)
        for _ in range(3):
            kill(writer)
            await take_gap(quick)
        send(writer, "a", "last")
        assert await take(quick) == ("a", "last")
        assert await take(slow) == ("b", "first")
        await take_gap(slow)
        assert await take(slow) == ("a", "last")


async def test_nothing_is_missed(listening, writer):
    """Who looks everything up after a gap, and takes what follows, knows all that was written."""
    writer.execute("DROP TABLE IF EXISTS told")
    writer.execute("CREATE TABLE told (n int)")
    rows = 200

    def write():
        with howdah.connect(listening.replace(NAME, "writer"), autocommit=True) as conn:
            for number in range(rows):
                with conn.transaction():
                    conn.execute("INSERT INTO told VALUES (%s)", [number])
                    send(conn, "told", str(number))
                if number % 20 == 10:
                    conn.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
                        [NAME],
                    )

    known, gaps = set(), 0
    async with AsyncListener(listening) as listener:
        subscription = await listener.subscribe("told")
        thread = threading.Thread(target=write)
        thread.start()
        while len(known) < rows:
            item = await take(subscription)
            if isinstance(item, Gap):
                gaps += 1
                known.update(row[0] for row in writer.execute("SELECT n FROM told"))
            else:
                known.add(int(item[1]))
        thread.join(PATIENCE)
    assert gaps
    writer.execute("DROP TABLE told")


async def test_channels_change_while_connections_are_lost(listening, writer):
    async with AsyncListener(listening) as listener:
        subscription = await listener.subscribe("a")
        for number in range(10):
            name = f"channel {number}"
            writer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [NAME]
            )
            subscription.remove(f"channel {number - 1}")
            await subscription.add(name)
            # A gap may come before, or in place of the notification.
            answer = None
            while answer != (name, "") and not (isinstance(answer, Gap) and number == 0):
                send(writer, name)
                answer = await take(subscription)
        assert subscription.channels == {"a", "channel 9"}


async def test_a_new_consumer_has_no_gap(own_server):
    conninfo = f"{own_server.dsn} application_name={NAME}"
    async with AsyncListener(conninfo) as listener:
        old = await listener.subscribe("a")
        own_server.stop()
        await until(lambda: not listener.connected)
        with pytest.raises(TimeoutError, match="no connection"):
            await listener.subscribe("a", timeout=0.01)
        with pytest.raises(TimeoutError, match="no connection"):
            await old.add("b", timeout=0.01)
        assert old.channels == {"a"}
        assert old.pending == 0
        own_server.start()
        new = await listener.subscribe("a")
        with howdah.connect(own_server.dsn, autocommit=True) as conn:
            send(conn, "a", "again")
        await take_gap(old)
        assert await take(old) == ("a", "again")
        assert await take(new) == ("a", "again")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_restart(own_server, mode):
    async with AsyncListener(own_server.tcp_dsn) as listener:
        subscriptions = [await listener.subscribe("a") for _ in range(3)]
        own_server.stop(mode)
        own_server.start()
        for subscription in subscriptions:
            await take_gap(subscription)
        with howdah.connect(own_server.dsn, autocommit=True) as conn:
            send(conn, "a", "again")
        for subscription in subscriptions:
            assert await take(subscription) == ("a", "again")


async def test_it_gives_up(own_server):
    async with AsyncListener(own_server.tcp_dsn, reconnect_timeout=0.0) as listener:
        subscription = await listener.subscribe("a")
        own_server.stop()
        try:
            for _ in range(2):
                with pytest.raises(howdah.OperationalError):
                    await subscription.get(timeout=PATIENCE)
            assert listener.closed
            with pytest.raises(howdah.OperationalError):
                await listener.subscribe("b")
        finally:
            own_server.start()


async def test_a_peer_that_is_gone(server, writer):
    """Nothing comes from it, and nothing says that it is gone."""
    with SilentProxy(server) as proxy:
        async with AsyncListener(proxy.dsn, check_interval=0.05, check_timeout=0.2) as listener:
            subscription = await listener.subscribe("a")
            # It is asked, and answers.
            send(writer, "a", "1")
            assert await take(subscription) == ("a", "1")
            assert await subscription.get(timeout=0.3) is None
            proxy.silence()
            await take_gap(subscription)
            send(writer, "a", "2")
            assert await take(subscription) == ("a", "2")


async def test_a_silent_server_is_asked(listening, writer):
    async with AsyncListener(listening, check_interval=0.01) as listener:
        subscription = await listener.subscribe("a")
        await until(lambda: backends(writer)[0][1] == "SELECT 1")
        send(writer, "a")
        assert await take(subscription) == ("a", "")


async def test_a_server_that_refuses(standby):
    """A standby does not listen; the listener goes on."""
    async with AsyncListener(standby.dsn) as listener:
        for _ in range(2):
            with pytest.raises(howdah.Error, match="during recovery"):
                await listener.subscribe("a")
        assert listener.connected
        assert not (await listener.subscribe()).closed


async def test_a_channel_that_is_refused_keeps_no_other_one_back(listening, writer):
    async with AsyncListener(f"{listening} client_encoding=latin1") as listener:
        subscription = await listener.subscribe("old")
        subscription.remove("old")
        with pytest.raises(howdah.DataError, match="8859"):
            await subscription.add("\N{EURO SIGN}", "good")
        assert subscription.channels == frozenset()
        seen = {}

        async def add(name):
            try:
                await subscription.add(name)
                seen[name] = None
            except howdah.Error as error:
                seen[name] = error

        await both(add, "\N{EURO SIGN}", "good")
        assert seen["good"] is None and isinstance(seen["\N{EURO SIGN}"], howdah.DataError)
        send(writer, "good")
        assert await take(subscription) == ("good", "")


async def test_it_gives_up_a_server_that_refuses(own_server, standby):
    """It accepts connections, but does not listen."""
    servers = [own_server.tcp_dsn]
    conninfo = f" application_name={NAME}"
    listener = AsyncListener(
        lambda: (servers.pop() if servers else standby.dsn) + conninfo, reconnect_timeout=0.1
    )
    async with listener:
        subscription = await listener.subscribe("a")
        with howdah.connect(own_server.dsn, autocommit=True) as conn:
            kill(conn)
        with pytest.raises(howdah.Error, match="during recovery"):
            await subscription.get(timeout=PATIENCE)
        assert listener.closed


# Connecting


async def test_a_pool_s_parameters(listening, writer):
    kwargs = {"autocommit": False, "options": "-c statement_timeout=77s"}
    async with AsyncConnectionPool(lambda: listening, kwargs=lambda: kwargs, min_size=0, max_size=1) as pool:
        async with pool.connection():
            async with AsyncListener.of_pool(pool, check_interval=None) as listener:
                subscription = await listener.subscribe("a")
                send(writer, "a")
                assert await take(subscription) == ("a", "")
                listeners = """SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN "a"'"""
                for (pid,) in writer.execute(listeners).fetchall():
                    writer.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
                await take_gap(subscription)


async def test_a_connection_class(listening):
    class Special(howdah.AsyncConnection):
        made = 0

        @classmethod
        async def connect(cls, *args, **kwargs):
            cls.made += 1
            return await super().connect(*args, **kwargs)

    async with AsyncListener(listening, connection_class=Special) as listener:
        await listener.subscribe("a")
    assert Special.made == 1


async def test_the_first_connection_fails():
    listener = AsyncListener("host=/nonexistent")
    with pytest.raises(howdah.OperationalError):
        async with listener:
            pass
    with pytest.raises(howdah.InterfaceError, match="not open"):
        await listener.subscribe("a")
    assert "not open" in repr(listener)
    with pytest.raises(howdah.ProgrammingError):
        async with AsyncListener("unknown=1"):
            pass


# The end


if ASYNC:
    workers = task_names

else:

    def workers():
        return [thread.name for thread in threading.enumerate()]


def is_gone(writer):
    return NAME not in workers() and not backends(writer)


async def test_close(listening, writer):
    async with AsyncListener(listening) as listener:
        assert "[open]" in repr(listener)
        subscription = await listener.subscribe("a")
        send(writer, "a", "1")
        await until(lambda: subscription.pending)
    assert listener.closed and subscription.closed
    assert [item.payload async for item in subscription] == ["1"]
    await until(lambda: is_gone(writer))
    with pytest.raises(howdah.InterfaceError, match="is closed"):
        await listener.subscribe("a")
    with pytest.raises(howdah.InterfaceError, match="is closed"):
        await listener.open()
    await listener.close()


async def test_close_without_having_done_anything(listening, writer):
    for _ in range(3):
        async with AsyncListener(listening):
            pass
    await until(lambda: is_gone(writer))
    listener = AsyncListener(listening)
    await listener.close()
    assert listener.closed


async def test_close_while_it_reconnects(own_server):
    async with AsyncListener(own_server.tcp_dsn) as listener:
        subscription = await listener.subscribe("a")
        own_server.stop()
        await until(lambda: not listener.connected)
        started = time.monotonic()
    assert time.monotonic() - started < PATIENCE
    assert await subscription.get() is None
    own_server.start()


async def test_an_exception_leaves_the_block(listening, writer):
    with pytest.raises(ZeroDivisionError):
        async with AsyncListener(listening) as listener:
            await listener.subscribe("a")
            raise ZeroDivisionError
    await until(lambda: is_gone(writer))


async def test_an_interruption_before_the_block_closes_the_listener(listening, writer, monkeypatch):
    async def begun_and_interrupted(listener):
        await begin(listener)
        raise KeyboardInterrupt

    begin = AsyncListener._begin
    monkeypatch.setattr(AsyncListener, "_begin", begun_and_interrupted)
    listener = AsyncListener(listening)
    with pytest.raises(KeyboardInterrupt):
        async with listener:
            pytest.fail("the block is entered")
    assert listener.closed
    await until(lambda: is_gone(writer))


async def opened_at_once(listener, opened):
    """Open a listener, close it when another one has tried to; return the error, None if there is none."""
    try:
        async with listener:
            opened.append(1)
            await until(lambda: len(opened) == 2)
    except howdah.InterfaceError as error:
        opened.append(2)
        return str(error)


async def test_two_open_it_at_once(listening, writer):
    """One of them is told that the other one has, and only one connects."""
    listener, opened = AsyncListener(listening), []
    tasks = [start(opened_at_once, listener, opened) for _ in range(2)]
    told = [await task.result() for task in tasks]
    assert sorted(error is None for error in told) == [False, True]
    assert {"being opened", "open already"} & {error[16:] for error in told if error}
    assert sorted(opened) == [1, 2]
    await until(lambda: is_gone(writer))


async def test_an_interruption_as_it_is_opened(listening):
    """Afterwards it can be opened."""
    listener = AsyncListener(listening)
    listener._beginning, lock = InterruptingLock(), listener._beginning
    with pytest.raises(Interrupted):
        async with listener:
            pytest.fail("the block is entered")
    listener._beginning = lock
    async with listener:
        await listener.subscribe("a")


if ASYNC:

    async def test_open_without_a_block(listening, writer):
        listener = AsyncListener(listening)
        if is_trio():
            with pytest.raises(howdah.InterfaceError, match="async with"):
                await listener.open()
            return
        await listener.open()
        with pytest.raises(howdah.InterfaceError, match="open already"):
            await listener.open()
        subscription = await listener.subscribe("a")
        send(writer, "a")
        assert await take(subscription) == ("a", "")
        await listener.close()
        await until(lambda: is_gone(writer))

    async def test_a_consumer_is_cancelled(listening, writer):
        async with AsyncListener(listening) as listener:
            subscription = await listener.subscribe("a")
            task = start(subscription.get)
            for _ in range(3):
                await anyio.sleep(0)
            task.cancel()
            with pytest.raises(Cancelled):
                await task
            send(writer, "a", "1")
            assert await take(subscription) == ("a", "1")

    async def test_subscribing_is_cancelled(own_server):
        async with AsyncListener(own_server.tcp_dsn) as listener:
            subscription = await listener.subscribe("a")
            own_server.stop()
            await until(lambda: not listener.connected)
            task = start(subscription.add, "b")
            for _ in range(3):
                await anyio.sleep(0)
            assert subscription.channels == {"a", "b"}
            task.cancel()
            with pytest.raises(Cancelled):
                await task
            assert subscription.channels == {"a"}
            own_server.start()
            await take_gap(subscription)

    async def test_channels_are_taken_away_while_others_are_added(own_server):
        async with AsyncListener(own_server.tcp_dsn) as listener:
            subscription = await listener.subscribe("a")
            ended = await listener.subscribe("a")
            own_server.stop()
            await until(lambda: not listener.connected)
            tasks = [start(subscription.add, "b"), start(subscription.add, "c"), start(ended.add, "b")]
            await until(lambda: subscription.channels == {"a", "b", "c"} and ended.channels == {"a", "b"})
            ended.close()
            with pytest.raises(howdah.InterfaceError, match="subscription is closed"):
                await tasks[2]
            assert ended.channels == frozenset()
            subscription.remove("a", "b")
            own_server.start()
            for task in tasks[:2]:
                await task
            assert subscription.channels == {"c"}

else:

    def test_a_subscription_is_closed_while_another_thread_adds_to_it(own_server):
        errors = []

        def add():
            with pytest.raises(howdah.InterfaceError, match="subscription is closed") as caught:
                subscription.add("b")
            errors.append(caught.value)

        with AsyncListener(own_server.tcp_dsn) as listener:
            subscription = listener.subscribe("a")
            own_server.stop()
            until(lambda: not listener.connected)
            thread = threading.Thread(target=add, daemon=True)
            thread.start()
            until(lambda: subscription.channels == {"a", "b"})
            subscription.close()
            thread.join(PATIENCE)
            own_server.start()
        assert len(errors) == 1

    def test_a_consumer_waits_in_another_thread(listening, writer):
        with AsyncListener(listening) as listener:
            subscription = listener.subscribe("a")
            seen = []
            thread = threading.Thread(target=lambda: seen.extend(subscription))
            thread.start()
            send(writer, "a", "1")
            until(lambda: seen)
            subscription.close()
            thread.join(PATIENCE)
            assert not thread.is_alive()
        assert [item.payload for item in seen] == ["1"]
