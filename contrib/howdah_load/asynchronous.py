"""`howdah.load_async`: a load for programs with an event loop."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Literal

from howdah.errors import OperationalError
from howdah.io.event_loop import running_event_loop
from howdah.io.interruptible import InterruptibleEvent
from howdah.sql import Identifier
from howdah_load.address import Address
from howdah_load.loading import Load
from howdah_load.results import Loaded

__all__ = ["load_async"]

#: After how many seconds a load that does not end is stopped again.
_AGAIN = 0.1


async def load_async(
    conninfo: str,
    table: str | Identifier,
    source: Any,
    *,
    mode: Literal["independent", "staged", "two_phase"] = "independent",
    workers: int = 4,
    columns: Sequence[str] | None = None,
    part_rows: int = 100_000,
    progress: Callable[[Loaded], object] | None = None,
    password: str | Callable[..., Any] | None = None,
    schema: str | None = None,
    partition: tuple[str, str] | None = None,
) -> Loaded:
    """Do what `load` does, while the event loop goes on. Threads write, since to encode rows takes time.

    A cancellation ends the load, which removes what it has left before it takes effect.

    Args:
        conninfo: as for `load`.
        table: as for `load`.
        source: as for `load`, or an async iterable of batches, which is read on the event loop, and closed.
        mode: as for `load`.
        workers: as for `load`.
        columns: as for `load`.
        part_rows: as for `load`.
        progress: as for `load`: it is called in a thread.
        password: as for `load`. A function must not be asynchronous.
        schema: as for `load`.
        partition: as for `load`.

    Returns:
        How much has been written.

    Raises:
        howdah.Error: as `load`.
        TypeError: as `load`.
    """
    run = _Run()
    arguments: Any = (mode, workers, columns, part_rows, progress, schema, partition)

    def work() -> Loaded:
        batches = run.batches() if hasattr(source, "__aiter__") else source
        run.load = Load(Address(conninfo, password), table, batches, *arguments)
        if run.cancelled:
            run.load.stop()
        return run.load.run()

    loop = running_event_loop()
    arriving = aiter(source) if hasattr(source, "__aiter__") else None
    thread = threading.Thread(target=run.call, args=(work,), name="howdah-load", daemon=True)
    try:
        thread.start()
        await run.serve(arriving)
    except BaseException:
        if thread.ident is not None:  # it has been started
            run.cancel()
            await loop.finish(run.end)
        raise
    finally:
        if arriving is not None and hasattr(arriving, "aclose"):
            await loop.finish(arriving.aclose)
    thread.join()
    return run.result()


class _Run:
    """A load in a thread, whose source is read on the event loop."""

    def __init__(self) -> None:
        self.load: Load | None = None
        self.cancelled = False
        self._event = running_event_loop().event()
        self._asked = InterruptibleEvent()
        self._answered = InterruptibleEvent()
        self._answer: Any = None
        self._over = False
        self._result: Loaded | None = None
        self._error: BaseException | None = None

    # In the thread

    def call(self, work: Callable[[], Loaded]) -> None:
        """Call a function, and keep its result."""
        try:
            self._result = work()
        except BaseException as error:
            self._error = error
        self._over = True
        self._event.set()

    def batches(self) -> Iterator[Any]:
        """Yield the batches that the event loop reads."""
        while True:
            self._answered.clear()
            if not self.cancelled:
                self._asked.set()
                self._event.set()
                self._answered.wait()
            if self.cancelled:  # the source has not ended: what was read is not to be committed
                raise OperationalError("the load was cancelled")
            batch, error = self._answer
            if error is not None:
                raise error
            if batch is None:
                return
            yield batch

    # On the event loop

    async def serve(self, source: AsyncIterator[Any] | None) -> None:
        """Read the source when the thread asks for it, until the thread ends.

        Args:
            source: the source; None if the thread reads it itself, or is to be told that it ends.
        """
        while not self._over:
            if self._asked.is_set():
                self._asked.clear()
                self._answer = await _read(source)
                self._answered.set()
            await self._wait()

    async def end(self) -> None:
        """Wait until the thread ends; stop it again and again, as it may have begun something meanwhile."""
        loop = running_event_loop()
        while not self._over:
            self._answered.set()  # there is nothing more to read
            if self.load is not None:
                await loop.call_in_thread(self.load.stop)
            if not self._over:
                await self._wait(_AGAIN)

    async def _wait(self, timeout: float = 3600.0) -> None:
        await self._event.wait(timeout)
        self._event = running_event_loop().event()

    def cancel(self) -> None:
        """Have the thread end soon."""
        self.cancelled = True
        self._event = running_event_loop().event()  # the wait for the other one was cancelled
        self._answer = None, None

    def result(self) -> Loaded:
        """Return what the load returned, or raise what it raised."""
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None
        assert self._result is not None
        return self._result


async def _read(source: AsyncIterator[Any] | None) -> tuple[Any, Exception | None]:
    """Return the next batch of a source, None at its end, and what it has raised."""
    if source is None:
        return None, None
    try:
        return await anext(source), None
    except StopAsyncIteration:
        return None, None
    except Exception as error:
        return None, error
