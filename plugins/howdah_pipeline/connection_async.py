"""What connections get from the plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from howdah.connection_async import AsyncConnection
    from howdah_pipeline.pipeline_async import AsyncPipeline

__all__ = ["AsyncPipelining"]


class AsyncPipelining:
    """Connections have pipelines."""

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[AsyncPipeline]:
        """Return a block in which queries are sent without waiting for their answers.

        Inside of a pipeline it is the same one again, which it syncs at its begin and end.

        Raises:
            howdah.Error: at its end, the first error that has not been raised yet.
        """
        from howdah_pipeline.pipeline_async import AsyncPipeline

        connection = cast("AsyncConnection[Any]", self)
        pipeline = connection.deferral
        if not isinstance(pipeline, AsyncPipeline):
            pipeline = AsyncPipeline(connection)
        async with pipeline:
            yield pipeline
