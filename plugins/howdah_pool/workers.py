# Generated from plugins/howdah_pool/workers_async.py by .ci/async_to_sync.py; do not edit.
"""The workers of a pool: tasks for an asynchronous pool, threads for a blocking one."""

from __future__ import annotations

import logging
import threading
import weakref
from time import monotonic
from typing import TYPE_CHECKING, Any

from howdah_pool.events import WorkerEvent

if TYPE_CHECKING:
    from howdah_pool.maintenance import MaintainedPool


__all__ = ["Workers"]

logger = logging.getLogger("howdah.pool")


class Workers:
    """The workers of a pool, which do its jobs until it is closed or deleted.

    The pool calls `start` and `retire` with its lock held.

    Attributes:
        loop: the event loop on which the workers run, or will run.
    """

    def __init__(self) -> None:
        self._working: list[threading.Thread] = []
        self._retired: list[threading.Thread] = []

    def __bool__(self) -> bool:
        return bool(self._working)

    def start(self, pool: MaintainedPool[Any], number: int) -> None:
        """Start the workers.

        Args:
            pool: the pool whose jobs they do.
            number: how many to start.
        """
        event = WorkerEvent(number)
        pool.state.notify = event.notify
        # They have a weak reference to the pool, so that a pool which is not closed can be deleted.
        reference = weakref.ref(pool)
        for index in range(1, number + 1):
            name = f"{pool.options.name}-worker-{index}"
            worker = threading.Thread(target=_work, args=(reference, event), name=name, daemon=True)
            try:
                self._working.append(worker)  # first: it may be interrupted as it starts
                worker.start()
            except BaseException as error:
                if worker in self._working and not worker.is_alive():
                    self._working.remove(worker)
                if not self._working or not isinstance(error, RuntimeError):
                    raise
                # There are too many threads.
                logger.warning("%r has %d workers: %s", pool.options.name, len(self._working), error)
                return

    def retire(self) -> None:
        """Give up the workers: tasks are cancelled, threads end when the pool is closed."""
        self._retired, self._working = self._working, []

    def join(self, timeout: float, pool: str | None) -> None:
        """Wait until the retired workers have ended.

        Args:
            timeout: how long to wait, in seconds.
            pool: the name of the pool.
        """
        deadline = monotonic() + timeout
        retired, self._retired = self._retired, []
        for worker in retired:
            if worker is not threading.current_thread() and worker.is_alive():
                worker.join(max(0.0, deadline - monotonic()))
        if unfinished := sum(worker.is_alive() for worker in retired):
            logger.warning("%d workers of %r take long to end", unfinished, pool)


def _work(reference: weakref.ref[MaintainedPool[Any]], event: WorkerEvent) -> None:
    """Work for a pool until it is closed or deleted."""
    while (pool := reference()) is not None and not pool.state.closed:
        delay = pool.run_due_jobs()
        del pool
        event.wait(delay)
