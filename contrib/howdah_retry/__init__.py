"""Transactions that are run again: `connection.run(function)` and `pool.run(function)`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_retry.budget import Attempt, attempts_of
    from howdah_retry.connection import Retrying
    from howdah_retry.connection_async import AsyncRetrying
    from howdah_retry.policy import RetryPolicy

__all__ = ["AsyncRetrying", "Attempt", "RetryPolicy", "Retrying", "attempts_of"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "budget": ("Attempt", "attempts_of"),
            "connection": ("Retrying",),
            "connection_async": ("AsyncRetrying",),
            "policy": ("RetryPolicy",),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce `run`."""
    return ["retry"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute the methods of connections."""
    return Mixins(
        connection="howdah_retry.connection:Retrying",
        async_connection="howdah_retry.connection_async:AsyncRetrying",
    )
