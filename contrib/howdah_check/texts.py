"""SQL text that knows where in the project's files each character comes from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

__all__ = ["FileOrigin", "Origin", "Piece", "Place", "Text"]


class Place(NamedTuple):
    """A place in a file of the project.

    Attributes:
        path: the file.
        line: the number of the line, from 1.
        column: the number of the character in the line, from 1.
    """

    path: Path
    line: int
    column: int


class Origin(Protocol):
    """Where text comes from."""

    def place(self, offset: int) -> Place:
        """Return the place of a character, by its offset in the text of the origin."""


class FileOrigin:
    """Text that is the whole of a file.

    Args:
        path: the file.
        text: its contents.
    """

    def __init__(self, path: Path, text: str) -> None:
        self.path = path
        self._starts = [0, *(index + 1 for index, char in enumerate(text) if char == "\n")]

    def place(self, offset: int) -> Place:
        """Return the place of a character, by its offset in the file."""
        line = bisect_right(self._starts, offset)
        return Place(self.path, line, offset - self._starts[line - 1] + 1)


class Piece(NamedTuple):
    """A part of a text.

    Attributes:
        text: the characters.
        origin: where they come from.
        offset: the offset in the origin of the first one.
        fixed: whether all of them come from that place: the piece replaces what the file has there.
    """

    text: str
    origin: Origin
    offset: int = 0
    fixed: bool = False

    def part(self, start: int, end: int) -> Piece:
        """Return a part of the piece."""
        return self._replace(text=self.text[start:end], offset=self.offset + (0 if self.fixed else start))


class Text:
    """Text in pieces.

    Args:
        pieces: the pieces; there is at least one.

    Attributes:
        pieces: as given.
    """

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self.pieces: Sequence[Piece] = tuple(pieces)
        self._string = "".join([piece.text for piece in self.pieces])

    def __str__(self) -> str:
        return self._string

    def __add__(self, other: Text) -> Text:
        return Text([*self.pieces, *other.pieces])

    def place(self, offset: int = 0) -> Place:
        """Return the place of a character.

        Args:
            offset: its offset in the text; that of the last character stands for all after it.
        """
        last = self.pieces[0]
        for piece in self.pieces:
            if offset < len(piece.text):
                return piece.origin.place(piece.offset + (0 if piece.fixed else offset))
            offset -= len(piece.text)
            last = piece if piece.text else last
        return last.origin.place(last.offset + (0 if last.fixed else max(len(last.text) - 1, 0)))

    def part(self, start: int, end: int) -> Text:
        """Return a part of the text.

        Args:
            start: the offset of its first character.
            end: the offset after its last one.
        """
        parts = []
        at = 0
        for piece in self.pieces:
            first, last = max(start - at, 0), min(end - at, len(piece.text))
            if first < last:
                parts.append(piece.part(first, last))
            at += len(piece.text)
        return Text(parts or [self.pieces[0].part(0, 0)])

    def replaced(self, edits: Iterable[tuple[int, int, str]]) -> Text:
        """Return the text with some parts replaced; what replaces a part comes from the part's place.

        Args:
            edits: the beginning, the end and the replacement of each part, in order.
        """
        pieces: list[Piece] = []
        at = 0
        for start, end, replacement in edits:
            pieces += self.part(at, start).pieces
            first = self.part(start, end).pieces[0]
            pieces.append(first._replace(text=replacement, fixed=True))
            at = end
        return Text([*pieces, *self.part(at, len(self._string)).pieces])
