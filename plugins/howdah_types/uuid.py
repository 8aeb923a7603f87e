"""uuid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["UUIDBinaryDumper", "UUIDBinaryLoader", "UUIDDumper", "UUIDLoader", "register_adapters"]


class UUIDDumper(TypeDumper):
    """`uuid.UUID` to uuid, as text."""

    oid = 2950
    native = "howdah_types._native.scalars:UUID"

    def text(self, obj: UUID) -> bytes:
        return obj.hex.encode()


class UUIDBinaryDumper(UUIDDumper):
    """`uuid.UUID` to uuid, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:UUID"

    def dump(self, obj: UUID) -> bytes:
        return obj.bytes


class UUIDLoader(TypeLoader):
    """uuid as text to `uuid.UUID`."""

    native = "howdah_types._native.scalars:UUID"

    # The module uuid is slow to import, so it is imported with the first value.
    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        from uuid import UUID

        super().__init__(oid, context)
        self._uuid: Any = UUID

    def value(self, data: bytes) -> UUID:
        uuid: UUID = self._uuid(data.decode())
        return uuid


class UUIDBinaryLoader(UUIDLoader):
    """uuid as binary to `uuid.UUID`."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:UUID"

    def value(self, data: bytes) -> UUID:
        uuid: UUID = self._uuid(bytes=data)
        return uuid


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper("uuid.UUID", UUIDDumper)
    adapters.register_dumper("uuid.UUID", UUIDBinaryDumper)
    adapters.register_loader("uuid", UUIDLoader)
    adapters.register_loader("uuid", UUIDBinaryLoader)
