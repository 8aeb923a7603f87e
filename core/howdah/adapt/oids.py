"""The oids of the PostgreSQL types that the kernel itself uses.

They are the same in every server. Source: PostgreSQL's pg_type.dat.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BOOL", "BYTEA", "FLOAT8", "INT2", "INT4", "INT8", "INVALID", "NUMERIC", "OID", "TEXT", "UNKNOWN"]

#: No type: the server infers it (InvalidOid).
INVALID: Final = 0
BOOL: Final = 16
BYTEA: Final = 17
INT8: Final = 20
INT2: Final = 21
INT4: Final = 23
TEXT: Final = 25
OID: Final = 26
FLOAT8: Final = 701
UNKNOWN: Final = 705
NUMERIC: Final = 1700
