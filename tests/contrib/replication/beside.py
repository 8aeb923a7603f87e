"""A thread that runs beside a test, with the methods of `tests.tasks.Task`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from tests.tasks import PATIENCE

__all__ = ["start"]


def start(function: Callable[..., Any], *args: Any) -> ThreadTask:
    """Call a function in a thread."""
    return ThreadTask(function, *args)


class ThreadTask:
    """A call in a thread, which does not keep the tests from ending.

    Args:
        function: the function.
        args: its arguments.
    """

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self._future: Future[Any] = Future()
        threading.Thread(target=self._run, args=[function, *args], daemon=True).start()

    def _run(self, function: Callable[..., Any], *args: Any) -> None:
        try:
            self._future.set_result(function(*args))
        except BaseException as error:
            self._future.set_exception(error)

    def result(self) -> Any:
        """Wait for its end; return or raise what the function does."""
        return self._future.result(PATIENCE)
