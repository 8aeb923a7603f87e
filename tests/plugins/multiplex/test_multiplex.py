"""Queries of many tasks on one connection."""

from __future__ import annotations

import asyncio
import contextlib
import sys

import pytest

import howdah
import howdah_multiplex
from howdah import errors, pq, sql
from howdah.adapt import Dumper
from tests.interrupting import Interrupted, interrupt
from tests.plugins.cancelling import cancel_everywhere
from tests.proxy import Proxy

pytestmark = pytest.mark.anyio


@pytest.fixture
async def auto(aconn):
    """The connection in autocommit mode."""
    await aconn.set_autocommit(True)
    return aconn


async def ask(conn, n):
    """Have the server say a number."""
    cur = await conn.execute("select %s::int", (n,))
    return (await cur.fetchone())[0]


async def asleep(watcher, conn):
    """Wait until the connection's backend sleeps."""
    while not await (
        await watcher.execute(
            "select 1 from pg_stat_activity where pid = %s and wait_event = 'PgSleep'",
            (conn.info.backend_pid,),
        )
    ).fetchone():
        pass


@pytest.fixture
async def watcher(dsn, aconn_cls, anyio_backend):
    """Another connection, to see what the first one does."""
    conn = await aconn_cls.connect(dsn, autocommit=True)
    yield conn
    await conn.close()


class Depth:
    """Notes how many queries were on their way at once."""

    def __init__(self, conn):
        self.now = self.most = 0
        self.run_until_ready = conn.kernel.transport.run_until_ready
        conn.kernel.transport.run_until_ready = self.count

    async def count(self, exchange):
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.run_until_ready(exchange)
        finally:
            self.now -= 1


async def test_each_gets_its_own_result(auto):
    depth = Depth(auto)
    assert await asyncio.gather(*[ask(auto, n) for n in range(200)]) == list(range(200))
    assert depth.most == 200


async def test_each_gets_its_own_error(auto):
    async def divide(n):
        cur = await auto.execute("select 12 / %s::int", (n,))
        return (await cur.fetchone())[0]

    results = await asyncio.gather(*[divide(n % 3) for n in range(30)], return_exceptions=True)
    for n, result in enumerate(results):
        if n % 3:
            assert result == 12 // (n % 3)
        else:
            assert isinstance(result, errors.DivisionByZero)


async def test_prepared_statements_of_many_tasks(auto):
    await auto.execute("select 1")
    for _ in range(3):
        await asyncio.gather(*[auto.execute("select %s::int", (n,), prepare=True) for n in range(20)])
    await auto.execute("select 1")
    cur = await auto.execute("select name from pg_prepared_statements", prepare=False)
    assert {name for (name,) in await cur.fetchall()} == set(auto.prepared())
    assert len(auto.prepared()) == 1
    # Lost on the server, they heal.
    await auto.execute(f"deallocate {next(iter(auto.prepared()))}")
    assert await asyncio.gather(*[ask(auto, n) for n in range(20)]) == list(range(20))


async def test_not_without_autocommit(aconn):
    depth = Depth(aconn)
    assert await asyncio.gather(*[ask(aconn, n) for n in range(10)]) == list(range(10))
    assert depth.most == 1


async def test_not_in_a_transaction(auto):
    depth = Depth(auto)
    async with auto.transaction():
        assert await asyncio.gather(*[ask(auto, n) for n in range(10)]) == list(range(10))
    assert depth.most == 1
    assert await asyncio.gather(*[ask(auto, n) for n in range(10)]) == list(range(10))
    assert depth.most == 10


async def test_what_needs_the_connection_for_itself_waits_for_its_turn(auto):
    order = []

    async def note(name, coroutine):
        await coroutine
        order.append(name)

    async def transaction():
        async with auto.transaction():
            assert auto.info.transaction_status == pq.TransactionStatus.INTRANS
            await ask(auto, 1)

    async def stream():
        rows = [row async for row in auto.cursor().stream("select x from generate_series(1, 5) x")]
        assert len(rows) == 5

    async def portal():
        cur = auto.cursor()
        cur.itersize = 2
        await cur.execute("select x from generate_series(1, 5) x")
        assert len(await cur.fetchall()) == 5

    await asyncio.gather(
        *[note("query", ask(auto, n)) for n in range(5)],
        note("stream", stream()),
        *[note("query", ask(auto, n)) for n in range(5)],
        note("portal", portal()),
        note("transaction", transaction()),
        *[note("query", ask(auto, n)) for n in range(5)],
    )
    assert order[:5] == ["query"] * 5 and order[5] == "stream" and order[6:11] == ["query"] * 5
    assert await ask(auto, 1) == 1


async def test_nobody_starves(auto):
    going = True

    async def always(n):
        while going:
            assert await ask(auto, n) == n

    tasks = [asyncio.ensure_future(always(n)) for n in range(5)]
    for _ in range(20):
        async with auto.transaction():
            pass
    going = False
    await asyncio.gather(*tasks)


async def test_a_task_may_query_while_it_streams(auto):
    async def other():
        return await ask(auto, 7)

    task = None
    with pytest.raises(howdah.ProgrammingError, match="streaming"):
        async for _ in auto.cursor().stream("select x from generate_series(1, 3) x"):
            task = task or asyncio.ensure_future(other())
            await asyncio.sleep(0)
            await ask(auto, 1)
    assert await task == 7


# Cancelling


async def test_cancelling_the_only_one_cancels_it_on_the_server(auto, watcher):
    task = asyncio.ensure_future(auto.execute("select pg_sleep(1000)"))
    await asleep(watcher, auto)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert auto.info.transaction_status == pq.TransactionStatus.IDLE
    assert await ask(auto, 1) == 1


async def test_cancelling_the_first_lets_the_others_go_on(auto, watcher):
    first = asyncio.ensure_future(auto.execute("select pg_sleep(1000)"))
    await asleep(watcher, auto)
    others = [asyncio.ensure_future(ask(auto, n)) for n in range(10)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await asyncio.gather(*others) == list(range(10))


async def test_cancelling_one_behind_does_not_touch_the_first(auto, watcher):
    first = asyncio.ensure_future(auto.execute("select pg_sleep(0.5), 1"))
    await asleep(watcher, auto)
    middle = asyncio.ensure_future(auto.execute("select pg_sleep(1000)"))
    last = asyncio.ensure_future(ask(auto, 3))
    await asyncio.sleep(0)
    middle.cancel()
    with pytest.raises(asyncio.CancelledError):
        await middle
    assert not first.done()
    assert (await (await first).fetchone())[1] == 1
    assert await last == 3


async def test_cancelling_all(auto, watcher):
    tasks = [asyncio.ensure_future(auto.execute("select pg_sleep(1000)")) for _ in range(3)]
    await asleep(watcher, auto)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert await ask(auto, 1) == 1
    async with auto.transaction():
        assert await ask(auto, 2) == 2


async def test_who_needs_the_connection_alone_does_not_wait_for_what_was_given_up(auto, watcher):
    short = asyncio.ensure_future(auto.execute("select pg_sleep(0.2)"))
    await asleep(watcher, auto)
    long = asyncio.ensure_future(auto.execute("select pg_sleep(1000)"))
    await asyncio.sleep(0)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    async with auto.transaction():
        assert await ask(auto, 1) == 1
    await short


async def test_a_query_hit_by_the_cancelling_of_another_is_run_again(auto, watcher):
    """The request to cancel may come too late: provoked here by sending it while the next one runs."""
    task = asyncio.ensure_future(auto.execute("select pg_sleep(0.3), 5"))
    await asleep(watcher, auto)
    auto.kernel.scheduler._may_be_cancelled = dict.fromkeys(auto.kernel.scheduler._under_way, 2)
    await auto.cancel_safe()
    assert (await (await task).fetchone())[1] == 5
    # Cancelled by its owner, it is not.
    task = asyncio.ensure_future(auto.execute("select pg_sleep(1000)"))
    await asleep(watcher, auto)
    await auto.cancel_safe()
    with pytest.raises(errors.QueryCanceled):
        await task


async def test_a_query_sent_while_another_is_cancelled_is_run_again(auto, watcher, monkeypatch):
    """The request reaches the server when the query that it is for has ended: it hits one that came since."""
    cancel, late = auto.cancel_safe, []

    async def too_late(**options):
        late.append(asyncio.ensure_future(auto.execute("select pg_sleep(0.3), 5")))
        await cancel(**options)
        await other
        await asleep(watcher, auto)
        await cancel(**options)

    monkeypatch.setattr(auto, "cancel_safe", too_late)
    long = asyncio.ensure_future(auto.execute("select pg_sleep(1000)"))
    other = asyncio.ensure_future(ask(auto, 1))
    await asleep(watcher, auto)
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    assert await other == 1
    assert (await (await late[0]).fetchone())[1] == 5


async def test_cancelled_at_random(auto):
    import random

    chance = random.Random(7)
    for _ in range(30):
        tasks = [asyncio.ensure_future(ask(auto, n)) for n in range(20)]
        doomed = set(chance.sample(range(20), chance.randrange(20)))
        for _ in range(chance.randrange(6)):
            await asyncio.sleep(0)
        for n in doomed:
            tasks[n].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for n, result in enumerate(results):
            assert result == n or (n in doomed and isinstance(result, asyncio.CancelledError)), (n, result)
    async with auto.transaction():
        assert await ask(auto, 1) == 1
    assert not auto.kernel.lock.locked()


async def test_cancelled_while_it_queues(auto, watcher):
    sleeping = asyncio.ensure_future(auto.execute("select pg_sleep(0.2)"))
    await asleep(watcher, auto)

    async def transaction():
        async with auto.transaction():
            pass

    waiting = asyncio.ensure_future(transaction())
    await asyncio.sleep(0)
    behind = asyncio.ensure_future(ask(auto, 4))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await behind == 4
    await sleeping
    assert not auto.kernel.lock.locked()


async def test_the_backend_is_killed(auto, watcher):
    tasks = [asyncio.ensure_future(ask(auto, n)) for n in range(5)]
    tasks.append(asyncio.ensure_future(auto.execute("select pg_terminate_backend(pg_backend_pid())")))
    tasks += [asyncio.ensure_future(ask(auto, n)) for n in range(5)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[:5] == list(range(5))
    assert all(isinstance(result, howdah.OperationalError) for result in results[5:])
    assert auto.broken
    with pytest.raises(howdah.OperationalError):
        await ask(auto, 1)


async def test_one_of_them_cancelled_at_every_await(suspending, auto):
    others = []

    async def prepare():
        others[:] = [asyncio.ensure_future(ask(auto, n)) for n in range(6)]

    async def run(_):
        await ask(auto, 7)
        async with auto.transaction():
            await ask(auto, 8)
        await ask(auto, 9)

    async def check(_):
        assert await asyncio.gather(*others) == list(range(6))
        assert await ask(auto, 1) == 1
        assert auto.info.transaction_status == pq.TransactionStatus.IDLE
        assert not auto.kernel.lock.locked()

    assert await cancel_everywhere(prepare, run, check) > 3


@pytest.mark.parametrize("more", [*range(0, 300, 37), 5_000])
async def test_cut_off_after_some_bytes(server, aconn_cls, more):
    with Proxy(server) as proxy:
        conn = await aconn_cls.connect(proxy.dsn, autocommit=True)
        proxy.limit = more

        async def large(n):
            cur = await conn.execute("select %s::int, repeat('x', 1000)", (n,))
            return (await cur.fetchone())[0]

        results = await asyncio.gather(*[large(n) for n in range(20)], return_exceptions=True)
        failed = [isinstance(result, howdah.OperationalError) for result in results]
        assert any(failed) and failed == sorted(failed)
        assert results[: failed.index(True)] == list(range(failed.index(True)))
        assert conn.broken
        await conn.close()


async def test_closed_while_queries_are_on_their_way(auto, watcher):
    tasks = [asyncio.ensure_future(auto.execute("select pg_sleep(1000)")) for _ in range(3)]
    await asleep(watcher, auto)
    tasks[1].cancel()
    await asyncio.sleep(0)
    await auto.close()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], howdah.OperationalError) and isinstance(results[2], howdah.OperationalError)


async def test_large_parameters_and_results(auto):
    async def large(n):
        cur = await auto.execute("select %s || %s", (str(n), "x" * 200_000))
        return len((await cur.fetchone())[0])

    lengths = await asyncio.gather(*[large(n) for n in range(100)])
    assert lengths == [200_000 + len(str(n)) for n in range(100)]


def test_it_is_announced():
    assert howdah.capabilities.has_multiplex
    assert not howdah.Driver(disable=["multiplex"]).capabilities.has_multiplex


async def test_without_the_plugin_they_take_turns(dsn):
    driver = howdah.Driver(disable=["multiplex"])
    async with await driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
        depth = Depth(conn)
        for _ in range(8):
            assert await asyncio.gather(*[ask(conn, n) for n in range(10)]) == list(range(10))
        assert depth.most == 1
        async with conn.pipeline():
            assert await asyncio.gather(*[ask(conn, n) for n in range(10)]) == list(range(10))


async def test_without_the_plugin_a_cancelled_task_ends_its_query(dsn, watcher):
    driver = howdah.Driver(disable=["multiplex"])
    async with await driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
        first = asyncio.ensure_future(conn.execute("select pg_sleep(1000)"))
        await asleep(watcher, conn)
        others = [asyncio.ensure_future(ask(conn, n)) for n in range(10)]
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert await asyncio.gather(*others) == list(range(10))


@pytest.mark.parametrize("others", [{"disable": ["pipeline"]}, {"enable": ["multiplex", "types"]}], ids=str)
async def test_it_needs_no_other_plugin(dsn, others):
    driver = howdah.Driver(**others)
    async with await driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
        depth = Depth(conn)
        assert await asyncio.gather(*[ask(conn, n) for n in range(10)]) == list(range(10))
        assert depth.most == 10


async def test_types_found_by_name_among_others(auto, dsn, aconn_cls):
    with contextlib.suppress(errors.DuplicateObject):
        await auto.execute("create type shared_mood as enum ('sad', 'ok')")

    class Loader(howdah.adapt.Loader):
        def load(self, data):
            return bytes(data).decode().upper()

    auto.adapters.register_loader("shared_mood", Loader)

    async def mood():
        cur = await auto.execute("select 'ok'::shared_mood")
        return (await cur.fetchone())[0]

    assert await asyncio.gather(*[mood() for _ in range(10)], ask(auto, 1)) == ["OK"] * 10 + [1]
    async with auto.pipeline():
        cur = await auto.execute("select 'sad'::shared_mood")
        assert await cur.fetchone() == ("SAD",)


@pytest.mark.parametrize("kind", [str, str.encode, sql.SQL])
async def test_a_script_that_copies_in_harms_nobody(auto, kind):
    await auto.execute("create temp table copied (x int)")
    script = kind("select 1; copy copied from stdin")
    outcomes = await asyncio.gather(
        *[ask(auto, n) for n in range(5)],
        auto.execute(script),
        *[ask(auto, n) for n in range(5)],
        return_exceptions=True,
    )
    assert [type(outcomes.pop(5)), *outcomes] == [errors.ProgrammingError, *range(5), *range(5)]
    assert not auto.closed


@pytest.mark.parametrize("times", [1, 8], ids=["first", "prepared"])
@pytest.mark.parametrize("kind", [str, str.encode, sql.SQL])
@pytest.mark.parametrize(
    "change",
    [
        "set client_encoding to latin1",
        "select set_config('client_encoding', 'latin1', false)",
        "set names 'latin1'",
        "reset all",
        "discard all",
    ],
)
async def test_a_change_of_the_client_encoding_harms_nobody(auto, change, kind, times):
    async def echo():
        return await (await auto.execute("select %s::text, 'é'", ("é",))).fetchone()

    for _ in range(times):
        await auto.execute("set client_encoding to " + ("utf8" if "latin1" in change else "latin1"))
        echoed = await asyncio.gather(echo(), auto.execute(kind(change)), *[echo() for _ in range(5)])
        del echoed[1]
        assert echoed == [("é", "é")] * 6


async def test_nothing_is_kept_of_closed_coroutines(suspending, auto):
    for n in range(10):
        assert await ask(auto, n) == n  # the query is in the cache
    scheduler = auto.kernel.scheduler
    for n in range(5):
        for query in ("select %s::int", f"select %s::int + {n}"):
            coroutine = auto.execute(query, (n,))
            coroutine.send(None)
            coroutine.close()
        assert not scheduler._under_way
        await asyncio.gather(*[ask(auto, n) for n in range(3)])
    assert len(scheduler._abandoned) <= 2
    assert await ask(auto, 7) == 7
    assert not auto.kernel.lock.locked()


async def test_a_query_that_may_be_cancelled_is_abandoned(suspending, auto):
    """A request to cancel an abandoned query may hit others; of those that are abandoned nothing is kept."""
    for n in range(10):
        assert await ask(auto, n) == n
    scheduler = auto.kernel.scheduler
    task, other = (asyncio.ensure_future(ask(auto, n)) for n in range(2))
    while len(scheduler._under_way) < 2:
        await asyncio.sleep(0)
    scheduler._may_be_cancelled = dict.fromkeys(scheduler._under_way, 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await other == 1
    assert not scheduler._under_way
    assert not scheduler._may_be_cancelled


async def test_a_query_that_is_not_begun_holds_no_lock(auto):
    for n in range(10):
        assert await ask(auto, n) == n
    auto.kernel.scheduler.execute_cached(auto.cursor(), "select %s::int", (1,)).close()
    assert not auto.kernel.lock.locked()


class Interrupting:
    """A parameter whose dumper is interrupted."""


class InterruptingDumper(Dumper):
    """Raises what a signal handler may raise."""

    def dump(self, obj):
        """Be interrupted."""
        raise Interrupted


async def test_an_interruption_while_a_cached_query_is_written(suspending, auto):
    auto.adapters.register_dumper(Interrupting, InterruptingDumper)
    for n in range(10):
        assert await ask(auto, n) == n
    others = [asyncio.ensure_future(ask(auto, n)) for n in range(3)]
    await asyncio.sleep(0)
    size = auto.kernel.session.output_size
    with pytest.raises(Interrupted):
        await auto.execute("select %s::int", (Interrupting(),))
    assert auto.kernel.session.output_size <= size
    assert await asyncio.gather(*others, ask(auto, 3)) == [0, 1, 2, 3]
    assert not auto.kernel.lock.locked()


async def test_an_interruption_after_a_cached_query_is_written(suspending, auto, monkeypatch):
    """A signal handler raises before the exchange is known: what was written is not sent."""
    for n in range(10):
        assert await ask(auto, n) == n
    query_cache = auto.kernel.query_cache

    class Sending:
        def __getattr__(self, name):
            return getattr(query_cache, name)

        def send(self, *args):
            query_cache.send(*args)
            raise Interrupted

    others = [asyncio.ensure_future(ask(auto, n)) for n in range(3)]
    await asyncio.sleep(0)
    with monkeypatch.context() as patch:
        patch.setattr(auto.kernel, "query_cache", Sending())
        with pytest.raises(Interrupted):
            await auto.execute("select %s::int", (4,))
    assert len(auto.kernel.scheduler._under_way) == 3
    tail = auto.kernel.session.tail()
    assert tail is not None and tail[1] in auto.kernel.scheduler._under_way
    assert await asyncio.gather(*others, ask(auto, 3)) == [0, 1, 2, 3]


async def test_an_interruption_after_a_query_is_written(suspending, auto, monkeypatch):
    for n in range(10):
        assert await ask(auto, n) == n
    others = [asyncio.ensure_future(ask(auto, n)) for n in range(3)]
    await asyncio.sleep(0)

    def interrupted(operation):
        operation.send(None)
        raise Interrupted
        yield

    scheduler = auto.kernel.scheduler
    run = scheduler.run
    with monkeypatch.context() as patch:
        patch.setattr(scheduler, "run", lambda operation, **how: run(interrupted(operation), **how))
        with pytest.raises(Interrupted):
            await auto.execute("select 4 + %s::int", (4,), prepare=False)
    tail = auto.kernel.session.tail()
    assert tail is not None and tail[1] in scheduler._under_way
    assert await asyncio.gather(*others, ask(auto, 3)) == [0, 1, 2, 3]


async def test_an_interruption_gives_the_lock_back(auto):
    """A signal handler raises wherever the scheduler calls a function, or is called."""
    scheduler = auto.kernel.scheduler

    def operation():
        return 1
        yield

    def work():
        with (
            contextlib.suppress(StopIteration),
            contextlib.closing(scheduler.run(operation(), independent=True)) as running,
        ):
            running.send(None)

    step = 1
    while interrupt(work, step, howdah_multiplex):
        assert not auto.kernel.lock.locked(), step
        step += 1
    # Before Python 3.12 the scheduler's own frames are left out: `tests.interrupting` has the reason.
    assert step > (3 if sys.version_info >= (3, 12) else 1)
    assert await ask(auto, 1) == 1


async def test_many_abandoned_queries(auto, watcher):
    """Each is noted at once, however many there are, and forgotten when the server has answered."""
    scheduler = auto.kernel.scheduler
    await ask(auto, 0)
    slow = asyncio.ensure_future(auto.execute("select pg_sleep(3600)"))
    await asleep(watcher, auto)
    others = [asyncio.ensure_future(ask(auto, n)) for n in range(50)]
    last = asyncio.ensure_future(ask(auto, 50))
    await asyncio.sleep(0)
    for task in (slow, *others):
        task.cancel()
    await asyncio.gather(slow, *others, return_exceptions=True)
    assert await last == 50
    async with auto.kernel.lock:
        assert scheduler._abandoned == []
