"""Where in a Python file the characters of a string literal are."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from howdah_check.texts import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LiteralOrigin"]

_LITERAL = re.compile(r"(?is)([a-z]*)('''|\"\"\"|'|\")(.*)\2")
_ESCAPE = re.compile(
    r"\\(?:(\r?\n)|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)", re.DOTALL
)


class LiteralOrigin:
    """A string that an expression of a Python module has: a literal, or a part of a formatted one.

    Args:
        path: the module's file.
        lines: its lines, with their ends.
        node: the expression; anything but a literal is the place of all of its characters.
        value: the string.
    """

    def __init__(self, path: Path, lines: Sequence[str], node: ast.expr, value: str) -> None:
        self._path = path
        self._lines = lines
        self._node = node
        self._value = value

    def place(self, offset: int) -> Place:
        """Return the place of a character, by its offset in the string."""
        offsets = self._offsets
        start = self._start
        if offsets is None:
            return Place(self._path, self._node.lineno, self._column(self._node.lineno) + 1)
        at = offsets[min(offset, len(offsets) - 1)] if offsets else 0
        before = self._source[:at]
        line = self._node.lineno + before.count("\n")
        column = at - (before.rfind("\n") + 1) + (0 if "\n" in before else start)
        return Place(self._path, line, column + 1)

    def _column(self, line: int) -> int:
        """Return the node's offset in its line, in characters: ast counts bytes."""
        return len(self._lines[line - 1].encode()[: self._node.col_offset].decode(errors="replace"))

    @cached_property
    def _start(self) -> int:
        return self._column(self._node.lineno)

    @cached_property
    def _source(self) -> str:
        """The source of the expression."""
        first, last = self._node.lineno, self._node.end_lineno or self._node.lineno
        lines = list(self._lines[first - 1 : last])
        lines[-1] = lines[-1].encode()[: self._node.end_col_offset].decode(errors="replace")
        lines[0] = lines[0][self._start :]
        return "".join(lines)

    @cached_property
    def _offsets(self) -> list[int] | None:
        """The offset in the source of each character, None if they cannot be told."""
        if isinstance(self._node, ast.Constant):
            found = _literal_offsets(self._source)
            if len(found) == len(self._value):
                return found
        at = self._source.find(self._value)
        if at >= 0 and self._value:
            return [*range(at, at + len(self._value))]
        return None


def _literal_offsets(source: str) -> list[int]:
    """Return the offset of each character of a literal, or of several that are joined."""
    offsets: list[int] = []
    starts = [0]
    # In parentheses, literals may stand in several lines.
    code = f"({source})"
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.STRING:
                at = starts[token.start[0] - 1] + token.start[1] - 1
                offsets += _token_offsets(token.string, at)
    except (tokenize.TokenError, SyntaxError):
        return []
    return offsets


def _token_offsets(token: str, at: int) -> list[int]:
    match = _LITERAL.fullmatch(token)
    if match is None:
        return []
    begin, end = match.span(3)
    if "r" in match[1].lower():
        return [*range(at + begin, at + end)]
    offsets = []
    while begin < end:
        escape = _ESCAPE.match(token, begin, end)
        if escape is None:
            offsets.append(at + begin)
            begin += 1
        else:
            if escape[1] is None:
                offsets.append(at + begin)
            begin = escape.end()
    return offsets
