# Generated from tests/contrib/listener/test_listener_async.py by .ci/async_to_sync.py; do not edit.
"""Listeners: many consumers, lost connections, gaps."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import pytest

import howdah
from howdah import Notify
from howdah_listener import Gap, Listener, Overflow, SlowConsumer
from howdah_listener.listener import _listen as listen
from howdah_pool import ConnectionPool
from tests.contrib.listener.silence import SilentProxy
from tests.contrib.replication.beside import start
from tests.interrupting import Interrupted, InterruptingLock
from tests.servers import Server
from tests.tasks import PATIENCE

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


def sleep():
    time.sleep(0.005)


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        sleep()


def take(subscription):
    """Return the next thing that a consumer gets; of a notification, channel and payload."""
    item = subscription.get(timeout=PATIENCE)
    assert item is not None
    return (item.channel, item.payload) if isinstance(item, Notify) else item


def take_gap(subscription):
    gap = take(subscription)
    assert isinstance(gap, Gap)
    assert gap.reconnected and gap.dropped == 0
    assert isinstance(gap.error, howdah.Error)


def both(function, *args):
    """Call a function with each argument, at the same time."""
    threads = [threading.Thread(target=function, args=[arg]) for arg in args]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


# Consumers and channels


def test_notifications(listening, writer):
    with Listener(listening) as listener:
        with listener.subscribe("herd", "calf") as subscription:
            assert subscription.channels == {"herd", "calf"}
            send(writer, "herd", "1")
            send(writer, "other")
            send(writer, "calf", "2")
            seen = []
            for item in subscription:
                assert item.pid == writer.info.backend_pid
                seen.append((item.channel, item.payload))
                if len(seen) == 2:
                    break
            assert seen == [("herd", "1"), ("calf", "2")]
            assert subscription.pending == 0
            assert subscription.get(timeout=0.0) is None
        assert subscription.closed
        assert subscription.get() is None


def test_many_consumers(listening, writer):
    with Listener(listening) as listener:
        both = listener.subscribe("a", "b")
        first = listener.subscribe("a")
        second = listener.subscribe("b")
        assert len(backends(writer)) == 1
        for number in range(3):
            send(writer, "a", str(number))
            send(writer, "b", str(number))
        expected = [(name, str(number)) for number in range(3) for name in "ab"]
        assert [take(both) for _ in range(6)] == expected
        assert [take(first) for _ in range(3)] == expected[::2]
        assert [take(second) for _ in range(3)] == expected[1::2]
        first.close()
        send(writer, "a", "last")
        assert take(both) == ("a", "last")
        assert first.get() is None


@pytest.mark.parametrize("name", ["Herd", 'a "b" c', "select", "é" * 31, "a;b -- c", "%s"])
def test_names_are_taken_as_they_are(listening, writer, name):
    with Listener(listening) as listener:
        subscription = listener.subscribe(name)
        send(writer, name.lower() + "x" if len(name) < 31 else "x")
        send(writer, name, "yes")
        assert take(subscription) == (name, "yes")


def test_names_that_no_channel_can_have(listening, writer):
    with Listener(listening) as listener:
        with pytest.raises(ValueError, match="channel's name"):
            listener.subscribe("good", "x" * 64)
        subscription = listener.subscribe("good")
        with pytest.raises(ValueError, match="channel's name"):
            subscription.add("")
        assert subscription.channels == {"good"}


def test_channels_change_while_it_runs(listening, writer):
    with Listener(listening) as listener:
        subscription = listener.subscribe()
        other = listener.subscribe("shared")
        for _ in range(3):
            subscription.add("own", "shared")
            send(writer, "own")
            send(writer, "shared")
            assert [take(subscription), take(subscription)] == [("own", ""), ("shared", "")]
            assert take(other) == ("shared", "")
            subscription.remove("own", "shared", "unknown")
            assert subscription.channels == frozenset()
            until(lambda: backends(writer)[0][1] == 'UNLISTEN "own"')
            send(writer, "own")
            send(writer, "shared")
            assert take(other) == ("shared", "")
            assert subscription.pending == 0
        # At once again: what is about to be given up is listened to all the same.
        for number in range(30):
            subscription.remove("own")
            subscription.add("own")
            send(writer, "own", str(number))
            assert take(subscription) == ("own", str(number))


def test_a_channel_is_given_up_before_the_server_is_told(listening, monkeypatch):
    """Otherwise a consumer that comes just then would believe that the server sends its notifications."""
    seen = []

    def watched(connection, added, removed):
        if removed:
            seen.append(listener._consumers.is_listening(frozenset(removed)))
        listen(connection, added, removed)

    monkeypatch.setattr("howdah_listener.listener._listen", watched)
    with Listener(listening) as listener:
        subscription = listener.subscribe("a")
        subscription.remove("a")
        until(lambda: seen)
    assert seen == [False]


def test_what_was_sent_before(listening, writer):
    """Nothing of it comes; and all that is sent after `subscribe`."""
    with Listener(listening) as listener:
        for number in range(20):
            channel = f"channel {number}"
            send(writer, channel, "before")
            subscription = listener.subscribe(channel)
            send(writer, channel, "after")
            assert take(subscription) == (channel, "after")


# Slow consumers


def test_slow_consumers(listening, writer):
    with Listener(listening) as listener:
        oldest = listener.subscribe("a", max_queue=2)
        newest = listener.subscribe("a", max_queue=2, overflow=Overflow.DROP_NEWEST)
        failing = listener.subscribe("a", max_queue=2, overflow=Overflow.FAIL)
        quick = listener.subscribe("a", "end")
        for number in range(5):
            send(writer, "a", str(number))
        send(writer, "end")
        assert [take(quick) for _ in range(6)][-1] == ("end", "")
        assert [take(oldest) for _ in range(3)] == [Gap(False, 3), ("a", "3"), ("a", "4")]
        assert [take(newest) for _ in range(3)] == [("a", "0"), ("a", "1"), Gap(False, 3)]
        assert [take(failing) for _ in range(2)] == [("a", "0"), ("a", "1")]
        for _ in range(2):
            with pytest.raises(SlowConsumer, match="room for 2 notifications"):
                failing.get(timeout=PATIENCE)
        with pytest.raises(howdah.InterfaceError, match="closed"):
            failing.add("b")
        with pytest.raises(ValueError, match="at least one"):
            listener.subscribe("a", max_queue=0)


def test_a_consumer_that_was_too_slow_is_forgotten(listening, writer):
    with Listener(listening) as listener:
        slow = listener.subscribe("a", max_queue=1, overflow=Overflow.FAIL)
        other = listener.subscribe("b")
        for number in range(2):
            send(writer, "a", str(number))
        until(lambda: slow.closed)
        until(lambda: backends(writer)[0][1] == 'UNLISTEN "a"')
        assert slow.channels == frozenset()
        assert take(slow) == ("a", "0")
        with pytest.raises(SlowConsumer):
            slow.get()
        slow.close()
        send(writer, "b")
        assert take(other) == ("b", "")


# Lost connections


def test_each_consumer_gets_one_gap(listening, writer):
    with Listener(listening) as listener:
        subscriptions = [listener.subscribe(name, "all") for name in "abc"]
        idle = listener.subscribe()
        for _ in range(3):
            kill(writer)
            for subscription in subscriptions:
                take_gap(subscription)
            assert listener.connected
            send(writer, "all", "again")
            for subscription in subscriptions:
                assert take(subscription) == ("all", "again")
        assert len(backends(writer)) == 1
        assert idle.pending == 0


def test_gaps_that_nobody_took(listening, writer):
    with Listener(listening) as listener:
        slow = listener.subscribe("a", "b")
        quick = listener.subscribe("a")
        send(writer, "b", "first")
        until(lambda: slow.pending)
        for _ in range(3):
            kill(writer)
            take_gap(quick)
        send(writer, "a", "last")
        assert take(quick) == ("a", "last")
        assert take(slow) == ("b", "first")
        take_gap(slow)
        assert take(slow) == ("a", "last")


def test_nothing_is_missed(listening, writer):
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
    with Listener(listening) as listener:
        subscription = listener.subscribe("told")
        thread = threading.Thread(target=write)
        thread.start()
        while len(known) < rows:
            item = take(subscription)
            if isinstance(item, Gap):
                gaps += 1
                known.update(row[0] for row in writer.execute("SELECT n FROM told"))
            else:
                known.add(int(item[1]))
        thread.join(PATIENCE)
    assert gaps
    writer.execute("DROP TABLE told")


def test_channels_change_while_connections_are_lost(listening, writer):
    with Listener(listening) as listener:
        subscription = listener.subscribe("a")
        for number in range(10):
            name = f"channel {number}"
            writer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [NAME]
            )
            subscription.remove(f"channel {number - 1}")
            subscription.add(name)
            # A gap may come before, or in place of the notification.
            answer = None
            while answer != (name, "") and not (isinstance(answer, Gap) and number == 0):
                send(writer, name)
                answer = take(subscription)
        assert subscription.channels == {"a", "channel 9"}


def test_a_new_consumer_has_no_gap(own_server):
    conninfo = f"{own_server.dsn} application_name={NAME}"
    with Listener(conninfo) as listener:
        old = listener.subscribe("a")
        own_server.stop()
        until(lambda: not listener.connected)
        with pytest.raises(TimeoutError, match="no connection"):
            listener.subscribe("a", timeout=0.01)
        with pytest.raises(TimeoutError, match="no connection"):
            old.add("b", timeout=0.01)
        assert old.channels == {"a"}
        assert old.pending == 0
        own_server.start()
        new = listener.subscribe("a")
        with howdah.connect(own_server.dsn, autocommit=True) as conn:
            send(conn, "a", "again")
        take_gap(old)
        assert take(old) == ("a", "again")
        assert take(new) == ("a", "again")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restart(own_server, mode):
    with Listener(own_server.tcp_dsn) as listener:
        subscriptions = [listener.subscribe("a") for _ in range(3)]
        own_server.stop(mode)
        own_server.start()
        for subscription in subscriptions:
            take_gap(subscription)
        with howdah.connect(own_server.dsn, autocommit=True) as conn:
            send(conn, "a", "again")
        for subscription in subscriptions:
            assert take(subscription) == ("a", "again")


def test_it_gives_up(own_server):
    with Listener(own_server.tcp_dsn, reconnect_timeout=0.0) as listener:
        subscription = listener.subscribe("a")
        own_server.stop()
        try:
            for _ in range(2):
                with pytest.raises(howdah.OperationalError):
                    subscription.get(timeout=PATIENCE)
            assert listener.closed
            with pytest.raises(howdah.OperationalError):
                listener.subscribe("b")
        finally:
            own_server.start()


def test_a_peer_that_is_gone(server, writer):
    """Nothing comes from it, and nothing says that it is gone."""
    with SilentProxy(server) as proxy:
        with Listener(proxy.dsn, check_interval=0.05, check_timeout=0.2) as listener:
            subscription = listener.subscribe("a")
            # It is asked, and answers.
            send(writer, "a", "1")
            assert take(subscription) == ("a", "1")
            assert subscription.get(timeout=0.3) is None
            proxy.silence()
            take_gap(subscription)
            send(writer, "a", "2")
            assert take(subscription) == ("a", "2")


def test_a_silent_server_is_asked(listening, writer):
    with Listener(listening, check_interval=0.01) as listener:
        subscription = listener.subscribe("a")
        until(lambda: backends(writer)[0][1] == "SELECT 1")
        send(writer, "a")
        assert take(subscription) == ("a", "")


def test_a_server_that_refuses(standby):
    """A standby does not listen; the listener goes on."""
    with Listener(standby.dsn) as listener:
        for _ in range(2):
            with pytest.raises(howdah.Error, match="during recovery"):
                listener.subscribe("a")
        assert listener.connected
        assert not listener.subscribe().closed


def test_a_channel_that_is_refused_keeps_no_other_one_back(listening, writer):
    with Listener(f"{listening} client_encoding=latin1") as listener:
        subscription = listener.subscribe("old")
        subscription.remove("old")
        with pytest.raises(howdah.DataError, match="8859"):
            subscription.add("\N{EURO SIGN}", "good")
        assert subscription.channels == frozenset()
        seen = {}

        def add(name):
            try:
                subscription.add(name)
                seen[name] = None
            except howdah.Error as error:
                seen[name] = error

        both(add, "\N{EURO SIGN}", "good")
        assert seen["good"] is None and isinstance(seen["\N{EURO SIGN}"], howdah.DataError)
        send(writer, "good")
        assert take(subscription) == ("good", "")


def test_it_gives_up_a_server_that_refuses(own_server, standby):
    """It accepts connections, but does not listen."""
    servers = [own_server.tcp_dsn]
    conninfo = f" application_name={NAME}"
    listener = Listener(lambda: (servers.pop() if servers else standby.dsn) + conninfo, reconnect_timeout=0.1)
    with listener:
        subscription = listener.subscribe("a")
        with howdah.connect(own_server.dsn, autocommit=True) as conn:
            kill(conn)
        with pytest.raises(howdah.Error, match="during recovery"):
            subscription.get(timeout=PATIENCE)
        assert listener.closed


# Connecting


def test_a_pool_s_parameters(listening, writer):
    kwargs = {"autocommit": False, "options": "-c statement_timeout=77s"}
    with ConnectionPool(lambda: listening, kwargs=lambda: kwargs, min_size=0, max_size=1) as pool:
        with pool.connection():
            with Listener.of_pool(pool, check_interval=None) as listener:
                subscription = listener.subscribe("a")
                send(writer, "a")
                assert take(subscription) == ("a", "")
                listeners = """SELECT pid FROM pg_stat_activity WHERE query = 'LISTEN "a"'"""
                for (pid,) in writer.execute(listeners).fetchall():
                    writer.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
                take_gap(subscription)


def test_a_connection_class(listening):
    class Special(howdah.Connection):
        made = 0

        @classmethod
        def connect(cls, *args, **kwargs):
            cls.made += 1
            return super().connect(*args, **kwargs)

    with Listener(listening, connection_class=Special) as listener:
        listener.subscribe("a")
    assert Special.made == 1


def test_the_first_connection_fails():
    listener = Listener("host=/nonexistent")
    with pytest.raises(howdah.OperationalError):
        with listener:
            pass
    with pytest.raises(howdah.InterfaceError, match="not open"):
        listener.subscribe("a")
    assert "not open" in repr(listener)
    with pytest.raises(howdah.ProgrammingError):
        with Listener("unknown=1"):
            pass


# The end


def workers():
    return [thread.name for thread in threading.enumerate()]


def is_gone(writer):
    return NAME not in workers() and not backends(writer)


def test_close(listening, writer):
    with Listener(listening) as listener:
        assert "[open]" in repr(listener)
        subscription = listener.subscribe("a")
        send(writer, "a", "1")
        until(lambda: subscription.pending)
    assert listener.closed and subscription.closed
    assert [item.payload for item in subscription] == ["1"]
    until(lambda: is_gone(writer))
    with pytest.raises(howdah.InterfaceError, match="is closed"):
        listener.subscribe("a")
    with pytest.raises(howdah.InterfaceError, match="is closed"):
        listener.open()
    listener.close()


def test_close_without_having_done_anything(listening, writer):
    for _ in range(3):
        with Listener(listening):
            pass
    until(lambda: is_gone(writer))
    listener = Listener(listening)
    listener.close()
    assert listener.closed


def test_close_while_it_reconnects(own_server):
    with Listener(own_server.tcp_dsn) as listener:
        subscription = listener.subscribe("a")
        own_server.stop()
        until(lambda: not listener.connected)
        started = time.monotonic()
    assert time.monotonic() - started < PATIENCE
    assert subscription.get() is None
    own_server.start()


def test_an_exception_leaves_the_block(listening, writer):
    with pytest.raises(ZeroDivisionError):
        with Listener(listening) as listener:
            listener.subscribe("a")
            raise ZeroDivisionError
    until(lambda: is_gone(writer))


def test_an_interruption_before_the_block_closes_the_listener(listening, writer, monkeypatch):
    def begun_and_interrupted(listener):
        begin(listener)
        raise KeyboardInterrupt

    begin = Listener._begin
    monkeypatch.setattr(Listener, "_begin", begun_and_interrupted)
    listener = Listener(listening)
    with pytest.raises(KeyboardInterrupt):
        with listener:
            pytest.fail("the block is entered")
    assert listener.closed
    until(lambda: is_gone(writer))


def opened_at_once(listener, opened):
    """Open a listener, close it when another one has tried to; return the error, None if there is none."""
    try:
        with listener:
            opened.append(1)
            until(lambda: len(opened) == 2)
    except howdah.InterfaceError as error:
        opened.append(2)
        return str(error)


def test_two_open_it_at_once(listening, writer):
    """One of them is told that the other one has, and only one connects."""
    listener, opened = Listener(listening), []
    tasks = [start(opened_at_once, listener, opened) for _ in range(2)]
    told = [task.result() for task in tasks]
    assert sorted(error is None for error in told) == [False, True]
    assert {"being opened", "open already"} & {error[16:] for error in told if error}
    assert sorted(opened) == [1, 2]
    until(lambda: is_gone(writer))


def test_an_interruption_as_it_is_opened(listening):
    """Afterwards it can be opened."""
    listener = Listener(listening)
    listener._beginning, lock = InterruptingLock(), listener._beginning
    with pytest.raises(Interrupted):
        with listener:
            pytest.fail("the block is entered")
    listener._beginning = lock
    with listener:
        listener.subscribe("a")


def test_a_subscription_is_closed_while_another_thread_adds_to_it(own_server):
    errors = []

    def add():
        with pytest.raises(howdah.InterfaceError, match="subscription is closed") as caught:
            subscription.add("b")
        errors.append(caught.value)

    with Listener(own_server.tcp_dsn) as listener:
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
    with Listener(listening) as listener:
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
