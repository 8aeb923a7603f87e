"""The DB-API exceptions, and one class for every SQLSTATE."""


class Warning(Exception):  # noqa: A001 - the DB-API's name
    """Raised for important warnings (PEP 249)."""


class Error(Exception):
    """Base of all of howdah's errors (PEP 249)."""

    sqlstate: str | None = None


class InterfaceError(Error):
    """The driver was used in a way it cannot be (PEP 249)."""


class DatabaseError(Error):
    """Base of the errors that concern the database (PEP 249)."""


class DataError(DatabaseError):
    """A value could not be processed (PEP 249)."""


class OperationalError(DatabaseError):
    """Something outside the program's control failed (PEP 249)."""


class IntegrityError(DatabaseError):
    """A constraint of the database was violated (PEP 249)."""


class InternalError(DatabaseError):
    """The database met an internal error (PEP 249)."""


class ProgrammingError(DatabaseError):
    """The program asked for something wrong (PEP 249)."""


class NotSupportedError(DatabaseError):
    """The database, or a disabled plugin, does not offer this (PEP 249)."""
