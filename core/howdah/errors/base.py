"""The DB-API exceptions, howdah's own, and the fields of a server's report."""

from __future__ import annotations

from collections.abc import Mapping

from howdah.pq import DiagnosticField

__all__ = [
    "CancellationTimeout",
    "ConnectionTimeout",
    "DataError",
    "DatabaseError",
    "Diagnostic",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "PipelineAborted",
    "PluginError",
    "ProgrammingError",
    "QueryTimeout",
    "Warning",
]


class Diagnostic:
    """The fields of an error or a notice from the server, None where one was not sent.

    Source: PostgreSQL documentation, "Error and Notice Message Fields".

    Args:
        fields: the values by field code, from an ErrorResponse or a NoticeResponse.
    """

    def __init__(self, fields: Mapping[int, str]) -> None:
        self._fields = dict(fields)

    def __repr__(self) -> str:
        named = ((field.name.lower(), self._fields.get(field)) for field in DiagnosticField)
        return f"Diagnostic({', '.join(f'{name}={value!r}' for name, value in named if value is not None)})"

    def replace(self, field: DiagnosticField, value: str) -> Diagnostic:
        """Return a copy with another value for one field."""
        return Diagnostic({**self._fields, field: value})

    @property
    def severity(self) -> str | None:
        """ERROR, FATAL, PANIC, WARNING, NOTICE, DEBUG, INFO or LOG, in the server's language."""
        return self._fields.get(DiagnosticField.SEVERITY)

    @property
    def severity_nonlocalized(self) -> str | None:
        """The severity in English, whatever the server's language."""
        return self._fields.get(DiagnosticField.SEVERITY_NONLOCALIZED)

    @property
    def sqlstate(self) -> str | None:
        """The SQLSTATE, five characters."""
        return self._fields.get(DiagnosticField.SQLSTATE)

    @property
    def message_primary(self) -> str | None:
        """What happened, usually one line."""
        return self._fields.get(DiagnosticField.MESSAGE_PRIMARY)

    @property
    def message_detail(self) -> str | None:
        """More about what happened, perhaps several lines."""
        return self._fields.get(DiagnosticField.MESSAGE_DETAIL)

    @property
    def message_hint(self) -> str | None:
        """What to do about it."""
        return self._fields.get(DiagnosticField.MESSAGE_HINT)

    @property
    def statement_position(self) -> str | None:
        """The position of the error in the query, in characters, from 1."""
        return self._fields.get(DiagnosticField.STATEMENT_POSITION)

    @property
    def internal_position(self) -> str | None:
        """The position of the error in `internal_query`, in characters, from 1."""
        return self._fields.get(DiagnosticField.INTERNAL_POSITION)

    @property
    def internal_query(self) -> str | None:
        """The failed command if the server generated it, for example in a PL/pgSQL function."""
        return self._fields.get(DiagnosticField.INTERNAL_QUERY)

    @property
    def context(self) -> str | None:
        """The server's call stack, one entry per line, innermost first."""
        return self._fields.get(DiagnosticField.CONTEXT)

    @property
    def schema_name(self) -> str | None:
        """The schema of the object concerned."""
        return self._fields.get(DiagnosticField.SCHEMA_NAME)

    @property
    def table_name(self) -> str | None:
        """The table concerned."""
        return self._fields.get(DiagnosticField.TABLE_NAME)

    @property
    def column_name(self) -> str | None:
        """The column concerned."""
        return self._fields.get(DiagnosticField.COLUMN_NAME)

    @property
    def datatype_name(self) -> str | None:
        """The data type concerned."""
        return self._fields.get(DiagnosticField.DATATYPE_NAME)

    @property
    def constraint_name(self) -> str | None:
        """The constraint concerned."""
        return self._fields.get(DiagnosticField.CONSTRAINT_NAME)

    @property
    def source_file(self) -> str | None:
        """The file of the server's sources that reported it."""
        return self._fields.get(DiagnosticField.SOURCE_FILE)

    @property
    def source_line(self) -> str | None:
        """The line of the server's sources that reported it."""
        return self._fields.get(DiagnosticField.SOURCE_LINE)

    @property
    def source_function(self) -> str | None:
        """The function of the server's sources that reported it."""
        return self._fields.get(DiagnosticField.SOURCE_FUNCTION)


class Warning(Exception):
    """Raised for important warnings (PEP 249)."""


class Error(Exception):
    """Base of all of howdah's errors (PEP 249).

    Args:
        *args: the message, as for any exception.
        fields: the fields of the server's ErrorResponse, if a server reported the error.

    Attributes:
        diag: the fields of the server's report; all of them None for an error of the driver.
        pgconn: always None, because there is no libpq.
        pgresult: always None, for the same reason.
    """

    pgconn: None = None
    pgresult: None = None
    #: The SQLSTATE, None for an error of the driver.
    sqlstate: str | None = None

    def __init__(self, *args: object, fields: Mapping[int, str] | None = None) -> None:
        super().__init__(*args)
        self.diag = Diagnostic(fields or {})
        if self.diag.sqlstate is not None:
            self.sqlstate = self.diag.sqlstate

    def suggest(self, hint: str) -> None:
        """Add advice to the message that only the driver can give.

        Args:
            hint: the advice; `diag.message_hint` has it too.
        """
        self.args = (f"{self}\nHINT:  {hint}",)
        before = self.diag.message_hint
        self.diag = self.diag.replace(DiagnosticField.MESSAGE_HINT, f"{before}\n{hint}" if before else hint)


class InterfaceError(Error):
    """The program used the driver in an unsupported way (PEP 249)."""


class DatabaseError(Error):
    """Base of the errors that concern the database (PEP 249)."""


class DataError(DatabaseError):
    """A value could not be processed (PEP 249)."""


class OperationalError(DatabaseError):
    """Something outside the program's control failed (PEP 249)."""


class IntegrityError(DatabaseError):
    """A constraint of the database was violated (PEP 249)."""


class InternalError(DatabaseError):
    """The database had an internal error (PEP 249)."""


class ProgrammingError(DatabaseError):
    """The program made a mistake, for example in SQL (PEP 249)."""


class NotSupportedError(DatabaseError):
    """The database does not support this, or the plugin for it is disabled (PEP 249)."""


class PluginError(Error):
    """A plugin could not be loaded, or violated the plugin contract.

    Attributes:
        plugin: the plugin's name, None if no single plugin is at fault.
        distribution: the distribution that has the plugin, None if none has.
        version: the version of the distribution.
    """

    plugin: str | None = None
    distribution: str | None = None
    version: str | None = None


class PipelineAborted(OperationalError):
    """The query was skipped: an earlier query of its pipeline failed, and there was no sync since."""


class ConnectionTimeout(OperationalError):
    """No connection was established in time."""


class CancellationTimeout(OperationalError):
    """The server did not react to a cancel request in time."""


class QueryTimeout(OperationalError, TimeoutError):
    """A query was cancelled because it did not finish within the time limit that the program set."""


def unraised(error: Error) -> Error:
    """Return a copy of an error, to be raised instead of the one that is kept.

    The traceback of an exception refers to the frames that it has left. If one of them refers to what keeps
    the exception, the garbage collector alone can free them, and all that the program has in its own.

    Args:
        error: the error.
    """
    cls = type(error)
    copy = cls.__new__(cls, *error.args)
    copy.__dict__.update(error.__dict__)
    copy.__cause__ = error.__cause__
    copy.__context__, copy.__suppress_context__ = error.__context__, error.__suppress_context__
    return copy
