"""Tunnels through SSH connections, which they share.

Source: RFC 4254, section 7.2 (TCP/IP forwarding channels).
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError, OperationalError
from howdah.protocol.credentials import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from howdah.conninfo import Host

__all__ = ["open_tunnel"]

_NAMES = ("ssh_host", "ssh_port", "ssh_user", "ssh_key", "ssh_password", "ssh_known_hosts")
#: How many bytes are forwarded at once; and seconds between two signs of life.
SIZE, KEEPALIVE = 65536, 30

_servers: dict[tuple[Any, ...], _Server] = {}
_lock = threading.Lock()


def open_tunnel(host: Host, parameters: Mapping[str, Any]) -> socket.socket:
    """Return a socket whose bytes an SSH server forwards to a host.

    Args:
        host: the host, as the SSH server knows it.
        parameters: the connection parameters.

    Raises:
        howdah.OperationalError: there is no tunnel.
        howdah.NotSupportedError: paramiko is not installed.
    """
    try:
        import paramiko  # noqa: F401
    except ImportError as error:
        raise NotSupportedError(
            'an SSH tunnel needs the package paramiko: pip install "howdah[ssh]"'
        ) from error
    if host.is_unix:
        raise OperationalError("an SSH tunnel leads to a host and a port: give host, not a unix socket")
    key = tuple(map(parameters.get, _NAMES))
    with _lock:
        server = _servers.setdefault(key, _Server())
        server.users += 1
    try:
        channel = server.channel((host.hostaddr or host.host, host.port), parameters)
    except Exception as error:  # paramiko's, and those of what it calls, have no common base class
        _leave(key, server)
        raise OperationalError(
            f"no SSH tunnel through {parameters['ssh_host']}: {shown(error) or type(error).__name__}"
        ) from error
    except BaseException:
        _leave(key, server)
        raise
    try:
        ours, theirs = socket.socketpair()
    except BaseException:
        channel.close()
        _leave(key, server)
        raise
    forwarding = _Forwarding(channel, theirs, lambda: _leave(key, server))
    try:
        forwarding.start()
    except BaseException:
        ours.close()
        raise
    return ours


def _leave(key: tuple[Any, ...], server: _Server) -> None:
    """Close an SSH connection if no tunnel uses it any more."""
    with _lock:
        server.users -= 1
        if server.users:
            return
        _servers.pop(key, None)
    server.close()


class _Server:
    """A connection to an SSH server.

    Attributes:
        users: how many tunnels use it.
    """

    def __init__(self) -> None:
        self.users = 0
        self._client: Any = None
        self._connecting = threading.Lock()

    def channel(self, address: tuple[str, int], parameters: Mapping[str, Any]) -> Any:
        """Open a channel to an address, and the SSH connection if that is necessary."""
        timeout = parameters.get("connect_timeout") or None
        with self._connecting:
            transport = None if self._client is None else self._client.get_transport()
            if transport is None or not transport.is_active():
                self.close()
                self._client = _connect(parameters, timeout)
                transport = self._client.get_transport()
        return transport.open_channel("direct-tcpip", address, ("127.0.0.1", 0), timeout=timeout)

    def close(self) -> None:
        """Close the SSH connection."""
        if self._client is not None:
            self._client.close()


def _connect(parameters: Mapping[str, Any], timeout: float | None) -> Any:
    import paramiko

    from howdah_ssh.transport import TunnelTransport

    client = paramiko.SSHClient()
    try:
        if parameters["ssh_known_hosts"] is None:
            client.load_system_host_keys()
        else:
            client.load_host_keys(parameters["ssh_known_hosts"])
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        key, secret = parameters["ssh_key"], parameters["ssh_password"]
        own = key is None and secret is None
        client.connect(
            parameters["ssh_host"],
            parameters["ssh_port"],
            parameters["ssh_user"],
            # The passphrase of a key stays here.
            password=secret if key is None else None,
            passphrase=secret if key is not None else None,
            key_filename=key,
            timeout=timeout,
            banner_timeout=timeout,
            auth_timeout=timeout,
            allow_agent=own,
            look_for_keys=own,
            transport_factory=TunnelTransport,
        )
        client.get_transport().set_keepalive(KEEPALIVE)
    except BaseException:
        client.close()
        raise
    return client


class _Forwarding:
    """Forwards bytes between a channel and a socket, in both directions, with a thread for each.

    With one thread, a direction whose receiver is slow would stop the other one.
    """

    def __init__(self, channel: Any, sock: socket.socket, closed: Callable[[], None]) -> None:
        self._channel = channel
        self._sock = sock
        self._closed = closed
        self._running = 2
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start both threads.

        Raises:
            RuntimeError: there are too many threads; both ends are closed, or will be.
        """
        directions = (
            (self._sock.recv, self._channel.sendall, self._channel.shutdown_write),
            (self._channel.recv, self._sock.sendall, self._end_of_input),
        )
        for started, direction in enumerate(directions):
            thread = threading.Thread(target=self._forward, args=direction, name="howdah-ssh", daemon=True)
            try:
                thread.start()
            except BaseException:
                self._break()
                for _ in directions[started:]:
                    self._ended()
                raise

    def _end_of_input(self) -> None:
        self._sock.shutdown(socket.SHUT_WR)

    def _forward(
        self, receive: Callable[[int], bytes], send: Callable[[bytes], None], end: Callable[[], None]
    ) -> None:
        try:
            while data := receive(SIZE):
                send(data)
            end()
        except (OSError, EOFError):
            # One side is gone; the other direction may wait for the other one, which waits for this one.
            self._break()
        finally:
            self._ended()

    def _break(self) -> None:
        """Have both directions end."""
        with suppress(OSError, EOFError):  # of a transport that is gone
            self._channel.close()
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def _ended(self) -> None:
        """Note that a direction has ended; after the last one, close both ends."""
        with self._lock:
            self._running -= 1
            last = not self._running
        if last:
            with suppress(OSError, EOFError):
                self._channel.close()
            self._sock.close()
            self._closed()
