"""Pipelines: queries sent without waiting for the answers to those before.

Source: PostgreSQL documentation, "Pipelining".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from howdah.hookspecs import Mixins, hookimpl
from howdah_pipeline.connection import Pipelining
from howdah_pipeline.connection_async import AsyncPipelining
from howdah_pipeline.pipeline import Pipeline
from howdah_pipeline.pipeline_async import AsyncPipeline
from howdah_pipeline.sharing import AsyncSharing

__all__ = ["AsyncPipeline", "AsyncPipelining", "AsyncSharing", "Pipeline", "Pipelining"]


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce pipelines."""
    return ["pipeline"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `pipeline`, and a lock that can be shared to async connections."""
    return Mixins(connection=Pipelining, async_connection=AsyncSharing)


@hookimpl
def howdah_connection_opened(connection: Any) -> None:
    """Let the queries of many tasks share round trips."""
    if isinstance(connection, AsyncSharing):
        connection.share()


@hookimpl
def howdah_connection_closed(connection: Any) -> None:
    """Leave no task behind."""
    if isinstance(connection, AsyncSharing):
        connection.unshare()
