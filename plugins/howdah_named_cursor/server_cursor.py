"""Cursors that are declared on the server: what the sync and the async ones have in common.

The server's cursor is a portal, so Describe reports its columns and Close ends
it, both in any state of the transaction. FETCH uses the extended protocol: its
Bind chooses the format of each column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from warnings import warn

from howdah import errors
from howdah.adapt.transformer import Transformer
from howdah.client.connection_base import logger
from howdah.client.flags import checked_flag
from howdah.client.request import Request
from howdah.errors import NotSupportedError, ProgrammingError
from howdah.io.operation import Operation
from howdah.pq import ExecStatus, TransactionStatus
from howdah.protocol.exchange import Exchange, QueryExchange, Result, rows_told
from howdah.protocol.messages import FieldDescription, ProtocolViolation
from howdah.protocol.session import Session
from howdah_named_cursor.holding import Holder, check_guard

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor, Params, Query

    _Base = BaseCursor[Any]
else:
    _Base = object

__all__ = ["ServerCursorMixin"]

#: What PostgreSQL keeps of a name, in bytes (NAMEDATALEN - 1).
_LONGEST_NAME = 63


class ServerCursorMixin(_Base):
    """Makes a cursor one that is declared on the server under a name.

    `_server_position` is how many rows the server's cursor has passed. The program's position is before
    it by the rows that have been fetched and not taken.
    """

    itersize: int | None = 100

    _declared = False
    #: The backend that keeps the cursor, if it outlives its transaction.
    _holder: Holder | None = None

    def _name(self, name: str, scrollable: bool | None, withhold: bool) -> None:
        """Set the name of the cursor, and the options of DECLARE."""
        self._portal_name = name.encode(self.connection.kernel.session.encoding)
        if not name or "\0" in name or len(self._portal_name) > _LONGEST_NAME:
            raise ProgrammingError(
                f"{name!r} cannot be the name of a cursor: it has 1 to {_LONGEST_NAME} bytes, none zero"
            )
        self.name = name
        self.scrollable = None if scrollable is None else checked_flag("scrollable", scrollable)
        self.withhold = checked_flag("withhold", withhold)
        self._declared = False
        self._forget_position()

    def _forget_position(self) -> None:
        self._server_position = 0
        #: Whether `_server_position` counts from the first row; not if it was declared in another way.
        self._position_known = self._declared
        #: Whether the server's position is after the last row.
        self._at_end = False
        #: Whether iteration has reached the end: then it does not ask the server again.
        self._exhausted = False
        #: Rows that were fetched, and whose loading was interrupted.
        self._undecoded: list[bytes] = []
        #: How many of the fetched rows come before these.
        self._decoded = 0
        self._columns_described: Sequence[FieldDescription] = ()
        self._answer: tuple[Transformer, int, Any, Sequence[int]] | None = None

    def __del__(self, warn: Callable[..., None] = warn) -> None:
        # The default keeps the function available while the interpreter shuts down.
        if self._declared and not self.closed and not self.connection.closed:
            warn(
                f"the named cursor {self.name!r} was deleted without having been closed:"
                " use it in a with block, or call close()",
                ResourceWarning,
                source=self,
            )

    def __repr__(self) -> str:
        kind = f"<{type(self).__module__}.{type(self).__qualname__}"
        return super().__repr__().replace(kind, f"{kind} {self.name!r}", 1)

    # DECLARE

    def _declaration(self, query: bytes) -> bytes:
        words = [b"DECLARE", self._identifier()]
        if self.scrollable is not None:
            words.append(b"SCROLL" if self.scrollable else b"NO SCROLL")
        words.append(b"CURSOR")
        if self.withhold:
            words.append(b"WITH HOLD")
        return b" ".join([*words, b"FOR", query])

    def _identifier(self) -> bytes:
        return b'"%b"' % self._portal_name.replace(b'"', b'""')

    def _declare(
        self, query: Query, params: Params | None, prepare: bool | None, binary: bool | None
    ) -> Operation[None]:
        """Declare the cursor and ask for its columns, in one round trip."""
        cursor, kernel = self.kernel, self.connection.kernel
        cursor.check_open()
        if prepare is not None and checked_flag("prepare", prepare):
            raise NotSupportedError("the query of a named cursor cannot be prepared")
        if binary is not None:
            binary = checked_flag("binary", binary)
        session = yield from kernel.start_operation()
        request = Request(self, query, params, None)
        yield from request.encode_fully()
        parameters = request.parameters
        statement = self._declaration(request.text)
        exchange = QueryExchange(query=statement)
        if self._declared and self._holder is None:
            session.close_portal(exchange, self._portal_name)
        elif self._declared:
            yield from self._close_on_server()
        cursor.reset(request.text)
        self._declared = False
        self._binary = binary
        kernel.write_begin(session)
        self._holder = Holder(self.connection, session) if self.withhold else None
        session.parse(exchange, b"", statement, () if parameters is None else parameters.oids)
        session.bind(exchange, b"", b"", parameters)
        session.execute(exchange)
        session.describe_portal(exchange, self._portal_name)
        session.sync(exchange)
        yield exchange
        request.raise_error(exchange)
        self._declared = True
        yield from self._described(exchange.fields, exchange.results[0].tag)

    def _adopt(self, session: Session) -> Operation[None]:
        """Ask for the columns of a cursor that was declared in another way."""
        self.kernel.check_open()
        exchange = QueryExchange()
        self.connection.kernel.write_begin(session)
        session.describe_portal(exchange, self._portal_name)
        session.sync(exchange)
        yield exchange
        exchange.raise_error()
        self._binary = None
        yield from self._described(exchange.fields, b"")

    _binary: bool | None = None

    def _described(self, fields: Sequence[FieldDescription] | None, tag: bytes) -> Operation[None]:
        self._forget_position()
        cursor = self.kernel
        if fields is not None:
            unknown = cursor.transformer.unknown(fields)
            if unknown:
                yield from cursor.resolve_types(unknown)
            self._columns_described = fields
        status = ExecStatus.COMMAND_OK if fields is None else ExecStatus.TUPLES_OK
        cursor.show_part(Result(status, fields, [], tag))

    def _check_index(self, index: int) -> None:
        count = int(self.kernel.result is not None)
        if not -count <= index < count:
            raise IndexError(f"index {index} out of range: {count} result(s) available")

    # FETCH

    def _fetch_rows(self, size: int | None) -> Operation[None]:
        """Fetch `size` rows from the server, None for all; rows already taken are dropped."""
        cursor, kernel = self.kernel, self.connection.kernel
        cursor.check_open()
        session = yield from kernel.start_operation()
        if cursor.result is None:
            yield from self._adopt(session)
        cursor.check_rows()
        result = cursor.result
        assert result is not None
        decoder, formats = self._result_formats()
        exchange = QueryExchange(fields=result.fields, decoder=decoder)
        exchange.keeping = True  # the server's cursor has moved past them, whatever interrupts the wait
        count = b"ALL" if size is None else b"%d" % size
        kernel.write_begin(session)
        guard = self._guard(session)
        session.parse(exchange, b"", b"FETCH FORWARD %b FROM %b" % (count, self._identifier()))
        session.bind(exchange, b"", b"", None, formats)
        session.execute(exchange)
        session.sync(exchange)
        try:
            yield exchange
        finally:
            # Also when the wait was interrupted: the server has moved on.
            if exchange.done and exchange.error is None:
                self._fetched(exchange.results[0], size)
        check_guard(guard, self.name)
        exchange.raise_error()

    def _fetch_missing(self, size: int | None) -> Operation[None]:
        """Fetch the rows that are missing before `size` can be taken, None for all."""
        cursor = self.kernel
        if self._undecoded:
            self._decode_rest()
            if not cursor.lacks_rows(size):
                return
        yield from self._fetch_rows(None if size is None else size - cursor.rows_left)

    def _result_formats(self) -> tuple[Any, Sequence[int]]:
        """Return decoder and formats of the columns: binary, where that can be read."""
        cursor = self.kernel
        transformer = cursor.transformer
        if self._answer is None or self._answer[:2] != (transformer, transformer.version):
            format = cursor.format if self._binary is None else int(self._binary)
            fields, formats = transformer.choose_formats(self._columns_described, format)
            cursor.describe(fields)
            self._answer = transformer, transformer.version, transformer.decoder(fields), formats
        return self._answer[2:]

    def _fetched(self, fetched: Result, size: int | None) -> None:
        count = _count(fetched)
        cursor = self.kernel
        cursor.add_rows(fetched)
        if fetched.rows and isinstance(fetched.rows[-1], bytes):
            # A loader was interrupted: the next fetch loads the rest.
            assert cursor.result is not None
            rows = cursor.result.rows
            first = next(i for i, row in enumerate(rows) if isinstance(row, bytes))
            self._undecoded, self._decoded = rows[first:], first
            del rows[first:]
        self._server_position += count
        self._at_end = size is None or count < size

    def _decode_rest(self) -> None:
        """Load the rows whose loading was interrupted."""
        result = self.kernel.result
        assert result is not None and self._answer is not None
        decoder, rows = self._answer[2], result.rows
        try:
            # The length of `rows` is the progress: another interruption neither skips nor repeats a row.
            while (done := len(rows) - self._decoded) < len(self._undecoded):
                rows.append(decoder.decode(self._undecoded[done]))
        except Exception as e:
            result.failure = e
        self._undecoded = []

    # MOVE

    def _move(self, value: int, mode: str) -> Operation[None]:
        """Go to another row, without asking the server if that row has been fetched."""
        cursor = self.kernel
        cursor.check_open()
        if mode not in ("relative", "absolute"):
            raise ValueError(f"bad mode: {mode!r}; it is either 'relative' or 'absolute'")
        session = yield from self.connection.kernel.start_operation()
        if cursor.result is None:
            yield from self._adopt(session)
        cursor.check_rows()
        if self._undecoded:
            self._decode_rest()
        if mode == "absolute" and not self._position_known:
            yield from self._move_in_unknown(session, value)
            return
        here = self.rownumber or 0
        target = value if mode == "absolute" else here + value
        if target < 0 and self._position_known:
            raise IndexError("position out of bound: there is nothing before the first row")
        if target < here and self.scrollable is False:
            raise errors.ObjectNotInPrerequisiteState(
                f"the cursor {self.name!r} was declared with scrollable=False and cannot go backwards:"
                " declare it with scrollable=True"
            )
        if cursor.seek(target):
            return
        reached, beyond = yield from self._move_on_server(session, target)
        self._go_on_from(reached)
        if beyond:
            raise IndexError("position out of bound: the cursor has gone to the end of the result")

    def _move_on_server(self, session: Session, target: int) -> Operation[tuple[int, bool]]:
        """Move the server's cursor; return its new position, and whether the target lies outside."""
        steps = target - self._server_position
        if steps == 0:
            return target, False
        if steps > 0:
            moved = yield from self._run_move(session, b"FORWARD", steps)
            self._at_end = moved < steps
            return self._server_position + moved, self._at_end
        if self._position_known:
            yield from self._run_move(session, b"ABSOLUTE", target)
            self._at_end = False
            return target, False
        back = self._at_end - steps
        moved = yield from self._run_move(session, b"BACKWARD", back)
        self._at_end = False
        if moved < back:
            # Now the position is known: it is before the first row.
            self._position_known, target = True, 0
        return target, moved < back - 1

    def _move_in_unknown(self, session: Session, target: int) -> Operation[None]:
        """Go to a row from an unknown position, which is known after that."""
        if target < 0:
            raise IndexError("position out of bound: there is nothing before the first row")
        moved = yield from self._run_move(session, b"ABSOLUTE", target)
        self._position_known = bool(moved) or not target
        self._at_end = not self._position_known
        self._go_on_from(target)
        if self._at_end:
            raise IndexError("position out of bound: the cursor has gone to the end of the result")

    def _run_move(self, session: Session, direction: bytes, count: int) -> Operation[int]:
        """Run MOVE; return how many rows a FETCH would have returned."""
        exchange = Exchange()
        self.connection.kernel.write_begin(session)
        guard = self._guard(session)
        session.parse(exchange, b"", b"MOVE %b %d FROM %b" % (direction, count, self._identifier()))
        session.bind(exchange, b"", b"", None)
        session.execute(exchange)
        session.sync(exchange)
        yield exchange
        check_guard(guard, self.name)
        exchange.raise_error()
        return _count(exchange.results[0])

    def _guard(self, session: Session) -> Exchange | None:
        """Write what keeps the next command from the cursor of another backend."""
        return None if self._holder is None else self._holder.guard(session)

    def _go_on_from(self, position: int) -> None:
        """Drop the fetched rows: the server's cursor has moved."""
        self._server_position = position
        self._exhausted = False
        self._undecoded = []
        self.kernel.restart(position)

    # CLOSE

    def _close_on_server(self) -> Operation[None]:
        """Close the cursor on the server; it is no error if it no longer exists."""
        connection = self.connection
        if connection.closed:
            return
        idle = connection.kernel.session.transaction_status == TransactionStatus.IDLE
        if self._declared and idle and not self.withhold:
            return  # it ended with its transaction
        session = yield from connection.kernel.start_operation()
        exchange = Exchange()
        guard = self._guard(session)
        session.close_portal(exchange, self._portal_name)
        session.sync(exchange)
        yield exchange
        check_guard(guard, self.name)
        if exchange.error is not None:
            if not connection.closed:
                exchange.raise_error()
            logger().warning("error ignored at the end of %s: %s", self, exchange.error)


def _count(result: Result) -> int:
    count = rows_told(result.tag)
    if count < 0:
        raise ProtocolViolation("the server did not tell how many rows it has moved by")
    return count
