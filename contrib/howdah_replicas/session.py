# Generated from contrib/howdah_replicas/session_async.py by .ci/async_to_sync.py; do not edit.
"""A session of a user, whose reads see its writes."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from howdah.client.flags import checked_flag
from howdah.errors import Error, OperationalError
from howdah.pq import TransactionStatus
from howdah_pool.queries import PoolQueries
from howdah_replicas.checkout import Checkout
from howdah_replicas.commits import Commits
from howdah_replicas.server import Server
from howdah_replicas.status import POSITION, ask
from howdah_replicas.token import Token

if TYPE_CHECKING:
    from howdah_replicas.pool import ReplicatedPool

__all__ = ["Session"]

logger = logging.getLogger("howdah.replicas")


class _Lent(NamedTuple):
    """What a session knows about a connection that it has lent.

    Args:
        server: the server.
        commits: where its commits end, None for reading.
    """

    server: Server
    commits: Commits | None


class Session(PoolQueries):
    """The connections of one user: what they read is never older than what they have committed.

    It costs nothing to create. Several threads or tasks may use one.

    Args:
        pool: the pool.
        token: where the session has got to, in another request perhaps; None for nowhere.

    Attributes:
        token: where the session has got to, None for nowhere; `str(token)` is for the next request.
    """

    #: What `run` asks a pool for: it runs transactions on the primary.
    replicas: None = None

    def __init__(self, pool: ReplicatedPool, token: Token | None = None) -> None:
        self._pool = pool
        self._lock = Lock()
        self._lent: WeakKeyDictionary[Any, _Lent] = WeakKeyDictionary()
        self.token = token

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} {self.token!r} at 0x{id(self):x}>"

    @property
    def connection_class(self) -> Any:
        """The class of the connections."""
        return self._pool.connection_class

    @property
    def timeout(self) -> float:
        """How long to wait for a connection to the primary, in seconds."""
        return self._pool.timeout

    @property
    def size(self) -> int:
        """The number of connections to all servers."""
        return self._pool.size

    def merge(self, token: Token | None) -> None:
        """Have the reads from now on see another session's commits, too.

        Args:
            token: the token of that session.

        Raises:
            InvalidToken: it belongs to another cluster.
        """
        with self._lock:
            self.token = Token.merge(self.token, token)

    def connection(self, timeout: float | None = None) -> Checkout:
        """Return a context manager whose block has a connection to the primary.

        Args:
            timeout: how long to wait for one, in seconds, also for a new primary; None for the pool's.
        """
        return Checkout(self, timeout, read_only=False)

    def read(self, timeout: float | None = None) -> Checkout:
        """Return a context manager whose block has a connection that only reads, to a standby if possible.

        Args:
            timeout: how long to wait until a standby has replayed the token, in seconds; None for the pool's
                `replay_timeout`.
        """
        return Checkout(self, timeout, read_only=True)

    def getconn(self, timeout: float | None = None, *, read_only: bool = False) -> Any:
        """Take a connection, which must be given back with `putconn` of this session.

        Args:
            timeout: as for `connection`, or for `read`.
            read_only: whether it is one that only reads.

        Raises:
            NoPrimary: there was no primary in time.
            StandbyTimeout: no standby had the token in time, and the pool does not read from the primary.
            InvalidToken: the token belongs to another cluster.
            LostToken: a fail-over has lost what the token stands for.
            howdah_pool.PoolTimeout: the primary had no connection in time.
            howdah_pool.PoolClosed: the pool is not open.
            howdah.ProgrammingError: `read_only` is text.
        """
        pool = self._pool
        if not read_only:
            server, connection = pool.take_primary(timeout)
            system, timeline = pool.position_of(server)
            self._lent[connection] = _Lent(server, Commits(connection.kernel, system, timeline))
            return connection
        checked_flag("read_only", read_only)
        token = self.token
        server, connection, found = pool.take_for_reading(token, timeout)
        self._lent[connection] = _Lent(server, None)
        if found is not None:
            with self._lock:
                if self.token == token:
                    self.token = found
        return connection

    def has(self, connection: Any) -> bool:
        """Return whether the session has lent a connection, and has not taken it back.

        Args:
            connection: the connection.
        """
        return connection in self._lent

    def check_primary(self, connection: Any) -> None:
        """Check that a connection for writing is still one to the primary.

        Args:
            connection: the connection.

        Raises:
            howdah.OperationalError: another server is the primary now; nothing must be committed on this one.
        """
        server, commits = self._lent[connection]
        if commits is not None and not self._pool.may_commit(server):
            raise OperationalError(
                f"{server.member.name} is no longer the primary: nothing was committed; run it again"
            )

    def putconn(self, connection: Any) -> None:
        """Give a connection back.

        Args:
            connection: the connection.

        Raises:
            ValueError: it was not taken from this session, or has been given back already.
        """
        lent = self._lent.pop(connection, None)
        if lent is None:
            raise ValueError(f"the connection was not taken from this session: {connection}")
        try:
            if lent.commits is not None:
                self._note_commits(lent.server, connection, lent.commits)
        finally:
            lent.server.pool.putconn(connection)

    def _note_commits(self, server: Server, connection: Any, commits: Commits) -> None:
        """Advance the token to what was committed on a connection."""
        commits.end()
        if connection.closed:
            server.wake()
        if commits.nothing_done:
            return
        token = commits.token() or commits.unknown()
        try:
            if token.is_open_ended and not connection.closed:
                token = self._ask(server, connection, commits)
        except Error as error:
            logger.info("%s does not say where a commit ends: %s", server.member.name, error)
        finally:
            self.merge(token)

    def _ask(self, server: Server, connection: Any, commits: Commits) -> Token:
        """Ask the server for the token of all that was committed on a connection."""
        if connection.info.transaction_status != TransactionStatus.IDLE:
            connection.rollback()
        kernel = connection.kernel
        with kernel.lock_unlimited:
            return commits.of(kernel.wait_unlimited(ask(kernel, POSITION, server.check_timeout)))
