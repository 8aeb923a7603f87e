"""Answers that are taken after the operation that asked for them has ended.

A connection that has a `PipelineMode` (`Kernel.set_pipeline_mode`) does not wait for
the answers to its queries: an operation writes its messages, and hands over
its exchange together with a completion, an operation that takes the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from howdah.client.statement import Statement
from howdah.errors import Error, PipelineAborted
from howdah.errors.base import unraised
from howdah.io.operation import Operation
from howdah.pq import PipelineStatus
from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor

__all__ = ["PendingResult", "PipelineMode", "QueuedQuery", "aborted"]


class PendingResult:
    """An answer that is taken later.

    Args:
        pipeline_mode: the pipeline mode that took it over.
        exchange: the exchange.
        completion: takes the answer once the exchange is done; raises if it is an error.

    Attributes:
        taken: whether the completion has run.
        error: what the completion raised, None if nothing.
        reported: whether the error has been raised to the caller.
    """

    __slots__ = ("completion", "error", "exchange", "pipeline_mode", "reported", "taken")

    def __init__(self, pipeline_mode: PipelineMode, exchange: Exchange, completion: Operation[None]) -> None:
        self.pipeline_mode = pipeline_mode
        self.exchange = exchange
        self.completion = completion
        self.taken = False
        self.error: Exception | None = None
        self.reported = False

    def take(self) -> Operation[None]:
        """Wait until the answer has been taken.

        Raises:
            howdah.Error: what the completion raised.
        """
        if not self.taken:
            yield from self.pipeline_mode.wait_for(self)
        error = self.error_to_raise()
        try:
            if error is not None:
                self.reported = True
                raise error
        finally:
            del error  # which would refer to this frame

    def fail(self, error: Exception) -> None:
        """Keep what the completion has raised."""
        self.error = error
        if isinstance(error, Error) and self._refused:
            # Neither its traceback nor an exception that is propagating: both refer to the program's frames.
            error.__traceback__ = None
            error.__context__ = error.__cause__

    def error_to_raise(self) -> Exception | None:
        """Return what to raise for the error, None if there is none.

        It is a copy of an error that the server has reported. What the program's row factory or observer has
        raised is raised as it is: its traceback says where, and its class may be one that cannot be copied.
        """
        error = self.error
        return unraised(error) if isinstance(error, Error) and self._refused else error

    @property
    def _refused(self) -> bool:
        """Whether the answer is an error, or that the query was skipped."""
        return self.exchange.error is not None or self.exchange.aborted


class QueuedQuery(PendingResult):
    """The answer to a query on the fast path; it has a completion only if it is an error.

    Args:
        pipeline_mode: the pipeline mode that took it over.
        exchange: the exchange.
        cursor: the cursor of the query.
        statement: the statement that was executed.
    """

    __slots__ = ("_cursor", "_statement")

    def __init__(
        self, pipeline_mode: PipelineMode, exchange: Exchange, cursor: BaseCursor[Any], statement: Statement
    ) -> None:
        self.pipeline_mode = pipeline_mode
        self.exchange = exchange
        self.taken = False
        self.error = None
        self.reported = False
        self._cursor = cursor
        self._statement = statement
        cursor._pending = self

    def arrive(self) -> bool:
        """Take the answer unless it is an error; return whether it was taken."""
        exchange, cursor = self.exchange, self._cursor
        if exchange.error is not None or exchange.aborted:
            self.completion = cursor._complete_cached(exchange, self._statement)
            return False
        if cursor._pending is self:
            cursor._show(exchange.results)
        return True


class PipelineMode(Protocol):
    """Takes over the answers to what is sent on a connection."""

    @property
    def status(self) -> PipelineStatus:
        """Whether what is written now is executed, or skipped after an error."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open after all that has been written."""

    def begin(self) -> None:
        """Write what comes before a statement: BEGIN if a transaction is to be started, and Closes."""

    def plan(self, query: bytes, oids: Sequence[int], prepare: bool | None) -> Statement | None:
        """Return the statement to execute for `query`, as `QueryPlanner.plan` does."""

    def parse(self, exchange: Exchange, name: bytes, query: bytes, oids: Sequence[int]) -> bool:
        """Write Parse unless the same was parsed since the last Sync; return whether it was written."""

    def enqueue(
        self, cursor: BaseCursor[Any], query: object, params: Sequence[Any] | Mapping[str, Any] | None
    ) -> bool:
        """Write a query on the fast path, if that is possible and nothing has to be waited for.

        Args:
            cursor: the cursor that receives the results later.
            query: the query.
            params: the parameters.

        Returns:
            Whether it was written.
        """

    def defer(self, exchange: Exchange, completion: Operation[None]) -> PendingResult:
        """Take over an exchange whose messages have been written, without a Sync."""

    def send(self, exchange: Exchange) -> Operation[None]:
        """Send the output if it is large enough, and wait while too much is left of it."""

    def wait_for(self, pending: PendingResult) -> Operation[None]:
        """Wait for an answer, and take it and all before it."""

    def flush_and_wait(self) -> Operation[None]:
        """Write Sync, and wait for all that is pending, before an operation that cannot be deferred.

        Raises:
            howdah.errors.PipelineAborted: it would be skipped because of an earlier error.
        """

    def interrupt(self) -> Operation[None]:
        """Cancel what is in progress, and wait for its end."""

    def abort(self) -> None:
        """Skip what is written from now on, up to a Sync: an interruption has cut off what was before."""

    def command(self, commands: Sequence[bytes], *, apart: bool = False) -> PendingResult:
        """Write commands that open or close a transaction or a savepoint.

        Args:
            commands: the commands.
            apart: whether what was sent before must not become part of it.
        """

    def finish(self) -> Operation[None]:
        """Write Sync, and wait for all that has been written, failed or not."""

    def first_error(self) -> Exception | None:
        """Return the first error that has not been raised yet; the caller raises it."""


def aborted(exchange: Exchange) -> PipelineAborted:
    """Return the error for an exchange that the server has skipped."""
    error = PipelineAborted("not executed: an earlier query of the pipeline failed; sync() starts anew")
    error.__cause__ = exchange.error
    return error
