"""The program that measures what connections, queries and rows cost fills in a page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PARTS = ("connections", "queries", "rows", "example")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the figures come from Linux's /proc")
def test_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("".join(f"{part}\n% {part}: begin\n% {part}: end\n" for part in PARTS))
    command = [sys.executable, "-m", "tests.bench.scale", "--seconds", "0.001", "--page", str(page)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    text = page.read_text(encoding="utf-8")
    for part, expected in zip(
        PARTS, ("| memory, new |", "| blocking, prepared |", "| as Arrow |", "8,000 queries")
    ):
        assert expected in text.partition(f"% {part}: begin\n")[2].partition(f"% {part}: end\n")[0]
    documented = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert all(f"% {part}: begin\n" in documented for part in PARTS)
