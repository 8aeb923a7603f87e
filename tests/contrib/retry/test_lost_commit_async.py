"""A connection that is lost at its COMMIT."""

from __future__ import annotations

from contextlib import closing
from functools import partial

import pytest

import howdah
from howdah import errors
from howdah_pool import AsyncConnectionPool
from howdah_retry import RetryPolicy, attempts_of
from howdah_retry.identity import Outcome
from howdah_retry.outcome_async import find_out, identify
from tests.contrib.retry.commits import AFTER, BEFORE, HELD, CommitProxy
from tests.servers import Server

ASYNC = True

if ASYNC:
    pytestmark = pytest.mark.anyio

EAGER = RetryPolicy(attempts=50, first_pause=0.0)
ASKING = RetryPolicy(attempts=200, first_pause=0.01, longest_pause=0.05, ask_server=True)


@pytest.fixture
def rows(dsn):
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("DROP TABLE IF EXISTS once")
        conn.execute("CREATE TABLE once (attempt int)")
        yield lambda: [row[0] for row in conn.execute("SELECT attempt FROM once ORDER BY 1")]
        # A backend whose COMMIT never came may still hold its locks.
        conn.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_locks"
            " WHERE relation = 'once'::regclass AND pid <> pg_backend_pid()"
        )
        conn.execute("DROP TABLE once")


async def insert(log, conn):
    log.append(conn)
    await conn.execute("INSERT INTO once VALUES (%s)", [len(log)])
    return len(log)


async def found(log, conn):
    assert conn is not log[-1]
    return await (await conn.execute("SELECT FROM once")).fetchone() is not None


@pytest.mark.parametrize(("loss", "stored"), [(BEFORE, []), (AFTER, [1])])
async def test_unknown(server, rows, loss, stored):
    """Nobody says how to find out."""
    log = []
    with CommitProxy(server, loss) as proxy:
        async with AsyncConnectionPool(proxy.dsn, min_size=1) as pool:
            with pytest.raises(errors.TransactionResolutionUnknown) as caught:
                await pool.run(partial(insert, log), policy=EAGER)
    assert len(log) == 1
    assert rows() == stored
    (attempt,) = attempts_of(caught.value)
    assert attempt.error == "TransactionResolutionUnknown" and attempt.lost


@pytest.mark.parametrize(("loss", "stored"), [(BEFORE, []), (AFTER, [1])])
@pytest.mark.parametrize("caught", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        "COMMIT",
        "COMMIT AND CHAIN",
        "COMMIT; BEGIN",
        "/* ' */ SELECT 1; END; BEGIN",
        "ROLLBACK; INSERT INTO once VALUES (1)",
    ],
)
async def test_a_commit_of_the_function_s_own(server, rows, command, caught, loss, stored):
    """It may have taken effect, so nothing is repeated."""
    log = []

    async def function(conn):
        await insert(log, conn)
        try:
            await conn.execute(command)
        except howdah.Error:
            if not caught:
                raise

    with CommitProxy(server, loss, at=command.encode()) as proxy:
        async with AsyncConnectionPool(proxy.dsn, min_size=1) as pool:
            with pytest.raises(errors.TransactionResolutionUnknown, match="ending the transaction itself"):
                await pool.run(function, policy=ASKING)
    assert len(log) == 1
    assert rows() == stored


async def test_a_savepoint_that_is_lost(server, rows):
    """To roll back to it does not end the transaction, which is repeated."""
    log = []

    async def function(conn):
        await insert(log, conn)
        await conn.execute("SAVEPOINT s")
        await conn.execute("ROLLBACK TO s")
        return len(log)

    with CommitProxy(server, BEFORE, AFTER, at=b"ROLLBACK TO s") as proxy:
        async with AsyncConnectionPool(proxy.dsn, min_size=1) as pool:
            assert await pool.run(function, policy=EAGER) == 3
    assert rows() == [3]


@pytest.mark.parametrize("ask", [True, False])
@pytest.mark.parametrize(("losses", "attempts"), [([BEFORE], 2), ([AFTER], 1), ([BEFORE, BEFORE, AFTER], 3)])
async def test_a_pool_finds_out(server, rows, losses, attempts, ask):
    """By asking the server, or by a function; the work is done once."""
    log = []
    options = {"policy": ASKING} if ask else {"policy": EAGER, "committed": partial(found, log)}
    with CommitProxy(server, *losses) as proxy:
        async with AsyncConnectionPool(proxy.dsn, min_size=1) as pool:
            assert await pool.run(partial(insert, log), **options) == attempts
    assert len(log) == attempts
    assert rows() == [attempts]


@pytest.mark.parametrize("ask", [True, False])
@pytest.mark.parametrize("loss", [BEFORE, AFTER])
async def test_a_connection_finds_out(server, rows, loss, ask):
    """It opens another one to ask, also where it would not repeat the transaction on that."""
    log = []
    options = {"policy": ASKING} if ask else {"policy": EAGER, "committed": partial(found, log)}
    with CommitProxy(server, loss) as proxy:
        async with await howdah.AsyncConnection.connect(proxy.dsn, autocommit=True) as conn:
            if loss == AFTER:
                assert await conn.run(partial(insert, log), **options) == 1
            else:
                with pytest.raises(howdah.OperationalError, match="is not committed") as caught:
                    await conn.run(partial(insert, log), **options)
                assert not isinstance(caught.value, errors.TransactionResolutionUnknown)
            assert conn.broken
    assert rows() == ([1] if loss == AFTER else [])


async def test_a_connection_repeats_it_on_another_one(server, rows):
    log = []
    with CommitProxy(server, BEFORE, AFTER) as proxy:
        async with await howdah.AsyncConnection.connect(proxy.dsn, autocommit=True) as conn:
            assert await conn.run(partial(insert, log), policy=ASKING, reconnect=True) == 2
    assert rows() == [2]
    assert all(each.closed for each in log)


@pytest.mark.parametrize("ask", [True, False])
async def test_a_commit_that_is_still_on_its_way(server, dsn, rows, ask):
    """As long as the backend could execute it, the transaction is not run again."""
    log, asked = [], []

    async def check(conn):
        asked.append(conn)
        if len(asked) == 3:
            proxy.release()
        return await found(log, conn)

    async def reset(conn):
        if log:
            await check(conn)
            await conn.commit()

    with CommitProxy(server, HELD) as proxy:
        options = {"policy": ASKING, "committed": None if ask else check}
        if not ask:
            options["policy"] = RetryPolicy(attempts=200, first_pause=0.01, longest_pause=0.05)
        # Without a function, each connection that has asked the server counts.
        async with AsyncConnectionPool(proxy.dsn, min_size=1, reset=reset if ask else None) as pool:
            assert await pool.run(partial(insert, log), **options) == 1
    assert len(asked) >= 3
    assert rows() == [1]


@pytest.mark.parametrize("ask", [True, False])
async def test_a_commit_that_never_comes(server, rows, ask):
    """When the attempts are used up, it is still unknown."""
    log = []
    policy = RetryPolicy(attempts=3, first_pause=0.0, ask_server=ask)
    options = {"policy": policy, "committed": None if ask else partial(found, log)}
    with CommitProxy(server, HELD) as proxy:
        async with AsyncConnectionPool(proxy.dsn, min_size=1) as pool:
            with pytest.raises(errors.TransactionResolutionUnknown):
                await pool.run(partial(insert, log), **options)
    assert len(log) == 1


async def test_an_id_after_a_restart():
    with Server() as server:
        async with await howdah.AsyncConnection.connect(server.dsn) as conn:
            identity = await identify(conn)
        server.stop("fast")
        server.start()
        async with await howdah.AsyncConnection.connect(server.dsn) as conn:
            assert await find_out(conn, identity, 0, None) is Outcome.COMMITTED


async def test_an_id_that_another_transaction_gets_after_a_crash():
    with Server() as server:
        conn = await howdah.AsyncConnection.connect(server.dsn)
        identity = await identify(conn)
        server.stop("immediate")
        await conn.close()
        server.start()
        async with await howdah.AsyncConnection.connect(server.dsn) as conn:
            other = await identify(conn)
            await conn.commit()
            assert other.txid == identity.txid
            assert await find_out(conn, other, 0, None) is Outcome.COMMITTED
            assert await find_out(conn, identity, 0, None) is Outcome.UNKNOWN


async def test_a_function_that_cannot_say(server, rows):
    log = []

    async def cannot_say(conn):
        return None

    async def fails(conn):
        raise KeyError("secret")

    with CommitProxy(server, BEFORE, BEFORE) as proxy:
        async with AsyncConnectionPool(proxy.dsn, min_size=1) as pool:
            with pytest.raises(errors.TransactionResolutionUnknown):
                await pool.run(partial(insert, log), policy=EAGER, committed=cannot_say)
            with pytest.raises(errors.TransactionResolutionUnknown) as caught:
                await pool.run(partial(insert, log), policy=EAGER, committed=fails)
    assert caught.value.__notes__ == ["to find out what became of it failed: KeyError"]
    assert len(log) == 2


async def test_the_connection_that_asks_is_lost_too(server, rows):
    log, asked = [], []

    async def check(conn):
        asked.append(conn)
        if len(asked) == 1:
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)")
        return await found(log, conn)

    with CommitProxy(server, AFTER) as proxy:
        async with AsyncConnectionPool(proxy.dsn, min_size=1) as pool:
            assert await pool.run(partial(insert, log), policy=EAGER, committed=check) == 1
    assert len(asked) == 2
    assert rows() == [1]


async def test_another_commit_that_was_lost_in_the_function(server, aconn, rows):
    """It is not that of the transaction: nothing is repeated."""
    log = []

    async def function(conn):
        log.append(conn)
        async with await howdah.AsyncConnection.connect(proxy.dsn) as other:
            await other.execute("INSERT INTO once VALUES (1)")

    with CommitProxy(server, AFTER) as proxy:
        with pytest.raises(errors.TransactionResolutionUnknown):
            await aconn.run(function, policy=ASKING, reconnect=True)
    assert len(log) == 1
    assert rows() == [1]
