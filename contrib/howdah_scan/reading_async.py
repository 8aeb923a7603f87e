"""Reading tasks: a connection that has imported the snapshot of their scan."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import howdah
from howdah.errors import DatabaseError
from howdah_scan.errors import SnapshotLost
from howdah_scan.parts import parts
from howdah_scan.snapshot import BEGIN, IDENTITY, LIMITS

if TYPE_CHECKING:
    import pyarrow as pa

    from howdah_scan.pieces import Piece
    from howdah_scan.task import Task

__all__ = ["AsyncReader"]

_SET = """\
SELECT pg_catalog.set_config(name, value, true)
FROM ROWS FROM (pg_catalog.unnest(%s::text[]), pg_catalog.unnest(%s::text[])) AS s(name, value)
"""
_COUNT_CHANGED = """\
SELECT pg_catalog.count(*)
FROM ROWS FROM (pg_catalog.unnest(%s::oid[]), pg_catalog.unnest(%s::oid[])) AS f(relation, file)
WHERE pg_catalog.pg_relation_filenode(relation) IS DISTINCT FROM file
"""


class AsyncReader:
    """A connection in a transaction at the snapshot of a scan; it reads tasks of the scan, one after another.

    Args:
        connection: the connection.
    """

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @classmethod
    async def open(cls, task: Task, piece: Piece) -> AsyncReader:
        """Connect to the server of a piece, and import the snapshot of its scan.

        Args:
            task: the task.
            piece: a piece of it.

        Raises:
            howdah_scan.SnapshotLost: the snapshot is gone.
            howdah.Error: connecting fails.
        """
        address = task.address if piece.server is None else task.address.at(*piece.server)
        connection = await howdah.AsyncConnection.connect(**address.arguments())
        reader = cls(connection)
        try:
            await reader._begin(task)
        except BaseException as error:
            with connection.kernel.clean_up(error):
                await connection.close()
            raise
        return reader

    @classmethod
    async def read(
        cls, task: Task, batch_rows: int, batch_bytes: int | None
    ) -> AsyncGenerator[pa.RecordBatch]:
        """Yield the batches of a task, over a connection for it."""
        left = task.limit
        reader: AsyncReader | None = None
        server = None
        try:
            for piece in task.pieces:
                if reader is None or piece.server != server:
                    if reader is not None:
                        await reader.close()
                    server = piece.server
                    reader = await cls.open(task, piece)
                async with aclosing(reader.batches(task, piece, left, batch_rows, batch_bytes)) as batches:
                    async for batch in batches:
                        if left is not None:
                            left -= batch.num_rows
                        yield batch
                if left == 0:
                    return
        finally:
            if reader is not None:
                await reader.close()

    async def _begin(self, task: Task) -> None:
        connection, snapshot = self.connection, task.snapshot
        await connection.execute(BEGIN)
        if snapshot is None:
            await connection.execute(LIMITS)
            return
        try:
            await connection.execute(snapshot.statement())
        except DatabaseError as error:
            if not snapshot.lost(error):
                raise
            raise SnapshotLost(
                "the snapshot of the scan is gone: the scan has been closed, or its connection is lost;"
                " begin it again"
            ) from None
        snapshot.check(tuple(await (await connection.execute(IDENTITY)).fetchone()))
        await connection.execute(LIMITS)
        await connection.execute(_SET, (list(snapshot.settings), list(snapshot.settings.values())))

    async def batches(
        self, task: Task, piece: Piece, limit: int | None, batch_rows: int, batch_bytes: int | None
    ) -> AsyncGenerator[pa.RecordBatch]:
        """Yield the batches of a piece.

        Args:
            task: the task.
            piece: a piece of it.
            limit: how many rows are wanted; None for all.
            batch_rows: how many rows a batch has at most.
            batch_bytes: how many bytes a batch has at most.
        """
        if piece.files:
            await self._check_files(piece)
        query, params = task.statement(piece, limit)
        schema = task.schema
        async with aclosing(self.connection.cursor().stream_arrow(query, params, size=batch_rows)) as batches:
            async for batch in batches:
                if batch.schema != schema:
                    batch = batch.cast(schema)
                for part in parts(batch, batch_bytes):
                    yield part

    async def _check_files(self, piece: Piece) -> None:
        """Lock the heaps of a piece, and check that they are those whose blocks the scan has counted."""
        await self.connection.execute(f"SELECT FROM {piece.source} LIMIT 0")
        oids, files = zip(*piece.files)
        cursor = await self.connection.execute(_COUNT_CHANGED, (list(oids), list(files)))
        if (await cursor.fetchone())[0]:
            raise SnapshotLost(
                f"{piece.relation} has been rewritten since the connection of the scan was lost:"
                " begin the scan again"
            )

    async def close(self) -> None:
        """Close the connection."""
        await self.connection.close()
