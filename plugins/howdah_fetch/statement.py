"""The statements of COPY, and queries with their parameters in them: COPY takes none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from howdah import sql
from howdah.adapt.encodings import encoded
from howdah.errors import ProgrammingError
from howdah.lazy.pattern import pattern

if TYPE_CHECKING:
    from howdah.abc import QueryNoTemplate

__all__ = ["copy_from_query", "copy_from_table", "copy_to_table", "split", "table_identifier"]

#: What `$1` is not a placeholder in; and placeholders. `_comment_end` finds the end of a comment.
_TOKEN = pattern(
    r"""
      (?: [eE]' (?: [^'\\] | \'\' | \\. )*
        # It goes on behind a line break, with comments of one line or without.
        (?: ' [ \t\f\v]* (?: --[^\n\r]* )? [\n\r] (?: [ \t\n\r\f\v] | --[^\n\r]*[\n\r] )*
            ' (?: [^'\\] | \'\' | \\. )* )*
        '? )
    | (?P<string> ' )
    | " [^"]* "?
    | -- [^\n]*
    | (?P<comment> /\* )
    | (?P<quote> \$ (?: [^\W\d] \w* )? \$ ) .*? (?: (?P=quote) | \Z )
    | [^\W\d] [\w$]*
    | \$ (?P<number> [0-9]+ )
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = pattern(r"/\*|\*/")
#: The rest of a string; and the same where a backslash escapes the next character.
_STRING_END = pattern(r"(?: [^'] | '' )* '?", re.VERBOSE)
_ESCAPED_STRING_END = pattern(r"(?: [^'\\] | '' | \\. )* '?", re.VERBOSE | re.DOTALL)


def split(query: str, *, escapes: bool = False) -> list[str | int]:
    """Return a query in pieces: text, and in place of each placeholder `$1`, `$2`… its number.

    >>> split("SELECT $1, '$1', a$1, $2")
    ['SELECT ', 1, ", '$1', a$1, ", 2, '']

    Args:
        query: the query.
        escapes: whether backslashes are special in every string (`standard_conforming_strings` is off).
    """
    pieces: list[str | int] = []
    start = at = 0
    while (found := _TOKEN.search(query, at)) is not None:
        at = found.end()
        if found["number"] is not None:
            pieces += [query[start : found.start()], int(found["number"])]
            start = at
        elif found["comment"] is not None:
            at = _comment_end(query, at)
        elif found["string"] is not None:
            end = (_ESCAPED_STRING_END if escapes else _STRING_END).match(query, at)
            assert end is not None
            at = end.end()
    return [*pieces, query[start:]]


def _comment_end(query: str, at: int) -> int:
    """Return where the comment ends whose beginning is before `at`: comments nest."""
    level = 1
    while level and (mark := _COMMENT_MARK.search(query, at)) is not None:
        level += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return len(query) if level else at


def _merged(connection: Any, query: QueryNoTemplate, args: Sequence[Any]) -> bytes:
    """Return a query with its parameters as literals in it."""
    encoding = connection.kernel.session.encoding
    if isinstance(query, sql.Composable):
        query = query.as_bytes(connection)
    if not args:
        return query if isinstance(query, bytes) else encoded(query, encoding)
    text = query.decode(encoding) if isinstance(query, bytes) else query
    escapes = connection.info.parameter_status("standard_conforming_strings") == "off"
    pieces = split(text, escapes=escapes)
    numbers = {piece for piece in pieces if isinstance(piece, int)}
    if numbers != set(range(1, len(args) + 1)):
        raise ProgrammingError(
            f"the query has the placeholders {', '.join([f'${n}' for n in sorted(numbers)]) or '(none)'},"
            f" but {len(args)} parameters were passed"
        )
    literals = connection.kernel.transformer.encoder.parameter_literals(args)
    return b"".join(
        [encoded(piece, encoding) if isinstance(piece, str) else literals[piece - 1] for piece in pieces]
    )


def table_identifier(table_name: str, schema_name: str | None) -> sql.Identifier:
    """Return the identifier of a table; without a schema it is looked up in the search path."""
    return sql.Identifier(table_name) if schema_name is None else sql.Identifier(schema_name, table_name)


def copy_from_query(
    connection: Any, query: QueryNoTemplate, args: Sequence[Any], options: dict[str, Any]
) -> bytes:
    """Return the COPY of a query's rows to the client.

    Raises:
        howdah.ProgrammingError: the parameters are not those that the query has placeholders for.
    """
    end = sql.SQL(") TO STDOUT{}").format(_options(options)).as_bytes(connection)
    return b"COPY (" + _merged(connection, query, args) + b"\n" + end


def copy_from_table(
    table: sql.Identifier, columns: Sequence[str] | None, options: dict[str, Any]
) -> sql.Composed:
    """Return the COPY of a table to the client."""
    return sql.SQL("COPY {}{} TO STDOUT{}").format(table, _columns(columns), _options(options))


def copy_to_table(
    table: sql.Identifier, columns: Sequence[str] | None, options: dict[str, Any], where: str | None
) -> sql.Composed:
    """Return the COPY into a table."""
    condition = sql.SQL("") if where is None else sql.SQL(" WHERE " + where)
    return sql.SQL("COPY {}{} FROM STDIN{}{}").format(table, _columns(columns), _options(options), condition)


def _columns(columns: Sequence[str] | None) -> sql.Composable:
    if columns is None:
        return sql.SQL("")
    return sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, columns)))


def _options(options: dict[str, Any]) -> sql.Composable:
    """Return the options of COPY: those that are not None."""
    given = [_option(name, value) for name, value in options.items() if value is not None]
    return sql.SQL(" ({})").format(sql.SQL(", ").join(given)) if given else sql.SQL("")


def _option(name: str, value: Any) -> sql.Composed:
    shown: sql.Composable
    if name.startswith("force_"):
        everything = value is True
        shown = (
            sql.SQL("*")
            if everything
            else sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, value)))
        )
    elif isinstance(value, bool):
        shown = sql.SQL("true" if value else "false")
    else:
        shown = sql.Literal(str(value))
    return sql.SQL("{} {}").format(sql.SQL(name.upper()), shown)
