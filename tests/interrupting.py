"""Exceptions where a signal handler may raise them: wherever the interpreter handles signals in a package."""

from __future__ import annotations

import inspect
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any

import pytest

from tests.tasks import PATIENCE

__all__ = ["Interrupted", "InterruptingLock", "conditions_entered", "interrupt", "late_signal"]

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


def conditions_entered(work: Callable[[], object]) -> list[str]:
    """Do something, and return who enters a `threading.Condition` meanwhile, apart from starting threads.

    An interruption as it is entered leaves its lock locked.
    """
    entered: list[str] = []
    enter = threading.Condition.__enter__.__code__

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code is enter:
            callers, back = [], frame.f_back
            while back is not None:
                callers.append(back.f_code)
                back = back.f_back
            if threading.Thread.start.__code__ not in callers:
                entered.append(
                    next(code.co_filename for code in callers if code.co_filename != enter.co_filename)
                )

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return entered


class InterruptingLock:
    """A lock that an interruption follows as soon as it has been given back."""

    def __enter__(self) -> None: ...

    def __exit__(self, *exc_info: object) -> None:
        raise Interrupted


@contextmanager
def late_signal() -> Iterator[None]:
    """Expect that a signal handler interrupts a wait, although the signal interrupts no call of this thread.

    Another thread gets the signal. One that comes just before a call of this thread has the same effect.
    """
    interrupted = threading.Event()
    in_time: list[bool] = []

    def interrupt(*args: object) -> None:
        interrupted.set()
        raise Interrupted

    def get_signal() -> None:
        time.sleep(0.1)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        in_time.append(interrupted.wait(PATIENCE))

    before = signal.signal(signal.SIGUSR1, interrupt)
    thread = threading.Thread(target=get_signal)
    thread.start()
    try:
        with pytest.raises(Interrupted):
            yield
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert in_time == [True], "the signal has not interrupted the wait"
