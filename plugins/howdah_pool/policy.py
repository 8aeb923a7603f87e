"""The sizes, times and limits of a pool."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import ClassVar

from howdah_pool.share import Capacity, ShareOfServer

__all__ = ["Policy"]

_numbers = count(1)


@dataclass(kw_only=True, eq=False, repr=False)
class Policy:
    """The options that `PoolState` uses for its decisions; described in `howdah_pool.options.PoolOptions`.

    Attributes:
        keeps: whether the pool keeps idle connections.
        numbers: the options that are numbers, beside the sizes.
        wanted: the sizes that the program has asked for; with a `share` the pool may have smaller ones.
        admitted: how many connections the `share` is, 1 until the server has told it; None without a share.
    """

    keeps: ClassVar[bool] = True
    numbers: ClassVar[tuple[str, ...]] = ("max_waiting", "max_lifetime", "max_idle", "reconnect_timeout")

    min_size: int = 4
    max_size: int | None = None
    name: str | None = None
    max_waiting: int = 0
    max_lifetime: float = 3600.0
    max_idle: float = 600.0
    reconnect_timeout: float = 300.0
    has_fallback: bool = False
    share: ShareOfServer | None = None
    wanted: tuple[int, int | None] = field(default=(0, None), init=False)
    admitted: int | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for name in self.numbers:
            self.check_number(name, getattr(self, name))
        self.resize(self.min_size, self.max_size)
        self.await_share()
        self.name = self.name or f"pool-{next(_numbers)}"

    def check_number(self, name: str, value: object) -> None:
        """Check an option that is a number.

        Raises:
            TypeError: it is none.
            ValueError: it is negative, or not a number in the sense of IEEE 754.
        """
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{name} is a number, not {type(value).__name__}")
        if not value >= 0:
            raise ValueError(f"{name} cannot be {value}: it is 0 or a positive number")

    def resize(self, min_size: int, max_size: int | None) -> None:
        """Set the sizes.

        Raises:
            TypeError: a size is no number.
            ValueError: the sizes are invalid.
        """
        for size in (min_size, max_size):
            if size is not None and not isinstance(size, int):
                raise TypeError(f"the sizes of a pool are integers, not {type(size).__name__}")
        if not self.keeps and max_size == 0:
            max_size = None
        if min_size < 0:
            raise ValueError("min_size cannot be negative")
        if not self.keeps and min_size:
            raise ValueError("a pool that keeps no connections must have min_size = 0")
        if max_size is not None and max_size < max(min_size, 1):
            raise ValueError("max_size must be at least 1, and not less than min_size; None means unlimited")
        self.wanted = min_size, max_size
        self._limit()

    def await_share(self) -> None:
        """With a share, allow a single connection until the server has been asked over it."""
        if self.share is not None:
            self.admitted = 1
            self._limit()

    def apply_share(self, capacity: Capacity) -> None:
        """Set the sizes by what a server admits.

        Raises:
            BadArguments: it does not admit a connection for each process.
        """
        if self.share is not None:
            self.admitted = self.share.of(capacity)
            self._limit()

    def _limit(self) -> None:
        """Reduce the sizes that the program has asked for to the share."""
        min_size, max_size = self.wanted
        if self.admitted is not None:
            max_size = self.admitted if max_size is None else min(self.admitted, max_size)
            min_size = min(min_size, max_size)
        self.min_size, self.max_size = min_size, max_size
