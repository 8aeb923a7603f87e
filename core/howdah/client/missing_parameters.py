"""Advice for queries whose parameters were forgotten.

To the server `SELECT %s` is a syntax error, and `$1` a parameter that does not exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.lazy.pattern import pattern

if TYPE_CHECKING:
    from howdah.errors import Error
    from howdah.protocol.exchange import Exchange

__all__ = ["suggest_parameters"]

#: A placeholder, and what makes one operator with its `%`, as in `a =%s`.
_PLACEHOLDER = pattern(r"[-+*/<>=~!@#^&|`?]*(%(?:\([^)]{1,63}\))?[sbt])(?![\w.])")
#: What the server reports there: syntax_error, undefined_column, undefined_function (an operator).
_AT_PLACEHOLDER = frozenset({"42601", "42703", "42883"})
_NUMBERED = pattern(r"\$[1-9][0-9]{0,4}")
#: protocol_violation: Bind has too few parameters.
_TOO_FEW = "08P01"
#: The same, undefined_parameter and indeterminate_datatype, whose messages name the parameter.
_OF_NUMBERED = frozenset({_TOO_FEW, "42P02", "42P18"})

#: What names parameters of its own.
_CREATE_FUNCTION = pattern(r"(?i)\s*create\s+(?:or\s+replace\s+)?(?:function|procedure)\b")


def suggest_parameters(exchange: Exchange, encoding: str) -> None:
    """Say in the error of a query that its parameters are missing, if it is an error at a placeholder.

    Args:
        exchange: the exchange of the query, which came without parameters.
        encoding: the codec of its text.
    """
    error = exchange.error
    if error is None or exchange.query is None:
        return
    if error.sqlstate in _AT_PLACEHOLDER:
        placeholder = _placeholder_at(exchange.query.decode(encoding, "replace"), error)
        if placeholder:
            error.suggest(
                f"the query came without parameters, so that {placeholder} is no placeholder: pass them,"
                " as in execute(query, [value]); placeholders of fetch() and raw cursors are $1, $2 and so on"
            )
    elif error.sqlstate in _OF_NUMBERED and error.diag.context is None:  # else it is a function's
        text = exchange.query.decode(encoding, "replace")
        found = None if _CREATE_FUNCTION.match(text) else _NUMBERED.search(text)
        if found and (error.sqlstate == _TOO_FEW or _NUMBERED.search(error.diag.message_primary or "")):
            error.suggest(
                f"the query came without parameters: pass them, with {found[0]} as a placeholder in fetch()"
                " and raw cursors, and with %s in all other cursors"
            )


def _placeholder_at(query: str, error: Error) -> str | None:
    """Return the placeholder at the position of an error, None if there is none."""
    told = error.diag.statement_position or ""
    if not (told.isascii() and told.isdigit() and len(told) < 20):
        return None
    position = int(told) - 1
    for found in _PLACEHOLDER.finditer(query, max(0, position - 80), position + 80):
        if found.start() <= position < found.end():
            return found[1]
    return None
