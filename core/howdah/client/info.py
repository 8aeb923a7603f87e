"""Information about a connection: `conn.info`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from howdah import conninfo
from howdah.adapt.encodings import python_encoding, text_codec
from howdah.lazy.pattern import pattern
from howdah.pq import ConnStatus, PipelineStatus, TransactionStatus

if TYPE_CHECKING:
    from datetime import tzinfo

    from howdah.client.connection_base import BaseConnection

__all__ = ["ConnectionInfo"]

_VERSION = pattern(r"[0-9]{1,6}(?:\.[0-9]{1,6})*", re.ASCII)


class ConnectionInfo:
    """Information about a connection that needs no question to the server.

    Args:
        connection: the connection described.
    """

    def __init__(self, connection: BaseConnection[Any]) -> None:
        self._connection = connection

    @property
    def vendor(self) -> str:
        """The name of the database: `PostgreSQL`."""
        return "PostgreSQL"

    @property
    def host(self) -> str:
        """The server's host name, or the directory of its socket."""
        return self._connection._connected.host.host

    @property
    def hostaddr(self) -> str:
        """The server's address; empty for a unix socket."""
        address = self._connection._connected.address
        return "" if address.startswith(("/", "@")) else address

    @property
    def port(self) -> int:
        """The server's port."""
        return self._connection._connected.host.port

    @property
    def dbname(self) -> str:
        """The name of the database."""
        return str(self._connection._settings["dbname"])

    @property
    def user(self) -> str:
        """The user name that was used."""
        return str(self._connection._settings["user"])

    @property
    def password(self) -> str:
        """The password that was used; empty if there was none."""
        return self._connection._connected.host.password or ""

    @property
    def options(self) -> str:
        """The command-line options passed to the server."""
        return str(self._connection._settings.get("options") or "")

    @property
    def dsn(self) -> str:
        """A connection string for this connection, without the password."""
        return conninfo.format_keywords(self.get_parameters())

    def get_parameters(self) -> dict[str, str]:
        """Return the connection parameters that differ from their defaults, without secrets."""
        settings = self._connection._settings
        result = {}
        for parameter in self._connection.driver.parameters:
            value = settings.get(parameter.name)
            if parameter.secret or value is None or value == parameter.default:
                continue
            result[parameter.name] = str(int(value) if isinstance(value, bool) else value)
        return result | {"dbname": self.dbname, "user": self.user}

    @property
    def status(self) -> ConnStatus:
        """Whether the connection is usable."""
        return ConnStatus.BAD if self._connection.closed else ConnStatus.OK

    @property
    def transaction_status(self) -> TransactionStatus:
        """The transaction status of the session."""
        return self._connection._transaction_status

    @property
    def pipeline_status(self) -> PipelineStatus:
        """Whether the connection is in pipeline mode."""
        return self._connection._pipeline_status

    @property
    def backend_pid(self) -> int:
        """The process id of the backend."""
        return self._connection._connected.server_info.pid

    @property
    def server_version(self) -> int:
        """The server's version as a number: 180001 for 18.1."""
        match = _VERSION.match(self.parameter_status("server_version") or "")
        numbers = [] if match is None else [int(number) for number in match[0].split(".")]
        numbers += [0, 0, 0]
        if numbers[0] >= 10:
            return numbers[0] * 10000 + numbers[1]
        return numbers[0] * 10000 + numbers[1] * 100 + numbers[2]

    @property
    def full_protocol_version(self) -> int:
        """The protocol's version as a number: 30002 for 3.2."""
        version = self._connection._connected.server_info.protocol_version
        return (version >> 16) * 10000 + (version & 0xFFFF)

    @property
    def authentication(self) -> str:
        """The authentication method that the server asked for."""
        return self._connection._connected.server_info.authentication

    @property
    def ssl_in_use(self) -> bool:
        """Whether the connection is encrypted."""
        return self._connection._connected.tls

    @property
    def error_message(self) -> str:
        """The last error: why the connection was lost, or what the server reported last; empty if nothing."""
        session = self._connection._session
        if session.lost is None or session.last_error_fatal:
            return session.last_error
        return str(session.lost)

    def parameter_status(self, name: str) -> str | None:
        """Return a setting that the server reports, None if it does not report it."""
        return self._connection._session.parameters.get(name)

    @property
    def encoding(self) -> str:
        """The Python codec of the client encoding."""
        return python_encoding(self.parameter_status("client_encoding") or "UTF8")

    @property
    def codec(self) -> str:
        """The codec that is used for texts: `encoding`, or a variant of it that agrees with the server."""
        return text_codec(self.parameter_status("client_encoding") or "UTF8")

    @property
    def timezone(self) -> tzinfo:
        """The session's time zone; UTC if Python does not know it."""
        from datetime import timezone
        from zoneinfo import ZoneInfo

        name = self.parameter_status("TimeZone")
        if name in (None, "UTC"):
            return timezone.utc if name is None else ZoneInfo("UTC")
        try:
            return ZoneInfo(str(name))
        except Exception:  # zoneinfo raises many kinds of exceptions for a bad name or file
            return timezone.utc
