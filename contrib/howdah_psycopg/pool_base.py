"""What the pools of `psycopg_pool` have in common."""

from __future__ import annotations

__all__ = ["BasePool", "fixed_size"]


class BasePool:
    """The base of all pools of `psycopg_pool`."""


def fixed_size(min_size: int, max_size: int | None, keeps: bool) -> int | None:
    """Return the maximum size of a pool, which is the minimum if it is not given.

    Args:
        min_size: the minimum size.
        max_size: the maximum size.
        keeps: whether the pool keeps connections; one that does not has no limit by default.

    Raises:
        ValueError: both sizes are 0.
    """
    if not keeps:
        return max_size or None
    if max_size is None:
        max_size = min_size
    if min_size == max_size == 0:
        raise ValueError("if min_size is 0 max_size must be greater than 0")
    return max_size
