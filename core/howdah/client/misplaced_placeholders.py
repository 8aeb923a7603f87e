"""Advice for queries with a placeholder where the server takes no parameter, or takes another kind.

The server sees `$1` there, and reports a syntax error, a parameter that does not exist, or a wrong value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.lazy.pattern import pattern

if TYPE_CHECKING:
    from howdah.errors import Diagnostic
    from howdah.protocol.exchange import Exchange

__all__ = ["suggest_placement"]

_SYNTAX_ERROR = "42601"
_UNDEFINED_PARAMETER = "42P02"
_INDETERMINATE_DATATYPE = "42P18"
_INVALID_TEXT = "22P02"
#: The functions of the server whose errors of these kinds have one reason; messages are translated.
_OF_STATEMENTS, _OF_ARRAYS = "exec_parse_message", "array_in"
_FIRST_WORD = pattern(r"\s*([A-Za-z]+)")
#: The statements that take parameters.
_WITH_PARAMETERS = {
    "CALL", "DECLARE", "DELETE", "EXECUTE", "EXPLAIN", "INSERT", "MERGE", "SELECT", "TABLE", "UPDATE",
    "VALUES", "WITH",
}  # fmt: skip
_WORD_BEFORE = pattern(r"([A-Za-z]+)\s+$")
_TYPES = {"DATE", "INTERVAL", "TIME", "TIMESTAMP", "TIMESTAMPTZ"}
#: What to write instead of a placeholder after a word.
_ADVICE_AFTER = {
    "IN": "for a list of values, write = ANY(…) instead of IN …, and <> ALL(…) instead of NOT IN …",
    "IS": "write IS NOT DISTINCT FROM instead of IS before the placeholder",
    "VALUES": "write a placeholder for each value, in parentheses",
}
_NUMBER = pattern(r"\$([1-9][0-9]{0,4})")
#: A string with a placeholder in it.
_QUOTED = pattern(r"'[^'$]*\$([1-9][0-9]{0,4})(?![0-9])[^']*'")

#: A message that quotes a value in parentheses; the quotes are those of the server's language.
_COMPOSITE = pattern(r"[^{\[]*\W\(")


def suggest_placement(exchange: Exchange, encoding: str) -> None:
    """Say in the error of a query what to write instead of a placeholder, if it is an error at one.

    Args:
        exchange: the exchange of the query, which came with parameters.
        encoding: the codec of its text.
    """
    error = exchange.error
    if error is None or exchange.query is None:
        return
    advice = None
    if error.sqlstate == _INVALID_TEXT:
        advice = _advice_about_value(error.diag)
    elif error.diag.context is not None:
        return
    elif error.sqlstate == _SYNTAX_ERROR and error.diag.source_function == _OF_STATEMENTS:
        advice = "a query with parameters has one statement: execute them one at a time"
    elif error.sqlstate in (_SYNTAX_ERROR, _UNDEFINED_PARAMETER):
        advice = _advice_at(exchange.query.decode(encoding, "replace"), error.diag.statement_position)
    elif error.sqlstate == _INDETERMINATE_DATATYPE:
        advice = _advice_about(exchange.query.decode(encoding, "replace"), error.diag.message_primary or "")
    if advice:
        error.suggest(advice)


def _advice_at(query: str, told: str | None) -> str | None:
    """Return what to write instead of the placeholder at a position, None if there is none.

    Args:
        query: the text.
        told: the position, counted from 1; None in some statements that know no parameters.
    """
    word = ""
    if told is not None:
        position = int(told) - 1 if told.isascii() and told.isdigit() and len(told) < 20 else len(query)
        if not _NUMBER.match(query, position):
            return None
        before = _WORD_BEFORE.search(query, max(0, position - 80), position)
        word = before[1].upper() if before else ""
    if word in _ADVICE_AFTER:
        return _ADVICE_AFTER[word]
    if word in _TYPES:
        return f"write a cast after the placeholder, …::{word.lower()}, instead of {word.lower()} before it"
    command = _FIRST_WORD.match(query)
    if command and command[1].upper() not in _WITH_PARAMETERS:
        return (
            f"{command[1].upper()} takes no parameters: use a function, such as set_config() or pg_notify(),"
            " or compose the statement with howdah.sql"
        )
    return "a placeholder stands for a value: compose names and parts of the query with howdah.sql"


def _advice_about_value(diag: Diagnostic) -> str | None:
    """Return what to pass instead of a tuple that was to be an array, None if it is another mistake."""
    if diag.source_function == _OF_ARRAYS and _COMPOSITE.match(diag.message_primary or ""):
        return "a tuple is a composite value: pass a list for an array"
    return None


def _advice_about(query: str, message: str) -> str | None:
    """Return what to do about a parameter whose type the server cannot infer, None if it is not known."""
    parameter = _NUMBER.search(message)
    if parameter is None:
        return None
    if any(found[1] == parameter[1] for found in _QUOTED.finditer(query)):
        return "a placeholder in quotes is a part of the string: leave out the quotes"
    return "add a cast to the placeholder, such as …::text"
