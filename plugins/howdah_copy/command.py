"""`howdah copy`: a table or a query into a file, a file into a table."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, cast

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from howdah import sql
from howdah.errors import Error
from howdah.io.output_file import OutputFile

if TYPE_CHECKING:
    from howdah.framework.driver import Driver

__all__ = ["copy"]

#: How much is read of a file at a time, in bytes.
CHUNK = 256 * 1024

_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_FORMATS = {".csv": "csv", ".bin": "binary", ".pgcopy": "binary", ".tsv": "text", ".txt": "text"}
_LINE = re.compile(r"^COPY .*, line (\d+)(.*)$", re.MULTILINE)


@click.command()
@click.argument("source")
@click.argument("target", required=False)
@click.option(
    "-q", "--query", help="A query whose rows are copied to the one file given, instead of a table's."
)
@click.option(
    "-d", "--dsn", "conninfo", default="", help="What to connect to; by default as the environment says."
)
@click.option("-f", "--format", "format", type=click.Choice(["csv", "text", "binary"]),
              help="By default as the file's extension says, else csv.")  # fmt: skip
@click.option(
    "--header/--no-header", default=None, help="Whether the first line of a CSV file has the names."
)
@click.option("-c", "--columns", help="The columns, with commas between them; all of the table by default.")
@click.pass_context
def copy(
    context: click.Context,
    source: str,
    target: str | None,
    query: str | None,
    conninfo: str,
    format: str | None,
    header: bool | None,
    columns: str | None,
) -> None:
    """Copy FILE into TABLE, or TABLE into FILE.

    \b
        howdah copy people.csv.gz people
        howdah copy people people.bin
        howdah copy --query "SELECT * FROM people WHERE born > 2000" young.csv

    The file is recognised by its extension (.csv, .tsv, .txt, .bin, .pgcopy,
    followed by .gz, .bz2, .xz or .zst if it is compressed), by a slash, or by
    "-", which stands for standard input and output.
    """  # noqa: D301 - click wants the character
    if query is not None:
        if target is not None:
            raise click.UsageError("with --query there is one argument, the file")
        path, out = source, True
        what: sql.Composable = sql.SQL("({})").format(sql.SQL(cast(Any, query.rstrip("; \n"))))
    elif target is None:
        raise click.UsageError("two arguments are needed, a file and a table")
    elif _is_file(source) == _is_file(target):
        raise click.UsageError(f"one of {source!r} and {target!r} is to be a file: write it as ./name")
    else:
        out = _is_file(target)
        path, table = (target, source) if out else (source, target)
        what = sql.Identifier(*table.split("."))
        if columns:
            names = [sql.Identifier(name.strip()) for name in columns.split(",")]
            what = sql.SQL("{}({})").format(what, sql.SQL(", ").join(names))
    format = format or _format(path)
    options = [sql.SQL(cast(Any, f"FORMAT {format}"))]
    if format == "csv" and header is not False:
        options.append(sql.SQL("HEADER"))
    statement = sql.SQL("COPY {} {} ({})").format(
        what, sql.SQL("TO STDOUT" if out else "FROM STDIN"), sql.SQL(", ").join(options)
    )
    driver: Driver = context.obj
    console = Console(stderr=True, highlight=False)
    start = monotonic()
    try:
        with driver.connect(conninfo) as conn:
            cur = conn.cursor()
            run = _download if out else _upload
            run(cur, statement, path, console, format == "binary")
            rows = cur.rowcount
    except Error as error:
        console.print(f"howdah: {_explain(error)}", style="red", markup=False)
        context.exit(1)
    except OSError as error:
        console.print(f"howdah: {error}", style="red", markup=False)
        context.exit(1)
    seconds = monotonic() - start
    console.print(f"{rows} rows in {seconds:.1f} s, {rows / max(seconds, 1e-3):,.0f} rows/s", markup=False)


def _upload(cur: Any, statement: sql.Composable, path: str, console: Console, binary: bool) -> None:
    """Copy a file into the server."""
    with _opened(path, "rb") as (file, raw), _progress(console, _size(path), binary) as advance:
        with cur.copy(statement) as copy:
            done = 0
            while data := file.read(CHUNK):
                copy.write(data)
                # The progress is the position in the file itself, compressed or not.
                position = raw.tell() if raw.seekable() else done + len(data)
                advance(position - done, data)
                done = position


def _download(cur: Any, statement: sql.Composable, path: str, console: Console, binary: bool) -> None:
    """Copy from the server into a file, which appears when it is complete."""
    with _progress(console, None, binary) as advance:
        with cur.copy(statement) as copy, _opened(path, "wb") as (file, _):
            for data in copy:
                file.write(data)
                advance(len(data), data)


def _is_file(name: str) -> bool:
    path = Path(name)
    return name == "-" or os.sep in name or "/" in name or path.suffix in (*_COMPRESSED, *_FORMATS)


def _format(path: str) -> str:
    name = Path(path)
    return _FORMATS.get(name.with_suffix("").suffix if name.suffix in _COMPRESSED else name.suffix, "csv")


def _size(path: str) -> int | None:
    return None if path == "-" or not Path(path).is_file() else Path(path).stat().st_size


@contextmanager
def _opened(path: str, mode: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file: yield it decompressed, and as it is."""
    if path == "-":
        raw = sys.stdin.buffer if mode == "rb" else sys.stdout.buffer
        yield raw, raw
        if mode == "wb":
            raw.flush()
        return
    # A file that is written appears when it is complete.
    opened: Any = OutputFile(path) if mode == "wb" else Path(path).open(mode)  # noqa: SIM115
    with opened as raw, _decompressed(raw, Path(path).suffix, mode) as file:
        yield file, raw


def _decompressed(raw: Any, suffix: str, mode: Any) -> Any:
    if suffix == ".gz":
        return gzip.GzipFile(fileobj=raw, mode=mode)
    if suffix == ".bz2":
        return bz2.BZ2File(raw, mode)
    if suffix == ".xz":
        return lzma.LZMAFile(raw, mode)
    if suffix == ".zst":
        for module in ("compression.zstd", "backports.zstd"):
            try:
                return import_module(module).ZstdFile(raw, mode)
            except ImportError:
                pass
        raise OSError(".zst files need Python 3.14, or: pip install backports.zstd")
    return _Left(raw)


class _Left:
    """A context manager that leaves the file open: its opener closes it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file

    def __enter__(self) -> IO[bytes]:
        return self.file

    def __exit__(self, *exc_info: object) -> None:
        pass


@contextmanager
def _progress(console: Console, size: int | None, binary: bool) -> Iterator[Any]:
    """Show the progress and the speed while the block runs."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[lines]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("copying", total=size, lines="")
        lines = 0

        def advance(count: int, data: bytes) -> None:
            nonlocal lines
            lines += 0 if binary else data.count(b"\n")
            progress.update(task, advance=count, lines=f"{lines} lines" if lines else "")

        yield advance


def _explain(error: Error) -> str:
    """Return the message of an error; for a bad row, it begins with its line in the file."""
    found = _LINE.search(error.diag.context or "")
    return str(error) if found is None else f"line {found[1]}{found[2]}: {error.diag.message_primary}"
