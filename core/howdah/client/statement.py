"""Statements, prepared on the server or not, and the shape of their results."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from howdah.adapt.base import PyFormat
from howdah.adapt.transformer import Transformer
from howdah.io.operation import Operation
from howdah.protocol.exchange import Decoder
from howdah.protocol.messages import FieldDescription

if TYPE_CHECKING:
    from howdah.client.connection_base import BaseConnection
    from howdah.client.cursor_base import BaseCursor

__all__ = ["ResultPlan", "Statement", "Substitute", "use_counter"]

#: The columns of a result, their decoder, and the result formats that Bind asks for.
ResultPlan: TypeAlias = "tuple[Sequence[FieldDescription] | None, Decoder | None, Sequence[int]]"

#: Counts the uses of statements, to find out which was used last.
use_counter = count(1)

Describe = Callable[[Sequence[FieldDescription]], Decoder | None]


class Statement:
    """A query with the types of its parameters, named on the server or not.

    Args:
        query: the text, with `$1` placeholders.
        oids: the types of the parameters, 0 where the server decides.
        name: the name of the prepared statement, `b""` for the unnamed one.

    Attributes:
        prepared: whether the server has it under its name.
        cacheable: whether its planner would choose it again for the same query, so that it need not be asked.
        used: when it was used last, in the order of `use_counter`.
        fields: the columns it returns, None if none; known once it is prepared, or has been described.
        describe_always: whether each execution asks for the columns, because something between driver and
            server may parse the text again, with other columns. Such a statement must not be `cacheable`.
    """

    __slots__ = (
        "_answer",
        "_format",
        "_known",
        "_version",
        "cacheable",
        "describe_always",
        "fields",
        "name",
        "oids",
        "prepared",
        "query",
        "used",
    )

    def __init__(self, query: bytes, oids: Sequence[int] = (), name: bytes = b"") -> None:
        self.query = query
        self.oids = oids
        self.name = name
        self.prepared = False
        self.cacheable = False
        self.describe_always = False
        self.used = 0
        self.fields: Sequence[FieldDescription] | None = None
        self._known: Transformer | None = None
        self._version = -1
        self._format: int | None = None
        self._answer: ResultPlan = (None, None, ())

    #: Whether `resolve` is to be asked what to execute.
    substitutes: ClassVar[bool] = False

    @property
    def target(self) -> Statement | None:
        """The statement that is executed: this one, but for a `Substitute`."""
        return self

    def resolve(
        self, cursor: BaseCursor[Any], objects: Sequence[Any], formats: Sequence[PyFormat]
    ) -> Operation[tuple[bytes, Any, Statement | None]]:
        """Find out what to execute: an operation; see `Substitute`."""
        raise NotImplementedError

    def abandon(self, connection: BaseConnection[Any]) -> None:
        """Close the statement: the server may have prepared it, and its name will not be used.

        Args:
            connection: the connection on which it was to be prepared.
        """
        connection.kernel.close_statement(self.name)

    def described(self, fields: Sequence[FieldDescription] | None) -> None:
        """Note that the server has prepared the statement, and the columns that it returns."""
        self.prepared = True
        self.fields = fields
        self._known = None

    def result_plan(self, transformer: Transformer, format: int | None, describe: Describe) -> ResultPlan:
        """Return columns, decoder and result formats of a Bind to the prepared statement.

        Args:
            transformer: whose adapters load the values.
            format: the format code for all columns that can have it, None for each column's best.
            describe: makes the decoder for columns.
        """
        if self._known is transformer and self._version == transformer.version and self._format == format:
            return self._answer
        if self.fields is None:
            return None, None, ()
        fields, formats = transformer.choose_formats(self.fields, format)
        decoder = describe(fields)
        answer = fields, decoder, formats
        if decoder is not None:
            self._known, self._version, self._format = transformer, transformer.version, format
            self._answer = answer
        return answer


class Substitute(Statement):
    """A planner's answer for a query until it is known what to execute.

    A planner returns one if it must talk to the server first, or if the
    parameters are to be encoded differently from the query's: for instance for
    the statement that an EXECUTE names. It is never `prepared` itself.
    """

    __slots__ = ()

    substitutes = True

    def abandon(self, connection: BaseConnection[Any]) -> None:
        """Do nothing: it has no name of its own on the server."""

    @property
    @abstractmethod
    def target(self) -> Statement | None:
        """The statement that is executed in its place, None while it is unknown, or if it is unnamed."""

    @abstractmethod
    def resolve(
        self, cursor: BaseCursor[Any], objects: Sequence[Any], formats: Sequence[PyFormat]
    ) -> Operation[tuple[bytes, Any, Statement | None]]:
        """Find out what to execute: an operation.

        Args:
            cursor: the cursor that executes the query.
            objects: the Python objects of the query's parameters, in the order of their numbers.
            formats: the format that each placeholder asks for.

        Returns:
            The text; the parameters in PostgreSQL's representation, None without any;
            and the statement to bind to, None for an unnamed one.
        """
