"""Encryption that fails in the middle of a connection: the server would wait for what it never gets."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.io.tls_socket import SecuredSocket
from howdah.io.tls_stream import CooperativeTLSStream
from tests.connecting import KINDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.servers import Server


class Layer:
    """Encrypts until it is told to fail."""

    def __init__(self, layer: Any) -> None:
        self.read, self.pending = layer.read, layer.pending
        self._write = layer.write
        self.failing = False

    def write(self, data: Any) -> Any:
        if self.failing:
            raise ssl.SSLError(0, "the key has expired")
        return self._write(data)


@pytest.fixture
def layers(monkeypatch: pytest.MonkeyPatch) -> list[Layer]:
    """Return what encrypts the connections."""
    made: list[Layer] = []
    stream = SecuredSocket.stream

    def replaced(self: SecuredSocket, session: Any) -> Any:
        made.append(Layer(self.layer))
        self.layer = made[-1]
        return stream(self, session)

    monkeypatch.setattr(SecuredSocket, "stream", replaced)
    return made


@pytest.fixture
def dsn(tls_server: Server) -> str:
    return f"{tls_server.tcp_dsn} sslmode=require"


def run(kind: str, main: Callable[[], Awaitable[Any]]) -> None:
    """Run a function on an event loop."""
    if kind == "trio":
        import trio

        trio.run(main)
    elif kind == "uvloop":
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())  # type: ignore[arg-type]


@pytest.fixture(params=[False, True], ids=["usual", "cooperative"])
def cooperative(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have blocking connections carry their bytes as with the sockets of gevent."""
    if request.param:
        for module in ("tls_socket", "blocking"):
            monkeypatch.setattr(f"howdah.io.{module}.is_usual", lambda sock: False)
        monkeypatch.setattr("howdah.io.tls_stream.TLSStream", CooperativeTLSStream)


def test_blocking(dsn: str, layers: list[Layer], cooperative: None) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        layers[-1].failing = True
        with pytest.raises(howdah.OperationalError, match="the key has expired"):
            conn.execute("SELECT 1")
        assert conn.closed
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TEMP TABLE t (a text)")
        with pytest.raises(howdah.OperationalError, match="the key has expired"):
            with conn.cursor().copy("COPY t FROM STDIN") as copy:
                layers[-1].failing = True
                for _ in range(100):
                    copy.write(b"x" * 10_000 + b"\n")
        assert conn.closed


def test_closing(dsn: str, layers: list[Layer], cooperative: None) -> None:
    """The Terminate message cannot be sent."""
    conn = howdah.connect(dsn)
    layers[-1].failing = True
    conn.close()
    assert conn.closed


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "blocking"])
def test_async(kind: str, dsn: str, layers: list[Layer]) -> None:
    async def main() -> None:
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            layers[-1].failing = True
            with pytest.raises(howdah.OperationalError, match="the key has expired"):
                await conn.execute("SELECT 1")
            assert conn.closed
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            await conn.execute("CREATE TEMP TABLE t (a text)")
            with pytest.raises(howdah.OperationalError, match="the key has expired"):
                async with conn.cursor().copy("COPY t FROM STDIN") as copy:
                    layers[-1].failing = True
                    for _ in range(100):
                        await copy.write(b"x" * 10_000 + b"\n")
            assert conn.closed
        conn = await howdah.AsyncConnection.connect(dsn)
        layers[-1].failing = True
        await conn.close()
        assert conn.closed

    run(kind, main)
