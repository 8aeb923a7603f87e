"""What a session has written, as a text that travels with the user's requests."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from struct import Struct
from typing import NamedTuple

from howdah_replicas.errors import InvalidToken

__all__ = ["Token"]

#: A version, and the fields of a token: 21 bytes, which base64 writes as 28 characters.
_FORMAT = Struct(">BQIQ")
_VERSION = 1
_TEXT_LENGTH = 28
_OPEN_ENDED = (1 << 64) - 1


class Token(NamedTuple):
    """A position in the log of a cluster: a read that has it sees every commit before it.

    `str(token)` is a short text of letters, digits, `-` and `_`; `Token.parse` reads it.

    Args:
        system: the system identifier of the cluster.
        timeline: the timeline of the primary.
        lsn: the position in its log, as a number of bytes.
    """

    system: int
    timeline: int
    lsn: int

    @classmethod
    def open_ended(cls, system: int, timeline: int) -> Token:
        """Return a token for a commit whose position is not known: only a primary has it.

        Args:
            system: the system identifier of the cluster.
            timeline: the timeline of the primary.
        """
        return cls(system, timeline, _OPEN_ENDED)

    @classmethod
    def parse(cls, text: str) -> Token:
        """Return the token that a text stands for. The text may come from anybody.

        Args:
            text: what `str(token)` has returned.

        Raises:
            InvalidToken: it is not the text of a token.
        """
        try:
            if len(text) != _TEXT_LENGTH:
                raise ValueError
            data = urlsafe_b64decode(text.encode("ascii"))
            if len(data) != _FORMAT.size:
                raise ValueError
            version, *fields = _FORMAT.unpack(data)
            token = cls(*fields)
            if version != _VERSION or str(token) != text or not token.timeline:
                raise ValueError
        except ValueError:  # binascii.Error is one
            raise InvalidToken("the text is not a token of howdah_replicas") from None
        return token

    @classmethod
    def merge(cls, *tokens: Token | None) -> Token | None:
        """Return the latest of some tokens: a read that has it has all of them. None among them is ignored.

        Args:
            tokens: the tokens.

        Raises:
            InvalidToken: they belong to different clusters.
        """
        present = [token for token in tokens if token is not None]
        if len({token.system for token in present}) > 1:
            raise InvalidToken("the tokens belong to different clusters, which have no common log")
        return max(present, default=None)

    @property
    def is_open_ended(self) -> bool:
        """Whether only a primary has it, because the position of a commit is not known."""
        return self.lsn == _OPEN_ENDED

    def __str__(self) -> str:
        return urlsafe_b64encode(_FORMAT.pack(_VERSION, *self)).decode()

    def __repr__(self) -> str:
        lsn = f"{self.lsn >> 32:X}/{self.lsn & 0xFFFFFFFF:X}"
        return f"<{type(self).__name__} {lsn} on timeline {self.timeline}>"
