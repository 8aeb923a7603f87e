"""The DB-API exceptions, one class for every SQLSTATE, and errors built from a server's report.

    try:
        cur.execute("INSERT INTO users (name) VALUES (%s)", ("Ann",))
    except howdah.errors.UniqueViolation as ex:
        print(ex.sqlstate, ex.diag.constraint_name)

Source: PEP 249; PostgreSQL documentation, "PostgreSQL Error Codes".
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from howdah.errors import base
from howdah.errors.base import *  # noqa: F403
from howdah.errors.base import DatabaseError, Diagnostic, Error
from howdah.lazy.importing import CompleteModule

if TYPE_CHECKING:
    from howdah.errors import sqlstates
    from howdah.errors.sqlstates import *  # noqa: F403

    __all__ = ["from_fields", "lookup"]
    __all__ += base.__all__
    __all__ += sqlstates.__all__

for _name in base.__all__:
    globals()[_name].__module__ = __name__  # tracebacks and pickles use the public name


if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names

    def __getattr__(name: str) -> Any:
        """Return the class of an SQLSTATE; all of them are created on first use."""
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from howdah.errors.conditions import BY_NAME

        if name == "__all__":
            return ["from_fields", "lookup", *base.__all__, *BY_NAME]
        if name not in BY_NAME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return BY_NAME[name]


def lookup(sqlstate: str) -> type[Error]:
    """Return the class for `sqlstate`.

    Args:
        sqlstate: five characters, or the name of the condition, for instance "UNIQUE_VIOLATION".

    Raises:
        KeyError: PostgreSQL has no such SQLSTATE.
    """
    from howdah.errors.conditions import BY_CONDITION, BY_SQLSTATE

    try:
        return BY_SQLSTATE.get(sqlstate.upper()) or BY_CONDITION[sqlstate.replace("_", "").lower()]
    except KeyError:
        raise KeyError(f"PostgreSQL has no SQLSTATE {sqlstate!r}") from None


def from_fields(fields: Mapping[int, str], query: str | None = None) -> Error:
    """Return the error for a server's ErrorResponse, ready to be raised.

    For an SQLSTATE that PostgreSQL does not define, the class is the DB-API class for its first two
    characters, as in the SQL standard, or for its first character, or `DatabaseError`.

    Args:
        fields: the values by field code (`howdah.pq.DiagnosticField`).
        query: the text that was sent, so that the message can show the line with the error.

    Returns:
        The error, with a message in psql's format, `sqlstate` and `diag`.
    """
    from howdah.errors.conditions import BASES, BY_INITIAL, BY_SQLSTATE
    from howdah.errors.report import report

    diag = Diagnostic(fields)
    sqlstate = diag.sqlstate or ""
    cls: type[Error] = (
        BY_SQLSTATE.get(sqlstate) or BASES.get(sqlstate[:2]) or BY_INITIAL.get(sqlstate[:1], DatabaseError)
    )
    return cls(report(diag, query), fields=fields)


sys.modules[__name__].__class__ = CompleteModule
