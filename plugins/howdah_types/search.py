"""tsvector and tsquery, which are `str` in Python, in the server's text format.

Source: PostgreSQL documentation, "Text Search Types"; for the binary formats
PostgreSQL's src/backend/utils/adt/tsvector.c and tsquery.c.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.adapt.encodings import as_utf8
from howdah.pq import Format
from howdah_types.base import TypeLoader, encoding_of
from howdah_types.textual import register_text_type

__all__ = ["SearchBinaryLoader", "TsqueryBinaryLoader", "TsvectorBinaryLoader"]

_COUNT = struct.Struct("!I")
_POSITION = struct.Struct("!H")

#: The weights of a position in a tsvector; D is not written.
_WEIGHTS = ("", "C", "B", "A")
_POSITION_BITS = 14

# The items of a tsquery: words, and operators. An operator is followed by its
# operands, the right one first.
_WORD, _OPERATOR = 1, 2
_NOT, _AND, _OR, _PHRASE = 1, 2, 3, 4
_PRIORITIES = {_OR: 1, _AND: 2, _PHRASE: 3, _NOT: 4}


class SearchBinaryLoader(TypeLoader):
    """One of these types as binary to `str`, in the server's text format."""

    format = Format.BINARY
    # The text format needs no conversion.
    prefer_binary = False

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        encoding = encoding_of(self.connection)
        self.encoding = "" if encoding == "ascii" else encoding

    def value(self, data: bytes) -> str | bytes:
        (count,) = _COUNT.unpack_from(data)
        text = self.text(_Reader(data, _COUNT.size, self.encoding or "utf-8"), count)
        return text.decode() if self.encoding else text

    def text(self, reader: _Reader, count: int) -> bytes:
        """Return a value with `count` items as text."""
        raise NotImplementedError


class _Reader:
    """Reads numbers and words from a value, one after the other."""

    def __init__(self, data: bytes, start: int, encoding: str) -> None:
        self._data = data
        self._encoding = encoding
        self._next = start

    def byte(self) -> int:
        self._next += 1
        return self._data[self._next - 1]

    def position(self) -> int:
        value: int = _POSITION.unpack_from(self._data, self._next)[0]
        self._next += _POSITION.size
        return value

    def word(self) -> bytes:
        """Return a word, recoded as UTF-8 if necessary."""
        end = self._data.index(b"\0", self._next)
        word = self._data[self._next : end]
        self._next = end + 1
        if self._encoding != "utf-8":
            word = as_utf8(word, self._encoding)
        return b"'%b'" % word.replace(b"\\", b"\\\\").replace(b"'", b"''")

    def end(self) -> None:
        if self._next != len(self._data):
            raise ValueError


class TsvectorBinaryLoader(SearchBinaryLoader):
    """tsvector as binary to `str`."""

    native = "howdah_types._native.scalars:TSVECTOR"

    def text(self, reader: _Reader, count: int) -> bytes:
        words = b" ".join([self._lexeme(reader) for _ in range(count)])
        reader.end()
        return words

    def _lexeme(self, reader: _Reader) -> bytes:
        word = reader.word()
        positions = ",".join(self._positions(reader))
        return b"%b:%b" % (word, positions.encode()) if positions else word

    def _positions(self, reader: _Reader) -> Iterator[str]:
        for _ in range(reader.position()):
            position = reader.position()
            yield f"{position & (1 << _POSITION_BITS) - 1}{_WEIGHTS[position >> _POSITION_BITS]}"


class TsqueryBinaryLoader(SearchBinaryLoader):
    """tsquery as binary to `str`."""

    native = "howdah_types._native.scalars:TSQUERY"

    def text(self, reader: _Reader, count: int) -> bytes:
        # A query may be as deep as it is long, so that recursion is not possible. The text is built from its
        # end, because the right operand of an operator comes before the left one.
        pieces: list[bytes] = []
        todo: list[bytes | tuple[int, bool]] = [(0, False)] if count else []
        while todo:
            piece = todo.pop()
            if isinstance(piece, tuple):
                todo += self._item(reader, *piece)
            else:
                pieces.append(piece)
        reader.end()
        return b"".join(reversed(pieces))

    def _item(self, reader: _Reader, outer: int, right_of_phrase: bool) -> list[bytes | tuple[int, bool]]:
        """Read an item.

        Args:
            reader: reads the value.
            outer: the precedence of the operator that it is an operand of.
            right_of_phrase: whether it is the right operand of `<->`.

        Returns:
            Its parts in the order of the text: pieces of text, and for operands the arguments for a call.
        """
        kind = reader.byte()
        if kind == _WORD:
            return [self._word(reader)]
        if kind != _OPERATOR:
            raise ValueError
        operator = reader.byte()
        priority = _PRIORITIES[operator]
        parentheses = priority < outer
        parts: list[bytes | tuple[int, bool]] = [(priority, False)]
        if operator == _NOT:
            parts.insert(0, b"!")
        else:
            sign = b" & " if operator == _AND else b" | "
            if operator == _PHRASE:
                distance = reader.position()
                sign = b" <-> " if distance == 1 else b" <%d> " % distance
                parentheses = parentheses or right_of_phrase
            parts += [sign, (priority, operator == _PHRASE)]
        return [b"( ", *parts, b" )"] if parentheses else parts

    def _word(self, reader: _Reader) -> bytes:
        weights, prefix = reader.byte(), reader.byte()
        flags = ("*" if prefix else "") + "".join(
            [letter for bit, letter in ((8, "A"), (4, "B"), (2, "C"), (1, "D")) if weights & bit]
        )
        return reader.word() + (f":{flags}".encode() if flags else b"")


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    for name, loader in (("tsvector", TsvectorBinaryLoader), ("tsquery", TsqueryBinaryLoader)):
        # For binary format they would have to be parsed and sorted here, so they are dumped as text.
        register_text_type(name, adapters, loader)
