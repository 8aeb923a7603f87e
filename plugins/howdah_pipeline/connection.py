# Generated from plugins/howdah_pipeline/connection_async.py by .ci/async_to_sync.py; do not edit.
"""What the plugin adds to connections."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from howdah.client.connection import Connection
    from howdah_pipeline.pipeline import Pipeline

__all__ = ["PipelineBlock", "Pipelining"]


class PipelineBlock:
    """A block in a pipeline, which may be nested in others.

    Args:
        connection: the connection.
    """

    _pipeline: Pipeline | None = None
    _level = 0

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def __enter__(self) -> Pipeline:
        from howdah_pipeline.pipeline import Pipeline

        pipeline = self._connection.kernel.pipeline_mode
        if not isinstance(pipeline, Pipeline):
            pipeline = Pipeline(self._connection)
        self._level = pipeline.level
        self._pipeline = pipeline
        return pipeline.__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        assert self._pipeline is not None
        self._pipeline.__exit__(exc_type, exc_val, exc_tb)

    def __del__(self) -> None:
        # An exception, such as one of a signal handler, may have interrupted the leaving.
        if self._pipeline is not None:
            self._pipeline.end_later(self._level)


class Pipelining:
    """Adds `pipeline` to connections."""

    def pipeline(self) -> PipelineBlock:
        """Return a block in which queries are sent without waiting for their answers.

        Inside of a pipeline it is the same pipeline, which is synced when the block begins and ends.

        Raises:
            howdah.Error: at its end, the first error that has not been raised yet.
        """
        return PipelineBlock(cast("Connection[Any]", self))
