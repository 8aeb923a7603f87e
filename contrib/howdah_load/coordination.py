"""What the coordinator of a load does: it begins the load, and ends it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

from howdah.errors import Error, NotSupportedError, TransactionResolutionUnknown, UndefinedTable
from howdah.io.interruptible import InterruptibleEvent
from howdah.pq import TransactionStatus
from howdah.rows import tuple_row
from howdah.sql import SQL, Composable, Identifier
from howdah_load.address import Address
from howdah_load.names import COMMITTED, Names
from howdah_load.partition import Partition
from howdah_load.recovery import LIMIT, PATIENCE, finish_prepared, is_committed, patiently, remove, settle
from howdah_load.results import Loaded, LoadError, Part, State, described
from howdah_load.statements import run
from howdah_load.task import WriteTask

__all__ = ["Coordinator"]

T = TypeVar("T")

log = logging.getLogger("howdah.load")

_TABLE = """\
SELECT nspname, relname FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE pg_class.oid = %s::pg_catalog.regclass"""
_REMEDY = {
    "independent": "clean_up() removes what is left",
    "staged": "the table has all rows or none; clean_up() tells, and removes what is left",
    "two_phase": "recover() ends it as it was decided, and tells",
}


class Coordinator:
    """The session that begins and ends a load. It holds the load's lock meanwhile.

    Args:
        address: where to connect to.
        table: the name of the table.
        columns: its columns, in the order of the data's.
        mode: the mode of the load.
        schema: where the tables of the load are created; None for the schema of the table.
        partition: for a staged load whose rows become a partition; None for all others.
        portable: whether the workers are other processes.

    Attributes:
        names: the names of the load, set by `begin` before it creates anything.
        task: what the workers do, set by `begin`.
    """

    names: Names
    task: WriteTask

    def __init__(
        self,
        address: Address,
        table: str | Identifier,
        columns: Sequence[str],
        mode: str,
        schema: str | None,
        partition: Partition | None,
        portable: bool,
    ) -> None:
        self._portable = portable
        self._address = address
        self._name = table
        self._columns = tuple(columns)
        self._mode = mode
        self._schema = schema
        self._partition = partition
        self._connection: Any = None
        self._table = ("", "")
        #: Whether the load ends with nothing written if what the connection waits for is cancelled.
        self._cancellable = False
        self._cancelling = threading.Lock()
        #: Set when nobody wants to wait for a server that is restarting.
        self._hurried = InterruptibleEvent()
        #: What is left to do after the load.
        self._left = ""

    def begin(self, transactions: int | None) -> None:
        """Connect, and create the tables of the load; `close` is to be called even if this fails.

        Args:
            transactions: how many prepared transactions a two-phase load has; None if nobody knows yet.

        Raises:
            howdah.Error: the server reports an error, or cannot be reached.
            howdah_load.LoadError: the connection was lost while the tables were created.
            howdah.NotSupportedError: the server does not allow so many prepared transactions.
        """
        self._connection = self._address.connect(autocommit=True)
        try:
            with self._undecided():
                self._begin(transactions)
        except TransactionResolutionUnknown as error:
            raise self._error("the coordinator has lost its connection as it began", [], None) from error

    def _begin(self, transactions: int | None) -> None:
        connection = self._connection
        if self._mode == "two_phase":
            self._check_prepared(1 if transactions is None else transactions)
        name = self._name if isinstance(self._name, Identifier) else Identifier(self._name)
        cursor = connection.cursor(row_factory=tuple_row)
        self._table = cursor.execute(_TABLE, [name.as_string(connection)]).fetchone()
        self.names = names = Names.new(self._schema or self._table[0], self._mode)
        goal = names.staging if self._mode == "staged" else self._table
        address = self._address.portable(connection) if self._portable else self._address
        self.task = WriteTask(address, names, goal, self._columns)
        with connection.transaction():
            connection.execute("SELECT pg_catalog.pg_advisory_lock(%s::int8)", [names.id])
            self._run("CREATE TABLE {} (part int PRIMARY KEY)", names.record)
            if self._mode == "staged":
                self._create_staging(names)

    def _check_prepared(self, needed: int) -> None:
        cursor = self._connection.cursor(row_factory=tuple_row)
        allowed = int(cursor.execute("SHOW max_prepared_transactions").fetchone()[0])
        if allowed < needed:
            raise NotSupportedError(
                f"a two-phase load needs a prepared transaction for each worker, {needed} here; the server"
                f" allows {allowed}: set max_prepared_transactions in postgresql.conf and restart it, or use"
                " mode='staged'"
            )

    def _create_staging(self, names: Names) -> None:
        if self._partition is not None:
            self._partition.create(self._connection, self._table, names.staging)
        else:
            query = "CREATE UNLOGGED TABLE {} AS SELECT {} FROM {} WITH NO DATA"
            self._run(query, names.staging, self._column_list(), self._table)

    def end(self, parts: list[Part]) -> Loaded:
        """End a load whose parts are all written: make its rows visible, and remove its tables.

        Args:
            parts: the parts.

        Returns:
            How much it has written.

        Raises:
            howdah_load.LoadError: it has failed, and nothing is written.
            howdah.errors.TransactionResolutionUnknown: nobody knows yet whether the rows are written.
        """
        loaded = sum((part.loaded for part in parts), Loaded())
        stored = loaded.rows
        if self._mode != "independent":
            try:
                stored = self._decide(loaded.rows)
            except Error as error:
                if not self._connection.closed:
                    reason = f"the load has failed at its end: {described(error)}"
                    raise self._error(reason, parts, error) from error
                self._find_out(parts)
            if self._mode == "two_phase":
                self._finish()
        self._remove(committed=True)
        return replace(loaded, rows=stored)

    def _decide(self, rows: int) -> int:
        """Commit a staged load, or the decision to commit a two-phase one; return how many rows it has."""
        with self._undecided(), self._connection.transaction():
            if self._mode == "staged":
                rows = self._publish(rows)
            self._run(f"INSERT INTO {{}} (part) VALUES ({COMMITTED})", self.names.record)
        return rows

    def _finish(self) -> None:
        """Commit the prepared transactions."""
        try:
            self._persistently(lambda: finish_prepared(self._connection, self.names, committed=True))
        except Error as error:
            raise TransactionResolutionUnknown(
                f"the load was to be committed, and not all of it is: {_REMEDY['two_phase']}"
            ) from error

    def _publish(self, rows: int) -> int:
        """Move the rows from the staging table into the table; return how many it has stored."""
        staging = self.names.staging
        if self._partition is None:
            columns = self._column_list()
            into = SQL("({})").format(columns) if self._columns else SQL("")  # () is no list of columns
            query = "INSERT INTO {} {} OVERRIDING SYSTEM VALUE SELECT {} FROM {}"
            stored: int = self._run(query, self._table, into, columns, staging).rowcount
            return stored
        self._partition.attach(self._connection, self._table, staging)
        return rows

    def _find_out(self, parts: list[Part]) -> None:
        """Find out, on another connection, whether the load is committed, after this one was lost.

        Raises:
            howdah_load.LoadError: it is not.
            howdah.errors.TransactionResolutionUnknown: the server cannot be asked.
        """
        try:
            self._reconnect()
            committed = is_committed(self._connection, self.names)
        except Error as error:
            raise TransactionResolutionUnknown(
                f"the coordinator has lost its connection during the commit: {_REMEDY[self._mode]}"
            ) from error
        if not committed:
            raise self._error("the coordinator has lost its connection before the commit", parts, None)

    def _error(self, reason: str, parts: list[Part], cause: Error | None) -> LoadError:
        """End a load that has failed at its end; return the error."""
        parts = self.abandon(parts)
        failed = LoadError(self.with_remedy(reason), parts)
        failed.sqlstate = None if cause is None else cause.sqlstate
        return failed

    def with_remedy(self, reason: str) -> str:
        """Return why the load has failed, and what is left to do, if anything is.

        Args:
            reason: why it has failed.
        """
        return f"{reason}; {self._left}" if self._left else reason

    def _persistently(self, function: Callable[[], T]) -> T:
        """Call a function that uses the connection; call it again on another one if this one is lost."""
        if not self._connection.closed:
            try:
                return function()
            except Error:
                if not self._connection.closed:
                    raise
        self._reconnect()
        return function()

    def _reconnect(self) -> None:
        """Open another connection that holds the load's lock, which is free when the lost one has ended."""
        self._connection = self._address.connect_again(self._hurried)
        with self._connection.transaction():
            self._connection.execute("SET LOCAL lock_timeout = '10s'")
            self._connection.execute("SELECT pg_catalog.pg_advisory_lock(%s::int8)", [self.names.id])

    def abandon(self, parts: list[Part]) -> list[Part]:
        """End a load that has failed: roll back, remove its tables, and find out what is written.

        Args:
            parts: what became of the parts, as the workers know it.

        Returns:
            What became of them.
        """
        if self._mode != "independent":
            self._remove(committed=False)
            return [replace(part, state=State.NOT_WRITTEN, loaded=Loaded()) for part in parts]
        written: set[int] = set()
        known = self._finish_with(lambda: self._read_record(written))
        return _resolved(parts, written) if known else parts

    def _read_record(self, written: set[int]) -> bool:
        """Read which parts are written, and remove the record.

        When nobody uses the record any more, a commit that was on its way has arrived, or never will; and
        without a record, nobody can write any more.

        Args:
            written: gets the numbers of the parts.

        Returns:
            False if a worker was still at work.
        """

        def read() -> None:
            with self._connection.transaction():
                self._connection.execute(LIMIT, [PATIENCE])
                self._run("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", self.names.record)
                cursor = self._connection.cursor(row_factory=tuple_row)
                query = SQL("SELECT part FROM {}").format(Identifier(*self.names.record))
                found = {number for (number,) in cursor.execute(query)}
                self._run("DROP TABLE {}", self.names.record)
            written.update(found)

        return patiently(read)

    def _remove(self, *, committed: bool) -> None:
        """Remove what the load has left."""
        self._finish_with(lambda: remove(self._connection, self.names, committed=committed))

    def _finish_with(self, function: Callable[[], bool]) -> bool:
        """Remove what the load has left; log what cannot be removed, since the load itself has ended.

        Args:
            function: removes it, and returns False if a worker was still at work.

        Returns:
            Whether the function has removed it.
        """
        try:
            if self._persistently(function):
                return True
            reason = "a worker is still at work"
        except UndefinedTable:  # the record is gone: the load has ended already
            return False
        except Error as error:
            reason = described(error)
        self._left = f"the load {self.names.load} has left something ({reason}): {_REMEDY[self._mode]}"
        log.warning("%s", self._left)
        return False

    def cancel(self) -> None:
        """Cancel what it waits for, unless the load is decided; any thread may call this."""
        self._hurried.set()
        with self._cancelling:
            if self._cancellable:
                with suppress(Error):  # it is closed, or idle
                    self._connection.cancel_safe(timeout=5)

    @contextmanager
    def _undecided(self) -> Iterator[None]:
        """The block is what `cancel` may cancel."""
        self._cancellable = True
        try:
            yield
        finally:
            with self._cancelling:
                self._cancellable = False

    def settle(self) -> None:
        """End a load that was interrupted as it was decided, and remove what is left of it."""
        if not hasattr(self, "names"):
            return  # it has created nothing
        self._hurried.set()
        if self._connection.info.transaction_status != TransactionStatus.IDLE:
            self._connection.close()  # its transaction was interrupted, and has not ended
        self._finish_with(lambda: settle(self._connection, self.names)[1])

    def close(self) -> None:
        """Close the connection, which frees the load's lock."""
        if self._connection is not None:
            self._connection.close()

    def _column_list(self) -> Composable:
        return SQL(", ").join([Identifier(column) for column in self._columns])

    def _run(self, query: str, *names: tuple[str, ...] | Composable) -> Any:
        return run(self._connection, query, *names)


def _resolved(parts: list[Part], written: set[int]) -> list[Part]:
    """Return parts as the record knows them, with those of which only the record knows."""
    known = {part.number for part in parts}
    resolved = []
    for part in parts:
        if part.number in written:
            rows = part.rows or 0
            loaded = part.loaded if part.loaded.parts else Loaded(rows, 0, 1)
            resolved.append(replace(part, state=State.WRITTEN, loaded=loaded, error=None))
        else:
            resolved.append(replace(part, state=State.NOT_WRITTEN, loaded=Loaded()))
    return resolved + [Part(number, State.WRITTEN) for number in sorted(written - known)]
