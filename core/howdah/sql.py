"""Composing SQL safely from pieces: identifiers, literals and placeholders.

    query = SQL("SELECT {columns} FROM {table} WHERE id = {id}").format(
        columns=SQL(", ").join([Identifier("name"), Identifier("birth day")]),
        table=Identifier("staff", "people"),
        id=Placeholder(),
    )
    cur.execute(query, (42,))

Pass values as parameters wherever PostgreSQL accepts them; `Literal` is for statements that
accept none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from howdah.adapt.base import PyFormat
from howdah.adapt.encodings import codec_of, encoded
from howdah.adapt.literals import as_literals
from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from typing_extensions import LiteralString

    from howdah.adapt.base import AdaptContext

__all__ = [
    "DEFAULT",
    "NULL",
    "SQL",
    "Composable",
    "Composed",
    "Identifier",
    "Literal",
    "Placeholder",
    "as_bytes",
    "as_string",
    "quote",
]


def quote(obj: Any, context: AdaptContext | None = None) -> str:
    """Return an object as an SQL literal.

    Args:
        obj: any object that can be a parameter.
        context: the connection or cursor whose adapters and encoding are used; None for the
            default adapters and UTF-8.

    Raises:
        howdah.ProgrammingError: nothing adapts objects of that class.
    """
    return Literal(obj).as_string(context)


def as_string(obj: Any, context: AdaptContext | None = None) -> str:
    """Return an object as SQL: a composable or a template as its SQL, anything else as a literal.

    Args:
        obj: a `Composable`, a template string, or any object that can be a parameter.
        context: as for `quote`.
    """
    return as_bytes(obj, context).decode(_encoding(context))


def as_bytes(obj: Any, context: AdaptContext | None = None) -> bytes:
    """Return an object as SQL, like `as_string`, in the encoding of the connection.

    Args:
        obj: a `Composable`, a template string, or any object that can be a parameter.
        context: as for `quote`.
    """
    if isinstance(obj, Composable):
        return obj.as_bytes(context)
    from howdah.client import template

    if template.is_template(obj):
        return template.compose(obj).as_bytes(context)
    return Literal(obj).as_bytes(context)


class Composable(ABC):
    """A piece of SQL. `+` joins pieces, `*` repeats one."""

    def __init__(self, obj: Any) -> None:
        self._obj = obj

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._obj!r})"

    @abstractmethod
    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the SQL, in the encoding of the connection.

        Args:
            context: the connection or cursor whose adapters and encoding are used; None for
                the default adapters and UTF-8.
        """

    def as_string(self, context: AdaptContext | None = None) -> str:
        """Return the SQL.

        Args:
            context: as for `as_bytes`.
        """
        return self.as_bytes(context).decode(_encoding(context))

    def __add__(self, other: Composable) -> Composed:
        if not isinstance(other, Composable):
            return NotImplemented
        return Composed([*_pieces(self), *_pieces(other)])

    def __mul__(self, times: int) -> Composed:
        if not isinstance(times, int):
            return NotImplemented
        return Composed([*_pieces(self)] * times)

    def __eq__(self, other: object) -> bool:
        return self._obj == other._obj if type(other) is type(self) else NotImplemented

    # The contained objects need not be hashable.
    __hash__ = None  # type: ignore[assignment]


class Composed(Composable):
    """Pieces of SQL, one after another.

    Args:
        seq: the pieces; anything but a `Composable` becomes a `Literal`.
    """

    _obj: list[Composable]

    def __init__(self, seq: Iterable[Any]) -> None:
        super().__init__([obj if isinstance(obj, Composable) else Literal(obj) for obj in seq])

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the SQL of the pieces."""
        values = [piece._obj for piece in self._obj if type(piece) is Literal]
        literals = iter(as_literals(values, context) if values else ())
        encoding = _encoding(context)
        return b"".join(
            [
                next(literals)
                if type(piece) is Literal
                else encoded(piece._obj, encoding)
                if type(piece) is SQL
                else piece.as_bytes(context)
                for piece in self._obj
            ]
        )

    def __iter__(self) -> Iterator[Composable]:
        return iter(self._obj)

    def join(self, joiner: SQL | LiteralString) -> Composed:
        """Return the pieces with `joiner` between them.

        Args:
            joiner: an `SQL`, or a string of SQL.
        """
        if isinstance(joiner, str):
            joiner = SQL(joiner)
        elif not isinstance(joiner, SQL):
            raise TypeError(f"Composed.join() takes a str or an SQL, not {joiner!r}")
        return joiner.join(self._obj)


class SQL(Composable):
    """A string of SQL. It is not escaped: never create one from untrusted text.

    Args:
        obj: the SQL; for `format`, with replacement fields as in `str.format`.

    Raises:
        TypeError: `obj` is not a str.
    """

    _obj: LiteralString

    def __init__(self, obj: LiteralString) -> None:
        if not isinstance(obj, str):
            raise TypeError(f"SQL takes a str, not {obj!r}")
        super().__init__(obj)

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the encoded string."""
        return encoded(self._obj, _encoding(context))

    def as_string(self, context: AdaptContext | None = None) -> str:
        """Return the string."""
        return self._obj

    def format(self, *args: Any, **kwargs: Any) -> Composed:
        """Return the SQL with pieces in place of its fields `{}`, `{0}`, `{name}`.

        Args:
            *args: the pieces for unnamed and numbered fields; anything but a `Composable`
                becomes a `Literal`.
            **kwargs: the pieces for named fields.

        Raises:
            ValueError: a field has a conversion (`!r`) or a format (`:>10`), or numbered and
                unnamed fields are mixed.
            IndexError: there are fewer `args` than fields.
            KeyError: a name is not in `kwargs`.
        """
        from string import Formatter

        pieces: list[Any] = []
        unnamed = 0
        numbered = False
        for text, field, format, conversion in Formatter().parse(self._obj):
            if text:
                pieces.append(SQL(text))
            if field is None:
                continue
            if format or conversion:
                raise ValueError(f"a field of SQL has no format or conversion: {field!r} of {self._obj!r}")
            if field and not field.isdigit():
                pieces.append(kwargs[field])
                continue
            if field:
                numbered = True
                index = int(field)
            else:
                index = unnamed
                unnamed += 1
            if numbered and unnamed:
                raise ValueError(
                    f"numbered ({{0}}) and unnamed ({{}}) fields cannot be mixed in {self._obj!r}"
                )
            if index >= len(args):
                raise IndexError(f"there is no argument for field {index} of {self._obj!r}")
            pieces.append(args[index])
        return Composed(pieces)

    def join(self, seq: Iterable[Any]) -> Composed:
        """Return pieces with this SQL between them.

        Args:
            seq: the pieces; anything but a `Composable` becomes a `Literal`.
        """
        pieces: list[Any] = []
        for piece in seq:
            pieces += (self, piece)
        return Composed(pieces[1:])


class Identifier(Composable):
    """The name of a table, a column and so on; it may be qualified: `Identifier("schema", "table")`.

    Args:
        *strings: the parts of the name.

    Raises:
        TypeError: there are no parts, or one is not a str.
        howdah.ProgrammingError: a part contains a NUL character, which PostgreSQL does not allow.
    """

    _obj: tuple[str, ...]

    def __init__(self, *strings: str) -> None:
        if not strings:
            raise TypeError("Identifier needs at least one string")
        for part in strings:
            if not isinstance(part, str):
                raise TypeError(f"the parts of an Identifier are str, not {part!r}")
            if "\0" in part:
                raise ProgrammingError(f"an identifier cannot have NUL (0x00) characters: {part!r}")
        super().__init__(strings)

    def __repr__(self) -> str:
        return f"Identifier({', '.join(map(repr, self._obj))})"

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the name, quoted."""
        return encoded(self.as_string(context), _encoding(context))

    def as_string(self, context: AdaptContext | None = None) -> str:
        """Return the name, quoted."""
        return ".".join(['"' + part.replace('"', '""') + '"' for part in self._obj])


class Literal(Composable):
    """A value as an SQL literal.

    Args:
        obj: any object that can be a parameter.
    """

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the literal, with a cast where PostgreSQL might take it for another type.

        Raises:
            howdah.ProgrammingError: nothing adapts objects of that class.
        """
        return as_literals((self._obj,), context)[0]


class Placeholder(Composable):
    """A placeholder for a parameter: `%s`, `%(name)s`, `%b` and so on.

    Args:
        name: the name of the parameter; empty for a positional one.
        format: the format in which the parameter is sent: a `PyFormat`, or its letter.

    Raises:
        TypeError: `name` is not a str.
        ValueError: the name contains a `)`, or the format is invalid.
    """

    _obj: str

    def __init__(self, name: str = "", format: str | PyFormat = PyFormat.AUTO) -> None:
        if not isinstance(name, str):
            raise TypeError(f"the name of a Placeholder is a str, not {name!r}")
        if ")" in name:
            raise ValueError(f"the name of a Placeholder cannot have a ')': {name!r}")
        super().__init__(name)
        self._format = PyFormat(format)

    def __repr__(self) -> str:
        arguments = [repr(self._obj)] if self._obj else []
        if self._format is not PyFormat.AUTO:
            arguments.append(f"format={self._format.name}")
        return f"Placeholder({', '.join(arguments)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Placeholder):
            return NotImplemented
        return (self._obj, self._format) == (other._obj, other._format)

    __hash__ = None

    def as_bytes(self, context: AdaptContext | None = None) -> bytes:
        """Return the placeholder."""
        return encoded(self.as_string(context), _encoding(context))

    def as_string(self, context: AdaptContext | None = None) -> str:
        """Return the placeholder."""
        name = f"({self._obj})" if self._obj else ""
        return f"%{name}{self._format.value}"


#: The literal NULL.
NULL = SQL("NULL")
#: The keyword DEFAULT.
DEFAULT = SQL("DEFAULT")


def _pieces(piece: Composable) -> Iterable[Composable]:
    return piece if isinstance(piece, Composed) else (piece,)


def _encoding(context: AdaptContext | None) -> str:
    """Return the codec of the client encoding."""
    encoding = codec_of(context.connection if context is not None else None)
    return (
        "utf-8" if encoding == "ascii" else encoding
    )  # with SQL_ASCII the encoding is unknown: UTF-8 is used
