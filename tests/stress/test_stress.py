"""A short run of the stress test, always with the same seed; and tests of its parts."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import howdah
from tests.stress.__main__ import SIDES, findings, play
from tests.stress.ledger import Ledger, judge

ROOT = Path(__file__).parents[2]
SECONDS = 10.0


@pytest.mark.parametrize("side", SIDES)
def test_stress(side: str) -> None:
    pytest.importorskip("uvloop" if side == "uvloop" else "asyncio")
    report, verdict = play(side, howdah.__impl__, "1", SECONDS)
    assert verdict.acknowledged > 0
    assert not {kind: found[:3] for kind, found in findings(report, verdict).items() if found}


def test_the_sync_workloads_are_up_to_date() -> None:
    source = Path(__file__).with_name("workloads_async.py")
    tool = ROOT / ".ci" / "async_to_sync.py"
    run = subprocess.run([sys.executable, str(tool), "--check", str(source)], capture_output=True, text=True)
    assert run.returncode == 0, f"run python .ci/async_to_sync.py {source}: {run.stdout}{run.stderr}"


def test_what_is_lost_duplicated_or_unwanted_is_noticed() -> None:
    ledger = Ledger()
    for state in ("absent", "unknown", "present") * 2:
        unit = ledger.unit(state, 2)
        if state != "absent":
            unit.committing()
        if state == "present":
            unit.committed()
            unit.committing()  # too late to be unknown
    # Of the first three units some rows, of the others none, and one that nobody wrote.
    verdict = judge(ledger.units, Counter({1: 1, 3: 1, 4: 1, 5: 2, 6: 1, 13: 1}))
    assert (verdict.acknowledged, verdict.unknown) == (4, 4)
    assert verdict.unwanted == ["absent 1", "nobody's 13"]
    assert verdict.duplicated == ["present 5"]
    assert verdict.lost == ["present 11", "present 11"]
    assert judge(ledger.units[1:2], Counter({3: 1})).lost == ["unknown 3 (a part of it)"]
