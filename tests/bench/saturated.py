"""A fully loaded machine: many client processes, or other programs beside one.

`python -m tests.bench.saturated MODE DRIVER ADDRESS PROGRAM` is one of the client processes. It connects,
does what its standard input says, line by line, and writes what came out of it, as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench import best
from tests.bench.contender import comparable
from tests.bench.sampling import Clients, Sample, in_tasks, serially
from tests.bench.secure import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.programs import Saturated
    from tests.bench.workloads import Mode
    from tests.servers import Server

#: What is said to a process that is to do its work once.
ONCE = "once"


class Client:
    """A client process.

    Args:
        module: The module that is executed; it calls `obey`.
        arguments: Its arguments.
    """

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def ask(self, what: str) -> None:
        """Let it begin with something."""
        assert self._process.stdin is not None
        print(what, file=self._process.stdin, flush=True)

    def answer(self) -> Any:
        """Return what came out of it."""
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise RuntimeError("a client process has ended; what it says is above")
        return json.loads(line)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def in_processes(name: str, program: Saturated, mode: Mode, server: Server) -> Clients:
    """Return clients of which each has a process."""
    address = Address(server.dsn, server.host, server.port, server.user, server.dbname)
    arguments = [mode, name, json.dumps(asdict(address)), program.name]
    return together(name, [Client("tests.bench.saturated", arguments) for _ in range(program.connections)])


def together(name: str, clients: Sequence[Client]) -> Clients:
    """Return client processes that work at the same time. The processor's time is that of all of them."""

    def once() -> Any:
        for client in clients:
            client.ask(ONCE)
        answers = [client.answer() for client in clients]
        return answers[0]

    def work(seconds: float) -> Sample:
        for client in clients:
            client.ask(str(seconds))
        samples = [Sample(**client.answer()) for client in clients]
        return Sample(
            max(sample.seconds for sample in samples),
            sum(sample.cpu for sample in samples),
            [latency for sample in samples for latency in sample.latencies],
        )

    def close() -> None:
        for client in clients:
            client.close()

    return Clients(name, once, work, close)


@contextmanager
def neighbours() -> Iterator[None]:
    """Let other programs compute: one for each core but one."""
    programs = [
        subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])
        for _ in range(max(1, (os.cpu_count() or 1) - 1))
    ]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def _connected(mode: Mode, name: str, address: Address, program: Saturated) -> Clients:
    """Return the one client of this process."""
    from tests.bench.measuring import Loop

    if mode == "sync":
        ready = {driver.name: driver for driver in best.BLOCKING}[name].contender(program.workload, address)
        assert ready is not None
        return serially(ready)
    loop = Loop(mode)
    ready = loop.finish(
        {driver.name: driver for driver in best.ASYNC}[name].contender(program.workload, address)
    )
    return in_tasks([ready], loop)


def main() -> None:
    """Do what the standard input says."""
    from tests.bench.programs import PROGRAMS

    mode, name, address, called = sys.argv[1:]
    program: Any = next(program for program in PROGRAMS if program.name == called)
    obey(_connected(mode, name, Address(**json.loads(address)), program))  # type: ignore[arg-type]


def obey(client: Clients) -> None:
    """Do what the standard input says."""
    for line in sys.stdin:
        if line.strip() == ONCE:
            print(json.dumps(repr(comparable(client.once()))), flush=True)
        else:
            print(json.dumps(asdict(client.work(float(line)))), flush=True)
    client.close()


if __name__ == "__main__":
    main()
