"""Cancel requests, each over a new connection.

Source: PostgreSQL documentation, "Canceling Requests in Progress".
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from howdah import errors
from howdah.io.connect_sync import ConnectOperation, nonblocking, run
from howdah.io.endpoint import open_endpoint
from howdah.protocol.messages import cancel_request

if TYPE_CHECKING:
    from howdah.io.attempt import Connected

__all__ = ["cancel", "cancel_async"]


def cancel(connected: Connected, timeout: float | None = None) -> None:
    """Ask the server to cancel the current query of a session; block until it has got the request.

    The session's own socket is not used, so that any thread may call this. Success does not mean that
    the query was cancelled.

    Args:
        connected: the session.
        timeout: how long to try, in seconds; None for no limit.

    Raises:
        howdah.errors.CancellationTimeout: the time ran out.
        howdah.OperationalError: the server could not be reached, or has sent no key for cancel requests.
    """
    run(_cancelling(connected, timeout))


async def cancel_async(connected: Connected, timeout: float | None = None) -> None:
    """Ask the server to cancel the current query of a session, as `cancel` does."""
    from howdah.io.event_loop import running_event_loop

    await running_event_loop().run(_cancelling(connected, timeout))


def _cancelling(connected: Connected, timeout: float | None) -> ConnectOperation[None]:
    server_info = connected.server_info
    if not server_info.secret_key:
        raise errors.OperationalError("the server gave this session no key to cancel it with")
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        sock, _ = yield from open_endpoint(connected.endpoint, deadline)
        try:
            request = cancel_request(server_info.pid, server_info.secret_key)
            yield from nonblocking(sock, lambda: sock.send(request), deadline, writing=True)
            # The server closes the connection after it has sent the signal.
            while (yield from nonblocking(sock, lambda: sock.recv(256), deadline)):
                pass
        except ConnectionResetError:
            pass
        finally:
            sock.close()
    except TimeoutError as error:
        raise errors.CancellationTimeout("the request to cancel took too long") from error
    except OSError as error:
        raise errors.OperationalError(
            f"could not send the request to cancel: {error.strerror or error}"
        ) from error
