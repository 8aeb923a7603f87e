"""`psycopg.types.shapely`: shapely's geometries, with the adapters of howdah's plugin `postgis`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shapely.geometry.base import BaseGeometry

from howdah.adapt.base import adapters_of
from howdah_postgis.adapters import (
    GeometryBinaryDumper,
    GeometryBinaryLoader,
    GeometryDumper,
    GeometryLoader,
)

if TYPE_CHECKING:
    from howdah.adapt import AdaptContext, TypeInfo

__all__ = [
    "GeometryBinaryDumper",
    "GeometryBinaryLoader",
    "GeometryDumper",
    "GeometryLoader",
    "register_shapely",
]


def register_shapely(info: TypeInfo | None, context: AdaptContext | None = None) -> None:
    """Adapt the type `geometry` to shapely's geometries, and back.

    Args:
        info: the type, as `TypeInfo.fetch` returns it.
        context: a connection, cursor or `AdaptersMap`; None for all connections.

    Raises:
        TypeError: `info` is None: the type was not found in the database.
    """
    if info is None:
        raise TypeError("no info passed. Is the 'postgis' extension loaded?")
    info.register(context)
    adapters = adapters_of(context)
    adapters.register_loader(info.oid, GeometryLoader)
    adapters.register_loader(info.oid, GeometryBinaryLoader)
    for dumper in (GeometryDumper, GeometryBinaryDumper):
        adapters.register_dumper(BaseGeometry, type(dumper.__name__, (dumper,), {"oid": info.oid}))
