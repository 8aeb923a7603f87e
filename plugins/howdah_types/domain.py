"""Domains, whose values are those of the type that they are over.

The server tells the columns of a domain by the type that it is over; within
arrays and composite types it tells the domain.

Source: PostgreSQL documentation, "Domain Types" and "Message Formats", RowDescription.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from howdah.adapt import AdaptContext, AdaptersMap, DomainInfo, Dumper, Loader, TypeInfo
from howdah.adapt.nesting import nesting
from howdah.errors import ProgrammingError
from howdah.pq import Format
from howdah_types.base import adapters_of
from howdah_types.registering import described, known_type, loader_of_part, register_by_oid, unadapted

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "DomainBinaryDumper",
    "DomainBinaryLoader",
    "DomainDumper",
    "DomainInfo",
    "DomainLoader",
    "register_domain",
]


class DomainLoader(Loader):
    """A domain as text: what is made is the loader of the type that it is over."""

    def __new__(cls, oid: int, context: AdaptContext | None = None) -> Any:
        adapters = adapters_of(context)
        base_oid = described(adapters, oid, DomainInfo, "a domain").base_oid
        return loader_of_part(base_oid, cls.format, context)

    @classmethod
    def parts(cls, adapters: AdaptersMap, oid: int) -> Sequence[int]:
        info = adapters.types.get(oid)
        return [info.base_oid] if isinstance(info, DomainInfo) and info.oid == oid else []

    def load(self, data: Buffer) -> Any:
        raise NotImplementedError


class DomainBinaryLoader(DomainLoader):
    """A domain as binary: what is made is the loader of the type that it is over."""

    format = Format.BINARY


class DomainDumper(Dumper):
    """To a domain as text: what is made is the dumper to the type that it is over."""

    def __new__(cls, dumped: type, context: AdaptContext | None = None) -> Any:
        adapters = adapters_of(context)
        base_oid = described(adapters, cls.oid, DomainInfo, "a domain").base_oid
        with nesting:
            return adapters.get_dumper_by_oid(base_oid, cls.format)(dumped, context)

    def dump(self, obj: Any) -> Any:
        raise NotImplementedError


class DomainBinaryDumper(DomainDumper):
    """To a domain as binary: what is made is the dumper to the type that it is over."""

    format = Format.BINARY


def register_domain(info: DomainInfo | str, context: AdaptContext | None = None) -> None:
    """Adapt a domain, which only arrays of it need: within them it is as the type that it is over.

    Args:
        info: the domain, as `DomainInfo.fetch` describes it; or its name, and
            it is looked up on each connection that meets it.
        context: what to register on; the default driver if None.

    Raises:
        TypeError: `info` is neither a type nor a name.
    """
    adapters = adapters_of(context)
    key = known_type(info, "domain", adapters)
    for loader in (DomainLoader, DomainBinaryLoader):
        adapters.register_loader(key, loader)
    if isinstance(info, DomainInfo):
        adapt(info, adapters)


def adapt(info: TypeInfo, adapters: AdaptersMap) -> None:
    """Adapt a domain that has been found, as far as the type that it is over is."""
    if not isinstance(info, DomainInfo):
        return
    if unadapted(adapters, info):
        adapters.register_loader(info.oid, DomainLoader)
        adapters.register_loader(info.oid, DomainBinaryLoader)
    for dumper in (DomainDumper, DomainBinaryDumper):
        try:
            adapters.get_dumper_by_oid(info.base_oid, dumper.format)
        except ProgrammingError:
            continue
        register_by_oid(adapters, info, dumper)
