"""Running a connect operation on an event loop.

The blocking twin is in `howdah.io.connect_sync`, so that blocking programs need not import asyncio.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.io.connect_sync import Await, Call, Pause, remaining_time
from howdah.io.loops import UnsupportedLoop
from howdah.io.task_waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from howdah.io.connect_sync import ConnectOperation, Request

__all__ = ["answering", "run_async"]

T = TypeVar("T")


async def run_async(operation: ConnectOperation[T]) -> T:
    """Run a connect operation on the running event loop.

    Raises:
        TimeoutError: a deadline passed, and the operation does not handle that.
        howdah.InterfaceError: the event loop cannot watch sockets.
    """
    loop = asyncio.get_running_loop()
    try:
        request = next(operation)
        while True:
            try:
                answer = await _serve_async(loop, request)
            except UnsupportedLoop:  # no other address can be tried
                operation.close()
                raise
            except BaseException as error:  # the operation closes its socket, also on cancellation
                request = operation.throw(error)
            else:
                request = operation.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _serve_async(loop: asyncio.AbstractEventLoop, request: Request) -> Any:
    if isinstance(request, Pause):
        return await asyncio.sleep(request.seconds)
    remaining = remaining_time(request.deadline)
    if isinstance(request, Await):
        try:
            return await asyncio.wait_for(request.awaitable, remaining)
        except asyncio.TimeoutError:  # another class than TimeoutError before Python 3.11
            raise TimeoutError from None
    if isinstance(request, Call):
        # uvloop, and asyncio's debug mode, refuse coroutine functions, which only return a coroutine here.
        called = loop.run_in_executor(None, answering, request.function)
        # The call continues after a timeout or a cancellation of the task; its result is ignored then.
        called.add_done_callback(lambda future: future.cancelled() or future.exception())
        done, _ = await asyncio.wait([called], timeout=remaining)
        if not done:
            raise TimeoutError
        return called.result()
    waiter = Waiter(loop)  # resumes the task without another iteration of the loop
    expired = False

    def expire() -> None:
        nonlocal expired
        expired = True
        waiter.wake()

    descriptor = request.sock.fileno()
    try:
        (loop.add_writer if request.writing else loop.add_reader)(descriptor, waiter.wake)
    except NotImplementedError:
        raise UnsupportedLoop(loop) from None
    timer = None if remaining is None else loop.call_later(remaining, expire)
    try:
        await waiter
    finally:
        (loop.remove_writer if request.writing else loop.remove_reader)(descriptor)
        if timer is not None:
            timer.cancel()
    if expired:
        raise TimeoutError
    return None


def answering(function: Callable[[], T]) -> T:
    """Call a function in a worker thread, whose answer is for a future.

    Args:
        function: the function.

    Raises:
        RuntimeError: the function raised StopIteration. A future takes none, and would wait for ever.
    """
    try:
        return function()
    except StopIteration as error:
        raise RuntimeError("the function raised StopIteration") from error
