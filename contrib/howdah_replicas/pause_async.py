"""Pauses of a task or a thread."""

from __future__ import annotations

from time import sleep

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import running_event_loop

__all__ = ["pause"]


async def pause(seconds: float) -> None:
    """Do nothing for some seconds; a task lets others run.

    Args:
        seconds: how many, possibly none.
    """
    if seconds <= 0:
        return
    if ASYNC:
        await running_event_loop().event().wait(seconds)
    else:
        sleep(seconds)
