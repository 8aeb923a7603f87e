"""Exchanges: messages sent together and the server's answers to them, as `Result`s."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from howdah.errors import Error, OperationalError
from howdah.errors.base import unraised
from howdah.native.implementation import IMPLEMENTATION
from howdah.pq import ExecStatus
from howdah.protocol.messages import CopyResponse, FieldDescription

__all__ = [
    "STEPS",
    "CopyExchange",
    "CountedExchange",
    "Decoder",
    "Exchange",
    "FunctionCallExchange",
    "QueryExchange",
    "Result",
    "Step",
]


#: The limit of a total of row counts, so that it fits 64 bits whatever the server reports.
_MOST_AFFECTED = 1 << 62


class Step(IntEnum):
    """A message that the server is still to answer."""

    PARSE = 0
    BIND = 1
    DESCRIBE_STATEMENT = 2
    DESCRIBE_PORTAL = 3
    EXECUTE = 4
    CLOSE = 5
    SYNC = 6
    QUERY = 7
    FUNCTION_CALL = 8


#: The steps, by their value.
STEPS = tuple(Step)


class Decoder(Protocol):
    """Turns the body of a DataRow into a tuple."""

    def decode(self, body: bytes, /) -> tuple[Any, ...]:
        """Return the row's values."""


class Result:
    """The answer to one statement.

    Attributes:
        status: what kind of answer it is.
        fields: the columns, None if the statement returns no rows.
        rows: the decoded rows.
        tag: the command tag (`SELECT 5`), empty where there is none.
        failure: the exception met when decoding the row after the last of
            `rows`; the rows after it are lost.
        copy: the formats of a COPY, None for everything else.
    """

    __slots__ = ("copy", "failure", "fields", "rows", "status", "tag")

    def __init__(
        self,
        status: ExecStatus,
        fields: Sequence[FieldDescription] | None = None,
        rows: list[Any] | None = None,
        tag: bytes = b"",
        failure: BaseException | None = None,
        copy: CopyResponse | None = None,
    ) -> None:
        self.status = status
        self.fields = fields
        self.rows = [] if rows is None else rows
        self.tag = tag
        self.failure = failure
        self.copy = copy

    @property
    def suspended(self) -> bool:
        """Whether the portal has more rows (PortalSuspended)."""
        return self.status == ExecStatus.TUPLES_CHUNK


class Exchange:
    """A group of messages sent together, and the server's answers to them.

    This class is for commands: it keeps command tags and discards rows. `QueryExchange`, `CountedExchange`,
    `CopyExchange` and `FunctionCallExchange` keep more.

    An exchange is *ready* when its owner can go on: it is done, or something has arrived that its class
    reports at once (a streamed row, COPY data). It is *done* when all its steps are answered; more may be
    written for it then.

    Args:
        query: the text, for errors that have a position in it.

    Attributes:
        results: one for each statement that was executed, unless they are only counted.
        fields: the columns of the statement that is being answered, None if it returns no rows.
        copy: the formats and the direction, while a COPY is in progress.
        owes_sync: whether a Sync was lost in a COPY IN and must be repeated.
        error: the server's error, or why it was lost.
        aborted: whether the server skipped it because of an earlier error.
        pending: how many steps are still to be answered.
        ready: whether its owner can go on.
        done: whether all has been answered.
        notify: called when the exchange becomes ready.
        replaced: its owner's previous results, released while the server is working: that may take long.
    """

    __slots__ = (
        "aborted",
        "copy",
        "done",
        "error",
        "fields",
        "notify",
        "owes_sync",
        "pending",
        "query",
        "ready",
        "replaced",
        "results",
    )

    #: Whether rows are kept, or discarded as they arrive.
    keeps_rows: ClassVar[bool] = False

    def __init__(self, *, query: bytes | None = None) -> None:
        self.query = query
        self.results: list[Result] = []
        self.fields: Sequence[FieldDescription] | None = None
        self.copy: CopyResponse | None = None
        self.owes_sync = False
        self.error: Error | None = None
        self.aborted = False
        self.pending = 0
        self.ready = False
        self.done = False
        self.notify: Callable[[], object] | None = None
        self.replaced: object = None

    @property
    def tags(self) -> list[bytes]:
        """The command tags of what was executed; only the last one where results are counted."""
        return [result.tag for result in self.results]

    # What its owner does

    def raise_error(self) -> None:
        """Raise the server's error, if there is one.

        Raises:
            howdah.Error: what the server reports, or why the connection was lost.
        """
        if self.error is not None:
            raise unraised(self.error)

    def await_more(self) -> None:
        """Count as not ready until something else arrives, unless the exchange is done."""
        self.ready = self.done

    def await_end(self) -> None:
        """Count as not ready until the exchange is done: rows no longer make it ready."""
        self.ready = self.done

    def discard(self) -> None:
        """Discard the rows and the COPY data that the owner has not taken."""

    def skip(self) -> None:
        """Count as skipped: nothing of it will be executed."""
        self.aborted = self.done = True
        self.wake()

    # What the session does

    def wake(self) -> None:
        """Mark the exchange ready and notify its owner."""
        self.ready = True
        if self.notify is not None:
            self.notify()

    def settle(self) -> None:
        """Count a step as answered; with the last one, the exchange is done."""
        self.pending -= 1
        if not self.pending:
            self.done = True
            self.wake()

    def describe_parameters(self, oids: tuple[int, ...]) -> None:
        """Note the types of a statement's parameters."""

    def describe_columns(self, fields: Sequence[FieldDescription] | None) -> None:
        """Note the columns of the rows to come, None if there are none."""
        self.fields = fields

    def begin_copy(self, response: CopyResponse) -> bool:
        """Note that the server has begun a COPY; return whether the owner handles it."""
        self.copy = response
        return False

    def keep_copied(self, data: bytes) -> None:
        """Keep COPY data that has arrived, if the owner wants it."""

    @property
    def kept(self) -> Sequence[Any]:
        """What is kept for the owner to take: rows, or chunks of COPY data."""
        return ()

    def conclude(self, status: ExecStatus, tag: bytes = b"") -> None:
        """Make a result of what has arrived for the statement being answered."""
        self.results.append(Result(status, self.fields, None, tag, None, self.copy))
        self.copy = None

    def statement_failed(self) -> None:
        """Drop what has arrived for the statement that has failed."""
        self.copy = None


class QueryExchange(Exchange):
    """A query whose rows are kept.

    Args:
        query: the text, for errors that have a position in it.
        fields: the columns, if they are known already (a prepared statement).
        decoder: turns DataRows into tuples; None keeps the rows as raw bodies.
        describe: called with the columns when RowDescription arrives; returns the decoder for them.
        streaming: whether each row makes the exchange ready.

    Attributes:
        rows: the rows of the statement that is being answered.
        failure: the exception met when decoding the row after the last of `rows`.
        parameter_oids: the types of a statement's parameters, None until ParameterDescription arrives.
        begins: whether a BEGIN was sent before it, so that it is the first query of its transaction.
        keeping: whether its owner wants the rows even if the wait for them is interrupted.
    """

    __slots__ = (
        "begins",
        "decoder",
        "describe",
        "failure",
        "keeping",
        "parameter_oids",
        "rows",
        "streaming",
    )

    keeps_rows = True

    def __init__(
        self,
        *,
        query: bytes | None = None,
        fields: Sequence[FieldDescription] | None = None,
        decoder: Decoder | None = None,
        describe: Callable[[Sequence[FieldDescription]], Decoder | None] | None = None,
        streaming: bool = False,
    ) -> None:
        super().__init__(query=query)
        self.fields = fields
        self.decoder = decoder
        self.describe = describe
        self.streaming = streaming
        self.rows: list[Any] = []
        self.failure: BaseException | None = None
        self.parameter_oids: tuple[int, ...] | None = None
        self.begins = False
        self.keeping = False

    def await_end(self) -> None:
        """Count as not ready until the exchange is done: rows no longer make it ready."""
        self.streaming = False
        self.ready = self.done

    def discard(self) -> None:
        """Discard the rows that were not taken; later rows must not look like the whole result."""
        if self.rows and not self.keeping:
            self.rows = []
            if self.failure is None:
                self.failure = OperationalError(
                    "the rows are not here: the wait for them was interrupted; execute the query again"
                )

    def describe_parameters(self, oids: tuple[int, ...]) -> None:
        """Note the types of a statement's parameters."""
        self.parameter_oids = oids

    def describe_columns(self, fields: Sequence[FieldDescription] | None) -> None:
        """Note the columns of the rows to come, and have a decoder made for them."""
        self.fields = fields
        self.decoder = None
        if fields is not None and self.describe is not None and self.failure is None:
            try:
                self.decoder = self.describe(fields)
            except BaseException as e:
                # A loader's fault, not the session's: reported when a row is fetched.
                self.failure = e
                if not isinstance(e, Exception):
                    raise  # and the message is processed again

    @property
    def kept(self) -> Sequence[Any]:
        """The rows that are kept for the owner to take."""
        return self.rows

    def conclude(self, status: ExecStatus, tag: bytes = b"") -> None:
        """Make a result of what has arrived for the statement being answered."""
        self.results.append(Result(status, self.fields, self.rows, tag, self.failure, self.copy))
        self.rows = []
        self.copy = None
        if isinstance(self.failure, Exception):
            self.failure = None  # any other exception has interrupted the whole exchange

    def statement_failed(self) -> None:
        """Drop what has arrived for the statement; streamed rows can still be taken."""
        if not self.streaming:
            self.rows = []
        self.failure = self.copy = None


class CountedExchange(Exchange):
    """Many executions of a statement; only the total number of rows is kept.

    Args:
        query: the text, for errors that have a position in it.

    Attributes:
        affected: how many rows they have returned or affected.
        executed: how many of them have ended without an error.
        tag: the command tag of the last one.
    """

    __slots__ = ("affected", "executed", "tag")

    def __init__(self, *, query: bytes | None = None) -> None:
        super().__init__(query=query)
        self.affected = 0
        self.executed = 0
        self.tag = b""

    @property
    def tags(self) -> list[bytes]:
        """The command tag of the last execution."""
        return [self.tag]

    def conclude(self, status: ExecStatus, tag: bytes = b"") -> None:
        """Count the rows of an execution."""
        self.executed += 1
        self.affected = min(self.affected + max(rows_told(tag), 0), _MOST_AFFECTED)
        self.tag = tag
        self.copy = None


class CopyExchange(Exchange):
    """A COPY that its owner handles: incoming data, and the start of a COPY, make it ready.

    Args:
        query: the text, for errors that have a position in it.
        keep_messages: whether each CopyData message of the server becomes one chunk; otherwise a chunk may
            hold the data of several.

    Attributes:
        copied: chunks of the data that the server has sent, not yet taken by the owner.
        copy_begun: the formats and the direction of the first COPY that the server has begun.
    """

    __slots__ = ("copied", "copy_begun", "keep_messages")

    def __init__(self, *, query: bytes | None = None, keep_messages: bool = False) -> None:
        super().__init__(query=query)
        self.keep_messages = keep_messages
        self.copied: list[bytes] = []
        self.copy_begun: CopyResponse | None = None

    def discard(self) -> None:
        """Discard the data that was not taken."""
        self.copied.clear()

    def begin_copy(self, response: CopyResponse) -> bool:
        """Note that the server has begun a COPY; return True: the owner handles it."""
        self.copy = response
        self.copy_begun = self.copy_begun or response
        self.wake()
        return True

    def keep_copied(self, data: bytes) -> None:
        """Keep COPY data that has arrived."""
        self.copied.append(data)
        self.wake()

    @property
    def kept(self) -> Sequence[Any]:
        """The chunks that are kept for the owner to take."""
        return self.copied


class FunctionCallExchange(Exchange):
    """A call of a function in the server.

    Attributes:
        value: what the function has returned, None for NULL.
    """

    __slots__ = ("value",)

    def __init__(self) -> None:
        super().__init__()
        self.value: memoryview | None = None


def rows_told(tag: bytes) -> int:
    """Return the row count in a command tag, -1 if there is none."""
    last = tag.rpartition(b" ")[2]
    return int(last) if last.isdigit() and len(last) < 20 else -1


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.exchange import (
        CopyExchange,
        CountedExchange,
        Exchange,
        FunctionCallExchange,
        QueryExchange,
        Result,
    )
