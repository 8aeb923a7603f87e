"""The isolation levels of transactions."""

from enum import IntEnum

__all__ = ["IsolationLevel"]


class IsolationLevel(IntEnum):
    """How much a transaction sees of others.

    Source: PostgreSQL documentation, "Transaction Isolation".
    """

    READ_UNCOMMITTED = 1
    READ_COMMITTED = 2
    REPEATABLE_READ = 3
    SERIALIZABLE = 4
