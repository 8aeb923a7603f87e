"""Placeholders: every style becomes `$1`, `$2`, ..., and COPY becomes the query that it contains."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from howdah.client.query import parse_query
from howdah_check.lexing import Token, tokens
from howdah_check.texts import Text

__all__ = [
    "Converted",
    "from_colons",
    "from_percents",
    "has_colons",
    "has_numbers",
    "has_percents",
    "query_in_copy",
    "sent_as_is",
]

_PERCENT = re.compile(r"%(?:%|(?:\(([^)]+)\))?[sbt])")
_PLACEHOLDER = re.compile(r"%(?:\([^)]+\))?[sbt]\b")


class Converted(NamedTuple):
    """A statement with the placeholders of the server.

    Attributes:
        text: the statement.
        names: the names of its parameters, empty if they are positional.
        casts: the numbers of the parameters that have a cast in the statement, from 0.
    """

    text: Text
    names: Sequence[str] = ()
    casts: frozenset[int] = frozenset()


def has_percents(text: str) -> bool:
    """Return whether a statement has placeholders as `%s` and `%(name)s`."""
    return _PLACEHOLDER.search(text) is not None


def has_numbers(text: str) -> bool:
    """Return whether a statement has placeholders as `$1`."""
    return any(token.kind == "parameter" for token in tokens(text))


def has_colons(text: str) -> bool:
    """Return whether a statement has placeholders as `:name`."""
    return any(True for _ in _colons(text))


def sent_as_is(text: Text) -> Converted:
    """Return a statement whose placeholders are the server's."""
    return Converted(text, (), _casts(str(text)))


def from_percents(text: Text) -> Converted:
    """Convert `%s` and `%(name)s`.

    Raises:
        howdah.ProgrammingError: a placeholder is wrong.
    """
    parsed = parse_query(str(text))
    numbers: dict[str, int] = {}
    edits = []
    for count, match in enumerate(m for m in _PERCENT.finditer(str(text)) if m[0] != "%%"):
        number = numbers.setdefault(match[1], len(numbers)) if match[1] else count
        edits.append((match.start(), match.end(), f"${number + 1}"))
    edits += [(m.start(), m.end(), "%") for m in _PERCENT.finditer(str(text)) if m[0] == "%%"]
    converted = text.replaced(sorted(edits))
    return Converted(converted, parsed.names or (), _casts(str(converted)))


def from_colons(text: Text) -> Converted:
    """Convert `:name`, and psql's `:'name'`."""
    numbers: dict[str, int] = {}
    edits = []
    for start, end, name in _colons(str(text)):
        edits.append((start, end, f"${numbers.setdefault(name, len(numbers)) + 1}"))
    converted = text.replaced(edits)
    return Converted(converted, tuple(numbers), _casts(str(converted)))


def query_in_copy(text: Text) -> Text:
    """Return the query whose columns a COPY has; the statement itself if it is another one.

    The server checks nothing but the syntax of a COPY that is only prepared.
    """
    string = str(text)
    found = [token for token in tokens(string) if token.kind not in ("space", "comment")]
    if len(found) < 3 or found[0].text.upper() != "COPY":
        return text
    if found[1].text == "(":
        return text.part(found[1].end, found[_closing(found, 1)].start)
    at = 1
    while found[at + 1 : at + 2] and found[at + 1].text == ".":
        at += 2
    table = text.part(found[1].start, found[at].end)
    select, source = ((0, found[0].end, "SELECT"), " FROM ")
    head = text.part(0, found[0].end).replaced([select])
    if found[at + 1 : at + 2] and found[at + 1].text == "(":
        closing = found[_closing(found, at + 1)]
        columns = text.part(found[at + 1].end, closing.start)
    else:
        columns = text.part(found[1].start, found[1].end).replaced([(0, len(found[1].text), "*")])
    space = head.replaced([(0, len(str(head)), " ")])
    between = head.replaced([(0, len(str(head)), source)])
    return head + space + columns + between + table


def _closing(found: Sequence[Token], opening: int) -> int:
    """Return the index of the parenthesis that closes another one, the last token's without any."""
    depth = 0
    for index in range(opening, len(found)):
        depth += {"(": 1, ")": -1}.get(found[index].text, 0)
        if not depth:
            return index
    return len(found) - 1


def _colons(text: str) -> list[tuple[int, int, str]]:
    """Return the beginning, the end and the name of each `:name`; in a subscript, `a[1:n]`, it is a slice."""
    found = []
    subscripts: list[bool] = []
    previous: Token | None = None
    for token in tokens(text):
        if token.text == "[":
            # The brackets of ARRAY[...] are none, nor are those in them.
            after_value = previous is not None and (
                previous.kind in ("word", "quoted") or previous.text in ")]"
            )
            subscripts.append(after_value and previous is not None and previous.text.upper() != "ARRAY")
        elif token.text == "]" and subscripts:
            subscripts.pop()
        if previous is not None and previous.text == ":" and not any(subscripts):
            if token.kind == "word":
                found.append((previous.start, token.end, token.text))
            elif token.kind == "string" and token.text.startswith("'"):
                found.append((previous.start, token.end, token.text.strip("'")))
        previous = token
    return found


def _casts(text: str) -> frozenset[int]:
    """Return the numbers of the parameters before a `::`, or in a CAST(... AS ...)."""
    found = [token for token in tokens(text) if token.kind not in ("space", "comment")]
    casts = set()
    for before, token, after in zip([None, *found], found, [*found[1:], None], strict=False):
        if token.kind == "parameter" and after is not None:
            is_cast = after.text.upper() == "AS" and before is not None and before.text == "("
            if after.text == "::" or is_cast:
                casts.add(int(token.text[1:]) - 1)
    return frozenset(casts)
