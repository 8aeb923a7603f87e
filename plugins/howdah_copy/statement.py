"""The text of a COPY statement: what it says about the format and the columns, the protocol does not."""

from __future__ import annotations

import re

from howdah.lazy.pattern import pattern

__all__ = ["columns", "is_script", "row_obstacle"]

#: Comments, strings, and names in quotes, whose contents are ignored. Of a comment this is the
#: beginning; a string may continue in the next line.
_OPAQUE = pattern(
    rb"""--[^\n]* | /\* | \b[eE]'(?:[^'\\]|\\.|'')*'(?:\s*\n\s*'(?:[^'\\]|\\.|'')*')*
        | '(?:[^']|'')*' | "(?:[^"]|"")*" | \$(\w*)\$(?:.*?\$\1\$|.*)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = pattern(rb"/\*|\*/")
_OPTIONS = pattern(rb"\b(?:stdin|stdout)\b(.*)", re.IGNORECASE | re.DOTALL)
_CSV = pattern(rb"\bcsv\b|\bformat\s+(?:'csv'|\"csv\")", re.IGNORECASE)
_CHANGED = pattern(rb"\b(delimiter|null)\b", re.IGNORECASE)
_NAME = rb'(?:"(?:[^"]|"")+"|[\w$\x80-\xff]+)'
_COLUMNS = pattern(
    rb"\s*copy\s+%b(?:\s*\.\s*%b)?\s*\(\s*(%b(?:\s*,\s*%b)*)\s*\)\s*(?:from|to)\b" % ((_NAME,) * 4),
    re.IGNORECASE,
)


def _blank(opaque: bytes) -> bytes:
    return opaque if opaque.lower() in (b"'csv'", b'"csv"') else b" "


def _comment_end(statement: bytes, start: int) -> int:
    """Return the end of the comment whose opening mark ends at `start`: comments nest."""
    level = 1
    for mark in _COMMENT_MARK.finditer(statement, start):
        level += 1 if mark[0] == b"/*" else -1
        if level == 0:
            return mark.end()
    return len(statement)


def _bared(statement: bytes) -> bytes:
    """Return a statement with spaces in place of comments, strings and quoted names."""
    parts = []
    at = 0
    while (found := _OPAQUE.search(statement, at)) is not None:
        end = _comment_end(statement, found.end()) if found[0] == b"/*" else found.end()
        parts += [statement[at : found.start()], _blank(statement[found.start() : end])]
        at = end
    return b"".join([*parts, statement[at:]])


def is_script(statement: bytes) -> bool:
    """Return whether this is several statements; empty ones do not count."""
    return b";" in statement and b";" in _bared(statement).strip(b"; \t\r\n\f\v")


def row_obstacle(statement: bytes) -> str | None:
    """Return why rows of this statement's text format cannot be read or written, None if they can.

    Args:
        statement: a COPY with STDIN or STDOUT.
    """
    options = _OPTIONS.search(_bared(statement))
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
