"""`howdah copy` that is interrupted or loses its connection, and goes on: no row is lost or doubled."""

from __future__ import annotations

import csv
import gzip
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import howdah
from howdah.cli.commands import command_line
from howdah_copy import command

#: Values with everything that can make the end of a row hard to find.
NAMES = ["plain", 'a "quoted" one', "two\nlines", "comma, and\r\nmore", "back\\slash", "", "ends with \\"]
ROWS = [(i, NAMES[i % len(NAMES)]) for i in range(1, 101)]
BATCH = 7


@pytest.fixture
def table(dsn: str) -> Iterator[str]:
    """An empty table."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA stable")
        conn.execute("CREATE TABLE stable.horse (id int PRIMARY KEY, name text, twice int GENERATED ALWAYS"
                     " AS (id * 2) STORED)")  # fmt: skip
        # Doubled rows are to be found, not refused.
        conn.execute("CREATE TABLE stable.pony (id int, name text)")
        yield "stable.pony"
        conn.execute("DROP SCHEMA stable CASCADE")


@pytest.fixture
def full(dsn: str, table: str) -> str:
    """A table with a key, and with rows."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.cursor().executemany("INSERT INTO stable.horse VALUES (%s, %s)", ROWS)
    return "stable.horse"


def run(*arguments: Any) -> Result:
    return CliRunner().invoke(command_line(), ["copy", *map(str, arguments)], prog_name="howdah")


def stored(dsn: str) -> list[Any]:
    with howdah.connect(dsn) as conn:
        return conn.execute("SELECT id, name FROM stable.pony ORDER BY id").fetchall()


def write(path: Path, format: str) -> None:
    """Write the rows as a file."""
    if format == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([("id", "name"), *((i, name) for i, name in ROWS)])
        data = text.getvalue().replace(",\n", ',""\n').encode()
    else:
        escapes = str.maketrans({"\\": "\\\\", "\n": "\\\n", "\r": "\\r"})
        data = "".join(f"{i}\t{name.translate(escapes)}\n" for i, name in ROWS).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def terminate(dsn: str) -> None:
    """Terminate the other connections to the database."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'copying'"
        )


def interrupt(dsn: str) -> None:
    raise KeyboardInterrupt


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, step: int, fail: Callable[[], None]) -> Iterator[list[int]]:
    """Have something go wrong when the progress is told for the so manieth time; yield what it was told."""
    told: list[int] = []

    @contextmanager
    def progress(*arguments: Any) -> Iterator[Callable[[int, int], None]]:
        def advance(count: int, lines: int) -> None:
            told.append(count)
            if len(told) == step:
                fail()

        yield advance

    with monkeypatch.context() as patched:
        patched.setattr(command, "progress", progress)
        yield told


@pytest.mark.parametrize("step", [1, 8, 15])
@pytest.mark.parametrize(("fail", "status"), [(interrupt, 130), (terminate, 1)])
@pytest.mark.parametrize("name", ["p.csv.gz", "p.tsv"])
def test_a_file_into_a_table(
    dsn: str,
    table: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fail: Callable[[str], None],
    status: int,
    step: int,
) -> None:
    path = tmp_path / name
    write(path, "csv" if "csv" in name else "text")
    arguments = ["--batch", BATCH, path, table, f"{dsn} application_name=copying"]
    with failing(monkeypatch, step, lambda: fail(dsn)) as told:
        result = run(*arguments)
    assert len(told) >= step
    assert (result.exit_code, "repeat the command" in result.stderr) == (status, True)
    some = stored(dsn)
    assert some == ROWS[: len(some)]
    assert len(some) < len(ROWS) or step == 15
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith(f"{len(ROWS) - len(some)} rows in ")
    assert stored(dsn) == ROWS


def test_a_schema_with_a_percent_sign(dsn: str, table: str, tmp_path: Path) -> None:
    """Placeholders stand in the same statements as the name of the notes."""
    path = tmp_path / "p.csv"
    write(path, "csv")
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute('ALTER SCHEMA stable RENAME TO "50%s"')
        try:
            result = run("--batch", BATCH, path, "50%s.pony", dsn)
        finally:
            conn.execute('ALTER SCHEMA "50%s" RENAME TO stable')
    assert result.exit_code == 0, result.stderr
    assert stored(dsn) == ROWS


@pytest.mark.parametrize("step", [1, 8, 15])
@pytest.mark.parametrize(("fail", "status"), [(interrupt, 130), (terminate, 1)])
@pytest.mark.parametrize("name", ["p.csv.gz", "p.tsv"])
def test_a_table_into_a_file(
    dsn: str,
    full: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    fail: Callable[[str], None],
    status: int,
    step: int,
) -> None:
    path, whole = tmp_path / name, tmp_path / f"whole-{name}"
    assert run(full, whole, dsn).exit_code == 0
    arguments = ["--batch", BATCH, "--key", "id", full, path, f"{dsn} application_name=copying"]
    with failing(monkeypatch, step, lambda: fail(dsn)) as told:
        result = run(*arguments)
    if fail is terminate and result.exit_code == 0:
        assert len(told) == step  # all of the part had arrived before the connection was lost
        pytest.skip("the last part was complete")
    assert (result.exit_code, "repeat the command" in result.stderr) == (status, True)
    assert not path.exists()
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    read = gzip.open if name.endswith(".gz") else open
    with read(path, "rb") as file, read(whole, "rb") as expected:
        assert file.read() == expected.read()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([name, whole.name])


def test_a_signal(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write(path, "csv")
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(
            "CREATE FUNCTION stable.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
            " IF new.id = 50 THEN PERFORM pg_advisory_xact_lock(50); END IF; RETURN new; END'"
        )
        conn.execute("CREATE TRIGGER wait BEFORE INSERT ON stable.pony FOR EACH ROW EXECUTE"
                     " FUNCTION stable.wait()")  # fmt: skip
        conn.execute("SELECT pg_advisory_lock(50)")
        arguments = ["copy", "--batch", str(BATCH), str(path), table, dsn]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        process = subprocess.Popen(
            [sys.executable, "-m", "howdah", *arguments],
            env=env,
            stderr=subprocess.PIPE,
            text=True,
            # A shell may have had it ignore the signal.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
        )
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 50 AND NOT granted"
        while conn.execute(waiting).fetchone() is None:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
        conn.execute("SELECT pg_advisory_unlock(50)")
    assert process.returncode == 130, stderr
    assert "howdah: interrupted; repeat the command to go on" in stderr
    assert "Traceback" not in stderr
    assert len(stored(dsn)) == 48  # seven batches, of which the first begins with the names
    assert run(*arguments[1:]).exit_code == 0
    assert stored(dsn) == ROWS


def test_what_was_copied_is_not_copied_again(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    write(path, "csv")
    assert run("--batch", BATCH, path, table, dsn).exit_code == 0
    result = run("--batch", BATCH, path, table, dsn)
    assert result.stderr.startswith("0 rows in ")
    assert "100 rows had been copied before: --restart copies them again" in result.stderr
    assert stored(dsn) == ROWS
    assert run("--batch", 1000, "--restart", path, table, dsn).exit_code == 0
    assert len(stored(dsn)) == 2 * len(ROWS)


def test_a_file_that_has_grown(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,name\n1,a\n2,b\n")
    assert run("--batch", 5, path, table, dsn).exit_code == 0
    path.write_text("id,name\n1,a\n2,b\n3,c")
    assert run("--batch", 5, path, table, dsn).exit_code == 0
    assert stored(dsn) == [(1, "a"), (2, "b"), (3, "c")]
    path.write_text("id,name\n1,a\n2,b\n3,cc\n4,d\n")
    result = run("--batch", 5, path, table, dsn)
    assert (result.exit_code, "the file has changed" in result.stderr) == (1, True)
    assert len(stored(dsn)) == 3


@pytest.mark.parametrize("text", ["id,name\n1,a\n2,x\n3,c\n", "id,name\n1,b\n", ""])
def test_a_file_that_has_changed(dsn: str, table: str, tmp_path: Path, text: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,name\n1,a\n2,b\n")
    assert run("--batch", 5, path, table, dsn).exit_code == 0
    path.write_text(text)
    result = run("--batch", 5, path, table, dsn)
    assert (result.exit_code, "the file has changed" in result.stderr) == (1, True)
    assert len(stored(dsn)) == 2


def test_a_bad_row_is_named_by_its_line_in_the_file(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text('id,name\n1,"a\nb"\n2,b\n3,c\nx,d\n')
    result = run("--batch", 2, path, table, dsn)
    assert result.exit_code == 1
    assert 'line 6, column id: "x"' in result.stderr
    path.write_text('id,name\n1,"a\nb"\n2,b\n3,c\n4,d\n')
    assert run("--batch", 2, path, table, dsn).exit_code == 0
    assert stored(dsn) == [(1, "a\nb"), (2, "b"), (3, "c"), (4, "d")]


def test_a_line_that_would_end_the_data(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("1\ta\n\\.\n2\tb\n")
    result = run("--batch", 1, path, table, dsn)
    assert (result.exit_code, "line 2 is \\." in result.stderr) == (1, True)


def test_two_at_once(dsn: str, table: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.csv"
    write(path, "csv")
    arguments = ["--batch", BATCH, path, table, dsn]
    skip = command.Records.skip
    others: list[Result] = []

    def skip_late(self: Any, position: int, digest: str) -> None:
        """Let another run copy the whole file before this one begins with its first batch."""
        skip(self, position, digest)
        with monkeypatch.context() as patched:
            patched.setattr(command.Records, "skip", skip)
            others.append(run(*arguments))

    with monkeypatch.context() as patched:
        patched.setattr(command.Records, "skip", skip_late)
        result = run(*arguments)
    assert [other.exit_code for other in others] == [0]
    assert (result.exit_code, "another process" in result.stderr) == (1, True)
    assert stored(dsn) == ROWS


@pytest.mark.parametrize("key", ["name", "twice", "nothing"])
def test_a_column_that_is_no_key(dsn: str, full: str, tmp_path: Path, key: str) -> None:
    result = run("--key", key, full, tmp_path / "p.csv", dsn)
    assert (result.exit_code, "is no key" in result.stderr) == (1, True)
    assert [*tmp_path.iterdir()] == []


def test_the_columns_of_another_run(
    dsn: str, full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.csv"
    with failing(monkeypatch, 3, lambda: interrupt(dsn)):
        assert run("--key", "id", "--batch", 9, full, path, dsn).exit_code == 130
    other = ["--key", "id", "--columns", "id", full, path, dsn]
    result = run(*other)
    assert (result.exit_code, "--restart begins again" in result.stderr) == (1, True)
    assert run("--restart", *other).exit_code == 0
    assert path.read_text().split() == ["id", *(str(i) for i, _ in ROWS)]


def test_beginning_again_twice(dsn: str, full: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.csv"
    arguments = ["--key", "id", "--batch", 9, full, path, dsn]
    for step, more in ((5, []), (1, ["--restart"])):
        with failing(monkeypatch, step, lambda: interrupt(dsn)):
            assert run(*more, *arguments).exit_code == 130
    assert run(*arguments).exit_code == 0
    assert run(full, tmp_path / "whole.csv", dsn).exit_code == 0
    assert path.read_bytes() == (tmp_path / "whole.csv").read_bytes()
