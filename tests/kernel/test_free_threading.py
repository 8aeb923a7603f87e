"""Threads that share connections, pools and adapters, or nothing, while the interpreter switches constantly.

On a free-threaded CPython they really run at once.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
import itertools
import os
import re
import subprocess
import sys
import sysconfig
import threading
import uuid
from collections.abc import Callable
from ipaddress import IPv4Interface
from typing import Any

import pytest

import howdah
from howdah.adapt import AdaptersMap, Dumper, Loader, PyFormat
from howdah.adapt.text import TextLoader
from howdah.adapt.types import TypeInfo
from howdah.client.known_types import KnownTypes
from howdah.pq import Format
from howdah.rows import dict_row
from tests.pages import ROOT

pytestmark = pytest.mark.usefixtures("switching")

THREADS = 6
ROUNDS = 15

#: Values for which the native core has state of its own: cached keys, masks, lazily imported classes.
VALUES: list[Any] = [
    2**40,
    1.5,
    "elephant",
    b"\x00\xff",
    True,
    decimal.Decimal("12345.678"),
    uuid.UUID(int=7),
    dt.datetime(2026, 11, 30, tzinfo=dt.timezone.utc),
    dt.timedelta(days=3, microseconds=1),
    [[1, 2], [3, None]],
    IPv4Interface("10.1.2.0/24"),
]
JSON = '{"name": "Hanno", "born": 1510, "of": ["Rome", null, 1.5], "key%s": {"deep": true}}'

#: Threads that begin at once, in a new process: all are the first to use what is created on first use.
FIRST_USE = """
import sys, threading
sys.setswitchinterval(1e-6)
import howdah

QUERY = '''SELECT 'NaN'::numeric, 'Infinity'::numeric, '-Infinity'::numeric, 1.5::numeric,
    '00000000-0000-0000-0000-000000000007'::uuid, '10.0.0.0/8'::inet, '{"a": 1}'::json, ARRAY[1, 2], now()'''
barrier = threading.Barrier(8)
failures = []

def run():
    try:
        barrier.wait()
        with howdah.connect(sys.argv[1]) as conn:
            for prepare in (False, True, True):
                row = conn.execute(QUERY, prepare=prepare, binary=prepare).fetchone()
                text = [str(value) for value in row[:5]]
                assert text[:4] == ["NaN", "Infinity", "-Infinity", "1.5"], text
                assert text[4] == "00000000-0000-0000-0000-000000000007", text
                assert row[6:8] == ({"a": 1}, [1, 2])
    except BaseException as error:
        failures.append(repr(error))

threads = [threading.Thread(target=run) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
print(howdah.__impl__, "works")
"""

#: Imports every native module; a module that is not declared to do without the GIL would turn it on.
IMPORTS = """
import importlib, pathlib, sys, howdah
for package in ("howdah.native", "howdah_types._native", "howdah_copy._native", "howdah_multiplex._native"):
    for path in importlib.import_module(package).__path__:
        for module in pathlib.Path(path).glob("*.so"):
            importlib.import_module(f"{package}.{module.name.partition('.')[0]}")
print(sys._is_gil_enabled())
"""


FIRST_IMPORTS = """
import threading

import howdah

USES = [
    lambda: howdah.sql.SQL("x"),
    lambda: howdah.adapt.Loader,
    lambda: howdah.rows.dict_row,
    lambda: __import__("howdah.adapt.types"),
    lambda: howdah.conninfo.parse,
    lambda: __import__("howdah.conninfo.syntax"),
    lambda: howdah.Connection,
    lambda: howdah.errors.UniqueViolation,
] * 2
barrier = threading.Barrier(len(USES))

def run(use):
    barrier.wait()
    use()

threads = [threading.Thread(target=run, args=(use,)) for use in USES]
failed = []
threading.excepthook = failed.append
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for each in failed:
    raise each.exc_value
print("imported")
"""


def in_threads(function: Callable[[int], Any], count: int = THREADS) -> None:
    """Run a function in threads that begin at once, with the thread's number; raise what one raises."""
    barrier = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            function(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def while_it_changes(read: Callable[[], object], change: Callable[[], object], times: int) -> None:
    """Read something in one thread while another changes it."""
    changed = threading.Event()

    def run(number: int) -> None:
        if number:
            while not changed.is_set():
                read()
            return
        try:
            for _ in range(times):
                change()
        finally:
            changed.set()

    in_threads(run, 2)


def work(conn: Any, number: int) -> None:
    """Send and receive values in all ways, and compare them."""
    for round_ in range(ROUNDS):
        binary = bool(round_ % 2)
        row = conn.execute(f"SELECT {', '.join(['%s'] * len(VALUES))}", VALUES, binary=binary).fetchone()
        assert list(row) == VALUES
        text = JSON % (number * ROUNDS + round_)
        cur = conn.cursor(row_factory=dict_row, binary=binary)
        found = cur.execute("SELECT %s::json AS document, %s AS n", [text, number]).fetchone()
        assert found is not None and found["n"] == number and found["document"]["name"] == "Hanno"
        with pytest.raises(howdah.errors.DivisionByZero), conn.transaction():
            conn.execute("SELECT 1 / 0")
        cur = conn.cursor()
        cur.executemany("SELECT %s::int", [(n,) for n in range(20)], returning=True)
        assert [result.fetchone() for result in cur.results()] == [(n,) for n in range(20)]
        with conn.cursor().copy("COPY (SELECT generate_series(1, 50)) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4"])
            assert [row for (row,) in copy.rows()] == list(range(1, 51))


def test_threads_with_connections_of_their_own(dsn: str) -> None:
    def run(number: int) -> None:
        with howdah.connect(dsn, autocommit=True) as conn:
            work(conn, number)

    in_threads(run)


def test_threads_that_share_a_connection(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:

        def run(number: int) -> None:
            for n in range(60):
                cur = conn.cursor(binary=bool(n % 2))
                assert cur.execute("SELECT %s, %s::json", [number, JSON % n]).fetchone()[0] == number
                cur.executemany("SELECT %s", [(number,), (n,)], returning=True)
                assert [result.fetchone() for result in cur.results()] == [(number,), (n,)]
                with pytest.raises(howdah.errors.DivisionByZero):
                    conn.execute("SELECT 1 / 0")

        in_threads(run)


def test_threads_that_share_a_pool(dsn: str) -> None:
    with howdah.ConnectionPool(dsn, min_size=2, max_size=3) as pool:

        def run(number: int) -> None:
            for n in range(40):
                with pool.connection() as conn:
                    assert conn.execute("SELECT %s, %s", [number, n]).fetchone() == (number, n)

        in_threads(run)


def test_what_a_pool_says_of_itself(dsn: str) -> None:
    with howdah.ConnectionPool(dsn, min_size=0, max_size=8) as pool:

        def change() -> None:
            connections = [pool.getconn() for _ in range(8)]
            for connection in connections:
                connection.close()
                pool.putconn(connection)

        def read() -> None:
            assert 0 <= pool.in_use <= 8 and 0 <= pool.available <= 8
            assert repr(pool) and pool.get_stats()

        while_it_changes(read, change, 15)
        assert pool.in_use == 0


def test_statements_that_are_prepared_meanwhile(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True, prepare_threshold=0) as conn:
        columns = itertools.count()

        def change() -> None:
            column = f"c{next(columns)}"
            conn.execute(f"SELECT 1 AS {column}")
            conn.prepare(f"SELECT 2 AS {column}", column)
            conn.execute(f"DEALLOCATE {column}")

        while_it_changes(conn.prepared, change, 600)


def test_statements_that_an_event_loop_prepares_meanwhile(dsn: str) -> None:
    """The event loop runs in another thread than what reads them."""
    loop = asyncio.new_event_loop()
    conn: Any = loop.run_until_complete(
        howdah.AsyncConnection.connect(dsn, autocommit=True, prepare_threshold=0)
    )
    columns = itertools.count()
    try:
        while_it_changes(
            conn.prepared,
            lambda: loop.run_until_complete(conn.execute(f"SELECT 1 AS c{next(columns)}")),
            600,
        )
    finally:
        loop.run_until_complete(conn.close())
        loop.close()


def test_cursors_that_get_adapters_while_a_setting_changes(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        cursors: list[Any] = []
        zones = itertools.cycle(["UTC", "Europe/Rome"])

        def change() -> None:
            cursors.append(conn.cursor())
            assert cursors[-1].adapters

        while_it_changes(lambda: conn.execute(f"SET timezone TO '{next(zones)}'"), change, 1000)
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_adapters_that_all_threads_register() -> None:
    """None is lost."""
    adapters = AdaptersMap()
    adapters.share()
    classes = [[type(f"C{n}", (), {}) for n in range(100)] for _ in range(THREADS)]

    class ShoutingDumper(Dumper):
        oid = 25

        def dump(self, obj: Any) -> bytes:
            return b"X"

    def run(number: int) -> None:
        for n, cls in enumerate(classes[number]):
            adapters.register_dumper(cls, ShoutingDumper)
            adapters.register_loader(100_000 + number * 100 + n, TextLoader)
            adapters.register_lazy(lambda registering: None, types=[200_000 + number * 100 + n])
            adapters.types.add(TypeInfo(f"type{number}_{n}", 300_000 + number * 100 + n, 0))

    in_threads(run)
    assert len({info.oid for info in adapters.types}) == THREADS * 100
    for number in range(THREADS):
        for n, cls in enumerate(classes[number]):
            assert adapters.get_dumper(cls, PyFormat.AUTO) is ShoutingDumper
            assert adapters.get_loader(100_000 + number * 100 + n, Format.TEXT) is TextLoader


def test_types_that_are_forgotten_meanwhile() -> None:
    """What a connection has found known stays known to it while it uses that."""
    known = KnownTypes()
    info = TypeInfo("mood", 100_000, 0)
    answers = known.update({"mood"}, {100_000}, {"mood": info})
    assert known.answers is answers
    known.forget()
    assert answers.infos(["mood"]) == [info]
    assert known.answers.infos(["mood"]) == []
    assert not known.answers.names


def test_adapters_that_change_meanwhile(dsn: str) -> None:
    """Global adapters are copied by each connection; one connection's own are changed by another thread."""

    class Shouting(Loader):
        def load(self, data: Any) -> str:
            return bytes(data).decode().upper()

    with howdah.connect(dsn, autocommit=True) as conn:

        def run(number: int) -> None:
            for n in range(100):
                if number == 0:
                    conn.adapters.register_loader("text", Shouting)
                else:
                    assert conn.execute("SELECT %s::text, %s", ["ab", n]).fetchone() in (("ab", n), ("AB", n))

        in_threads(run)
        assert conn.execute("SELECT 'ab'::text").fetchone() == ("AB",)


def test_a_connection_that_another_thread_closes(dsn: str) -> None:
    for _ in range(5):
        conn = howdah.connect(dsn, autocommit=True)
        started = threading.Event()

        def run(number: int, conn: Any = conn, started: threading.Event = started) -> None:
            if number == 0:
                started.wait()
                conn.close()
                return
            with pytest.raises(howdah.Error):
                while True:
                    assert conn.execute("SELECT %s", [number]).fetchone() == (number,)
                    started.set()

        in_threads(run)


def test_one_result_that_threads_fetch_from(dsn: str) -> None:
    """DB-API does not allow threads to share a cursor; if they do, each row is one of the result's."""
    with howdah.connect(dsn) as conn:
        for binary in (False, True):
            cur = conn.cursor(binary=binary)
            cur.execute("SELECT g, 'row ' || g FROM generate_series(1, 3000) g")

            def run(number: int, cur: Any = cur) -> None:
                while True:
                    rows = cur.fetchmany(3) if number % 2 else [cur.fetchone()]
                    if not rows or rows[0] is None:
                        return
                    assert all(text == f"row {n}" for n, text in rows)

            in_threads(run)


def python(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a new interpreter."""
    path = os.pathsep.join(filter(None, sys.path))
    environ = {**os.environ, "PYTHONPATH": path, "HOWDAH_IMPL": howdah.__impl__}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_use_by_many_threads(dsn: str) -> None:
    for _ in range(3):
        done = python(FIRST_USE, dsn)
        assert (done.stdout, done.returncode) == (f"{howdah.__impl__} works\n", 0), done.stderr


def test_the_first_use_of_different_modules() -> None:
    """Python lets one of two threads fail that import a package and one of its modules at once."""
    for _ in range(5):
        done = python(FIRST_IMPORTS)
        assert (done.stdout, done.returncode) == ("imported\n", 0), done.stderr


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="this Python has a GIL")
def test_the_native_core_leaves_the_gil_off() -> None:
    done = python(IMPORTS)
    assert done.stdout == "False\n", done.stderr


def test_the_shared_state_of_native_modules_is_listed() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    listed = page.partition("### Threads and shared state")[2].partition("\n## ")[0]
    found: set[str] = set()
    for source in [*ROOT.glob("*/*/native/*.p[xy][dix]"), *ROOT.glob("*/*/_native/*.p[xy][dix]")]:
        text = source.read_text(encoding="utf-8")
        for names in re.findall(r"^ +global (.+)$", text, re.MULTILINE):
            found |= {name.strip() for name in names.split(",")}
        found |= set(re.findall(r"^cdef (?:dict|list|set|bytearray) (\w+) = ", text, re.MULTILINE))
        found |= set(re.findall(r"^    static (?:\w+ )+\**(\w+)(?: = [^(]+)?;$", text, re.MULTILINE))
    assert {"_found", "_keys", "_Decimal", "howdah_depth", "howdah_decimal_flags"} <= found
    assert not {name for name in found if f"`{name}`" not in listed}
