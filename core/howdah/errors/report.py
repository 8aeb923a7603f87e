"""A server's error as text, in psql's format."""

from __future__ import annotations

import re

from howdah.errors.base import Diagnostic

__all__ = ["report"]

# A long line is cut to this many columns, if possible with this many after the position of the error.
LINE_WIDTH = 60
RIGHT_CONTEXT = 10


def report(diag: Diagnostic, query: str | None = None) -> str:
    """Return the message of an error: the primary message, the line of the query, detail, hint and context.

    Args:
        diag: the server's report.
        query: the text that was sent, if known.
    """
    lines = [diag.message_primary or "the server reported an error without a message"]
    if diag.statement_position and query is not None:
        lines += fault(query, diag.statement_position)
    elif diag.internal_position and diag.internal_query is not None:
        lines += fault(diag.internal_query, diag.internal_position)
    more = [
        ("DETAIL", diag.message_detail),
        ("HINT", diag.message_hint),
        ("QUERY", diag.internal_query),
        ("CONTEXT", diag.context),
    ]
    lines += [f"{title}:  {text}" for title, text in more if text]
    return "\n".join(lines)


def fault(query: str, position: str) -> list[str]:
    """Return the line of `query` at `position` (in characters, from 1), and a line with a caret below it.

    If the position is not in the query, return no lines.
    """
    if not (position.isascii() and position.isdigit() and len(position) < 20):
        return []
    if not 1 <= int(position) <= len(query) + 1:
        return []
    offset = int(position) - 1
    before = re.split(r"\r\n|\r|\n", query[:offset])
    left = before[-1].replace("\t", " ")
    right = re.split(r"[\r\n]", query[offset:], maxsplit=1)[0].replace("\t", " ")

    start, end = "", ""
    if columns(left + right) > LINE_WIDTH:
        # Cut the right end as far as the context allows; if that is not enough, cut the left end too.
        room = max(LINE_WIDTH - columns(left), RIGHT_CONTEXT)
        if columns(right) > room:
            right, end = fitting(right, room), "..."
        if columns(left + right) > LINE_WIDTH:
            left, start = fitting(left[::-1], LINE_WIDTH - columns(right))[::-1], "..."
    shown = f"LINE {len(before)}: {start}{left}"
    return [f"{shown}{right}{end}", f"{' ' * columns(shown)}^"]


def columns(text: str) -> int:
    """Return the width of `text` in columns of a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def fitting(text: str, width: int) -> str:
    """Return the longest prefix of `text` that fits into `width` columns."""
    end = min(len(text), width)
    while columns(text[:end]) > width:
        end -= 1
    return text[:end]
