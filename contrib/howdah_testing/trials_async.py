"""The steps are run on a connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.rows import tuple_row
from howdah_testing.comparing import Expected, described
from howdah_testing.steps import (
    PAIR,
    TABLE,
    Copy,
    Execute,
    ExecuteMany,
    Failure,
    Insert,
    MakePair,
    Same,
    Step,
    Subject,
    Travel,
)

if TYPE_CHECKING:
    from howdah import Driver

__all__ = ["AsyncTrial"]

ASYNC = True


class AsyncTrial:
    """Runs all steps on one connection.

    Args:
        subject: what to check.
        driver: the driver with the adapters.
        dsn: the conninfo of a server.
    """

    if ASYNC:
        kind = "async"
    else:
        kind = "sync"

    def __init__(self, subject: Subject, driver: Driver, dsn: str) -> None:
        self._subject = subject
        self._driver = driver
        self._dsn = dsn
        #: The number of combinations that were checked.
        self.tried = 0
        #: The failed steps.
        self.failures: list[Failure] = []

    async def run(self) -> None:
        """Run all steps."""
        connection_class = self._driver.AsyncConnection
        async with await connection_class.connect(self._dsn, autocommit=True, row_factory=tuple_row) as conn:
            for statement in self._subject.setup:
                await conn.execute(statement)
            for step in self._subject.steps(await self._make_pair(conn)):
                self.tried += 1
                try:
                    await self._take(conn, step)
                except Exception as error:
                    self._failed(step, step.sent, "raised", f"{_name(error)}: {error}")
                    if conn.closed:
                        self._failed(step, step.sent, "lost the connection", "nothing more was tried")
                        return

    async def _make_pair(self, conn: Any) -> MakePair:
        """Register the composite type; return a function that creates a composite."""
        if not self._subject.composites:
            return None
        from howdah_types.composite import CompositeInfo, register_composite

        info = await CompositeInfo.fetch(conn, PAIR)
        register_composite(info, conn)
        make: MakePair = info.python_type
        return make

    async def _take(self, conn: Any, step: Step) -> None:
        if isinstance(step, Travel):
            if not ASYNC:  # the function is for sync connections
                values = step.way(conn, step.type_name, step.sent)
                self._compare_rows(step, [(value,) for value in values], step.expected)
        elif isinstance(step, Execute):
            await self._execute(conn, step)
        elif isinstance(step, Same):
            await self._same(conn, step)
        elif isinstance(step, ExecuteMany):
            cur = conn.cursor()
            await cur.executemany(step.query, step.params, returning=True)
            rows = []
            async for result in cur.results():
                rows.append(await result.fetchone())
            self._compare_rows(step, rows, step.expected)
        elif isinstance(step, Insert):
            cur = conn.cursor()
            await cur.execute(f"TRUNCATE {TABLE}")
            await cur.executemany(step.query, step.params)
            await cur.execute(step.select)
            self._compare_rows(step, await cur.fetchall(), step.expected)
        elif isinstance(step, Copy):
            await self._copy(conn, step)

    async def _execute(self, conn: Any, step: Execute) -> None:
        if step.client:
            cur: Any = self._driver.AsyncClientCursor(conn)
            await cur.execute(step.query, step.params)
            (got,) = await cur.fetchone()
            self._compare(step, step.sent, got, step.expected)
            return
        cur = conn.cursor()
        # The first execution parses it; for the second one the row description is known.
        for again in ("", ", again") if step.prepare else ("",):
            await cur.execute(step.query, step.params, prepare=step.prepare, binary=step.binary)
            (got,) = await cur.fetchone()
            self._compare(step, step.sent, got, step.expected, again)

    async def _same(self, conn: Any, step: Same) -> None:
        cur = conn.cursor()
        await cur.execute(step.query, step.params)
        first, *others = await cur.fetchone()
        for other in others:
            if other != first:
                self._failed(step, step.sent, "the server has", repr(first), "and", repr(other))

    async def _copy(self, conn: Any, step: Copy) -> None:
        cur = conn.cursor()
        await cur.execute(f"TRUNCATE {TABLE}")
        async with cur.copy(f"COPY {TABLE} ({step.columns}) FROM STDIN (FORMAT {step.format})") as copy:
            if step.typed:
                copy.set_types(step.types)
            for row in step.rows:
                await copy.write_row(row)
        await cur.execute(step.select)
        self._compare_rows(step, await cur.fetchall(), step.expected, ": into the table")
        query = f"COPY (SELECT {step.columns} FROM {TABLE} ORDER BY n) TO STDOUT (FORMAT {step.format})"
        rows = []
        async with cur.copy(query) as copy:
            copy.set_types(step.types)
            async for row in copy.rows():
                rows.append(row[1:])
        self._compare_rows(step, rows, step.expected, ": out of the table")

    # Results

    def _compare_rows(
        self, step: Step, rows: list[Any], expected: tuple[Expected, ...], where: str = ""
    ) -> None:
        if len(rows) != len(expected):
            count = f"{len(rows)} rows, expected {len(expected)}"
            self._failed(step, step.sent, "came back as", count, where=where)
        for number, (sent, row, wanted) in enumerate(zip(step.sent, rows, expected), start=1):
            self._compare(step, sent, row[0], wanted, f"{where}, row {number}")

    def _compare(self, step: Step, sent: Any, got: Any, expected: Expected, where: str = "") -> None:
        remark: tuple[str, ...] = ()
        try:
            if expected.matches(got, self._subject.equal):
                return
        except Exception as error:
            remark = ("comparing them raised", f"{type(error).__name__}: {error} (is `equal` needed?)")
        lines = ("came back as", described(got), "expected", str(expected), *remark)
        self._failed(step, sent, *lines, where=where)

    def _failed(self, step: Step, sent: Any, *lines: str, where: str = "") -> None:
        details = ("sent", described(sent), *lines)
        self.failures.append(Failure(f"{self.kind}, {step.label}{where}", details))


def _name(error: Exception) -> str:
    """Return the name of an error's class, with its module."""
    cls = type(error)
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
