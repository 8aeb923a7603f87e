"""Exceptions where a signal handler may raise them: wherever the interpreter handles signals in a package."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import FrameType, ModuleType
from typing import Any

__all__ = ["Interrupted", "interrupt"]

#: The flags of code whose frames can be resumed. Before Python 3.12, an exception that a profile function
#: raises when such a frame is resumed skips its `finally` blocks. That of a signal handler never does.
_CONTINUED = inspect.CO_GENERATOR | inspect.CO_COROUTINE if sys.version_info < (3, 12) else 0


class Interrupted(BaseException):
    """What the handler raises."""


def interrupt(work: Callable[[], object], step: int, package: ModuleType) -> bool:
    """Do something, interrupted at a step, where the interpreter handles signals in a package's functions.

    That is where one begins, and where one in C returns to it.

    Returns:
        Whether it came to that step.
    """
    left = step
    folder = package.__path__[0]

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal left
        if event in ("call", "c_return") and frame.f_code.co_filename.startswith(folder):
            if argument is sys.setprofile or (event == "call" and frame.f_code.co_flags & _CONTINUED):
                return
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise Interrupted

    sys.setprofile(count)
    try:
        work()
    except Interrupted:
        pass
    finally:
        sys.setprofile(None)
    return left <= 0


class InterruptingLock:
    """A lock that an interruption follows as soon as it has been given back."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc_info: object) -> None:
        raise Interrupted
