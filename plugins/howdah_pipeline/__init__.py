"""Pipelines: queries sent without waiting for the answers to those before.

Source: PostgreSQL documentation, "Pipelining".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_pipeline.connection import Pipelining
    from howdah_pipeline.connection_async import AsyncPipelining
    from howdah_pipeline.pipeline import Pipeline
    from howdah_pipeline.pipeline_async import AsyncPipeline
    from howdah_pipeline.sharing import AsyncSharing

__all__ = ["AsyncPipeline", "AsyncPipelining", "AsyncSharing", "Pipeline", "Pipelining"]

if not TYPE_CHECKING:  # who checks types finds a misspelt name
    __getattr__ = on_first_use(
        __name__,
        {
            "connection": ("Pipelining",),
            "connection_async": ("AsyncPipelining",),
            "pipeline": ("Pipeline",),
            "pipeline_async": ("AsyncPipeline",),
            "sharing": ("AsyncSharing",),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce pipelines."""
    return ["pipeline"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `pipeline`, and a lock that can be shared to async connections."""
    return Mixins(
        connection="howdah_pipeline.connection:Pipelining",
        async_connection="howdah_pipeline.connection_async:AsyncPipelining",
        async_kernel="howdah_pipeline.sharing:AsyncSharing",
    )


@hookimpl
def howdah_connection_opened(connection: Any) -> None:
    """Let the queries of many tasks share round trips."""
    if hasattr(connection.kernel, "share"):
        connection.kernel.share()


@hookimpl
def howdah_connection_closed(connection: Any) -> None:
    """Leave no task behind."""
    if hasattr(connection.kernel, "unshare"):
        connection.kernel.unshare()
