"""The isolation levels of transactions."""

from enum import IntEnum

__all__ = ["IsolationLevel", "checked_isolation_level"]


class IsolationLevel(IntEnum):
    """How much a transaction sees of others.

    Source: PostgreSQL documentation, "Transaction Isolation".
    """

    READ_UNCOMMITTED = 1
    READ_COMMITTED = 2
    REPEATABLE_READ = 3
    SERIALIZABLE = 4


def checked_isolation_level(value: object) -> IsolationLevel:
    """Return the isolation level that an argument or attribute stands for.

    Args:
        value: an `IsolationLevel`, or its number.

    Raises:
        ValueError: it is none; the message says what to pass.
    """
    if isinstance(value, str):
        name = "_".join(value.replace("-", " ").replace("_", " ").split()).upper()
        names = [name] if name in IsolationLevel.__members__ else [*IsolationLevel.__members__]
        meant = " or ".join([f"howdah.IsolationLevel.{each}" for each in names])
        raise ValueError(f"'isolation_level' is not text: pass {meant}")
    try:
        return IsolationLevel(value)  # type: ignore[arg-type]  # it refuses what is no number
    except ValueError:
        numbers = ", ".join([f"{each.name} ({each.value})" for each in IsolationLevel])
        raise ValueError(
            f"{value!r} is not an isolation level; those of howdah.IsolationLevel are {numbers}"
        ) from None
