"""The benchmark runs and writes its results: with howdah only, because its peers may be missing."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import asdict
from pathlib import Path
from statistics import median

import pytest

from tests.bench.secure import Address, missing
from tests.servers import Server

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)


def test_howdah_alone(tmp_path: Path) -> None:
    copies = ("copy-in", "copy-text", "copy-out", "copy-rows")
    alone = ("import", "import-connection")
    names = ("one-row", "mixed-once", "arrays", "executemany", "pipeline", *copies, "scan", "connect", *alone)
    chosen = [f"--only={name}" for name in (*names, "pool", "shared")]
    limits = ["--rounds=2", "--seconds=0.001", "--driver=howdah", "--mode=sync", "--mode=asyncio"]
    done = run("tests.bench", *chosen, *limits, f"--output={tmp_path}")
    assert done.returncode == 0, done.stderr
    assert "one row by its key" in done.stdout

    written = json.loads((tmp_path / "bench.json").read_text())
    measured = {(m["workload"], m["mode"]): m for m in written["measurements"]}
    modes = ("sync", "asyncio")
    assert set(measured) == {
        *((name, mode) for name in names for mode in modes),
        ("pool", "asyncio"),
        ("shared", "asyncio"),
    }
    assert set(measured["one-row", "sync"]["medians"]) == {"howdah", "floor"}
    assert set(measured["connect", "asyncio"]["medians"]) == {"howdah"}
    assert all(len(m["rounds"]["howdah"]) == 2 and m["medians"]["howdah"] > 0 for m in measured.values())

    svg = ET.parse(tmp_path / "bench.svg")
    assert "one row by its key" in {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}


def test_threads_tls_and_the_page(tmp_path: Path) -> None:
    names = ["threads", "one-row"]
    if missing() is None:
        names.append("tls")
    limits = ["--rounds=2", "--seconds=0.001", "--driver=howdah", "--driver=1 thread", "--mode=sync"]
    files = []
    for number in range(3):
        output = tmp_path / str(number)
        chosen = [f"--only={name}" for name in names]
        done = run("tests.bench", *chosen, *limits, f"--output={output}")
        assert done.returncode == 0, done.stderr
        files.append(output / "bench.json")

    (tmp_path / "_static").mkdir()
    page = tmp_path / "performance.md"
    page.write_text("before\n% bench: begin\nold\n% bench: end\nafter\n")
    done = run("tests.bench.docs", *map(str, files), f"--docs={tmp_path}")
    assert done.returncode == 0, done.stderr
    filled = page.read_text()
    assert filled.startswith("before\n% bench: begin\n") and filled.endswith("% bench: end\nafter\n")
    assert "old" not in filled and "Three runs" in filled and "| 4 threads, 4 connections |" in filled
    ET.parse(tmp_path / "_static" / "performance.svg")

    ratios = [
        next(m["ratio"] for m in json.loads(file.read_text())["measurements"] if m["ratio"]) for file in files
    ]
    assert f"| {median(ratios):.2f} | 1 |" in filled


def test_memory(server: Server) -> None:
    address = Address(server.dsn, server.host, server.port)
    sql = "SELECT repeat('x', 1000) || i FROM generate_series(1, 2000) i"
    for mode, name in (("sync", "howdah"), ("asyncio", "howdah"), ("sync", "floor")):
        done = run("tests.bench.memory", mode, name, json.dumps(asdict(address)), sql, "10")
        assert done.returncode == 0, done.stderr
        assert 15 < float(done.stdout) < 60  # some of it takes the place of what was there before
