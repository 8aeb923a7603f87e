"""None, which is dumped as NULL."""

from __future__ import annotations

from howdah.adapt import AdaptersMap, Dumper
from howdah.pq import Format

__all__ = ["NoneBinaryDumper", "NoneDumper", "register_adapters"]


class NoneDumper(Dumper):
    """`None` to NULL."""

    def dump(self, obj: None) -> None:
        return None

    def quote(self, obj: None) -> bytes:
        return b"NULL"


class NoneBinaryDumper(NoneDumper):
    """`None` to NULL, in binary format."""

    format = Format.BINARY


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(type(None), NoneBinaryDumper)
    adapters.register_dumper(type(None), NoneDumper)
