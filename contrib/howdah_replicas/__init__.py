"""Reading your own writes on standbys: one pool for a primary and its standbys, which follows fail-overs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_replicas.checkout import Checkout
    from howdah_replicas.checkout_async import AsyncCheckout
    from howdah_replicas.errors import InvalidToken, LostToken, NoPrimary, StandbyTimeout
    from howdah_replicas.members import Member
    from howdah_replicas.pool import ReplicatedPool
    from howdah_replicas.pool_async import AsyncReplicatedPool
    from howdah_replicas.session import Session
    from howdah_replicas.session_async import AsyncSession
    from howdah_replicas.token import Token

__all__ = [
    "AsyncCheckout",
    "AsyncReplicatedPool",
    "AsyncSession",
    "Checkout",
    "InvalidToken",
    "LostToken",
    "Member",
    "NoPrimary",
    "ReplicatedPool",
    "Session",
    "StandbyTimeout",
    "Token",
]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "checkout": ("Checkout",),
            "checkout_async": ("AsyncCheckout",),
            "errors": ("InvalidToken", "LostToken", "NoPrimary", "StandbyTimeout"),
            "members": ("Member",),
            "pool": ("ReplicatedPool",),
            "pool_async": ("AsyncReplicatedPool",),
            "session": ("Session",),
            "session_async": ("AsyncSession",),
            "token": ("Token",),
        },
    )
