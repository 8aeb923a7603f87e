"""Typical code for the drivers, in psycopg's way: a cursor for each query, in a transaction.

howdah and psycopg do the same here, to the letter: connections without autocommit, rows as dictionaries, and
`COPY` of text that the program makes. What only reads leaves its transaction open, as a connection without
autocommit does; what writes commits. asyncpg's usual way is `conn.fetch`, whose records are its dictionaries,
in autocommit; psycopg2 has `RealDictCursor`.
"""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

from tests.bench import aio
from tests.bench.contender import Contender
from tests.bench.workloads import CopyIn, ExecuteMany, Query

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.bench.secure import Address
    from tests.bench.workloads import Workload
    from tests.servers import Server

#: How much of the text is sent at a time, in characters.
BLOCK = 65536


def as_text(rows: list[tuple[Any, ...]]) -> StringIO:
    """Return a file with rows as `COPY … (FORMAT csv)` takes them."""
    file = StringIO()
    csv.writer(file).writerows(rows)
    file.seek(0)
    return file


def copying(workload: CopyIn) -> str:
    """Return the statement that stores what `as_text` has made."""
    return f"COPY {workload.table} FROM STDIN (FORMAT csv)"


class Async:
    """howdah or psycopg, whose cursors have the same methods and row factories.

    Args:
        name: The driver.
        connect: Opens a connection without autocommit.
        factory: Returns the factory of rows that are dictionaries.
    """

    def __init__(
        self, name: str, connect: Callable[[Any], Awaitable[Any]], factory: Callable[[], Any]
    ) -> None:
        self.name = name
        self.connect = connect
        self._factory = factory

    async def contender(self, workload: Workload, server: Server | Address) -> Contender:
        """Connect, and get ready for a workload."""
        conn = await self.connect(server)
        abilities: dict[type[Workload], Callable[[Any, Any], Callable[[], Awaitable[Any]]]] = {
            Query: self._query,
            ExecuteMany: self._executemany,
            CopyIn: self._copy_in,
        }
        return Contender(self.name, abilities[type(workload)](workload, conn), conn.close)

    def _query(self, workload: Query, conn: Any) -> Callable[[], Awaitable[Any]]:
        dict_row, sql, params = self._factory(), workload.sql, workload.params or None

        async def run() -> Any:
            async with conn.cursor(row_factory=dict_row) as cur:
                await cur.execute(sql, params)
                return await cur.fetchall()

        return run

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, rows = workload.insert, workload.rows

        async def run() -> None:
            async with conn.cursor() as cur:
                await cur.executemany(sql, rows)
            await conn.commit()

        return run

    def _copy_in(self, workload: CopyIn, conn: Any) -> Callable[[], Awaitable[Any]]:
        sql, rows = copying(workload), workload.rows

        async def run() -> None:
            file = as_text(rows)
            async with conn.cursor() as cur:
                async with cur.copy(sql) as copy:
                    while data := file.read(BLOCK):
                        await copy.write(data)
            await conn.commit()

        return run


class Blocking:
    """The same, blocking.

    Args:
        name: The driver.
        connect: Opens a connection without autocommit.
        factory: Returns the factory of rows that are dictionaries.
    """

    def __init__(self, name: str, connect: Callable[[Any], Any], factory: Callable[[], Any]) -> None:
        self.name = name
        self.connect = connect
        self._factory = factory

    def contender(self, workload: Workload, server: Server | Address) -> Contender:
        """Connect, and get ready for a workload."""
        conn = self.connect(server)
        abilities: dict[type[Workload], Callable[[Any, Any], Callable[[], Any]]] = {
            Query: self._query,
            ExecuteMany: self._executemany,
            CopyIn: self._copy_in,
        }
        return Contender(self.name, abilities[type(workload)](workload, conn), conn.close)

    def cursor(self, conn: Any) -> Any:
        """Open a cursor of which the rows are dictionaries."""
        return conn.cursor(row_factory=self._factory())

    def _query(self, workload: Query, conn: Any) -> Callable[[], Any]:
        cursor, sql, params = self.cursor, workload.sql, workload.params or None

        def run() -> Any:
            with cursor(conn) as cur:
                cur.execute(sql, params)
                return cur.fetchall()

        return run

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Any]:
        sql, rows = workload.insert, workload.rows

        def run() -> None:
            with conn.cursor() as cur:
                cur.executemany(sql, rows)
            conn.commit()

        return run

    def _copy_in(self, workload: CopyIn, conn: Any) -> Callable[[], Any]:
        sql, rows = copying(workload), workload.rows

        def run() -> None:
            file = as_text(rows)
            with conn.cursor() as cur:
                with cur.copy(sql) as copy:
                    while data := file.read(BLOCK):
                        copy.write(data)
            conn.commit()

        return run


class Psycopg2(Blocking):
    """psycopg2: a cursor class of its own for dictionaries, `execute_batch` for many rows, files for COPY."""

    def cursor(self, conn: Any) -> Any:
        """Open a cursor of which the rows are dictionaries."""
        return conn.cursor(cursor_factory=self._factory())

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Any]:
        from psycopg2.extras import execute_batch

        sql, rows = workload.insert, workload.rows

        def run() -> None:
            with conn.cursor() as cur:
                execute_batch(cur, sql, rows)
            conn.commit()

        return run

    def _copy_in(self, workload: CopyIn, conn: Any) -> Callable[[], Any]:
        sql, rows = copying(workload), workload.rows

        def run() -> None:
            with conn.cursor() as cur:
                cur.copy_expert(sql, as_text(rows))
            conn.commit()

        return run


async def _howdah_async(server: Server | Address) -> Any:
    import howdah

    return await howdah.AsyncConnection.connect(server.dsn)


async def _psycopg_async(server: Server | Address) -> Any:
    import psycopg

    return await psycopg.AsyncConnection.connect(server.dsn)


def _howdah(server: Server | Address) -> Any:
    import howdah

    return howdah.connect(server.dsn)


def _psycopg(server: Server | Address) -> Any:
    import psycopg

    return psycopg.connect(server.dsn)


def _psycopg2(server: Server | Address) -> Any:
    import psycopg2

    return psycopg2.connect(server.dsn)


def _howdah_rows() -> Any:
    from howdah.rows import dict_row

    return dict_row


def _psycopg_rows() -> Any:
    from psycopg.rows import dict_row

    return dict_row


def _psycopg2_rows() -> Any:
    from psycopg2.extras import RealDictCursor

    return RealDictCursor


ASYNC: tuple[Async | aio.Asyncpg, ...] = (
    Async("howdah", _howdah_async, _howdah_rows),
    aio.Asyncpg(),
    Async("psycopg", _psycopg_async, _psycopg_rows),
)
BLOCKING: tuple[Blocking, ...] = (
    Blocking("howdah", _howdah, _howdah_rows),
    Blocking("psycopg", _psycopg, _psycopg_rows),
    Psycopg2("psycopg2", _psycopg2, _psycopg2_rows),
)
