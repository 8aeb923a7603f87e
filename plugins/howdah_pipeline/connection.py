# Generated from plugins/howdah_pipeline/connection_async.py by .ci/generate_faces.py; do not edit.
"""What connections get from the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from howdah.connection import Connection
    from howdah_pipeline.pipeline import Pipeline

__all__ = ["Pipelining"]


class Pipelining:
    """Connections have pipelines."""

    @contextmanager
    def pipeline(self) -> Iterator[Pipeline]:
        """Return a block in which queries are sent without waiting for their answers.

        Inside of a pipeline it is the same one again, which it syncs at its begin and end.

        Raises:
            howdah.Error: at its end, the first error that has not been raised yet.
        """
        from howdah_pipeline.pipeline import Pipeline

        connection = cast("Connection[Any]", self)
        pipeline = connection.deferral
        if not isinstance(pipeline, Pipeline):
            pipeline = Pipeline(connection)
        with pipeline:
            yield pipeline
