"""A driver at work for a while, over one connection or many: how much, how fast, and what it cost the client.

The processor's time is that of the whole process (getrusage), in all its threads: of the driver, the event
loop, and the few lines that the benchmark has of its own, which are the same for every driver.
"""

from __future__ import annotations

import asyncio
import resource
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tests.bench.contender import Contender, nothing
from tests.bench.floor import NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.measuring import Loop

#: How often a query is executed before anything is measured: enough for automatic preparation to set in.
WARM_UP = 8

#: Of how many queries it is told what 99 % of them do not exceed.
ENOUGH = 20


@dataclass
class Sample:
    """What was done in one turn.

    Args:
        seconds: How long it took.
        cpu: How much of the processor's time the client took for it, in seconds.
        latencies: How long each query took, in seconds.
    """

    seconds: float
    cpu: float
    latencies: list[float]

    def figures(self) -> dict[str, float]:
        """What of it is reported: the names are those of `outcome.FIGURES`, times are in seconds."""
        ordered = sorted(self.latencies)
        count = len(ordered)
        found = {"rate": count / self.seconds, "p50": percentile(ordered, 50), "cpu": self.cpu / count}
        if count >= ENOUGH:
            found["p99"] = percentile(ordered, 99)
        return found


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Return the smallest of the values that so many percent of them do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


@dataclass
class Clients:
    """A driver with all its connections, ready to work.

    Args:
        name: The driver.
        once: Lets one of them do the work once; returns what that has fetched.
        work: Lets all of them do the work again and again, for so many seconds.
        close: Closes the connections.
    """

    name: str
    once: Callable[[], Any]
    work: Callable[[float], Sample]
    close: Callable[[], Any] = nothing

    @property
    def looks(self) -> bool:
        """Whether it looks at what it receives."""
        return self.name != NAME


def cpu_time() -> float:
    """Return the processor's time that this process has taken, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def serially(contender: Contender) -> Clients:
    """Return one client, which blocks."""
    run = contender.run

    def work(seconds: float) -> Sample:
        latencies: list[float] = []
        before, start = cpu_time(), perf_counter()
        _repeat(run, start + seconds, latencies)
        return Sample(perf_counter() - start, cpu_time() - before, latencies)

    _warm_up(run)
    return Clients(contender.name, run, work, contender.close)


def in_threads(contenders: Sequence[Contender]) -> Clients:
    """Return clients of which each has a thread."""
    pool = ThreadPoolExecutor(len(contenders))
    runs = [contender.run for contender in contenders]

    def work(seconds: float) -> Sample:
        latencies: list[list[float]] = [[] for _ in runs]
        before, start = cpu_time(), perf_counter()
        deadlines = [start + seconds] * len(runs)
        list(pool.map(_repeat, runs, deadlines, latencies))
        took, cpu = perf_counter() - start, cpu_time() - before
        return Sample(took, cpu, [latency for each in latencies for latency in each])

    def close() -> None:
        pool.shutdown()
        for contender in contenders:
            contender.close()

    list(pool.map(_warm_up, runs))
    return Clients(contenders[0].name, runs[0], work, close)


def in_tasks(contenders: Sequence[Contender], loop: Loop) -> Clients:
    """Return clients of which each has a task of one event loop."""
    runs = [contender.run for contender in contenders]

    async def everyone(seconds: float) -> Sample:
        latencies: list[list[float]] = [[] for _ in runs]
        before, start = cpu_time(), perf_counter()
        await asyncio.gather(
            *(_repeat_async(run, start + seconds, each) for run, each in zip(runs, latencies))
        )
        took, cpu = perf_counter() - start, cpu_time() - before
        return Sample(took, cpu, [latency for each in latencies for latency in each])

    def work(seconds: float) -> Sample:
        sample: Sample = loop.finish(everyone(seconds))
        return sample

    def close() -> None:
        for contender in contenders:
            loop.finish(contender.close())

    for run in runs:
        _warm_up(lambda run=run: loop.finish(run()), 1 / len(runs))  # type: ignore[misc]
    return Clients(contenders[0].name, lambda: loop.finish(runs[0]()), work, close)


def _warm_up(run: Callable[[], Any], seconds: float = 1) -> None:
    """Execute a query a few times, or fewer if that takes longer."""
    start = perf_counter()
    for _ in range(WARM_UP):
        run()
        if perf_counter() - start > seconds:
            break


def _repeat(run: Callable[[], Any], deadline: float, latencies: list[float]) -> None:
    now = perf_counter()
    while True:
        run()
        end = perf_counter()
        latencies.append(end - now)
        if end >= deadline:
            return
        now = end


async def _repeat_async(run: Callable[[], Any], deadline: float, latencies: list[float]) -> None:
    now = perf_counter()
    while True:
        await run()
        end = perf_counter()
        latencies.append(end - now)
        if end >= deadline:
            return
        now = end
