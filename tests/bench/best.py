"""The fastest code for the drivers, according to their documentation: autocommit and prepared statements.

howdah: one cursor a connection, tuples; it prepares by itself. psycopg: the same, with cursors that ask for
binary results. asyncpg: statements prepared once, and `fetch`. psycopg2: one cursor a connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.bench import aio, blocking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.workloads import Query


class Asyncpg(aio.Asyncpg):
    """asyncpg with a statement that the program prepares."""

    def _query(self, workload: Query, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, params, one = aio.numbered(workload.sql), workload.params, workload.one
        prepared: Any = None

        async def run() -> Any:
            nonlocal prepared
            if prepared is None:
                prepared = await conn.prepare(sql)
            return await (prepared.fetchrow(*params) if one else prepared.fetch(*params))

        return run


def _binary(conn: Any) -> Any:
    return conn.cursor(binary=True)


ASYNC: tuple[aio.CursorDriver | aio.Asyncpg, ...] = (
    aio.CursorDriver("howdah", "import howdah", aio.connect_howdah),
    Asyncpg(),
    aio.CursorDriver("psycopg", "import psycopg", aio.connect_psycopg, cursor=_binary),
)
BLOCKING: tuple[blocking.Driver, ...] = (
    blocking.Howdah("howdah", "import howdah", blocking.connect_howdah, blocking.executemany),
    blocking.Modern("psycopg", "import psycopg", blocking.connect_psycopg, blocking.executemany, _binary),
    blocking.Psycopg2("psycopg2", "import psycopg2", blocking.connect_psycopg2, blocking.execute_batch_of),
)
