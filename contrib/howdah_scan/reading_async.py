"""Reading tasks: a connection that has imported the snapshot of their scan."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import howdah
from howdah.errors import DatabaseError
from howdah_scan.errors import SnapshotLost
from howdah_scan.parts import parts
from howdah_scan.snapshot import BEGIN, IDENTITY, LIMITS, LOST_WORKERS

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
SELECT pg_catalog.count(*), coalesce(pg_catalog.to_regclass(%s)::oid = %s, false)
FROM ROWS FROM (pg_catalog.unnest(%s::oid[]), pg_catalog.unnest(%s::oid[])) AS f(relation, file)
WHERE pg_catalog.pg_relation_filenode(relation) IS DISTINCT FROM file
"""


class AsyncReader:
    """Reads tasks of one scan, one after another, over a connection at its snapshot.

    The connection opens for the first task, and opens again for shards on another server.
    """

    def __init__(self) -> None:
        self._connection: Any = None
        self._server: tuple[str, int] | None = None

    async def read(self, task: Task, batch_rows: int, batch_bytes: int) -> AsyncGenerator[pa.RecordBatch]:
        """Yield the batches of a task.

        Args:
            task: the task.
            batch_rows: how many rows a batch has at most.
            batch_bytes: how many bytes a batch has at most, unless it is a single row.

        Raises:
            howdah_scan.SnapshotLost: the snapshot is gone.
            howdah.Error: connecting fails, or the server reports an error.
        """
        left = task.limit
        for piece in task.pieces:
            if left == 0:
                return
            if self._connection is None or self._server != piece.server:
                await self._open(task, piece)
            if piece.oid:
                await self._check_relation(piece)
            query, params = task.statement(piece, left)
            cursor = self._connection.cursor()
            batches = cursor.stream_arrow(query, params, size=batch_rows, max_bytes=batch_bytes)
            async with aclosing(batches):
                async for batch in batches:
                    if left is not None:
                        left -= batch.num_rows
                    for part in parts(batch, batch_bytes):
                        yield part if part.schema == task.schema else part.cast(task.schema)

    async def _open(self, task: Task, piece: Piece) -> None:
        """Connect to the server of a piece, and import the snapshot."""
        await self.aclose()
        self._server = piece.server
        address = task.address if piece.server is None else task.address.at(*piece.server)
        self._connection = await howdah.AsyncConnection.connect(**address.arguments())
        await self._connection.execute(BEGIN)
        if task.snapshot is not None:
            await self._import(task)
        await self._connection.execute(LIMITS)
        await self._connection.execute(LOST_WORKERS)

    async def _import(self, task: Task) -> None:
        connection, snapshot = self._connection, task.snapshot
        assert snapshot is not None
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
        await connection.execute(_SET, (list(snapshot.settings), list(snapshot.settings.values())))

    async def _check_relation(self, piece: Piece) -> None:
        """Lock the tables of a piece, and check that they are those of the scan.

        As long as the scan is open, nobody can rewrite or rename them; but their schema can be renamed, and a
        table of the same name can be created in another schema of the search path.
        """
        await self._connection.execute(f"SELECT FROM {piece.source} LIMIT 0")
        oids, files = zip(*piece.files) if piece.files else ((), ())
        params = (piece.relation, piece.oid, list(oids), list(files))
        rewritten, is_same = await (await self._connection.execute(_COUNT_CHANGED, params)).fetchone()
        if not is_same:
            raise SnapshotLost(
                f"{piece.relation} is another relation than when the scan began: begin the scan again"
            )
        if rewritten:
            raise SnapshotLost(
                f"{piece.relation} has been rewritten since the connection of the scan was lost:"
                " begin the scan again"
            )

    async def cancel(self) -> None:
        """Ask the server to cancel the query that is running; another thread or task may call it."""
        connection = self._connection  # which the reader may close at any moment
        if connection is not None:
            await connection.cancel_safe(timeout=5.0)

    async def aclose(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
