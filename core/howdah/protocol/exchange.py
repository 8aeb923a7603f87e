"""What was asked, and what came back: `Exchange` and its `Result`s."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

from howdah.errors import Error
from howdah.native.implementation import IMPLEMENTATION
from howdah.pq import ExecStatus
from howdah.protocol.messages import CopyResponse, FieldDescription

__all__ = ["Decoder", "Exchange", "Result", "Step"]


#: A number of rows that nobody has, for a server that says it has more.
_MOST_AFFECTED = 1 << 62


class Step(IntEnum):
    """A message on its way whose answer is still to come."""

    PARSE = 0
    BIND = 1
    DESCRIBE_STATEMENT = 2
    DESCRIBE_PORTAL = 3
    EXECUTE = 4
    CLOSE = 5
    SYNC = 6
    QUERY = 7
    FUNCTION_CALL = 8


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
            `rows`; the rows behind it are lost.
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
    """A group of messages sent together, and all that the server answers to them.

    An exchange is *ready* when its owner can go on: it is done, or the server
    waits for COPY data, or - when `streaming` - something has come in.

    Args:
        fields: the columns, where they are known before (a prepared statement).
        decoder: turns DataRows into tuples; None keeps the rows as raw bodies.
        describe: called with the columns when the server tells them; returns
            the decoder for them.
        streaming: whether its owner wants to go on whenever a row has come in.
        query: the text, for errors that tell a position in it.
        copying: whether its owner deals with COPY; a COPY is refused otherwise.
        counting: whether its owner wants to know only how many rows were affected.

    Attributes:
        keeping: whether its owner wants the rows even if the wait for them is interrupted.
        results: one for each statement that was executed, unless they are only counted.
        affected: how many rows they had, or affected, if they are only counted.
        tag: the command tag of the last of them, if they are only counted.
        error: the server's error, or why it was lost.
        aborted: whether the server skipped it because of an earlier error.
        begins: whether a BEGIN was sent in front of it, so that it is the first of its transaction.
        rows: the rows of the statement that is being answered.
        copied: chunks of a COPY OUT not yet taken by the owner.
        copy: the formats, while a COPY is going on.
        copy_begun: the formats of the first COPY that the server has begun.
        parameter_oids: what Describe told of a statement's parameters.
        value: the result of a function call.
        replaced: the results its owner had before, let go of while the server is at work: that may take long.
        owes_sync: whether a Sync was lost in a COPY IN and must be repeated.
        pending: how many steps are still to be answered.
        notify: called when the exchange becomes ready.
    """

    __slots__ = (
        "aborted",
        "affected",
        "begins",
        "copied",
        "copy",
        "copy_begun",
        "copying",
        "counting",
        "decoder",
        "describe",
        "done",
        "error",
        "failure",
        "fields",
        "keeping",
        "notify",
        "owes_sync",
        "parameter_oids",
        "pending",
        "query",
        "ready",
        "replaced",
        "results",
        "rows",
        "streaming",
        "tag",
        "value",
    )

    def __init__(
        self,
        fields: Sequence[FieldDescription] | None = None,
        decoder: Decoder | None = None,
        describe: Callable[[Sequence[FieldDescription]], Decoder | None] | None = None,
        streaming: bool = False,
        query: bytes | None = None,
        copying: bool = False,
        counting: bool = False,
    ) -> None:
        self.copying = copying
        self.counting = counting
        self.query = query
        self.fields = fields
        self.decoder = decoder
        self.describe = describe
        self.streaming = streaming
        self.keeping = False
        self.results: list[Result] = []
        self.affected = 0
        self.tag = b""
        self.rows: list[Any] = []
        self.failure: BaseException | None = None
        self.error: Error | None = None
        self.aborted = False
        self.begins = False
        self.copied: list[bytes] = []
        self.copy: CopyResponse | None = None
        self.copy_begun: CopyResponse | None = None
        self.parameter_oids: tuple[int, ...] | None = None
        self.value: memoryview | None = None
        self.replaced: object = None
        self.owes_sync = False
        self.pending = 0
        self.ready = False
        self.done = False
        self.notify: Callable[[], object] | None = None

    def wake(self) -> None:
        """Mark the exchange ready and tell its owner."""
        self.ready = True
        if self.notify is not None:
            self.notify()

    def settle(self) -> None:
        """Take one step off; the exchange is done with the last."""
        self.pending -= 1
        if not self.pending:
            self.done = True
            self.wake()

    def conclude(self, status: ExecStatus, tag: bytes = b"") -> None:
        """Make a result of what has come in for the statement being answered."""
        if self.counting:
            self.affected = min(self.affected + max(rows_told(tag), 0), _MOST_AFFECTED)
            self.tag = tag
        else:
            self.results.append(Result(status, self.fields, self.rows, tag, self.failure, self.copy))
        self.rows = []
        self.copy = None
        if isinstance(self.failure, Exception):
            self.failure = None  # anything else has interrupted all of the exchange


def rows_told(tag: bytes) -> int:
    """Return the number of rows that a command tag tells, -1 if it tells none."""
    last = tag.rpartition(b" ")[2]
    return int(last) if last.isdigit() and len(last) < 20 else -1


if not TYPE_CHECKING and IMPLEMENTATION == "native":
    from howdah.native.exchange import Exchange, Result
