"""`howdah copy`."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import howdah
from howdah.cli.commands import command_line
from howdah.conninfo import parse
from howdah_copy.names import split_names
from tests.pages import ROOT, blocks


@pytest.fixture
def table(dsn: str) -> Iterator[str]:
    """A table of a thousand people."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute('CREATE TABLE "some people" (id int, name text)')
        conn.execute("INSERT INTO \"some people\" SELECT i, 'n, ' || i FROM generate_series(1, 1000) i")
        yield "some people"
        conn.execute('DROP TABLE "some people"')


def run(*arguments: Any, input: bytes | None = None) -> Result:
    return CliRunner().invoke(command_line(), ["copy", *map(str, arguments)], input=input, prog_name="howdah")


def rows(dsn: str) -> list[Any]:
    with howdah.connect(dsn) as conn:
        return conn.execute('SELECT * FROM "some people" ORDER BY id').fetchall()


@pytest.mark.parametrize(
    "name", ["p.csv", "p.csv.gz", "p.tsv.bz2", "p.bin.xz", "p.txt", "p.unknown/../p.csv"]
)
def test_out_and_in(dsn: str, table: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "p.unknown").mkdir()
    path = tmp_path / name
    before = rows(dsn)
    out = run(table, path, dsn)
    assert (out.exit_code, out.stderr.split(" in ")[0]) == (0, "1000 rows")
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    with openers.get(path.suffix, open)(path, "rb") as file:
        start = {"csv": b"id,name\n1,", "tsv": b"1\tn", "txt": b"1\tn", "bin": b"PGCOPY"}[
            path.name.split(".")[1]
        ]
        assert file.read().startswith(start)
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute('TRUNCATE "some people"')
    assert run(path, table, dsn).exit_code == 0
    assert rows(dsn) == before


def test_a_query(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "young.csv"
    assert run("--query", 'SELECT id FROM "some people" WHERE id < 3 ORDER BY 1;', path, dsn).exit_code == 0
    assert path.read_text() == "id\n1\n2\n"


def test_standard_input_and_output(dsn: str, table: str) -> None:
    assert run("-", table, "--columns", "id", "--no-header", dsn, input=b"7000\n").exit_code == 0
    assert rows(dsn)[-1] == (7000, None)
    assert run("--query", "SELECT 5 AS five", "-", dsn).stdout == "five\n5\n"


def test_a_bad_row_is_named(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text("id,name\n1,a\nx,b\n")
    result = run(path, table, dsn)
    assert result.exit_code == 1
    assert 'line 3, column id: "x": invalid input syntax for type integer: "x"' in result.stderr
    assert len(rows(dsn)) == 1000


def test_what_fails_leaves_no_file(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "q.csv"
    path.write_text("before")
    result = run("--query", "SELECT 1 / (20000 - i) FROM generate_series(1, 30000) i", path, dsn)
    assert result.exit_code == 1
    assert "division by zero" in result.stderr
    assert path.read_text() == "before"
    assert [file.name for file in tmp_path.iterdir()] == ["q.csv"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["one"],
        ["--batch", "5", "a", "a.csv"],
        ["--batch", "0", "a.csv", "a"],
        ["--batch", "5", "a.bin", "a"],
        ["--batch", "5", "-", "a"],
        ["--key", "id", "a.csv", "a"],
        ["--key", "id", "--query", "SELECT 1", "a.csv"],
        ["--restart", "a.csv", "a"],
    ],
)
def test_arguments_that_make_no_sense(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


@pytest.mark.parametrize(("names", "kind"), [("a b", "tables"), ("a.csv b.csv", "files")])
def test_two_of_the_same_kind(names: str, kind: str) -> None:
    result = run(*names.split())
    assert result.exit_code == 2
    assert f"are both {kind}" in result.stderr


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("people", ["people"]),
        ("My Zoo.Some People", ["My Zoo", "Some People"]),
        ('"My Zoo"."p.x"', ["My Zoo", "p.x"]),
        ('zoo."say ""hay"""', ["zoo", 'say "hay"']),
        ('"x.csv"', ["x.csv"]),
    ],
)
def test_names(name: str, parts: list[str]) -> None:
    assert split_names(name, ".") == parts


@pytest.mark.parametrize("name", ["", ".", "a.", "a..b", '"a', 'a"b"', '"a"b', '""', '"a""'])
def test_names_that_are_none(name: str) -> None:
    result = run(name, "./x.csv")
    assert result.exit_code == 2
    assert "double quotes enclose a whole name" in " ".join(result.stderr.replace("│", " ").split())


def test_quoted_names(dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute('CREATE TABLE "a.b" ("c,d" int, "e f" int)')
        try:
            conn.execute('INSERT INTO "a.b" VALUES (1, 2)')
            assert run("--columns", ' e f, "c,d"', 'public."a.b"', path, dsn).exit_code == 0
            assert path.read_text() == 'e f,"c,d"\n2,1\n'
            assert run("--columns", '"e f","c,d"', path, '"a.b"', dsn).exit_code == 0
            assert conn.execute('SELECT * FROM "a.b"').fetchall() == [(1, 2)] * 2
        finally:
            conn.execute('DROP TABLE "a.b"')


def add_key(dsn: str) -> None:
    with howdah.connect(dsn) as conn:
        conn.execute('ALTER TABLE "some people" ADD PRIMARY KEY (id)')


def test_a_delimiter(dsn: str, table: str, tmp_path: Path) -> None:
    add_key(dsn)
    before = rows(dsn)
    for name, resuming in [("p.csv", ()), ("p.txt", ()), ("p2.csv", ("--key", "id"))]:
        path = tmp_path / name
        assert run("--delimiter", ";", *resuming, table, path, dsn).exit_code == 0
        assert b"\n1;" in b"\n" + path.read_bytes()
        for batches in ((), ("--batch", "300")):
            with howdah.connect(dsn, autocommit=True) as conn:
                conn.execute('TRUNCATE "some people"')
            assert run("-d", ";", *batches, path, table, dsn).exit_code == 0
            assert rows(dsn) == before
    result = run("--delimiter", ";;", table, path, dsn)
    assert result.exit_code == 1
    assert "COPY delimiter must be a single one-byte character" in result.stderr


def test_a_duplicate_key_is_named(dsn: str, table: str, tmp_path: Path) -> None:
    add_key(dsn)
    path = tmp_path / "p.csv"
    path.write_text("id,name\n1001,a\n7,b\n")
    result = run(path, table, dsn)
    assert result.exit_code == 1
    assert "line 3: duplicate key value violates unique constraint" in result.stderr
    assert "Key (id)=(7) already exists." in result.stderr
    assert len(rows(dsn)) == 1000


def test_a_query_and_two_names() -> None:
    result = run("--query", "SELECT 1", "a", "a.csv")
    assert result.exit_code == 2
    assert "--query needs one file" in result.stderr


def test_a_key_that_is_none(dsn: str, table: str, tmp_path: Path) -> None:
    """To repeat the command would not help."""
    result = run("--key", "name", table, tmp_path / "p.csv", dsn)
    assert result.exit_code == 1
    assert "'name' is no key" in result.stderr
    assert "repeat" not in result.stderr


def test_a_file_that_is_not_there(dsn: str, table: str) -> None:
    result = run("./nowhere.csv", table, dsn)
    assert result.exit_code == 1
    assert "nowhere.csv" in result.stderr


def test_the_commands_of_the_page(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "copy.md").read_text(encoding="utf-8")
    [commands] = blocks(page, "console")
    monkeypatch.chdir(tmp_path)
    with gzip.open("elephants.csv.gz", "wt") as file:
        file.write("id,name,born\n1,Hanno,1510-01-01\n2,Soliman,1540-05-01\n")
    for name, value in {**parse(dsn), "dbname": "zoo"}.items():
        monkeypatch.setenv({"dbname": "PGDATABASE"}.get(name, f"PG{name.upper()}"), value)
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE DATABASE zoo")
        try:
            with howdah.connect() as zoo:
                zoo.execute("CREATE TABLE elephant (id int, name text, born date)")
            for command in commands[1].splitlines():
                prompt, howdah_, copy, *arguments = shlex.split(command)
                assert (prompt, howdah_, copy) == ("$", "howdah", "copy")
                result = run(*arguments)
                assert result.exit_code == 0, result.stderr
        finally:
            conn.execute("DROP DATABASE zoo WITH (FORCE)")
    assert (tmp_path / "elephants.bin").read_bytes().count(b"Hanno") == 1
    assert (tmp_path / "young.csv").read_text() == "id,name,born\n2,Soliman,1540-05-01\n"


def test_the_help_shows_its_examples_line_by_line() -> None:
    text = subprocess.check_output([sys.executable, "-m", "howdah", "copy", "--help"], text=True)
    assert "howdah copy people.csv.gz people\n" in text
    assert "\\b" not in text


@pytest.mark.parametrize("arguments", [["--query", "SELECT i FROM generate_series(1, 9) i"], ["some people"]])
def test_parquet(dsn: str, table: str, tmp_path: Path, arguments: list[str]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "p.parquet"
    assert run(*arguments, path, dsn).exit_code == 0
    assert parquet.read_table(path).num_rows == (9 if len(arguments) == 2 else 1000)
    if arguments == ["some people"]:
        before = rows(dsn)
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute('TRUNCATE "some people"')
        result = run(path, table, dsn)
        assert result.stderr.startswith("1000 rows in ")
        assert rows(dsn) == before


def test_parquet_without_rows(dsn: str, table: str, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "p.parquet"
    assert run("--query", 'SELECT id FROM "some people" WHERE false', path, dsn).exit_code == 0
    assert parquet.read_table(path).column_names == ["id"]


def test_no_progress_unless_there_is_a_terminal_or_it_is_asked_for(
    dsn: str, table: str, tmp_path: Path
) -> None:
    assert len(run(table, tmp_path / "p.csv", dsn).stderr.splitlines()) == 1
    result = run("--progress", table, "-", dsn)
    assert result.stderr.startswith("copying: ")
    assert "copying" not in result.stdout
    assert len(result.stdout.splitlines()) == 1001


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["-q", "SELECT 1", "q.csv", "people"],
            "--query needs one file, and no table: not 'q.csv' and 'people'",
        ),
        (["-q", "SELECT 1", "people", "dbname=zoo"], "--query needs a file first, and 'people' is none"),
        (["-q", "SELECT 1", "dbname=zoo"], "the conninfo follows"),
        (["people", "postgresql://me:hush@zoo/db"], "the conninfo follows"),
        (["-q", "SELECT 1", "-c", "a", "q.csv"], "name the columns in the query"),
        (["people.json", "people"], "unless one is a file: write it as ./name"),
        (["./people.json", "people"], "the extension of './people.json' is none that tells the format"),
        (["./people.csv.zip", "people"], "say it with --format"),
        (["-q", "SELECT 1", "./q.xlsx"], "say it with --format"),
        (["--delimiter", ";", "people", "p.bin"], "--delimiter is for files in CSV or text format"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert "hush" not in result.stderr


def test_an_unknown_extension_with_a_format(dsn: str, tmp_path: Path) -> None:
    path = tmp_path / "q.data"
    assert run("-q", "SELECT 1 AS a", "-f", "csv", path, dsn).exit_code == 0
    assert path.read_text() == "a\n1\n"


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
@pytest.mark.parametrize("options", [[], ["--batch", "5"]])
def test_a_damaged_file(dsn: str, table: str, tmp_path: Path, suffix: str, options: list[str]) -> None:
    path = tmp_path / f"p.csv{suffix}"
    assert (
        run("-q", "SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 999) i", path, dsn).exit_code
        == 0
    )
    whole = path.read_bytes()
    for damaged in (
        whole[:-20],
        b"not compressed",
        whole[:-8] + bytes(8),
        whole[:200] + bytes(99) + whole[299:],
    ):
        path.write_bytes(damaged)
        result = run(*options, path, table, dsn)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"howdah: {path} is damaged: ")
        assert "repeat" not in result.stderr


@pytest.mark.parametrize("options", [[], ["--format", "parquet"]])
def test_a_damaged_parquet_file(dsn: str, table: str, tmp_path: Path, options: list[str]) -> None:
    pytest.importorskip("pyarrow.parquet")
    path = tmp_path / ("p.data" if options else "p.parquet")
    assert run(*options, table, path, dsn).exit_code == 0
    whole = path.read_bytes()
    for damaged in (b"", b"no parquet", whole[:-50], whole[:4] + b"\xff" * 2000 + whole[2004:]):
        path.write_bytes(damaged)
        result = run(*options, path, table, dsn)
        assert result.exit_code == 1
        assert result.stderr.startswith(f"howdah: {path} is damaged: ")
        assert len(result.stderr.splitlines()) == 1
    assert len(rows(dsn)) == 1000


def test_a_reader_that_ends_early(dsn: str) -> None:
    command = [sys.executable, "-m", "howdah", "copy", "-q", "SELECT generate_series(1, 100000)", "-", dsn]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"generate_series\n"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize("arguments", [["nothing.csv", "some people"], ["some people", "no/directory/p.csv"]])
def test_a_missing_file_is_named(dsn: str, table: str, arguments: list[str]) -> None:
    result = run(*arguments, dsn)
    assert result.exit_code == 1
    assert result.stderr.endswith(": No such file or directory\n")
    assert "Errno" not in result.stderr


@pytest.mark.parametrize("options", [[], ["--batch", "5"]])
def test_a_missing_package_is_named(
    dsn: str, table: str, tmp_path: Path, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("compression", "backports"):
        monkeypatch.setitem(sys.modules, f"{name}.zstd", None)
    path = tmp_path / "p.csv.zst"
    path.touch()
    result = run(*options, path, table, dsn)
    assert result.exit_code == 1
    assert result.stderr == "howdah: .zst files need Python 3.14, or: pip install backports.zstd\n"


def test_what_to_do_about_a_bad_row(dsn: str, table: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,name\n1,a\nx,b\n")
    result = run("--batch", 1, path, table, dsn)
    assert result.exit_code == 1
    assert "mend the row, or the table; then repeat the command to go on" in result.stderr
    path.write_text("id,name\n1,a\n2,b\n")
    assert run("--batch", 1, path, table, dsn).exit_code == 0


@pytest.mark.parametrize("name", ["nothing", "nowhere.nothing"])
def test_to_repeat_does_not_help_without_the_table(dsn: str, table: str, tmp_path: Path, name: str) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,name\n1,a\n")
    result = run("--batch", 1, path, name, dsn)
    assert (result.exit_code, "repeat the" in result.stderr) == (1, False)
    result = run("--batch", 1, "--columns", "id,nothing", path, table, dsn)
    assert (result.exit_code, "repeat the" in result.stderr) == (1, False)
    result = run("--batch", 1, tmp_path / "nowhere.csv", table, dsn)
    assert (result.exit_code, "repeat the" in result.stderr) == (1, False)
