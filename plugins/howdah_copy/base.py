"""COPY: what the sync and the async one have in common, state and operations.

`Copy` and `AsyncCopy` derive from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from howdah.adapt.encodings import encoded
from howdah.adapt.oids import INVALID
from howdah.client.flags import checked_flag
from howdah.errors import DataError, Error, InterfaceError, NotSupportedError, ProgrammingError
from howdah.errors.base import unraised
from howdah.errors.context import add_column_name, column_label, type_of
from howdah.io.operation import Drain, Idle, Operation, Stop
from howdah.pq import ExecStatus, Format, TransactionStatus
from howdah.protocol.exchange import CopyExchange, Exchange, Result
from howdah.protocol.messages import CopyResponse
from howdah_copy.codec import make_decoder, make_encoder
from howdah_copy.rows import BINARY_HEADER, BINARY_TRAILER
from howdah_copy.statement import columns, is_script, row_obstacle
from howdah_copy.writers import ServerWriter

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from typing_extensions import Buffer, Self

    from howdah.client.cursor_base import Params, Query

__all__ = ["BLOCK_SIZE", "BaseCopy"]

#: How many bytes are gathered before they are sent to the server. The first blocks are smaller,
#: each twice the size of the one before, so that the server begins early.
BLOCK_SIZE = 64 * 1024
FIRST_BLOCK_SIZE = 8 * 1024
#: The most bytes of data in one message.
MESSAGE_SIZE = 256 * 1024
#: The end of a COPY OUT that is left early is read if it comes soon: after at most this many bytes,
#: and without a pause of more than this many seconds. Otherwise the statement is cancelled.
LITTLE = 1024 * 1024
PATIENCE = 0.02


class BaseCopy:
    """State and operations of a COPY.

    Args:
        cursor: the cursor whose connection and adapters are used.
        binary: whether rows are written in the binary format, if there is no statement that determines it.
        writer: where the data written goes; to the server if it is None.
    """

    _exchange: CopyExchange | None = None
    #: Whether the lock of the connection is held for the COPY.
    _holds = False

    def __init__(self, cursor: Any, *, binary: bool | None = None, writer: Any = None) -> None:
        self._cursor = cursor
        self._connection = cursor.connection
        self._query: Query | None = None
        self._params: Params | None = None
        self._binary = checked_flag("binary", binary)
        self._writer = writer
        if isinstance(writer, ServerWriter):
            writer.attach(self)
        self._observation: AbstractContextManager[None] | None = None
        self._response: CopyResponse | None = None
        self._statement = b""
        self._over = False
        #: Whether the end of the data was sent, and whether the server's error was raised by reading.
        self._ended = False
        self._told = False
        #: Whether no transaction was open before.
        self._alone = False
        #: Why rows cannot be read or written.
        self._obstacle: Error | None = None
        self._block_size = FIRST_BLOCK_SIZE if writer is None else BLOCK_SIZE
        self._encoder: Any = None
        self._decoder: Any = None

    def __repr__(self) -> str:
        if self._response is None:
            state = "new"
        else:
            state = "over" if self._over else self._response.direction.name
        return f"<{type(self).__module__}.{type(self).__qualname__} [{state}] at 0x{id(self):x}>"

    # State and settings

    @property
    def cursor(self) -> Any:
        """The cursor that the COPY was started on."""
        return self._cursor

    @property
    def connection(self) -> Any:
        """The connection of the cursor."""
        return self._connection

    def _begin_with(self, statement: Query, params: Params | None) -> Self:
        """Set the statement with which the block begins.

        Args:
            statement: the statement.
            params: parameters, which become literals in the statement.
        """
        self._query, self._params = statement, params
        return self

    def set_types(self, types: Sequence[int | str | None]) -> None:
        """Set the types of the columns: values are dumped to these, or loaded from them.

        Args:
            types: names or oids, one for each column; with another number, the first row raises an error.
                None leaves a column as it is without `set_types`.

        Raises:
            howdah.ProgrammingError: a type is unknown, or there is no dumper for it.
        """
        if isinstance(self._obstacle, ProgrammingError):
            self._obstacle = None  # an earlier call's
        response = self._check_rows()
        transformer = self._cursor.kernel.transformer
        adapters = transformer.adapters
        registry = adapters.types
        try:
            oids = [registry.get_oid(each) if isinstance(each, str) else each for each in types]
        except KeyError as error:
            raise ProgrammingError(
                f"set_types(): {error.args[0]}; before the COPY, make it known with"
                f" howdah.adapt.TypeInfo.fetch(conn, name).register(conn){adapters.advice}"
            ) from None
        count = len(response.column_formats)
        if self._encoder is not None:
            dumper = transformer.dumper_by_oid
            self._encoder.set_dumpers([None if oid is None else dumper(oid, response.format) for oid in oids])
        elif len(oids) == count:
            self._decoder.set_loaders([transformer.loader(oid or INVALID, response.format) for oid in oids])
        else:
            self._obstacle = ProgrammingError(
                f"set_types() got {len(oids)} types, the COPY has {count} columns: call it with one for each"
            )

    def _check(self, direction: ExecStatus) -> None:
        if self._response is None:
            raise ProgrammingError("the COPY has not begun: use it in 'with cursor.copy(…) as copy:'")
        if self._response.direction != direction:
            read = "written to" if direction == ExecStatus.COPY_IN else "read from"
            raise ProgrammingError(f"a COPY {self._response.direction.name[5:]} cannot be {read}")
        if self._over:
            raise ProgrammingError("the COPY is over")

    def _check_rows(self) -> CopyResponse:
        if self._response is None or self._over:
            self._check(ExecStatus.COPY_IN)
            self._check(ExecStatus.COPY_OUT)
        assert self._response is not None
        if self._obstacle is not None:
            raise type(self._obstacle)(*self._obstacle.args)
        return self._response

    # The beginning

    def _begin_operation(self) -> Operation[None]:
        """Send the statement, and wait until the COPY begins."""
        self._check_new()
        cursor, kernel = self._cursor.kernel, self._connection.kernel
        session = yield from cursor.start_statement()
        yield from kernel.resolve_names(self._connection.adapters, cursor.transformer.adapters)
        assert self._query is not None
        self._statement = statement = cursor.merge(self._query, self._params)
        if is_script(statement):
            raise ProgrammingError(
                "copy() is for one COPY … FROM STDIN or COPY … TO STDOUT;"
                " these are several statements: none was executed"
            )
        observation = cursor.observation(statement)
        observation.__enter__()
        self._observation = observation
        if session.transaction_status == TransactionStatus.IDLE:
            yield from kernel.begin_operation()
            self._alone = True
        self._exchange = exchange = CopyExchange(query=statement)
        session.query(exchange, statement)
        yield exchange
        response = exchange.copy_begun
        if response is not None and response.direction == ExecStatus.COPY_BOTH:
            session.copy_done(exchange)  # it is a replication
            response = None
        if response is None or (exchange.error is not None and response.direction == ExecStatus.COPY_IN):
            yield from self._conclude()
            if self._params is None:
                from howdah.client.missing_parameters import suggest_parameters

                suggest_parameters(exchange, session.encoding)
            exchange.raise_error()
            tag = b"".join([result.tag for result in exchange.results[-1:]]).decode("utf-8", "replace")
            raise ProgrammingError(
                "copy() is for COPY … FROM STDIN and COPY … TO STDOUT;"
                f" this statement is none: it was executed ({tag or 'an empty query'}), nothing was copied"
            )
        self._begun(response)
        cursor.show_result(Result(response.direction, copy=response))
        kernel.reserve("a COPY is going on: leave its block before you use the connection")

    def _begin_elsewhere(self) -> None:
        """Begin to write to a writer, without a statement."""
        self._check_new()
        if self._writer is None or isinstance(self._writer, ServerWriter):
            raise ProgrammingError(
                "this COPY has no statement: begin it with cursor.copy(),"
                " or give it a writer, such as FileWriter"
            )
        self._begun(CopyResponse(int(self._binary), (), ExecStatus.COPY_IN))

    def _check_new(self) -> None:
        if self._response is not None or self._exchange is not None:
            raise ProgrammingError("a COPY can be done once: call cursor.copy() again")

    def _begun(self, response: CopyResponse) -> None:
        """Create the encoder or the decoder of rows."""
        self._response = response
        transformer = self._cursor.kernel.transformer
        if response.direction == ExecStatus.COPY_IN:
            self._encoder = make_encoder(transformer, response.format)
        else:
            self._decoder = make_decoder(transformer, response.format, len(response.column_formats))
        if response.format == Format.TEXT:
            obstacle = row_obstacle(self._statement)
            if obstacle is not None:
                self._obstacle = NotSupportedError(
                    f"rows cannot be read or written {obstacle}: read and write the data itself,"
                    " or use the text format as it is by default, or the binary one"
                )

    def _observed(self, error: BaseException | None) -> None:
        """Tell the observers of the query that it has ended."""
        observation, self._observation = self._observation, None
        if observation is not None:
            observation.__exit__(
                *((None, None, None) if error is None else (type(error), error, error.__traceback__))
            )

    # COPY IN

    def _encode(self, data: Buffer | str) -> memoryview:
        """Return data to write as bytes in one piece."""
        self._check(ExecStatus.COPY_IN)
        assert self._response is not None
        if isinstance(data, str):
            if self._response.format == Format.BINARY:
                raise TypeError("binary COPY data is bytes, not str")
            data = encoded(data, self._connection.kernel.session.encoding)
        view = memoryview(data)
        return view.cast("B") if view.c_contiguous else memoryview(bytes(view))

    def _unadaptable(self, error: Exception, row: object) -> Exception:
        """Return the error for a row that cannot be written, which says where the value is."""
        encoder = self._encoder
        place = f"row {encoder.rows + 1} of the COPY"
        if isinstance(error, TypeError) and not isinstance(row, Iterable):
            return DataError(f"{place}: a row is a sequence of values, not {type_of(row)}")
        if encoder.column >= 0:
            names = columns(self._statement)
            name = names[encoder.column] if encoder.column < len(names) else ""
            place += f", {column_label(encoder.column, name)}"
        if isinstance(error, Error):
            return type(error)(f"{place}: {error}")
        value = ""
        if encoder.column >= 0 and isinstance(row, Sequence):
            value = f"cannot dump {type_of(row[encoder.column])}"
        return DataError(f"{place}: {value or 'it cannot be written'}")

    def _send(self, data: Buffer) -> Operation[None]:
        """Return the operation that sends data, as fast as the server accepts it."""
        exchange, session = self._exchange, self._connection.kernel.session
        assert exchange is not None
        view = memoryview(data)
        self._block_size = min(2 * self._block_size, BLOCK_SIZE)
        for start in range(0, len(view), MESSAGE_SIZE):
            if exchange.error is None and not exchange.done:
                session.copy_data(view[start : start + MESSAGE_SIZE])
                exchange.await_more()
                try:
                    yield Drain(exchange)
                except BaseException:
                    if not exchange.done:
                        yield Stop(exchange)
                    raise
            if exchange.error is not None or exchange.done:
                yield from self._fail()

    def _fail(self) -> Operation[NoReturn]:
        """Raise the error with which the server has ended the COPY."""
        exchange = self._exchange
        assert exchange is not None
        yield from self._conclude()
        exchange.raise_error()
        raise ProgrammingError("the server has ended the COPY")

    def _end_in(self, exc: BaseException | None) -> Operation[None]:
        """Return the operation that ends a COPY IN on the server: complete, or failed because of `exc`."""
        exchange, session = self._exchange, self._connection.kernel.session
        assert exchange is not None and self._response is not None
        if self._ended:
            return
        self._ended = True
        if exc is None:
            rest = self._encoder.take()
            elsewhere = self._writer is not None and not isinstance(self._writer, ServerWriter)
            if elsewhere and self._response.format == Format.BINARY:
                rest = BINARY_HEADER + BINARY_TRAILER
            if rest and (exchange.error is not None or exchange.done):
                yield from self._fail()
            if not exchange.done:
                if rest:
                    session.copy_data(rest)
                session.copy_done(exchange)
        elif not exchange.done:
            session.copy_fail(exchange, f"{type(exc).__name__}: {exc}")
        yield from self._conclude()
        if exc is None:
            exchange.raise_error()
            self._cursor.kernel.keep_results(exchange)

    # COPY OUT

    def _put_place(self, error: Exception) -> None:
        """Add the row and the column to the error of a value that cannot be loaded."""
        add_column_name(error, columns(self._statement), f"row {self._decoder.rows} of the COPY, ")

    def _next_block(self) -> Operation[bytes]:
        """Wait for data; empty data is the end."""
        exchange = self._exchange
        assert exchange is not None
        while not exchange.copied and not exchange.done:
            exchange.await_more()
            yield exchange
        if exchange.copied:
            copied = exchange.copied
            data = copied[0] if len(copied) == 1 else b"".join(copied)
            copied.clear()
            return data
        if exchange.error is not None:
            self._told = True
            exchange.raise_error()
        self._cursor.kernel.keep_results(exchange)
        return b""

    def _end_out(self, exc: BaseException | None) -> Operation[None]:
        """End a COPY OUT, even if data is left."""
        exchange, session = self._exchange, self._connection.kernel.session
        assert exchange is not None
        # Cancelling it would abort the transaction, if the program has begun that.
        cancel = not exchange.done and self._alone and not (yield from self._read_a_little())
        if cancel:
            yield Stop(exchange)
            if session.transaction_status == TransactionStatus.INERROR:
                rollback = Exchange(query=b"ROLLBACK")
                session.query(rollback, b"ROLLBACK")
                yield rollback
        yield from self._conclude()
        if exc is None and not cancel and not self._told:
            exchange.raise_error()
            self._cursor.kernel.keep_results(exchange)

    def _read_a_little(self) -> Operation[bool]:
        """Read a little more; return whether the COPY has ended."""
        exchange = self._exchange
        assert exchange is not None
        left = LITTLE
        try:
            while not exchange.done and left > 0:
                left -= sum([len(block) for block in exchange.copied])
                exchange.discard()
                if not (yield Idle(PATIENCE)):
                    break
        except BaseException:
            if not exchange.done:
                yield Stop(exchange)
            raise
        return exchange.done

    # The end

    def _let_go(self) -> None:
        """Let other operations begin; what is left of the COPY ends before the next one."""
        kernel, exchange = self._connection.kernel, self._exchange
        if exchange is not None:
            if exchange.copy is not None and not exchange.done:
                kernel.end_later(self._end_abandoned)
            kernel.release()
        if self._holds:
            lock = kernel.lock_unlimited
            self._holds = False
            lock.release()

    def _end_abandoned(self) -> Operation[None]:
        """End a COPY whose beginning or end was interrupted."""
        exchange, session = self._exchange, self._connection.kernel.session
        assert exchange is not None
        if exchange.copy is None or exchange.done:
            return
        if exchange.copy.direction == ExecStatus.COPY_IN:
            # A server that has got CopyDone already ignores it.
            session.copy_fail(exchange, "the end of the COPY was interrupted")
            yield from self._conclude()
        else:
            yield from self._end_out(InterfaceError("the end of the COPY was interrupted"))

    def _conclude(self) -> Operation[None]:
        """Wait for the end of the statement."""
        exchange, session = self._exchange, self._connection.kernel.session
        assert exchange is not None
        while not exchange.done:
            if session.lost is not None:
                raise unraised(session.lost)
            exchange.await_more()
            yield exchange
            exchange.discard()
            another = exchange.copy
            if another is None or another is self._response or exchange.done:
                continue
            if another.direction == ExecStatus.COPY_IN:
                session.copy_fail(exchange, "copy() does one COPY at a time")
