"""Whether an event loop of asyncio can watch sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.errors import InterfaceError

if TYPE_CHECKING:
    import asyncio

__all__ = ["UnsupportedLoop", "watches_sockets"]


class UnsupportedLoop(InterfaceError):
    """The event loop cannot watch sockets, like the ProactorEventLoop of Windows.

    Args:
        loop: the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            f"howdah cannot use the event loop {type(loop).__name__!r}, which has no add_reader(), by itself:"
            " install anyio (pip install 'howdah[anyio]'), or use a SelectorEventLoop instead, for example by"
            " asyncio.run(main(), loop_factory=asyncio.SelectorEventLoop), or before Python 3.12 by"
            " asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())"
        )


def watches_sockets(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether an event loop of asyncio can watch sockets."""
    from asyncio import AbstractEventLoop

    return type(loop).add_reader is not AbstractEventLoop.add_reader
