"""bool."""

from __future__ import annotations

from typing import Any

from howdah.adapt import AdaptersMap
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader

__all__ = ["BoolBinaryDumper", "BoolBinaryLoader", "BoolDumper", "BoolLoader", "register_adapters"]


_TEXTS = {b"t": True, b"f": False}
_BYTES = {b"\x01": True, b"\x00": False}


class BoolDumper(TypeDumper):
    """`bool` to bool, as text."""

    oid = 16
    native = "howdah_types._native.scalars:BOOL"
    native_quote = "howdah_types._native.scalars:BOOL_LITERAL"

    def text(self, obj: Any) -> bytes:
        return b"t" if obj else b"f"

    def quote(self, obj: Any) -> bytes:
        return b"true" if obj else b"false"


class BoolBinaryDumper(BoolDumper):
    """`bool` to bool, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:BOOL"

    def dump(self, obj: Any) -> bytes:
        return b"\x01" if obj else b"\x00"


class BoolLoader(TypeLoader):
    """bool as text to `bool`."""

    native = "howdah_types._native.scalars:BOOL"

    def value(self, data: bytes) -> bool:
        return _TEXTS[data]


class BoolBinaryLoader(TypeLoader):
    """bool as binary to `bool`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:BOOL"

    def value(self, data: bytes) -> bool:
        return _BYTES[data]


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(bool, BoolDumper)
    adapters.register_dumper(bool, BoolBinaryDumper)
    adapters.register_loader("bool", BoolLoader)
    adapters.register_loader("bool", BoolBinaryLoader)
