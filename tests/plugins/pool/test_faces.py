"""The sync tests are generated from the async ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_sync_tests_are_up_to_date() -> None:
    source = Path(__file__).with_name("test_pool_async.py")
    tool = ROOT / ".ci" / "generate_faces.py"
    run = subprocess.run([sys.executable, str(tool), "--check", str(source)], capture_output=True, text=True)
    assert run.returncode == 0, f"run python .ci/generate_faces.py {source}: {run.stdout}{run.stderr}"
