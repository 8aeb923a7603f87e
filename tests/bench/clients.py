"""Getting the drivers ready for a program, and letting them take turns at it."""

from __future__ import annotations

import gc
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tests.bench import best, floor, many_floor, objects, orm, orm_django, usual, values
from tests.bench.contender import Contender, comparable
from tests.bench.measuring import Loop, agree, execute
from tests.bench.outcome import Outcome
from tests.bench.programs import (
    Binding,
    Concurrent,
    DjangoOrm,
    Loading,
    Orm,
    Program,
    Rows,
    Saturated,
    Working,
)
from tests.bench.sampling import Clients, in_tasks, in_threads, serially
from tests.bench.saturated import in_processes, neighbours
from tests.bench.secure import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.bench.places import Places
    from tests.bench.workloads import Mode


def lacking(program: Program) -> str | None:
    """Return what a program cannot be measured without, None if nothing is missing."""
    if isinstance(program, Orm) and find_spec("sqlalchemy") is None:
        return "sqlalchemy is not installed"
    if isinstance(program, DjangoOrm) and find_spec("django") is None:
        return "django is not installed"
    return missing() if program.way.endswith("tls") else None


def measure(
    program: Program,
    mode: Mode,
    places: Places,
    *,
    drivers: Sequence[str],
    rounds: int,
    seconds: float,
) -> Outcome:
    """Measure every driver at one program.

    Args:
        program: The program.
        mode: The mode.
        places: The servers.
        drivers: The names of the drivers.
        rounds: How many rounds.
        seconds: How long the turn of a driver lasts, about, at a program with turns of the usual length.

    Raises:
        RuntimeError: Two drivers have different results.
    """
    with ready(program, mode, places, drivers) as clients:
        agree(program.name, {each.name: answer(program, each, places) for each in clients if each.looks})
        measured: dict[str, list[dict[str, float]]] = {each.name: [] for each in clients}
        for i in range(rounds):
            first = i % max(1, len(clients))
            for each in clients[first:] + clients[:first]:
                reset(program, places)
                gc.collect()
                gc.freeze()
                sample = each.work(seconds * program.turn)
                gc.unfreeze()
                measured[each.name].append(sample.figures())
    return Outcome(program, mode, measured)


@contextmanager
def ready(program: Program, mode: Mode, places: Places, drivers: Sequence[str]) -> Iterator[list[Clients]]:
    """Get the drivers ready for a program, those that do it; the connections are closed with the block."""
    with ExitStack() as stack:
        loop = Loop(mode)
        stack.callback(loop.close)
        if isinstance(program, Saturated) and program.neighbour:
            stack.enter_context(neighbours())
        clients = []
        for driver in _drivers(program, mode):
            if driver.name not in (*drivers, floor.NAME, floor.ROWS):
                continue
            reset(program, places)
            if each := _clients(driver, program, mode, places, loop):
                stack.callback(each.close)
                clients.append(each)
        yield clients


def answer(program: Program, clients: Clients, places: Places) -> Any:
    """Let one client do its work once; return what it has fetched or stored, as `comparable` has it."""
    reset(program, places)
    result = clients.once()
    server = places.server(program.way)
    if isinstance(program, Binding):
        text = result.decode() if isinstance(result, bytes) else result
        return comparable(execute(server, program.check.format(text)))
    if program.check:
        return comparable(execute(server, program.check))
    if isinstance(program, Orm):
        result = orm.as_dictionaries(result)
    elif isinstance(program, Rows) or (isinstance(program, Concurrent) and program.usual):
        result = objects.as_dictionaries(result)
    return comparable(result)


def reset(program: Program, places: Places) -> None:
    """Let the server forget what has been stored."""
    if program.reset:
        execute(places.server(program.way), program.reset)


def _drivers(program: Program, mode: Mode) -> Sequence[Any]:
    """Return the drivers of a mode, in the way that a program has them."""
    if not isinstance(program, Concurrent):
        floors = [floor.UNDRIVEN] if isinstance(program, (Loading, Orm)) else []
        return [*best.BLOCKING, *floors] if mode == "sync" else best.ASYNC
    if program.usual:
        return usual.BLOCKING if mode == "sync" else usual.ASYNC
    if mode == "sync":
        return [*best.BLOCKING, *many_floor.BLOCKING]
    return [*best.ASYNC, *many_floor.ASYNC]


def _clients(driver: Any, program: Program, mode: Mode, places: Places, loop: Loop) -> Clients | None:
    """Connect with a driver, as often as a program wants; None if the driver does not do it."""
    if isinstance(program, Saturated) and not program.neighbour:
        return in_processes(driver.name, program, mode, places.server())
    if isinstance(program, DjangoOrm):
        return orm_django.in_process(driver.name, program, places.server())
    count = program.connections if isinstance(program, Working) else 1
    contenders: list[Contender] = []
    for _ in range(count):
        contender = loop.finish(_prepare(driver, program, mode, places))
        if contender is None:
            return None
        contenders.append(contender)
    if mode != "sync":
        return in_tasks(contenders, loop)
    return serially(contenders[0]) if count == 1 else in_threads(contenders)


def _prepare(driver: Any, program: Program, mode: Mode, places: Places) -> Any:
    """Return what gets one connection ready: a contender, or a coroutine in an async mode."""
    address: Any = places.address(program.way)
    if isinstance(program, Working):
        return driver.contender(program.workload, address)
    if isinstance(program, Rows) and mode != "sync":
        return objects.contender_async(driver, program, address)
    if driver is floor.UNDRIVEN:
        return (orm if isinstance(program, Orm) else values).undriven(program, address)
    kinds: dict[type[Program], Callable[[Any, Any, Any], Contender | None]] = {
        Rows: objects.contender,
        Binding: values.binding,
        Loading: values.loading,
        Orm: orm.contender,
    }
    return kinds[type(program)](driver, program, address)
