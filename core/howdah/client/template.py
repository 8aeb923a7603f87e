"""Template strings (PEP 750) as queries: `cur.execute(t"SELECT {value}")`.

Each interpolation becomes a parameter of the query, unless its format specification says otherwise:

    {value}, {value:s}, {value:t}, {value:b}
                  a parameter, in the format that is best, in text, in binary format
    {name:i}      an identifier, of a str or an `Identifier`
    {value:l}     a literal in the text of the query, of any value or a `Literal`
    {part:q}      a part of the query: another template, an `SQL`, or a `Composed`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, TypeGuard

from howdah.adapt.base import PyFormat
from howdah.errors import ProgrammingError
from howdah.sql import SQL, Composable, Composed, Identifier, Literal, Placeholder

if TYPE_CHECKING:
    from howdah.adapt.base import AdaptContext

__all__ = ["Interpolation", "Template", "compose", "from_template", "is_template"]


class Interpolation(Protocol):
    """The attributes of `string.templatelib.Interpolation`."""

    @property
    def value(self) -> Any:
        """What the expression evaluated to."""

    @property
    def expression(self) -> str:
        """The text in the braces."""

    @property
    def conversion(self) -> Any:
        """The letter after `!`, or None."""

    @property
    def format_spec(self) -> str:
        """The text after `:`."""


class Template(Protocol):
    """The attributes of `string.templatelib.Template`."""

    @property
    def strings(self) -> tuple[str, ...]:
        """The text around the interpolations: one more than these."""

    @property
    def interpolations(self) -> tuple[Any, ...]:
        """The interpolations, each an `Interpolation`."""


def is_template(obj: object) -> TypeGuard[Template]:
    """Tell whether an object is a template string."""
    return hasattr(obj, "strings") and hasattr(obj, "interpolations")


def from_template(template: Template, context: AdaptContext | None = None) -> tuple[str, list[Any]]:
    """Return the query and the parameters that a template stands for.

    Args:
        template: the template string.
        context: the connection or cursor whose adapters literals are written with.

    Returns:
        The query, with `%s` placeholders and doubled percent signs as `parse_query` reads
        them; and the parameters, as many as placeholders.

    Raises:
        howdah.ProgrammingError: an interpolation has an unknown format, or a value that
            does not fit its format.
        TypeError: an interpolation has a conversion (`!r`).
    """
    query: list[str] = []
    params: list[Any] = []
    for piece in _pieces(template):
        if isinstance(piece, _Parameter):
            query.append(f"%{piece.format.value}")
            params.append(piece.value)
        else:
            query.append(piece.as_string(context).replace("%", "%%"))
    return "".join(query), params


def compose(template: Template) -> Composed:
    """Return the SQL that a template stands for, with its parameters as literals.

    Args:
        template: the template string.

    Raises:
        howdah.ProgrammingError, TypeError: as for `from_template`.
    """
    return Composed(
        Literal(piece.value) if isinstance(piece, _Parameter) else piece for piece in _pieces(template)
    )


class _Parameter:
    """A value that the query takes as a parameter."""

    def __init__(self, value: Any, format: PyFormat) -> None:
        self.value = value
        self.format = format


def _pieces(template: Template) -> Iterator[Composable | _Parameter]:
    yield SQL(template.strings[0])
    for interpolation, text in zip(template.interpolations, template.strings[1:], strict=True):
        yield from _interpolated(interpolation)
        yield SQL(text)


def _interpolated(item: Interpolation) -> Iterator[Composable | _Parameter]:
    if item.conversion:
        raise TypeError(f"an interpolation of a query has no conversion: {_source(item)}")
    needed = _needed_format(item.value)
    if needed is not None and item.format_spec != needed:
        raise ProgrammingError(
            f"a {type(item.value).__name__} needs the format :{needed}, it has {_source(item)}"
        )
    return _READERS.get(item.format_spec, _parameter)(item)


# The format that a piece of SQL needs.
_SPECS: dict[type[Composable], str] = {
    Identifier: "i",
    Literal: "l",
    SQL: "q",
    Composed: "q",
    Placeholder: "q",
}


def _needed_format(value: Any) -> str | None:
    """Return the format that a value needs, None if it is not a piece of SQL."""
    for cls, needed in _SPECS.items():
        if isinstance(value, cls):
            return needed
    return "q" if is_template(value) else None


def _identifier(item: Interpolation) -> Iterator[Composable]:
    if isinstance(item.value, Identifier):
        yield item.value
    elif isinstance(item.value, str):
        yield Identifier(item.value)
    else:
        raise ProgrammingError(
            f"an identifier is a str or an Identifier, not {type(item.value).__name__}: {_source(item)}"
        )


def _literal(item: Interpolation) -> Iterator[Composable]:
    yield item.value if isinstance(item.value, Literal) else Literal(item.value)


def _part(item: Interpolation) -> Iterator[Composable | _Parameter]:
    value = item.value
    if _needed_format(value) is None:
        raise ProgrammingError(
            f"a part of a query is a template, an SQL or a Composed,"
            f" not {type(value).__name__}: {_source(item)}"
        )
    if isinstance(value, Composable):
        _refuse_placeholders(value, item)
        yield value
    else:
        yield from _pieces(value)


def _parameter(item: Interpolation) -> Iterator[_Parameter]:
    try:
        yield _Parameter(item.value, PyFormat(item.format_spec or "s"))
    except ValueError:
        raise ProgrammingError(
            f"the formats of an interpolation are s, t, b, i, l and q: {_source(item)}"
        ) from None


#: Convert an interpolation, by its format; all other formats are those of parameters.
_READERS: dict[str, Callable[[Interpolation], Iterator[Composable | _Parameter]]] = {
    "i": _identifier,
    "l": _literal,
    "q": _part,
}


def _refuse_placeholders(piece: Composable, item: Interpolation) -> None:
    if isinstance(piece, Placeholder):
        raise ProgrammingError(f"a template cannot have a Placeholder in it: {_source(item)}")
    if isinstance(piece, Composed):
        for part in piece:
            _refuse_placeholders(part, item)


def _source(item: Interpolation) -> str:
    conversion = f"!{item.conversion}" if item.conversion else ""
    spec = f":{item.format_spec}" if item.format_spec else ""
    return f"{{{item.expression}{conversion}{spec}}}"
