"""Running a connect operation with anyio; see `howdah.io.connect_sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from howdah.io.connect_sync import Await, Call, Pause, remaining_time

if TYPE_CHECKING:
    from howdah.io.connect_sync import ConnectOperation, Request

__all__ = ["run_anyio"]

T = TypeVar("T")


async def run_anyio(operation: ConnectOperation[T]) -> T:
    """Run a connect operation on the running event loop.

    Raises:
        TimeoutError: a deadline passed, and the operation does not handle that.
    """
    try:
        request = next(operation)
        while True:
            try:
                answer = await _serve(request)
            except BaseException as error:  # the operation closes its socket, also on cancellation
                request = operation.throw(error)
            else:
                request = operation.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result


async def _serve(request: Request) -> Any:
    if isinstance(request, Pause):
        return await anyio.sleep(request.seconds)
    with anyio.fail_after(remaining_time(request.deadline)):
        if isinstance(request, Await):
            return await request.awaitable
        if isinstance(request, Call):
            # After a timeout or a cancellation the call continues, and its result is ignored.
            function = request.function
            # trio refuses functions that return a coroutine, so it is in a tuple.
            results = await anyio.to_thread.run_sync(lambda: (function(),), abandon_on_cancel=True)
            return results[0]
        wait = anyio.wait_writable if request.writing else anyio.wait_readable
        return await wait(request.sock.fileno())
