"""Which transaction a connection is in, for its observers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from howdah.pq import TransactionStatus

if TYPE_CHECKING:
    from howdah.client.kernel_base import BaseKernel
    from howdah.hookspecs import QueryObserver

__all__ = ["TransactionObservation"]

_OUTCOMES = frozenset({b"COMMIT", b"ROLLBACK", b"PREPARE TRANSACTION"})
_OPEN = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class TransactionObservation:
    """Tells observers when transactions of a connection begin and end.

    It compares the status of the session before and after operations, so it does not matter which of the
    many ways begins a transaction or ends it. Those that one operation begins and ends are not told.

    Args:
        kernel: the kernel of the connection.
        observers: the observers.
    """

    def __init__(self, kernel: BaseKernel, observers: Sequence[QueryObserver]) -> None:
        self._kernel = kernel
        self._observers = observers
        #: What the observers have returned for the transaction that is open, None without one.
        self._tokens: list[tuple[QueryObserver, Any]] | None = None
        self._outcome: bytes | None = None
        #: The number of the open transaction on the session, None until the server has begun it.
        self._number: int | None = None

    def begin(self) -> None:
        """Note that a transaction begins with what is written next, unless one is open."""
        if self._tokens is None:
            self._outcome = self._number = None
            self._tokens = [(observer, observer.transaction_started()) for observer in self._observers]

    def query_begins(self) -> None:
        """Note that a query is about to be run, which may begin a transaction."""
        kernel = self._kernel
        pipeline_mode = kernel.pipeline_mode
        if not kernel.autocommit or (pipeline_mode is not None and pipeline_mode.in_transaction):
            self.begin()

    def answered(self, tag: bytes) -> None:
        """Note the command tag of a statement, which may have ended a transaction."""
        if tag in _OUTCOMES:
            self._outcome = tag

    def query_ended(self, tag: bytes) -> None:
        """Note that a query has ended, and its command tag."""
        self.answered(tag)
        if self._kernel.pipeline_mode is None:  # there, the tag of a later COMMIT may not be known yet
            self.review()

    def review(self) -> None:
        """Compare what the server says with what the observers know, unless answers are outstanding."""
        session = self._kernel.session
        if session.lost is not None or session.head() is not None or session.output_size:
            return
        is_open = session.transaction_status in _OPEN
        number = session.transactions
        if self._tokens is not None and not (is_open and self._number in (None, number)):
            self._end(None)
        if is_open:
            self.begin()
            self._number = number

    def connection_closed(self) -> None:
        """Note that the connection is closed or lost."""
        if self._tokens is not None:
            self._outcome = None
            self._end(self._kernel.session.lost if self._kernel.connection.broken else None)

    def _end(self, error: BaseException | None) -> None:
        tokens, self._tokens = self._tokens or (), None
        outcome = None if self._outcome is None else self._outcome.decode()
        for observer, token in tokens:
            observer.transaction_ended(token, outcome, error)
