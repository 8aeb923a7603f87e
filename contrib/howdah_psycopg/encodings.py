"""The codecs of PostgreSQL's encodings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt.encodings import python_encoding
from howdah.conninfo import conninfo_to_dict
from howdah.errors import NotSupportedError

if TYPE_CHECKING:
    from howdah import BaseConnection

__all__ = ["conn_encoding", "conninfo_encoding", "pg2pyenc"]


def conn_encoding(conn: BaseConnection[Any] | None) -> str:
    """Return the Python codec of a connection's client encoding; utf-8 without a connection."""
    return "utf-8" if conn is None else conn.info.encoding


def conninfo_encoding(conninfo: str) -> str:
    """Return the Python codec of the client encoding in a conninfo; utf-8 if there is none."""
    name = conninfo_to_dict(conninfo).get("client_encoding")
    try:
        return python_encoding(str(name)) if name else "utf-8"
    except NotSupportedError:
        return "utf-8"


def pg2pyenc(name: bytes) -> str:
    """Return the Python codec of an encoding of PostgreSQL.

    Raises:
        howdah.NotSupportedError: Python has none.
    """
    return python_encoding(name.decode("utf-8", "replace"))
