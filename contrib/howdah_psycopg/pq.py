"""`psycopg.pq`: libpq's names, without libpq."""

from __future__ import annotations

from enum import IntEnum, IntFlag, auto
from typing import NamedTuple

import howdah
from howdah.pq import ConnStatus, PipelineStatus, TransactionStatus
from howdah_psycopg.conninfo import Conninfo, ConninfoOption
from howdah_psycopg.escaping import Escaping
from howdah_psycopg.pgconn import PGcancel, PGconn
from howdah_psycopg.pgresult import PGresult

__all__ = [
    "Conninfo",
    "ConninfoOption",
    "Escaping",
    "PGcancel",
    "PGconn",
    "PGnotify",
    "PGresAttDesc",
    "PGresult",
    "Ping",
    "PollingStatus",
    "Trace",
    "__build_version__",
    "__impl__",
    "connection_summary",
    "error_message",
    "version",
    "version_pretty",
]

#: psycopg's name of howdah's implementation: `c` if it is compiled, otherwise `python`.
__impl__ = "c" if howdah.__impl__ == "native" else "python"
#: The libpq version whose features howdah has.
__build_version__ = howdah.capabilities.libpq_version


class PollingStatus(IntEnum):
    """What a connection that is being opened waits for."""

    FAILED = 0
    READING = 1
    WRITING = 2
    OK = 3


class Ping(IntEnum):
    """Whether a server accepts connections."""

    OK = 0
    REJECT = 1
    NO_RESPONSE = 2
    NO_ATTEMPT = 3


class Trace(IntFlag):
    """How messages are traced."""

    SUPPRESS_TIMESTAMPS = auto()
    REGRESS_MODE = auto()


class PGnotify(NamedTuple):
    """A notification."""

    relname: bytes
    be_pid: int
    extra: bytes


class PGresAttDesc(NamedTuple):
    """The description of a column."""

    name: bytes
    tableid: int
    columnid: int
    format: int
    typid: int
    typlen: int
    atttypmod: int


def version() -> int:
    """Return the version of libpq whose features howdah has; no libpq is loaded."""
    return howdah.capabilities.libpq_version


def version_pretty(version: int) -> str:
    """Return the version of a server or of libpq as text: 180001 is 18.1, and 90605 is 9.6.5."""
    first, second, third = version // 10000, version // 100 % 100, version % 100
    return f"{first}.{third}" if first >= 10 and not second else f"{first}.{second}.{third}"


def error_message(obj: PGconn | PGresult, encoding: str = "") -> str:
    """Return the error of a connection or a result."""
    return obj.get_error_message(encoding or "utf-8")


def connection_summary(pgconn: PGconn) -> str:
    """Return the state of a connection and where it is connected to, for representations."""
    if pgconn.status != ConnStatus.OK:
        return f"[{ConnStatus(pgconn.status).name}]"
    state = TransactionStatus(pgconn.transaction_status).name
    if pgconn.pipeline_status:
        state += f", pipeline={PipelineStatus(pgconn.pipeline_status).name}"
    place = {
        "host": "" if pgconn.host.startswith(b"/") else pgconn.host.decode(),
        "port": "" if pgconn.port == b"5432" else pgconn.port.decode(),
        "user": "" if pgconn.user == pgconn.db else pgconn.user.decode(),
        "database": pgconn.db.decode(),
    }
    return f"[{state}] ({' '.join(f'{name}={value}' for name, value in place.items() if value)})"
