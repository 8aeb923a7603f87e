"""What a connection, a query and a row cost client and server: `python -m tests.bench.scale`.

With `--page` the tables of docs/scale.md are filled in. Times are CPU times, so that they can be added up.
Other work on the machine adds to them, though less than to wall times: each is the least of several rounds.

Source: the manual pages proc(5), smaps_rollup and schedstat, and tcp(7), TCP_INFO.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import socket
import struct
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import howdah
from howdah.rows import dict_row
from tests.bench.docs import DOCS, fill
from tests.servers import Server

#: The rows that are measured: two numbers, a float, a time and a text of 20 characters.
QUERY = (
    "SELECT n, n % 1000 AS m, n / 7.0::float8 AS f, timestamptz '2020-01-01' + n * interval '1 s' AS at,"
    " left(md5(n::text), 20) AS t FROM generate_series(1, {}::int8) n"
)
ROWS = 20_000
CONNECTIONS = 20
#: How many rounds each figure is measured in.
ROUNDS = 10
#: The offset of tcpi_bytes_received in the structure tcp_info.
_RECEIVED = 128


@dataclass
class Cost:
    """What something costs in CPU time, in seconds.

    Attributes:
        client: of this process.
        server: of the backend.
        wall: how long it took.
    """

    client: float
    server: float
    wall: float


def server_time(pid: int) -> float:
    """Return the CPU time of a process, in seconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def memory(pid: int | str, *names: str) -> int:
    """Return the sum of some figures of a process's memory, in bytes."""
    found = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, value = line.split(":")
        found[name] = int(value.split()[0]) * 1024
    return sum(found[name] for name in names)


@dataclass
class Round:
    """A part of the time in which a figure is measured.

    Args:
        pid: the backend's process.
    """

    pid: int

    def __post_init__(self) -> None:
        self._begun = self._now()

    def _now(self) -> tuple[float, float, float]:
        return process_time(), server_time(self.pid), perf_counter()

    def lasts(self, seconds: float) -> bool:
        """Tell whether so many seconds have not passed yet."""
        return perf_counter() - self._begun[2] < seconds

    def cost(self, count: int) -> Cost:
        """Return what each of so many runs has cost."""
        return Cost(*((after - before) / count for before, after in zip(self._begun, self._now())))


def least(costs: Sequence[Cost]) -> Cost:
    """Return the least of some costs."""
    return min(costs, key=lambda found: found.client + found.server)


def cost(pid: int, run: Callable[[], Any], seconds: float) -> Cost:
    """Run something until some seconds have passed; return what one run costs."""
    run()
    found = []
    for _ in range(ROUNDS):
        count, measured = 0, Round(pid)
        while count == 0 or measured.lasts(seconds / ROUNDS):
            run()
            count += 1
        found.append(measured.cost(count))
    return least(found)


def pid_of(conn: Any) -> int:
    """Return the process id of a connection's backend."""
    return int(conn.info.backend_pid)


# Connections


def connections(server: Server) -> Iterator[str]:
    """Return the lines about connections."""
    howdah.connect(server.dsn).close()
    gc.collect()
    with ExitStack() as stack:
        before, begun = memory("self", "Private_Dirty"), process_time()
        opened = [stack.enter_context(howdah.connect(server.dsn)) for _ in range(CONNECTIONS)]
        connecting = (process_time() - begun) / CONNECTIONS
        fresh = [memory(pid_of(conn), "Private_Dirty") for conn in opened]
        idle = (memory("self", "Private_Dirty") - before) / CONNECTIONS
        for conn in opened:
            for _ in range(2):
                conn.execute("SELECT count(*) FROM information_schema.columns")
            conn.commit()
        warm = [memory(pid_of(conn), "Private_Dirty") for conn in opened]
        used = (memory("self", "Private_Dirty") - before) / CONNECTIONS
    yield "| a connection | client | server |"
    yield "|---|--:|--:|"
    yield f"| memory, new | {idle / 1024:.0f} kB | {sum(fresh) / len(fresh) / 2**20:.1f} MB |"
    server_used = sum(warm) / len(warm) / 2**20
    yield f"| memory, after a query on all the catalogs | {used / 1024:.0f} kB | {server_used:.1f} MB |"
    yield f"| CPU time to open it, without TLS | {connecting * 1e3:.2f} ms | |"


# Queries


def queries(server: Server, seconds: float) -> tuple[list[str], Cost]:
    """Return the lines about queries, and the cost of one by its key."""
    table = ["| a query by a key, one row | client | server | both, on one core |", "|---|--:|--:|--:|"]

    def line(title: str, found: Cost) -> None:
        client, server = found.client * 1e6, found.server * 1e6
        table.append(
            f"| {title} | {client:.0f} µs | {server:.0f} µs | {1e6 / (client + server):,.0f} a second |"
        )

    text = "SELECT n, t FROM keyed WHERE n = %s"
    with howdah.connect(server.dsn, autocommit=True) as conn:
        pid = pid_of(conn)
        single = cost(pid, lambda: conn.execute(text, [7]).fetchone(), seconds)
        line("blocking, prepared", single)
        line(
            "blocking, not prepared",
            cost(pid, lambda: conn.execute(text, [7], prepare=False).fetchone(), seconds),
        )

        def transaction() -> None:
            with conn.transaction():
                conn.execute(text, [7]).fetchone()

        line("blocking, in a transaction of its own", cost(pid, transaction, seconds))

        def pipelined() -> None:
            with conn.pipeline():
                for n in range(100):
                    conn.execute(text, [n])

        line("in a pipeline of 100", _divided(cost(pid, pipelined, seconds), 100))
    for tasks in (1, 20):
        line(
            f"asyncio, {tasks} task{'s' * (tasks > 1)} on a connection",
            asyncio.run(_tasks(server, text, tasks, seconds)),
        )
    return table, single


async def _tasks(server: Server, text: str, tasks: int, seconds: float) -> Cost:
    async with await howdah.AsyncConnection.connect(server.dsn, autocommit=True) as conn:
        pid = pid_of(conn)

        async def ask(number: int) -> None:
            for _ in range(number):
                await (await conn.execute(text, [7])).fetchone()

        await ask(10)
        found = []
        for _ in range(ROUNDS):
            count, measured = 0, Round(pid)
            while count == 0 or measured.lasts(seconds / ROUNDS):
                await asyncio.gather(*[ask(10) for _ in range(tasks)])
                count += 10 * tasks
            found.append(measured.cost(count))
        return least(found)


def _divided(found: Cost, number: int) -> Cost:
    return Cost(found.client / number, found.server / number, found.wall / number)


# Rows


def rows(server: Server, seconds: float) -> tuple[list[str], Cost]:
    """Return the lines about rows, and the cost of one as a tuple."""
    wire = _bytes_on_the_wire(server)
    row = f"a row of 5 columns, {wire:.0f} bytes on the wire"
    table = [f"| {row} | client | server | memory | rows a second, client |", "|---|--:|--:|--:|--:|"]
    with howdah.connect(server.dsn, autocommit=True) as conn:
        pid = pid_of(conn)
        conn.execute(f"CREATE TABLE measured AS {QUERY.format(ROWS)}")
        conn.execute("VACUUM ANALYZE measured")
        text = "SELECT * FROM measured"

        def line(title: str, run: Callable[[], Any], size: str) -> Cost:
            found = _divided(cost(pid, run, seconds), ROWS)
            table.append(
                f"| {title} | {found.client * 1e9:.0f} ns | {found.server * 1e9:.0f} ns | {size}"
                f" | {1 / found.client:,.0f} |"
            )
            return found

        for _ in range(6):
            conn.execute(text)
        tuples = line(
            "as tuples", lambda: conn.execute(text).fetchall(), _size(lambda: conn.execute(text).fetchall())
        )
        dicts = conn.cursor(row_factory=dict_row)
        line(
            "as dicts", lambda: dicts.execute(text).fetchall(), _size(lambda: dicts.execute(text).fetchall())
        )
        streaming = conn.cursor()
        line("streamed, as tuples", lambda: sum(1 for _ in streaming.stream(text)), "–")
        arrow: Any = conn.cursor()
        found = arrow.execute_arrow(text).fetch_arrow()
        line("as Arrow", lambda: arrow.execute_arrow(text).fetch_arrow(), f"{found.nbytes / ROWS:.0f} bytes")
        copied = conn.execute(text).fetchall()
        conn.execute("CREATE UNLOGGED TABLE written (LIKE measured)")

        def copy() -> None:
            conn.execute("TRUNCATE written")
            with conn.cursor().copy("COPY written FROM STDIN") as writer:
                for row in copied:
                    writer.write_row(row)

        line("written with COPY", copy, "–")
    return table, tuples


def _size(fetch: Callable[[], list[Any]]) -> str:
    gc.collect()
    tracemalloc.start()
    kept = fetch()
    size = tracemalloc.get_traced_memory()[0] / len(kept)
    tracemalloc.stop()
    return f"{size:.0f} bytes"


def _bytes_on_the_wire(server: Server) -> float:
    with howdah.connect(server.tcp_dsn, autocommit=True) as conn:
        sock = socket.socket(fileno=os.dup(conn.fileno()))

        def received() -> int:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
            return int(struct.unpack_from("Q", info, _RECEIVED)[0])

        with sock:
            text = QUERY.format(1000)
            for _ in range(6):
                conn.execute(text)
            before = received()
            conn.execute(text)
            return (received() - before) / 1000


# The page


def example(query: Cost, row: Cost) -> Iterator[str]:
    """Return the lines of the worked example."""
    requests, each, many, report = 2000, 4, 20, 5_000_000
    client = requests * (each * query.client + many * row.client)
    server = requests * (each * query.server + many * row.server)
    busy = requests * each * (query.client + query.server)
    enough = max(2, round(busy * 4))
    yield f"- {requests * each:,} queries a second with {requests * many:,} rows take {client:.1f} cores of"
    yield f"  the clients and {server:.1f} cores of the server."
    yield f"- A backend is busy for {busy:.1f} of each second, summed over all: {enough} connections are"
    yield "  enough if no transaction waits for something else than the database."
    yield f"- The report of {report:,} rows takes {report * row.client:.1f} s of a client's core as tuples,"
    yield f"  and {report * row.server:.1f} s of the server's."


def machine() -> str:
    """Say where it was measured."""
    return (
        f"Measured with Python {platform.python_version()}, howdah {howdah.__version__} ({howdah.__impl__}),"
        f" on {os.cpu_count()} cores ({platform.machine()}), over a unix socket."
    )


def main() -> int:
    """Measure, print, and fill in the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each figure (%(default)s)")
    parser.add_argument("--page", type=Path, nargs="?", const=DOCS / "scale.md", help="the page to fill in")
    args = parser.parse_args()
    if not sys.platform.startswith("linux"):
        print("the figures come from Linux's /proc", file=sys.stderr)
        return 2
    with Server(settings={"autovacuum": "off", "shared_buffers": "128MB"}) as server:
        with howdah.connect(server.dsn, autocommit=True) as conn:
            conn.execute("CREATE TABLE keyed AS SELECT n, 'text ' || n AS t FROM generate_series(1, 10000) n")
            conn.execute("ALTER TABLE keyed ADD PRIMARY KEY (n)")
        parts = {"connections": [machine(), "", *connections(server)]}
        parts["queries"], query = queries(server, args.seconds)
        parts["rows"], row = rows(server, args.seconds)
        parts["example"] = [*example(query, row)]
    text = "" if args.page is None else args.page.read_text(encoding="utf-8")
    for name, lines in parts.items():
        print("\n".join(lines), end="\n\n")
        text = fill(text, f"% {name}: begin\n", f"% {name}: end\n", lines)
    if args.page is not None:
        args.page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
