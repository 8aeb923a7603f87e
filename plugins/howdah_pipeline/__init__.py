"""Pipelines: queries sent without waiting for the answers to those before.

Source: PostgreSQL documentation, "Pipelining".
"""

from __future__ import annotations

from collections.abc import Iterable

from howdah.hookspecs import Mixins, hookimpl
from howdah_pipeline.connection import Pipelining
from howdah_pipeline.connection_async import AsyncPipelining
from howdah_pipeline.pipeline import Pipeline
from howdah_pipeline.pipeline_async import AsyncPipeline

__all__ = ["AsyncPipeline", "AsyncPipelining", "Pipeline", "Pipelining"]


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce pipelines."""
    return ["pipeline"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `pipeline`."""
    return Mixins(connection=Pipelining, async_connection=AsyncPipelining)
