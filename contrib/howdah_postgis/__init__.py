"""PostGIS' geometry and geography as shapely's geometries, with their SRID.

The format on the wire is extended WKB. Geometries are sent as geometry, which PostGIS casts to geography
where it expects that.

shapely is imported with the first geometry. Without it, geometries are loaded as the hexadecimal digits of
the WKB.
"""

from __future__ import annotations

from howdah.adapt import AdaptersMap
from howdah.hookspecs import hookimpl

__all__ = ["howdah_register_adapters"]


@hookimpl
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of both types."""
    adapters.register_lazy(
        _register, classes=["shapely.geometry.base.BaseGeometry"], types=["geometry", "geography"]
    )


def _register(adapters: AdaptersMap) -> None:
    from howdah_postgis.adapters import DUMPERS, GeometryBinaryLoader, GeometryLoader

    for name, dumpers in DUMPERS.items():
        for dumper in dumpers:
            adapters.register_dumper(
                "shapely.geometry.base.BaseGeometry" if name == "geometry" else None, dumper
            )
        adapters.register_loader(name, GeometryLoader)
        adapters.register_loader(name, GeometryBinaryLoader)
