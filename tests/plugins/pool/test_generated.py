"""The sync tests are generated from the async ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "source", sorted(Path(__file__).parent.glob("*_async.py")), ids=lambda path: path.stem
)
def test_the_sync_tests_are_up_to_date(source: Path) -> None:
    tool = ROOT / ".ci" / "async_to_sync.py"
    run = subprocess.run([sys.executable, str(tool), "--check", str(source)], capture_output=True, text=True)
    assert run.returncode == 0, f"run python .ci/async_to_sync.py {source}: {run.stdout}{run.stderr}"
