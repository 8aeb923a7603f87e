"""The drivers that block: howdah, psycopg, psycopg2 and pg8000, all of them through the DB-API.

The measured code is the same for all of them, as far as the DB-API goes. Beyond it, howdah and psycopg share
theirs, psycopg2 has its own, and pg8000 is not measured.
"""

from __future__ import annotations

import asyncio
import csv
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from io import StringIO
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.bench import aio, memory
from tests.bench.contender import Contender
from tests.bench.importing import importing
from tests.bench.secure import over_tcp
from tests.bench.workloads import (
    ArrowIn,
    ArrowOut,
    ArrowScan,
    Batch,
    Connect,
    CopyIn,
    CopyOut,
    CopyRows,
    CopyText,
    ExecuteMany,
    Import,
    Memory,
    Once,
    Pipelined,
    Query,
    Scan,
    Threads,
    Tls,
    Transaction,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.secure import Address
    from tests.bench.workloads import Workload
    from tests.servers import Server


@dataclass(frozen=True)
class Driver:
    """A driver as the benchmark uses it.

    Args:
        name: Its name.
        imported: The statement that imports all of it that a first connection needs.
        connect: Opens a connection in autocommit.
        executemany: The best it has for many parameters: a function of cursor, statement and parameters.
        cursor: Opens a cursor of a connection.
    """

    name: str
    imported: str
    connect: Callable[[Any], Any]
    executemany: Callable[[Any, str, list[Any]], object]
    cursor: Callable[[Any], Any] = lambda conn: conn.cursor()

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready for a workload; None if the driver does not do it."""
        if isinstance(workload, Import):
            return importing(self.name, workload.statements.get(self.name, self.imported))
        if isinstance(workload, Connect):
            return Contender(self.name, self._connect(workload, server))
        if isinstance(workload, Memory):
            return memory.contender(self.name, "sync", workload, server)
        if isinstance(workload, (Threads, Tls)):
            return None
        ready = self.abilities().get(type(workload))
        if ready is None:
            return None
        conn = self.connect(server)
        return Contender(self.name, ready(workload, conn), conn.close)

    def abilities(self) -> dict[type[Workload], Callable[[Any, Any], Callable[[], Any]]]:
        """What gets ready for a kind of workload, over a connection."""
        return {
            Query: self._query,
            Once: self._once,
            ExecuteMany: self._executemany,
            Batch: self._batch,
            Transaction: self._transaction,
        }

    def _query(self, workload: Query, conn: Any) -> Callable[[], Any]:
        cur, sql, params = self.cursor(conn), workload.sql, workload.params

        def one_with_params() -> Any:
            cur.execute(sql, params)
            return cur.fetchone()

        def all_with_params() -> Any:
            cur.execute(sql, params)
            return cur.fetchall()

        def one() -> Any:
            cur.execute(sql)
            return cur.fetchone()

        def every() -> Any:
            cur.execute(sql)
            return cur.fetchall()

        if params:
            return one_with_params if workload.one else all_with_params
        return one if workload.one else every

    def _once(self, workload: Once, conn: Any) -> Callable[[], Any]:
        cur, sql, numbers = self.cursor(conn), workload.sql, count(1)

        def run() -> Any:
            cur.execute(f"{sql} -- {next(numbers)}")
            return cur.fetchall()

        return run

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Any]:
        cur, sql, rows, executemany = self.cursor(conn), workload.insert, workload.rows, self.executemany

        def run() -> None:
            cur.execute("BEGIN")
            executemany(cur, sql, rows)
            cur.execute("COMMIT")

        return run

    def _batch(self, workload: Batch, conn: Any) -> Callable[[], Any]:
        cur, sql, values = self.cursor(conn), workload.sql, workload.values

        def run() -> Any:
            rows = []
            for value in values:
                cur.execute(sql, (value,))
                rows.append(cur.fetchone())
            return rows

        return run

    def _transaction(self, workload: Transaction, conn: Any) -> Callable[[], Any]:
        cur, (read, change, note) = self.cursor(conn), workload.statements
        conn.autocommit = False

        def run() -> None:
            cur.execute(*read)
            cur.fetchone()
            cur.execute(*change)
            cur.execute(*note)
            conn.commit()

        return run

    def _connect(self, workload: Connect, server: Server) -> Callable[[], Any]:
        connect, sql = self.connect, workload.sql

        def run() -> Any:
            conn = connect(server)
            cur = conn.cursor()
            cur.execute(sql)
            row = cur.fetchone()
            conn.close()
            return row

        return run


class Modern(Driver):
    """howdah or psycopg, which have the same names for what the DB-API does not have."""

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready for a workload; None if the driver does not do it."""
        if isinstance(workload, Threads):
            return self.threads(workload, server, workload.threads)
        if isinstance(workload, Tls):
            clear = self._over_tcp(workload, server, "disable")
            return replace(self._over_tcp(workload, server, "require"), baseline=clear)
        return super().contender(workload, server)

    def _over_tcp(self, workload: Tls, server: Server, sslmode: str) -> Contender:
        conn = self.connect(over_tcp(server, sslmode))
        return Contender(self.name, self._query(workload, conn), conn.close, clock=workload.clock)

    def threads(self, workload: Threads, server: Server, count: int) -> Contender:
        """Connect so many times, and get ready to execute the queries in as many threads."""
        conns = [self.connect(server) for _ in range(count)]
        queries = [self._query(workload, conn) for conn in conns]
        pool = ThreadPoolExecutor(count)
        times = workload.threads * workload.times // count

        def work(query: Callable[[], Any]) -> Any:
            for _ in range(times):
                result = query()
            return result

        def run() -> Any:
            return max(pool.map(work, queries))

        def close() -> None:
            pool.shutdown()
            for conn in conns:
                conn.close()

        return Contender(self.name, run, close)

    def abilities(self) -> dict[type[Workload], Callable[[Any, Any], Callable[[], Any]]]:
        """What gets ready for a kind of workload, over a connection."""
        return {
            **super().abilities(),
            Pipelined: self._pipelined,
            CopyIn: self._copy_in,
            CopyText: self._copy_in,
            CopyOut: self._copy_out,
            CopyRows: self._copy_rows,
            Scan: self._scan,
        }

    def _pipelined(self, workload: Pipelined, conn: Any) -> Callable[[], Any]:
        cur, sql, rows = self.cursor(conn), workload.insert, workload.rows

        def run() -> None:
            with conn.pipeline(), conn.transaction():
                for row in rows:
                    cur.execute(sql, row)

        return run

    def _batch(self, workload: Batch, conn: Any) -> Callable[[], Any]:
        sql, values = workload.sql, workload.values

        def run() -> Any:
            with conn.pipeline():
                cursors = [conn.execute(sql, (value,)) for value in values]
                return [cur.fetchone() for cur in cursors]

        return run

    def _transaction(self, workload: Transaction, conn: Any) -> Callable[[], Any]:
        if not workload.block:
            return super()._transaction(workload, conn)
        cur, (read, change, note) = self.cursor(conn), workload.statements

        def run() -> None:
            with conn.transaction():
                cur.execute(*read)
                cur.fetchone()
                cur.execute(*change)
                cur.execute(*note)

        return run

    def _copy_in(self, workload: CopyIn | CopyText, conn: Any) -> Callable[[], Any]:
        cur, sql, rows, types = self.cursor(conn), workload.copy, workload.rows, workload.types

        def run() -> None:
            with cur.copy(sql) as copy:
                if types:
                    copy.set_types(types)
                for row in rows:
                    copy.write_row(row)

        return run

    def _copy_out(self, workload: CopyOut, conn: Any) -> Callable[[], Any]:
        cur, sql = self.cursor(conn), f"COPY ({workload.sql}) TO STDOUT"

        def run() -> int:
            size = 0
            with cur.copy(sql) as copy:
                for block in copy:
                    size += len(block)
            return size

        return run

    def _copy_rows(self, workload: CopyRows, conn: Any) -> Callable[[], Any]:
        cur, sql, types = (
            self.cursor(conn),
            f"COPY ({workload.sql}) TO STDOUT (FORMAT binary)",
            workload.types,
        )

        def run() -> Any:
            with cur.copy(sql) as copy:
                copy.set_types(types)
                return list(copy.rows())

        return run

    def _scan(self, workload: Scan, conn: Any) -> Callable[[], Any]:
        sql, itersize = workload.sql, workload.itersize

        def run() -> int:
            total = 0
            with conn.transaction(), conn.cursor("scan") as cur:
                cur.itersize = itersize
                cur.execute(sql)
                for row in cur:
                    total += row[0]
            return total

        return run


class Howdah(Modern):
    """howdah, which has more of its own."""

    def abilities(self) -> dict[type[Workload], Callable[[Any, Any], Callable[[], Any]]]:
        """What gets ready for a kind of workload, over a connection."""
        return {**super().abilities(), ArrowOut: self._arrow_out, ArrowIn: self._arrow_in}

    def _arrow_out(self, workload: ArrowOut, conn: Any) -> Callable[[], Any]:
        cur, sql = self.cursor(conn), workload.sql

        def run() -> tuple[int, ...]:
            return shape(cur.execute_arrow(sql).fetch_arrow())

        return run

    def _arrow_in(self, workload: ArrowIn, conn: Any) -> Callable[[], Any]:
        cur, table = self.cursor(conn), workload.table()

        def run() -> None:
            cur.copy_arrow_in("target", table)

        return run

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready for a workload."""
        if isinstance(workload, ArrowScan):
            return scanning(self.name, workload, server, workload.workers)
        return super().contender(workload, server)


class OneThread(Howdah):
    """howdah with a single thread, beside which many are measured."""

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready; None unless the workload is about threads."""
        if isinstance(workload, ArrowScan) and self.name in workload.peers_in("sync"):
            return scanning(self.name, workload, server, 1)
        return self.threads(workload, server, 1) if isinstance(workload, Threads) else None


class Psycopg2(Driver):
    """psycopg2, which copies from and to files, in a text format that the program makes."""

    def abilities(self) -> dict[type[Workload], Callable[[Any, Any], Callable[[], Any]]]:
        """What gets ready for a kind of workload, over a connection."""
        return {
            **super().abilities(),
            CopyText: self._copy_text,
            CopyOut: self._copy_out,
            Scan: self._scan,
        }

    def _copy_text(self, workload: CopyText, conn: Any) -> Callable[[], Any]:
        cur, sql, rows = self.cursor(conn), f"{workload.copy} (FORMAT csv)", workload.rows

        def run() -> None:
            file = StringIO()
            csv.writer(file).writerows(rows)
            file.seek(0)
            cur.copy_expert(sql, file)

        return run

    def _copy_out(self, workload: CopyOut, conn: Any) -> Callable[[], Any]:
        cur, sql = self.cursor(conn), f"COPY ({workload.sql}) TO STDOUT"

        def run() -> int:
            sink = Sink()
            cur.copy_expert(sql, sink)
            return sink.size

        return run

    def _scan(self, workload: Scan, conn: Any) -> Callable[[], Any]:
        sql, itersize = workload.sql, workload.itersize
        conn.autocommit = False

        def run() -> int:
            total = 0
            with conn, conn.cursor("scan") as cur:
                cur.itersize = itersize
                cur.execute(sql)
                for row in cur:
                    total += row[0]
            return total

        return run


class Asyncpg:
    """asyncpg, run by an event loop of its own, where the goals compare howdah with it."""

    name = "asyncpg"

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready for a workload; None if no goal is about asyncpg."""
        if self.name not in workload.peers_in("sync"):
            return None
        if isinstance(workload, Memory):
            return memory.contender(self.name, "sync", workload, server)
        loop = asyncio.new_event_loop()
        ready = loop.run_until_complete(aio.Asyncpg().contender(workload, server))
        assert ready is not None

        def run() -> Any:
            return loop.run_until_complete(ready.run())

        def close() -> None:
            loop.run_until_complete(ready.close())
            loop.close()

        return Contender(self.name, run, close)


class Adbc:
    """The PostgreSQL driver of Arrow Database Connectivity, for Arrow data only."""

    name = "adbc"

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Connect, and get ready for a workload; None if it is not about Arrow."""
        if not isinstance(workload, (ArrowOut, ArrowIn, ArrowScan)):
            return None
        import adbc_driver_postgresql.dbapi

        uri = f"postgresql://{server.user}@/{server.dbname}?host={server.host}&port={server.port}"
        conn = adbc_driver_postgresql.dbapi.connect(uri, autocommit=True)
        table = workload.table() if isinstance(workload, ArrowIn) else None

        def fetch() -> tuple[int, ...]:
            with conn.cursor() as cur:
                cur.execute(workload.sql)
                return shape(cur.fetch_arrow_table())

        def ingest() -> None:
            with conn.cursor() as cur:
                cur.adbc_ingest("target", table, mode="append")

        return Contender(self.name, fetch if table is None else ingest, conn.close)


class Connectorx:
    """connectorx, which reads only: it connects for every query."""

    name = "connectorx"

    def contender(self, workload: Workload, server: Server) -> Contender | None:
        """Get ready for a workload; None if it is not about reading Arrow data."""
        if not isinstance(workload, (ArrowOut, ArrowScan)):
            return None
        import connectorx

        parts: dict[str, Any] = {}
        if isinstance(workload, ArrowScan):
            parts = {"partition_on": "id", "partition_num": workload.workers}

        uri = f"postgresql://{server.user}@{quote(server.host, safe='')}:{server.port}/{server.dbname}"

        def run() -> tuple[int, ...]:
            return shape(connectorx.read_sql(uri, workload.sql, return_type="arrow", **parts))

        return Contender(self.name, run)


def scanning(name: str, workload: ArrowScan, server: Server, workers: int) -> Contender:
    """Return howdah with workers that read a large table."""
    import howdah

    with howdah.connect(server.dsn, autocommit=True) as conn:
        for statement in ArrowScan.schema.split(";"):
            conn.execute(statement)

    def run() -> tuple[int, ...]:
        with howdah.scan(server.dsn, "large", where=workload.where, partitions=4 * workers) as scan:
            return shape(scan.read(workers=workers))

    return Contender(name, run)


def shape(table: Any) -> tuple[int, ...]:
    """Return what is the same in every driver's table: not the types of numeric and uuid."""
    return (table.num_rows, table.num_columns)


class Sink:
    """A file that counts what is written to it."""

    def __init__(self) -> None:
        self.size = 0

    def write(self, data: bytes) -> int:
        """Count the bytes."""
        self.size += len(data)
        return len(data)


def executemany(cursor: Any, sql: str, rows: list[Any]) -> None:
    cursor.executemany(sql, rows)


def connect_howdah(server: Server | Address) -> Any:
    import howdah

    return howdah.connect(server.dsn, autocommit=True)


def connect_psycopg(server: Server | Address) -> Any:
    import psycopg

    return psycopg.connect(server.dsn, autocommit=True)


def connect_psycopg2(server: Server | Address) -> Any:
    import psycopg2
    import psycopg2.extras

    conn = psycopg2.connect(server.dsn)
    conn.autocommit = True
    psycopg2.extras.register_uuid(conn_or_curs=conn)
    return conn


def execute_batch_of(cursor: Any, sql: str, rows: list[Any]) -> None:
    from psycopg2.extras import execute_batch

    execute_batch(cursor, sql, rows)  # its executemany goes to the server and back for every row


def _pg8000(server: Server) -> Any:
    import pg8000.dbapi

    socket = f"{server.host}/.s.PGSQL.{server.port}"
    conn = pg8000.dbapi.connect(server.user, unix_sock=socket, database=server.dbname)
    conn.autocommit = True
    return conn


DRIVERS: tuple[Driver | Asyncpg | Adbc | Connectorx, ...] = (
    Howdah("howdah", "import howdah; howdah.Connection", connect_howdah, executemany),
    OneThread("1 thread", "import howdah; howdah.Connection", connect_howdah, executemany),
    Modern("psycopg", "import psycopg", connect_psycopg, executemany),
    Driver(
        "psycopg-b", "import psycopg", connect_psycopg, executemany, lambda conn: conn.cursor(binary=True)
    ),
    Psycopg2("psycopg2", "import psycopg2", connect_psycopg2, execute_batch_of),
    Asyncpg(),
    Driver("pg8000", "import pg8000.dbapi", _pg8000, executemany),
    Adbc(),
    Connectorx(),
)
