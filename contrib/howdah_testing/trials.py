# Generated from contrib/howdah_testing/trials_async.py by .ci/async_to_sync.py; do not edit.
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

__all__ = ["Trial"]


class Trial:
    """Runs all steps on one connection.

    Args:
        subject: what to check.
        driver: the driver with the adapters.
        dsn: the conninfo of a server.
    """

    kind = "sync"

    def __init__(self, subject: Subject, driver: Driver, dsn: str) -> None:
        self._subject = subject
        self._driver = driver
        self._dsn = dsn
        #: The number of combinations that were checked.
        self.tried = 0
        #: The failed steps.
        self.failures: list[Failure] = []

    def run(self) -> None:
        """Run all steps."""
        connection_class = self._driver.Connection
        with connection_class.connect(self._dsn, autocommit=True, row_factory=tuple_row) as conn:
            for statement in self._subject.setup:
                conn.execute(statement)
            for step in self._subject.steps(self._make_pair(conn)):
                self.tried += 1
                try:
                    self._take(conn, step)
                except Exception as error:
                    self._failed(step, step.sent, "raised", f"{_name(error)}: {error}")
                    if conn.closed:
                        self._failed(step, step.sent, "lost the connection", "nothing more was tried")
                        return

    def _make_pair(self, conn: Any) -> MakePair:
        """Register the composite type; return a function that creates a composite."""
        if not self._subject.composites:
            return None
        from howdah_types.composite import CompositeInfo, register_composite

        info = CompositeInfo.fetch(conn, PAIR)
        register_composite(info, conn)
        make: MakePair = info.python_type
        return make

    def _take(self, conn: Any, step: Step) -> None:
        if isinstance(step, Travel):
            values = step.way(conn, step.type_name, step.sent)
            self._compare_rows(step, [(value,) for value in values], step.expected)
        elif isinstance(step, Execute):
            self._execute(conn, step)
        elif isinstance(step, Same):
            self._same(conn, step)
        elif isinstance(step, ExecuteMany):
            cur = conn.cursor()
            cur.executemany(step.query, step.params, returning=True)
            rows = []
            for result in cur.results():
                rows.append(result.fetchone())
            self._compare_rows(step, rows, step.expected)
        elif isinstance(step, Insert):
            cur = conn.cursor()
            cur.execute(f"TRUNCATE {TABLE}")
            cur.executemany(step.query, step.params)
            cur.execute(step.select)
            self._compare_rows(step, cur.fetchall(), step.expected)
        elif isinstance(step, Copy):
            self._copy(conn, step)

    def _execute(self, conn: Any, step: Execute) -> None:
        if step.client:
            cur: Any = self._driver.ClientCursor(conn)
            cur.execute(step.query, step.params)
            (got,) = cur.fetchone()
            self._compare(step, step.sent, got, step.expected)
            return
        cur = conn.cursor()
        # The first execution parses it; for the second one the row description is known.
        for again in ("", ", again") if step.prepare else ("",):
            cur.execute(step.query, step.params, prepare=step.prepare, binary=step.binary)
            (got,) = cur.fetchone()
            self._compare(step, step.sent, got, step.expected, again)

    def _same(self, conn: Any, step: Same) -> None:
        cur = conn.cursor()
        cur.execute(step.query, step.params)
        first, *others = cur.fetchone()
        for other in others:
            if other != first:
                self._failed(step, step.sent, "the server has", repr(first), "and", repr(other))

    def _copy(self, conn: Any, step: Copy) -> None:
        cur = conn.cursor()
        cur.execute(f"TRUNCATE {TABLE}")
        with cur.copy(f"COPY {TABLE} ({step.columns}) FROM STDIN (FORMAT {step.format})") as copy:
            if step.typed:
                copy.set_types(step.types)
            for row in step.rows:
                copy.write_row(row)
        cur.execute(step.select)
        self._compare_rows(step, cur.fetchall(), step.expected, ": into the table")
        query = f"COPY (SELECT {step.columns} FROM {TABLE} ORDER BY n) TO STDOUT (FORMAT {step.format})"
        rows = []
        with cur.copy(query) as copy:
            copy.set_types(step.types)
            for row in copy.rows():
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
