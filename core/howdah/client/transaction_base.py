"""Transaction blocks: what the sync and the async ones have in common."""

from __future__ import annotations

from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Any

from howdah.adapt.encodings import encoded
from howdah.client.flags import checked_flag
from howdah.errors import OperationalError, ProgrammingError
from howdah.io.blocking import cause
from howdah.io.operation import Operation
from howdah.pq import TransactionStatus

if TYPE_CHECKING:
    from howdah.client.connection_base import BaseConnection
    from howdah.client.pipeline_mode import PendingResult

__all__ = ["BaseTransaction", "OutOfOrderTransactionNesting", "Rollback"]

_BEGUN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class Rollback(Exception):
    """Leave the enclosing transaction block, undoing what was done in it, without an error.

    Args:
        transaction: the block to leave, if it is not the innermost.
    """

    def __init__(self, transaction: BaseTransaction | None = None) -> None:
        super().__init__(transaction)
        self.transaction = transaction


class OutOfOrderTransactionNesting(ProgrammingError):
    """Transaction blocks were not left in the reverse order in which they were entered."""


class Block:
    """The connection's record of a transaction block that was entered.

    Args:
        begins: whether it is the whole transaction.
        savepoint: the savepoint's name, quoted; empty without one.

    Attributes:
        beginning: the command that begins it, if its answer is taken later.
        ending: whether the command that ends it was written.
        orphaned: whether an outer block was left before this one.
    """

    __slots__ = ("beginning", "begins", "ending", "orphaned", "savepoint")

    def __init__(self, begins: bool, savepoint: bytes) -> None:
        self.begins = begins
        self.savepoint = savepoint
        self.beginning: PendingResult | None = None
        self.ending = False
        self.orphaned = False

    def undoing(self, status: TransactionStatus) -> list[bytes]:
        """Return the commands that undo what was done in it.

        Args:
            status: the transaction status of the session.
        """
        if status == TransactionStatus.IDLE:
            return []
        if self.begins:
            return [b"ROLLBACK"]
        if self.beginning is not None and self.beginning.error is not None:
            return []  # in a pipeline, after an earlier error: there is no savepoint
        if self.ending and status == TransactionStatus.INTRANS:
            return []  # the savepoint was released
        return [b"ROLLBACK TO " + self.savepoint, b"RELEASE " + self.savepoint]


class BaseTransaction:
    """State and operations of a transaction block.

    Args:
        connection: the connection.
        savepoint_name: the savepoint's name; one is generated if needed.
        force_rollback: whether to roll back in any case.

    Attributes:
        force_rollback: as given.

    Raises:
        howdah.ProgrammingError: `force_rollback` is text.
    """

    class Status(str, Enum):
        """The state of a transaction block."""

        NOT_STARTED = "not_started"
        ACTIVE = "active"
        COMMITTED = "committed"
        ROLLED_BACK_EXPLICITLY = "rolled_back_explicitly"
        ROLLED_BACK_WITH_ERROR = "rolled_back_with_error"
        FAILED = "failed"

    _block: Block | None = None

    def __init__(
        self,
        connection: BaseConnection[Any],
        savepoint_name: str | None = None,
        force_rollback: bool = False,
    ) -> None:
        self._connection = connection
        self._savepoint = savepoint_name or ""
        # Most blocks pass none: they need no call.
        self.force_rollback = force_rollback is not False and checked_flag("force_rollback", force_rollback)
        self._status = self.Status.NOT_STARTED

    def __del__(self) -> None:
        # An exception, such as one of a signal handler, may have interrupted the leaving.
        self._undo_later()

    def _undo_later(self) -> None:
        """Undo the block before the next operation, if it has not ended."""
        block = self._block
        if block is not None and block in (connection := self._connection)._blocks:
            connection.kernel.end_later(partial(connection._undo_block, block))

    def __repr__(self) -> str:
        name = f" {self._savepoint!r}" if self._savepoint else ""
        status = self._status.value
        return f"<{type(self).__qualname__}{name} ({status}) {self._connection!r} at 0x{id(self):x}>"

    @property
    def status(self) -> Status:
        """The state of the block: `FAILED` if it lost its connection, or could not be committed."""
        return self._status

    @property
    def savepoint_name(self) -> str | None:
        """The name of the savepoint, None for a transaction without one."""
        return self._savepoint or None

    def _identifier(self) -> bytes:
        name = self._savepoint.replace('"', '""')
        return encoded(f'"{name}"', self._connection._session.encoding)

    def _enter(self) -> Operation[None]:
        connection = self._connection
        if self._status is not self.Status.NOT_STARTED:
            raise TypeError("a transaction block cannot be entered twice")
        session = yield from connection.kernel.start_operation(deferrable=True)
        pipeline_mode = connection.kernel.pipeline_mode
        if pipeline_mode is None:
            begins = session.transaction_status == TransactionStatus.IDLE
        else:
            begins = not pipeline_mode.in_transaction
        if begins and connection._tpc is not None:
            raise ProgrammingError("transaction() cannot begin one: a two-phase transaction is not finished")
        if begins:
            commands = [connection.kernel.begin_statement]
        else:
            self._savepoint = self._savepoint or f"_howdah_{len(connection._blocks) + 1}"
            commands = []
        if self._savepoint:
            commands.append(b"SAVEPOINT " + self._identifier())
        block = Block(begins, self._identifier() if self._savepoint else b"")
        if pipeline_mode is not None:
            block.beginning = pipeline_mode.command(commands, apart=begins)
        else:
            try:
                yield from connection.kernel.command(b"; ".join(commands))
            except BaseException:
                # Interrupted, perhaps after the transaction had begun.
                if begins and session.transaction_status in _BEGUN:
                    yield from connection.kernel.command(b"ROLLBACK")
                raise
        self._block = block
        connection._blocks.append(block)
        self._status = self.Status.ACTIVE

    def _commit(self) -> Operation[None]:
        yield from self._connection.kernel._end_left()
        self._check_order()
        self._status = self.Status.FAILED
        try:
            yield from self._commit_commands()
        except Exception:
            self._leave()
            raise
        self._leave()
        self._status = self.Status.COMMITTED

    def _commit_commands(self) -> Operation[None]:
        connection, block = self._connection, self._block
        assert block is not None
        command = b"COMMIT" if block.begins else b"RELEASE " + block.savepoint
        pipeline_mode = connection.kernel.pipeline_mode
        if pipeline_mode is not None:
            done = pipeline_mode.command([command])
            block.ending = True
            try:
                yield from pipeline_mode.finish()
            except BaseException:
                if done.exchange.error is not None:
                    yield from self._undo()
                raise
            if not done.exchange.aborted:
                done.reported = True
                connection._check_committed(done.exchange)
                return
            # Something in the block has failed. If that was not raised yet, the block raises it.
            done.reported = True
            error = pipeline_mode.first_error()
            try:
                if error is not None:
                    yield from self._undo()
                    raise error
            finally:
                del error  # which would refer to this frame
        yield from connection._commit_command(command, block)

    def _roll_back(self, exception: BaseException | None) -> Operation[bool]:
        """Undo what was done in the block; return whether the exception, if any, is suppressed."""
        yield from self._connection.kernel._end_left()
        if exception is None or isinstance(exception, Exception):
            self._check_order()
        asked = self.force_rollback or isinstance(exception, Rollback)
        self._status = self.Status.ROLLED_BACK_EXPLICITLY if asked else self.Status.ROLLED_BACK_WITH_ERROR
        yield from self._undo()
        return exception is None or self._is_for_this(exception)

    def _is_for_this(self, exception: BaseException | None) -> bool:
        return isinstance(exception, Rollback) and exception.transaction in (None, self)

    def _end_closed(self, exception: BaseException | None) -> bool:
        """Leave the block on a connection that is closed; return whether the exception is suppressed.

        Raises:
            howdah.OperationalError: the work of the block is not committed, and no exception says so yet.
        """
        connection = self._connection
        self._leave()
        self._status = self.Status.FAILED
        if exception is None and not self.force_rollback:
            lost = connection._session.lost
            if connection._closed or lost is None:
                raise OperationalError("the connection was closed in the block: nothing is committed")
            raise OperationalError(
                f"the connection was lost before the block was committed: {cause(lost)}"
            ) from lost
        return self._is_for_this(exception)

    def _undo(self) -> Operation[None]:
        connection, block = self._connection, self._block
        assert block is not None
        try:
            if connection._session.lost is None:
                yield from connection._undo_block(block)
        except Exception:
            self._leave()
            raise
        self._leave()

    def _check_order(self) -> None:
        blocks, block = self._connection._blocks, self._block
        if block is None or block.orphaned or not blocks or blocks[-1] is not block:
            self._status = self.Status.FAILED
            self._leave()
            raise OutOfOrderTransactionNesting(
                f"transaction blocks are left in reverse order: {self} is not the innermost"
            )

    def _leave(self) -> None:
        if self._block is not None:
            self._connection._forget_block(self._block)
