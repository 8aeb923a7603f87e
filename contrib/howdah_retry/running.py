# Generated from contrib/howdah_retry/running_async.py by .ci/async_to_sync.py; do not edit.
"""Running a transaction until it is committed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import sleep
from typing import Any, Generic, NamedTuple, TypeVar

from howdah.errors import OperationalError, ProgrammingError, TransactionResolutionUnknown
from howdah.errors.context import add_note
from howdah.pq import TransactionStatus
from howdah_retry.beginning import Characteristics
from howdah_retry.budget import Budget
from howdah_retry.ending import may_end_transaction
from howdah_retry.identity import Identity, Outcome
from howdah_retry.outcome import Check, find_out, identify
from howdah_retry.policy import RetryPolicy
from howdah_retry.sources import Source
from howdah_retry.transaction import RetriedTransaction

__all__ = ["Options", "Run"]

T = TypeVar("T")

_DEFAULT = RetryPolicy()
_ADVICE = (
    "nothing is committed; the run() of a connection repeats a transaction that has lost its connection only"
    " with 'reconnect', the run() of a pool always does"
)

_ITSELF = (
    "the connection was lost while the function was ending the transaction itself, by COMMIT or ROLLBACK, and"
    " nobody knows whether it is committed: leave that to run()"
)


class Options(NamedTuple):
    """The options of `run`.

    Args:
        policy: when to run the transaction again.
        characteristics: how it begins.
        check: finds out whether it is committed; None without such a function.
    """

    policy: RetryPolicy
    characteristics: Characteristics
    check: Check | None

    @classmethod
    def of(
        cls,
        policy: RetryPolicy | None,
        isolation_level: Any,
        read_only: bool | None,
        deferrable: bool | None,
        check: Check | None,
    ) -> Options:
        """Return the options for arguments of `run`."""
        characteristics = Characteristics.of(isolation_level, read_only, deferrable)
        return cls(policy or _DEFAULT, characteristics, check)


class Execution(Generic[T]):
    """One execution of the transaction.

    Args:
        connection: the connection.
        options: the options.

    Attributes:
        result: what the function has returned; None if `howdah.Rollback` has ended it.
        began: whether the transaction had begun.
        identity: what the server knows it by, None if that was not asked for.
        backend: the process id of the backend.
    """

    def __init__(self, connection: Any, options: Options) -> None:
        self._connection = connection
        self._options = options
        self.result: Any = None
        self.began = False
        self.identity: Identity | None = None
        self.backend: int = connection.info.backend_pid
        #: Whether the function has ended the transaction itself; whether it has returned.
        self._ended = False
        self._returned = False
        self._committed = False

    @property
    def lost(self) -> bool:
        """Whether the connection was lost."""
        return bool(self._connection.broken)

    def run(self, function: Callable[[Any], T]) -> T:
        """Run the transaction, and commit it.

        Args:
            function: what to do in it.

        Raises:
            howdah.ProgrammingError: the connection is in a transaction already, or the function has ended
                the transaction.
            Exception: what the function or the commit raises.
        """
        connection, options = self._connection, self._options
        session = connection.kernel.session
        with RetriedTransaction(connection, options.characteristics):
            self.began = True
            number = session.transactions
            try:
                self.result = function(connection)
            except Exception as error:
                if session.transactions != number:
                    add_note(
                        error, "run() does not run it again: the function had ended its transaction itself"
                    )
                raise
            finally:
                self._ended = session.transactions != number
            if self._ended:
                raise ProgrammingError(
                    "the function has ended the transaction itself, by COMMIT or ROLLBACK: run() does that"
                )
            if options.policy.ask_server and session.transaction_status == TransactionStatus.INTRANS:
                self.identity = identify(connection)
            self._returned = True
        self._committed = True  # whatever fails from now on
        result: T = self.result
        return result

    def is_unknown(self, error: Exception) -> bool:
        """Return whether nobody knows if the transaction is committed.

        Args:
            error: what has ended the attempt.
        """
        return self._returned and isinstance(error, TransactionResolutionUnknown)

    @property
    def may_have_ended(self) -> bool:
        """Whether the connection was lost while the function itself was ending the transaction."""
        return self.lost and any(map(may_end_transaction, self._connection.kernel.session.unanswered))

    def may_repeat(self, error: Exception) -> bool:
        """Return whether to run the transaction again.

        Args:
            error: what has ended the attempt.
        """
        if self._ended or self._committed:
            return False
        lost = self._connection.kernel.session.lost if self.lost else None
        return self._options.policy.repeats(error, lost=lost)


class Run(Generic[T]):
    """A transaction that is run until it is committed.

    Args:
        source: where the connections come from.
        function: what to do in the transaction.
        options: the options.
    """

    def __init__(self, source: Source, function: Callable[[Any], T], options: Options) -> None:
        self._source = source
        self._function = function
        self._options = options
        self._budget = Budget(options.policy)

    def run(self) -> T:
        """Run it, and return what the function returns.

        Raises:
            Exception: what the function or the commit has raised in the last attempt.
        """
        interruption: BaseException | None = None
        try:
            return self._run()
        except BaseException as error:
            interruption = error
            if isinstance(error, Exception):
                self._budget.describe(error)
            raise
        finally:
            try:
                self._source.close(interruption)
            finally:
                del interruption  # its traceback refers to this frame

    def _run(self) -> T:
        while True:
            attempt: Execution[T] | None = None
            try:
                connection = self._source.acquire(self._budget.left())
                attempt = Execution(connection, self._options)
                with _given_back(self._source, connection):
                    return attempt.run(self._function)
            except Exception as error:
                self._budget.failed(error, lost=attempt is not None and attempt.lost)
                if attempt is not None and attempt.is_unknown(error):
                    outcome = self._find_out(attempt, error)
                    if outcome is Outcome.COMMITTED:
                        result: T = attempt.result
                        return result
                    again = outcome is Outcome.NOT_COMMITTED
                else:
                    again = self._may_repeat(error, attempt)
                pause = self._pause(attempt) if again else None
                if pause is None:
                    if again and attempt is not None:
                        self._explain(error, attempt)
                    raise
            _sleep(pause)

    def _may_repeat(self, error: Exception, attempt: Execution[T] | None) -> bool:
        """Return whether to make another attempt.

        Args:
            error: what has ended the last one.
            attempt: the last one; None if there was no connection for it.

        Raises:
            howdah.errors.TransactionResolutionUnknown: the function may have committed the work itself.
        """
        if attempt is None:
            return self._source.may_succeed_later(error)
        if attempt.may_have_ended:
            raise TransactionResolutionUnknown(_ITSELF) from error
        return attempt.may_repeat(error)

    def _explain(self, error: Exception, attempt: Execution[T]) -> None:
        """Say why an attempt is the last one that another could have followed.

        Args:
            error: what has ended it; it may get a note.
            attempt: the attempt.

        Raises:
            howdah.OperationalError: its COMMIT was not answered, and is now known to have failed.
        """
        if attempt.is_unknown(error):
            raise OperationalError(
                "the connection was lost during the commit, and the transaction is not committed"
            ) from error
        if attempt.lost and not self._source.replaces_lost:
            add_note(error, _ADVICE)

    def _pause(self, attempt: Execution[T] | None) -> float | None:
        """Return how long to wait before the next attempt, None if there must be none."""
        if attempt is not None and attempt.lost:
            if not self._source.replaces_lost:
                return None
            if not attempt.began and self._budget.forgive(self._source.forgiven):
                return 0.0
        return self._budget.next_pause()

    def _find_out(self, attempt: Execution[T], unknown: Exception) -> Outcome:
        """Return what became of an attempt whose COMMIT was not answered.

        Args:
            attempt: the attempt.
            unknown: the exception that says that this is unknown; it gets a note if asking fails.
        """
        options = self._options
        if attempt.identity is None and options.check is None:
            return Outcome.UNKNOWN
        while True:
            connection: Any = None
            try:
                connection = self._source.acquire(self._budget.left(), checking=True)
                with _given_back(self._source, connection):
                    outcome = find_out(connection, attempt.identity, attempt.backend, options.check)
            except Exception as error:
                if not self._may_ask_again(error, connection):
                    add_note(unknown, f"to find out what became of it failed: {type(error).__name__}")
                    return Outcome.UNKNOWN
                outcome = Outcome.PENDING
            if outcome is not Outcome.PENDING:
                return outcome
            pause = self._budget.wait()
            if pause is None:
                return Outcome.UNKNOWN
            _sleep(pause)

    def _may_ask_again(self, error: Exception, connection: Any) -> bool:
        """Return whether to ask once more what became of an attempt.

        Args:
            error: why it could not be found out.
            connection: the connection that was used; None if there was none.
        """
        if connection is None:
            return self._source.may_succeed_later(error)
        return connection.broken or self._options.policy.repeats(error, lost=None)


@contextmanager
def _given_back(source: Source, connection: Any) -> Generator[None, None]:
    """Give a connection back to its source at the end of the block."""
    interruption: BaseException | None = None
    try:
        yield
    except BaseException as error:
        interruption = error
        raise
    finally:
        try:
            source.release(connection, interruption)
        finally:
            del interruption  # its traceback refers to this frame


def _sleep(pause: float) -> None:
    sleep(pause)
