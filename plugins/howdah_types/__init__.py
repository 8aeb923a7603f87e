"""Adapters for PostgreSQL's own types, a plugin of howdah."""

from __future__ import annotations

from types import ModuleType

from howdah.adapt import AdaptersMap, TypeInfo
from howdah.hookspecs import hookimpl
from howdah_types import (
    array,
    bits,
    boolean,
    catalog,
    composite,
    datetime,
    domain,
    enum,
    geometry,
    json,
    money,
    multirange,
    network,
    none,
    numeric,
    numpy,
    range,
    search,
    string,
    uuid,
)
from howdah_types.oids import register_types

__all__ = ["TypeInfo", "howdah_register_adapters", "howdah_type_resolved"]

# The arrays come last: they are those of the types that are known by then.
_MODULES: tuple[ModuleType, ...] = (
    *(none, boolean, string, numeric, numpy, datetime, uuid, json),
    *(bits, network, geometry, search, money, catalog),
    *(enum, composite, range, multirange),
    array,
)


@hookimpl
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of all of this package's modules."""
    register_types(adapters.types)
    for module in _MODULES:
        module.register_adapters(adapters)


@hookimpl(tryfirst=True)  # what other plugins register for it counts
def howdah_type_resolved(adapters: AdaptersMap, info: TypeInfo) -> None:
    """Adapt a type that has been found in a database as far as nobody has, and its arrays."""
    for module in (enum, domain, range, multirange, composite):
        module.adapt(info, adapters)
    array.register_array(info, adapters)
