"""A cache of the servers that accept only the oldest version of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from howdah.io.addresses import Address

__all__ = ["knows_oldest_only", "note_oldest_only"]

#: The maximum number of addresses; when it is reached, the cache is cleared.
_MOST = 1000

_Key = tuple[str, str, int, str]
_oldest_only: dict[_Key, None] = {}


def knows_oldest_only(address: Address) -> bool:
    """Return whether a server has answered only to version 3.0, not to a newer one.

    Args:
        address: the server's address.
    """
    return _key(address) in _oldest_only


def note_oldest_only(address: Address) -> None:
    """Note that a server has answered only to version 3.0, not to a newer one.

    Args:
        address: the server's address.
    """
    if len(_oldest_only) >= _MOST:
        _oldest_only.clear()
    _oldest_only[_key(address)] = None


def _key(address: Address) -> _Key:
    host = address.host
    return host.host, host.hostaddr, host.port, address.text
