"""What is scanned: the name of a relation, or a query."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from howdah.lazy.pattern import pattern
from howdah.sql import Composable, Identifier
from howdah_scan.fragments import Fragment

__all__ = ["Source"]

_QUERY = pattern(
    r"(?: \s | --[^\n]*\n | /\*.*?\*/ )* (?: \( | (?: SELECT | WITH | VALUES | TABLE ) (?: [\s(*] | $ ) )",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
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
        text = source.as_string(connection) if isinstance(source, Composable) else source
        if isinstance(source, Identifier) or not _QUERY.match(text):
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
