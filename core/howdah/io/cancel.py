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
    from socket import socket

    from howdah.io.attempt import Connected
    from howdah.io.tls_socket import TLSSocket

__all__ = ["Delivery", "cancel", "cancel_async"]


class Delivery:
    """What has become of a request to cancel.

    Attributes:
        under_way: whether it was sent, and may still hit the current query or a later one.
    """

    under_way = False


def cancel(connected: Connected, timeout: float | None = None, delivery: Delivery | None = None) -> None:
    """Ask the server to cancel the current query of a session; block until it has got the request.

    The session's own socket is not used, so that any thread may call this. Success does not mean that
    the query was cancelled.

    Args:
        connected: the session.
        timeout: how long to try, in seconds; None for no limit.
        delivery: notes what has become of it. When the request is sent, a first interruption, as one by a
            signal handler, takes effect only after the server has taken it.

    Raises:
        howdah.errors.CancellationTimeout: the time ran out.
        howdah.OperationalError: the server could not be reached, or has sent no key for cancel requests.
    """
    run(_cancelling(connected, timeout, delivery or Delivery()))


async def cancel_async(
    connected: Connected, timeout: float | None = None, delivery: Delivery | None = None
) -> None:
    """Ask the server to cancel the current query of a session, as `cancel` does."""
    from howdah.io.event_loop import running_event_loop

    await running_event_loop().run(_cancelling(connected, timeout, delivery or Delivery()))


def _cancelling(connected: Connected, timeout: float | None, delivery: Delivery) -> ConnectOperation[None]:
    server_info = connected.server_info
    if not server_info.secret_key:
        raise errors.OperationalError("the server gave this session no key to cancel it with")
    deadline = None if timeout is None else time.monotonic() + timeout
    try:
        sock, _ = yield from open_endpoint(connected.endpoint, deadline)
        try:
            request = cancel_request(server_info.pid, server_info.secret_key)
            delivery.under_way = True
            yield from nonblocking(sock, lambda: sock.send(request), deadline, writing=True)
            interruption = yield from _until_taken(sock, deadline)
            delivery.under_way = False
        except ConnectionResetError:
            delivery.under_way = False
            interruption = None
        finally:
            sock.close()
        try:
            if interruption is not None:
                raise interruption
        finally:
            del interruption  # which would refer to this frame
    except TimeoutError as error:
        raise errors.CancellationTimeout("the request to cancel took too long") from error
    except OSError as error:
        raise errors.OperationalError(
            f"could not send the request to cancel: {error.strerror or error}"
        ) from error


def _until_taken(sock: socket | TLSSocket, deadline: float | None) -> ConnectOperation[BaseException | None]:
    """Wait until the server closes the connection, after it has sent the signal.

    Returns:
        What has interrupted the wait, once; None if nothing did.
    """
    interruption: BaseException | None = None
    try:
        while True:
            try:
                if not (yield from nonblocking(sock, lambda: sock.recv(256), deadline)):
                    return interruption
            except (OSError, GeneratorExit):
                raise
            except BaseException as e:
                if interruption is not None:
                    raise
                interruption = e
    finally:
        del interruption  # which would refer to this frame
