"""The hot path of a session: its buffers, and the messages of every query.

`Wire` frames what arrives, handles the answers to Bind, Execute and Sync itself,
and passes everything else to `on_message`. The native core has a twin of this
module; this one is the reference.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import repeat
from struct import pack
from typing import TYPE_CHECKING, Any, Protocol

from howdah.errors import Error
from howdah.pq import ExecStatus, TransactionStatus
from howdah.protocol.codes import COMMITS, BackendCode, FrontendCode
from howdah.protocol.exchange import Exchange, Step
from howdah.protocol.framing import HEADER_SIZE, SESSION_LIMITS, impossible_length, unpack_header
from howdah.protocol.messages import (
    TRANSACTION_STATUSES,
    ProtocolViolation,
    check_length,
    cstring,
    message,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from howdah.protocol.exchange import QueryExchange

__all__ = ["BoundParameters", "Wire", "take_in"]

#: How much is asked of the socket at a time, in bytes.
RECEIVE_SIZE = 65536
#: How much is handed to the socket at a time, in bytes.
SEND_SIZE = 4 * RECEIVE_SIZE


def take_in(sizes: list[int], buffer: bytearray, take: Callable[[Buffer], object]) -> None:
    """Pass on what a buffer has received, once even if a signal handler interrupts: all calls run in C."""
    pieces = map(slice, map(sizes.pop, repeat(0, len(sizes))))
    deque(map(take, map(memoryview(buffer).__getitem__, pieces)), maxlen=0)


class BoundParameters(Protocol):
    """The parameters of a Bind: values in PostgreSQL's representation."""

    @property
    def values(self) -> Sequence[Buffer | None]:
        """The values, None for NULL."""

    @property
    def formats(self) -> Sequence[int]:
        """A format code for each value."""


class Wire:
    """Input and output buffers of one session, and the steps not yet answered.

    Attributes:
        transaction_status: the status in the last ReadyForQuery.
        transactions: how many transactions have ended: the same number means
            that it is still the same transaction.
        committed: whether a commit has been counted whose ReadyForQuery has not come yet.
        skipping: whether the server skips what is written now, up to a Sync.
        lost: the error that ended the session, None while it is open.
        dealt_with: whether the last message counts as processed although the loader or the handler
            that it was passed to has raised a `BaseException`.
    """

    def __init__(self) -> None:
        self.transaction_status = TransactionStatus.IDLE
        self.transactions = 0
        self.committed = False
        self.skipping = False
        self.lost: Error | None = None
        self.dealt_with = False
        # Each step, its exchange, and how many steps were pending in that when the answer came, None before.
        self._pending: deque[list[Any]] = deque()
        self._mark = 0, 0
        self._output = bytearray()
        self._input = bytearray()
        # How much of the input has been processed.
        self._position = 0
        self._decoding = False
        self._scratch = bytearray(RECEIVE_SIZE)
        #: The sizes of received data in the buffer that is not in the input yet.
        self.arrived: list[int] = []
        # C code calls these two, so that no signal handler runs between a system call and its bookkeeping:
        #: Deletes a slice of the output.
        self.take_off: Callable[[slice], None] = self._output.__delitem__
        #: Appends bytes to the input; `feed` must follow.
        self.take_in: Callable[[Any], None] = self._input.extend

    # Output

    def write(self, data: Buffer) -> None:
        """Append `data`, whole messages or pieces of one, to the output."""
        self._output += data

    def output(self) -> memoryview:
        """Return what is to be sent next; release it before anything else is written."""
        # A copy: if an interruption leaves a view unreleased, the output can still be written to.
        return memoryview(self._output[:SEND_SIZE])

    def sent(self, size: int) -> None:
        """Delete the first `size` bytes of the output: they have been sent."""
        del self._output[:size]

    @property
    def output_size(self) -> int:
        """How many bytes are to be sent."""
        return len(self._output)

    def bind(
        self,
        exchange: Exchange,
        portal: bytes,
        statement: bytes,
        parameters: BoundParameters | None,
        result_formats: Sequence[int] = (),
    ) -> None:
        """Write a Bind message."""
        body = bytearray(cstring(portal, "the portal's name"))
        body += cstring(statement, "the statement's name")
        if parameters is None:
            body += b"\0\0\0\0"
        else:
            formats, values = parameters.formats, parameters.values
            if len(values) > 0xFFFF:
                raise ProtocolViolation("a statement can have at most 65535 parameters")
            body += pack(f"!H{len(formats)}HH", len(formats), *formats, len(values))
            for value in values:
                if value is None:
                    body += b"\xff\xff\xff\xff"
                else:
                    view = memoryview(value)
                    check_length(len(body) + view.nbytes)
                    body += view.nbytes.to_bytes(4, "big")
                    body += view
        body += pack(f"!H{len(result_formats)}H", len(result_formats), *result_formats)
        data = message(FrontendCode.BIND, bytes(body))
        self.expect(Step.BIND, exchange)
        self._output += data

    def execute(self, exchange: Exchange, portal: bytes = b"", max_rows: int = 0) -> None:
        """Write an Execute message; at most `max_rows` rows come back, 0 for all."""
        body = cstring(portal, "the portal's name") + max_rows.to_bytes(4, "big")
        self.expect(Step.EXECUTE, exchange)
        self._output += message(FrontendCode.EXECUTE, body)

    def sync(self, exchange: Exchange) -> None:
        """Write a Sync message."""
        self.expect(Step.SYNC, exchange)
        self._output += message(FrontendCode.SYNC)

    # Steps

    def expect(self, step: Step, exchange: Exchange) -> None:
        """Add `step` of `exchange` to the steps that the server is to answer."""
        if self.skipping:
            if step != Step.SYNC:
                exchange.skip()
                return
            self.skipping = False
        self._pending.append([step, exchange, None])
        exchange.pending += 1
        exchange.ready = exchange.done = False

    def head(self) -> tuple[Step, Exchange] | None:
        """Return the step that the server answers next."""
        return (self._pending[0][0], self._pending[0][1]) if self._pending else None

    def tail(self) -> tuple[Step, Exchange] | None:
        """Return the step that the server answers last."""
        return (self._pending[-1][0], self._pending[-1][1]) if self._pending else None

    def settle(self) -> None:
        """Remove the step at the head: it has been answered."""
        # A signal handler's exception may come between two calls: what has been done is not done again.
        head = self._pending[0]
        exchange: Exchange = head[1]
        if head[2] is None:
            head[2] = exchange.pending
        if exchange.pending == head[2]:
            exchange.settle()
        elif not exchange.pending:
            exchange.done = True
            exchange.wake()
        self._pending.popleft()

    def mark(self) -> None:
        """Note what has been written by now; nothing may be sent until `rewind`."""
        self._mark = len(self._output), len(self._pending)

    def rewind(self) -> None:
        """Remove what has been written since `mark`: an interruption may have left it incomplete."""
        size, count = self._mark
        del self._output[size:]
        while len(self._pending) > count:
            exchange: Exchange = self._pending.pop()[1]
            exchange.pending = sum(each[1] is exchange for each in self._pending)
            if not exchange.pending:
                exchange.skip()

    # Input

    def receive_buffer(self) -> memoryview:
        """Return where to receive into; `received` must follow."""
        self._check_entry()
        take_in(self.arrived, self._scratch, self.take_in)
        return memoryview(self._scratch)

    def received(self, size: int) -> None:
        """Process the `size` bytes that were received into the buffer."""
        self._check_entry()
        self.arrived.append(size)
        self._pump()

    def feed(self, data: Buffer) -> None:
        """Process `data`, bytes that the server sent."""
        self._check_entry()
        self._input += data
        self._pump()

    def on_message(self, code: int, body: bytes) -> None:
        """Handle a message that is not on the hot path."""
        raise NotImplementedError

    def _check_entry(self) -> None:
        if self._decoding:
            # Otherwise the rows after this one would come before it.
            raise RuntimeError("the connection cannot be used by what loads the values of its rows")

    def _pump(self) -> None:
        take_in(self.arrived, self._scratch, self.take_in)
        # What is called here may use the session: a notice handler that runs a query
        # enters this method again. So the position is always that of the next message.
        data = self._input
        self.dealt_with = False
        try:
            while len(data) - self._position >= HEADER_SIZE:
                position = self._position
                code, length = unpack_header(data, position)
                if not 4 <= length <= SESSION_LIMITS[code]:
                    raise impossible_length(code, length)
                end = position + 1 + length
                if end > len(data):
                    break
                head = self._pending[0] if self._pending else None
                kept: Sequence[Any] = () if head is None else head[1].kept
                count = len(kept)
                try:
                    self._position = end
                    self._process(code, bytes(data[position + HEADER_SIZE : end]))
                except Error:
                    raise
                except BaseException:
                    # Interrupted: the message is processed again, unless it has had its effect.
                    # The end of a statement begins a new list of rows: the old one is compared.
                    unchanged = head is (self._pending[0] if self._pending else None) and len(kept) == count
                    repeated = unchanged or code == BackendCode.ERROR_RESPONSE
                    if repeated and self._position == end and not self.dealt_with:
                        self._position = position
                    raise
        finally:
            del data[: self._position]
            self._position = 0

    def _process(self, code: int, body: bytes) -> None:
        if not self._pending:
            self.on_message(code, body)
            return
        step, exchange, _ = self._pending[0]
        if code == BackendCode.DATA_ROW and _expects_row(step, exchange):
            if exchange.keeps_rows:
                self._take_row(exchange, body)
        elif code == BackendCode.BIND_COMPLETE and step == Step.BIND and not body:
            self.settle()
        elif code == BackendCode.COMMAND_COMPLETE and step == Step.EXECUTE and body[-1:] == b"\0":
            self._conclude(exchange, body[:-1])
        elif code == BackendCode.READY_FOR_QUERY and step == Step.SYNC and body in TRANSACTION_STATUSES:
            self.transaction_status = TRANSACTION_STATUSES[body]
            self.transactions += body == b"I" and not self.committed
            self.committed = False
            self.settle()
        else:
            self.on_message(code, body)

    def _take_row(self, exchange: QueryExchange, body: bytes) -> None:
        if exchange.failure is None:
            decoder, rows = exchange.decoder, exchange.rows
            count = len(rows)
            self._decoding = True
            try:
                rows.append(body if decoder is None else decoder.decode(body))
            except ProtocolViolation:
                raise
            except Exception as e:
                # The loader's fault, not the session's: reported when the row is fetched.
                exchange.failure = e
            except BaseException as e:
                self._leave_rows(exchange, e, None if len(rows) > count else body)
                raise
            finally:
                self._decoding = False
        if exchange.streaming:
            exchange.wake()

    def _leave_rows(self, exchange: QueryExchange, interruption: BaseException, body: bytes | None) -> None:
        """Decode no more rows: what has interrupted one would interrupt the next.

        Args:
            exchange: the exchange that the rows belong to.
            interruption: what the loader, or a signal handler, has raised.
            body: the row, None if it is in `exchange.rows` already.
        """
        if not exchange.keeping:
            exchange.failure = interruption
        else:
            exchange.decoder = None
            if body is not None:
                exchange.rows.append(body)
        self.dealt_with = True

    def _conclude(self, exchange: Exchange, tag: bytes) -> None:
        status = ExecStatus.COMMAND_OK if exchange.fields is None else ExecStatus.TUPLES_OK
        if tag in COMMITS:
            self.count_commit()
        exchange.conclude(status, tag)
        self.settle()

    def count_commit(self) -> None:
        """Count a transaction that is committed: the next one may begin before ReadyForQuery."""
        self.transactions += 1
        self.committed = True


def _expects_row(step: Step, exchange: Exchange) -> bool:
    """Return whether a row may come: in the simple protocol, only after RowDescription."""
    return step == Step.EXECUTE or (step == Step.QUERY and exchange.fields is not None)
