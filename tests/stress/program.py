"""A program under stress: threads or tasks that run workloads until the time is over.

It runs in a process of its own (`python -m tests.stress.program`), whose main
thread is interrupted by signals in the side with threads.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import importlib
import itertools
import logging
import os
import pickle
import pkgutil
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import howdah
import howdah_pool
from tests.stress import workloads, workloads_async
from tests.stress.ledger import Ledger, Report
from tests.stress.workloads_async import Deliberate as AsyncDeliberate

__all__ = ["main"]

#: How long a client waits for a connection, and after how long a workload is said to hang, in seconds.
TIMEOUT = 10.0
HANGS_AFTER = 60.0
#: By how much a program may grow, in MB.
GROWTH = 64.0


class Interrupted(BaseException):
    """What the signal handler raises."""


#: The errors that servers and networks that fail are expected to cause. InFailedSqlTransaction is that of a
#: block that ignored an error.
USUAL = (howdah.OperationalError, howdah.errors.InFailedSqlTransaction, Interrupted, asyncio.CancelledError)


class Program:
    """What threads and tasks have in common.

    Args:
        args: the command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.ledger = Ledger()
        self.report = Report(self.ledger.units)
        self.end = time.monotonic() + args.seconds
        self.interrupts = args.side == "threads"
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        #: What is under way: its name, and since when.
        self._under_way: dict[int, tuple[str, float]] = {}
        self._sizes: list[float] = []
        self.show_tasks: Callable[[], None] = int
        self.files = _open_files()
        threading.Thread(target=self._watch, daemon=True, name="watch").start()

    def pools(self, kind: Any, null_kind: Any, check: Any, reset: Any) -> list[Any]:
        """Make the pools: in front of the proxy, one that checks connections, and one that keeps none."""
        common: dict[str, Any] = {"reset": reset, "timeout": TIMEOUT, "open": False}
        return [
            kind(self.args.proxy, min_size=2, max_size=6, **common),
            kind(
                self.args.proxy, min_size=1, max_size=4, check=check, max_idle=0.5, max_lifetime=2, **common
            ),
            kind(self.args.direct, min_size=0, max_size=4, max_lifetime=3, **common),
            null_kind(self.args.proxy, max_size=3, **common),
        ]

    @contextlib.contextmanager
    def going_on(self, name: str) -> Iterator[None]:
        """Note what is under way, and what comes out of it."""
        number = next(self._numbers)
        self._under_way[number] = (name, time.monotonic())
        try:
            yield
        except (howdah.Error, Interrupted) as error:
            self.failed(error)
        except (workloads.Deliberate, AsyncDeliberate):
            pass
        except (asyncio.CancelledError, GeneratorExit):  # that is: a signal came before the block was entered
            raise
        except BaseException:
            self.foreign(f"{name}: {traceback.format_exc()}")
        finally:
            self._under_way.pop(number, None)

    def failed(self, error: BaseException) -> None:
        """Count an error that was to be expected."""
        with self._lock:
            name = type(error).__name__
            self.report.failures[name] += 1
            if not isinstance(error, USUAL):
                self.report.samples.setdefault(name, "".join(traceback.format_exception(error)))

    def foreign(self, told: str) -> None:
        """Note an exception that should not have come out."""
        self.report.foreign.append(told)

    def pick(self, random: Random, module: Any, pools: list[Any]) -> tuple[Any, Any]:
        """Choose a workload and where it gets its connection."""
        wanted = self.args.workloads
        every = [each for each in module.WORKLOADS if not wanted or each.__name__ in wanted]
        workload = random.choice(every)
        pool = random.choices(pools, [6, 3, 3, 1])[0]
        return workload, module.Work(workload.__name__, pool, random, self.ledger, self.report)

    def _watch(self) -> None:
        """Notice what hangs, and measure the process."""
        start, taken = time.monotonic(), 0
        while True:
            time.sleep(0.2)
            now = time.monotonic()
            if now > start + (self.args.seconds / 4) * (taken + 1) and taken < 4:
                taken += 1
                self._sizes.append(_resident())
            late = [name for name, since in list(self._under_way.values()) if now - since > HANGS_AFTER]
            if late:
                self.report.hung += sorted(late)
                faulthandler.dump_traceback(all_threads=True)
                self.show_tasks()
                time.sleep(1)
                self.hand_over()
                os._exit(3)

    def look_for_leaks(self, threads: int) -> None:
        """Note what is left when everything was closed."""
        leaked = self.report.leaked
        gc.collect()
        kinds = (howdah.Connection, howdah.AsyncConnection, howdah.Cursor, howdah.AsyncCursor)
        left = [each for each in gc.get_objects() if isinstance(each, kinds)]
        leaked += [f"still alive: {each!r}" for each in left]
        if threading.active_count() > threads:
            leaked.append(f"threads: {[thread.name for thread in threading.enumerate()]}")
        if more := _open_files() - self.files:
            leaked += [f"open file: {each}" for each in more]

    def hand_over(self) -> None:
        """Write the report."""
        report = self.report
        if len(self._sizes) > 1:
            report.memory = self._sizes[-1] - self._sizes[0]
            if report.memory > GROWTH:
                report.leaked.append(f"the process grew by {report.memory:.0f} MB")
        with self._lock:
            self.args.report.write_bytes(pickle.dumps(report))


# Threads


def run_threads(program: Program, seed: str) -> None:
    """Run threads over the pools; the main thread is one of them, and gets signals."""
    threads_before = threading.active_count()
    _run_threads(program, seed)
    program.look_for_leaks(threads_before)


def _run_threads(program: Program, seed: str, workers: int = 7) -> None:
    def reset(conn: Any) -> None:
        conn.autocommit = False

    pools = program.pools(
        howdah_pool.ConnectionPool,
        howdah_pool.NullConnectionPool,
        howdah_pool.ConnectionPool.check_connection,
        reset,
    )
    for pool in pools:
        pool.open()

    def once(random: Random) -> None:
        workload, work = program.pick(random, workloads, pools)
        with program.going_on(work.name):
            workload(work)

    def work(number: int) -> None:
        random = Random(f"{seed}-{number}")
        while time.monotonic() < program.end:
            once(random)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, workers + 1)]
    for thread in threads:
        thread.start()
    _work_interrupted(program, Random(f"{seed}-0"), once)
    for thread in threads:
        thread.join()
    _settle(program, pools)
    for pool in pools:
        pool.close()


def _work_interrupted(program: Program, random: Random, once: Callable[[Random], None]) -> None:
    """Do workloads in the main thread, in which signals raise."""
    armed = False

    def interrupt(number: int, frame: Any) -> None:
        nonlocal armed
        if armed:
            armed = False
            raise Interrupted

    signal.signal(signal.SIGALRM, interrupt)
    while time.monotonic() < program.end:
        try:
            armed = random.random() < 0.7
            signal.setitimer(signal.ITIMER_REAL, max(0.0002, random.expovariate(1 / 0.005)))
            once(random)
            armed = False
        except Interrupted as error:  # between two workloads
            program.failed(error)
    armed = False
    signal.setitimer(signal.ITIMER_REAL, 0)


def _settle(program: Program, pools: list[Any]) -> None:
    """Wait until the pools have nothing to do, and compare what they have with what the server has."""
    gc.collect()
    deadline = time.monotonic() + TIMEOUT
    while not all(map(_is_settled, pools)) and time.monotonic() < deadline:
        time.sleep(0.05)
    _tell_unsettled(program, pools)


def _is_settled(pool: Any) -> bool:
    stats = pool.get_stats()
    return bool(stats["pool_size"] == stats["pool_available"]) and not stats["requests_waiting"]


def _tell_unsettled(program: Program, pools: list[Any]) -> None:
    program.report.leaked += [f"{pool!r}: {pool.get_stats()}" for pool in pools if not _is_settled(pool)]


# Tasks


async def run_tasks(program: Program, seed: str) -> None:
    """Run tasks over the pools, some of which are cancelled, and others over one connection."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda loop, context: program.foreign(f"the event loop: {context}"))
    program.show_tasks = lambda: loop.call_soon_threadsafe(_show_tasks) and None
    await asyncio.to_thread(int)
    program.files = _open_files()
    threads_before = threading.active_count()
    await _run_tasks(program, seed)
    await asyncio.sleep(0.1)
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        program.report.leaked.append(f"tasks: {others}")
    del others
    program.look_for_leaks(threads_before)


async def _run_tasks(program: Program, seed: str, workers: int = 12, sharers: int = 6) -> None:
    async def reset(conn: Any) -> None:
        await conn.set_autocommit(False)

    pools = program.pools(
        howdah_pool.AsyncConnectionPool,
        howdah_pool.AsyncNullConnectionPool,
        howdah_pool.AsyncConnectionPool.check_connection,
        reset,
    )
    for pool in pools:
        await pool.open()

    async def once(random: Random) -> None:
        workload, work = program.pick(random, workloads_async, pools)
        with program.going_on(work.name):
            await workload(work)

    async def work(number: int) -> None:
        random = Random(f"{seed}-{number}")
        while time.monotonic() < program.end:
            await _perhaps_cancelled(program, random, once(random))

    shared = _Shared(program, seed)
    tasks = [asyncio.create_task(work(number)) for number in range(workers)]
    tasks += [asyncio.create_task(shared.work(number)) for number in range(sharers)]
    await asyncio.gather(*tasks)
    await shared.close()
    gc.collect()
    deadline = time.monotonic() + TIMEOUT
    while not all(map(_is_settled, pools)) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    _tell_unsettled(program, pools)
    for pool in pools:
        await pool.close()


async def _perhaps_cancelled(program: Program, random: Random, work: Any) -> None:
    """Do something in a task that may be cancelled at some moment."""
    task = asyncio.create_task(work)
    timer = None
    if random.random() < 0.3:
        timer = asyncio.get_running_loop().call_later(random.expovariate(1 / 0.02), task.cancel)
    await asyncio.wait([task])
    if timer is not None:
        timer.cancel()
    if task.cancelled():
        if timer is None:
            program.foreign("CancelledError in a task that nobody cancelled")
        else:
            program.failed(asyncio.CancelledError())


class _Shared:
    """One connection for many tasks, made anew when it is lost."""

    def __init__(self, program: Program, seed: str) -> None:
        self._program = program
        self._seed = seed
        self._connection: Any = None
        self._connecting = asyncio.Lock()

    async def work(self, number: int) -> None:
        """Use the connection until the time is up."""
        random = Random(f"{self._seed}-shared-{number}")
        while time.monotonic() < self._program.end:
            await _perhaps_cancelled(self._program, random, self._once(random))

    async def _once(self, random: Random) -> None:
        program = self._program
        with program.going_on("share"):
            async with self._connecting:
                if self._connection is None or self._connection.closed:
                    self._connection = await howdah.AsyncConnection.connect(
                        program.args.proxy, autocommit=True
                    )
            work = workloads_async.Work("share", None, random, program.ledger, program.report)
            await workloads_async.share(work, self._connection)

    async def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _show_tasks() -> None:
    for task in asyncio.all_tasks():
        task.print_stack(file=sys.stderr)


# The process


def _open_files() -> set[str]:
    """Return the sockets and files that the process has open, as the system names them."""
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add(f"{each.name} {each.readlink()}")
    return {each for each in found if "/proc/" not in each}


def _resident() -> float:
    """Return how much memory the process has, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _note_what_nobody_catches(program: Program) -> None:
    def unraisable(caught: Any) -> None:
        if isinstance(caught.exc_value, Interrupted):  # the signal came in a finalizer
            program.failed(caught.exc_value)
        else:
            program.foreign(f"unraisable in {caught.object!r}: {caught.exc_value!r}: {caught.err_msg}")

    sys.unraisablehook = unraisable
    threading.excepthook = lambda caught: program.foreign(
        "in a thread: " + "".join(traceback.format_exception(caught.exc_value))
    )
    warnings.simplefilter("always")

    def show(message: Any, category: type[Warning], *rest: Any) -> None:
        # What an exception tears away from its client is deleted: a connection, which the pool takes back, or
        # the socket of one that was being made when a signal came.
        text = str(message)
        if "was never given back" not in text and not (text.startswith("unclosed") and program.interrupts):
            program.foreign(f"{category.__name__}: {text}")

    warnings.showwarning = show


def _import_everything() -> None:
    """Import all modules: Python leaves one locked whose import is interrupted by a signal."""
    for name in [*sys.modules]:
        package = sys.modules[name]
        if name.partition("_")[0] == "howdah" and "." not in name and hasattr(package, "__path__"):
            for module in pkgutil.walk_packages(package.__path__, f"{name}."):
                if "__main__" not in module.name:
                    with contextlib.suppress(ImportError):
                        importlib.import_module(module.name)


def main() -> None:
    """Run, and write the report."""
    parser = argparse.ArgumentParser()
    for name in ("side", "seed", "direct", "proxy"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--report", type=Path, required=True)
    parser.add_argument("--workloads", nargs="*")
    args = parser.parse_args()
    faulthandler.enable()
    logging.getLogger("howdah").setLevel(logging.CRITICAL)
    if args.side != "threads":
        # What the loop opens for itself is not a leak.
        asyncio.run(asyncio.sleep(0))
    program = Program(args)
    _note_what_nobody_catches(program)
    seed = f"{args.seed}-{args.side}"
    if args.side == "threads":
        _import_everything()
        run_threads(program, seed)
    elif args.side == "uvloop":
        import uvloop

        uvloop.run(run_tasks(program, seed))
    else:
        asyncio.run(run_tasks(program, seed))
    program.hand_over()


if __name__ == "__main__":
    main()
