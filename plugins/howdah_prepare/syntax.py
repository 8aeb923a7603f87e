"""The SQL commands about prepared statements: recognised in queries, and composed.

Source: PostgreSQL documentation, PREPARE, EXECUTE, DEALLOCATE, and "Lexical Structure".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from howdah.lazy.pattern import pattern
from howdah.lazy.tuples import NamedTuple

__all__ = [
    "MAX_NAME",
    "Call",
    "deallocated",
    "has_numbered_placeholders",
    "has_placeholders",
    "is_script",
    "parse_execute",
    "prepared",
    "quote",
    "split",
]

#: The longest name that PostgreSQL keeps, in bytes (NAMEDATALEN - 1).
MAX_NAME = 63

# Each of these can match in one way only, so that a failure does not backtrack.
_SPACE = rb"(?: \s | --[^\n]* (?:\n|\Z) | /\* (?: [^*] | \*(?!/) )* (?: \*/ | \Z ) )"
_NAME = rb'(?P<name> "(?:[^"]|"")+" | [a-z_\x80-\xff][\w$\x80-\xff]* )'
_BEFORE_NAME = rb'(?: %b+ | (?=") )' % _SPACE
_FLAGS = re.IGNORECASE | re.DOTALL | re.VERBOSE

_EXECUTE = pattern(
    rb"""%(s)b* EXECUTE %(b)b %(n)b %(s)b*
    (?: \( %(s)b* (?P<arguments> (?: \$\d+ %(s)b* (?: , %(s)b* \$\d+ %(s)b* )* )? ) \) %(s)b* )?
    (?: ; %(s)b* )? \Z"""
    % {b"s": _SPACE, b"b": _BEFORE_NAME, b"n": _NAME},
    _FLAGS,
)
_PREPARE = pattern(
    rb"%(s)b* PREPARE %(b)b %(n)b %(s)b* (?P<types> \( (?: [^()] | \( [^()]* \) )* \) %(s)b* )?"
    rb"AS (?= %(s)b | [(\"] ) (?P<query> .* ) \Z" % {b"s": _SPACE, b"b": _BEFORE_NAME, b"n": _NAME},
    _FLAGS,
)
_DEALLOCATE = pattern(
    rb'%(s)b* DEALLOCATE (?: %(s)b+ PREPARE (?= %(s)b+ ["a-z_\x80-\xff] | " ) )? %(b)b %(n)b'
    % {b"s": _SPACE, b"b": _BEFORE_NAME, b"n": _NAME},
    _FLAGS,
)
_TOKEN = pattern(
    rb"""
      (?P<semicolon> ; )
    | (?P<number> \$\d+ )
    # An unclosed one extends to the end.
    | \b e'(?: [^'\\] | '' | \\. )*'
    | '[^']*'  # one with a doubled quote in it is two
    | "[^"]*"
    | \$(?P<tag> (?: [a-z_\x80-\xff][\w\x80-\xff]* )? )\$ (?: .*? \$(?P=tag)\$ | .* )
    | [a-z_\x80-\xff][\w$\x80-\xff]*  # a $ in a word is a letter of it
    | --[^\n]*
    | /\*.*?(?: \*/ | \Z )
    """,
    _FLAGS,
)


#: The first word, and what precedes it.
_FIRST_WORD = pattern(rb"(?:[\s(]|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*([A-Za-z]+)")
_INTO = pattern(rb"(?i:\binto\b)")
#: The commands whose rollback removes nothing that a statement could refer to.
_HARMLESS = frozenset(
    b"ANALYZE BEGIN CHECKPOINT CLOSE COMMIT COPY DEALLOCATE DECLARE DELETE DISCARD END EXECUTE EXPLAIN FETCH"
    b" INSERT LISTEN LOCK MERGE MOVE NOTIFY PREPARE RELEASE RESET ROLLBACK SAVEPOINT SELECT SET SHOW START"
    b" TABLE TRUNCATE UNLISTEN UPDATE VALUES WITH".split()
)


class Call(NamedTuple):
    """An EXECUTE whose arguments are placeholders.

    Attributes:
        name: the name of the statement.
        exactly: the name as it would be if it were quoted.
        arguments: for each argument, the index of its parameter, from 0.
    """

    name: bytes
    exactly: bytes
    arguments: tuple[int, ...]


@lru_cache(maxsize=512)
def parse_execute(query: bytes) -> Call | None:
    """Return what an EXECUTE calls, None for any other query, or if an argument is not a placeholder."""
    found = _EXECUTE.match(query)
    if found is None:
        return None
    arguments = _TOKEN.finditer(found["arguments"] or b"")
    name = _unquoted(found["name"])
    exactly = name if found["name"].startswith(b'"') else found["name"][:MAX_NAME]
    return Call(
        name, exactly, tuple([int(found["number"][1:]) - 1 for found in arguments if found["number"]])
    )


def prepared(query: bytes) -> tuple[bytes, bytes, bool] | None:
    """Return the name and the query of a PREPARE and whether it lists types, None for any other query."""
    found = _PREPARE.match(query)
    if found is None:
        return None
    return _unquoted(found["name"]), found["query"].strip(), found["types"] is not None


def deallocated(query: bytes) -> bytes | None:
    """Return the name that a DEALLOCATE drops, None for any other query."""
    found = _DEALLOCATE.match(query)
    return None if found is None else _unquoted(found["name"])


def split(script: bytes) -> list[bytes]:
    """Return the statements of a script."""
    ends = [found.start() for found in _TOKEN.finditer(script) if found["semicolon"]]
    statements = [
        script[start:end] for start, end in zip([0, *[end + 1 for end in ends]], [*ends, len(script)])
    ]
    return [statement for statement in statements if re.sub(_SPACE, b"", statement, flags=_FLAGS)]


def first_word(query: bytes) -> bytes:
    """Return the first word of a query, in capitals, empty if it begins with something else."""
    found = _FIRST_WORD.match(query)
    return b"" if found is None else found[1].upper()


def changes_schema(script: bytes, tags: Sequence[bytes]) -> bool:
    """Return whether statements may have created, changed or dropped what other statements refer to.

    Args:
        script: the statements.
        tags: their command tags, none if they are not known.
    """
    for text in split(script) if b";" in script else [script]:
        word = first_word(text)
        if word not in _HARMLESS:
            return True
        if word in (b"SELECT", b"WITH") and _INTO.search(text):
            return True
        if word == b"EXPLAIN" and b"create" in text.lower():  # EXPLAIN ANALYZE CREATE TABLE AS
            return True
    return any(tag.partition(b" ")[0] not in _HARMLESS for tag in tags if tag)


def is_script(query: bytes) -> bool:
    """Return whether a query is several statements, which cannot be prepared."""
    return b";" in query and len(split(query)) > 1


def has_numbered_placeholders(query: bytes) -> bool:
    """Return whether there is a `$1` in a query, outside of quotes and comments."""
    return any(found["number"] for found in _TOKEN.finditer(query))


def has_placeholders(query: bytes) -> bool:
    """Return whether there is a placeholder like `%s` or `%(name)s` in a query."""
    return re.search(rb"(?<!%)(?:%%)*%(?:\([^()]+\))?[sbt]", query) is not None


def quote(name: bytes) -> bytes:
    """Return a name in double quotes, for SQL."""
    return b'"' + name.replace(b'"', b'""') + b'"'


def _unquoted(name: bytes) -> bytes:
    """Return the name that a name in SQL stands for."""
    if name.startswith(b'"'):
        return name[1:-1].replace(b'""', b'"')[:MAX_NAME]
    return name.lower()[:MAX_NAME]
