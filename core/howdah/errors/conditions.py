"""The classes of `howdah.errors.sqlstates` by SQLSTATE and by condition name."""

from __future__ import annotations

import howdah.errors.sqlstates as sqlstates  # `from howdah.errors import` would be a circular import
from howdah.errors.base import DatabaseError, Error, InternalError, OperationalError, ProgrammingError

__all__ = ["BASES", "BY_CONDITION", "BY_INITIAL", "BY_NAME", "BY_SQLSTATE"]

#: The DB-API exception of each class of SQLSTATEs (their first two characters).
BASES: dict[str, type[DatabaseError]] = sqlstates.BASES
#: The exceptions by the first character, for classes that PostgreSQL does not define: functions may use any.
BY_INITIAL: dict[str, type[DatabaseError]] = {
    "F": OperationalError,
    "H": OperationalError,
    "P": ProgrammingError,
    "X": InternalError,
}
BY_NAME: dict[str, type[Error]] = {name: getattr(sqlstates, name) for name in sqlstates.__all__}
BY_SQLSTATE: dict[str, type[Error]] = {}
#: The classes by condition name, in lower case and without underscores.
BY_CONDITION: dict[str, type[Error]] = {}

for _name, _class in BY_NAME.items():
    _class.__module__ = "howdah.errors"  # tracebacks and pickles use the public name
    if _class.sqlstate is not None:
        BY_SQLSTATE[_class.sqlstate] = _class
    # Two classes may have the same name: the one without a suffix comes first.
    BY_CONDITION.setdefault(_name.rstrip("_").lower(), _class)
