"""Which queries have changed something, as far as their text and their command tags say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from howdah.client.query import LONGEST_CACHED, without_comments
from howdah.lazy.pattern import pattern

__all__ = ["changes_statements", "has_changed"]

#: How the command tags of statements that change something begin.
_CHANGING = (
    b"INSERT", b"UPDATE", b"DELETE", b"MERGE", b"COPY", b"CREATE", b"ALTER", b"DROP", b"TRUNCATE",
    b"CALL", b"DO", b"GRANT", b"REVOKE", b"COMMENT", b"NOTIFY", b"REFRESH", b"LISTEN", b"UNLISTEN",
    b"IMPORT", b"REASSIGN", b"SECURITY",
)  # fmt: skip
#: The tags of queries that may have changed something all the same.
_DOUBTFUL = (b"SELECT", b"EXPLAIN")
#: Words without which a query of such a tag changes nothing by itself.
_WORD = pattern(rb"(?i)\b(?:insert|update|delete|merge|create|into)\b")
_QUOTED = pattern(rb"""(?s)"[^"]*"?|'[^']*'?|\$(\w*)\$.*?\$\1\$""")
#: Queries that return rows, or their number, and change something.
_WRITES = pattern(
    rb"""(?isx) [\s(]* (?:
        create \b
      | (?: with | explain \b .*? \b analy[zs]e ) \b .* \b (?<! \b for \s ) (?<! \b key \s )
        (?: insert | update | delete | merge | create ) \b
      | (?: select | with | explain \b .*? \b analy[zs]e ) \b .* \b into \b
    )"""
)


#: Commands after which a prepared statement may be gone, or return other columns.
_ALTERING = pattern(rb"(?i)(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*(?:alter|deallocate|drop)\b")


def changes_statements(query: bytes) -> bool:
    """Return whether a command may change what prepared statements return, or drop them."""
    return _ALTERING.match(query) is not None


def has_changed(query: bytes | None, tags: Sequence[bytes]) -> bool:
    """Return whether a query that has succeeded has changed something.

    What a function does that it calls is not known.

    Args:
        query: its text, None if that is not known.
        tags: its command tags.
    """
    for tag in tags:
        if tag.startswith(_CHANGING):
            return True
        if query is not None and tag.startswith(_DOUBTFUL):
            return _writes_cached(query) if len(query) <= LONGEST_CACHED else _writes(query)
    return False


def _writes(query: bytes) -> bool:
    """Return whether a query writes, although it returns rows."""
    if _WORD.search(query) is None:
        return False
    return _WRITES.match(_QUOTED.sub(b"''", without_comments(query))) is not None


_writes_cached = lru_cache(maxsize=512)(_writes)
