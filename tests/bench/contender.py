"""A driver at the start of a workload."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def nothing() -> None:
    """There is nothing to close."""


@dataclass
class Contender:
    """A driver that is ready to do one workload, again and again.

    Args:
        name: The driver.
        run: Does the workload once, and returns what it has fetched. A coroutine function in an async mode.
        close: Closes its connection. A coroutine function in an async mode.
        baseline: Does the workload without that of which only the cost counts, such as TLS.
        clock: What is measured, in seconds.
    """

    name: str
    run: Callable[[], Any]
    close: Callable[[], Any] = nothing
    baseline: Contender | None = None
    clock: Callable[[], float] = perf_counter


def comparable(value: Any) -> Any:
    """Turn what a driver has fetched into what every driver would have.

    Rows may be any sequence, bytea a memoryview, and a "char" is str to some and bytes to others.
    """
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, bytes) or not hasattr(value, "__iter__"):
        return value
    if isinstance(value, dict):
        return {key: comparable(part) for key, part in value.items()}
    return tuple(map(comparable, value))
