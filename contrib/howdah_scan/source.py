"""What is scanned: the name of a relation, or a query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from howdah.client.query import without_comments
from howdah.lazy.pattern import pattern
from howdah.sql import Composable, Identifier
from howdah_scan.fragments import Fragment

__all__ = ["Source"]

#: How a query begins, without its comments. To the server, what is not ASCII is a letter. Unlike the other
#: words, VALUES may be the name of a table.
_QUERY = pattern(
    rb"\s* (?: \( | (?: SELECT | WITH | TABLE ) (?! [\w$\x80-\xff] ) | VALUES \s* \( )",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, repr=False)
class Source:
    """What is scanned.

    Args:
        text: the name of the relation, in SQL; or the query as an item of FROM.
        is_query: whether it is a query.
        params: the parameters of the query; None for a relation.
    """

    text: str
    is_query: bool = False
    params: Sequence[Any] | Mapping[str, Any] | None = None

    @classmethod
    def of(cls, source: str | Composable, params: Any, connection: Any) -> Source:
        """Return what a program means.

        Args:
            source: what it gave.
            params: the parameters that it gave for the query.
            connection: the connection of the scan.
        """
        if not isinstance(source, (str, Composable)):
            raise TypeError(f"the source is text or an sql.Composable, not {type(source).__name__}")
        text = source.as_string(connection) if isinstance(source, Composable) else source
        if isinstance(source, Identifier) or not _is_query(text):
            return cls(text)
        # A comment at its end ends with the line.
        return cls(f"({text.strip().rstrip(';')}\n) AS scanned", True, params)

    @property
    def name(self) -> str:
        """What messages call it."""
        return "a query" if self.is_query else self.text

    def fragment(self) -> Fragment:
        """Return it as a part of a statement."""
        return Fragment(self.text, self.params)


def _is_query(text: str) -> bool:
    return _QUERY.match(without_comments(text.encode("utf-8", "surrogatepass"))) is not None
