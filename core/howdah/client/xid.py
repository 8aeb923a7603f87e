"""Transaction identifiers for two-phase commit."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from datetime import datetime

from howdah.lazy.pattern import pattern

__all__ = ["Xid"]

_GID = pattern(r"(\d+)_([^_]*)_([^_]*)", re.ASCII)


@dataclass(frozen=True)
class Xid:
    """A transaction identifier: PEP 249's three parts, which are also its items.

    PostgreSQL knows a prepared transaction by one string (the gid). The three parts are
    written into it as `formatid_base64(gtrid)_base64(bqual)`; a transaction that something
    else prepared has its whole gid as `gtrid`, and None for the other two.

    Source: PEP 249, "Optional Two-Phase Commit Extensions".

    Args:
        format_id: the identifier's format, 0 … 2³¹-1; or None.
        gtrid: the global transaction's identifier.
        bqual: the branch qualifier; or None.
        prepared: when the transaction was prepared, if `tpc_recover` found it.
        owner: who prepared it, likewise.
        database: the database it was prepared in, likewise.
    """

    format_id: int | None
    gtrid: str
    bqual: str | None
    prepared: datetime | None = None
    owner: str | None = None
    database: str | None = None

    @classmethod
    def from_parts(cls, format_id: int | None, gtrid: str, bqual: str | None) -> Xid:
        """Return the identifier of the parts, checked as the XA specification wants them.

        Args:
            format_id: 0 … 2³¹-1; None for one that is only a string.
            gtrid: at most 64 characters.
            bqual: at most 64 characters.

        Raises:
            ValueError: a part is not as it should be.
        """
        if format_id is not None:
            if not 0 <= format_id < 0x80000000:
                raise ValueError(f"format_id must be in 0 … 2³¹-1, not {format_id}")
            if bqual is None:
                raise ValueError("an identifier with a format_id needs a bqual")
            for name, part in (("gtrid", gtrid), ("bqual", bqual)):
                if len(part) > 64:
                    raise ValueError(f"{name} must be of 64 characters or fewer, not {len(part)}")
        return cls(format_id, gtrid, bqual)

    @classmethod
    def from_string(cls, gid: str) -> Xid:
        """Return the identifier that a gid stands for.

        Args:
            gid: the string PostgreSQL knows the transaction by.
        """
        match = _GID.fullmatch(gid)
        if match is not None:
            try:
                gtrid, bqual = (b64decode(part, validate=True).decode() for part in match.group(2, 3))
                xid = cls.from_parts(int(match[1]), gtrid, bqual)
            except ValueError:
                pass
            else:
                if str(xid) == gid:  # otherwise another program has written it
                    return xid
        return cls(None, gid, None)

    @classmethod
    def _from_record(cls, gid: str, prepared: datetime, owner: str, database: str) -> Xid:
        """Return the identifier of a row of pg_prepared_xacts."""
        return replace(cls.from_string(gid), prepared=prepared, owner=owner, database=database)

    def __str__(self) -> str:
        """Return the gid."""
        if self.format_id is None or self.bqual is None:
            return self.gtrid
        gtrid, bqual = (b64encode(part.encode()).decode() for part in (self.gtrid, self.bqual))
        return f"{self.format_id}_{gtrid}_{bqual}"

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> int | str | None:
        return (self.format_id, self.gtrid, self.bqual)[index]
