"""The exchange of a command that sends rows as well as COPY data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from howdah.protocol.exchange import QueryExchange
from howdah.protocol.messages import CopyResponse

__all__ = ["RowsAndCopyExchange"]


class RowsAndCopyExchange(QueryExchange):
    """A query whose rows are kept, as are the messages of its COPY, which make it ready.

    Args:
        query: the text, for errors that have a position in it.
        describe: makes the decoder of the rows.

    Attributes:
        copied: the messages that have not been taken.
        copy_begun: the formats and the direction of the COPY, once it has begun.
    """

    def __init__(self, *, query: bytes, describe: Any) -> None:
        super().__init__(query=query, describe=describe)
        self.copied: list[bytes] = []
        self.copy_begun: CopyResponse | None = None

    def begin_copy(self, response: CopyResponse) -> bool:
        """Note that the COPY has begun; return True: the owner handles it."""
        self.copy = response
        self.copy_begun = self.copy_begun or response
        self.wake()
        return True

    def keep_copied(self, data: bytes) -> None:
        """Keep a message."""
        self.copied.append(data)
        self.wake()

    def discard(self) -> None:
        """Discard the messages that were not taken."""
        self.copied.clear()

    @property
    def kept(self) -> Sequence[Any]:
        """The messages that are kept for the owner to take."""
        return self.copied
