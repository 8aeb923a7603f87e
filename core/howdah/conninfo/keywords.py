"""The keyword/value syntax: `host=localhost dbname='my data'`.

Source: PostgreSQL documentation, 34.1.1.1 "Keyword/Value Connection Strings".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from howdah.conninfo.parameter import unknown_parameter
from howdah.errors import ProgrammingError
from howdah.lazy.pattern import pattern

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["format_keywords", "parse_keywords"]

# The white space of C's isspace(); Python's includes more characters.
_SPACE = r"[ \t\n\r\f\v]"
# A name, the equals sign after it, and a value: quoted, with its closing quote, or plain.
_SETTING = pattern(
    rf"{_SPACE}*([^= \t\n\r\f\v]*){_SPACE}*(=?){_SPACE}*"
    r"(?:'((?:\\.|[^\\'])*)(')?|((?:\\.|[^\\ \t\n\r\f\v])*)\\?)",
    re.DOTALL,
)
_ESCAPED = pattern(r"\\(.)", re.DOTALL)
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def parse_keywords(
    text: str, known: Collection[str], secret: Collection[str], prefixes: Collection[str]
) -> dict[str, str]:
    """Read a conninfo in keyword/value syntax.

    Args:
        text: the conninfo.
        known: the names of all known parameters.
        secret: the parameters whose values no error may show.
        prefixes: what a conninfo in another syntax begins with, such as `postgresql://`, to suggest them.

    Returns:
        The values, unquoted; the last one of a name that occurs twice.

    Raises:
        howdah.ProgrammingError: the syntax is wrong, or a name is unknown.
    """
    result: dict[str, str] = {}
    position, previous = 0, ""
    while position < len(text):
        match = _SETTING.match(text, position)
        assert match is not None  # it also matches the empty string
        name, equals, quoted, closing, value = match.groups()
        if not name and not equals:
            break
        if name not in known or not equals:
            if not equals or not _NAME.fullmatch(name):
                if previous not in secret:
                    raise _misplaced(name, equals, text, position, prefixes)
                raise ProgrammingError(
                    f'expected name=value after the value of "{previous}" in the conninfo; '
                    "a value with spaces must stand in single quotes"
                )
            raise unknown_parameter(name, known)
        if quoted is not None:
            if not closing:
                raise ProgrammingError(f'the quoted value of "{name}" in the conninfo has no closing quote')
            value = quoted
        result[name] = _ESCAPED.sub(r"\1", value) if "\\" in value else value
        position, previous = match.end(), name
    return result


def _misplaced(name: str, equals: str, text: str, start: int, prefixes: Collection[str]) -> ProgrammingError:
    """Return the error for text that is not `name=`; it shows nothing that may be a part of a password."""
    if begin := re.match(r"\s*([A-Za-z][A-Za-z0-9+.-]*):(/*)", text):
        from difflib import get_close_matches

        schemes = {prefix.partition(":")[0]: prefix for prefix in prefixes if ":" in prefix}
        close = get_close_matches(begin[1].lower(), schemes, n=1, cutoff=0.75)
        if close:
            given = begin[0].strip()
            case = "" if given == given.lower() else ", in lower case"
            return ProgrammingError(
                f'a conninfo cannot begin with "{given}"; did you mean "{schemes[close[0]]}"{case}?'
            )
        if begin[2][:2] == "//":
            return ProgrammingError(
                f'a conninfo cannot begin with "{begin[1]}://"; '
                'a URI begins with "postgresql://" or "postgres://", in lower case'
            )
    if not equals and _NAME.fullmatch(name):
        advice = f': write "dbname={name}" for a database of this name' if text.strip() == name else ""
        return ProgrammingError(f'missing "=" after "{name}" in the conninfo{advice}')
    advice = "" if start else _other_kind(text.strip(), equals)
    return ProgrammingError(f"expected name=value at character {start + 1} of the conninfo{advice}")


def _other_kind(text: str, equals: str) -> str:
    """Return what to write, if the text looks like something else than pairs of names and values.

    It shows nothing of the text, which may have a password in it.
    """
    first = text.split("=")[0]
    if any(space in first for space in " \t\n"):
        return ""
    if first.startswith("/"):
        return ': write "host=…" for the directory of a unix socket'
    if any(mark in first for mark in "@/:"):
        return ': a URI begins with "postgresql://", as in "postgresql://user@host/dbname"'
    return "" if equals else ': write "dbname=…" for the name of a database'


def format_keywords(values: Mapping[str, str]) -> str:
    """Write values in keyword/value syntax, quoted where they must be.

    Args:
        values: the values, as text, by parameter name.

    Returns:
        The conninfo; `parse` returns the same values for it.
    """
    return " ".join(f"{name}={_quote(value)}" for name, value in values.items())


def _quote(value: str) -> str:
    escaped = re.sub(r"([\\'])", r"\\\1", value)
    return f"'{escaped}'" if not value or re.search(r"\s", value) else escaped
