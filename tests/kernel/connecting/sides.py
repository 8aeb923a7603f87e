"""The ways to connect, under one signature: blocking, asyncio, asyncio on uvloop."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import TYPE_CHECKING, Any

from howdah import conninfo
from howdah.io import connecting
from howdah.io.attempt import converse
from howdah.io.connect_sync import run
from howdah.io.session_attrs import LIMITS
from howdah.protocol.framing import MessageReader

if TYPE_CHECKING:
    from collections.abc import Generator

SIDES = ["blocking", "asyncio"]
if importlib.util.find_spec("uvloop"):
    SIDES.append("uvloop")


def run_async(side: str, coroutine: Any) -> Any:
    """Run a coroutine on an event loop: that of uvloop, or asyncio's own."""
    if side == "uvloop":
        import uvloop

        return uvloop.run(coroutine)
    return asyncio.run(coroutine)


class Side:
    """Connects in one of the ways of `SIDES`, and closes everything at the end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.opened: list[connecting.Connected] = []

    def __call__(
        self,
        dsn: str = "",
        *,
        methods: Any = None,
        open_transport: Any = None,
        timeout: float | None = None,
        **params: Any,
    ) -> connecting.Connected:
        resolved = conninfo.resolve(dsn, params)
        resolved["connect_timeout"] = timeout or resolved["connect_timeout"]  # in tests it may be short
        hosts = conninfo.hosts(resolved)
        options: Any = {"authentication_methods": methods or {}, "open_transport": open_transport}
        if self.name == "blocking":
            connected = connecting.connect(resolved, hosts, **options)
        else:
            connected = run_async(self.name, connecting.connect_async(resolved, hosts, **options))
        self.opened.append(connected)
        return connected

    def close(self) -> None:
        """Close the sessions."""
        for connected in self.opened:
            connected.sock.close()


def sleep(connected: connecting.Connected, observer: connecting.Connected) -> None:
    """Start a query that takes long, and wait until the server is executing it."""
    connected.sock.setblocking(False)
    connected.sock.send(b"Q\0\0\0\x19SELECT pg_sleep(600)\0")
    activity = f"FROM pg_stat_activity WHERE pid = {connected.server_info.pid} AND wait_event = 'PgSleep'"
    while ask(observer, f"SELECT count(*) {activity}") == "0":
        pass


def ask(connected: connecting.Connected, query: str) -> str:
    """Run a query with one value in its answer."""

    def machine() -> Generator[bytes, tuple[int, bytes], str]:
        body = query.encode() + b"\0"
        answer = b""
        code, payload = yield b"Q" + (4 + len(body)).to_bytes(4, "big") + body
        while code != ord("Z"):
            assert code != ord("E"), payload
            if code == ord("D"):
                answer = payload[6:]
            code, payload = yield b""
        return answer.decode()

    connected.sock.setblocking(False)
    return run(converse(connected.sock, machine(), MessageReader(LIMITS), None))
