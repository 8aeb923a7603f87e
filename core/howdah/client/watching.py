# Generated from core/howdah/client/watching_async.py by .ci/async_to_sync.py; do not edit.
"""The kernel of a connection whose observers know of transactions or pipelines, or execute statements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from howdah.io.operation import Operation
from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from howdah.client.kernel import Kernel
    from howdah.client.pipeline_mode import PipelineMode
    from howdah.client.transaction_base import Block
    from howdah.client.transactions_observed import TransactionObservation
    from howdah.hookspecs import QueryObserver
    from howdah.protocol.session import Session

    _Base = Kernel
else:
    _Base = object

__all__ = ["watching"]

T = TypeVar("T")


class _Watching(_Base):
    """What notices the beginning and the end of transactions and pipelines: a base of a kernel's class."""

    transactions: TransactionObservation
    #: What the observers have returned for the pipeline.
    _pipeline_tokens: Sequence[tuple[QueryObserver, Any]] = ()

    def wait(self, operation: Operation[T]) -> T:
        try:
            return super().wait(operation)
        finally:
            self.transactions.review()

    wait_unlimited = wait

    def command(self, command: bytes, ended: Block | None = None) -> Operation[Exchange]:
        if command.startswith(self.begin_statement):
            self.transactions.begin()
        exchange: Exchange = yield from super().command(command, ended)
        return exchange

    def write_begin(self, session: Session) -> Exchange | None:
        begun = super().write_begin(session)
        if begun is not None:
            self.transactions.begin()
        self.write_executions(session)  # here, because `executemany` has no other prologue
        return begun

    def set_pipeline_mode(self, pipeline_mode: PipelineMode | None) -> None:
        if self.pipeline_mode is None and pipeline_mode is not None:
            # If an observer raises, there is no pipeline.
            self._pipeline_tokens = [(each, each.pipeline_started()) for each in self.pipeline_observers]
        super().set_pipeline_mode(pipeline_mode)
        if pipeline_mode is None:
            tokens, self._pipeline_tokens = self._pipeline_tokens, ()
            for observer, token in tokens:
                observer.pipeline_ended(token)

    def note_rollback(self, exchange: Exchange) -> None:
        for result in exchange.results:
            self.transactions.answered(result.tag)
        super().note_rollback(exchange)

    def _forget_uncommitted(self) -> None:
        super()._forget_uncommitted()
        self.transactions.connection_closed()


def watching(cls: type[Kernel]) -> type[Kernel]:
    """Return the class that a kernel of class `cls` has while its transactions or pipelines are observed."""
    made: type[Kernel] | None = vars(cls).get("_watching_class")
    if made is None:
        made = type(cls.__name__, (_Watching, cls), {"__module__": cls.__module__, "__doc__": cls.__doc__})
        cls._watching_class = made
    return made
