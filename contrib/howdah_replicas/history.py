"""Which positions belong to the history of a timeline.

Source: PostgreSQL documentation, 25.3.6 "Timelines"; a promotion writes the history file.
"""

from __future__ import annotations

import re

from howdah_replicas.token import Token

__all__ = ["History"]

_LINE = re.compile(r"^\s*(\d+)\s+([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})", re.MULTILINE)


class History:
    """The history of a timeline: where it has left each of its ancestors.

    Args:
        timeline: the timeline.
        text: the content of its history file.
    """

    def __init__(self, timeline: int, text: str) -> None:
        self.timeline = timeline
        self._ends = {
            int(parent): (int(high, 16) << 32) | int(low, 16) for parent, high, low in _LINE.findall(text)
        }

    @staticmethod
    def query(timeline: int) -> bytes:
        """Return the query for the content of a timeline's history file; NULL if there is none.

        Args:
            timeline: the timeline.
        """
        return b"SELECT pg_catalog.pg_read_file('pg_wal/%08X.history', 0, 1048576, true)" % timeline

    def has_lost(self, token: Token) -> bool:
        """Return whether the position of a token is not a part of the history.

        Args:
            token: the token.
        """
        if token.timeline >= self.timeline or token.is_open_ended:
            return False
        end = self._ends.get(token.timeline)
        return end is None or token.lsn > end
