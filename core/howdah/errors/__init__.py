"""The DB-API exceptions, one class for every SQLSTATE, and errors from a server's report.

    try:
        cur.execute("INSERT INTO users (name) VALUES (%s)", ("Ann",))
    except howdah.errors.UniqueViolation as ex:
        print(ex.sqlstate, ex.diag.constraint_name)

Source: PEP 249; PostgreSQL documentation, "PostgreSQL Error Codes".
"""

from __future__ import annotations

from collections.abc import Mapping

from howdah.errors import base, sqlstates
from howdah.errors.base import *  # noqa: F403
from howdah.errors.base import DatabaseError, Diagnostic, Error
from howdah.errors.report import report
from howdah.errors.sqlstates import *  # noqa: F403

__all__ = ["from_fields", "lookup"]
__all__ += base.__all__
__all__ += sqlstates.__all__

for _name in base.__all__ + sqlstates.__all__:
    globals()[_name].__module__ = __name__  # tracebacks and pickles name the public place

_BY_SQLSTATE: dict[str, type[Error]] = {}
_BY_CONDITION: dict[str, type[Error]] = {}

for _name in sqlstates.__all__:
    _class = getattr(sqlstates, _name)
    _BY_SQLSTATE[_class.sqlstate] = _class
    # Of two classes of one name, that without a suffix comes first in __all__.
    _BY_CONDITION.setdefault(_name.rstrip("_").lower(), _class)


def lookup(sqlstate: str) -> type[Error]:
    """Return the class for `sqlstate`.

    Args:
        sqlstate: five characters, or the name of the condition, for instance "UNIQUE_VIOLATION".

    Raises:
        KeyError: PostgreSQL has no such SQLSTATE.
    """
    try:
        return _BY_SQLSTATE.get(sqlstate.upper()) or _BY_CONDITION[sqlstate.replace("_", "").lower()]
    except KeyError:
        raise KeyError(f"PostgreSQL has no SQLSTATE {sqlstate!r}") from None


def from_fields(fields: Mapping[int, str], query: str | None = None) -> Error:
    """Return the error for a server's ErrorResponse, ready to be raised.

    An SQLSTATE that PostgreSQL does not define gives the DB-API class of its first two
    characters, as the SQL standard wants it, or `DatabaseError`.

    Args:
        fields: the values by field code (`howdah.pq.DiagnosticField`).
        query: the text that was sent; with it the message shows the line at fault.

    Returns:
        The error, with a message as psql shows it, `sqlstate` and `diag`.
    """
    diag = Diagnostic(fields)
    sqlstate = diag.sqlstate or ""
    cls = _BY_SQLSTATE.get(sqlstate) or sqlstates.BASES.get(sqlstate[:2], DatabaseError)
    return cls(report(diag, query), fields=fields)
