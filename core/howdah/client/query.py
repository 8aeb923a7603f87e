"""Queries with placeholders, and the parameters that go into them.

>>> query = parse_query("SELECT %(a)s, %(b)s, %(a)s")
>>> query.text
b'SELECT $1, $2, $1'
>>> query.bind({"a": 10, "b": 20})
[10, 20]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

from howdah.adapt.base import PyFormat
from howdah.adapt.encodings import encoded
from howdah.errors import ProgrammingError
from howdah.lazy.pattern import pattern
from howdah.protocol.messages import MAX_TEXT

__all__ = [
    "LONGEST_CACHED",
    "NO_COPY",
    "ParsedQuery",
    "RawQuery",
    "changes_encoding",
    "changes_path",
    "controls_transaction",
    "copies_in",
    "parse_query",
    "without_comments",
]

# A query of more characters than this is seldom sent twice, and would fill the memory if kept.
LONGEST_CACHED = 8192
ZERO_BYTE = "the query contains a zero byte, which PostgreSQL cannot take"
TOO_LONG = "the query has {} bytes; PostgreSQL takes less than 1 GB"
NO_COPY = "COPY cannot be used with {}: use cursor.copy() instead"

_PLACEHOLDER = pattern(
    rb"""
    %(?: (?P<percent> % )
      | (?: \( (?P<name> [^)]+ ) \) )? (?P<format> [sbt] )
      | (?: \( [^)]* \)? )? (?: [\x00-\x7f] | [\x80-\xff]+ )?  # wrong: as much as the message shows
    )""",
    re.VERBOSE,
)
#: The first bytes that a COPY can have, with comments before it or without.
_BEFORE_COPY = frozenset({b"C", b"c", b"-", b"/", b" ", b"\t", b"\n", b"\v", b"\f", b"\r"})
#: Matches COPY after comments; and a comment with another one in it, which `_COPY_IN` has to decide.
_COPY = pattern(
    rb"(?: \s | --[^\n]*\n | /\* (?: [^*/] | \*(?!/) | /(?!\*) )* \*/ )* (?: COPY \b | /\* )",
    re.IGNORECASE | re.VERBOSE,
)
#: Comments; and quoted names and strings, which contain none. An unclosed one extends to the end.
_COMMENT = pattern(rb"""(?P<quoted> "[^"]*"? | '[^']*'? ) | --[^\n]* | /\*""", re.VERBOSE)
_COMMENT_MARK = pattern(rb"/\*|\*/")
_COPY_IN = pattern(rb"(?isx) \s* COPY \b (?! \s* \( ) .*? \b FROM \s+ STDIN \b")
_TRANSACTION_CONTROL = frozenset(
    {b"ABORT", b"BEGIN", b"CALL", b"COMMIT", b"DO", b"END", b"PREPARE", b"ROLLBACK", b"START"}
)
_COMMIT = pattern(
    rb"(?:\s|;|--[^\n]*\n|/\*.*?\*/)*(?:commit|end|prepare\s+transaction)\b", re.IGNORECASE | re.DOTALL
)
#: Commands that may change the client encoding without naming it; and words, one of which each has.
_ENCODING = pattern(
    rb"""\b (?: set (?: %(s)b (?: session | local ) )? %(s)b names | (?: reset | discard ) %(s)b all ) \b"""
    % {b"s": rb"(?: \s | --[^\n]*\n | /\* (?: [^*] | \*(?!/) )* \*/ )+"},
    re.IGNORECASE | re.VERBOSE,
)
_ENCODING_WORDS = b"names", b"reset", b"discard"
_FORMATS = {format.value.encode(): format for format in PyFormat}


def copies_in(text: bytes) -> bool:
    """Return whether a statement is a COPY FROM STDIN, during which the server accepts no other messages."""
    if text[:1] not in _BEFORE_COPY or _COPY.match(text) is None:
        return False
    return _COPY_IN.match(without_comments(text)) is not None


def without_comments(text: bytes) -> bytes:
    """Return a statement with spaces in place of its comments, which nest."""
    parts = []
    at = 0
    while (found := _COMMENT.search(text, at)) is not None:
        end = found.end()
        level = 1 if found[0] == b"/*" else 0
        while level and (mark := _COMMENT_MARK.search(text, end)) is not None:
            level += 1 if mark[0] == b"/*" else -1
            end = mark.end()
        parts += [text[at : found.start()], found["quoted"] or b" "]
        at = len(text) if level else end
    return b"".join([*parts, text[at:]])


def commits(text: bytes) -> bool:
    """Return whether the first statement of a text is a COMMIT or a PREPARE TRANSACTION."""
    return _COMMIT.match(text) is not None


def controls_transaction(text: bytes) -> bool:
    """Return whether only the server knows if a transaction is open after the statement."""
    if text.lstrip()[:2] in (b"--", b"/*"):
        text = without_comments(text).lstrip()
    words = text[:20].split(None, 1)
    return bool(words) and words[0].rstrip(b";").upper() in _TRANSACTION_CONTROL


def changes_encoding(text: bytes) -> bool:
    """Return whether a query may change the client encoding, as far as its text says."""
    text = text.lower()
    if b"client_encoding" in text or b"set_config" in text:
        return True
    return any(word in text for word in _ENCODING_WORDS) and _ENCODING.search(text) is not None


def changes_path(text: bytes) -> bool:
    """Return whether a query may change the search path, as far as its text says."""
    text = text.lower()
    return b"search_path" in text or b"set_config" in text


class ParsedQuery:
    """A query whose placeholders `%s`, `%b`, `%t`, `%(name)s`… have become `$1`, `$2`….

    Args:
        parts: the query in pieces: text, without doubled percent signs, and in place of each
            placeholder the index of its parameter, from 0.
        formats: the format that each placeholder asks for.
        names: the name of each parameter; None if they are positional.

    Attributes:
        parts: as given, for parameters that are merged into the text on the client.
        formats: as given.
        names: as given.
        text: the query as it is sent to the server.
    """

    __slots__ = ("formats", "names", "parts", "text")

    def __init__(
        self, parts: tuple[bytes | int, ...], formats: tuple[PyFormat, ...], names: tuple[str, ...] | None
    ) -> None:
        self.parts = parts
        self.formats = formats
        self.names = names
        self.text = b"".join([part if isinstance(part, bytes) else b"$%d" % (part + 1) for part in parts])

    def __repr__(self) -> str:
        return f"<ParsedQuery {self.text!r}>"

    def encoded(self, encoding: str) -> ParsedQuery:
        """Return the query in another encoding than UTF-8.

        Args:
            encoding: the name of a Python codec.

        Raises:
            howdah.DataError: the encoding cannot represent it.
        """
        parts = [encoded(part.decode(), encoding) if isinstance(part, bytes) else part for part in self.parts]
        return ParsedQuery(tuple(parts), self.formats, self.names)

    def bind(self, params: Sequence[Any] | Mapping[str, Any]) -> Sequence[Any]:
        """Return the parameters in the order of `formats`.

        Args:
            params: a sequence for positional placeholders, a mapping for named ones.

        Raises:
            howdah.ProgrammingError: a parameter is missing or too many.
            TypeError: `params` is not of the kind that the placeholders need.
        """
        if self.names is not None:
            return self._bind_named(self.names, params)
        if type(params) is not tuple and type(params) is not list:
            if isinstance(params, Mapping):
                if self.formats:
                    raise TypeError(
                        "positional placeholders (%s) need a sequence of parameters, not a mapping"
                    )
                return ()
            check_sequence(params)
        if len(params) != len(self.formats):
            hint = "" if self.formats else "; a placeholder is %s, or $1 in fetch() and raw cursors"
            raise ProgrammingError(
                f"the query has {len(self.formats)} placeholders"
                f" but {len(params)} parameters were passed{hint}"
            )
        return params

    def _bind_named(self, names: tuple[str, ...], params: Sequence[Any] | Mapping[str, Any]) -> list[Any]:
        if type(params) is not dict and not isinstance(params, Mapping):
            check_sequence(params)
            raise TypeError("named placeholders (%(name)s) need a mapping of parameters, not a sequence")
        try:
            return [params[name] for name in names]
        except KeyError:
            missing = [name for name in names if name not in params]
            if not missing:
                raise
            raise ProgrammingError(f"query parameters missing: {', '.join(missing)}") from None


class _Numbers:
    """What messages call the parameters of a query with placeholders `$1`, `$2`…, by their indexes."""

    def __getitem__(self, index: int) -> str:
        return f"${index + 1}"


class RawQuery:
    """A query with PostgreSQL's own placeholders `$1`, `$2`…, sent as it is.

    Args:
        query: the text; a str is encoded as UTF-8.

    Attributes:
        text: the query as it is sent to the server.
        formats: `PyFormat.AUTO` for each parameter, once they are bound.
    """

    __slots__ = ("formats", "text")

    #: Its placeholders have numbers; these are for messages.
    names = cast("Sequence[str]", _Numbers())

    def __init__(self, query: bytes | str) -> None:
        self.text = query.encode() if isinstance(query, str) else query
        self.formats: tuple[PyFormat, ...] = ()

    def __repr__(self) -> str:
        return f"<RawQuery {self.text!r}>"

    def bind(self, params: Sequence[Any]) -> Sequence[Any]:
        """Return the parameters; the server checks whether there are enough.

        Raises:
            howdah.ProgrammingError: there are more parameters than the query has placeholders for.
            TypeError: `params` is not a sequence.
        """
        if isinstance(params, Mapping):
            raise TypeError("raw queries ($1) need a sequence of parameters, not a mapping")
        check_sequence(params)
        count = len(params)
        # The server accepts, and ignores, a parameter of a known type that the query does not mention.
        if count and b"$%d" % count not in self.text and not re.search(rb"\$0+%d(?!\d)" % count, self.text):
            hint = (
                "; placeholders of fetch() and raw cursors are $1, $2 and so on" if b"%" in self.text else ""
            )
            raise ProgrammingError(
                f"the query has no placeholder ${count}, but {count} parameters were passed{hint}"
            )
        self.formats = (PyFormat.AUTO,) * count
        return params


def check_sequence(params: object) -> None:
    """Raise `TypeError` unless `params` is a sequence of parameters, which a str is not."""
    if not isinstance(params, Sequence) or isinstance(params, (str, bytes, bytearray, memoryview)):
        raise TypeError(
            f"query parameters must be a sequence or a mapping, not {type(params).__name__}:"
            " write [value] for a single one"
        )


def parse_query(query: bytes | str) -> ParsedQuery:
    """Return a query with its placeholders in PostgreSQL's style.

    Only for queries that come with parameters: in one without, a `%` has no special meaning.

    Args:
        query: the text; a str is encoded as UTF-8, bytes are sent as they are.

    Raises:
        howdah.ProgrammingError: a placeholder is wrong.
    """
    return _parse_cached(query) if len(query) <= LONGEST_CACHED else _parse(query)


def _parse(query: bytes | str) -> ParsedQuery:
    text = query.encode() if isinstance(query, str) else query
    if 0 in text:
        raise ProgrammingError(ZERO_BYTE)
    if len(text) > MAX_TEXT:
        raise ProgrammingError(TOO_LONG.format(len(text)))
    parts: list[bytes | int] = []
    formats: list[PyFormat] = []
    names: dict[str, int] = {}
    literal = bytearray()
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        percent, name, letter = match.groups()
        if percent:
            literal += b"%"
            continue
        if not letter:
            raise _wrong(match[0].decode(errors="replace").rstrip())
        if formats and bool(name) is not bool(names):
            raise ProgrammingError("positional (%s) and named (%(name)s) placeholders cannot be mixed")
        format = _FORMATS[letter]
        index = len(formats)
        if name:
            index = names.setdefault(_name(name), index)
        if index == len(formats):
            formats.append(format)
        elif formats[index] is not format:
            raise ProgrammingError(f"the placeholders named {_name(name)!r} have different formats")
        parts += (bytes(literal), index) if literal else (index,)
        literal.clear()
    literal += text[end:]
    if literal:
        parts.append(bytes(literal))
    return ParsedQuery(tuple(parts), tuple(formats), tuple(names) or None)


_parse_cached = lru_cache(maxsize=512)(_parse)


def _name(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise ProgrammingError(f"the name of a placeholder is not UTF-8: {name!r}") from None


def _wrong(placeholder: str) -> ProgrammingError:
    if re.fullmatch(r"%\(([^)]*|[^)]+\)|\).*)", placeholder):
        return ProgrammingError(f"incomplete placeholder {placeholder!r}; a name is written %(name)s")
    if placeholder[-1].isalnum():
        return ProgrammingError(
            f"the placeholders are %s, %b and %t, not {placeholder!r}; for a percent sign, write %%"
        )
    return ProgrammingError(f"incomplete placeholder {placeholder!r}; for a percent sign, write %%")
