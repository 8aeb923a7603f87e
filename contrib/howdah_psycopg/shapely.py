"""`psycopg.types.shapely`: howdah's plugin `postgis` has its adapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from howdah.adapt import AdaptContext, TypeInfo

__all__ = ["register_shapely"]


def register_shapely(info: TypeInfo | None, context: AdaptContext | None = None) -> None:
    """Register the type `geometry`; howdah adapts shapely's geometries without this call, too.

    Args:
        info: the type, as `TypeInfo.fetch` returns it.
        context: a connection, cursor or `AdaptersMap`; None for all connections.

    Raises:
        TypeError: `info` is None: the type was not found in the database.
    """
    if info is None:
        raise TypeError("no info passed. Is the 'postgis' extension loaded?")
    info.register(context)
