"""The statistics of a pool."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["Statistics"]


@dataclass
class Statistics:
    """The counters of a pool. Times are in seconds here, and in milliseconds in the report.

    Attributes:
        requests_num: how often a client asked for a connection.
        requests_queued: how many of these requests had to wait.
        requests_wait_ms: how long they waited in total.
        requests_errors: how many of the requests got no connection.
        usage_ms: how long connections were in use, in total.
        returns_bad: how many connections were given back unusable.
        connections_num: how often the pool tried to connect.
        connections_ms: how long the successful attempts took in total.
        connections_errors: how many attempts failed.
        connections_lost: how many connections a check found broken.
    """

    requests_num: int = 0
    requests_queued: int = 0
    requests_wait_ms: float = 0.0
    requests_errors: int = 0
    usage_ms: float = 0.0
    returns_bad: int = 0
    connections_num: int = 0
    connections_ms: float = 0.0
    connections_errors: int = 0
    connections_lost: int = 0

    def report(self) -> dict[str, int]:
        """Return the counters as whole numbers."""
        return {
            field.name: int(getattr(self, field.name) * (1000 if field.name.endswith("_ms") else 1))
            for field in fields(self)
        }
