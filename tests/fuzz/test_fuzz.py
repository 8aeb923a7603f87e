"""A short run of the fuzzer, always with the same cases, so that old findings do not return."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once  # it runs both implementations itself

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)


@pytest.mark.parametrize("seed", [1, 2])
def test_no_finding(seed: int) -> None:
    pytest.importorskip("howdah.native.wire", reason="there is nothing to compare with")
    done = run("--rounds=1500", f"--seed={seed}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"seed {seed}\n1500 cases, 0 findings" in done.stdout


def test_python_alone() -> None:
    done = run("--rounds=500", "--seed=3", "--impl=python")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_finding_is_told(tmp_path: Path) -> None:
    # A corpus whose conversation ended otherwise than its bytes make it end.
    import pickle

    from howdah.protocol.startup import ServerInfo
    from tests.fuzz.recording import Corpus, Recording

    recording = Recording("queries", ServerInfo(), [], "no such outcome")
    corpus = tmp_path / "corpus"
    corpus.write_bytes(pickle.dumps(Corpus([recording], [b""], [(23, 0, b"1")])))
    done = run("--rounds=100", "--seed=1", "--impl=python", f"--corpus={corpus}")
    assert done.returncode == 1
    assert "FINDING in case " in done.stdout and "--seed 1 --first " in done.stdout
