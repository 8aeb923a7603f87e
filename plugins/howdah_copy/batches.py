"""Copying a file into a table in batches, so that it can be resumed.

Each batch is a transaction, which also notes in the database how far the file has been copied: a batch and
the note of it are committed together or not at all. Whoever runs the command again goes on after the last
note, so that no row is lost and none is stored twice, whatever happened in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import IO, Any

from howdah import sql
from howdah.errors import DataError, OperationalError

__all__ = ["Records", "import_batches"]

#: How much is sent, or skipped, at a time, in bytes.
_CHUNK = 256 * 1024

_NOTES = "howdah_copy_progress"
_CREATE = sql.SQL(
    "CREATE TABLE {} (target text, file text, position bigint NOT NULL, rows bigint NOT NULL,"
    " digest text NOT NULL, PRIMARY KEY (target, file))"
)
_FIND = """
    SELECT n.nspname, c.oid::text, pg_catalog.to_regclass(
        pg_catalog.quote_ident(n.nspname) || '.howdah_copy_progress') IS NULL
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = %s::pg_catalog.regclass
"""


class Records:
    """The records of a file in CSV or text format, of which each batch takes some.

    A record ends at a newline: in CSV at one outside of quotes, in text format at one without a backslash.

    Args:
        file: the file, decompressed.
        format: `csv` or `text`.

    Attributes:
        position: how many bytes have been read.
        lines: how many lines have been read.
        lines_before: how many lines had been read before the current batch.
        digest: the digest of what has been read.
    """

    def __init__(self, file: IO[bytes], format: str) -> None:
        self._file = file
        self._csv = format == "csv"
        self._digest = hashlib.sha256()
        #: The line after what was skipped.
        self._following = b""
        self.position = 0
        self.lines = self.lines_before = 0

    @property
    def digest(self) -> str:
        """The digest of what has been read."""
        return self._digest.hexdigest()

    def skip(self, position: int, digest: str) -> None:
        """Read up to a position.

        Raises:
            howdah.DataError: the digest of what was read is not this one, or no record begins there.
        """
        data = b""
        while self.position < position and (data := self._file.read(min(_CHUNK, position - self.position))):
            self._take(data)
        self._following = self._file.readline()
        torn = position > 0 and self._following and data[-1:] != b"\n"
        if self.position < position or self.digest != digest or torn:
            raise DataError("the file has changed since a part of it was copied; --restart copies all of it")

    def take(self, count: int) -> Iterator[tuple[bytes, int]]:
        """Yield the next records in pieces, with their numbers of lines.

        Args:
            count: how many records at most.

        Raises:
            howdah.DataError: a line would end the data early.
        """
        self.lines_before = self.lines
        piece: list[bytes] = []
        size, quotes = 0, 0
        following, self._following = self._following, b""
        for line in chain([following] if following else [], self._file):
            if line.rstrip(b"\r\n") == b"\\.":
                raise DataError(
                    f"line {self.lines + len(piece) + 1} is \\., which ends the data: a file with it can"
                    " only be copied without --batch"
                )
            piece.append(line)
            size += len(line)
            quotes += line.count(b'"') if self._csv else 0
            ended = quotes % 2 == 0 if self._csv else not _escaped(line)
            count -= ended
            if count == 0 or size >= _CHUNK:
                yield self._take(b"".join(piece)), len(piece)
                piece, size = [], 0
            if count == 0:
                return
        if piece:
            yield self._take(b"".join(piece)), len(piece)

    def _take(self, data: bytes) -> bytes:
        self._digest.update(data)
        self.position += len(data)
        self.lines += data.count(b"\n")
        return data


def _escaped(line: bytes) -> bool:
    """Return whether the newline at the end of a line belongs to the data."""
    body = line[:-1] if line.endswith(b"\n") else line
    return (len(body) - len(body.rstrip(b"\\"))) % 2 == 1


def import_batches(
    conn: Any,
    table: sql.Composable,
    target: sql.Composable,
    path: str,
    records: Records,
    *,
    size: int,
    statement: Callable[[bool], sql.Composable],
    restart: bool,
    advance: Callable[[int, int], None],
) -> tuple[int, int]:
    """Copy the records of a file that have not been copied yet.

    Args:
        conn: a connection in autocommit mode.
        table: the table.
        target: the table, and its columns if they were given.
        path: the absolute path of the file; it and the target identify the note of what was copied.
        records: the records.
        size: how many records make a batch.
        statement: returns the COPY, for the first batch or for a later one.
        restart: whether to copy all of the file, whatever has been copied before.
        advance: is told how many bytes and lines have been copied.

    Returns:
        How many rows have been stored by earlier runs, and by this one.

    Raises:
        howdah.DataError: the file has changed.
        howdah.OperationalError: another process copies the file as well.
    """
    schema, oid, missing = conn.execute(_FIND, [table.as_string(conn)]).fetchone()
    key = [f"{oid} {target.as_string(conn)}", path]
    if missing:
        conn.execute(_CREATE.format(sql.Identifier(schema, _NOTES)))
    # A percent sign is doubled where there are placeholders.
    notes = sql.Identifier(schema.replace("%", "%%"), _NOTES)
    where = sql.SQL(" WHERE target = %s AND file = %s")
    if restart:
        conn.execute(sql.SQL("DELETE FROM {}").format(notes) + where, key)
    conn.execute(
        sql.SQL("INSERT INTO {} VALUES (%s, %s, 0, 0, %s) ON CONFLICT DO NOTHING").format(notes),
        [*key, records.digest],
    )
    find = sql.SQL("SELECT position, rows, digest FROM {}").format(notes) + where
    position, before, digest = conn.execute(find, key).fetchone()
    records.skip(position, digest)
    rows, ended = before, False
    cur = conn.cursor()
    while not ended:
        with conn.transaction():
            if conn.execute(find + sql.SQL(" FOR UPDATE"), key).fetchone() != (position, rows, digest):
                raise OperationalError("another process is copying the same file into the table")
            start = records.position
            with cur.copy(statement(start == 0)) as copy:
                for data, lines in records.take(size):
                    copy.write(data)
                    advance(len(data), lines)
            ended = records.position == start
            rows, position, digest = rows + cur.rowcount, records.position, records.digest
            conn.execute(
                sql.SQL("UPDATE {} SET position = %s, rows = %s, digest = %s").format(notes) + where,
                [position, rows, digest, *key],
            )
    return before, rows - before
