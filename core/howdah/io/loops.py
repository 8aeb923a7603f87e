"""Checking that an event loop can watch sockets."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from howdah.errors import InterfaceError

if TYPE_CHECKING:
    import asyncio

__all__ = ["UnsupportedLoop", "check_loop"]


class UnsupportedLoop(InterfaceError):
    """The event loop cannot watch sockets, like the ProactorEventLoop of Windows.

    Args:
        loop: the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            f"howdah cannot use the event loop {type(loop).__name__!r}, which has no add_reader(): use a"
            " SelectorEventLoop instead, for example by"
            " asyncio.run(main(), loop_factory=asyncio.SelectorEventLoop), or before Python 3.12 by"
            " asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())"
        )


def check_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Check that an event loop can watch sockets.

    Raises:
        howdah.InterfaceError: the event loop cannot.
    """
    one, other = socket.socketpair()
    with one, other:
        try:
            loop.add_reader(one.fileno(), int)
        except NotImplementedError:
            raise UnsupportedLoop(loop) from None
        loop.remove_reader(one.fileno())
