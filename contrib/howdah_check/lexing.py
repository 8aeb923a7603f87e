"""PostgreSQL's lexical structure: the tokens of SQL text, and the statements in a script.

Source: PostgreSQL documentation, "Lexical Structure", and the reference of psql.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Span", "Token", "first_of", "first_words", "split", "tokens"]

_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* )
  | (?P<block> /\* )
  | (?P<string> [eE]'(?: [^'\\] | \\. | '' )*'? | (?: [bBxXnN] | [uU]& )?'(?: [^'] | '' )*'? )
  | (?P<quoted> (?: [uU]& )?"(?: [^"] | "" )*"? )
  | (?P<dollar> \$(?: [^\W\d]\w* )?\$ )
  | (?P<parameter> \$\d+ )
  | (?P<word> [^\W\d][\w$]* )
  | (?P<number> \d+(?: \.\d+ )? )
  | (?P<space> \s+ )
  | (?P<cast> ::|:= )
  | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_BLOCK_MARK = re.compile(r"/\*|\*/")
_COPY_FROM_STDIN = re.compile(r"(?is)\s*COPY\b(?!\s*\().*\bFROM\s+STDIN\b")
_COPY_END = re.compile(r"^\\\.[ \t]*\r?$", re.MULTILINE)
_CREATE_ROUTINE = re.compile(r"(?i)CREATE (OR REPLACE )?(FUNCTION|PROCEDURE)\b")


class Token(NamedTuple):
    """A token.

    Attributes:
        kind: `word`, `string`, `quoted`, `parameter`, `number`, `comment`, `space`, `cast` or `other`.
        text: the text.
        start: the offset of its first character.
    """

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset after its last character."""
        return self.start + len(self.text)


class Span(NamedTuple):
    """A statement in a script.

    Attributes:
        start: the offset of its first character; comments before it belong to it.
        end: the offset after its last character, without the semicolon.
        empty: whether it consists of comments only.
    """

    start: int
    end: int
    empty: bool


def tokens(text: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens of a text.

    Args:
        text: the SQL; what is not closed extends to its end.
        start: the offset to begin at.
    """
    while (match := _TOKEN.match(text, start)) is not None:
        kind = match.lastgroup or "other"
        end = match.end()
        if kind == "block":
            kind, end = "comment", _end_of_block(text, end)
        elif kind == "dollar":
            close = text.find(match[0], end)
            kind, end = "string", len(text) if close < 0 else close + len(match[0])
        yield Token(kind, text[start:end], start)
        start = end


def first_words(text: str, count: int = 4) -> str:
    """Return the first words of a statement, in capitals, with one space between them.

    Args:
        text: the statement.
        count: how many tokens to return, at most.
    """
    found: list[str] = []
    for token in tokens(text):
        if token.kind not in ("space", "comment"):
            found.append(token.text.upper())
            if len(found) == count:
                break
    return " ".join(found)


def first_of(text: str) -> int:
    """Return the offset of the first character after spaces and comments, 0 if there is none."""
    return next((token.start for token in tokens(text) if token.kind not in ("space", "comment")), 0)


def split(text: str, *, psql: bool = False) -> list[Span]:
    """Return the statements of a script.

    Semicolons in parentheses and in the body of an SQL function (`BEGIN ATOMIC ... END`) end no statement.

    Args:
        text: the script.
        psql: whether psql runs it: meta-commands, and the data after COPY FROM STDIN, are skipped.
    """
    spans: list[Span] = []
    start = 0
    while start < len(text):
        end, after, empty = _statement(text, start, psql)
        first = next((t.start for t in tokens(text, start) if t.kind != "space"), end)
        if first < end:
            spans.append(Span(first, end, empty))
        if psql and not empty and _COPY_FROM_STDIN.match(text[first:end]) is not None:
            data_end = _COPY_END.search(text, after)
            after = len(text) if data_end is None else data_end.end()
        start = after
    return spans


def _statement(text: str, start: int, psql: bool) -> tuple[int, int, bool]:
    """Return where a statement ends, where the next one begins, and whether the statement is empty."""
    depth = 0
    words: list[str] = []
    body = _Body()
    for token in tokens(text, start):
        if token.kind in ("space", "comment"):
            continue
        if psql and token.text == "\\":
            line_end = text.find("\n", token.start)
            return token.start, len(text) if line_end < 0 else line_end, not words
        if token.text in "([":
            depth += 1
        elif token.text in ")]":
            depth = max(depth - 1, 0)
        elif token.text == ";" and not depth and not body.depth:
            return token.start, token.end, not words
        words.append(token.text.upper())
        body.see(words)
    return len(text), len(text), not words


class _Body:
    """Follows the body of an SQL function.

    Attributes:
        depth: how many BEGIN ATOMIC and CASE are open.
    """

    def __init__(self) -> None:
        self.depth = 0
        self._routine = False

    def see(self, words: list[str]) -> None:
        """Take note of a word.

        Args:
            words: all words of the statement up to this one.
        """
        if len(words) <= 4:
            self._routine = _CREATE_ROUTINE.match(" ".join(words)) is not None
        if not self._routine:
            return
        if words[-2:] == ["BEGIN", "ATOMIC"] or (self.depth and words[-1] == "CASE"):
            self.depth += 1
        elif self.depth and words[-1] == "END":
            self.depth -= 1


def _end_of_block(text: str, at: int) -> int:
    """Return where a comment ends; comments nest."""
    level = 1
    while level and (mark := _BLOCK_MARK.search(text, at)) is not None:
        level += 1 if mark[0] == "/*" else -1
        at = mark.end()
    return len(text) if level else at
