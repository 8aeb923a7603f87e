# Generated from plugins/howdah_pipeline/pipeline_async.py by .ci/async_to_sync.py; do not edit.
"""The pipeline of a connection."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah_pipeline.pipeline_base import BasePipeline

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.client.connection import Connection

__all__ = ["Pipeline"]


class Pipeline(BasePipeline):
    """A block in which queries are sent without waiting for their answers.

    Made by `Connection.pipeline`. A cursor waits for its answer when it is
    asked for rows; `sync` and the end of the block wait for all.

    Source: PostgreSQL documentation, "Pipelining".
    """

    _connection: Connection[Any]

    def sync(self) -> None:
        """Send what is left, and wait for all answers.

        Outside of a transaction this commits what has been sent since the last `sync`.

        Raises:
            howdah.Error: the first error that has not been raised yet.
        """
        with self._connection.kernel.lock:
            self._connection.kernel.wait(self._sync())

    def __enter__(self) -> Self:
        with self._connection.kernel.lock:
            self._connection.kernel.wait(self._enter())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        with self._connection.kernel.lock:
            with self._connection.kernel.clean_up(exc_val):
                error = self._connection.kernel.wait(self._exit())
        try:
            if error is not None:
                if exc_val is None:
                    raise error
                if (type(exc_val), exc_val.args) != (type(error), error.args):
                    # The exception that is propagating says more than this one.
                    import logging

                    logging.getLogger("howdah").warning("error ignored at the end of a pipeline: %s", error)
        finally:
            del error  # which would refer to this frame
