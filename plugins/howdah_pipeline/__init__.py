"""Pipelines: queries are sent without waiting for the answers to earlier ones.

Source: PostgreSQL documentation, "Pipelining".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_pipeline.connection import Pipelining
    from howdah_pipeline.connection_async import AsyncPipelining
    from howdah_pipeline.pipeline import Pipeline
    from howdah_pipeline.pipeline_async import AsyncPipeline

__all__ = ["AsyncPipeline", "AsyncPipelining", "Pipeline", "Pipelining"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "connection": ("Pipelining",),
            "connection_async": ("AsyncPipelining",),
            "pipeline": ("Pipeline",),
            "pipeline_async": ("AsyncPipeline",),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce pipelines."""
    return ["pipeline"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `pipeline`."""
    return Mixins(
        connection="howdah_pipeline.connection:Pipelining",
        async_connection="howdah_pipeline.connection_async:AsyncPipelining",
    )
