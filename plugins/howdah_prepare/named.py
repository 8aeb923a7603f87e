"""Statements that are prepared under a name, and EXECUTE, which becomes a Bind to them.

Source: PostgreSQL documentation, PREPARE, EXECUTE, and "Extended Query".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from howdah.adapt.base import PyFormat
from howdah.adapt.encodings import encoded
from howdah.adapt.transformer import Transformer
from howdah.client.statement import Statement, Substitute
from howdah.errors import ProgrammingError
from howdah.io.operation import Operation
from howdah.pq import Format
from howdah.protocol.exchange import QueryExchange
from howdah_prepare.syntax import Call, quote

if TYPE_CHECKING:
    from howdah.client.connection_base import BaseConnection
    from howdah.client.cursor_base import BaseCursor
    from howdah_prepare.planner import Planner

__all__ = ["Execution", "NamedStatement"]

_INTEGERS = frozenset({20, 21, 23})
_STRINGS = frozenset({25, 1042, 1043})
_FRACTIONS = frozenset({700, 701, 1700})
#: For each type, the other types whose input function reads its text as a cast would convert its value.
_READERS = {
    **dict.fromkeys(_FRACTIONS, _FRACTIONS | _STRINGS),
    1082: frozenset({1114, 1184}) | _STRINGS,  # date: timestamp, timestamptz
    1114: frozenset({1184}) | _STRINGS,  # timestamp
    114: frozenset({3802}) | _STRINGS,  # json: jsonb
    3802: frozenset({114}),
    2950: _STRINGS,  # uuid
}


class NamedStatement(Statement):
    """A statement that the program has prepared, or that it has named in an EXECUTE.

    Args:
        name: its name.
        query: its text; empty if it is not known.
        command: the PREPARE that made it; empty if it was made over the protocol.
        typed: whether that PREPARE lists the types of the parameters.

    Attributes:
        exists: whether the server has it under its name, as far as is known.
        search_path: the search path when it was prepared.
    """

    __slots__ = ("_asked", "_described", "_fresh", "command", "exists", "search_path", "typed")

    def __init__(self, name: bytes, query: bytes = b"", command: bytes = b"", typed: bool = False) -> None:
        super().__init__(query, (), name)
        self.command = command
        self.typed = typed
        self.exists = bool(command)
        self._fresh = not command
        self._described = False
        self.search_path = ""
        # The formats to ask for, by the types of parameters and the formats their placeholders ask for.
        self._asked: dict[Any, Sequence[PyFormat] | None] = {}

    @property
    def in_sql_only(self) -> bool:
        """Whether the driver cannot prepare it under another name: nobody else knows its text or types."""
        return self.typed or not self.query

    def make(self, connection: BaseConnection[Any], *, named: bool = True) -> Operation[None]:
        """Prepare the statement on the server, if needed, and ask for its types.

        Args:
            connection: the connection.
            named: whether under its name, or only to learn its types.
        """
        session = yield from connection.kernel.start_operation()
        exchange = QueryExchange(query=self.command or self.query)
        name = self.name if named else b""
        connection.kernel.write_closes(session, exchange)
        if self.query and (self._described or not self.exists or not named):
            if named and not self._fresh:
                # The server may have it still, from before a table was changed.
                session.close_statement(exchange, name)
            if named and self.command:
                session.parse(exchange, b"", self.command)
                session.bind(exchange, b"", b"", None)
                session.execute(exchange)
            else:
                session.parse(exchange, name, self.query)
        session.describe_statement(exchange, name)
        session.sync(exchange)
        yield exchange
        exchange.raise_error()
        self.exists = named
        self._fresh = False
        self._described = True
        self.search_path = session.parameters.get("search_path", "")
        self.oids = exchange.parameter_oids or ()
        self._asked.clear()
        self.described(exchange.fields)

    def recode(self, old: str, new: str) -> None:
        """Have the name and the text in another client encoding.

        Args:
            old: the Python codec that they are in.
            new: the one that they are to be in.

        Raises:
            howdah.DataError: the new encoding cannot represent them.
            UnicodeDecodeError: they are not text in the old one.
        """
        parts = (self.name, self.query, self.command)
        self.name, self.query, self.command = (encoded(part.decode(old), new) for part in parts)

    def outdate(self) -> None:
        """Note that it has to be prepared again before it is used."""
        self.prepared = False

    def lose(self) -> None:
        """Note that the server no longer has it."""
        self.exists = self.prepared = False

    def encode(self, transformer: Transformer, objects: Sequence[Any], formats: Sequence[PyFormat]) -> Any:
        """Return parameters in the representation of the statement's types.

        Args:
            transformer: the adapters that dump them.
            objects: the Python objects.
            formats: the format that the placeholder of each asks for.

        Returns:
            The parameters, None if only the server can convert them.
        """
        encode = transformer.encoder.encode
        parameters = encode(objects, formats)
        key = parameters.oids, parameters.formats, formats
        if key not in self._asked:
            self._asked[key] = self._ask(transformer, parameters, formats)
        asked = self._asked[key]
        if asked is None:
            return None
        return parameters if asked is formats else encode(objects, asked)

    def _ask(
        self, transformer: Transformer, parameters: Any, formats: Sequence[PyFormat]
    ) -> Sequence[PyFormat] | None:
        """Return the formats to ask for, so that the values fit the types of the statement."""
        asked = list(formats)
        for i, (given, wanted) in enumerate(zip(parameters.oids, self.oids)):
            if not given and parameters.formats[i] == Format.TEXT:
                continue
            if given == wanted and not self.describe_always:
                continue
            if not _reads(transformer, given, wanted):
                return None
            asked[i] = PyFormat.TEXT
        return formats if asked == list(formats) else tuple(asked)


def _reads(transformer: Transformer, given: int, wanted: int) -> bool:
    """Return whether the input function of a type reads text of another as a cast would convert it."""
    if given in _INTEGERS or given in _STRINGS or wanted in _READERS.get(given, ()):
        return True
    types = transformer.adapters.types
    one, other = types.get(given), types.get(wanted)
    if one is None or other is None or given != one.array_oid or wanted != other.array_oid:
        return False
    return one.oid == other.oid or _reads(transformer, one.oid, other.oid)


class Execution(Substitute):
    """An EXECUTE, which cannot have parameters in PostgreSQL: it becomes a Bind to the statement it names.

    Args:
        planner: the planner.
        query: its text.
        call: the parsed EXECUTE.
        statement: the statement it names.
    """

    __slots__ = ("_call", "_planner", "statement")

    def __init__(self, planner: Planner, query: bytes, call: Call, statement: NamedStatement) -> None:
        super().__init__(query)
        self._planner = planner
        self._call = call
        self.statement = statement

    @property
    def target(self) -> NamedStatement:
        """The statement that the EXECUTE names."""
        return self.statement

    def resolve(
        self, cursor: BaseCursor[Any], objects: Sequence[Any], formats: Sequence[PyFormat]
    ) -> Operation[tuple[bytes, Any, Statement | None]]:
        """Prepare the statement if it is not, and fit the parameters to its types."""
        statement, planner = self.statement, self._planner
        arguments, transformer = self._call.arguments, cursor.kernel.transformer
        if not statement.prepared or planner.undecided:
            yield from planner.ascertain()
        if planner.pooled and statement.in_sql_only:
            # A pooler that keeps track of prepared statements does not know those that PREPARE has made.
            return (
                self._in_sql(cursor, [objects[i] for i in arguments]),
                transformer.encoder.encode((), ()),
                None,
            )
        if not statement.prepared:
            yield from self._make(cursor.connection)
        statement.describe_always = bool(planner.pooled)
        if len(arguments) != len(statement.oids):
            raise ProgrammingError(
                f"the prepared statement {statement.name.decode(errors='replace')!r} takes"
                f" {len(statement.oids)} parameters, but {len(arguments)} were passed"
            )
        if arguments != tuple(range(len(objects))):
            objects = [objects[i] for i in arguments]
            formats = tuple([formats[i] for i in arguments])
        encode = transformer.encoder.encode
        parameters = statement.encode(transformer, objects, formats)
        if not statement.exists:
            if parameters is None:
                return statement.query, encode(objects, formats), None
            typed = type(parameters)(statement.oids, parameters.formats, parameters.values)
            return statement.query, typed, None
        if parameters is None:
            # Only the server can convert the values, and it does so with literals.
            return self._in_sql(cursor, objects), encode((), ()), None
        return statement.query or self.query, parameters, statement

    def _make(self, connection: BaseConnection[Any]) -> Operation[None]:
        """Prepare the statement, under its name unless that means nothing to a pooler."""
        statement, planner = self.statement, self._planner
        if not statement.query:
            # It may fail, and should do so in the transaction in which the EXECUTE would.
            yield from connection.kernel.begin_operation()
        named = planner.names and not (planner.pooled and statement.command)
        yield from statement.make(connection, named=named or not statement.query)

    def _in_sql(self, cursor: BaseCursor[Any], objects: Sequence[Any]) -> bytes:
        """Return the EXECUTE with literals in place of the parameters."""
        from howdah.sql import Literal

        literals = b", ".join([Literal(value).as_bytes(cursor) for value in objects])
        return b"EXECUTE %b (%b)" % (quote(self.statement.name), literals) if objects else self.query
