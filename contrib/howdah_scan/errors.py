"""The error of a snapshot that is gone."""

from __future__ import annotations

from howdah.errors import OperationalError

__all__ = ["SnapshotLost"]


class SnapshotLost(OperationalError):
    """The snapshot of a scan does not exist any more, or is not on this server: begin the scan again."""
