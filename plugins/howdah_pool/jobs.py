"""The jobs of the workers of a pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

__all__ = ["Close", "Connect", "Job", "ReportFailure"]

C = TypeVar("C")


@dataclass(eq=False)
class Connect:
    """Open a connection; then call `connected`, `connect_failed` or `connect_cancelled` of the state."""


@dataclass
class Close(Generic[C]):
    """Close connections that the pool has removed."""

    connections: list[C]


@dataclass
class ReportFailure:
    """Call `reconnect_failed`."""


Job: TypeAlias = "Connect | Close[Any] | ReportFailure"
