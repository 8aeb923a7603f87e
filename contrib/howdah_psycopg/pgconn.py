"""`connection.pgconn`: what libpq's connection would tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.pq import ConnStatus, PipelineStatus, TransactionStatus
from howdah_psycopg.conninfo import ConninfoOption, options
from howdah_psycopg.passwords import encrypt_password

if TYPE_CHECKING:
    from howdah_psycopg.connection import Connection
    from howdah_psycopg.connection_async import AsyncConnection

__all__ = ["PGcancel", "PGconn"]


class PGcancel:
    """Asks the server to cancel what a connection is doing.

    Args:
        connection: the connection.
    """

    def __init__(self, connection: Connection[Any] | AsyncConnection[Any]) -> None:
        self._connection = connection

    def cancel(self) -> None:
        """Ask the server to cancel the query that is running."""
        self._connection.cancel()

    def free(self) -> None:
        """Do nothing: Python frees the memory."""


class PGconn:
    """A connection, with the names of libpq's.

    Args:
        connection: the connection.
    """

    def __init__(self, connection: Connection[Any] | AsyncConnection[Any]) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<PGconn of {self._connection!r}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PGconn) and other._connection is self._connection

    def __hash__(self) -> int:
        return hash(self._connection)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"howdah has no counterpart of PGconn.{name}: there is no libpq; use the connection's own methods"
        )

    # Where it is connected to

    @property
    def db(self) -> bytes:
        """The name of the database."""
        return self._connection.info.dbname.encode()

    @property
    def user(self) -> bytes:
        """The user name."""
        return self._connection.info.user.encode()

    @property
    def password(self) -> bytes:
        """The password that was used; empty if there was none."""
        return self._connection.info.password.encode()

    @property
    def host(self) -> bytes:
        """The server's host name, or the directory of its socket."""
        return self._connection.info.host.encode()

    @property
    def hostaddr(self) -> bytes:
        """The server's address; empty for a unix socket."""
        return self._connection.info.hostaddr.encode()

    @property
    def port(self) -> bytes:
        """The server's port."""
        return str(self._connection.info.port).encode()

    @property
    def tty(self) -> bytes:
        """Nothing: libpq has it for old programs."""
        return b""

    @property
    def options(self) -> bytes:
        """The command-line options passed to the server."""
        return self._connection.info.options.encode()

    @property
    def info(self) -> list[ConninfoOption]:
        """The connection parameters."""
        return options(self._connection.info.get_parameters())

    # Its state

    @property
    def status(self) -> ConnStatus:
        """Whether the connection is usable."""
        return self._connection.info.status

    @property
    def transaction_status(self) -> TransactionStatus:
        """The transaction status of the session."""
        return self._connection.info.transaction_status

    @property
    def pipeline_status(self) -> PipelineStatus:
        """Whether the connection is in pipeline mode."""
        return self._connection.info.pipeline_status

    def parameter_status(self, name: bytes) -> bytes | None:
        """Return a setting that the server reports, None if it does not report it."""
        value = self._connection.info.parameter_status(name.decode())
        return None if value is None else value.encode()

    @property
    def error_message(self) -> bytes:
        """The last error, empty if there was none."""
        return self._connection.info.error_message.encode()

    def get_error_message(self, encoding: str = "utf-8") -> str:
        """Return the last error."""
        return self._connection.info.error_message or "no error details available"

    @property
    def encoding(self) -> str:
        """The Python codec of the client encoding."""
        return self._connection.info.encoding

    @property
    def protocol_version(self) -> int:
        """The major version of the protocol."""
        return self._connection.info.full_protocol_version // 10000

    @property
    def full_protocol_version(self) -> int:
        """The protocol's version as a number: 30002 for 3.2."""
        return self._connection.info.full_protocol_version

    @property
    def server_version(self) -> int:
        """The server's version as a number: 180001 for 18.1."""
        return self._connection.info.server_version

    @property
    def socket(self) -> int:
        """The file descriptor of the socket.

        Raises:
            howdah.OperationalError: the connection is closed.
        """
        return self._connection.fileno()

    @property
    def backend_pid(self) -> int:
        """The process id of the backend."""
        return self._connection.info.backend_pid

    @property
    def needs_password(self) -> bool:
        """Whether the server asked for a password and got none: never, on an open connection."""
        return False

    @property
    def used_password(self) -> bool:
        """Whether the server asked for the password."""
        return self._connection.info.authentication.startswith(("password", "md5", "scram"))

    @property
    def used_gssapi(self) -> bool:
        """Whether GSSAPI authenticated the user."""
        return "gss" in self._connection.info.authentication.lower()

    @property
    def ssl_in_use(self) -> bool:
        """Whether the connection is encrypted."""
        return self._connection.info.ssl_in_use

    # What it can do

    def finish(self) -> None:
        """Close the connection at once; it counts as broken."""
        if not self._connection.closed:
            self._connection.kernel.drop()
            self._connection.finished = True

    def get_cancel(self) -> PGcancel:
        """Return what cancels queries."""
        return PGcancel(self._connection)

    def encrypt_password(self, passwd: bytes, user: bytes, algorithm: bytes | None = None) -> bytes:
        """Return a password as `ALTER ROLE … PASSWORD` takes it, so that the server does not see it.

        Args:
            passwd: the password.
            user: the name of the role.
            algorithm: `scram-sha-256` or `md5`; None for `scram-sha-256`.

        Raises:
            howdah.OperationalError: there is no such algorithm.
        """
        return encrypt_password(passwd, user, algorithm or b"scram-sha-256")
