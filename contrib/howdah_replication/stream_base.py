"""A replication stream: what the sync and the async one have in common, state and operations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic, time
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from howdah.errors import Error, OperationalError, ProgrammingError
from howdah.io.operation import Idle, Operation, Stop
from howdah.pq import ExecStatus
from howdah.protocol.exchange import CopyExchange, QueryExchange
from howdah_replication import rows
from howdah_replication.decoding import PgOutputDecoder
from howdah_replication.exchange import RowsAndCopyExchange
from howdah_replication.feedback import Chunk, Progress
from howdah_replication.lsn import LSN
from howdah_replication.messages import (
    Begin,
    BeginPrepare,
    Commit,
    CommitPrepared,
    LogicalMessage,
    PluginMessage,
    Prepare,
    RollbackPrepared,
    StreamCommit,
    StreamPrepare,
    WalData,
)

if TYPE_CHECKING:
    from howdah.adapt import Transformer

__all__ = ["LONG", "BaseStream", "Decode", "Position", "plugin_decoder", "position", "wal_decoder"]

#: A wait without a limit wakes up this often, in seconds.
LONG = 3600.0
#: How long the end of a stream may take before it is cancelled, in seconds.
_END_TIMEOUT = 5.0
_RESERVED = "a replication stream is open: leave its block before you use the connection"

_OPENING = (Begin, BeginPrepare)
_CLOSING = (Commit, Prepare, StreamCommit, StreamPrepare, CommitPrepared, RollbackPrepared)


class Ended(Protocol):
    """A message that has a position to confirm."""

    @property
    def end_lsn(self) -> LSN:
        """The position."""


Position: TypeAlias = int | str | Ended
Decode: TypeAlias = Callable[[Chunk], Any]


def position(given: Position) -> LSN:
    """Return the position that a program has given, or that of a message.

    Raises:
        TypeError: it is neither.
        ValueError: it is no position.
    """
    if isinstance(given, LSN):
        return given
    if isinstance(given, (int, str)):
        return LSN(given)
    end = getattr(given, "end_lsn", None)
    if not isinstance(end, LSN):
        raise TypeError(f"a position is an LSN or a message with end_lsn, not {type(given).__name__}")
    return end


def wal_decoder() -> Decode:
    """Return what makes messages of the log itself."""
    return lambda chunk: WalData(*chunk)


def plugin_decoder(encoding: str | None) -> Decode:
    """Return what makes messages of what an output plugin has written.

    Args:
        encoding: the codec of its text; None for bytes.
    """
    if encoding is None:
        return lambda chunk: PluginMessage(*chunk)
    return lambda chunk: PluginMessage(
        chunk.start, chunk.server_lsn, chunk.sent_at, chunk.data.decode(encoding, "replace")
    )


def pgoutput_decoder(transformer: Transformer) -> Decode:
    """Return what decodes the messages of pgoutput, for one stream."""
    decoder = PgOutputDecoder(transformer)
    return lambda chunk: decoder.decode(chunk.data)


class BaseStream:
    """State and operations of a replication stream.

    Args:
        connection: the connection.
        command: START_REPLICATION.
        start: where it begins.
        make_decode: returns what makes the messages for the program.
        physical: whether it is of the log itself.
        status_interval: the most seconds between two status updates.
        buffer_size: how many bytes of messages are kept for the program.
    """

    #: Why nothing more is received, although the stream has not ended.
    failure: Exception | None = None
    #: Protects the state from the thread that receives; tasks need no protection.
    _guard: AbstractContextManager[object] = nullcontext()

    def __init__(
        self,
        connection: Any,
        command: str,
        start: LSN,
        make_decode: Callable[[], Decode],
        *,
        physical: bool,
        status_interval: float,
        buffer_size: int,
    ) -> None:
        if not status_interval > 0:
            raise ValueError("status_interval is a positive number of seconds")
        if not buffer_size > 0:
            raise ValueError("buffer_size is a positive number of bytes")
        self.connection = connection
        self._command = command
        self._make_decode = make_decode
        self._decode: Decode | None = None
        self._physical = physical
        self._exchange: CopyExchange | RowsAndCopyExchange | None = None
        self._raised = False
        self._done_written = False
        self.progress = Progress(
            start,
            interval=status_interval,
            buffer_size=buffer_size,
            now=monotonic(),
            physical=physical,
        )

    # State

    @property
    def over(self) -> bool:
        """Whether nothing more is received."""
        return self.failure is not None or self._exchange is None or self._exchange.done

    @property
    def ended(self) -> bool:
        """Whether the stream has ended and all its messages have been taken."""
        return self.progress.empty and self.over

    @property
    def confirmed(self) -> LSN:
        """The position up to which the program has confirmed; where to start again."""
        return self.progress.flushed

    @property
    def server_lsn(self) -> LSN:
        """The end of the log on the server, as it last reported."""
        return self.progress.server_lsn

    @property
    def next_timeline(self) -> tuple[int, LSN] | None:
        """The next timeline and where it begins, after a physical stream of an old one has ended."""
        exchange = self._exchange
        if isinstance(exchange, RowsAndCopyExchange):
            for result in exchange.results:
                for row in rows.read_result(result):
                    timeline, start = rows.read_row("START_REPLICATION", row, rows.integer, rows.position)
                    return timeline, start
        return None

    # Messages

    def _message(self, chunk: Chunk) -> Any:
        """Return the message for the program."""
        assert self._decode is not None
        message = self._decode(chunk)
        self._note(message)
        self.progress.delivering = False
        return message

    def _note(self, message: Any) -> None:
        """Note what the program has to confirm after a message."""
        progress = self.progress
        if isinstance(message, (PluginMessage, WalData)):
            progress.pending = max(progress.pending, message.end_lsn)
        elif isinstance(message, _OPENING):
            progress.pending = LSN.MAX
        elif isinstance(message, _CLOSING) or (
            isinstance(message, LogicalMessage) and not message.transactional
        ):
            before = LSN(0) if progress.pending == LSN.MAX else progress.pending
            progress.pending = max(before, message.end_lsn)

    def _check_open(self) -> None:
        if self._exchange is None:
            raise ProgrammingError("the stream has not begun: use it in a 'with' block")

    def _check_end(self) -> None:
        """Raise the error with which the stream has ended, if it has."""
        if self.failure is not None:
            self._raised = True
            raise self.failure
        exchange = self._exchange
        if exchange is not None and exchange.done and exchange.error is not None:
            self._raised = True
            exchange.raise_error()

    def _check_last(self) -> None:
        """Raise an error if a logical stream has ended, which has no end."""
        if not self._physical:
            self._raised = True
            raise OperationalError(
                "the server has ended the stream; if it is not the first logical one on its connection,"
                " that is why: open another connection for it"
            )

    # Operations

    def begin(self) -> Operation[None]:
        """Send the command, and wait until the stream begins."""
        if self._exchange is not None:
            raise ProgrammingError("a stream can be opened once: start another one")
        kernel = self.connection.kernel
        session = yield from kernel.start_operation()
        if not self._physical:
            # Nothing can be looked up while the stream is open.
            yield from kernel.resolve_names(self.connection.adapters)
        yield from self._look_timeout_up()
        command = self._command.encode(session.encoding)
        exchange: CopyExchange | RowsAndCopyExchange
        if self._physical:
            exchange = RowsAndCopyExchange(query=command, describe=kernel.transformer.decoder)
        else:
            exchange = CopyExchange(query=command, keep_messages=True)
        session.query(exchange, command)
        yield exchange
        if exchange.done:
            exchange.raise_error()
        self._decode = self._make_decode()
        self._exchange = exchange
        if not exchange.done:
            kernel.reserve(_RESERVED)
        self._take_received(exchange)

    def _look_timeout_up(self) -> Operation[None]:
        """Look up after how much silence the server ends the stream.

        It asks for an answer before it does, but does not reach a program whose buffer is full.
        """
        kernel = self.connection.kernel
        session = yield from kernel.start_operation()
        command = b"SHOW wal_sender_timeout"
        exchange = QueryExchange(query=command, describe=kernel.transformer.decoder)
        session.query(exchange, command)
        yield exchange
        exchange.raise_error()
        shown = [row for result in exchange.results for row in rows.read_result(result)]
        (timeout,) = rows.first_row("SHOW", shown, rows.seconds)
        self.progress.limit_interval(timeout)

    def receive(self, timeout: float) -> Operation[None]:
        """Wait up to `timeout` seconds, and note what has been received."""
        exchange = self._exchange
        assert exchange is not None
        yield Idle(timeout)
        self._take_received(exchange)

    def _take_received(self, exchange: CopyExchange | RowsAndCopyExchange) -> None:
        if exchange.copied:
            messages = [*exchange.copied]
            exchange.copied.clear()
            try:
                self.progress.receive(messages)
            except Error as error:
                self.failure = error
        if exchange.copy is not None and exchange.copy.direction == ExecStatus.COPY_IN:
            # The server sends no more; it tells the rest once the client has ended, too.
            self._write_done(exchange)
            self.connection.kernel.transport.send()

    @property
    def _both_send(self) -> bool:
        """Whether the server still sends, and reads what it is told."""
        copy = None if self._exchange is None else self._exchange.copy
        return copy is not None and copy.direction == ExecStatus.COPY_BOTH

    def time_left(self, now: float) -> float:
        """Return in how many seconds a status update is due; a server that ended the stream wants none."""
        return self.progress.time_left(now) if self._both_send else LONG

    def answer(self, now: float) -> None:
        """Send a status update if one is due."""
        if self.progress.due(now):
            self.send_status()

    def send_status(self, *, reply: bool = False) -> None:
        """Send a status update, without waiting.

        Args:
            reply: whether the server shall answer.
        """
        if not self._both_send:
            return
        kernel = self.connection.kernel
        kernel.session.copy_data(self.progress.status(monotonic(), time(), reply=reply))
        kernel.transport.send()

    def _write_done(self, exchange: CopyExchange | RowsAndCopyExchange) -> None:
        """Write CopyDone, once."""
        if not self._done_written:
            self._done_written = True
            self.connection.kernel.session.copy_done(exchange)

    def finish(self) -> Operation[None]:
        """End the stream on both sides; what is still on its way is dropped."""
        exchange = self._exchange
        assert exchange is not None
        try:
            if exchange.copy is not None:
                self.send_status()
                self._write_done(exchange)
            deadline = monotonic() + _END_TIMEOUT
            while not exchange.done:
                exchange.discard()
                if (left := deadline - monotonic()) <= 0:
                    yield Stop(exchange)  # the server is decoding a large transaction
                    break
                yield Idle(left)
        except BaseException:
            if not exchange.done:
                yield Stop(exchange)
            raise
        finally:
            exchange.discard()
            self.connection.kernel.release()
