"""Positions in the write-ahead log.

Source: PostgreSQL documentation, "pg_lsn Type".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, SupportsInt

from howdah.adapt import Dumper, Loader
from howdah.errors import DataError
from howdah.pq import Format

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from howdah.adapt import AdaptContext

__all__ = ["LSN", "register_lsn"]

_PATTERN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})")
#: The type pg_lsn.
_OID = 3220


class LSN(int):
    """A position in the write-ahead log (log sequence number).

    It is an `int`, so that positions can be compared, and subtracted to get bytes. As text it is written as
    PostgreSQL writes it, in two hexadecimal halves: `str(LSN(23803720)) == "0/16B3748"`.

    Args:
        position: a number of 64 bits, or its text.

    Raises:
        ValueError: it is not a position.
    """

    __slots__ = ()

    #: The greatest position.
    MAX: ClassVar[LSN]

    def __new__(cls, position: SupportsInt | str = 0) -> LSN:  # noqa: D102
        if isinstance(position, str):
            found = _PATTERN.fullmatch(position)
            if found is None:
                raise ValueError(f"{position[:40]!r} is not a position in the log: write it as '0/16B3748'")
            position = (int(found[1], 16) << 32) | int(found[2], 16)
        value = super().__new__(cls, position)
        if not 0 <= value < 1 << 64:
            raise ValueError("a position in the log is a number of 64 bits, and not negative")
        return value

    def __str__(self) -> str:
        return f"{self >> 32:X}/{self & 0xFFFFFFFF:X}"

    def __repr__(self) -> str:
        return f"LSN('{self}')"

    def __format__(self, spec: str) -> str:
        return (
            super().__format__(spec) if spec[-1:].isalpha() and spec[-1] != "s" else format(str(self), spec)
        )


LSN.MAX = LSN((1 << 64) - 1)


class LSNDumper(Dumper):
    """`LSN` to pg_lsn, as text."""

    oid = _OID

    def dump(self, obj: LSN) -> Buffer | None:
        """Return the text of a position."""
        return str(obj).encode()


class LSNBinaryDumper(LSNDumper):
    """`LSN` to pg_lsn, as binary."""

    format = Format.BINARY

    def dump(self, obj: LSN) -> Buffer | None:
        """Return the eight bytes of a position."""
        return obj.to_bytes(8, "big")


class LSNLoader(Loader):
    """pg_lsn to `LSN`, from text."""

    def load(self, data: Buffer) -> LSN:
        """Return a position."""
        try:
            return LSN(bytes(data).decode("ascii", "replace"))
        except ValueError:
            raise DataError("the server sent what is no pg_lsn") from None


class LSNBinaryLoader(LSNLoader):
    """pg_lsn to `LSN`, from binary."""

    format = Format.BINARY

    def load(self, data: Buffer) -> LSN:
        """Return a position."""
        if len(data := bytes(data)) != 8:
            raise DataError("the server sent what is no pg_lsn")
        return LSN(int.from_bytes(data, "big"))


def register_lsn(context: AdaptContext | None = None) -> None:
    """Load pg_lsn as `LSN`, instead of `str`, and send an `LSN` as pg_lsn.

    Args:
        context: the connection or cursor; every connection opened afterwards if it is None.
    """
    import howdah

    adapters = howdah.adapters if context is None else context.adapters
    for dumper in (LSNDumper, LSNBinaryDumper):
        adapters.register_dumper(LSN, dumper)
    for loader in (LSNLoader, LSNBinaryLoader):
        adapters.register_loader(_OID, loader)
