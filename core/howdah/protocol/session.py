"""A session of the wire protocol, from the first ReadyForQuery on: sans-IO.

What the client writes becomes a queue of steps; what the server sends answers
the step at its head. `ANSWERS` is the whole state machine.

Source: PostgreSQL documentation, "Message Flow".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from howdah.errors import Error, ProgrammingError, from_fields
from howdah.native.implementation import IMPLEMENTATION
from howdah.pq import ExecStatus, TransactionStatus
from howdah.protocol import messages
from howdah.protocol.codes import COMMITS, BackendCode, FrontendCode
from howdah.protocol.exchange import Exchange, FunctionCallExchange, Step
from howdah.protocol.messages import Notification, ProtocolViolation

if TYPE_CHECKING:
    from typing_extensions import Buffer

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from howdah.protocol.wire import Wire
else:
    from howdah.native.wire import Wire

__all__ = ["Session"]

_SYNC = messages.message(FrontendCode.SYNC)
#: The most settings that are kept; a server reports fewer than twenty.
MOST_PARAMETERS = 1000
#: The severities of errors with which the server closes the connection.
_FATAL = ("FATAL", "PANIC")
_NO_COPY = "COPY cannot be used with execute(): use cursor.copy() instead"


class Session(Wire):
    """One connection's conversation with the server.

    Args:
        parameters: the settings that ParameterStatus reported during startup.
        transaction_status: the status in the first ReadyForQuery.

    Attributes:
        parameters: the server's reported settings, kept up to date.
        encoding: the Python codec of the texts in messages.
        last_error: the message of the last error that the server has reported for a query, empty without one.
        last_error_fatal: whether that error has ended the connection.
        unanswered: the texts of the queries that the server had not answered when the session ended.
        on_notice: called with the fields of every notice.
        on_notification: called with every notification.
        on_parameter: called with the name and the value of every setting that the server reports.
        on_lost: called when the session ends, whichever side ends it.
    """

    def __init__(
        self,
        parameters: Mapping[str, str] = {},
        transaction_status: TransactionStatus = TransactionStatus.IDLE,
    ) -> None:
        super().__init__()
        self.transaction_status = transaction_status
        self.parameters = dict(parameters)
        self.encoding = "utf-8"
        self.last_error = ""
        self.last_error_fatal = False
        self.unanswered: set[bytes] = set()
        self.on_notice: Callable[[dict[int, str]], object] | None = None
        self.on_notification: Callable[[Notification], object] | None = None
        self.on_parameter: Callable[[str, str], object] | None = None
        self.on_lost: Callable[[], object] | None = None

    # What the client sends

    def parse(self, exchange: Exchange, name: bytes, query: bytes, oids: Sequence[int] = ()) -> None:
        """Write Parse: make the statement `name` of `query` (`b""`: the unnamed one)."""
        data = messages.parse(name, query, oids)
        self.expect(Step.PARSE, exchange)
        self.write(data)

    def describe_statement(self, exchange: Exchange, name: bytes = b"") -> None:
        """Write Describe for a statement: its parameters and columns come back."""
        data = messages.describe(b"S", name)
        self.expect(Step.DESCRIBE_STATEMENT, exchange)
        self.write(data)

    def describe_portal(self, exchange: Exchange, name: bytes = b"") -> None:
        """Write Describe for a portal: its columns come back."""
        data = messages.describe(b"P", name) if name else messages.DESCRIBE_UNNAMED_PORTAL
        self.expect(Step.DESCRIBE_PORTAL, exchange)
        self.write(data)

    def close_statement(self, exchange: Exchange, name: bytes) -> None:
        """Write Close for a statement."""
        data = messages.close(b"S", name)
        self.expect(Step.CLOSE, exchange)
        self.write(data)

    def close_portal(self, exchange: Exchange, name: bytes) -> None:
        """Write Close for a portal."""
        data = messages.close(b"P", name)
        self.expect(Step.CLOSE, exchange)
        self.write(data)

    def flush(self) -> None:
        """Write Flush: the server sends what it has so far."""
        self.write(messages.message(FrontendCode.FLUSH))

    def query(self, exchange: Exchange, sql: bytes) -> None:
        """Write Query: the simple protocol, several statements at once."""
        data = messages.query(sql)
        self.expect(Step.QUERY, exchange)
        self.write(data)

    def function_call(
        self,
        exchange: FunctionCallExchange,
        oid: int,
        arguments: Sequence[Buffer | None],
        result_format: int = 1,
    ) -> None:
        """Write FunctionCall with binary arguments; the answer is `exchange.value`."""
        pieces = messages.function_call(oid, arguments, result_format)
        self.expect(Step.FUNCTION_CALL, exchange)
        for piece in pieces:
            self.write(piece)

    def copy_data(self, data: Buffer) -> None:
        """Write CopyData."""
        self.write(messages.header(FrontendCode.COPY_DATA, memoryview(data).nbytes))
        self.write(data)

    def copy_done(self, exchange: Exchange) -> None:
        """Write CopyDone: all data has been sent.

        In a COPY in both directions, the server may still send data.
        """
        exchange.await_more()
        self.write(messages.message(FrontendCode.COPY_DONE))
        if exchange.copy is not None and exchange.copy.direction == ExecStatus.COPY_BOTH:
            exchange.copy = exchange.copy._replace(direction=ExecStatus.COPY_OUT)
        self._repay_sync(exchange)

    def copy_fail(self, exchange: Exchange, reason: str) -> None:
        """Write CopyFail: the server aborts the COPY IN with this reason."""
        exchange.await_more()
        text = reason.replace("\0", "").encode(self.encoding, "replace")
        self.write(messages.message(FrontendCode.COPY_FAIL, text + b"\0"))
        self._repay_sync(exchange)

    def _repay_sync(self, exchange: Exchange) -> None:
        # While it copies in, a server in the extended protocol ignores Sync:
        # the one sent after Execute is lost and is sent again.
        if exchange.owes_sync:
            exchange.owes_sync = False
            self.write(_SYNC)

    def terminate(self) -> None:
        """Write Terminate: the session ends."""
        self.write(messages.message(FrontendCode.TERMINATE))

    # What the server sends

    def on_message(self, code: int, body: bytes) -> None:
        """Handle a message as `ANSWERS` says, or reject it."""
        anytime = _ANYTIME.get(code)
        if anytime is not None:
            anytime(self, body)
            return
        head = self.head()
        action = None if head is None else ANSWERS[head[0]].get(code)
        if head is None or action is None:
            waiting = "no answer is awaited" if head is None else f"an answer to {head[0].name} is"
            raise ProtocolViolation(f"the server sent a message of kind {chr(code)!r} while {waiting}")
        action(self, head[1], body)

    def connection_lost(self, error: Error) -> None:
        """End the session: every exchange that still waits gets `error`."""
        if self.lost is None:
            self.lost = error
            if self.on_lost is not None:
                self.on_lost()
        self.transaction_status = TransactionStatus.UNKNOWN
        while (head := self.head()) is not None:
            exchange = head[1]
            if exchange.query is not None and exchange.error is None:
                self.unanswered.add(exchange.query)
            if exchange.error is None:
                exchange.error = self.lost
            self.settle()

    def _complete(self, exchange: Exchange, body: bytes) -> None:
        if body:
            raise ProtocolViolation("the server sent a malformed completion message")
        self.settle()

    def _parameters(self, exchange: Exchange, body: bytes) -> None:
        exchange.describe_parameters(messages.parameter_description(body))

    def _columns(self, exchange: Exchange, body: bytes) -> None:
        exchange.describe_columns(messages.row_description(body, self.encoding))

    def _described(self, exchange: Exchange, body: bytes) -> None:
        self._columns(exchange, body)
        self.settle()

    def _no_columns(self, exchange: Exchange, body: bytes) -> None:
        exchange.describe_columns(None)
        self.settle()

    def _executed(self, exchange: Exchange, body: bytes) -> None:
        self._conclude_command(exchange, body)
        self.settle()

    def _conclude_command(self, exchange: Exchange, body: bytes) -> None:
        tag = messages.command_complete(body)
        if tag in COMMITS:
            self.count_commit()
        exchange.conclude(self._status(exchange), tag)

    def _empty(self, exchange: Exchange, body: bytes) -> None:
        exchange.conclude(ExecStatus.EMPTY_QUERY)
        self.settle()

    def _suspended(self, exchange: Exchange, body: bytes) -> None:
        exchange.conclude(ExecStatus.TUPLES_CHUNK)
        self.settle()

    def _one_of_many_executed(self, exchange: Exchange, body: bytes) -> None:
        self._conclude_command(exchange, body)
        exchange.describe_columns(None)

    def _one_of_many_empty(self, exchange: Exchange, body: bytes) -> None:
        exchange.conclude(ExecStatus.EMPTY_QUERY)

    def _status(self, exchange: Exchange) -> ExecStatus:
        return ExecStatus.COMMAND_OK if exchange.fields is None else ExecStatus.TUPLES_OK

    def _ready(self, exchange: Exchange, body: bytes) -> None:
        self.transaction_status = messages.ready_for_query(body)
        self.transactions += self.transaction_status == TransactionStatus.IDLE and not self.committed
        self.committed = False
        self.settle()

    def _query_ready(self, exchange: Exchange, body: bytes) -> None:
        if not exchange.results and exchange.error is None:
            raise ProtocolViolation("the server is ready for another query, but has not answered this one")
        self._ready(exchange, body)

    def _copy_out(self, exchange: Exchange, body: bytes) -> None:
        self._copy(exchange, body, ExecStatus.COPY_OUT)

    def _copy(self, exchange: Exchange, body: bytes, direction: ExecStatus) -> None:
        if exchange.begin_copy(messages.copy_response(body, direction)):
            return
        exchange.error = exchange.error or ProgrammingError(_NO_COPY)
        if direction == ExecStatus.COPY_IN:
            self.copy_fail(exchange, _NO_COPY)
        elif direction == ExecStatus.COPY_BOTH:
            # A walsender does not accept CopyFail.
            self.copy_done(exchange)

    def _copy_in(self, exchange: Exchange, body: bytes) -> None:
        self._copy(exchange, body, ExecStatus.COPY_IN)

    def _copy_both(self, exchange: Exchange, body: bytes) -> None:
        self._copy(exchange, body, ExecStatus.COPY_BOTH)

    def _copy_in_by_execute(self, exchange: Exchange, body: bytes) -> None:
        # If only a Sync follows this Execute, the server ignores it.
        exchange.owes_sync = exchange.pending == 2
        self._copy_in(exchange, body)

    def _copy_both_by_execute(self, exchange: Exchange, body: bytes) -> None:
        exchange.owes_sync = exchange.pending == 2
        self._copy_both(exchange, body)

    def _copy_data(self, exchange: Exchange, body: bytes) -> None:
        if exchange.copy is None or exchange.copy.direction == ExecStatus.COPY_IN:
            raise ProtocolViolation("the server sent CopyData outside of a COPY, or into one that goes in")
        exchange.keep_copied(body)

    def _copy_done(self, exchange: Exchange, body: bytes) -> None:
        if exchange.copy is None or exchange.copy.direction == ExecStatus.COPY_IN:
            raise ProtocolViolation("the server sent CopyDone outside of a COPY, or into one that goes in")
        if exchange.copy.direction == ExecStatus.COPY_BOTH:
            # The server sends no more, and waits for the client's CopyDone.
            exchange.copy = exchange.copy._replace(direction=ExecStatus.COPY_IN)
            exchange.wake()

    def _function_result(self, exchange: FunctionCallExchange, body: bytes) -> None:
        exchange.value = messages.function_result(body)

    # Messages that may come at any time

    def _error(self, body: bytes) -> None:
        fields = messages.error_fields(body, self.encoding)
        head = self.head()
        if head is None:
            error = from_fields(fields)
            # Unsolicited: the server is about to close the connection. But while it skips what is sent, this
            # is the error again that it skips for: an interruption came when all had been done about it.
            if not (self.skipping and error.diag.severity_nonlocalized not in _FATAL):
                self.connection_lost(error)
            return
        step, exchange = head
        query = None if exchange.query is None else exchange.query.decode(self.encoding, "replace")
        if exchange.error is None:
            exchange.error = error = from_fields(fields, query)
            # Not the exception: its traceback refers to the program's frames, and to their results.
            self.last_error = str(error)
            self.last_error_fatal = error.diag.severity_nonlocalized in _FATAL
        exchange.statement_failed()
        self._repay_sync(exchange)
        if step not in (Step.QUERY, Step.FUNCTION_CALL, Step.SYNC):
            self._skip(exchange)

    def _skip(self, failed: Exchange) -> None:
        """Drop the steps that the server skips after an error."""
        while (head := self.head()) is not None and head[0] != Step.SYNC:
            exchange = head[1]
            if exchange is not failed:
                exchange.aborted = True
                exchange.error = exchange.error or failed.error
            if head == self.tail():
                # Before the last is removed, so that an interruption does not come between.
                self.skipping = True
            self.settle()
        # A Sync that is pending already ends the skipping.
        self.skipping = self.head() is None

    def _notice(self, body: bytes) -> None:
        if self.on_notice is not None:
            self.on_notice(messages.error_fields(body, self.encoding))

    def _notification(self, body: bytes) -> None:
        notification = messages.notification(body, self.encoding)
        if self.on_notification is not None:
            self.on_notification(notification)

    def _parameter_status(self, body: bytes) -> None:
        name, value = messages.parameter_status(body)
        if name not in self.parameters and len(self.parameters) >= MOST_PARAMETERS:
            return
        self.parameters[name] = value
        if self.on_parameter is not None:
            self.on_parameter(name, value)


_Action = Callable[[Session, Any, bytes], None]

_RUNNING: dict[int, _Action] = {
    BackendCode.COPY_IN_RESPONSE: Session._copy_in,
    BackendCode.COPY_OUT_RESPONSE: Session._copy_out,
    BackendCode.COPY_BOTH_RESPONSE: Session._copy_both,
    BackendCode.COPY_DATA: Session._copy_data,
    BackendCode.COPY_DONE: Session._copy_done,
}

#: For each step, the messages that may answer it and what they do. DataRow
#: is handled in `Wire`; the messages of `_ANYTIME` may come at any step.
ANSWERS: dict[Step, dict[int, _Action]] = {
    Step.PARSE: {BackendCode.PARSE_COMPLETE: Session._complete},
    Step.BIND: {BackendCode.BIND_COMPLETE: Session._complete},
    Step.DESCRIBE_STATEMENT: {
        BackendCode.PARAMETER_DESCRIPTION: Session._parameters,
        BackendCode.ROW_DESCRIPTION: Session._described,
        BackendCode.NO_DATA: Session._no_columns,
    },
    Step.DESCRIBE_PORTAL: {
        BackendCode.ROW_DESCRIPTION: Session._described,
        BackendCode.NO_DATA: Session._no_columns,
    },
    Step.EXECUTE: {
        BackendCode.COMMAND_COMPLETE: Session._executed,
        BackendCode.EMPTY_QUERY_RESPONSE: Session._empty,
        BackendCode.PORTAL_SUSPENDED: Session._suspended,
        **_RUNNING,
        BackendCode.COPY_IN_RESPONSE: Session._copy_in_by_execute,
        BackendCode.COPY_BOTH_RESPONSE: Session._copy_both_by_execute,
    },
    Step.CLOSE: {BackendCode.CLOSE_COMPLETE: Session._complete},
    Step.SYNC: {BackendCode.READY_FOR_QUERY: Session._ready},
    Step.QUERY: {
        BackendCode.ROW_DESCRIPTION: Session._columns,
        BackendCode.COMMAND_COMPLETE: Session._one_of_many_executed,
        BackendCode.EMPTY_QUERY_RESPONSE: Session._one_of_many_empty,
        BackendCode.READY_FOR_QUERY: Session._query_ready,
        **_RUNNING,
    },
    Step.FUNCTION_CALL: {
        BackendCode.FUNCTION_CALL_RESPONSE: Session._function_result,
        BackendCode.READY_FOR_QUERY: Session._ready,
    },
}

_ANYTIME: dict[int, Callable[[Session, bytes], None]] = {
    BackendCode.ERROR_RESPONSE: Session._error,
    BackendCode.NOTICE_RESPONSE: Session._notice,
    BackendCode.NOTIFICATION_RESPONSE: Session._notification,
    BackendCode.PARAMETER_STATUS: Session._parameter_status,
}
