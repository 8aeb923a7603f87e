"""The classes of `howdah.errors.sqlstates` by SQLSTATE, and by the names of their conditions."""

from __future__ import annotations

import howdah.errors.sqlstates as sqlstates  # a `from` would ask howdah.errors, which asks here
from howdah.errors.base import DatabaseError, Error, InternalError, OperationalError, ProgrammingError

__all__ = ["BASES", "BY_CONDITION", "BY_INITIAL", "BY_NAME", "BY_SQLSTATE"]

#: The DB-API exception of each class of SQLSTATEs (their first two characters).
BASES: dict[str, type[DatabaseError]] = sqlstates.BASES
#: The same by the first character, of classes that PostgreSQL does not know: functions define their own.
BY_INITIAL: dict[str, type[DatabaseError]] = {
    "F": OperationalError,
    "H": OperationalError,
    "P": ProgrammingError,
    "X": InternalError,
}
BY_NAME: dict[str, type[Error]] = {name: getattr(sqlstates, name) for name in sqlstates.__all__}
BY_SQLSTATE: dict[str, type[Error]] = {}
#: By the name, in lower case and without underscores.
BY_CONDITION: dict[str, type[Error]] = {}

for _name, _class in BY_NAME.items():
    _class.__module__ = "howdah.errors"  # tracebacks and pickles name the public place
    if _class.sqlstate is not None:
        BY_SQLSTATE[_class.sqlstate] = _class
    # Of two classes of one name, that without a suffix comes first.
    BY_CONDITION.setdefault(_name.rstrip("_").lower(), _class)
