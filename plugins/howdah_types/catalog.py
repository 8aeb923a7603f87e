"""Identifiers of transactions, positions and catalog objects.

All of these types are `str` in Python, in the server's text format; only oid is an `int`.

Source: PostgreSQL documentation, "Object Identifier Types", "pg_lsn Type" and "Transaction ID and
Snapshot Information Functions"; for the binary formats the types' send functions in PostgreSQL's
src/backend/utils/adt.
"""

from __future__ import annotations

import re
import struct
from typing import ClassVar

from howdah.adapt import AdaptersMap
from howdah.errors import DataError, NotSupportedError
from howdah.pq import Format
from howdah_types.base import TypeLoader, type_name, type_of
from howdah_types.string import StrDumper, TextLoader
from howdah_types.textual import register_text_dumper, register_text_type

__all__ = ["CatalogBinaryDumper", "CatalogBinaryLoader", "register_adapters"]

_INT4 = struct.Struct("!i")
_SNAPSHOT = struct.Struct("!iqq")  # number of transactions in progress, xmin, xmax
_ARRAY = struct.Struct("!iiIii")  # number of dimensions, NULLs, oid of the elements, length, lower bound


class CatalogBinaryLoader(TypeLoader):
    """One of these types as binary to `str`, in the server's text format."""

    format = Format.BINARY
    # The text format needs no conversion.
    prefer_binary = False


class CatalogBinaryDumper(StrDumper):
    """`str` to one of these types, as binary."""

    format = Format.BINARY
    #: Matches the text of a value.
    pattern: ClassVar[str]

    def dump(self, obj: str) -> bytes:
        match = re.fullmatch(self.pattern, obj, re.ASCII)
        try:
            if match is not None:
                return self.pack(*match.groups())
        except (struct.error, ValueError):
            pass
        raise DataError(f"{type_of(obj)} is not a value of the type {type_name(self.oid, self.connection)}")

    def pack(self, *fields: str) -> bytes:
        """Return the value in binary format, from the groups that `pattern` has matched."""
        raise NotImplementedError


# -- transactions and commands -------------------------------------------------


class XidBinaryLoader(CatalogBinaryLoader):
    """xid and cid as binary to `str`."""

    native = "howdah_types._native.scalars:XID"
    _struct: ClassVar[struct.Struct] = struct.Struct("!I")

    def value(self, data: bytes) -> str:
        return str(self._struct.unpack(data)[0])


class Xid8BinaryLoader(XidBinaryLoader):
    """xid8 as binary to `str`."""

    native = "howdah_types._native.scalars:XID8"
    _struct = struct.Struct("!Q")


class XidBinaryDumper(CatalogBinaryDumper):
    """`str` to xid, as binary."""

    oid = 28
    pattern = r"(\d+)"
    _struct: ClassVar[struct.Struct] = struct.Struct("!I")

    def pack(self, *fields: str) -> bytes:
        return self._struct.pack(int(fields[0]))


class CidBinaryDumper(XidBinaryDumper):
    """`str` to cid, as binary."""

    oid = 29


class Xid8BinaryDumper(XidBinaryDumper):
    """`str` to xid8, as binary."""

    oid = 5069
    _struct = struct.Struct("!Q")


class SnapshotBinaryLoader(CatalogBinaryLoader):
    """pg_snapshot and txid_snapshot as binary to `str`."""

    native = "howdah_types._native.scalars:SNAPSHOT"

    def value(self, data: bytes) -> str:
        count, xmin, xmax = _SNAPSHOT.unpack_from(data)
        running = struct.unpack(f"!{count}q", data[_SNAPSHOT.size :])
        return f"{xmin}:{xmax}:{','.join(map(str, running))}"


class SnapshotBinaryDumper(CatalogBinaryDumper):
    """`str` to pg_snapshot, as binary."""

    oid = 5038
    pattern = r"(\d+):(\d+):((?:\d+(?:,\d+)*)?)"

    def pack(self, *fields: str) -> bytes:
        xmin, xmax, running = fields
        xids = list(map(int, running.split(","))) if running else []
        return _SNAPSHOT.pack(len(xids), int(xmin), int(xmax)) + struct.pack(f"!{len(xids)}q", *xids)


class TxidSnapshotBinaryDumper(SnapshotBinaryDumper):
    """`str` to txid_snapshot, as binary."""

    oid = 2970


# -- positions -----------------------------------------------------------------


class LsnBinaryLoader(CatalogBinaryLoader):
    """pg_lsn as binary to `str`."""

    native = "howdah_types._native.scalars:LSN"
    _struct: ClassVar[struct.Struct] = struct.Struct("!II")

    def value(self, data: bytes) -> str:
        return "{:X}/{:X}".format(*self._struct.unpack(data))


class LsnBinaryDumper(CatalogBinaryDumper):
    """`str` to pg_lsn, as binary."""

    oid = 3220
    pattern = r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})"
    _struct: ClassVar[struct.Struct] = struct.Struct("!II")

    def pack(self, *fields: str) -> bytes:
        high, low = fields
        return self._struct.pack(int(high, 16), int(low, 16))


class TidBinaryLoader(CatalogBinaryLoader):
    """tid as binary to `str`."""

    native = "howdah_types._native.scalars:TID"
    _struct: ClassVar[struct.Struct] = struct.Struct("!IH")

    def value(self, data: bytes) -> str:
        return "({},{})".format(*self._struct.unpack(data))


class TidBinaryDumper(CatalogBinaryDumper):
    """`str` to tid, as binary."""

    oid = 27
    pattern = r"\((\d+),(\d+)\)"
    _struct: ClassVar[struct.Struct] = struct.Struct("!IH")

    def pack(self, *fields: str) -> bytes:
        block, offset = map(int, fields)
        return self._struct.pack(block, offset)


# -- the catalog ---------------------------------------------------------------


class RegBinaryLoader(CatalogBinaryLoader):
    """regclass and similar types as binary: the value has no name, so loading fails."""

    lossless = False
    _struct: ClassVar[struct.Struct] = struct.Struct("!I")

    def value(self, data: bytes) -> str:
        (oid,) = self._struct.unpack(data)
        raise NotSupportedError(
            f"{type_name(self.oid, self.connection)} in binary format is the oid alone, here {oid},"
            " not the name: ask for text, prepare the query (prepare=True), or cast it to text or oid"
        )


class TextOnlyBinaryLoader(CatalogBinaryLoader):
    """Types without a binary format, or with one that only the server understands."""

    lossless = False

    def value(self, data: bytes) -> str:
        raise NotSupportedError(
            f"{type_name(self.oid, self.connection)} in binary format is for the server alone:"
            " ask for text, prepare the query (prepare=True), or cast it to text"
        )


class VectorBinaryLoader(CatalogBinaryLoader):
    """int2vector and oidvector as binary to `str`: numbers separated by spaces."""

    native = "howdah_types._native.scalars:VECTOR"

    def value(self, data: bytes) -> str:
        dimensions, _, oid, length, _ = _ARRAY.unpack_from(data)
        element = struct.Struct("!ih" if oid == 21 else "!iI")
        items = list(element.iter_unpack(data[_ARRAY.size :]))
        if dimensions != 1 or len(items) != length:
            raise ValueError
        return " ".join([str(number) for _, number in items])


class Int2vectorBinaryDumper(CatalogBinaryDumper):
    """`str` to int2vector, as binary."""

    oid = 22
    pattern = r"\s*((?:-?\d+\s+)*(?:-?\d+)?)\s*"
    _element_oid: ClassVar[int] = 21
    _struct: ClassVar[struct.Struct] = struct.Struct("!ih")

    def pack(self, *fields: str) -> bytes:
        numbers = list(map(int, fields[0].split()))
        size = self._struct.size - _INT4.size
        header = _ARRAY.pack(1, 0, self._element_oid, len(numbers), 0)
        return header + b"".join([self._struct.pack(size, number) for number in numbers])


class OidvectorBinaryDumper(Int2vectorBinaryDumper):
    """`str` to oidvector, as binary."""

    oid = 30
    _element_oid = 26
    _struct = struct.Struct("!iI")


_LOADERS: dict[str, type[CatalogBinaryLoader]] = {
    "xid": XidBinaryLoader,
    "cid": XidBinaryLoader,
    "xid8": Xid8BinaryLoader,
    "pg_snapshot": SnapshotBinaryLoader,
    "txid_snapshot": SnapshotBinaryLoader,
    "pg_lsn": LsnBinaryLoader,
    "tid": TidBinaryLoader,
    "int2vector": VectorBinaryLoader,
    "oidvector": VectorBinaryLoader,
    "regproc": RegBinaryLoader,
    "regprocedure": RegBinaryLoader,
    "regoper": RegBinaryLoader,
    "regoperator": RegBinaryLoader,
    "regclass": RegBinaryLoader,
    "regtype": RegBinaryLoader,
    "regconfig": RegBinaryLoader,
    "regdictionary": RegBinaryLoader,
    "regnamespace": RegBinaryLoader,
    "regrole": RegBinaryLoader,
    "regcollation": RegBinaryLoader,
}

#: The server has no binary format for the first two types. Values of the others are written by ANALYZE and
#: BRIN, and the text of their arrays does not tell the element type.
_TEXT_ONLY = (
    *("aclitem", "gtsvector", "anyarray", "pg_ndistinct", "pg_dependencies", "pg_mcv_list"),
    *("pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"),
)


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    for name, loader in _LOADERS.items():
        register_text_type(name, adapters, loader)
    for dumper in (
        XidBinaryDumper,
        CidBinaryDumper,
        Xid8BinaryDumper,
        SnapshotBinaryDumper,
        TxidSnapshotBinaryDumper,
        LsnBinaryDumper,
        TidBinaryDumper,
        Int2vectorBinaryDumper,
        OidvectorBinaryDumper,
    ):
        adapters.register_dumper(None, dumper)
    for name in _TEXT_ONLY:
        adapters.register_loader(name, TextLoader)
        adapters.register_loader(name, TextOnlyBinaryLoader)
    register_text_dumper("aclitem", adapters)
