"""What the workers of a pool do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

__all__ = ["Close", "Connect", "Job", "ReportFailure"]

C = TypeVar("C")


@dataclass(eq=False)
class Connect:
    """Make a connection, then tell the state: `connected`, `connect_failed` or `connect_cancelled`."""


@dataclass
class Close(Generic[C]):
    """Close connections that are no longer the pool's."""

    connections: list[C]


@dataclass
class ReportFailure:
    """Call `reconnect_failed`."""


Job: TypeAlias = "Connect | Close[Any] | ReportFailure"
