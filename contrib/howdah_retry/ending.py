"""Whether a query of the function may have ended the transaction.

Source: PostgreSQL documentation, COMMIT, END, ROLLBACK, ABORT, PREPARE TRANSACTION, "Lexical Structure".
"""

from __future__ import annotations

import re

__all__ = ["may_end_transaction"]

_QUOTED = re.compile(
    rb"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | --[^\n\r]* | /\*.*?\*/""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = rb"""
    COMMIT\b | END\b | ABORT\b | PREPARE\s+TRANSACTION\b
    | ROLLBACK\b(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b)
"""
_ANYWHERE = re.compile(rb"\b(?:" + _WORDS + rb")", re.VERBOSE | re.IGNORECASE)
_AT_THE_BEGINNING = re.compile(rb"(?:\A|;)\s*(?:" + _WORDS + rb")", re.VERBOSE | re.IGNORECASE)


def may_end_transaction(query: bytes) -> bool:
    """Return whether there is a command in a query that ends a transaction.

    Args:
        query: one statement or several. Where a backslash makes it uncertain which parts are literals, each
            word counts.
    """
    if rb"\'" in query:
        return _ANYWHERE.search(query) is not None
    return _AT_THE_BEGINNING.search(_QUOTED.sub(b" ", query)) is not None
