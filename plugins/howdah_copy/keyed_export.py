"""Copying a table into a file in the order of a key, so that it can be resumed.

The parts are appended to `FILE.partial`; after each of them, `FILE.progress` says how long the file is and
what its last key is. Whoever runs the command again cuts the file to that length, and goes on after that key.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from howdah import sql
from howdah.errors import ProgrammingError
from howdah_copy.files import compressed

__all__ = ["export_by_key"]

_FIND = """
    SELECT c.relkind, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull AND EXISTS (
        SELECT FROM pg_catalog.pg_index i
        WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
            AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum),
        ARRAY(SELECT b.attname::text FROM pg_catalog.pg_attribute b
            WHERE b.attrelid = c.oid AND b.attnum > 0 AND NOT b.attisdropped
                AND coalesce(pg_catalog.to_jsonb(b) ->> 'attgenerated', '') = '' ORDER BY b.attnum)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE c.oid = %s::pg_catalog.regclass AND a.attname = %s AND a.attnum > 0 AND NOT a.attisdropped
"""


def export_by_key(
    conn: Any,
    table: sql.Composable,
    columns: list[str] | None,
    key: str,
    path: str,
    *,
    size: int,
    options: Callable[[bool], sql.Composable],
    restart: bool,
    advance: Callable[[int, int], None],
) -> tuple[int, int]:
    """Copy the rows of a table that have not been copied yet, and complete the file.

    Args:
        conn: a connection in autocommit mode.
        table: the table.
        columns: the names of the columns, None for those that COPY copies by itself.
        key: the name of a column that is unique and not null.
        path: the path of the file.
        size: how many rows make a part.
        options: returns the options of COPY, for the first part or for a later one.
        restart: whether to begin again, whatever has been copied before.
        advance: is told how many bytes and lines have been copied.

    Returns:
        How many rows earlier runs have copied, and this one.

    Raises:
        howdah.ProgrammingError: the column is no key.
    """
    found = conn.execute(_FIND, [table.as_string(conn), key]).fetchone()
    if found is None or not found[2]:
        raise ProgrammingError(
            f"{key!r} is no key of the table: --key takes a column that is NOT NULL and has a unique index"
        )
    kind, type_name, _, all_columns = found
    names = sql.SQL(", ").join(map(sql.Identifier, columns or all_columns))
    # As COPY does, leave out the rows of tables that inherit from it.
    rows_of = sql.SQL("{}").format(table) if kind == "p" else sql.SQL("ONLY {}").format(table)
    source = _Source(conn, rows_of, names, sql.Identifier(key), sql.SQL(cast(Any, type_name)), size)
    partial, progress = Path(f"{path}.partial"), Path(f"{path}.progress")
    job = {"table": table.as_string(conn), "columns": names.as_string(conn), "key": key}
    state = _begin(job, partial, progress, restart)
    before: int = state["rows"]
    with partial.open("r+b" if state["bytes"] else "wb") as file:
        file.truncate(state["bytes"])
        file.seek(state["bytes"])
        ended = False
        while not ended:
            with compressed(file, path, "wb") as part:
                rows, last = source.copy(state["after"], part, options(state["bytes"] == 0), advance)
            _sync(file)
            ended = last is None
            state = {**job, "after": last, "bytes": file.tell(), "rows": state["rows"] + rows}
            if not ended:
                _replace(progress, json.dumps(state))
    os.replace(partial, path)
    progress.unlink(missing_ok=True)
    return before, state["rows"] - before


class _Source(NamedTuple):
    """The rows of a table in the order of a key.

    Attributes:
        conn: the connection.
        rows: what follows FROM.
        columns: the columns to copy.
        key: the column with the key.
        type: its type.
        size: how many rows make a part.
    """

    conn: Any
    rows: sql.Composable
    columns: sql.Composable
    key: sql.Identifier
    type: sql.SQL
    size: int

    def copy(
        self, after: str | None, part: Any, options: sql.Composable, advance: Callable[[int, int], None]
    ) -> tuple[int, str | None]:
        """Copy a part into a file.

        Args:
            after: the last key of the part before, None for the first part.
            part: the file.
            options: the options of COPY.
            advance: is told how many bytes and lines have been copied.

        Returns:
            How many rows it has, and its last key; None if there are no more.
        """
        bound = sql.SQL("TRUE") if after is None else self._compare(">", after)
        cur = self.conn.cursor()
        # The last key of a part and its rows are those of one moment.
        with self.conn.transaction():
            cur.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            find = sql.SQL("SELECT {}::pg_catalog.text FROM {} WHERE {} ORDER BY {} LIMIT 1 OFFSET {}")
            found = cur.execute(find.format(self.key, self.rows, bound, self.key, self.size - 1)).fetchone()
            last = None if found is None else found[0]
            if last is not None:
                bound = sql.SQL("{} AND {}").format(bound, self._compare("<=", last))
            query = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY {}").format(
                self.columns, self.rows, bound, self.key
            )
            with cur.copy(sql.SQL("COPY ({}) TO STDOUT ({})").format(query, options)) as copy:
                for data in copy:
                    part.write(data)
                    advance(len(data), bytes(data).count(b"\n"))
        return cur.rowcount, last

    def _compare(self, operator: Literal[">", "<="], value: str) -> sql.Composable:
        return sql.SQL("{} {} {}::pg_catalog.text::{}").format(self.key, sql.SQL(operator), value, self.type)


def _begin(job: Mapping[str, str], partial: Path, progress: Path, restart: bool) -> dict[str, Any]:
    """Return the state to go on from.

    Raises:
        howdah.ProgrammingError: it is that of another job.
    """
    if restart or not partial.exists() or not progress.exists():
        progress.unlink(missing_ok=True)  # it would not fit the new file
        return {**job, "after": None, "bytes": 0, "rows": 0}
    state: dict[str, Any] = json.loads(progress.read_text(encoding="utf-8"))
    if {name: state[name] for name in job} != job:
        raise ProgrammingError(f"{progress} belongs to another copy: --restart begins again")
    return state


def _sync(file: Any) -> None:
    """Have what was written on the disk before it is noted."""
    file.flush()
    os.fsync(file.fileno())


def _replace(path: Path, text: str) -> None:
    """Write a file in a way that leaves either the old content or the new one."""
    temporary = path.with_name(f"{path.name}.new")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        _sync(file)
    os.replace(temporary, path)
