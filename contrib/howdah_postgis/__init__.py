"""PostGIS' geometry and geography as shapely's geometries, their SRID kept.

They travel as extended WKB. A geometry is sent as geometry, which PostGIS casts to geography by itself where
that is expected.

shapely is imported with the first geometry; without it, geometries come as the hexadecimal digits of that
WKB.
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
