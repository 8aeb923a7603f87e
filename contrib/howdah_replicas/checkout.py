# Generated from contrib/howdah_replicas/checkout_async.py by .ci/async_to_sync.py; do not edit.
"""The context manager that takes a connection for a block."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from howdah_replicas.session import Session
    from howdah_replicas.token import Token

__all__ = ["Checkout"]


class Checkout:
    """What `connection` and `read` return: a context manager whose block has a connection.

    At the end of the block the transaction is committed, or rolled back if an exception leaves it.
    """

    def __init__(self, session: Session, timeout: float | None, read_only: bool) -> None:
        self._session = session
        self._timeout = timeout
        self._read_only = read_only
        self._connection: Any = None

    @property
    def token(self) -> Token | None:
        """The token of the session: after the block, also of what was committed in it."""
        return self._session.token

    def __enter__(self) -> Any:
        if self._connection is not None:
            raise ProgrammingError("the block has its connection already: call connection() for each block")
        self._connection = self._session.getconn(self._timeout, read_only=self._read_only)
        return self._connection

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        connection, self._connection = self._connection, None
        if not self._session.has(connection):
            return  # the block has given it back
        try:
            if exc_val is None:
                self._session.check_primary(connection)
            connection.__exit__(exc_type, exc_val, exc_tb)
        finally:
            with connection.kernel.clean_up(exc_val):
                self._session.putconn(connection)
