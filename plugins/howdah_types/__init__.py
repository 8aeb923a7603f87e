"""Adapters for PostgreSQL's everyday types, a plugin of howdah."""

from __future__ import annotations

from howdah.adapt import AdaptersMap, TypeInfo
from howdah.hookspecs import hookimpl
from howdah_types import (
    array,
    boolean,
    composite,
    datetime,
    domain,
    enum,
    json,
    multirange,
    none,
    numeric,
    range,
    string,
    uuid,
)
from howdah_types.oids import register_types

__all__ = ["TypeInfo", "howdah_register_adapters", "howdah_type_resolved"]


@hookimpl
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of all of this package's modules."""
    register_types(adapters.types)
    scalars = (none, boolean, string, numeric, datetime, uuid, json)
    for module in (*scalars, enum, composite, range, multirange, array):
        module.register_adapters(adapters)


@hookimpl
def howdah_type_resolved(adapters: AdaptersMap, info: TypeInfo) -> None:
    """Adapt a type that has been found in a database as far as nobody has, and its arrays."""
    for module in (enum, domain, range, multirange, composite):
        module.adapt(info, adapters)
    array.register_array(info, adapters)
