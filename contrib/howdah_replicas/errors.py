"""The errors of replicated pools."""

from __future__ import annotations

from howdah.errors import DataError, OperationalError

__all__ = ["InvalidToken", "LostToken", "NoPrimary", "StandbyTimeout"]


class InvalidToken(DataError):
    """A text is not a token, or a token is one of another cluster."""


class LostToken(OperationalError):
    """A fail-over has lost the commit that the token stands for: no server has it, and none will."""


class NoPrimary(OperationalError):
    """There was no primary in time."""


class StandbyTimeout(OperationalError):
    """No standby had replayed the token in time, and the primary was not to be read."""
