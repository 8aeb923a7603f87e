"""`howdah copy`: a table or a query into a file, a file into a table."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import click
from rich.console import Console

from howdah import sql
from howdah.adapt.encodings import embeds_ascii
from howdah.cli.arguments import conninfo_argument
from howdah.errors import (
    DataError,
    Error,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
)
from howdah_copy.batches import Records, import_batches
from howdah_copy.files import DamagedFileError, format_of, is_file, opened, size_of
from howdah_copy.keyed_export import export_by_key
from howdah_copy.names import split_names
from howdah_copy.parquet import read_parquet, write_parquet
from howdah_copy.progress import progress

if TYPE_CHECKING:
    from howdah.framework.driver import Driver

__all__ = ["copy"]

#: How much is read of a file at a time, in bytes.
CHUNK = 256 * 1024
#: How many rows make a part, if the command line does not say.
PART = 100_000

#: What a conninfo has, and the name of a table has not.
_CONNINFO = re.compile("[=:]")
#: What no file or table is called.
_IS_CONNINFO = re.compile(r"[A-Za-z]{2,}:|(?:host|hostaddr|port|dbname|user|password|passfile|service)=")
_AS_FILE = (
    "write it as ./name, or with an extension that tells its format"
    " (.csv, .tsv, .txt, .bin, .pgcopy, .parquet)"
)
_LINE = re.compile(r"^COPY .*, line (\d+)(.*)$", re.MULTILINE)
_REPEAT = "repeat the command to go on"
#: What keeps a file from being opened, as long as nobody does anything about it.
_NO_FILE = FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError
#: The exit status of a command that was interrupted.
_INTERRUPTED = 130


class BatchError(Exception):
    """A batch was not stored; the message has the line in the file."""


class Job(NamedTuple):
    """What is copied, from the command line.

    Attributes:
        path: the file.
        table: the table, None for a query.
        query: the query, None for a table.
        columns: the columns of the table, None for all of them.
        out: whether the file is written.
        format: csv, text, binary or parquet.
        header: whether a CSV file has the names of the columns in its first line.
        delimiter: the character between the values, None for the format's own.
        part: how many rows make a batch or a part; None to copy at once.
        key: the column in whose order a table is exported, to be resumed; None to export at once.
        restart: whether to begin again, whatever has been copied before.
    """

    path: str
    table: sql.Identifier | None
    query: str | None
    columns: list[str] | None
    out: bool
    format: str
    header: bool
    delimiter: str | None
    part: int | None
    key: str | None
    restart: bool

    @property
    def resumable(self) -> bool:
        """Whether the same command goes on after an interruption."""
        return self.part is not None

    @property
    def in_lines(self) -> bool:
        """Whether the file has lines, and its values a delimiter."""
        return self.format in ("csv", "text")

    @property
    def target(self) -> sql.Composable:
        """The table and its columns, or the query in parentheses, as COPY takes them."""
        if self.table is None:
            return sql.SQL("({})").format(_code(self.query))
        if self.columns is None:
            return self.table
        return sql.SQL("{}({})").format(self.table, sql.SQL(", ").join(map(sql.Identifier, self.columns)))

    @property
    def select(self) -> sql.Composable:
        """The query that returns the rows."""
        if self.table is None:
            return _code(self.query)
        names = sql.SQL(", ").join(map(sql.Identifier, self.columns)) if self.columns else sql.SQL("*")
        return sql.SQL("SELECT {} FROM {}").format(names, self.table)

    def options(self, first: bool = True) -> sql.Composable:
        """Return the options of COPY, for the beginning of the file or for a later part of it."""
        options: list[sql.Composable] = [sql.SQL(cast(Any, f"FORMAT {self.format}"))]
        if self.format == "csv" and self.header and first:
            options.append(sql.SQL("HEADER"))
        if self.delimiter is not None:
            options.append(sql.SQL("DELIMITER {}").format(self.delimiter))
        return sql.SQL(", ").join(options)

    def statement(self, first: bool = True) -> sql.Composable:
        """Return the COPY, for the beginning of the file or for a later part of it."""
        direction = sql.SQL("TO STDOUT" if self.out else "FROM STDIN")
        return sql.SQL("COPY {} {} ({})").format(self.target, direction, self.options(first))


@click.command()
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET", required=False)
@conninfo_argument
@click.option("-q", "--query", metavar="SQL", help="Copy the rows of a query to the one file given.")
@click.option("-f", "--format", "format", type=click.Choice(["csv", "text", "binary", "parquet"]),
              help="The file's format; default: by its extension, csv without any.")  # fmt: skip
@click.option("--header/--no-header", default=True,
              help="Whether the first line of a CSV file has the names, which are not compared"
              " with the columns; default: it has.")  # fmt: skip
@click.option("-c", "--columns", metavar="NAMES",
              help="The columns, with commas between them; default: all of the table.")  # fmt: skip
@click.option("-d", "--delimiter", metavar="CHARACTER",
              help="What separates the values of a CSV or text file; default: a comma, in text"
              " a tab.")  # fmt: skip
@click.option("--batch", type=click.IntRange(min=1), metavar="ROWS",
              help="Into a table: commit after this many rows, so that the copy can be resumed.")  # fmt: skip
@click.option("--key", metavar="COLUMN",
              help="Out of a table: copy in the order of this unique column, so that the copy"
              " can be resumed.")  # fmt: skip
@click.option("--restart", is_flag=True, help="With --batch or --key: begin again.")
@click.option("--progress/--no-progress", "shown", default=None,
              help="Show the progress on standard error; default: if it is a terminal.")  # fmt: skip
@click.pass_context
def copy(
    context: click.Context,
    /,
    source: str,
    target: str | None,
    conninfo: str,
    shown: bool | None,
    **options: Any,
) -> None:
    """Copy FILE into TABLE, or TABLE into FILE.

    \b
        howdah copy people.csv.gz people
        howdah copy people people.bin "host=db dbname=zoo"
        howdah copy --query "SELECT * FROM people WHERE born > 2000" young.csv
        howdah copy --batch 100000 people.csv people

    The file is recognised by its extension (.csv, .tsv, .txt, .bin, .pgcopy,
    followed by .gz, .bz2, .xz or .zst if it is compressed, or .parquet, for
    which howdah[arrow] is needed), by a slash, or by "-", which stands for
    standard input and output. The names of the table, its schema and columns
    are taken as they are; one that has a dot, a comma or quotes is written in
    double quotes, as in SQL. CONNINFO follows the file and the table.

    All rows are copied, or none. With --batch and --key, repeating the command
    continues after an interruption, and copies each row once. --batch is for
    files in CSV or text format; it records its progress in the database, in
    the table howdah_copy_progress next to TABLE. --key writes CSV or text, and
    records its progress in FILE.progress; it reads the rows at different times.

    The exit status is 0 if all was copied, 1 after an error, 2 if the command
    is wrong, and 130 if it was interrupted.
    """  # noqa: D301 - click wants the character
    _refuse_conninfo(source)
    if options["query"] is not None:
        conninfo, target = _conninfo_after_file(source, target, conninfo), None
    job = _job(source, target, **options)
    driver: Driver = context.obj
    console = Console(stderr=True, highlight=False)
    if job.path == "-" and job.out and console.is_terminal and os.isatty(1):
        shown = False  # the rows are on the same screen
    again = _REPEAT if job.resumable else "the rows are copied all or not at all"
    begin = monotonic()
    try:
        with driver.connect(conninfo, autocommit=True) as conn:
            rows, before = _run(conn, job, console, shown)
    except KeyboardInterrupt:
        console.print(f"howdah: interrupted; {again}", style="red", markup=False)
        context.exit(_INTERRUPTED)
    except (Error, OSError, BatchError, DamagedFileError) as error:
        _report(error, job, console)
        context.exit(1)
    seconds = monotonic() - begin
    summary = (
        f"{rows} row{'s' if rows != 1 else ''} in {seconds:.1f} s, {rows / max(seconds, 1e-3):,.0f} rows/s"
    )
    if before:
        summary += f"; {before} rows had been copied before"
        summary += "" if rows or job.out else ": --restart copies them again"
    console.print(summary, markup=False, soft_wrap=True)


def _refuse_conninfo(name: str | None) -> None:
    """Make sure that an argument is no conninfo, which messages would show.

    Raises:
        click.UsageError: it is one.
    """
    if name and _IS_CONNINFO.match(name):
        raise click.UsageError("the conninfo follows the file and the table, with --query the file")


def _conninfo_after_file(source: str, second: str | None, rest: str) -> str:
    """Return the conninfo if the first argument is the only file, as it is with `--query`.

    Raises:
        click.UsageError: the first argument is no file, or the second one no conninfo.
    """
    if second and not _CONNINFO.search(second):
        raise click.UsageError(f"--query needs one file, and no table: not {source!r} and {second!r}")
    if not is_file(source):
        raise click.UsageError(f"--query needs a file first, and {source!r} is none: {_AS_FILE}")
    return " ".join(filter(None, [second, rest]))


def _job(
    source: str,
    target: str | None,
    query: str | None,
    format: str | None,
    header: bool,
    columns: str | None,
    delimiter: str | None,
    batch: int | None,
    key: str | None,
    restart: bool,
) -> Job:
    """Return what is to be copied.

    Raises:
        click.UsageError: the arguments contradict each other.
    """
    _refuse_conninfo(target)
    table = None
    if query is not None:
        path, out = source, True
    elif target is None:
        raise click.UsageError("two arguments are needed, a file and a table")
    elif is_file(source) and is_file(target):
        raise click.UsageError(f"{source!r} and {target!r} are both files: one argument must be a table")
    elif not is_file(source) and not is_file(target):
        raise click.UsageError(f"{source!r} and {target!r} are both tables, unless one is a file: {_AS_FILE}")
    else:
        out = is_file(target)
        path, name = (target, source) if out else (source, target)
        table = sql.Identifier(*_names(name, "."))
    names = _names(columns, ",") if columns else None
    part = None if batch is None and key is None else batch or PART
    format = format or _told_format(path)
    job = Job(path, table, query, names, out, format, header, delimiter, part, key, restart)
    if objection := _objection(job):
        raise click.UsageError(objection)
    return job


def _names(text: str, separator: str) -> list[str]:
    try:
        return split_names(text, separator)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _told_format(path: str) -> str:
    """Return the format that the extension of a file tells.

    Raises:
        click.UsageError: it tells none.
    """
    format = format_of(path)
    if format is None:
        raise click.UsageError(
            f"the extension of {path!r} is none that tells the format: say it with --format,"
            " which takes csv, text, binary or parquet"
        )
    return format


def _objection(job: Job) -> str:
    """Return why a job makes no sense, empty if it does."""
    if job.delimiter is not None and not job.in_lines:
        return "--delimiter is for files in CSV or text format"
    if job.query is not None and job.columns is not None:
        return "--columns is for a table: name the columns in the query"
    return _objection_to_resuming(job)


def _objection_to_resuming(job: Job) -> str:
    """Return why a job cannot be resumed, empty if it can or need not."""
    if job.restart and not job.resumable:
        return "--restart is for --batch and --key"
    if job.key is not None and (not job.out or job.table is None):
        return "--key is for copying a table into a file"
    if job.resumable and job.out and job.key is None:
        return "to be resumed, copying into a file needs --key"
    if job.resumable and (job.path == "-" or not job.in_lines):
        return "only a file in CSV or text format can be resumed"
    return ""


def _run(conn: Any, job: Job, console: Console, shown: bool | None) -> tuple[int, int]:
    """Copy; return how many rows were copied, and how many an earlier run had copied."""
    size = None if job.out else size_of(job.path)
    with progress(console, size, shown) as advance:
        if job.key is not None:
            before, rows = export_by_key(
                conn, cast(Any, job.table), job.columns, job.key, job.path,
                size=cast(int, job.part), options=job.options, restart=job.restart, advance=advance,
            )  # fmt: skip
            return rows, before
        if job.part is not None:
            return _import_batches(conn, job, advance)
        cur = conn.cursor()
        run = _download if job.out else _upload
        return run(cur, job, advance), 0


def _import_batches(conn: Any, job: Job, advance: Callable[[int, int], None]) -> tuple[int, int]:
    """Copy a file into a table in batches."""
    if job.format == "text" and embeds_ascii(conn.info.codec):
        raise NotSupportedError(f"files in text format and {conn.info.encoding} cannot be copied in batches")
    with opened(job.path, "rb") as (file, _):
        records = Records(file, job.format)
        try:
            before, rows = import_batches(
                conn, cast(Any, job.table), job.target, os.path.realpath(job.path), records,
                size=cast(int, job.part), statement=job.statement, restart=job.restart, advance=advance,
            )  # fmt: skip
        except Error as error:
            raise BatchError(_explain(error, records.lines_before)) from error
    return rows, before


def _upload(cur: Any, job: Job, advance: Callable[[int, int], None]) -> int:
    """Copy a file into the server."""
    with opened(job.path, "rb") as (file, raw):
        if job.format == "parquet":
            return read_parquet(cur, cast(Any, job.table), job.columns, file, job.path, advance)
        with cur.copy(job.statement()) as copy:
            done = 0
            while data := file.read(CHUNK):
                copy.write(data)
                # The progress is the position in the file itself, compressed or not.
                position = raw.tell() if raw.seekable() else done + len(data)
                advance(position - done, _lines(job, data))
                done = position
    return int(cur.rowcount)


def _download(cur: Any, job: Job, advance: Callable[[int, int], None]) -> int:
    """Copy from the server into a file, which appears when it is complete."""
    if job.format == "parquet":
        with opened(job.path, "wb") as (file, _):
            return write_parquet(cur, job.select, file, advance)
    with cur.copy(job.statement()) as copy, opened(job.path, "wb") as (file, _):
        for data in copy:
            file.write(data)
            advance(len(data), _lines(job, data))
    return int(cur.rowcount)


def _lines(job: Job, data: Any) -> int:
    return 0 if job.format == "binary" else bytes(data).count(b"\n")


def _code(query: str | None) -> sql.SQL:
    return sql.SQL(cast(Any, (query or "").rstrip("; \n")))


def _report(error: Exception, job: Job, console: Console) -> None:
    """Show what has happened, and what to do; nothing if the program that reads the rows has ended."""
    if isinstance(error, BrokenPipeError) and job.path == "-":
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is left in the buffer
        return
    for message in _messages(error, job):
        console.print(f"howdah: {message}", style="red", markup=False, soft_wrap=True)


def _messages(error: Exception, job: Job) -> Iterator[str]:
    """Yield what has happened, and what to do."""
    yield _explain(error)
    if job.resumable and (advice := _advice(error)):
        yield advice


def _advice(error: Exception) -> str:
    """Return what to do after an error in a copy that can be resumed; empty if to repeat it does not help."""
    cause = error.__cause__ if isinstance(error, BatchError) else error
    if isinstance(cause, (DataError, IntegrityError)) and cause.sqlstate is not None:
        return f"mend the row, or the table; then {_REPEAT}"
    if isinstance(cause, (OperationalError, InternalError)):
        return _REPEAT
    return _REPEAT if isinstance(cause, OSError) and not isinstance(cause, _NO_FILE) else ""


def _explain(error: Exception, lines_before: int = 0) -> str:
    """Return the message of an error; for a bad row, it begins with its line in the file.

    Args:
        error: the error.
        lines_before: how many lines of the file the statement did not get.
    """
    found = _LINE.search(error.diag.context or "") if isinstance(error, Error) else None
    if found is None:
        if isinstance(error, OSError) and error.filename and error.strerror:
            return f"{error.filename}: {error.strerror}"
        return str(error)
    diag = cast(Error, error).diag
    message = f"line {int(found[1]) + lines_before}{found[2]}: {diag.message_primary}"
    return f"{message}: {diag.message_detail}" if diag.message_detail else message
