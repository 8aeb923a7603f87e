"""The drivers that block: howdah, psycopg, psycopg2 and pg8000, all of them through the DB-API.

The measured code is the same for all of them; only what differs in how they are set up stands here by name.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.bench.contender import Contender
from tests.bench.workloads import Connect, ExecuteMany, Import, Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.workloads import Workload
    from tests.servers import Server

_TIMED_IMPORT = """
from time import perf_counter
start = perf_counter()
{statement}
print(perf_counter() - start)
"""


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
    connect: Callable[[Server], Any]
    executemany: Callable[[Any, str, list[Any]], object]
    cursor: Callable[[Any], Any] = lambda conn: conn.cursor()

    def contender(self, workload: Workload, server: Server) -> Contender:
        """Connect, and get ready for a workload."""
        if isinstance(workload, Import):
            return Contender(self.name, self._import)
        if isinstance(workload, Connect):
            return Contender(self.name, self._connect(workload, server))
        conn = self.connect(server)
        if isinstance(workload, Query):
            return Contender(self.name, self._query(workload, conn), conn.close)
        assert isinstance(workload, ExecuteMany)
        return Contender(self.name, self._executemany(workload, conn), conn.close)

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

    def _executemany(self, workload: ExecuteMany, conn: Any) -> Callable[[], Any]:
        cur, sql, rows, executemany = self.cursor(conn), workload.sql, workload.rows, self.executemany

        def run() -> None:
            cur.execute("BEGIN")
            executemany(cur, sql, rows)
            cur.execute("COMMIT")

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

    def _import(self) -> float:
        """Return the seconds an import takes in an interpreter of its own, whose start does not count."""
        command = [sys.executable, "-c", _TIMED_IMPORT.format(statement=self.imported)]
        return float(subprocess.check_output(command))


def _executemany(cursor: Any, sql: str, rows: list[Any]) -> None:
    cursor.executemany(sql, rows)


def _howdah(server: Server) -> Any:
    import howdah

    return howdah.connect(server.dsn, autocommit=True)


def _psycopg(server: Server) -> Any:
    import psycopg

    return psycopg.connect(server.dsn, autocommit=True)


def _psycopg2(server: Server) -> Any:
    import psycopg2
    import psycopg2.extras

    conn = psycopg2.connect(server.dsn)
    conn.autocommit = True
    psycopg2.extras.register_uuid(conn_or_curs=conn)
    return conn


def _execute_batch(cursor: Any, sql: str, rows: list[Any]) -> None:
    from psycopg2.extras import execute_batch

    execute_batch(cursor, sql, rows)  # its executemany goes to the server and back for every row


def _pg8000(server: Server) -> Any:
    import pg8000.dbapi

    socket = f"{server.host}/.s.PGSQL.{server.port}"
    conn = pg8000.dbapi.connect(server.user, unix_sock=socket, database=server.dbname)
    conn.autocommit = True
    return conn


DRIVERS = (
    Driver("howdah", "import howdah; howdah.connect", _howdah, _executemany),
    Driver("psycopg", "import psycopg", _psycopg, _executemany),
    Driver("psycopg-b", "import psycopg", _psycopg, _executemany, lambda conn: conn.cursor(binary=True)),
    Driver("psycopg2", "import psycopg2", _psycopg2, _execute_batch),
    Driver("pg8000", "import pg8000.dbapi", _pg8000, _executemany),
)
