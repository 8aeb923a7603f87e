"""What the text of a COPY statement tells of its format, which the protocol does not."""

from __future__ import annotations

import re

from howdah.pattern import pattern

__all__ = ["columns", "is_script", "row_obstacle"]

#: Comments, strings, and names in quotes: what is in them means nothing here.
_OPAQUE = pattern(
    rb"""--[^\n]* | /\*.*?(?:\*/|\Z) | \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*"
        | \$(\w*)\$(?:.*?\$\1\$|.*)""",
    re.VERBOSE | re.DOTALL,
)
_OPTIONS = pattern(rb"\b(?:stdin|stdout)\b(.*)", re.IGNORECASE | re.DOTALL)
_CSV = pattern(rb"\bcsv\b|\bformat\s+(?:'csv'|\"csv\")", re.IGNORECASE)
_CHANGED = pattern(rb"\b(delimiter|null)\b", re.IGNORECASE)
_NAME = rb'(?:"(?:[^"]|"")+"|[\w$\x80-\xff]+)'
_COLUMNS = pattern(
    rb"\s*copy\s+%b(?:\s*\.\s*%b)?\s*\(\s*(%b(?:\s*,\s*%b)*)\s*\)\s*(?:from|to)\b" % ((_NAME,) * 4),
    re.IGNORECASE,
)


def _blank(match: re.Match[bytes]) -> bytes:
    text = match[0]
    return text if text.lower() in (b"'csv'", b'"csv"') else b" "


def is_script(statement: bytes) -> bool:
    """Whether this is several statements."""
    return b";" in statement and b";" in _OPAQUE.sub(b" ", statement).rstrip(b"; \t\r\n\f\v")


def row_obstacle(statement: bytes) -> str | None:
    """Return why rows of this statement's text format cannot be read or written, None if they can.

    Args:
        statement: a COPY with STDIN or STDOUT.
    """
    options = _OPTIONS.search(_OPAQUE.sub(_blank, statement))
    if options is None:
        return None
    if _CSV.search(options[1]):
        return "in the CSV format"
    changed = _CHANGED.search(options[1])
    return None if changed is None else f"with the option {changed[1].decode().upper()}"


def columns(statement: bytes) -> list[str]:
    """Return the names of the columns that a COPY lists; none if it has no list."""
    listed = _COLUMNS.match(statement)
    if listed is None:
        return []
    names = [name.decode("utf-8", "replace") for name in re.findall(_NAME, listed[1])]
    return [name[1:-1].replace('""', '"') if name[0] == '"' else name.lower() for name in names]
