"""An SSH server that forwards TCP connections."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Any

import paramiko


class _Interface(paramiko.ServerInterface):
    def __init__(self, server: SSHServer, transport: paramiko.Transport) -> None:
        self.server = server
        self.transport = transport

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey,keyboard-interactive"

    def check_auth_password(self, username: str, password: str) -> int:
        self.server.passwords.append(password)
        good = (username, password) == ("keeper", "banana")
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == "keeper" and key == self.server.user_key
        if good and self.server.asks:
            return paramiko.AUTH_PARTIALLY_SUCCESSFUL
        return paramiko.AUTH_SUCCESSFUL if good else paramiko.AUTH_FAILED

    def check_auth_interactive(self, username: str, submethods: str) -> Any:
        return paramiko.InteractiveQuery("\x1b[2J", "a question", ("One-time password: ", False))

    def check_channel_direct_tcpip_request(self, chanid: int, origin: Any, destination: Any) -> int:
        self.server.destinations.append(destination)
        if destination[0] == "forbidden.example":
            return paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED
        threading.Thread(target=self._forward, args=(self.server.address,), daemon=True).start()
        return paramiko.OPEN_SUCCEEDED

    def _forward(self, address: tuple[str, int]) -> None:
        channel = None
        while channel is None:  # another thread may have taken the channel that this one waited for
            if not self.transport.is_active():
                return
            channel = self.transport.accept(1)
        sock = socket.create_connection(address)

        def up() -> None:
            with suppress(OSError, EOFError):
                while data := channel.recv(65536):
                    sock.sendall(data)
                sock.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=up, daemon=True)
        thread.start()
        with suppress(OSError, EOFError):
            while data := sock.recv(65536):
                channel.sendall(data)
        with suppress(OSError, EOFError):  # the client may have left
            channel.close()
        thread.join(10)
        sock.close()


class SSHServer:
    """Forwards to one address, whatever the client asks for. A context manager.

    Attributes:
        port: Its port, on the loopback interface.
        connections: How many SSH connections there were.
        destinations: The addresses that clients asked for.
        passwords: The passwords that clients sent.
        asks: Whether it asks for more than a key.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.host_key = paramiko.ECDSAKey.generate()
        self.user_key = paramiko.ECDSAKey.generate()
        self.connections = 0
        self.destinations: list[Any] = []
        self.passwords: list[str] = []
        self.asks = False
        self.transports: list[paramiko.Transport] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            transport = paramiko.Transport(sock)
            self.transports.append(transport)
            transport.add_server_key(self.host_key)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Interface(self, transport))

    def __enter__(self) -> SSHServer:
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for transport in self.transports:
            transport.close()
