"""Which servers took the oldest version of the protocol only, as far as this process has found out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from howdah.io.addresses import Address

__all__ = ["knows_oldest_only", "note_oldest_only"]

#: How many addresses are known at most: beyond, they are learnt anew.
_MOST = 1000

_Key = tuple[str, str, int, str]
_oldest_only: dict[_Key, None] = {}


def knows_oldest_only(address: Address) -> bool:
    """Tell whether a server did not answer to a newer version, but to 3.0.

    Args:
        address: the server's address.
    """
    return _key(address) in _oldest_only


def note_oldest_only(address: Address) -> None:
    """Note that a server did not answer to a newer version, but to 3.0.

    Args:
        address: the server's address.
    """
    if len(_oldest_only) >= _MOST:
        _oldest_only.clear()
    _oldest_only[_key(address)] = None


def _key(address: Address) -> _Key:
    host = address.host
    return host.host, host.hostaddr, host.port, address.text
