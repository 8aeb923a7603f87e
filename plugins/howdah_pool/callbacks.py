# Generated from plugins/howdah_pool/callbacks_async.py by .ci/async_to_sync.py; do not edit.
"""The checks before a pool lends a connection, and the clean-up after it has been given back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from howdah.errors import Error, OperationalError, ProgrammingError
from howdah.pq import TransactionStatus
from howdah_pool.options import ConnectionCallback

if TYPE_CHECKING:
    from howdah import Connection
    from howdah_pool.slot import Slot

__all__ = [
    "begin_reading",
    "check_connection",
    "check_idle",
    "end_reading",
    "end_transaction",
    "is_reset",
    "run_check",
]

logger = logging.getLogger("howdah.pool")


def check_connection(conn: Connection[Any]) -> None:
    """Check with a round trip that a connection works; for use as `check`.

    Raises:
        howdah.OperationalError: the connection does not work.
    """
    if conn.autocommit or conn.info.transaction_status != TransactionStatus.IDLE:
        conn.execute("")
        return
    conn.set_autocommit(True)
    try:
        conn.execute("")
    finally:
        if not conn.closed:
            conn.set_autocommit(False)


def check_idle(connection: Connection[Any], callback: str) -> None:
    """Check that a callback has left no transaction open.

    Raises:
        howdah.ProgrammingError: a transaction is open.
    """
    status = connection.info.transaction_status
    if status != TransactionStatus.IDLE:
        raise ProgrammingError(f"{callback!r} left the connection {status.name}: commit or roll back in it")


def run_check(connection: Connection[Any], check: ConnectionCallback | None) -> None:
    """Check that a connection is not known to be lost, and call `check` if there is one.

    Raises:
        Exception: the connection does not work.
    """
    if connection.closed:
        raise OperationalError("the connection was lost, or closed, while it was idle")
    if check is not None:
        check(connection)
    if connection.info.transaction_status != TransactionStatus.IDLE:
        connection.rollback()


def end_transaction(connection: Connection[Any], pool: str | None) -> bool:
    """End the transaction that a client left open.

    Args:
        connection: the connection.
        pool: the pool's name.

    Returns:
        Whether the next client can use the connection.
    """
    status = connection.info.transaction_status
    if status in (TransactionStatus.IDLE, TransactionStatus.INTRANS, TransactionStatus.INERROR):
        logger.warning("rolling back a connection given back to %r: %s", pool, connection)
        try:
            connection.rollback()
        except Error as error:
            logger.warning("the rollback failed, the connection is closed: %s", error)
    elif status == TransactionStatus.ACTIVE:
        logger.warning("closing a connection given back to %r: %s", pool, connection)
    return connection.info.transaction_status == TransactionStatus.IDLE


def begin_reading(slot: Slot[Any], connection: Connection[Any]) -> None:
    """Have the server refuse changes while a client that only reads has the connection.

    With autocommit there is no BEGIN that could say so: the session's default does.
    """
    slot.read_only = (connection.read_only, connection.autocommit)
    connection.set_read_only(True)
    if connection.autocommit:
        connection.execute("SET default_transaction_read_only TO on")


def end_reading(slot: Slot[Any], connection: Connection[Any]) -> bool:
    """Undo `begin_reading`; return whether the next client can use the connection."""
    assert slot.read_only is not None
    read_only, for_session = slot.read_only
    slot.read_only = None
    connection.set_read_only(read_only)
    if for_session:
        try:
            connection.execute("RESET default_transaction_read_only")
            if not connection.autocommit:  # the client has changed that
                connection.commit()
        except Error as error:
            logger.warning("a connection cannot be used for writing again, it is closed: %s", error)
            return False
    return True


def is_reset(connection: Connection[Any], reset: ConnectionCallback, pool: str | None) -> bool:
    """Call `reset`.

    Args:
        connection: the connection.
        reset: the callback.
        pool: the pool's name.

    Returns:
        Whether the next client can use the connection.
    """
    try:
        reset(connection)
        check_idle(connection, "reset")
    except Exception as error:
        logger.warning("resetting a connection of %r failed, it is closed: %s", pool, error)
        return False
    return True
