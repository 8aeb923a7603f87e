"""Answers that are taken later than the operation ends that asked for them.

A connection that has a `Deferral` (`Connection.defer_to`) does not wait for
the answers to its queries: an operation writes its messages, and hands over
its exchange together with a completion, an operation that takes the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from howdah.client.statement import Statement
from howdah.errors import PipelineAborted
from howdah.io.operation import Operation
from howdah.pq import PipelineStatus
from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor

__all__ = ["Deferral", "Deferred", "Posted", "aborted"]


class Deferred:
    """An answer that is taken later.

    Args:
        deferral: what it was handed over to.
        exchange: what was sent.
        completion: takes the answer once the exchange is done; raises if it is an error.

    Attributes:
        settled: whether the completion has run.
        error: what the completion raised, None if nothing.
        told: whether the error has been raised to the caller.
    """

    __slots__ = ("completion", "deferral", "error", "exchange", "settled", "told")

    def __init__(self, deferral: Deferral, exchange: Exchange, completion: Operation[None]) -> None:
        self.deferral = deferral
        self.exchange = exchange
        self.completion = completion
        self.settled = False
        self.error: Exception | None = None
        self.told = False

    def take(self) -> Operation[None]:
        """Wait until the answer has been taken.

        Raises:
            howdah.Error: what the completion raised.
        """
        if not self.settled:
            yield from self.deferral.settle(self)
        if self.error is not None:
            self.told = True
            raise self.error


class Posted(Deferred):
    """The answer to a query that took the short way: most often there is just the cursor to be told of it.

    Args:
        deferral: what it was handed over to.
        exchange: what was sent.
        cursor: whose query it is.
        statement: what was executed.
    """

    __slots__ = ("_cursor", "_statement")

    def __init__(
        self, deferral: Deferral, exchange: Exchange, cursor: BaseCursor[Any], statement: Statement
    ) -> None:
        self.deferral = deferral
        self.exchange = exchange
        self.settled = False
        self.error = None
        self.told = False
        self._cursor = cursor
        self._statement = statement
        cursor._deferred = self

    def arrive(self) -> bool:
        """Take the answer if it is no error; return whether that was so."""
        exchange, cursor = self.exchange, self._cursor
        if exchange.error is not None or exchange.aborted:
            self.completion = cursor.complete(exchange, self._statement)
            return False
        if cursor._deferred is self:
            cursor._show(exchange.results)
        return True


class Deferral(Protocol):
    """Takes over the answers to what is sent on a connection."""

    @property
    def status(self) -> PipelineStatus:
        """Whether what is written now is executed, or skipped after an error."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open behind all that has been written."""

    def begin(self) -> None:
        """Write what goes before a statement: BEGIN if a transaction is to be started, and Closes."""

    def plan(self, query: bytes, oids: Sequence[int], prepare: bool | None) -> Statement | None:
        """Return the statement to execute for `query`, as `QueryPlanner.plan` does."""

    def parse(self, exchange: Exchange, name: bytes, query: bytes, oids: Sequence[int]) -> bool:
        """Write Parse unless the server has just that statement; return whether it was written."""

    def post(
        self, cursor: BaseCursor[Any], query: object, params: Sequence[Any] | Mapping[str, Any] | None
    ) -> bool:
        """Write a query the short way, if it is open to it and nothing has to be waited for.

        Args:
            cursor: which shows the results later.
            query: the query.
            params: the parameters.

        Returns:
            Whether it was written.
        """

    def defer(self, exchange: Exchange, completion: Operation[None]) -> Deferred:
        """Take over an exchange whose messages have been written, without a Sync."""

    def send(self, exchange: Exchange) -> Operation[None]:
        """Send what has gathered, and wait as long as it is too much."""

    def settle(self, deferred: Deferred) -> Operation[None]:
        """Wait for an answer, and have it and all before it taken."""

    def rest(self) -> Operation[None]:
        """End with Sync what is under way, and wait for it: something comes that cannot be deferred.

        Raises:
            howdah.errors.PipelineAborted: it would be skipped because of an earlier error.
        """

    def interrupt(self) -> Operation[None]:
        """Cancel what is under way, and wait to its end."""

    def abort(self) -> None:
        """Skip what is written from now on, up to a Sync: an interruption has cut off what was before."""

    def command(self, commands: Sequence[bytes], *, apart: bool = False) -> Deferred:
        """Write commands that open or close a transaction or a savepoint.

        Args:
            commands: the commands.
            apart: whether what was sent before must not become part of it.
        """

    def finish(self) -> Operation[None]:
        """Write Sync, and wait for all that has been written, failed or not."""

    def first_error(self) -> Exception | None:
        """Return the first error that has been raised to nobody, to be raised now."""


def aborted(exchange: Exchange) -> PipelineAborted:
    """Return the error of an exchange that the server has skipped."""
    error = PipelineAborted("not executed: an earlier query of the pipeline failed; sync() starts anew")
    error.__cause__ = exchange.error
    return error
