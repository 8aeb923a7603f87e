"""Every program is done once by each driver that is installed, and all of them come to the same results."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.bench import clients, outcome, programs, sampling, showing
from tests.bench.delay import network
from tests.bench.measuring import agree
from tests.bench.outcome import Outcome
from tests.bench.places import Places
from tests.bench.programs import DjangoOrm, Orm, Program, Rows, Working

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bench.workloads import Mode

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
DRIVERS = [name for name in ("howdah", "psycopg", "psycopg2", "asyncpg") if find_spec(name)]
CASES = [
    pytest.param(program, mode, id=f"{program.name}-{mode}")
    for program in programs.chosen(None)
    for mode in program.modes
]


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with ExitStack() as stack:
        yield Places(stack)


def short(program: Program) -> Program:
    """Return a program with less to do."""
    if isinstance(program, (Orm, DjangoOrm)):
        return replace(program, objects=20)
    if isinstance(program, Rows):
        return replace(program, query=replace(program.query, sql=f"{program.query.sql} LIMIT 100"))
    if isinstance(program, Working) and program.connections > 1:
        return replace(program, connections=2)
    return program


@pytest.mark.parametrize(("program", "mode"), CASES)
def test_every_driver_comes_to_the_same(
    program: Program, mode: Mode, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := clients.lacking(program):
        pytest.skip(reason)
    if mode == "uvloop" and not find_spec("uvloop"):
        pytest.skip("uvloop is not installed")
    monkeypatch.setattr(sampling, "WARM_UP", 1)
    program = short(program)
    with clients.ready(program, mode, places, DRIVERS) as ready:
        assert "howdah" in {each.name for each in ready}
        answers = {each.name: clients.answer(program, each, places) for each in ready if each.looks}
        agree(program.name, answers)
        for each in ready:
            clients.reset(program, places)
            assert all(value > 0 for name, value in each.work(0).figures().items() if name != "cpu")


def test_the_figures() -> None:
    sample = sampling.Sample(2.0, 0.5, [i / 1000 for i in range(200, 0, -1)])
    assert sample.figures() == {"rate": 100, "p50": 0.1, "p99": 0.198, "cpu": 0.0025}
    assert set(sampling.Sample(1, 1, [1.0, 2.0]).figures()) == {"rate", "p50", "cpu"}
    assert sampling.percentile([1.0], 99) == sampling.percentile([1.0], 50) == 1.0


def measured(times: dict[str, float]) -> list[Outcome]:
    """Return outcomes of the first seven programs: drivers that take so many times as long as 1 s."""
    figures = {
        name: {"rate": 1 / seconds, "p50": seconds, "p99": seconds, "cpu": seconds}
        for name, seconds in times.items()
    }
    rounds = {name: [found] for name, found in figures.items()}
    return [Outcome(program, "uvloop", rounds) for program in programs.PROGRAMS[:7]]


def test_means_and_what_is_lost() -> None:
    outcomes = measured({"howdah": 1, "asyncpg": 2, "psycopg": 0.5})
    means = {mean.peer: mean for mean in outcome.means(outcomes)}
    assert {peer: mean.count for peer, mean in means.items()} == {"asyncpg": 7, "psycopg": 7}
    assert means["asyncpg"].times == pytest.approx({"rate": 2, "p50": 2, "p99": 2, "cpu": 2})
    assert means["psycopg"].times == pytest.approx({"rate": 0.5, "p50": 0.5, "p99": 0.5, "cpu": 0.5})
    lost = list(outcome.lost(outcomes, 0.05))
    assert {each.peer for each in lost} == {"psycopg"} and len(lost) == 7
    assert "| *geometric mean, asyncpg = 1* | 2.00 | 1.00 | 4.00 |" in list(showing.summary(outcomes))
    page = list(showing.page(outcomes))
    assert "In 7 of 7 measurements (a program in one mode), a peer is better by" in page


def test_several_runs() -> None:
    runs = [measured({"howdah": seconds, "asyncpg": 6}) for seconds in (1, 2, 3)]
    written = [json.loads(json.dumps(outcome.as_json(run))) for run in runs]
    merged = outcome.merge([outcome.from_json(run) for run in written])
    assert [each.program.name for each in merged] == [program.name for program in programs.PROGRAMS[:7]]
    assert {each.times("asyncpg", "p50") for each in merged} == {3.0}


def test_the_command_and_the_page(tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = run("tests.bench", "--list")
    assert "  10-best-select" in listed and "network: TLS and latency" in listed
    limits = ("--rounds=2", "--seconds=0.001", "--driver=howdah", f"--output={tmp_path}")
    shown = run("tests.bench", "--only=dicts-one", "--only=loaders", *limits)
    assert "one row by its key" in shown and "a class that delegates to it" in shown
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["measurements"] == []
    assert {(each["program"], each["mode"]) for each in written["programs"]} == {
        *(("dicts-one", mode) for mode in ("sync", "uvloop")),
        *((f"loader-{how}", "sync") for how in ("own", "inherits", "delegates")),
    }

    page = tmp_path / "performance.md"
    page.write_text(
        "a\n% summary: begin\nolder\n% summary: end\n"
        "% programs: begin\nold\n% programs: end\nb\n% bench: begin\nkept\n% bench: end\n"
    )
    run("tests.bench.docs", str(tmp_path / "bench.json"), f"--docs={tmp_path}")
    filled = page.read_text()
    assert filled.startswith("a\n% summary: begin\n") and "\nkept\n" in filled
    assert "% programs: begin\n\nOne run; " in filled
    assert "old" not in filled and "### Loaders written in Python" in filled


def test_the_network_delays_and_changes_nothing() -> None:
    class Echo:
        tcp_host = "127.0.0.1"

    with socket.create_server(("127.0.0.1", 0)) as listener:
        Echo.port = listener.getsockname()[1]  # type: ignore[attr-defined]
        with network(Echo, 0.02) as port:  # type: ignore[arg-type]
            near = socket.create_connection(("127.0.0.1", port))
            far, _ = listener.accept()
            with near, far:
                start = perf_counter()
                near.sendall(b"a question")
                assert far.recv(100) == b"a question"
                far.sendall(b"an answer")
                assert near.recv(100) == b"an answer"
                assert perf_counter() - start >= 0.04
                data = bytes(range(256)) * 400
                near.sendall(data)
                near.shutdown(socket.SHUT_WR)
                with far.makefile("rb") as file:
                    assert file.read() == data
