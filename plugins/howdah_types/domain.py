"""Domains, whose values are adapted like those of the underlying type.

For a column of a domain the server reports the oid of the underlying type;
within arrays and composite types it reports the oid of the domain.

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
    """A domain as text; instantiating it returns the loader of the underlying type."""

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
    """A domain as binary; instantiating it returns the loader of the underlying type."""

    format = Format.BINARY


class DomainDumper(Dumper):
    """To a domain as text; instantiating it returns the dumper for the underlying type."""

    def __new__(cls, dumped: type, context: AdaptContext | None = None) -> Any:
        adapters = adapters_of(context)
        base_oid = described(adapters, cls.oid, DomainInfo, "a domain").base_oid
        with nesting:
            return adapters.get_dumper_by_oid(base_oid, cls.format)(dumped, context)

    def dump(self, obj: Any) -> Any:
        raise NotImplementedError


class DomainBinaryDumper(DomainDumper):
    """To a domain as binary; instantiating it returns the dumper for the underlying type."""

    format = Format.BINARY


def register_domain(info: DomainInfo | str, context: AdaptContext | None = None) -> None:
    """Adapt a domain like its underlying type; only arrays and composite types of domains need this.

    Args:
        info: the domain, from `DomainInfo.fetch`; or its name, which is then
            looked up on each connection that needs it.
        context: the connection, cursor or adapters to register on; None for the default driver.

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
    """Adapt a domain that was found, if its underlying type has adapters."""
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
