"""None, which is NULL of any type."""

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
    """`None` to NULL, where binary is asked for."""

    format = Format.BINARY


def register_adapters(adapters: AdaptersMap) -> None:
    """Register this module's adapters."""
    adapters.register_dumper(type(None), NoneBinaryDumper)
    adapters.register_dumper(type(None), NoneDumper)
