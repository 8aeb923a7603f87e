# Generated from tests/kernel/test_transaction_async.py by .ci/async_to_sync.py; do not edit.
"""Transaction blocks: nesting, savepoints, `Rollback`."""

from __future__ import annotations

from contextlib import suppress

import pytest

import howdah
from howdah import Rollback, Transaction, pq
from howdah.client.transaction_base import OutOfOrderTransactionNesting

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["transactions", "autocommit"])
def conn(request, conn):
    conn.set_autocommit(True)
    conn.execute("create temp table t (x text)")
    conn.set_autocommit(request.param)
    return conn


def insert(conn, value):
    conn.execute("insert into t values (%s)", (value,))


def content(conn):
    """What is in the table, seen after everything that is open is rolled back."""
    conn.rollback()
    rows = [row[0] for row in conn.execute("select x from t order by x")]
    conn.rollback()
    return rows


def status(conn):
    return conn.info.transaction_status.name


class Oops(Exception):
    """Something that goes wrong in a block."""


def test_commit(conn):
    with conn.transaction() as tx:
        assert tx.connection is conn
        assert status(conn) == "INTRANS"
        insert(conn, "a")
    assert status(conn) == "IDLE"
    assert content(conn) == ["a"]


def test_rollback_on_exception(conn):
    with pytest.raises(Oops):
        with conn.transaction():
            insert(conn, "a")
            raise Oops
    assert status(conn) == "IDLE"
    assert content(conn) == []


def test_rollback_on_a_database_error(conn):
    with pytest.raises(howdah.errors.DivisionByZero):
        with conn.transaction():
            insert(conn, "a")
            conn.execute("select 1 / 0")
    assert status(conn) == "IDLE"
    assert content(conn) == []


def test_a_block_inside_of_a_transaction_is_a_savepoint(conn):
    if conn.autocommit:
        pytest.skip("there is no transaction around it")
    insert(conn, "a")
    with conn.transaction() as tx:
        assert tx.savepoint_name
        insert(conn, "b")
    assert status(conn) == "INTRANS"
    with pytest.raises(Oops):
        with conn.transaction():
            insert(conn, "c")
            raise Oops
    assert status(conn) == "INTRANS"
    conn.commit()
    assert content(conn) == ["a", "b"]


def test_nested(conn):
    with conn.transaction() as outer:
        insert(conn, "a")
        with conn.transaction() as first:
            insert(conn, "b")
        with pytest.raises(Oops):
            with conn.transaction() as second:
                insert(conn, "c")
                with conn.transaction() as third:
                    insert(conn, "d")
                raise Oops
        insert(conn, "e")
    assert outer.savepoint_name is None
    assert first.savepoint_name == second.savepoint_name != third.savepoint_name
    assert content(conn) == ["a", "b", "e"]


def test_a_database_error_in_a_nested_block_spares_the_outer_one(conn):
    with conn.transaction():
        insert(conn, "a")
        with pytest.raises(howdah.errors.UndefinedTable):
            with conn.transaction():
                conn.execute("table nowhere")
        insert(conn, "b")
    assert content(conn) == ["a", "b"]


@pytest.mark.parametrize("name", ["sp", "Two Words", 'quo"ted', "ünï"])
def test_savepoint_name(conn, name):
    with conn.transaction(name) as outer:
        assert outer.savepoint_name == name
        insert(conn, "a")
        with pytest.raises(Oops):
            with conn.transaction(savepoint_name=f"{name} 2"):
                insert(conn, "b")
                raise Oops
        conn.execute(howdah.sql.SQL("rollback to {}").format(howdah.sql.Identifier(name)))
        insert(conn, "c")
    assert content(conn) == ["c"]


@pytest.mark.parametrize("nested", [False, True])
def test_force_rollback(conn, nested):
    with conn.transaction():
        insert(conn, "a")
        with conn.transaction(force_rollback=True):
            insert(conn, "b")
        if nested:
            with pytest.raises(Oops):
                with conn.transaction(force_rollback=True):
                    raise Oops
    with conn.transaction(force_rollback=True):
        insert(conn, "c")
    assert content(conn) == ["a"]


def test_rollback_exception(conn):
    with conn.transaction():
        insert(conn, "a")
        with conn.transaction():
            insert(conn, "b")
            raise Rollback
        insert(conn, "c")
    assert content(conn) == ["a", "c"]


def test_rollback_of_an_outer_block(conn):
    with conn.transaction() as outer:
        insert(conn, "a")
        with conn.transaction() as middle:
            insert(conn, "b")
            with conn.transaction():
                insert(conn, "c")
                raise Rollback(middle)
            pytest.fail("the middle block goes on")
        insert(conn, "d")
    assert content(conn) == ["a", "d"]
    with conn.transaction() as outer:
        insert(conn, "e")
        with conn.transaction():
            raise Rollback(outer)
        pytest.fail("the outer block goes on")
    assert content(conn) == ["a", "d"]


def test_rollback_of_a_block_elsewhere_goes_through(conn, dsn):
    with howdah.Connection.connect(dsn) as other, other.transaction() as elsewhere:
        with pytest.raises(Rollback) as info:
            with conn.transaction():
                insert(conn, "a")
                raise Rollback(elsewhere)
    assert info.value.transaction is elsewhere
    assert content(conn) == []


def test_rollback_outside_of_a_block():
    with pytest.raises(Rollback):
        raise Rollback


@pytest.mark.parametrize("call", ["commit", "rollback"])
def test_no_commit_or_rollback_inside(conn, call):
    with conn.transaction():
        insert(conn, "a")
        with pytest.raises(howdah.ProgrammingError, match="transaction"):
            getattr(conn, call)()
    assert content(conn) == ["a"]


def test_close_inside(conn):
    with pytest.raises(howdah.OperationalError, match="nothing is committed"):
        with conn.transaction() as tx:
            conn.close()
    assert conn.closed
    assert tx.status == tx.Status.FAILED


def test_close_inside_and_an_exception(conn):
    with pytest.raises(Oops):
        with conn.transaction(), conn.transaction():
            conn.close()
            raise Oops


def test_backend_dies_inside(conn, dsn):
    with pytest.raises(howdah.OperationalError):
        with conn.transaction():
            with howdah.Connection.connect(dsn) as other:
                other.execute("select pg_terminate_backend(%s, 10000)", (conn.info.backend_pid,))
            insert(conn, "a")
    assert conn.broken


def test_commit_that_fails(conn):
    conn.rollback()
    with pytest.raises(howdah.errors.UniqueViolation):
        with conn.transaction():
            conn.execute("create temp table u (x int unique deferrable initially deferred)")
            conn.execute("insert into u values (1), (1)")
    assert status(conn) == "IDLE"
    assert content(conn) == []
    with conn.transaction():
        insert(conn, "after")
    assert content(conn) == ["after"]


def test_an_error_caught_inside(conn):
    with pytest.raises(howdah.errors.InFailedSqlTransaction, match="not committed"):
        with conn.transaction() as tx:
            insert(conn, "a")
            with pytest.raises(howdah.errors.DivisionByZero):
                conn.execute("select 1 / 0")
    # In a failed transaction COMMIT rolls back.
    assert status(conn) == "IDLE"
    assert tx.status == tx.Status.FAILED
    assert content(conn) == []


def test_an_error_caught_inside_of_a_nested_block(conn):
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        with conn.transaction(), conn.transaction():
            with pytest.raises(howdah.errors.DivisionByZero):
                conn.execute("select 1 / 0")
    assert status(conn) == "IDLE"


def test_out_of_order(conn):
    first, second = Transaction(conn), Transaction(conn)
    first.__enter__()
    second.__enter__()
    with pytest.raises(OutOfOrderTransactionNesting):
        first.__exit__(None, None, None)
    with pytest.raises((OutOfOrderTransactionNesting, howdah.ProgrammingError)):
        conn.commit()
    # Its work would be committed with the outer block, which is gone.
    with pytest.raises(OutOfOrderTransactionNesting):
        second.__exit__(None, None, None)
    assert first.status == second.status == first.Status.FAILED
    conn.rollback()
    assert status(conn) == "IDLE"
    insert(conn, "a")
    conn.commit()
    assert content(conn) == ["a"]


def test_settings_of_the_connection_hold(conn):
    conn.isolation_level = howdah.IsolationLevel.SERIALIZABLE
    conn.read_only = conn.deferrable = True
    with conn.transaction():
        for name, value in (("isolation", "serializable"), ("read_only", "on"), ("deferrable", "on")):
            assert conn.execute(f"show transaction_{name}").fetchone() == (value,)


@pytest.mark.parametrize("name", ["autocommit", "read_only", "deferrable"])
def test_a_setting_that_is_text(conn, name):
    """`conn.autocommit = "off"` does not mean True."""
    before = getattr(conn, name)
    with pytest.raises(howdah.ProgrammingError, match=f"'{name}' is True or False, not text"):
        setattr(conn, name, "off")
    assert getattr(conn, name) == before
    with pytest.raises(howdah.ProgrammingError, match="'autocommit' is True or False, not text"):
        howdah.Connection.connect(autocommit="off")
    with pytest.raises(howdah.ProgrammingError, match="'force_rollback' is True or False, not text"):
        conn.transaction(force_rollback="no")


@pytest.mark.parametrize(
    "given", ["serializable", "SERIALIZABLE", "read committed", "Repeatable-Read", "none"]
)
def test_an_isolation_level_that_is_text(conn, given):
    """The error says what to pass."""
    name = given.upper().replace(" ", "_").replace("-", "_")
    meant = (
        f"howdah.IsolationLevel.{name}$" if name != "NONE" else "howdah.IsolationLevel.READ_UNCOMMITTED or "
    )
    with pytest.raises(ValueError, match=f"not text: pass {meant}"):
        conn.set_isolation_level(given)
    assert conn.isolation_level is None


def test_a_transaction_ended_by_hand(conn):
    with conn.transaction():
        insert(conn, "a")
        conn.execute("rollback")
    assert status(conn) == "IDLE"
    assert content(conn) == []


def test_repr(conn):
    with conn.transaction("sp") as tx:
        assert "'sp'" in repr(tx)
        assert "active" in repr(tx)
    assert "(committed)" in repr(tx)


def test_a_savepoint_name_that_the_encoding_has_not(conn):
    with conn.transaction():
        conn.execute("set local client_encoding to latin1")
        with pytest.raises(howdah.DataError, match="cannot represent"):
            with conn.transaction("🐘"):
                pass
        with conn.transaction("é"):
            pass
        assert conn.execute("select 1").fetchone() == (1,)


def test_status(conn):
    transaction = Transaction(conn)
    assert transaction.status == Transaction.Status.NOT_STARTED == "not_started"
    with transaction:
        assert transaction.status == Transaction.Status.ACTIVE
    assert transaction.status == Transaction.Status.COMMITTED
    with conn.transaction(force_rollback=True) as forced:
        pass
    with conn.transaction() as explicit:
        raise Rollback
    assert forced.status == explicit.status == Transaction.Status.ROLLED_BACK_EXPLICITLY
    with pytest.raises(Oops):
        with conn.transaction() as outer, conn.transaction() as inner:
            raise Oops
    assert outer.status == inner.status == Transaction.Status.ROLLED_BACK_WITH_ERROR
    with suppress(Rollback):
        with conn.transaction() as outer, conn.transaction() as inner:
            raise Rollback(outer)
    assert outer.status == inner.status == Transaction.Status.ROLLED_BACK_EXPLICITLY
    with pytest.raises(Oops):
        with conn.transaction(force_rollback=True) as forced:
            raise Oops
    assert forced.status == Transaction.Status.ROLLED_BACK_EXPLICITLY


@pytest.mark.parametrize("exception", [None, Oops, Rollback])
@pytest.mark.parametrize("force_rollback", [False, True])
@pytest.mark.parametrize("way", ["closed", "lost"])
def test_status_without_a_connection(conn, way, force_rollback, exception):
    with suppress(howdah.OperationalError, Oops):
        with conn.transaction(force_rollback=force_rollback) as tx:
            if way == "closed":
                conn.close()
            else:
                with pytest.raises(howdah.OperationalError):
                    conn.execute("select pg_terminate_backend(pg_backend_pid())")
            if exception is not None:
                raise exception
    assert tx.status == Transaction.Status.FAILED


def test_cursors_work_across(conn):
    cur = conn.cursor()
    with conn.transaction():
        cur.execute("select generate_series(1, 3)")
    assert cur.fetchall() == [(1,), (2,), (3,)]


def test_enter_on_a_failed_transaction(conn):
    if conn.autocommit:
        pytest.skip("there is no transaction around it")
    with pytest.raises(howdah.DatabaseError):
        conn.execute("wrong")
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        with conn.transaction():
            pytest.fail("the block was entered")
    conn.rollback()
    with conn.transaction():
        insert(conn, "a")
    assert conn.info.transaction_status == pq.TransactionStatus.IDLE
