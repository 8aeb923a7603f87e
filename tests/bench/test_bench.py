"""The benchmark runs, and writes down what it measured: howdah alone, as its peers may be missing."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_howdah_alone(tmp_path: Path) -> None:
    copies = ("copy-in", "copy-text", "copy-out", "copy-rows")
    names = ("one-row", "mixed-once", "arrays", "executemany", "pipeline", *copies, "scan", "connect")
    chosen = [f"--only={name}" for name in (*names, "pool", "shared")]
    limits = ["--rounds=2", "--seconds=0.001", "--driver=howdah", "--mode=sync", "--mode=asyncio"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", *chosen, *limits, f"--output={tmp_path}"],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        check=False,
    )
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
    assert set(measured["one-row", "sync"]["seconds"]) == {"howdah", "floor"}
    assert set(measured["connect", "asyncio"]["seconds"]) == {"howdah"}
    assert all(len(m["rounds"]["howdah"]) == 2 and m["seconds"]["howdah"] > 0 for m in measured.values())

    svg = ET.parse(tmp_path / "bench.svg")
    assert "one row by its key" in {text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")}
