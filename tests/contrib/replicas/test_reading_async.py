"""Reads that see the session's own writes, on real standbys."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import Any

import pytest

import howdah
from howdah_pool import PoolClosed
from howdah_replicas import AsyncReplicatedPool, InvalidToken, NoPrimary, StandbyTimeout, Token
from howdah_replicas.session_async import AsyncSession
from tests.contrib.replicas.conftest import Replicas
from tests.interrupting import Interrupted, InterruptingLock
from tests.plugins.pool.clients import until_async
from tests.tasks import PATIENCE

ASYNC = True

if ASYNC:
    from tests.plugins.pool.clients import worker_tasks as workers
    from tests.tasks import start

    pytestmark = pytest.mark.anyio
else:
    from tests.contrib.replication.beside import start
    from tests.plugins.pool.clients import worker_threads as workers

READ = "SELECT pg_is_in_recovery(), (SELECT count(*) FROM herd)"
EVER = {"replay_timeout": PATIENCE, "read_primary": False}


def opened(replicas: Replicas, **options: Any) -> AsyncReplicatedPool:
    return AsyncReplicatedPool(replicas.dsn, **{"check_interval": 0.05, "max_lag": None, **options})


async def insert(session: AsyncSession) -> None:
    async with session.connection() as conn:
        await conn.execute("INSERT INTO herd VALUES (1)")


async def read(session: AsyncSession, timeout: float | None = None) -> Any:
    async with session.read(timeout) as conn:
        return await (await conn.execute(READ)).fetchone()


async def test_a_read_waits_for_the_standby(replicas: Replicas) -> None:
    async with opened(replicas, **EVER) as pool:
        await pool.wait(PATIENCE)
        assert sorted(member.role for member in pool.members) == ["primary", "standby", "standby"]
        replicas.pause(*replicas.standbys)
        session = pool.session()
        assert await read(session) == (True, 0)  # it has written nothing
        assert session.token is None
        await insert(session)
        reading = start(read, session)
        with pytest.raises(StandbyTimeout):
            await read(session, 0.0)
        replicas.resume(*replicas.standbys)
        assert await reading.result() == (True, 1)


async def test_a_read_prefers_the_standby_that_has_the_token(replicas: Replicas) -> None:
    ready, paused = replicas.standbys
    async with opened(replicas, **EVER) as pool:
        await pool.wait(PATIENCE)
        replicas.pause(paused)
        session = pool.session()
        await insert(session)
        for _ in range(10):
            async with session.read() as conn:
                assert await (await conn.execute(READ)).fetchone() == (True, 1)
                assert conn.info.port == ready.port
        # Another session may read what it likes.
        assert (await read(pool.session()))[0]
        replicas.resume(paused)


async def test_a_read_goes_to_the_primary_if_no_standby_is_in_time(replicas: Replicas) -> None:
    async with opened(replicas) as pool:
        await pool.wait(PATIENCE)
        replicas.pause(*replicas.standbys)
        session = pool.session()
        await insert(session)
        assert await read(session, 0.0) == (False, 1)
        # The token travels as a text, and is merged.
        other = pool.session(str(session.token))
        assert await read(other, 0.0) == (False, 1)
        third = pool.session()
        third.merge(other.token)
        assert await read(third, 0.0) == (False, 1)
        async with pool.read(session.token, timeout=0.0) as conn:
            with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
                await conn.execute("INSERT INTO herd VALUES (2)")
            await conn.rollback()
        replicas.resume(*replicas.standbys)


@pytest.mark.parametrize("open_ended", [False, True])
async def test_a_standby_that_was_the_primary_is_asked(replicas: Replicas, open_ended: bool) -> None:
    """The pool takes a standby for the primary: so it would be if the primary was restarted as a standby."""
    behind = replicas.standbys[0]
    async with opened(replicas, check_interval=PATIENCE) as pool:
        await pool.wait(PATIENCE)
        replicas.pause(*replicas.standbys)
        session = pool.session()
        await insert(session)
        token = session.token
        assert token is not None
        [primary] = (member for member in pool.members if member.role == "primary")
        [standby] = (member for member in pool.members if member.name.endswith(f":{behind.port}"))
        assert standby.status is not None
        pool._cluster.fail(primary, howdah.OperationalError("lost"))
        pool._cluster.note(standby, standby.status._replace(in_recovery=False), 0.0)
        assert standby.role == "primary"
        other = pool.session(Token.open_ended(token.system, token.timeline) if open_ended else token)
        assert await read(other, 0.0) == (False, 1)
        assert other.token is not None
        assert other.token.lsn >= token.lsn
        replicas.resume(*replicas.standbys)


async def test_reads_are_read_only_with_autocommit(replicas: Replicas) -> None:
    async with opened(replicas, kwargs={"autocommit": True}) as pool:
        await pool.wait(PATIENCE)
        replicas.pause(*replicas.standbys)
        session = pool.session()
        await insert(session)
        async with session.read(0.0) as conn:
            assert await (await conn.execute(READ)).fetchone() == (False, 1)
            with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
                await conn.execute("INSERT INTO herd VALUES (2)")
        await insert(session)
        assert await read(session, 0.0) == (False, 2)
        replicas.resume(*replicas.standbys)


async def test_the_position_comes_with_the_commit(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*args: Any) -> Any:
        raise AssertionError("a further round trip")

    async with opened(replicas, **EVER) as pool:
        await pool.wait(PATIENCE)
        asked = AsyncSession._ask
        monkeypatch.setattr(AsyncSession, "_ask", refuse)
        session = pool.session()
        await insert(session)
        first = session.token
        async with session.connection() as conn:
            async with conn.transaction():
                await conn.execute("INSERT INTO herd VALUES (1)")
        second = session.token
        assert first is not None and second is not None and first < second
        assert not second.is_open_ended
        async with session.connection():
            pass
        assert session.token == second
        assert await read(session) == (True, 2)
        # What is not ended by COMMIT in a round trip of its own takes another one.
        monkeypatch.setattr(AsyncSession, "_ask", asked)
        async with session.connection() as conn:
            async with conn.pipeline():
                await conn.execute("INSERT INTO herd VALUES (3)")
        third = session.token
        assert third is not None and third > second and await read(session) == (True, 3)
        with pytest.raises(ZeroDivisionError):
            async with session.connection() as conn:
                await conn.execute("INSERT INTO herd VALUES (4)")
                await conn.commit()
                await conn.execute("INSERT INTO herd VALUES (5)")
                raise ZeroDivisionError
        assert await read(session) == (True, 4)
        conn = await session.getconn()
        await conn.execute("INSERT INTO herd VALUES (6)")
        await conn.commit()
        await conn.execute("INSERT INTO herd VALUES (7)")
        await session.putconn(conn)
        assert await read(session) == (True, 5)
        with pytest.raises(ValueError, match="not taken"):
            await session.putconn(conn)


async def test_a_commit_that_fails(replicas: Replicas) -> None:
    replicas.run(
        replicas.primary, "ALTER TABLE herd ADD CONSTRAINT once UNIQUE (n) DEFERRABLE INITIALLY DEFERRED"
    )
    async with opened(replicas, **EVER) as pool:
        session = pool.session()
        with pytest.raises(howdah.errors.UniqueViolation):
            async with session.connection() as conn:
                await conn.execute("INSERT INTO herd VALUES (1), (1)")
        with pytest.raises(howdah.errors.InFailedSqlTransaction):
            async with session.connection() as conn:
                with pytest.raises(howdah.errors.UndefinedTable):
                    await conn.execute("SELECT * FROM unicorns")
        await insert(session)
        assert await read(session) == (True, 1)


@pytest.mark.parametrize("synchronous", ["off", "local"])
async def test_asynchronous_commits(replicas: Replicas, synchronous: str) -> None:
    options = f"-c synchronous_commit={synchronous}"
    async with opened(replicas, kwargs={"options": options}, **EVER) as pool:
        await pool.wait(PATIENCE)
        session = pool.session()
        for number in range(1, 4):
            await insert(session)
            assert await read(session) == (True, number)


async def test_a_commit_that_ends_with_a_page_of_the_log(replicas: Replicas) -> None:
    async with opened(replicas, kwargs={"autocommit": True}, **EVER) as pool:
        await pool.wait(PATIENCE)
        with closing(howdah.connect(replicas.primary.dsn, autocommit=True)) as writer:

            def inserted() -> int:
                query = "SELECT (pg_current_wal_insert_lsn() - '0/0')::int8"
                row = writer.execute(query).fetchone()
                assert row is not None
                return int(row[0])

            for _ in range(100):  # other processes write to the log, too
                left = 8192 - inserted() % 8192
                if left < 64:
                    length = 100
                elif left > 240:
                    length = left - 240
                else:
                    length = left - 52  # what the record of a short message takes besides the message
                writer.execute("SELECT pg_logical_emit_message(false, 'p', repeat('x', %s))", [length])
                end = inserted()
                if end % 8192 in (24, 40):
                    session = pool.session()
                    async with session.connection() as aconn:
                        await aconn.execute("SELECT 1")  # so that it asks where the log ends
                    if inserted() == end:
                        break
            else:
                pytest.fail("no record has ended with its page and stayed the last one")
        assert session.token is not None and session.token.lsn % 8192 == 0
        assert (await read(session))[0]


async def test_hostile_tokens(replicas: Replicas) -> None:
    async with opened(replicas) as pool:
        await pool.wait(PATIENCE)
        session = pool.session()
        await insert(session)
        token = session.token
        assert token is not None and pool.accept(str(token)) == token
        foreign = Token(token.system + 1, token.timeline, token.lsn)
        for text in ("", "'; DROP TABLE herd --", "x" * 28, "\0" * 28, "é" * 28, "A" * 100_000, str(foreign)):
            assert pool.accept(text) is None
        assert pool.accept(None) is None
        with pytest.raises(InvalidToken):
            pool.read("'; DROP TABLE herd --")
        with pytest.raises(InvalidToken, match="another cluster"):
            await read(pool.session(foreign))
        # A forged position leads to the primary.
        forged = Token(token.system, token.timeline, (1 << 63) + 5)
        assert await read(pool.session(forged), 0.0) == (False, 1)


async def test_a_connection_that_is_lost_after_its_commit(replicas: Replicas) -> None:
    async with opened(replicas) as pool:
        await pool.wait(PATIENCE)
        replicas.pause(*replicas.standbys)
        session = pool.session()
        with pytest.raises(howdah.OperationalError):
            async with session.connection() as conn:
                await conn.execute("INSERT INTO herd VALUES (1)")
                await conn.commit()
                await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert session.token is not None and session.token.is_open_ended
        assert await read(session) == (False, 1)
        # Now the position is known again.
        assert not session.token.is_open_ended
        replicas.resume(*replicas.standbys)
        assert await read(session, PATIENCE) == (True, 1)


async def test_slow_standbys_are_not_read(replicas: Replicas) -> None:
    async with opened(replicas, max_lag=0.0) as pool:
        await pool.wait(PATIENCE)
        replicas.pause(*replicas.standbys)
        await insert(pool.session())
        standbys = [member for member in pool.members if member.role == "standby"]
        await until_async(lambda: all(member.lag for member in standbys))
        assert all(member.lag_bytes for member in standbys)
        assert await read(pool.session()) == (False, 1)
        replicas.resume(*replicas.standbys)
        await until_async(lambda: not any(member.lag for member in standbys))
        assert await read(pool.session()) == (True, 1)


async def test_a_standby_that_restarts(replicas: Replicas) -> None:
    restarted = replicas.standbys[0]
    async with opened(replicas) as pool:
        await pool.wait(PATIENCE)
        member = next(each for each in pool.members if each.name.startswith(restarted.host))
        session = pool.session()
        await insert(session)
        restarted.stop("immediate")
        try:
            for _ in range(10):  # the first ones find out that it is gone
                assert (await read(session, PATIENCE))[1] == 1
            await until_async(lambda: member.error is not None)
            assert (await read(pool.session()))[1] == 1
        finally:
            restarted.start()
        await until_async(lambda: member.error is None)
        ports = set()
        while restarted.port not in ports:
            async with session.read(PATIENCE) as conn:
                ports.add(conn.info.port)


async def test_a_role_without_privileges(replicas: Replicas) -> None:
    replicas.run(
        replicas.primary,
        "DO $$ BEGIN IF to_regrole('plain') IS NULL THEN CREATE ROLE plain LOGIN; END IF;"
        " GRANT ALL ON herd TO plain; END $$",
    )
    for standby in replicas.standbys:
        replicas.caught_up(standby)
    async with opened(replicas, kwargs={"user": "plain"}, **EVER) as pool:
        await pool.wait(PATIENCE)
        session = pool.session()
        await insert(session)
        assert await read(session) == (True, 1)


async def test_a_transaction_that_is_run_again(replicas: Replicas) -> None:
    async def add(conn: Any) -> str:
        await conn.execute("INSERT INTO herd VALUES (1)")
        return "done"

    async with opened(replicas, **EVER) as pool:
        await pool.wait(PATIENCE)
        session = pool.session()
        assert await session.run(add) == "done"
        assert await read(session) == (True, 1)
        assert await session.fetchval("SELECT pg_is_in_recovery()") is False


async def test_a_server_without_waiting(replicas: Replicas, monkeypatch: pytest.MonkeyPatch) -> None:
    # PostgreSQL 18 has no WAIT FOR: it is tried once, and asked as before.
    monkeypatch.setattr("howdah_replicas.replay_async._WAITS_SINCE", 0)
    async with opened(replicas, **EVER) as pool:
        await pool.wait(PATIENCE)
        replicas.pause(*replicas.standbys)
        session = pool.session()
        await insert(session)
        reading = start(read, session)
        await until_async(lambda: any(server.has_wait is False for server in pool._servers.values()))
        replicas.resume(*replicas.standbys)
        assert await reading.result() == (True, 1)


if not ASYNC:

    @pytest.mark.parametrize("started", [False, True])
    def test_an_interruption_as_a_thread_is_started(
        replicas: Replicas, started: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(thread: threading.Thread) -> None:
            if started or "-watch-" not in thread.name:
                start_thread(thread)
            if "-watch-" in thread.name:
                raise KeyboardInterrupt

        start_thread = threading.Thread.start
        monkeypatch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt), opened(replicas, name="started"):
            pass
        monkeypatch.undo()
        assert not workers("started")
        with opened(replicas) as pool:
            pool.wait(PATIENCE)


async def test_an_interruption_before_the_block_closes_the_pool(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def opened_and_interrupted(pool: AsyncReplicatedPool, stack: Any) -> None:
        await open_in(pool, stack)
        raise KeyboardInterrupt

    open_in = AsyncReplicatedPool._open_in
    monkeypatch.setattr(AsyncReplicatedPool, "_open_in", opened_and_interrupted)
    pool = opened(replicas, name="interrupted")
    with pytest.raises(KeyboardInterrupt):
        async with pool:
            pytest.fail("the block is entered")
    assert pool.closed and all(pool.pool_of(member).closed for member in pool.members)
    assert not workers("interrupted")
    with pytest.raises(howdah.InterfaceError, match="closed"):
        await pool.open()


async def test_two_open_it_at_once(replicas: Replicas) -> None:
    async def open_and_close() -> Any:
        try:
            async with pool:
                told.append("")
                await until_async(lambda: len(told) == 2)
        except howdah.InterfaceError as error:
            told.append(str(error))

    pool, told = opened(replicas, name="at-once"), list[str]()
    for task in [start(open_and_close) for _ in range(2)]:
        await task.result()
    told.sort()
    assert told[0] == "" and "open already" in told[1]
    assert pool.closed and not workers("at-once")


async def test_an_interruption_as_it_is_opened(replicas: Replicas) -> None:
    pool = opened(replicas)
    pool._beginning = InterruptingLock()
    with pytest.raises(Interrupted):
        async with pool:
            pytest.fail("the block is entered")
    assert pool.closed


async def test_one_that_is_closed_while_it_is_opened(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it goes on."""
    pool = opened(replicas, name="closed-meanwhile")
    first = next(iter(pool._servers.values())).pool

    async def close_and_open(server_pool: Any) -> Any:
        if server_pool is first:
            await pool.close()
        return await enter(server_pool)

    enter = type(first).__aenter__
    monkeypatch.setattr(type(first), "__aenter__", close_and_open)
    with pytest.raises(howdah.InterfaceError, match="closed while it was opened"):
        async with pool:
            pytest.fail("the block is entered")
    assert pool.closed and not workers("closed-meanwhile")
    assert all(server.pool.closed for server in pool._servers.values())


async def test_opening_and_closing(replicas: Replicas) -> None:
    pool = opened(replicas, timeout=0.0)
    with pytest.raises(PoolClosed, match="not open yet"):
        await read(pool.session())
    async with pool:
        with pytest.raises(howdah.InterfaceError, match="open already"):
            await pool.open()
        await pool.wait(PATIENCE)
        assert not pool.closed and pool.size >= 3 and "primary" in repr(pool)
        assert pool.pool_of(pool.members[0]).size >= 1
    with pytest.raises(PoolClosed, match="closed"):
        async with pool.connection():
            pass
    with pytest.raises(howdah.InterfaceError, match="closed"):
        await pool.open()
    with pytest.raises(ValueError, match="balance"):
        AsyncReplicatedPool("", balance="none")  # type: ignore[arg-type]
    with pytest.raises(howdah.ProgrammingError):
        AsyncReplicatedPool("host=a,b port=1,2,3")
    standby = replicas.standbys[0]
    async with AsyncReplicatedPool(standby.dsn, timeout=0.1, check_interval=0.05) as pool:
        await until_async(lambda: pool.members[0].role == "standby")
        with pytest.raises(NoPrimary, match="standby"):
            async with pool.connection():
                pass
        with pytest.raises(NoPrimary, match="standby"):
            await pool.wait(0.0)
