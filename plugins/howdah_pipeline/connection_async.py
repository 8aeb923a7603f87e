"""What connections get from the plugin."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from howdah.client.connection_async import AsyncConnection
    from howdah_pipeline.pipeline_async import AsyncPipeline

__all__ = ["AsyncPipelineBlock", "AsyncPipelining"]


class AsyncPipelineBlock:
    """A block in a pipeline, which may be one of several.

    Args:
        connection: the connection.
    """

    _pipeline: AsyncPipeline | None = None
    _level = 0

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def __aenter__(self) -> AsyncPipeline:
        from howdah_pipeline.pipeline_async import AsyncPipeline

        pipeline = self._connection.kernel.deferral
        if not isinstance(pipeline, AsyncPipeline):
            pipeline = AsyncPipeline(self._connection)
        self._level = pipeline.level
        self._pipeline = pipeline
        return await pipeline.__aenter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        assert self._pipeline is not None
        await self._pipeline.__aexit__(exc_type, exc_val, exc_tb)

    def __del__(self) -> None:
        # An exception of a signal handler came at the moment when it was left.
        if self._pipeline is not None:
            self._pipeline.end_later(self._level)


class AsyncPipelining:
    """Connections have pipelines."""

    def pipeline(self) -> AsyncPipelineBlock:
        """Return a block in which queries are sent without waiting for their answers.

        Inside of a pipeline it is the same one again, which it syncs at its begin and end.

        Raises:
            howdah.Error: at its end, the first error that has not been raised yet.
        """
        return AsyncPipelineBlock(cast("AsyncConnection[Any]", self))
