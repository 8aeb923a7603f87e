"""Ending loads: what their coordinator does at the end, and what others do if it could not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from howdah.errors import LockNotAvailable, UndefinedObject
from howdah.rows import tuple_row
from howdah.sql import SQL, Identifier, Literal
from howdah_load.address import Address
from howdah_load.names import COMMITTED, RECORD, Names

__all__ = [
    "LIMIT",
    "PATIENCE",
    "Abandoned",
    "clean_up",
    "finish_prepared",
    "is_committed",
    "patiently",
    "recover",
    "remove",
    "settle",
]

T = TypeVar("T")

#: How long a statement waits for workers that are still at work, and how often it is tried.
PATIENCE = "2s"
ATTEMPTS = 5

LIMIT = "SELECT pg_catalog.set_config('lock_timeout', %s, true)"
_RECORDS = """\
SELECT nspname, relname FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE relkind = 'r' AND relname ~ %s AND pg_catalog.pg_has_role(relowner, 'USAGE') ORDER BY relname"""
_PREPARED = """\
SELECT gid FROM pg_catalog.pg_prepared_xacts
WHERE database = pg_catalog.current_database() AND pg_catalog.starts_with(gid, %s) ORDER BY gid"""


@dataclass(frozen=True)
class Abandoned:
    """A load whose coordinator has ended without ending it.

    Args:
        name: what the names of its tables and prepared transactions begin with.
        mode: its mode.
        committed: whether its rows are in the table; None for an independent load, of which those parts are
            that were written.
        removed: whether everything it left is removed; if not, a worker is still at work.
    """

    name: str
    mode: str
    committed: bool | None
    removed: bool


def recover(conninfo: str = "", *, password: Callable[..., Any] | None = None) -> list[Abandoned]:
    """End the two-phase loads of a database whose coordinators have ended without ending them.

    A load that its coordinator had decided to commit is committed, any other is rolled back. Loads that are
    running are left alone. It may be called at any time, also twice at the same time.

    Args:
        conninfo: of the database; as the user who has loaded, or a superuser.
        password: a function that returns the password.

    Returns:
        The loads.

    Raises:
        howdah.Error: the server reports an error.
    """
    return _end_abandoned(Address(conninfo, password), ("two_phase",))


def clean_up(conninfo: str = "", *, password: Callable[..., Any] | None = None) -> list[Abandoned]:
    """Remove the tables that independent and staged loads have left whose coordinators have not ended them.

    Loads that are running are left alone. It may be called at any time, also twice at the same time.

    Args:
        conninfo: of the database; as the user who has loaded, or a superuser.
        password: a function that returns the password.

    Returns:
        The loads.

    Raises:
        howdah.Error: the server reports an error.
    """
    return _end_abandoned(Address(conninfo, password), ("independent", "staged"))


def _end_abandoned(address: Address, modes: tuple[str, ...]) -> list[Abandoned]:
    ended = []
    with address.connect(autocommit=True) as connection:
        cursor = connection.cursor(row_factory=tuple_row)
        records = cursor.execute(_RECORDS, [f"^{RECORD}$"]).fetchall()
        for names in (Names.of_record(*record) for record in records):
            if names.mode not in modes:
                continue
            if not cursor.execute("SELECT pg_catalog.pg_try_advisory_lock(%s::int8)", [names.id]).fetchone()[
                0
            ]:
                continue  # its coordinator is there
            try:
                found = cursor.execute("SELECT pg_catalog.to_regclass(%s)::text", [_text(names.record)])
                if found.fetchone()[0] is not None:  # nobody else has ended it
                    committed, removed = settle(connection, names)
                    outcome = None if names.mode == "independent" else committed
                    ended.append(Abandoned(names.load, names.mode, outcome, removed))
            finally:
                connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s::int8)", [names.id])
    return ended


def is_committed(connection: Any, names: Names) -> bool:
    """Return whether a load was decided to be committed; a record that is gone says no.

    Args:
        connection: a connection in autocommit mode, which holds the lock of the load.
        names: the names of the load.
    """
    query = SQL("SELECT FROM {} WHERE part = {}").format(Identifier(*names.record), Literal(COMMITTED))
    return connection.execute(query).fetchone() is not None


def settle(connection: Any, names: Names) -> tuple[bool, bool]:
    """End a load as it was decided, and remove what it has left.

    Args:
        connection: a connection in autocommit mode, which holds the lock of the load.
        names: the names of the load.

    Returns:
        Whether it is committed, and whether everything is removed.
    """
    committed = is_committed(connection, names)
    return committed, remove(connection, names, committed=committed)


def remove(connection: Any, names: Names, *, committed: bool) -> bool:
    """Remove what a load has left, and end its prepared transactions.

    The record goes last: no worker can begin a transaction without it, nor hold one open while it is dropped.

    Args:
        connection: a connection in autocommit mode, which holds the lock of the load.
        names: the names of the load.
        committed: whether prepared transactions are committed.

    Returns:
        False if a worker was still at work after some seconds.
    """

    def drop() -> None:
        if names.two_phase:
            finish_prepared(connection, names, committed=committed)
        with connection.transaction():
            connection.execute(LIMIT, [PATIENCE])
            for table in (names.staging, names.record):
                connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(*table)))

    return patiently(drop)


def finish_prepared(connection: Any, names: Names, *, committed: bool) -> None:
    """Commit or roll back the prepared transactions of a load.

    Args:
        connection: a connection in autocommit mode.
        names: the names of the load.
        committed: whether to commit them.
    """
    for (gid,) in connection.cursor(row_factory=tuple_row).execute(_PREPARED, [f"{names.load}_"]).fetchall():
        try:
            if committed:
                connection.tpc_commit(gid)
            else:
                connection.tpc_rollback(gid)
        except UndefinedObject:  # its worker has rolled it back
            continue


def patiently(function: Callable[[], object]) -> bool:
    """Call a function until it has not failed for a lock; return False if it fails too often."""
    for _ in range(ATTEMPTS):
        try:
            function()
        except LockNotAvailable:
            continue
        return True
    return False


def _text(table: tuple[str, str]) -> str:
    return Identifier(*table).as_string()
