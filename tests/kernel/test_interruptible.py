"""Events without a lock that an interruption could leave behind."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from howdah.io.interruptible import InterruptibleEvent
from tests.tasks import PATIENCE


@pytest.mark.parametrize("timeout", [0.0, 1e-9, 1e-6, 0.01])
def test_a_short_wait_ends(timeout: float) -> None:
    """That of a queue may last for ever: in a process of its own, which can be ended."""
    script = f"""
from howdah.io.interruptible import InterruptibleEvent
from howdah_pool.events import ClientEvent, WorkerEvent
for _ in range({int(min(20_000, 1 / (timeout + 1e-9)))}):
    assert not InterruptibleEvent().wait({timeout})
    ClientEvent().wait({timeout})
    WorkerEvent(1).wait({timeout})
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=3 * PATIENCE)


def test_an_event() -> None:
    event = InterruptibleEvent()
    event.set()
    event.set()
    assert event.is_set() and event.wait() and event.wait(0.0)
    event.clear()
    assert not event.is_set() and not event.wait(0.01)
    threading.Timer(0.1, event.set).start()
    assert event.wait(PATIENCE)
