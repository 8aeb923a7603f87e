"""What the plugin adds to connections."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from howdah.client.connection_async import AsyncConnection
    from howdah_pipeline.pipeline_async import AsyncPipeline

__all__ = ["AsyncPipelineBlock", "AsyncPipelining"]


class AsyncPipelineBlock:
    """A block in a pipeline, which may be nested in others.

    Args:
        connection: the connection.
    """

    _pipeline: AsyncPipeline | None = None
    _level = 0

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def __aenter__(self) -> AsyncPipeline:
        from howdah_pipeline.pipeline_async import AsyncPipeline

        pipeline = self._connection.kernel.pipeline_mode
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
        # An exception, such as one of a signal handler, may have interrupted the leaving.
        if self._pipeline is not None:
            self._pipeline.end_later(self._level)


class AsyncPipelining:
    """Adds `pipeline` to connections."""

    def pipeline(self) -> AsyncPipelineBlock:
        """Return a block in which queries are sent without waiting for their answers.

        Inside of a pipeline it is the same pipeline, which is synced when the block begins and ends.

        Raises:
            howdah.Error: at its end, the first error that has not been raised yet.
        """
        return AsyncPipelineBlock(cast("AsyncConnection[Any]", self))
