"""Pipelines: what the sync and the async ones have in common, such as the queue of answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from howdah.client.pipeline_mode import PendingResult, PipelineMode, QueuedQuery, aborted
from howdah.client.query import changes_encoding, changes_path, controls_transaction
from howdah.client.statement import Statement
from howdah.errors import InFailedSqlTransaction, OperationalError, PipelineAborted
from howdah.errors.base import unraised
from howdah.io.operation import GATHER, Drain, Operation, Stop
from howdah.pq import PipelineStatus, TransactionStatus
from howdah.protocol.exchange import Exchange
from howdah_pipeline.changes import changes_statements, has_changed

if TYPE_CHECKING:
    from howdah.client.connection_base import BaseConnection
    from howdah.client.cursor_base import BaseCursor
    from howdah.protocol.session import Session

__all__ = ["BasePipeline"]

#: The SQLSTATE of a query that was cancelled.
_QUERY_CANCELED = "57014"


class SegmentEnd(PendingResult):
    """The answer to the Sync that ends a segment: outside of a transaction block, that commits it.

    Args:
        pipeline_mode: the pipeline.
        exchange: what was sent.
        commits: whether it was sent outside of a transaction block; if not, the answer decides.
    """

    __slots__ = ("commits",)

    def __init__(self, pipeline_mode: PipelineMode, exchange: Exchange, commits: bool) -> None:
        super().__init__(pipeline_mode, exchange, _raise_error(exchange))
        self.commits = commits


class BasePipeline:
    """State and operations of a pipeline.

    While it is entered, it is the connection's `howdah.client.pipeline_mode.PipelineMode`.

    Between two Syncs lies a *segment*: outside of a transaction block it is one
    implicit transaction, and after an error the server skips the rest of it.

    Args:
        connection: the connection.
    """

    def __init__(self, connection: BaseConnection[Any]) -> None:
        self._connection = connection
        self._level = 0
        #: The answers that have not been taken yet, in the order in which they arrive.
        self._queue: deque[PendingResult] = deque()
        #: What has failed; some of the errors may have been raised.
        self._failed: list[PendingResult] = []
        #: Whether something has been written since the last Sync, and since the last Flush or Sync.
        self._open = False
        self._unflushed = False
        #: Whether queries are skipped until `sync`, because an ended segment has failed or was interrupted.
        self._aborted = False
        #: Whether a command of a transaction was written that the server has not answered.
        self._begun = False
        #: What this segment has parsed: if its next query is executed, that was parsed, too.
        self._unnamed: tuple[bytes, Sequence[int]] | None = None
        self._statements: dict[tuple[bytes, Sequence[int]], Statement] = {}
        #: How many times this segment executes each query that is not prepared.
        self._pending: dict[tuple[bytes, Sequence[int]], int] = {}
        #: Whether something in it has failed: outside of a transaction block, it is rolled back.
        self._undone = False
        #: Whether something that changes the database has succeeded in it, outside of a transaction block.
        self._changed = False
        #: Whether a segment's changes were rolled back without an error that was raised.
        self._lost_changes = False
        #: Whether this segment sets the search path: names may mean other tables after that.
        self._sets_path = False
        #: What an interruption has left in progress that is not in the queue, such as a COPY.
        self._left: Exchange | None = None
        #: A command that may change what prepared statements return, until its answer is taken.
        self._altering: PendingResult | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} [{self.status.name}] of {self._connection!r} at 0x{id(self):x}>"

    @property
    def status(self) -> PipelineStatus:
        """Whether queries are executed, or skipped after an error until `sync`."""
        if not self._level:
            return PipelineStatus.OFF
        if self._aborted or self._session.skipping:
            return PipelineStatus.ABORTED
        return PipelineStatus.ON

    @classmethod
    def is_supported(cls) -> bool:
        """Return whether pipelines can be used: always, since no libpq has to support them."""
        return True

    @property
    def _session(self) -> Session:
        return self._connection.kernel.session

    # What operations call: howdah.client.pipeline_mode.PipelineMode

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open after all that has been written."""
        return self._begun or self._session.transaction_status != TransactionStatus.IDLE

    def begin(self) -> None:
        """Write BEGIN if a transaction is to be started, and Close for unwanted statements."""
        connection = self._connection
        if not (connection.autocommit or self.in_transaction):
            self.command([connection.kernel.begin_statement], apart=True)
        names = connection.kernel.pop_statements_to_close()
        if names:
            exchange = Exchange()
            for name in names:
                self._session.close_statement(exchange, name)
            self.defer(exchange, self._closed(exchange, names))
        for exchange in connection.kernel.write_executions(self._session):
            self.defer(exchange, _raise_error(exchange))

    def plan(self, query: bytes, oids: Sequence[int], prepare: bool | None) -> Statement | None:
        """Return the statement to execute for `query`: one that this segment has parsed, or the planner's."""
        planner = self._connection.kernel.planner
        if self._sets_path or self._altering is not None:
            return None if planner is None else planner.plan(query, oids, False)
        key = query, oids
        statement = self._statements.get(key)
        if statement is not None and prepare is not False:
            return statement
        if planner is None:
            if prepare:
                raise self._connection.driver.not_supported("howdah_query_planner", "execute(prepare=True)")
            return None
        pending = self._pending.get(key, 0)
        statement = planner.plan(query, oids, prepare, pending)
        if statement is None and prepare is None:
            self._pending[key] = pending + 1
        return statement

    def parse(self, exchange: Exchange, name: bytes, query: bytes, oids: Sequence[int]) -> bool:
        """Write Parse unless this segment has parsed the same; return whether it was written."""
        key = query, tuple(oids)
        if name:
            if key in self._statements:
                return False
            self._statements[key] = Statement(query, oids, name)
        elif key == self._unnamed and not self._sets_path:
            return False
        else:
            self._unnamed = None  # as long as an exception can come between
        self._session.parse(exchange, name, query, oids)
        if not name:
            self._unnamed = key
        return True

    def enqueue(
        self, cursor: BaseCursor[Any], query: object, params: Sequence[Any] | Mapping[str, Any] | None
    ) -> bool:
        """Write a query on the fast path, if that is possible and nothing has to be waited for."""
        connection = self._connection
        session = connection.kernel.session
        if (
            self._aborted
            or session.skipping
            or session.output_size >= GATHER
            or self._sets_path
            or self._altering is not None
            or not (connection.autocommit or self.in_transaction)
        ):
            return False
        queued = connection.kernel.query_cache.enqueue(cursor, query, params)
        if queued is None:
            return False
        self._open = self._unflushed = True
        self._queue.append(QueuedQuery(self, queued[0], cursor, queued[1]))
        return True

    def defer(self, exchange: Exchange, completion: Operation[None]) -> PendingResult:
        """Take over an exchange whose messages have been written."""
        pending = PendingResult(self, exchange, completion)
        self._open = self._unflushed = True
        self._queue.append(pending)
        return pending

    def send(self, exchange: Exchange) -> Operation[None]:
        """Send the output if it is large enough; after certain commands, end the segment."""
        text = exchange.query or b""
        if controls_transaction(text) or changes_encoding(text):
            # What comes next is written in the encoding that the server reports with its answer to Sync.
            yield from self._end_segment()
            return
        if changes_path(text):
            if self.in_transaction:
                # The server reports the new path with its answer to Sync.
                yield from self._end_segment()
                return
            self._sets_path = True
        elif changes_statements(text):
            # The planner learns of it with the answer.
            self._altering = self._queue[-1]
            self._statements.clear()
            self._unnamed = None
        if self._session.output_size >= GATHER:
            yield from self._guard(Drain(exchange), self._queue[-1])
            yield from self._take_answered()

    def wait_for(self, pending: PendingResult) -> Operation[None]:
        """Wait for an answer, and take it and all before it."""
        yield from self._arrival(pending.exchange, pending)
        while not pending.taken:
            first = self._queue[0].exchange
            if not first.done:  # what comes after an interruption is skipped, and done at once
                yield from self._arrival(first, pending)
            yield from self._take_next()

    def _arrival(self, exchange: Exchange, asked: PendingResult) -> Operation[None]:
        """Wait for the answer to an exchange, for the sake of the one that the program asks for."""
        if not exchange.done:
            if self._unflushed:
                self._session.flush()
                self._unflushed = False
            exchange.await_more()
            yield from self._guard(exchange, asked)

    def flush_and_wait(self) -> Operation[None]:
        """End the segment, and wait for all of it.

        Raises:
            howdah.errors.PipelineAborted: something in it has failed.
            howdah.Error: the server could not commit it.
        """
        if self._queue:
            yield from self.wait_for(self._queue[-1])
        if self.status == PipelineStatus.ABORTED:
            raise PipelineAborted("not executed: an earlier query of the pipeline failed; sync() starts anew")
        end = yield from self._end_segment()
        if end is not None:
            yield from end.take()

    def finish(self) -> Operation[None]:
        """End the segment, and wait for all of it, failed or not; later queries are executed."""
        yield from self._end_segment()
        self._aborted = False

    def interrupt(self) -> Operation[None]:
        """Cancel what is in progress, and wait for its end."""
        session = self._session
        if session.lost is None:
            end = self._write_end()
            # What comes after the query that is cancelled counts as skipped.
            self._aborted = True
            yield Stop(end.exchange)
            for pending in self._queue:
                error = pending.exchange.error
                if error is not None and error.sqlstate == _QUERY_CANCELED and not pending.exchange.aborted:
                    # The interruption says it; what was skipped after it remains to be told.
                    pending.reported = True

    def abort(self) -> None:
        """Skip what is written from now on, up to a Sync: an interruption has cut off what was before."""
        if not self._level:  # entering or leaving it was cut off
            self._connection.kernel.set_pipeline_mode(None)
            return
        # What was cut off may be a Sync or a Flush that others wait for.
        self._aborted = self._open = self._unflushed = True
        tail = self._session.tail()
        if tail is not None and all(pending.exchange is not tail[1] for pending in self._queue):
            self._left = tail[1]

    def command(self, commands: Sequence[bytes], *, apart: bool = False) -> PendingResult:
        """Write commands of transactions and savepoints; `apart` from what was sent before."""
        session = self._session
        if apart and self._open:
            # BEGIN would make what the segment has done so far a part of the transaction.
            self._write_end(commits=True)
        exchange = Exchange(query=commands[0])
        if self.status == PipelineStatus.ABORTED:
            exchange.skip()
        else:
            for command in commands:
                session.parse(exchange, b"", command)
                session.bind(exchange, b"", b"", None)
                session.execute(exchange)
            self._unnamed = None
            self._begun = True
        return self.defer(exchange, self._check(exchange))

    def first_error(self) -> Exception | None:
        """Return the first error that has not been raised; it and later ones count as raised then."""
        failed = [pending for pending in self._failed if not pending.reported]
        self._failed.clear()
        return failed[0].error_to_raise() if failed else None

    # What the sync and the async pipeline call

    def _enter(self) -> Operation[None]:
        kernel = self._connection.kernel
        try:
            if not self._level:
                yield from kernel.start_operation()
                kernel.set_pipeline_mode(self)
            elif self._open:
                yield from self._end_segment()
            self._level += 1
        except BaseException:
            if not self._level and kernel.pipeline_mode is self:
                kernel.set_pipeline_mode(None)
            raise

    def _sync(self) -> Operation[None]:
        """End the segment, wait for all of it, and raise its first error."""
        yield from self._connection.kernel.start_operation(deferrable=True, raise_failure=True)
        lost_changes = self._lost_changes
        try:
            yield from self.finish()
        except GeneratorExit:
            raise
        except BaseException as e:
            if not isinstance(e, Exception):
                # It takes the place of the first error.
                self._failed.clear()
                for pending in self._queue:
                    pending.reported = True
            raise
        # After an error, sync() is how a program gives up the segment and continues.
        self._lost_changes = lost_changes
        error = self.first_error() or self._loss()
        try:
            if error is not None:
                raise error
        finally:
            del error  # which would refer to this frame

    def _exit(self) -> Operation[Exception | None]:
        """Leave the pipeline; return the first error that was not raised, or why the connection was lost."""
        connection, session = self._connection, self._session
        try:
            if connection.closed and session.lost is None:
                return OperationalError("the connection was closed in the pipeline")
            yield from self.finish()
        except GeneratorExit:
            raise
        except BaseException:
            if self._open or (self._queue and not self._queue[-1].exchange.done):
                # The interruption came before the wait for the answers, or cut off what asks for them.
                session.rewind()
                yield from self.interrupt()
            raise
        finally:
            if self._level == 1:
                connection.kernel.set_pipeline_mode(None)
            self._level -= 1
        return self.first_error() or self._loss() or self._take_lost_changes()

    def _loss(self) -> Exception | None:
        """Return why the connection was lost, to be raised; None if it was not."""
        lost = self._session.lost
        return None if lost is None else unraised(lost)

    def _take_lost_changes(self) -> Exception | None:
        """Return the error to raise if changes that had succeeded were rolled back with a caught error."""
        if not self._lost_changes:
            return None
        self._lost_changes = False
        return InFailedSqlTransaction(
            "queries of the pipeline were rolled back, not committed: a later query had failed before sync()"
        )

    @property
    def level(self) -> int:
        """How many blocks of it are entered."""
        return self._level

    def end_later(self, level: int) -> None:
        """End a block before the next operation, if an exception has kept it from ending.

        Args:
            level: the level outside of the block.
        """
        if self._level > level and not self._connection.closed:
            self._level = level + 1
            self._connection.kernel.end_later(self._exit)

    # Segments

    def _end_segment(self) -> Operation[SegmentEnd | None]:
        """Write Sync, if anything was written since the last, and wait for all answers.

        Returns:
            What was written, and has failed if the server could not commit; None if nothing was.
        """
        session = self._session
        end = None
        left, self._left = self._left, None
        if left is not None and not left.done:
            yield Stop(left)
        if self._open or session.skipping:
            self._aborted = self._aborted or session.skipping
            end = self._write_end()
            yield from self._guard(end.exchange)
        while self._queue:
            pending = self._queue[-1]
            yield from self.wait_for(pending)
        self._begun = False
        self._pending.clear()
        return end

    def _write_end(self, commits: bool = False) -> SegmentEnd:
        """Write Sync, whose answer is taken in its turn.

        Args:
            commits: whether no transaction block can be open; otherwise the answer decides.
        """
        exchange = Exchange()
        self._write_sync(exchange)
        end = SegmentEnd(self, exchange, commits)
        self._queue.append(end)
        return end

    def _segment_ended(self, end: SegmentEnd) -> None:
        """Note what has become of the changes of a segment."""
        exchange = end.exchange
        if exchange.aborted:
            self._open = True  # Sync was taken back by an interruption
            return
        planner = self._connection.kernel.planner
        if self._undone and planner is not None:
            planner.rolled_back()
        outside = end.commits or self._session.transaction_status == TransactionStatus.IDLE
        if self._undone and self._changed and outside and exchange.error is None:
            self._lost_changes = True
        self._undone = self._changed = False

    def _write_sync(self, exchange: Exchange) -> None:
        self._session.sync(exchange)
        self._open = self._unflushed = False
        self._unnamed = None
        self._sets_path = False
        self._statements.clear()

    def _take_answered(self) -> Operation[None]:
        """Take the answers that have arrived."""
        while self._queue and self._queue[0].exchange.done:
            yield from self._take_next()

    def _take_next(self) -> Operation[None]:
        """Take the answer at the head of the queue, which has arrived."""
        pending = self._queue.popleft()
        try:
            if not (isinstance(pending, QueuedQuery) and pending.arrive()):
                yield from pending.completion
        except Exception as e:
            pending.fail(e)
            self._failed.append(pending)
            self._undone = self._undone or pending.exchange.error is not None
        finally:
            pending.taken = True
            if pending is self._altering:
                self._altering = None
        if isinstance(pending, SegmentEnd):
            self._segment_ended(pending)
            return
        if not self._changed and self._connection.autocommit:
            exchange = pending.exchange
            if exchange.error is None and not exchange.aborted:
                self._changed = has_changed(exchange.query, exchange.tags)

    def _guard(self, wait: Exchange | Drain, asked: PendingResult | None = None) -> Operation[None]:
        """Wait; an interruption cancels all that is in progress.

        Args:
            wait: what to wait for.
            asked: the answer that the program asks for: the interruption tells it that there is none.
        """
        try:
            yield wait
        except BaseException as e:
            if not isinstance(e, (Exception, GeneratorExit)):
                if asked is not None:
                    asked.reported = True
                yield from self.interrupt()
            raise

    # Completions

    def _check(self, exchange: Exchange) -> Operation[None]:
        """Take the answer to a command."""
        if exchange.aborted:
            raise aborted(exchange)
        exchange.raise_error()
        self._connection.kernel.note_rollback(exchange)
        # BEGIN, COMMIT, ROLLBACK: what was before is committed, or rolled back as the program wanted.
        self._changed = False
        yield from ()

    def _closed(self, exchange: Exchange, names: Sequence[bytes]) -> Operation[None]:
        """Take the answer to Close: what was skipped is still to be closed."""
        if exchange.aborted:
            for name in names:
                self._connection.kernel.close_statement(name)
        yield from ()


def _raise_error(exchange: Exchange) -> Operation[None]:
    """Raise the error of an answer, if it is one."""
    exchange.raise_error()
    yield from ()
