"""Transaction blocks: nesting, savepoints, `Rollback`."""

from __future__ import annotations

from contextlib import suppress

import anyio
import pytest

import howdah
from howdah import AsyncTransaction, Rollback, pq
from howdah.client.transaction_base import OutOfOrderTransactionNesting
from tests.tasks import start

pytestmark = pytest.mark.anyio

ASYNC = True


@pytest.fixture(params=[False, True], ids=["transactions", "autocommit"])
async def conn(request, aconn):
    await aconn.set_autocommit(True)
    await aconn.execute("create temp table t (x text)")
    await aconn.set_autocommit(request.param)
    return aconn


async def insert(conn, value):
    await conn.execute("insert into t values (%s)", (value,))


async def content(conn):
    """What is in the table, seen after everything that is open is rolled back."""
    await conn.rollback()
    rows = [row[0] async for row in await conn.execute("select x from t order by x")]
    await conn.rollback()
    return rows


def status(conn):
    return conn.info.transaction_status.name


class Oops(Exception):
    """Something that goes wrong in a block."""


async def test_commit(conn):
    async with conn.transaction() as tx:
        assert tx.connection is conn
        assert status(conn) == "INTRANS"
        await insert(conn, "a")
    assert status(conn) == "IDLE"
    assert await content(conn) == ["a"]


async def test_rollback_on_exception(conn):
    with pytest.raises(Oops):
        async with conn.transaction():
            await insert(conn, "a")
            raise Oops
    assert status(conn) == "IDLE"
    assert await content(conn) == []


async def test_rollback_on_a_database_error(conn):
    with pytest.raises(howdah.errors.DivisionByZero):
        async with conn.transaction():
            await insert(conn, "a")
            await conn.execute("select 1 / 0")
    assert status(conn) == "IDLE"
    assert await content(conn) == []


async def test_a_block_inside_of_a_transaction_is_a_savepoint(conn):
    if conn.autocommit:
        pytest.skip("there is no transaction around it")
    await insert(conn, "a")
    async with conn.transaction() as tx:
        assert tx.savepoint_name
        await insert(conn, "b")
    assert status(conn) == "INTRANS"
    with pytest.raises(Oops):
        async with conn.transaction():
            await insert(conn, "c")
            raise Oops
    assert status(conn) == "INTRANS"
    await conn.commit()
    assert await content(conn) == ["a", "b"]


async def test_nested(conn):
    async with conn.transaction() as outer:
        await insert(conn, "a")
        async with conn.transaction() as first:
            await insert(conn, "b")
        with pytest.raises(Oops):
            async with conn.transaction() as second:
                await insert(conn, "c")
                async with conn.transaction() as third:
                    await insert(conn, "d")
                raise Oops
        await insert(conn, "e")
    assert outer.savepoint_name is None
    assert first.savepoint_name == second.savepoint_name != third.savepoint_name
    assert await content(conn) == ["a", "b", "e"]


async def test_a_database_error_in_a_nested_block_spares_the_outer_one(conn):
    async with conn.transaction():
        await insert(conn, "a")
        with pytest.raises(howdah.errors.UndefinedTable):
            async with conn.transaction():
                await conn.execute("table nowhere")
        await insert(conn, "b")
    assert await content(conn) == ["a", "b"]


@pytest.mark.parametrize("name", ["sp", "Two Words", 'quo"ted', "ünï"])
async def test_savepoint_name(conn, name):
    async with conn.transaction(name) as outer:
        assert outer.savepoint_name == name
        await insert(conn, "a")
        with pytest.raises(Oops):
            async with conn.transaction(savepoint_name=f"{name} 2"):
                await insert(conn, "b")
                raise Oops
        await conn.execute(howdah.sql.SQL("rollback to {}").format(howdah.sql.Identifier(name)))
        await insert(conn, "c")
    assert await content(conn) == ["c"]


@pytest.mark.parametrize("nested", [False, True])
async def test_force_rollback(conn, nested):
    async with conn.transaction():
        await insert(conn, "a")
        async with conn.transaction(force_rollback=True):
            await insert(conn, "b")
        if nested:
            with pytest.raises(Oops):
                async with conn.transaction(force_rollback=True):
                    raise Oops
    async with conn.transaction(force_rollback=True):
        await insert(conn, "c")
    assert await content(conn) == ["a"]


async def test_rollback_exception(conn):
    async with conn.transaction():
        await insert(conn, "a")
        async with conn.transaction():
            await insert(conn, "b")
            raise Rollback
        await insert(conn, "c")
    assert await content(conn) == ["a", "c"]


async def test_rollback_of_an_outer_block(conn):
    async with conn.transaction() as outer:
        await insert(conn, "a")
        async with conn.transaction() as middle:
            await insert(conn, "b")
            async with conn.transaction():
                await insert(conn, "c")
                raise Rollback(middle)
            pytest.fail("the middle block goes on")
        await insert(conn, "d")
    assert await content(conn) == ["a", "d"]
    async with conn.transaction() as outer:
        await insert(conn, "e")
        async with conn.transaction():
            raise Rollback(outer)
        pytest.fail("the outer block goes on")
    assert await content(conn) == ["a", "d"]


async def test_rollback_of_a_block_elsewhere_goes_through(conn, dsn):
    async with await howdah.AsyncConnection.connect(dsn) as other, other.transaction() as elsewhere:
        with pytest.raises(Rollback) as info:
            async with conn.transaction():
                await insert(conn, "a")
                raise Rollback(elsewhere)
    assert info.value.transaction is elsewhere
    assert await content(conn) == []


def test_rollback_outside_of_a_block():
    with pytest.raises(Rollback):
        raise Rollback


@pytest.mark.parametrize("call", ["commit", "rollback"])
async def test_no_commit_or_rollback_inside(conn, call):
    async with conn.transaction():
        await insert(conn, "a")
        with pytest.raises(howdah.ProgrammingError, match="transaction"):
            await getattr(conn, call)()
    assert await content(conn) == ["a"]


async def test_close_inside(conn):
    with pytest.raises(howdah.OperationalError, match="nothing is committed"):
        async with conn.transaction() as tx:
            await conn.close()
    assert conn.closed
    assert tx.status == tx.Status.FAILED


async def test_close_inside_and_an_exception(conn):
    with pytest.raises(Oops):
        async with conn.transaction(), conn.transaction():
            await conn.close()
            raise Oops


async def test_backend_dies_inside(conn, dsn):
    with pytest.raises(howdah.OperationalError):
        async with conn.transaction():
            async with await howdah.AsyncConnection.connect(dsn) as other:
                await other.execute("select pg_terminate_backend(%s, 10000)", (conn.info.backend_pid,))
            await insert(conn, "a")
    assert conn.broken


async def test_commit_that_fails(conn):
    await conn.rollback()
    with pytest.raises(howdah.errors.UniqueViolation):
        async with conn.transaction():
            await conn.execute("create temp table u (x int unique deferrable initially deferred)")
            await conn.execute("insert into u values (1), (1)")
    assert status(conn) == "IDLE"
    assert await content(conn) == []
    async with conn.transaction():
        await insert(conn, "after")
    assert await content(conn) == ["after"]


async def test_an_error_caught_inside(conn):
    with pytest.raises(howdah.errors.InFailedSqlTransaction, match="not committed"):
        async with conn.transaction() as tx:
            await insert(conn, "a")
            with pytest.raises(howdah.errors.DivisionByZero):
                await conn.execute("select 1 / 0")
    # In a failed transaction COMMIT rolls back.
    assert status(conn) == "IDLE"
    assert tx.status == tx.Status.FAILED
    assert await content(conn) == []


async def test_an_error_caught_inside_of_a_nested_block(conn):
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        async with conn.transaction(), conn.transaction():
            with pytest.raises(howdah.errors.DivisionByZero):
                await conn.execute("select 1 / 0")
    assert status(conn) == "IDLE"


async def test_out_of_order(conn):
    first, second = AsyncTransaction(conn), AsyncTransaction(conn)
    await first.__aenter__()
    await second.__aenter__()
    with pytest.raises(OutOfOrderTransactionNesting):
        await first.__aexit__(None, None, None)
    with pytest.raises((OutOfOrderTransactionNesting, howdah.ProgrammingError)):
        await conn.commit()
    # Its work would be committed with the outer block, which is gone.
    with pytest.raises(OutOfOrderTransactionNesting):
        await second.__aexit__(None, None, None)
    assert first.status == second.status == first.Status.FAILED
    await conn.rollback()
    assert status(conn) == "IDLE"
    await insert(conn, "a")
    await conn.commit()
    assert await content(conn) == ["a"]


async def test_settings_of_the_connection_hold(conn):
    if ASYNC:
        await conn.set_isolation_level(howdah.IsolationLevel.SERIALIZABLE)
        await conn.set_read_only(True)
        await conn.set_deferrable(True)
    else:
        conn.isolation_level = howdah.IsolationLevel.SERIALIZABLE
        conn.read_only = conn.deferrable = True
    async with conn.transaction():
        for name, value in (("isolation", "serializable"), ("read_only", "on"), ("deferrable", "on")):
            assert await (await conn.execute(f"show transaction_{name}")).fetchone() == (value,)


@pytest.mark.parametrize("name", ["autocommit", "read_only", "deferrable"])
async def test_a_setting_that_is_text(conn, name):
    """`conn.autocommit = "off"` does not mean True."""
    before = getattr(conn, name)
    with pytest.raises(howdah.ProgrammingError, match=f"'{name}' is True or False, not text"):
        if ASYNC:
            await getattr(conn, f"set_{name}")("off")
        else:
            setattr(conn, name, "off")
    assert getattr(conn, name) == before
    with pytest.raises(howdah.ProgrammingError, match="'autocommit' is True or False, not text"):
        await howdah.AsyncConnection.connect(autocommit="off")
    with pytest.raises(howdah.ProgrammingError, match="'force_rollback' is True or False, not text"):
        conn.transaction(force_rollback="no")


@pytest.mark.parametrize(
    "given", ["serializable", "SERIALIZABLE", "read committed", "Repeatable-Read", "none"]
)
async def test_an_isolation_level_that_is_text(conn, given):
    """The error says what to pass."""
    name = given.upper().replace(" ", "_").replace("-", "_")
    meant = (
        f"howdah.IsolationLevel.{name}$" if name != "NONE" else "howdah.IsolationLevel.READ_UNCOMMITTED or "
    )
    with pytest.raises(ValueError, match=f"not text: pass {meant}"):
        await conn.set_isolation_level(given)
    assert conn.isolation_level is None


async def test_a_transaction_ended_by_hand(conn):
    async with conn.transaction():
        await insert(conn, "a")
        await conn.execute("rollback")
    assert status(conn) == "IDLE"
    assert await content(conn) == []


async def test_repr(conn):
    async with conn.transaction("sp") as tx:
        assert "'sp'" in repr(tx)
        assert "active" in repr(tx)
    assert "(committed)" in repr(tx)


async def test_a_savepoint_name_that_the_encoding_has_not(conn):
    async with conn.transaction():
        await conn.execute("set local client_encoding to latin1")
        with pytest.raises(howdah.DataError, match="cannot represent"):
            async with conn.transaction("🐘"):
                pass
        async with conn.transaction("é"):
            pass
        assert await (await conn.execute("select 1")).fetchone() == (1,)


async def test_status(conn):
    transaction = AsyncTransaction(conn)
    assert transaction.status == AsyncTransaction.Status.NOT_STARTED == "not_started"
    async with transaction:
        assert transaction.status == AsyncTransaction.Status.ACTIVE
    assert transaction.status == AsyncTransaction.Status.COMMITTED
    async with conn.transaction(force_rollback=True) as forced:
        pass
    async with conn.transaction() as explicit:
        raise Rollback
    assert forced.status == explicit.status == AsyncTransaction.Status.ROLLED_BACK_EXPLICITLY
    with pytest.raises(Oops):
        async with conn.transaction() as outer, conn.transaction() as inner:
            raise Oops
    assert outer.status == inner.status == AsyncTransaction.Status.ROLLED_BACK_WITH_ERROR
    with suppress(Rollback):
        async with conn.transaction() as outer, conn.transaction() as inner:
            raise Rollback(outer)
    assert outer.status == inner.status == AsyncTransaction.Status.ROLLED_BACK_EXPLICITLY
    with pytest.raises(Oops):
        async with conn.transaction(force_rollback=True) as forced:
            raise Oops
    assert forced.status == AsyncTransaction.Status.ROLLED_BACK_EXPLICITLY


@pytest.mark.parametrize("exception", [None, Oops, Rollback])
@pytest.mark.parametrize("force_rollback", [False, True])
@pytest.mark.parametrize("way", ["closed", "lost"])
async def test_status_without_a_connection(conn, way, force_rollback, exception):
    with suppress(howdah.OperationalError, Oops):
        async with conn.transaction(force_rollback=force_rollback) as tx:
            if way == "closed":
                await conn.close()
            else:
                with pytest.raises(howdah.OperationalError):
                    await conn.execute("select pg_terminate_backend(pg_backend_pid())")
            if exception is not None:
                raise exception
    assert tx.status == AsyncTransaction.Status.FAILED


async def test_cursors_work_across(conn):
    cur = conn.cursor()
    async with conn.transaction():
        await cur.execute("select generate_series(1, 3)")
    assert await cur.fetchall() == [(1,), (2,), (3,)]


async def test_enter_on_a_failed_transaction(conn):
    if conn.autocommit:
        pytest.skip("there is no transaction around it")
    with pytest.raises(howdah.DatabaseError):
        await conn.execute("wrong")
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        async with conn.transaction():
            pytest.fail("the block was entered")
    await conn.rollback()
    async with conn.transaction():
        await insert(conn, "a")
    assert conn.info.transaction_status == pq.TransactionStatus.IDLE


if ASYNC:

    async def test_cancelled_inside(conn):
        async def run():
            async with conn.transaction():
                await insert(conn, "a")
                await anyio.sleep_forever()

        with anyio.move_on_after(0.05) as scope:
            await run()
        assert scope.cancelled_caught
        assert conn.info.transaction_status.name == "IDLE"
        assert await content(conn) == []

    async def test_out_of_order_in_two_tasks(conn):
        """Two tasks whose blocks on one connection overlap."""
        entered, leave = anyio.Event(), anyio.Event()

        async def first():
            async with conn.transaction():
                entered.set()
                await leave.wait()

        async def second():
            await entered.wait()
            async with conn.transaction():
                leave.set()
                with pytest.raises(OutOfOrderTransactionNesting):
                    await task

        task = start(first)
        with pytest.raises(OutOfOrderTransactionNesting):
            await second()
        await conn.rollback()
        assert conn.info.transaction_status.name == "IDLE"
