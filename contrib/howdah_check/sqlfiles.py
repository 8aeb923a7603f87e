"""Finds the statements in .sql files, as psql, aiosql and others read them."""

from __future__ import annotations

import re
from pathlib import Path

from howdah.errors import ProgrammingError
from howdah_check.ignoring import ignores_in_sql, merged
from howdah_check.lexing import Span, first_of, split
from howdah_check.placeholders import (
    Converted,
    from_colons,
    from_percents,
    has_colons,
    has_numbers,
    has_percents,
    sent_as_is,
)
from howdah_check.statements import Fault, Found, Statement, Unchecked
from howdah_check.texts import FileOrigin, Piece, Place, Text

__all__ = ["find_in_file"]

#: aiosql's and others' header of a statement: `-- name: get-user(id)^`.
_NAME = re.compile(r"^\s*--\s*name\s*:\s*([\w-]+)", re.MULTILINE)
#: psql's `:"name"`, an identifier that is not known.
_VARIABLE = re.compile(r"(?<!:):\"")


def find_in_file(path: Path, found: Found) -> None:
    """Find the statements of a file.

    Args:
        path: the file.
        found: takes them.
    """
    try:
        string = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        found.unchecked.append(Unchecked(Place(path, 1, 1), "unreadable", str(error)))
        return
    found.files += 1
    whole = Text([Piece(string, FileOrigin(path, string))])
    count = previous = 0
    for span in split(string, psql=True):
        if span.empty:
            continue
        count += 1
        text = whole.part(span.start, span.end)
        ignores = merged(ignores_in_sql(_own_lines(string, previous, span)))
        previous = span.end
        names = _NAME.findall(str(text))
        place = text.place(first_of(str(text)))
        if _VARIABLE.search(str(text)) is not None:
            found.unchecked.append(Unchecked(place, "dynamic", "it has a variable of psql as an identifier"))
            continue
        try:
            converted = _converted(text)
        except ProgrammingError as error:
            found.add_fault(Fault(place, "placeholders", str(error)), ignores)
            continue
        label = names[-1] if names else f"{path.stem}_{count}"
        found.statements.append(
            Statement(converted.text, place, label, converted.names, converted.casts, ignores=ignores)
        )


def _own_lines(text: str, previous: int, span: Span) -> str:
    """Return a statement with the rest of its last line, without the rest of the line before it.

    Args:
        text: the script.
        previous: the end of the previous statement.
        span: the statement.
    """
    start = span.start
    line_end = text.find("\n", previous)
    if previous and start < line_end < span.end:
        start = line_end
    end = text.find("\n", span.end)
    return text[start : end if end >= 0 else len(text)]


def _converted(text: Text) -> Converted:
    string = str(text)
    if has_percents(string):
        return from_percents(text)
    if has_numbers(string) or not has_colons(string):
        return sent_as_is(text)
    return from_colons(text)
