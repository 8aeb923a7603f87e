# Generated from contrib/howdah_replicas/pause_async.py by .ci/async_to_sync.py; do not edit.
"""Pauses of a task or a thread."""

from __future__ import annotations

from time import sleep

__all__ = ["pause"]


def pause(seconds: float) -> None:
    """Do nothing for some seconds; a task lets others run.

    Args:
        seconds: how many, possibly none.
    """
    if seconds <= 0:
        return
    sleep(seconds)
