"""The state and the operations of a large object, for both kinds of connections.

The server's functions are called with the function-call protocol: bytes are
sent unchanged, and data that is read is not copied before it is returned.
"""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakValueDictionary

from howdah import errors
from howdah.errors import DataError, ProgrammingError
from howdah.io.operation import Operation, Stop
from howdah.pq import TransactionStatus
from howdah.protocol.exchange import Exchange, FunctionCallExchange
from howdah.protocol.messages import ProtocolViolation
from howdah_lobject.errors import LargeObjectClosed, WrongMode
from howdah_lobject.mode import INV_READ, INV_WRITE, parse_mode

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from howdah.client.connection_base import BaseConnection

__all__ = ["CHUNK", "BaseLargeObject", "Function"]

#: The size of the data of one call, in bytes.
CHUNK = 64 * 1024
#: The maximum number of calls in flight when much data is read or written.
_AHEAD = 4

_INT4 = Struct("!i")
_INT8 = Struct("!q")
_OID = Struct("!I")

#: Closes a descriptor, within a savepoint because an error must not abort the transaction.
_CLOSE = b"SAVEPOINT howdah_lobject; SELECT pg_catalog.lo_close(%d); RELEASE SAVEPOINT howdah_lobject"
_UNDO_CLOSE = b"ROLLBACK TO SAVEPOINT howdah_lobject; RELEASE SAVEPOINT howdah_lobject"


class Function(IntEnum):
    """The oids of PostgreSQL's functions on large objects, from `pg_proc`."""

    LO_CREATE = 715
    LO_OPEN = 952
    LO_CLOSE = 953
    LOREAD = 954
    LOWRITE = 955
    LO_UNLINK = 964
    LO_LSEEK64 = 3170
    LO_TELL64 = 3171
    LO_TRUNCATE64 = 3172


class BaseLargeObject:
    """The state and the operations of a large object."""

    def __init__(
        self,
        connection: BaseConnection[Any],
        oid: int = 0,
        mode: str | None = "r",
        new_oid: int = 0,
        new_file: str | os.PathLike[str] | None = None,
    ) -> None:
        self._connection = connection
        self._oid = oid
        self._new_oid = new_oid
        self._mode = parse_mode(mode, not oid)
        self._descriptor: int | None = None
        #: The number of the transaction in which it was opened.
        self._transaction = -1
        self._why_closed = "it was never opened"
        self._decoder: codecs.IncrementalDecoder | None = None
        self._new_file = new_file
        if oid and (new_oid or new_file is not None):
            raise ProgrammingError(
                "new_oid and new_file are for a new large object: give no oid of an old one"
            )

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        name = f"{type(self).__module__}.{type(self).__qualname__}"
        return f"<{name} [{state}] oid={self._oid} mode={self.mode!r} at 0x{id(self):x}>"

    @property
    def oid(self) -> int:
        """The oid of the object, also after it is closed."""
        return self._oid

    @property
    def mode(self) -> str:
        """The mode in which it was opened; `rw` if it was created in mode `r`."""
        return self._mode.name

    @property
    def closed(self) -> bool:
        """Whether it is closed, by `close` or the end of the transaction; always so in mode `n`."""
        return self._descriptor is None or self._connection.kernel.session.transactions != self._transaction

    # Opening and closing

    def _create(self) -> Operation[None]:
        """Create the object, if the arguments ask for a new one."""
        yield from self._enter_transaction()
        if not self._oid:
            value = yield from self._call(Function.LO_CREATE, _OID.pack(self._new_oid))
            self._oid = _number(_OID, value)

    def _open(self) -> Operation[None]:
        """Open the object in its mode."""
        if self._mode.flags:
            self._descriptor = yield from self._open_descriptor(self._mode.flags)
            self._transaction = self._connection.kernel.session.transactions
            _descriptors(self._connection)[self._descriptor] = self
            if self._mode.text:
                encoding = self._connection.kernel.session.encoding
                self._decoder = codecs.getincrementaldecoder(encoding)()
        else:
            self._why_closed = "it was opened in mode 'n'"

    def _open_descriptor(self, flags: int) -> Operation[int]:
        yield from self._enter_transaction()
        value = yield from self._call(Function.LO_OPEN, _OID.pack(self._oid), _INT4.pack(flags))
        descriptor = _number(_INT4, value)
        # The server has reused the descriptor: the object that had it lost it with a savepoint.
        former = _descriptors(self._connection).pop(descriptor, None)
        if former is not None:
            former._lose()
        return descriptor

    def _close_descriptor(self, descriptor: int) -> Operation[None]:
        if self._connection.kernel.session.transaction_status == TransactionStatus.INTRANS:
            yield from self._call(Function.LO_CLOSE, _INT4.pack(descriptor))

    def _close(self) -> Operation[None]:
        """Close the object, unless the server has done so because the transaction has ended or failed."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._why_closed = "it was closed"
            session = self._connection.kernel.session
            if not self._connection.closed and session.transactions == self._transaction:
                yield from self._close_perhaps_lost(descriptor)

    def _close_perhaps_lost(self, descriptor: int) -> Operation[None]:
        """Close a descriptor that a rollback to a savepoint may have closed."""
        connection = self._connection
        if connection.kernel.session.transaction_status != TransactionStatus.INTRANS:
            return
        session = yield from connection.kernel.start_operation()
        exchange = Exchange(query=_CLOSE % descriptor)
        session.query(exchange, _CLOSE % descriptor)
        yield from _outlast(exchange)
        if isinstance(exchange.error, errors.UndefinedObject):
            undo = Exchange(query=_UNDO_CLOSE)
            session.query(undo, _UNDO_CLOSE)
            yield from _outlast(undo)
            exchange = undo
        exchange.raise_error()

    def _unlink(self) -> Operation[None]:
        yield from self._close()
        yield from self._enter_transaction()
        yield from self._call(Function.LO_UNLINK, _OID.pack(self._oid))

    def _lose(self) -> None:
        self._descriptor = None
        self._why_closed = "the transaction it was opened in is over"

    def _enter_transaction(self) -> Operation[None]:
        """Start a transaction, if there is none; at its end the server closes all large objects."""
        connection = self._connection
        session = yield from connection.kernel.start_operation()
        if connection.autocommit and session.transaction_status == TransactionStatus.IDLE:
            raise ProgrammingError(
                "a large object can only be used in a transaction, and the connection is in autocommit mode:"
                " use it in a 'with conn.transaction()' block"
            )
        yield from connection.kernel.begin_operation()

    def _opened(self, *, reading: bool = False, writing: bool = False) -> bytes:
        """Return the descriptor as an argument, if the mode allows the operation."""
        if self._descriptor is not None and self.closed:
            self._lose()
        if self._descriptor is None:
            raise LargeObjectClosed(f"the large object {self._oid} is closed: {self._why_closed}")
        if reading > self._mode.reading:
            raise WrongMode(
                f"the large object {self._oid} is not open for reading: its mode is {self.mode!r}"
            )
        if writing > self._mode.writing:
            raise WrongMode(
                f"the large object {self._oid} is not open for writing: its mode is {self.mode!r}"
            )
        return _INT4.pack(self._descriptor)

    # Reading and writing

    def _read(self, size: int | None) -> Operation[bytes]:
        """Return `size` bytes, fewer only at the end; None for all remaining ones."""
        descriptor = self._opened(reading=True)
        return (yield from self._read_from(descriptor, size))

    def _read_from(self, descriptor: bytes, size: int | None) -> Operation[bytes]:
        """Read; if the first call does not return everything, with several calls in flight."""
        chunks: list[memoryview] = []
        calls: deque[tuple[int, FunctionCallExchange]] = deque()
        ahead = 1
        try:
            while True:
                while len(calls) < ahead and size != 0:
                    wanted = CHUNK if size is None else min(size, CHUNK)
                    exchange = yield from self._send(Function.LOREAD, descriptor, _INT4.pack(wanted))
                    calls.append((wanted, exchange))
                    size = None if size is None else size - wanted
                if not calls:
                    break
                wanted, exchange = calls.popleft()
                chunk = _limited((yield from self._answer_opened(exchange)), wanted)
                chunks.append(chunk)
                if len(chunk) < wanted:
                    break
                ahead = _AHEAD
        finally:
            # The results of calls beyond the end are empty.
            yield from _outlast_all([exchange for _, exchange in calls])
        return b"".join(chunks)

    def _read_text(self, size: int | None) -> Operation[str]:
        """Return the text of `size` bytes; bytes of an incomplete character are kept for the next read."""
        assert self._decoder is not None
        while True:
            data = yield from self._read(size)
            try:
                text = self._decoder.decode(data, size is None or len(data) < size)
            except UnicodeDecodeError as error:
                raise DataError(
                    f"the large object {self._oid} is not text in the client encoding: {error}"
                ) from error
            if text or not data:
                return text

    def _read_into(self, buffer: Buffer) -> Operation[int]:
        descriptor = self._opened(reading=True)
        with memoryview(buffer).cast("B") as view:
            wanted = min(len(view), CHUNK)
            answer = yield from self._call_opened(Function.LOREAD, descriptor, _INT4.pack(wanted))
            chunk = _limited(answer, wanted)
            view[: len(chunk)] = chunk
        return len(chunk)

    def _write(self, data: Buffer | str) -> Operation[int]:
        descriptor = self._opened(writing=True)
        if isinstance(data, str):
            if not self._mode.text:
                raise TypeError(f"a bytes-like object is required in mode {self.mode!r}, not str")
            data = data.encode(self._connection.kernel.session.encoding)
        return (yield from self._write_to(descriptor, data))

    def _write_to(self, descriptor: bytes, data: Buffer) -> Operation[int]:
        view = memoryview(data)
        view = view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())
        calls: deque[FunctionCallExchange] = deque()
        try:
            for start in range(0, len(view), CHUNK):
                chunk = view[start : start + CHUNK]
                calls.append((yield from self._send(Function.LOWRITE, descriptor, chunk)))
                if len(calls) == _AHEAD:
                    yield from self._answer_opened(calls.popleft())
            while calls:
                yield from self._answer_opened(calls.popleft())
        finally:
            # After an error the following calls fail, too.
            yield from _outlast_all(calls)
        return len(view)

    # The position

    def _seek(self, position: int, whence: int) -> Operation[int]:
        descriptor = self._opened()
        if whence not in (0, 1, 2):
            raise ValueError(f"bad whence: {whence!r}; it is 0 (start), 1 (here) or 2 (end)")
        if whence == 0 and position < 0:
            raise ValueError(f"negative position: {position}")
        value = yield from self._call_opened(
            Function.LO_LSEEK64, descriptor, _INT8.pack(position), _INT4.pack(whence)
        )
        if self._decoder is not None:
            self._decoder.reset()
        return _number(_INT8, value)

    def _tell(self) -> Operation[int]:
        value = yield from self._call_opened(Function.LO_TELL64, self._opened())
        return _number(_INT8, value)

    def _truncate(self, size: int | None) -> Operation[int]:
        descriptor = self._opened(writing=True)
        if size is None:
            size = yield from self._tell()
        if size < 0:
            raise ValueError(f"negative size: {size}")
        yield from self._call_opened(Function.LO_TRUNCATE64, descriptor, _INT8.pack(size))
        return size

    # Files

    def _open_aside(self, writing: bool) -> Operation[int]:
        """Open the object a second time, for an operation that must not change its position."""
        return (yield from self._open_descriptor(INV_WRITE if writing else INV_READ))

    def _read_aside(self, descriptor: int) -> Operation[bytes]:
        return (yield from self._read_from(_INT4.pack(descriptor), CHUNK))

    def _write_aside(self, descriptor: int, data: bytes) -> Operation[int]:
        return (yield from self._write_to(_INT4.pack(descriptor), data))

    # Calls

    def _send(self, function: Function, *arguments: Buffer) -> Operation[FunctionCallExchange]:
        """Write the call of one of the server's functions."""
        session = yield from self._connection.kernel.start_operation()
        exchange = FunctionCallExchange()
        session.function_call(exchange, function, arguments)
        return exchange

    def _answer(self, exchange: FunctionCallExchange) -> Operation[memoryview]:
        """Wait for what a call returns."""
        yield from _outlast(exchange)
        exchange.raise_error()
        if exchange.value is None:
            raise ProtocolViolation("the server has no answer to the call of a function for large objects")
        return exchange.value

    def _answer_opened(self, exchange: FunctionCallExchange) -> Operation[memoryview]:
        """Wait for what a call with a descriptor returns, which a rollback to a savepoint may have closed."""
        try:
            return (yield from self._answer(exchange))
        except errors.UndefinedObject as e:
            self._lose()
            self._why_closed = "it was opened after a savepoint that was rolled back to"
            raise LargeObjectClosed(f"the large object {self._oid} is closed: {self._why_closed}") from e

    def _call(self, function: Function, *arguments: Buffer) -> Operation[memoryview]:
        return (yield from self._answer((yield from self._send(function, *arguments))))

    def _call_opened(self, function: Function, *arguments: Buffer) -> Operation[memoryview]:
        return (yield from self._answer_opened((yield from self._send(function, *arguments))))


def _number(layout: Struct, value: memoryview) -> int:
    """Return the integer that a call has returned."""
    if len(value) != layout.size:
        raise ProtocolViolation(f"the server returned {len(value)} bytes for an integer of {layout.size}")
    number: int = layout.unpack(value)[0]
    return number


def _limited(chunk: memoryview, wanted: int) -> memoryview:
    """Return the data of a read; raise an error if it is more than requested."""
    if len(chunk) > wanted:
        raise ProtocolViolation(f"the server returned {len(chunk)} bytes of a large object, not {wanted}")
    return chunk


def _outlast(exchange: Exchange) -> Operation[None]:
    """Wait until a call has been answered."""
    if not exchange.done:
        yield exchange


def _outlast_all(calls: Sequence[Exchange]) -> Operation[None]:
    """Wait until calls have been answered, all of them even if that is interrupted."""
    try:
        for exchange in calls:
            yield from _outlast(exchange)
    except BaseException:
        if not calls[-1].done:
            yield Stop(calls[-1])
        raise


_open_objects: WeakKeyDictionary[BaseConnection[Any], WeakValueDictionary[int, BaseLargeObject]]
_open_objects = WeakKeyDictionary()


def _descriptors(connection: BaseConnection[Any]) -> WeakValueDictionary[int, BaseLargeObject]:
    """Return the open large objects of a connection, by their descriptors."""
    return _open_objects.setdefault(connection, WeakValueDictionary())
