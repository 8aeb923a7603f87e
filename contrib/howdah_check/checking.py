"""Checks a project: reads it, prepares its statements, compares them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from howdah import sql
from howdah.errors import Error
from howdah_check.comparing import Comparison
from howdah_check.database import (
    CannotCheck,
    SchemaFaults,
    existing_database,
    schema_files,
    temporary_database,
)
from howdah_check.lexing import first_words
from howdah_check.placeholders import query_in_copy
from howdah_check.preparing import Catalog, Prepared, accepts, prepare
from howdah_check.reading import read
from howdah_check.statements import Fault, Statement, Unchecked, is_ignored

if TYPE_CHECKING:
    from howdah.framework.driver import Driver
    from howdah_check.settings import Settings

__all__ = ["CODES", "Report", "check_project"]

#: The kinds of faults.
CODES = ("sql", "placeholders", "parameters", "columns", "types", "nullable", "schema")
#: What the server analyses when it prepares a statement; of others, it checks the syntax.
_ANALYSED = (
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "VALUES",
    "TABLE",
    "WITH",
    "EXPLAIN",
    "SHOW",
    "DECLARE",
    "CALL",
    "(",
)


@dataclass
class Report:
    """What was found.

    Attributes:
        faults: the faults, by place.
        unchecked: what was not checked, or not completely, by place.
        statements: how many statements were found that are static.
        files: how many files were read.
        ignored: how many faults are ignored by comments and settings.
        schema_failed: whether the schema could not be applied, so that no statement was checked.
        prepared: what the server says about each statement.
        catalog: what the statements refer to.
    """

    faults: list[Fault] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    statements: int = 0
    files: int = 0
    ignored: int = 0
    schema_failed: bool = False
    prepared: list[Prepared] = field(default_factory=list)
    catalog: Catalog = field(default_factory=Catalog)

    def count(self, kind: str) -> int:
        """Return how many entries of `unchecked` are of a kind."""
        return sum(entry.kind == kind for entry in self.unchecked)


def check_project(driver: Driver, settings: Settings) -> Report:
    """Check a project.

    Args:
        driver: the driver to connect with.
        settings: what to check.

    Raises:
        CannotCheck: there is no database to check in, or no file.
    """
    schema = schema_files(settings.schema)
    try:
        project, found = read(
            settings.paths,
            exclude=settings.exclude,
            schema=schema,
            alembic=settings.alembic,
            functions=settings.functions,
        )
    except FileNotFoundError as error:
        raise CannotCheck(str(error)) from error
    report = Report(unchecked=found.unchecked, statements=len(found.statements), files=found.files)
    report.ignored = found.ignored
    database: AbstractContextManager[Any]
    if settings.dsn is not None:
        database = existing_database(driver, settings.dsn)
    else:
        database = temporary_database(
            driver, settings.server, schema=schema, alembic=settings.alembic, commands=settings.migrate
        )
    try:
        with database as connection:
            if settings.search_path is not None:
                connection.execute(
                    sql.SQL("SELECT pg_catalog.set_config('search_path', {}, false)").format(
                        sql.Literal(settings.search_path)
                    )
                )
            report.prepared, report.catalog = prepare(connection, found.statements)
            comparison = Comparison(project, report.catalog)
            compared = [(prepared, [*_faults(prepared, comparison)]) for prepared in report.prepared]
            accepted = accepts(connection, [(statement, oids) for statement, oids, _ in comparison.doubtful])
    except SchemaFaults as error:
        report.faults = [*error.faults]
        report.schema_failed = True
        return report
    except Error as error:
        raise CannotCheck(f"the connection failed: {error}") from error
    faults = [*_accepted(found.faults, None, settings, report)]
    for prepared, its_faults in compared:
        statement = prepared.statement
        faults += _accepted(its_faults, statement, settings, report)
        if prepared.fault is None and not _is_analysed(statement):
            words = first_words(str(statement.text), 2)
            reason = f"of {words}, only the syntax is checked"
            report.unchecked.append(Unchecked(statement.place, "syntax only", reason))
    for (statement, _, fault), is_fine in zip(comparison.doubtful, accepted, strict=True):
        faults += _accepted([] if is_fine else [fault], statement, settings, report)
    # The same constant may be used in several statements.
    unique = {(fault.place, fault.code, fault.message): fault for fault in reversed(faults)}
    report.faults = sorted(unique.values(), key=lambda fault: (fault.place, fault.code))
    report.unchecked = sorted({*report.unchecked, *comparison.unchecked}, key=lambda entry: entry.place)
    return report


def _faults(prepared: Prepared, comparison: Comparison) -> Iterable[Fault]:
    """Return the server's fault, or those of the comparison."""
    return comparison.faults(prepared) if prepared.fault is None else [prepared.fault]


def _accepted(
    faults: Iterable[Fault], statement: Statement | None, settings: Settings, report: Report
) -> list[Fault]:
    """Return the faults that nothing ignores, and count the others."""
    accepted = []
    for fault in faults:
        codes = None if statement is None else statement.ignores
        if fault.code in settings.ignore or is_ignored(fault, codes):
            report.ignored += 1
        else:
            accepted.append(fault)
    return accepted


def _is_analysed(statement: Statement) -> bool:
    """Return whether the server checks more than the syntax of a statement."""
    text = query_in_copy(statement.text)
    words = first_words(str(text), 12).split(" ")
    creates_as = words[0] == "CREATE" and "AS" in words and bool({"TABLE", "MATERIALIZED"} & {*words[:4]})
    return words[0] in _ANALYSED or creates_as
