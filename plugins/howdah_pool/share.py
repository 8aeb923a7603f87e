"""The share of a server's connections that a process has."""

from __future__ import annotations

from dataclasses import dataclass

from howdah_pool.errors import BadArguments

__all__ = ["Capacity", "ShareOfServer"]


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many connections a server admits.

    Attributes:
        max_connections: what the server has in total.
        reserved: how many of these it keeps for superusers, and for members of `pg_use_reserved_connections`.
        role: the limit of the role, -1 for none.
        database: the limit of the database, -1 for none.
        in_use: how many connections of clients there are, to any database.
        pooled: whether the answer came through a pooler, which may admit more clients or fewer.

    Source: PostgreSQL documentation, "Connection Settings", CREATE ROLE, CREATE DATABASE (CONNECTION LIMIT).
    """

    max_connections: int
    reserved: int
    role: int
    database: int
    in_use: int
    pooled: bool

    @property
    def total(self) -> int:
        """How many connections the role can have to the database."""
        limits = [self.max_connections - self.reserved, self.role, self.database]
        return min(limit for limit in limits if limit >= 0)


@dataclass(frozen=True, kw_only=True)
class ShareOfServer:
    """A limit for the size of a pool: what the server admits, divided by a number of processes.

    The pool opens one connection, asks the server over it, and opens others then. `max_size` and `min_size`
    hold as well, where they are smaller. A process that was forked asks again.

    Args:
        processes: how many processes have such a pool for the same role or database.
        reserve: how many connections to leave to others, such as migrations and monitoring.

    Raises:
        ValueError: a number is invalid.
    """

    processes: int
    reserve: int = 0

    def __post_init__(self) -> None:
        if self.processes < 1 or self.reserve < 0:
            raise ValueError("a share needs processes >= 1 and reserve >= 0")

    def of(self, capacity: Capacity) -> int:
        """Return how many connections a process can have.

        Raises:
            BadArguments: there is not one for each.
        """
        size = (capacity.total - self.reserve) // self.processes
        if size < 1:
            raise BadArguments(
                f"the server admits {capacity.total} connections: less {self.reserve} in reserve, these are"
                f" not enough for {self.processes} processes; use fewer processes, a pooler such as"
                " PgBouncer, or raise max_connections"
            )
        return size
