"""What traces and metrics may say of a statement: a summary, and the text without its values.

Source: OpenTelemetry, "Semantic conventions for database client spans": query summaries, sanitization.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

__all__ = ["StatementDescription", "describe_statement"]

#: The longest summary, as the convention recommends.
_MAX_SUMMARY = 255
#: Longer statements are described by their beginning, in characters.
_MAX_TEXT = 100_000
#: Longer statements are described each time, in bytes: those with many literals in them rarely come again.
_MAX_KEPT = 10_000

# The spaces, digits and names of PostgreSQL's lexer: all that is not ASCII is a letter.
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<comment>--[^\n\r]*|/\*)
    | (?P<literal>
        [eE]'(?:[^'\\]|\\(?:.|\Z)|'')*(?:'|\Z)
        | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|\Z)
        | \$(?P<tag>(?:[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*)?)\$.*?(?:\$(?P=tag)\$|\Z)
        | 0[xXoObB][0-9a-fA-F_]+
        | (?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?
      )
    | (?P<name>
        (?:"(?:[^"]|"")*"|[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)
        (?:\s*\.\s*(?:"(?:[^"]|"")*"|[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*))*
      )
    | (?P<unterminated>".*)
    | (?P<parameter>\$\d+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
#: The rest of a literal with escapes that goes on in another line.
_CONTINUED = re.compile(
    r"(?P<between>(?:\s|--[^\n\r]*(?=[\n\r]))+)'(?:[^'\\]|\\(?:.|\Z)|'')*(?:'|\Z)", re.DOTALL | re.ASCII
)

_COMMENT_MARK = re.compile(r"/\*|\*/")

#: The commands that a summary lists wherever they stand in a statement.
_COMMANDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})
#: What follows CREATE, ALTER or DROP, and belongs to the name of the operation.
_KINDS = frozenset(
    {
        "TABLE",
        "VIEW",
        "INDEX",
        "SEQUENCE",
        "SCHEMA",
        "TYPE",
        "DOMAIN",
        "FUNCTION",
        "PROCEDURE",
        "EXTENSION",
        "ROLE",
        "USER",
        "DATABASE",
        "TRIGGER",
    }
)
_DEFINING = frozenset({"CREATE", "ALTER", "DROP"})
#: The words after which the name of a collection comes.
_BEFORE_TARGETS = frozenset({"FROM", "JOIN", "INTO", "USING"})
#: The commands after which it comes at once.
_BEFORE_TARGET_AT_ONCE = frozenset({"UPDATE", "COPY", "TRUNCATE", "CALL", "TABLE", "LOCK"})
#: The words after which UPDATE and the like are no commands: FOR UPDATE, DO UPDATE, ON DELETE.
_BEFORE_NO_COMMAND = frozenset({"FOR", "DO", "THEN", "NO", "KEY", "ON"})
#: The words between those and the name.
_SKIPPED = frozenset({"ONLY", "LATERAL", "IF", "NOT", "EXISTS", "CONCURRENTLY", "TABLE"})
#: The words that end a list of collections.
_AFTER_TARGETS = frozenset(
    {
        "WHERE",
        "SET",
        "ON",
        "GROUP",
        "ORDER",
        "HAVING",
        "LIMIT",
        "OFFSET",
        "UNION",
        "VALUES",
        "RETURNING",
        "WHEN",
        "WINDOW",
        "FOR",
        "FETCH",
        "DEFAULT",
    }
)


class StatementDescription(NamedTuple):
    """What may be said of a statement.

    Attributes:
        summary: its commands and the collections that they use, such as `SELECT animal`; empty if unknown.
        operation: its first word, in capitals; empty without one.
        text: the text without comments, with `?` for each literal.
        parameterized: whether it has placeholders, so that its values are not in the text.
        collection: the table of a COPY, None for other statements, which may use several.
        several: whether it may be several statements.
    """

    summary: str
    operation: str
    text: str
    parameterized: bool
    collection: str | None
    several: bool


def describe_statement(query: bytes, encoding: str = "utf-8", standard: bool = True) -> StatementDescription:
    """Describe a statement; the most recent descriptions are kept, except those of long statements.

    Args:
        query: the text, as it is sent to the server.
        encoding: its encoding.
        standard: whether `standard_conforming_strings` is known to be on. If not, what follows a literal with
            a backslash before a quote is left out, because the literal may go on there.
    """
    describe = _described if len(query) <= _MAX_KEPT else _describe
    return describe(query, encoding, standard)


def _describe(query: bytes, encoding: str, standard: bool) -> StatementDescription:
    source = query[:_MAX_TEXT].decode(encoding, "replace")
    text: list[str] = []
    summary = _Summary()
    parameterized = ended = several = False
    position = 0
    while found := _TOKEN.match(source, position):
        kind, token, position = found.lastgroup, found[0], found.end()
        if kind == "comment":
            text.append(" ")
            if token == "/*":
                position = _comment_end(source, position)
            continue
        if found["literal"] is not None:
            kind, position = "literal", _literal_end(source, found, standard)
        if kind in ("literal", "unterminated"):
            token = "?"
        if kind != "space":
            several = several or (ended and token != ";")
            ended = ended or token == ";"
            parameterized = parameterized or kind == "parameter"
            summary.add(kind or "", token)
        text.append(token)
    return StatementDescription(
        summary.text(), summary.operation, "".join(text).strip(), parameterized, summary.collection, several
    )


_described = lru_cache(maxsize=1000)(_describe)


def _comment_end(source: str, position: int) -> int:
    """Return where a comment ends that begins before a position: there may be comments in it."""
    depth = 1
    while depth:
        found = _COMMENT_MARK.search(source, position)
        if found is None:
            return len(source)
        position = found.end()
        depth += 1 if found[0] == "/*" else -1
    return position


def _literal_end(source: str, found: re.Match[str], standard: bool) -> int:
    """Return where a literal ends, at the latest."""
    literal, position = found[0], found.end()
    if literal[0] in "eE":
        # Lines that go on with a literal have its escapes.
        while (more := _CONTINUED.match(source, position)) and not {"\n", "\r"}.isdisjoint(more["between"]):
            position = more.end()
    elif not standard and literal[0] != "$" and "\\'" in literal:
        return len(source)
    return position


class _Summary:
    """The summary of a statement, made from its tokens."""

    def __init__(self) -> None:
        self.operation = ""
        self.collection: str | None = None
        self._parts: list[str] = []
        self._word = ""
        #: Whether the next name is that of a collection; and whether another one follows after a comma.
        self._wanted = False
        self._listing = False
        #: For each parenthesis around the token, whether a command stands in it, and the former `_listing`.
        self._nested: list[list[bool]] = []

    def text(self) -> str:
        """Return the summary: whole parts only, so that it does not end in the middle of a name."""
        length, kept = 0, []
        for part in self._parts:
            length += len(part) + 1
            if length > _MAX_SUMMARY + 1:
                break
            kept.append(part)
        return " ".join(kept)

    def add(self, kind: str, token: str) -> None:
        """Take the next token that is neither a space nor a comment."""
        if kind == "name":
            self._add_name(token)
            return
        if token == "(":
            self._nested.append([False, self._listing or self._wanted])
            self._listing = False
        elif token == ")" and self._nested:
            self._listing = self._nested.pop()[1]
        elif token == ";":
            self._nested.clear()
            self._listing = False
        self._wanted = token == "," and self._listing

    def _add_name(self, token: str) -> None:
        word = token.upper()
        before, self._word = self._word, word
        if not self.operation:
            self._begin(word)
        elif word in _COMMANDS and not (word != "SELECT" and before in _BEFORE_NO_COMMAND):
            self._parts.append(word)
            if self._nested:
                self._nested[-1][0] = True
            self._wanted, self._listing = word == "UPDATE", False
        elif self.operation in _DEFINING and len(self._parts) == 1 and word in _KINDS:
            self._parts.append(word)
            self._wanted = True
        elif word in _BEFORE_TARGETS:
            self._wanted = before != "DISTINCT" and self._is_of_command()
        elif word in _AFTER_TARGETS:
            self._wanted = self._listing = False
        elif self._wanted and word not in _SKIPPED:
            self._add_target(re.sub(r"\s*\.\s*", ".", token))

    def _begin(self, word: str) -> None:
        self.operation = word
        if word != "WITH":
            self._parts.append(word)
        self._wanted = word in _BEFORE_TARGET_AT_ONCE

    def _is_of_command(self) -> bool:
        """Return whether a word belongs to a command, not to a function such as `extract(… FROM …)`."""
        return self._nested[-1][0] if self._nested else self.operation != "COPY"

    def _add_target(self, target: str) -> None:
        self._parts.append(target)
        if self._parts == ["COPY", target]:
            self.collection = target
        self._wanted, self._listing = False, True
