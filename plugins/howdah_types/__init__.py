"""Adapters for PostgreSQL's everyday types, a plugin of howdah."""

from __future__ import annotations

from howdah.adapt import AdaptersMap, TypeInfo
from howdah.hookspecs import hookimpl
from howdah_types import array, boolean, datetime, json, none, numeric, string, uuid
from howdah_types.oids import register_types

__all__ = ["TypeInfo", "howdah_register_adapters", "howdah_type_resolved"]


@hookimpl
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of all of this package's modules."""
    register_types(adapters.types)
    for module in (none, boolean, string, numeric, datetime, uuid, json, array):
        module.register_adapters(adapters)


@hookimpl
def howdah_type_resolved(adapters: AdaptersMap, info: TypeInfo) -> None:
    """Adapt the arrays of a type that has been found in a database by its name."""
    array.register_array(info, adapters)
