"""Measuring: the drivers take turns, and the result is the median of the rounds.

What disturbs a machine disturbs every driver alike, as each round lets all of them run, a tenth of a second
or so each, and each round lets another one begin. The garbage collector stays on, as it is in the programs of
users: what a driver leaves to it is a part of what the driver costs. But every batch starts with nothing to
collect.
"""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from itertools import repeat
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.bench import aio, blocking, floor
from tests.bench.contender import Contender, comparable
from tests.bench.workloads import Import, Memory, Storing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.bench.workloads import Mode, Workload
    from tests.servers import Server


Clock: TypeAlias = "Callable[[], float]"

#: What is done in processes of their own, which tell their figures.
ALONE = (Import, Memory)


@dataclass
class Measurement:
    """What a workload took in one mode.

    Args:
        workload: The workload.
        mode: The mode.
        rounds: By driver, the seconds that doing the workload once took, or how many of the workload's unit,
            one for each round.
    """

    workload: Workload
    mode: Mode
    rounds: dict[str, list[float]]

    def seconds(self, name: str) -> float | None:
        """The median of a driver's rounds; None if it was not measured."""
        return median(self.rounds[name]) if name in self.rounds else None

    def ratio(self, peer: str) -> float | None:
        """How many times as fast as a peer howdah is."""
        howdah, other = self.seconds("howdah"), self.seconds(peer)
        return other / howdah if howdah and other else None

    @property
    def further(self) -> list[tuple[str, float, float]]:
        """The further goals: the peer, how many times as fast howdah is, and is to be."""
        goals = self.workload.further.get(self.mode, {})
        ratios = [(peer, self.ratio(peer), goal) for peer, goal in goals.items()]
        return [(peer, ratio, goal) for peer, ratio, goal in ratios if ratio is not None]

    @property
    def goal(self) -> float | None:
        """What `against_peers` is to be at least, if anything."""
        return self.workload.goals[self.mode]

    @property
    def against_peers(self) -> float | None:
        """How many times as fast as the fastest of the peers that count howdah is."""
        ratios = map(self.ratio, self.workload.peers_in(self.mode))
        return min(filter(None, ratios), default=None)

    @property
    def met(self) -> bool | None:
        """Whether the goals are met; None if there is none, or nothing to compare with."""
        if self.goal is None or self.against_peers is None:
            return None
        return self.against_peers >= self.goal and all(ratio >= goal for _, ratio, goal in self.further)


@dataclass
class Merged(Measurement):
    """What several runs have measured: the medians of the runs.

    Args:
        runs: The measurements of one workload in one mode.
    """

    runs: list[Measurement]

    @classmethod
    def of(cls, runs: Sequence[Measurement]) -> Merged:
        """Merge measurements of one workload in one mode."""
        names = dict.fromkeys(name for run in runs for name in run.rounds)
        medians = {name: [run.seconds(name) for run in runs if name in run.rounds] for name in names}
        rounds = {name: [value for value in values if value is not None] for name, values in medians.items()}
        return cls(runs[0].workload, runs[0].mode, rounds, list(runs))

    def ratio(self, peer: str) -> float | None:
        """The median of the runs' ratios."""
        ratios = [ratio for run in self.runs if (ratio := run.ratio(peer)) is not None]
        return median(ratios) if ratios else None

    @property
    def against_peers(self) -> float | None:
        """The median of the runs' ratios to the fastest of the peers that count."""
        ratios = [ratio for run in self.runs if (ratio := run.against_peers) is not None]
        return median(ratios) if ratios else None


class Loop:
    """What runs the contenders of a mode: nothing when they block, and an event loop when they do not."""

    def __init__(self, mode: Mode) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        if mode == "asyncio":
            self._loop = asyncio.new_event_loop()
        elif mode == "uvloop":
            import uvloop

            self._loop = uvloop.new_event_loop()

    def finish(self, started: Any) -> Any:
        """Return what a function has returned, or what its coroutine does."""
        return started if self._loop is None else self._loop.run_until_complete(started)

    def time(self, contender: Contender, times: int) -> float:
        """Let a contender do the workload some times; return the seconds it took by its clock."""
        if self._loop is None:
            return _time(contender.run, times, contender.clock)
        return float(self._loop.run_until_complete(_time_async(contender.run, times, contender.clock)))

    def close(self) -> None:
        """Close the event loop."""
        if self._loop is not None:
            self._loop.close()


def _time(run: Callable[[], Any], times: int, clock: Clock) -> float:
    repetitions = repeat(None, times)
    start = clock()
    for _ in repetitions:
        run()
    return clock() - start


async def _time_async(run: Callable[[], Any], times: int, clock: Clock) -> float:
    repetitions = repeat(None, times)
    start = clock()
    for _ in repetitions:
        await run()
    return clock() - start


def measure(
    workload: Workload,
    mode: Mode,
    server: Server,
    *,
    drivers: Sequence[str],
    rounds: int,
    seconds: float,
) -> Measurement:
    """Measure every driver at one workload.

    Args:
        workload: The workload.
        mode: The mode.
        server: The server.
        drivers: The names of the drivers, and of the floor.
        rounds: How many rounds.
        seconds: How long one driver's batch lasts, about.

    Raises:
        RuntimeError: Two drivers have different results.
    """
    loop = Loop(mode)
    contenders: list[Contender] = []
    try:
        if mode == "sync":
            for driver in blocking.DRIVERS:
                if driver.name in drivers and (ready := driver.contender(workload, server)):
                    contenders.append(ready)
            base = floor.blocking(workload, server)
        else:
            for async_driver in aio.DRIVERS:
                if async_driver.name in drivers:
                    ready = loop.finish(async_driver.contender(workload, server))
                    if ready:
                        contenders.append(ready)
            base = loop.finish(floor.aio(workload, server))
        if not isinstance(workload, ALONE):
            _check(workload, contenders, loop, server)
        if base is not None:
            contenders.append(base)
        return Measurement(workload, mode, _rounds(workload, contenders, loop, server, rounds, seconds))
    finally:
        for contender in contenders:
            loop.finish(contender.close())
        loop.close()


def _check(workload: Workload, contenders: list[Contender], loop: Loop, server: Server) -> None:
    """Let every contender do the workload once, and compare what they have fetched or stored."""
    results = {}
    for contender in contenders:
        _reset(workload, server)
        result = loop.finish(contender.run())
        if isinstance(workload, Storing):
            result = execute(server, workload.check)
        results[contender.name] = comparable(result)
    agree(workload.name, results)


def agree(workload: str, results: Mapping[str, Any]) -> None:
    """Compare what drivers have fetched or stored.

    Args:
        workload: What they did.
        results: What each has come to, as `comparable` returns it.

    Raises:
        RuntimeError: Two of them differ.
    """
    names = list(results)
    for name in names[1:]:
        if results[name] != results[names[0]]:
            raise RuntimeError(
                f"{workload}: {name} has another result than {names[0]}:\n"
                f"{str(results[name])[:500]}\n{str(results[names[0]])[:500]}"
            )


def _rounds(
    workload: Workload,
    contenders: list[Contender],
    loop: Loop,
    server: Server,
    rounds: int,
    seconds: float,
) -> dict[str, list[float]]:
    measured: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    sizes = {contender.name: _batch_size(workload, contender, loop, seconds) for contender in contenders}
    for i in range(1 if isinstance(workload, Memory) else rounds):  # memory is the same every time
        first = i % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            _reset(workload, server)
            gc.collect()
            gc.freeze()
            size = sizes[contender.name]
            if isinstance(workload, ALONE):
                took = contender.run()
            elif contender.baseline is not None:
                took = (loop.time(contender, size) - loop.time(contender.baseline, size)) / size
            else:
                took = loop.time(contender, size) / size
            gc.unfreeze()
            measured[contender.name].append(took)
    return measured


def _batch_size(workload: Workload, contender: Contender, loop: Loop, seconds: float) -> int:
    """Warm a contender up, and find how many times it does the workload in so many seconds."""
    if isinstance(workload, ALONE):
        if isinstance(workload, Import):
            contender.run()  # once, for the files to be in memory
        return 1
    if contender.baseline is not None:
        _batch_size(workload, contender.baseline, loop, seconds)  # warms it up, too
    start = perf_counter()
    for _ in range(8):  # enough for automatic preparation to set in
        loop.time(contender, 1)
        if perf_counter() - start > 1:
            break
    size = 1
    while (took := loop.time(contender, size)) < seconds / 4:
        size *= 2
    return max(1, round(size * seconds / took))


def _reset(workload: Workload, server: Server) -> None:
    if isinstance(workload, Storing):
        execute(server, workload.reset)


def execute(server: Server, sql: str) -> Any:
    """Execute something that is not measured."""
    import howdah

    with howdah.connect(server.dsn, autocommit=True) as conn:
        cur = conn.execute(sql)
        return cur.fetchall() if cur.description else None
