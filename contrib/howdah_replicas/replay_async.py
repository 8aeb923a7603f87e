"""Waiting until a standby has replayed a position.

Source: PostgreSQL 19 documentation, WAIT FOR.
"""

from __future__ import annotations

from math import ceil
from time import monotonic
from typing import Any

from howdah.errors import FeatureNotSupported, InsufficientPrivilege, SyntaxError
from howdah_replicas.pause_async import pause
from howdah_replicas.server_async import AsyncServer
from howdah_replicas.status import ask
from howdah_replicas.token import Token

__all__ = ["wait_for_replay"]

#: The first version of PostgreSQL that has WAIT FOR LSN.
_WAITS_SINCE = 190000
#: The first and the longest pause before a standby is asked again, in seconds.
_FIRST_PAUSE = 0.001
_LONGEST_PAUSE = 0.05


async def wait_for_replay(server: AsyncServer, connection: Any, token: Token, deadline: float) -> bool:
    """Wait until a server has a token.

    Args:
        server: the server.
        connection: a connection to it, outside of a transaction.
        token: the token.
        deadline: until when to wait.

    Returns:
        Whether it has the token in time.

    Raises:
        LostToken: a fail-over has lost what the token stands for.
        howdah.Error: the server does not answer, or reports an error; the connection is of no use.
    """
    seconds = _FIRST_PAUSE
    while True:
        status = await server.ask(connection)
        if status.has(token):
            await server.check_history(connection, status, token)
            return True
        left = deadline - monotonic()
        if left <= 0:
            return False
        if status.in_recovery and await _has_waited(server, connection, token, left):
            continue
        await pause(min(seconds, left))
        seconds = min(2 * seconds, _LONGEST_PAUSE)


async def _has_waited(server: AsyncServer, connection: Any, token: Token, left: float) -> bool:
    """Let the server itself wait, if it can; return whether it has replayed the position then.

    Args:
        server: the server, a standby.
        connection: a connection to it.
        token: the token.
        left: for how many seconds to wait.
    """
    if server.has_wait is None:
        server.has_wait = connection.info.server_version >= _WAITS_SINCE
    if not server.has_wait:
        return False
    lsn = b"%X/%X" % (token.lsn >> 32, token.lsn & 0xFFFFFFFF)
    query = b"WAIT FOR LSN '%b' WITH (TIMEOUT '%dms', NO_THROW)" % (lsn, max(1, ceil(left * 1000)))
    kernel = connection.kernel
    try:
        async with kernel.lock:
            row: list[bytes | None] = await kernel.wait_unlimited(
                ask(kernel, query, left + server.check_timeout)
            )
    except (FeatureNotSupported, InsufficientPrivilege, SyntaxError):
        server.has_wait = False  # a fork of PostgreSQL, or another one behind a pooler
        return False
    return row == [b"success"]
