"""A block that ends without an exception has committed its work; otherwise it raises."""

from __future__ import annotations

import asyncio
import logging
from contextlib import ExitStack, closing

import pytest

import howdah
from howdah import errors
from howdah.protocol.exchange import QueryExchange
from howdah_pool import AsyncConnectionPool, ConnectionPool
from tests.proxy import Proxy

FATAL = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to administrator command\0\0"
#: What a server says that is told to end right after it has answered.
LAST_WORD = b"E" + (len(FATAL) + 4).to_bytes(4, "big") + FATAL

INSERT = "insert into told values (1)"


@pytest.fixture(autouse=True)
def table(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "select pg_terminate_backend(pid) from pg_locks"
            " where relation = to_regclass('told') and pid <> pg_backend_pid()"
        )
        conn.execute("drop table if exists told")
        conn.execute("create table told (i int unique deferrable initially deferred)")
        yield lambda: conn.execute("select count(*) from told").fetchone()[0]


@pytest.fixture
def kill(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        yield lambda victim: conn.execute(
            "select pg_terminate_backend(%s, 10000)", [victim.info.backend_pid]
        ).fetchone()


@pytest.fixture
def lost_with_its_answer(server):
    """A conninfo of connections that are lost in the packet that answers INSERT."""

    def spoil(data):
        return data + LAST_WORD if b"INSERT 0 1" in data else data

    with Proxy(server, spoil) as proxy:
        yield proxy.dsn


@pytest.fixture
def lost_at_commit(server):
    """A conninfo of connections that are lost before COMMIT is answered."""
    with Proxy(server, lambda data: None if b"COMMIT" in data else data) as proxy:
        yield proxy.dsn


def connection(dsn, work):
    with howdah.connect(dsn) as conn:
        work(conn)


def transaction(dsn, work):
    with closing(howdah.connect(dsn)) as conn, conn.transaction():
        work(conn)


def autocommitting_transaction(dsn, work):
    with closing(howdah.connect(dsn, autocommit=True)) as conn, conn.transaction():
        work(conn)


def nested_transaction(dsn, work):
    with closing(howdah.connect(dsn)) as conn, conn.transaction(), conn.transaction():
        work(conn)


def pool(dsn, work):
    with ConnectionPool(dsn, min_size=1, max_size=1) as pool, pool.connection() as conn:
        work(conn)


def pipeline(dsn, work):
    with howdah.connect(dsn) as conn, conn.pipeline():
        work(conn)


def autocommitting_pipeline(dsn, work):
    with closing(howdah.connect(dsn, autocommit=True)) as conn, conn.pipeline():
        work(conn)


def explicitly(dsn, work):
    with closing(howdah.connect(dsn)) as conn:
        work(conn)
        conn.commit()


def in_two_phases(dsn, work):
    with howdah.connect(dsn) as conn:
        conn.tpc_begin("told")
        work(conn)
        conn.tpc_prepare()


def asynchronous(block):
    """The twin of a block above."""

    async def connection(dsn, work):
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            await work(conn)

    async def transaction(dsn, work):
        conn = await howdah.AsyncConnection.connect(dsn)
        async with conn.transaction():
            await work(conn)

    async def autocommitting_transaction(dsn, work):
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
        async with conn.transaction():
            await work(conn)

    async def nested_transaction(dsn, work):
        conn = await howdah.AsyncConnection.connect(dsn)
        async with conn.transaction(), conn.transaction():
            await work(conn)

    async def pool(dsn, work):
        async with AsyncConnectionPool(dsn, min_size=1, max_size=1) as pool, pool.connection() as conn:
            await work(conn)

    async def pipeline(dsn, work):
        async with await howdah.AsyncConnection.connect(dsn) as conn, conn.pipeline():
            await work(conn)

    async def autocommitting_pipeline(dsn, work):
        conn = await howdah.AsyncConnection.connect(dsn, autocommit=True)
        async with conn.pipeline():
            await work(conn)

    async def explicitly(dsn, work):
        conn = await howdah.AsyncConnection.connect(dsn)
        await work(conn)
        await conn.commit()

    async def in_two_phases(dsn, work):
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            await conn.tpc_begin("told")
            await work(conn)
            await conn.tpc_prepare()

    twin = locals()[block.__name__]

    def run(dsn, work):
        connections = []

        async def awaited(conn):
            connections.append(conn)
            await work(conn, is_async=True)

        async def main():
            try:
                await twin(dsn, awaited)
            finally:
                for conn in connections:
                    await conn.close()

        asyncio.run(main())

    run.__name__ = f"async {block.__name__}"
    return run


BLOCKS = [
    connection,
    transaction,
    autocommitting_transaction,
    nested_transaction,
    pool,
    pipeline,
    autocommitting_pipeline,
    explicitly,
    in_two_phases,
]
BLOCKS = [side for block in BLOCKS for side in (block, asynchronous(block))]


@pytest.fixture(params=BLOCKS, ids=lambda block: block.__name__)
def block(request):
    return request.param


def insert(conn, is_async=False):
    return conn.execute(INSERT)


def test_lost_with_the_last_answer(block, lost_with_its_answer, table):
    with pytest.raises(howdah.OperationalError, match=r"lost|terminating connection"):
        block(lost_with_its_answer, insert)
    assert table() == 0 or "autocommitting_pipeline" in block.__name__


def test_lost_before_the_commit_is_answered(block, lost_at_commit, table):
    if "two_phases" in block.__name__ or "autocommitting_pipeline" in block.__name__:
        pytest.skip("sends no COMMIT")
    with pytest.raises(errors.TransactionResolutionUnknown, match="whether it is committed is unknown"):
        block(lost_at_commit, insert)


def swallow(kill):
    """Work in a nested block that fails as expected, on a connection that is lost in it."""

    def work(conn, is_async=False):
        async def nested():
            await conn.execute(INSERT)
            with pytest.raises(ZeroDivisionError):
                async with conn.transaction():
                    kill(conn)
                    raise ZeroDivisionError

        if is_async:
            return nested()
        conn.execute(INSERT)
        with pytest.raises(ZeroDivisionError), conn.transaction():
            kill(conn)
            raise ZeroDivisionError
        return None

    return work


def test_lost_in_an_inner_block_whose_error_is_caught(block, dsn, kill, table):
    if "two_phases" in block.__name__:
        pytest.skip("has no inner blocks")
    with pytest.raises(howdah.OperationalError):
        block(dsn, swallow(kill))
    assert table() == 0


def ignore(conn, is_async=False):
    async def failing():
        await conn.execute(INSERT)
        with pytest.raises(errors.DivisionByZero):
            await (await conn.execute("select 1 / 0")).fetchall()

    if is_async:
        return failing()
    conn.execute(INSERT)
    with pytest.raises(errors.DivisionByZero):
        conn.execute("select 1 / 0").fetchall()
    return None


def test_an_error_that_is_caught(block, dsn, table):
    """In a failed transaction the server answers COMMIT by rolling back."""
    if "autocommitting_pipeline" in block.__name__:
        pytest.skip("has told all there is to tell")
    with pytest.raises((errors.InFailedSqlTransaction, howdah.OperationalError)):
        block(dsn, ignore)
    assert table() == 0


@pytest.mark.parametrize("action", ["commit", "rollback"])
def test_the_second_phase(dsn, lost_at_commit, action):
    with howdah.connect(dsn) as conn:
        conn.tpc_begin(f"second {action}")
        conn.execute(INSERT)
        conn.tpc_prepare()
        for cancel in (conn.cancel, conn.cancel_safe):
            with pytest.raises(howdah.ProgrammingError, match="nothing to cancel"):
                cancel()
        conn.close()
    with closing(howdah.connect(lost_at_commit)) as conn:
        if action == "commit":
            with pytest.raises(errors.TransactionResolutionUnknown):
                conn.tpc_commit("second commit")
        else:
            conn.tpc_rollback("second rollback")


def test_rows_that_nobody_fetched(dsn):
    """The statement of a portal is committed with its last row, or fails before."""
    with pytest.raises(errors.DivisionByZero), howdah.connect(dsn, autocommit=True) as conn:
        cur = conn.cursor()
        cur.itersize = 1
        cur.execute("insert into told select 3 / (3 - i) from generate_series(1, 3) i returning i")
        assert cur.fetchone() == (1,)


def portal(conn):
    cur = conn.cursor()
    cur.itersize = 1
    return cur.execute("insert into told values (1), (1) returning i")


@pytest.mark.parametrize("action", ["nothing", "execute", "transaction", "another", "sync"])
@pytest.mark.parametrize("block", ["connection", "pool"])
def test_rows_of_a_portal_that_cannot_be_committed(dsn, table, block, action):
    """The error comes in answer to Sync, which another operation may have sent."""

    def work(conn):
        portal(conn)
        if action == "execute":
            conn.execute("select 1")
        elif action == "transaction":
            with conn.transaction():
                conn.execute("select 1")
        elif action == "another":
            portal(conn)
        elif action == "sync":
            with conn.pipeline() as pipeline:
                pipeline.sync()

    with pytest.raises(errors.UniqueViolation):
        if block == "connection":
            with howdah.connect(dsn, autocommit=True) as conn:
                work(conn)
        else:
            kwargs = {"autocommit": True}
            with ConnectionPool(dsn, min_size=1, kwargs=kwargs) as pool, pool.connection() as conn:
                work(conn)
    assert table() == 0


def test_rows_of_a_portal_that_cannot_be_committed_are_told_once(dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        cur = portal(conn)
        conn.execute("select 1")
        with pytest.raises(errors.UniqueViolation):
            cur.fetchall()
        portal(conn)
        conn.rollback()
        with pytest.raises(errors.UniqueViolation):
            portal(conn).fetchall()


@pytest.fixture
def lost_behind(server):
    """Return a function: a conninfo of connections lost in the packet that has certain bytes."""
    with ExitStack() as proxies:

        def conninfo(mark):
            def spoil(data):
                return data + LAST_WORD if mark in data else data

            return proxies.enter_context(Proxy(server, spoil)).dsn

        yield conninfo


#: PortalSuspended, and CommandComplete of the last row.
@pytest.mark.parametrize("mark", [b"s\0\0\0\4", b"INSERT 0 1\0"])
def test_a_portal_lost_before_it_is_committed(lost_behind, table, mark):
    with pytest.raises(howdah.OperationalError), howdah.connect(lost_behind(mark), autocommit=True) as conn:
        cur = conn.cursor()
        cur.itersize = 1
        cur.execute("insert into told values (1), (2) returning i")
        if mark[:1] == b"I":
            cur.fetchall()
    assert table() == 0


@pytest.mark.parametrize("block", ["connection", "pool"])
def test_a_transaction_that_the_program_has_begun(lost_behind, table, block):
    """In autocommit mode, too, the end of the block commits it."""

    def work(conn):
        conn.execute("begin")
        conn.execute(INSERT)

    dsn = lost_behind(b"INSERT 0 1\0")
    with pytest.raises(howdah.OperationalError, match="not committed"):
        if block == "connection":
            with howdah.connect(dsn, autocommit=True) as conn:
                work(conn)
        else:
            kwargs = {"autocommit": True}
            with ConnectionPool(dsn, min_size=1, kwargs=kwargs) as pool, pool.connection() as conn:
                work(conn)
    assert table() == 0


def test_a_portal_of_the_client_before(dsn, table):
    """The next client of a pool gets neither its transaction nor its error."""
    with ConnectionPool(dsn, min_size=1, max_size=1, kwargs={"autocommit": True}) as pool:
        for actions in (["select 1"], []):
            conn = pool.getconn()
            portal(conn)
            for query in actions:
                conn.execute(query)
            pool.putconn(conn)
            with pool.connection() as conn:
                assert conn.kernel.settled


def test_lost_when_all_is_committed(dsn, kill):
    with howdah.connect(dsn) as conn:
        conn.execute(INSERT)
        conn.commit()
        kill(conn)
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("insert into told values (2)")
        kill(conn)
        with pytest.raises(howdah.OperationalError):
            conn.execute(INSERT)


def test_what_is_undone_all_the_same(dsn, kill):
    with closing(howdah.connect(dsn)) as conn, conn.transaction(force_rollback=True):
        kill(conn)
    with closing(howdah.connect(dsn)) as conn, conn.transaction():
        kill(conn)
        raise howdah.Rollback


@pytest.mark.parametrize("how", ["connection", "transaction", "pipeline", "closed pipeline", "pool"])
def test_a_rollback_that_fails_is_logged(dsn, kill, caplog, how):
    def fail(conn, end):
        conn.execute("select 1")
        end(conn)
        raise ZeroDivisionError

    caplog.set_level(logging.WARNING, "howdah")
    with pytest.raises(ZeroDivisionError):
        if how == "connection":
            with howdah.connect(dsn) as conn:
                fail(conn, kill)
        elif how == "transaction":
            with closing(howdah.connect(dsn)) as conn, conn.transaction():
                fail(conn, kill)
        elif how == "pool":
            with ConnectionPool(dsn, min_size=1, max_size=1) as pool, pool.connection() as conn:
                fail(conn, kill)
        else:
            with closing(howdah.connect(dsn)) as conn, conn.pipeline():
                fail(conn, kill if how == "pipeline" else howdah.Connection.close)
    assert any("ignored" in record.message for record in caplog.records)


WRITTEN = [
    "commit",
    "END",
    "/* done */ Commit Work",
    "-- done\ncommit and chain",
    "; commit; select 1",
    "prepare transaction 'failed'",
]


@pytest.mark.parametrize("cursor", [None, "ClientCursor", "RawCursor"])
@pytest.mark.parametrize("text", WRITTEN)
def test_a_commit_that_the_program_has_written(dsn, text, cursor):
    with howdah.connect(dsn) as conn:
        if cursor is not None:
            conn.cursor_factory = getattr(howdah, cursor)
        with pytest.raises(howdah.DataError):
            conn.execute("select 1/0")
        cur = conn.cursor()
        with pytest.raises(howdah.errors.InFailedSqlTransaction, match="not committed"):
            cur.execute(text)
        assert cur.statusmessage == "ROLLBACK"
        conn.execute("select 1")
        conn.execute("commit")
        with pytest.raises(howdah.DataError):
            conn.execute("select 1/0")
        conn.execute("rollback; select 1")


@pytest.mark.parametrize("way", ["counted", "returning", "arrow", "pipeline"])
def test_a_commit_that_the_program_has_written_otherwise(dsn, way):
    def commit(conn):
        if way == "arrow":
            pytest.importorskip("pyarrow")
            conn.cursor().execute_arrow("commit")
        elif way == "pipeline":
            with conn.pipeline():
                conn.cursor().executemany("commit", [()])
        else:
            conn.cursor().executemany("commit", [()], returning=way == "returning")

    with howdah.connect(dsn) as conn:
        with pytest.raises(howdah.DataError):
            conn.execute("select 1/0")
        with pytest.raises(howdah.errors.InFailedSqlTransaction, match="not committed"):
            commit(conn)
        conn.execute("select 1")
        commit(conn)


def test_a_commit_that_the_program_has_written_async(dsn):
    async def main():
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            with pytest.raises(howdah.DataError):
                await conn.execute("select 1/0")
            with pytest.raises(howdah.errors.InFailedSqlTransaction):
                await conn.execute("commit", prepare=True)
            with pytest.raises(howdah.errors.InFailedSqlTransaction):
                async with conn.pipeline() as pipeline:
                    with pytest.raises(howdah.DataError):
                        await (await conn.execute("select 1/0")).fetchall()
                    await pipeline.sync()
                    await conn.execute("commit")

    asyncio.run(main())


def ask_after_commit(kernel):
    """Have a query sent with each COMMIT; return the list of their exchanges."""
    asked = []

    def ask(session):
        asked.append(QueryExchange(query=b"SELECT count(*) FROM told", describe=kernel.transformer.decoder))
        session.query(asked[-1], asked[-1].query)
        return asked[-1]

    kernel.after_commit = ask
    return asked


def test_a_query_that_is_sent_with_commit(server, table):
    sent = []

    class Listening(Proxy):
        def receive(self, sock):
            data = super().receive(sock)
            sent.append(data)
            return data

    with Listening(server) as proxy, howdah.connect(proxy.dsn) as conn:
        asked = ask_after_commit(conn.kernel)
        conn.execute(INSERT)
        conn.commit()
        assert any(b"COMMIT\0" in data and b"SELECT count(*)" in data for data in sent)
        assert [exchange.results[0].rows for exchange in asked] == [[(1,)]]
        with conn.transaction():
            with conn.transaction():  # the release of a savepoint commits nothing
                conn.execute("insert into told values (2)")
        assert [exchange.results[0].rows for exchange in asked] == [[(1,)], [(2,)]]
        conn.execute(INSERT)
        with pytest.raises(errors.UniqueViolation):
            conn.commit()
        assert asked[-1].results[0].rows == [(2,)]
        conn.execute("select 1")
        conn.rollback()
        assert len(asked) == 3 and table() == 2


@pytest.mark.anyio
async def test_a_query_that_is_sent_with_commit_async(dsn, table):
    async with await howdah.AsyncConnection.connect(dsn) as conn:
        asked = ask_after_commit(conn.kernel)
        await conn.execute(INSERT)
        await conn.commit()
        assert asked[0].results[0].rows == [(1,)] and table() == 1


def test_a_query_after_commit_that_fails(dsn, table):
    with howdah.connect(dsn) as conn:
        failing = []

        def ask(session):
            failing.append(QueryExchange(query=b"SELECT 1/0"))
            session.query(failing[-1], failing[-1].query)
            return failing[-1]

        conn.kernel.after_commit = ask
        conn.execute(INSERT)
        conn.commit()  # it is committed
        assert isinstance(failing[0].error, errors.DivisionByZero) and table() == 1
        conn.execute("select 1")


def test_a_query_after_a_commit_that_is_not_answered(lost_at_commit, table):
    with closing(howdah.connect(lost_at_commit)) as conn:
        asked = ask_after_commit(conn.kernel)
        conn.execute(INSERT)
        with pytest.raises(errors.TransactionResolutionUnknown):
            conn.commit()
        assert asked[0].error is not None


def test_a_connection_that_is_lost_between_commit_and_the_query(server, table):
    def spoil(data):
        if b"COMMIT\0" in data:
            proxy.limit = data.find(b"COMMIT\0") + len("COMMIT\0") + len("Z....I")
        return data

    with Proxy(server, spoil) as proxy, closing(howdah.connect(proxy.dsn)) as conn:
        asked = ask_after_commit(conn.kernel)
        conn.execute(INSERT)
        conn.commit()  # the server has said so
        assert asked[0].error is not None and table() == 1
