"""The failures: backends are terminated, the server restarts, and its connections are cut."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from random import Random
from typing import Any

import howdah
from tests.servers import Server

__all__ = ["Disturbance", "Proxy"]

#: The name that programs under stress connect with.
APPLICATION = "stressed"


class Proxy:
    """Carries bytes between clients and the server, until it does not.

    Each connection has a fate of its own, drawn from the seed: it is cut
    behind so many bytes, in either direction, with or without a farewell, or
    nothing passes for a while.

    Args:
        server: the server; it may restart.
        seed: what the fates are drawn from.
    """

    def __init__(self, server: Server, seed: str) -> None:
        self._server = server
        self._seed = seed
        self._numbers = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._awake: asyncio.Event
        self._loop = asyncio.new_event_loop()
        self.harmless = False
        self.port = 0
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()

    def cut_all(self) -> None:
        """Cut all connections."""
        self._loop.call_soon_threadsafe(self._cut)

    def be_silent(self, seconds: float) -> None:
        """Let nothing pass for a while."""
        self._loop.call_soon_threadsafe(self._silence, seconds)

    def close(self) -> None:
        """Stop, and cut all connections."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def _cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    def _silence(self, seconds: float) -> None:
        self._awake.clear()
        self._loop.call_later(seconds, self._awake.set)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self._stop = asyncio.Event()
        self._awake = asyncio.Event()
        self._awake.set()
        listener = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        listener.close()
        self._awake.set()
        self._cut()
        await asyncio.sleep(0)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._numbers += 1
        fates = Random(f"{self._seed}-{self._numbers}")
        self._writers.add(writer)
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._server.port)
        except OSError:
            writer.transport.abort()
            self._writers.discard(writer)
            return
        self._writers.add(back_writer)
        pair = (writer, back_writer)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                self._pump(reader, back_writer, pair, Random(fates.random())),
                self._pump(back_reader, writer, pair, Random(fates.random())),
            )
        for each in pair:
            each.transport.abort()
            self._writers.discard(each)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        pair: tuple[asyncio.StreamWriter, ...],
        fates: Random,
    ) -> None:
        left = int(10 ** fates.uniform(1.5, 6)) if fates.random() < 0.5 else None
        try:
            while data := await reader.read(65536):
                await self._awake.wait()
                if writer.is_closing():
                    raise ConnectionResetError
                if left is not None and not self.harmless:
                    left -= len(data)
                    if left <= 0:
                        writer.write(data[:left])  # up to the byte
                        if not await self._spoil(writer, pair, fates):
                            return
                        writer.write(data[left:])
                        left = int(10 ** fates.uniform(1.5, 6))
                        continue
                writer.write(data)
                await writer.drain()
            writer.write_eof()
        except OSError:  # one side is gone: the other one is to know
            for each in pair:
                each.transport.abort()

    async def _spoil(
        self, writer: asyncio.StreamWriter, pair: tuple[asyncio.StreamWriter, ...], fates: Random
    ) -> bool:
        """Do what a connection is fated to; return whether it goes on."""
        kind = fates.choice(["cut", "close", "silent", "pause", "pause"])
        if kind in ("silent", "pause"):
            await asyncio.sleep(fates.uniform(0.05, 1.5))
        if kind == "pause":
            return True
        if kind == "close":
            await writer.drain()
        for each in pair:
            if kind == "close":
                each.close()
            else:
                each.transport.abort()
        return False


class Disturbance:
    """Disturbs a server and its proxy, from a thread, until it is stopped.

    Args:
        server: the server.
        proxy: the proxy in front of it.
        seed: what the choices are made from.
        seconds: for how long; the server restarts twice at least.
    """

    def __init__(self, server: Server, proxy: Proxy, seed: str, seconds: float) -> None:
        self._server = server
        self._proxy = proxy
        self._random = Random(f"{seed}-disturbance")
        self._end = time.monotonic() + seconds
        self._every = min(seconds / 3, 12.0)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Restore the server and the proxy."""
        self._stopped.set()
        self._thread.join()
        self._proxy.harmless = True
        if not self._server.running:
            self._server.start()

    def _run(self) -> None:
        restart_at = time.monotonic() + self._every
        mode = "fast"
        while not self._stopped.wait(self._random.uniform(0.02, 0.3)) and time.monotonic() < self._end:
            if time.monotonic() >= restart_at:
                mode = "immediate" if mode == "fast" else "fast"
                self._server.stop(mode)
                self._stopped.wait(self._random.uniform(0, 1))
                self._server.start()
                restart_at = time.monotonic() + self._every
                continue
            match self._random.randrange(10):
                case 0:
                    self._proxy.cut_all()
                case 1:
                    self._proxy.be_silent(self._random.uniform(0.02, 1))
                case 2 | 3:
                    self._signal("pg_cancel_backend", 3)
                case _:
                    self._signal("pg_terminate_backend", self._random.choice([1, 1, 1, 4]))

    def _signal(self, function: str, limit: int) -> None:
        query = (
            f"SELECT {function}(pid) FROM (SELECT pid FROM pg_stat_activity"
            f" WHERE application_name = '{APPLICATION}' ORDER BY md5(%s || pid) LIMIT {limit}) AS chosen"
        )
        with contextlib.suppress(howdah.OperationalError):
            with howdah.connect(self._server.dsn, autocommit=True) as conn:
                conn.execute(query, [str(self._random.random())])


def count_backends(dsn: str) -> int:
    """Return how many connections the programs under stress have."""
    with howdah.connect(dsn, autocommit=True) as conn:
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
        row: Any = conn.execute(query, [APPLICATION]).fetchone()
        return int(row[0])
