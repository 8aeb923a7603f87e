"""The page docs/replication.md: its programs, and its recipe while everything fails."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from tests.pages import ROOT, blocks, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.contrib.replication.conftest import Site

PAGE = ROOT / "docs" / "replication.md"


@pytest.fixture
def databases(site: Site) -> Iterator[list[str]]:
    """Two new databases."""
    names = [f"{site.slot}_source", f"{site.slot}_target"]
    for name in names:
        site.run(f"CREATE DATABASE {name}")
    yield names
    for name in names:
        site.run(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
            f" WHERE active AND database = '{name}'"
        )
        while site.run(f"SELECT 1 FROM pg_replication_slots WHERE database = '{name}'"):
            with suppress(howdah.errors.ObjectInUse):
                site.run(
                    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                    f" WHERE database = '{name}'"
                )
        site.run(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_page(site: Site, databases: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", site.server.host)
    monkeypatch.setenv("PGPORT", str(site.server.port))
    monkeypatch.setenv("PGUSER", site.server.user)
    monkeypatch.setenv("PGDATABASE", databases[0])
    assert run(PAGE) > 5


def recipe() -> dict[str, Any]:
    """Return the names that the recipe of the page defines."""
    text = PAGE.read_text(encoding="utf-8")
    found = [block[1] for block in blocks(text, "python")]
    names: dict[str, Any] = {}
    exec(found[0].partition("\nconn = ")[0], names)
    exec(next(block for block in found if "def follow(" in block), names)
    return names


class Writer(threading.Thread):
    """Changes the source, in transactions of any size, until it is stopped; some are rolled back."""

    def __init__(self, dsn: str, seed: int) -> None:
        super().__init__(daemon=True)
        self._dsn = dsn
        self._random = random.Random(seed)
        self._number = seed * 1_000_000
        self.stopped = False
        self.committed = 0

    def run(self) -> None:
        while not self.stopped:
            with suppress(howdah.OperationalError):
                with howdah.connect(self._dsn) as conn:
                    while not self.stopped:
                        self._change(conn)

    def _change(self, conn: howdah.Connection[Any]) -> None:
        choose = self._random
        for _ in range(choose.choice([1, 1, 2, 5, 40])):
            self._number += 1
            conn.execute("INSERT INTO event VALUES (%s)", [self._number])
            conn.execute("INSERT INTO elephant VALUES (%s, 'new', NULL)", [self._number])
            chosen = self._number - choose.randrange(20)
            conn.execute("UPDATE elephant SET name = %s WHERE id = %s", [f"name {choose.random()}", chosen])
            if not choose.randrange(3):
                conn.execute("DELETE FROM elephant WHERE id = %s", [self._number - choose.randrange(20)])
        if choose.randrange(8):
            conn.commit()
            self.committed += 1
        else:
            conn.rollback()
        time.sleep(0.001)


class Follower(threading.Thread):
    """Runs the recipe, again whenever it fails, as whoever supervises a program does."""

    def __init__(self, source: str, target: str) -> None:
        super().__init__(daemon=True)
        self._source, self._target = source, target
        self._follow: Callable[..., None] = recipe()["follow"]
        self.stop: Callable[[], bool] = lambda: False
        self.starts = 0
        self.failures: list[BaseException] = []

    def run(self) -> None:
        while True:
            self.starts += 1
            try:
                with howdah.connect(self._target) as target:
                    self._follow(self._source, target, ["elephant", "event"], lambda: self.stop())
                return
            except howdah.OperationalError:
                time.sleep(0.05)
            except BaseException as error:
                self.failures.append(error)
                return


class Crash(howdah.OperationalError):
    """The program that follows has died."""


def test_the_recipe_loses_nothing_and_gets_nothing_twice(site: Site, databases: list[str]) -> None:
    """While there are writers, walsenders are killed, the program dies and the server restarts."""
    source, target = (howdah.conninfo.make_conninfo(site.dsn, dbname=name) for name in databases)
    # No primary key: what comes twice would be there twice.
    tables = "CREATE TABLE elephant (id int PRIMARY KEY, name text, born date); CREATE TABLE event (n int);"
    with howdah.connect(source, autocommit=True) as conn:
        conn.execute(tables + "CREATE PUBLICATION zoo FOR TABLE elephant, event")
        conn.execute("INSERT INTO elephant SELECT i, 'old' FROM generate_series(1, 5000) i")
    with howdah.connect(target, autocommit=True) as conn:
        conn.execute(tables + "CREATE TABLE position (slot text PRIMARY KEY, lsn text)")
    writers = [Writer(source, seed) for seed in (1, 2)]
    follower = Follower(source, target)
    for writer in writers:
        writer.start()
    while not all(writer.committed for writer in writers):
        time.sleep(0.01)
    follower.start()

    def arrived() -> int:
        with suppress(howdah.Error):
            with howdah.connect(target) as conn:
                return int(conn.execute("SELECT count(*) FROM event").fetchone()[0])  # type: ignore[index]
        return -1

    def wait_for_more() -> None:
        before = arrived()
        deadline = time.monotonic() + 60
        while arrived() <= max(before, 0):
            assert time.monotonic() < deadline and not follower.failures, follower.failures
            time.sleep(0.02)

    def crash() -> bool:
        follower.stop = lambda: False
        raise Crash

    wait_for_more()
    for disaster in ("kill", "crash", "immediate", "kill", "fast", "kill"):
        if disaster == "kill":
            site.run("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active")
        elif disaster == "crash":
            follower.stop = crash
        else:
            site.restart(disaster)
        wait_for_more()
    for writer in writers:
        writer.stopped = True
        writer.join()

    def state(dsn: str) -> list[Any]:
        with howdah.connect(dsn) as conn:
            queries = ("SELECT n FROM event ORDER BY n", "SELECT id, name FROM elephant ORDER BY id")
            return [conn.execute(query).fetchall() for query in queries]

    wanted = state(source)
    deadline = time.monotonic() + 60
    while state(target) != wanted:
        assert time.monotonic() < deadline and not follower.failures, follower.failures
        time.sleep(0.05)
    follower.stop = lambda: True
    follower.join()
    assert not follower.failures
    assert follower.starts >= 3
    assert state(target) == state(source) == wanted
    assert len(wanted[0]) == len({number for (number,) in wanted[0]}) > 50
