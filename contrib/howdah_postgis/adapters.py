"""Adapters for geometries, as extended WKB in binary format and its hexadecimal digits in text format.

Source: PostGIS documentation, ST_AsEWKB and "OGC WKB".
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from howdah.adapt import AdaptContext, Dumper, Loader, quote_literal
from howdah.errors import DataError
from howdah.pq import Format

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry
    from typing_extensions import Buffer

__all__ = ["DUMPERS", "GeometryBinaryLoader", "GeometryLoader"]


def _shapely() -> Any:
    """Return shapely, None if it is not installed."""
    if find_spec("shapely") is None:
        return None
    import shapely

    return shapely


class GeometryDumper(Dumper):
    """A shapely geometry to geometry, as text."""

    type_name = "geometry"

    def dump(self, obj: BaseGeometry) -> bytes:
        return self._ewkb(obj).hex().encode()

    def quote(self, obj: BaseGeometry) -> bytes:
        return quote_literal(self._ewkb(obj).hex().encode())

    def _ewkb(self, obj: BaseGeometry) -> bytes:
        import shapely

        # A linear ring, the border of a polygon, is sent as a line string.
        data: bytes = shapely.to_wkb(obj, include_srid=True, flavor="extended")
        return data


class GeometryBinaryDumper(GeometryDumper):
    """A shapely geometry to geometry, as binary."""

    format = Format.BINARY

    def dump(self, obj: BaseGeometry) -> bytes:
        return self._ewkb(obj)


class GeographyDumper(GeometryDumper):
    """A shapely geometry to geography, as text."""

    type_name = "geography"


class GeographyBinaryDumper(GeometryBinaryDumper):
    """A shapely geometry to geography, as binary."""

    type_name = "geography"


class GeometryLoader(Loader):
    """Geometry or geography as text to a shapely geometry, or to str without shapely."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._shapely = _shapely()

    def load(self, data: Buffer) -> Any:
        try:
            text = bytes(data).decode()
        except UnicodeDecodeError:
            raise DataError("the server sent what is no geometry") from None
        return text if self._shapely is None else _loaded(self._shapely, text)


class GeometryBinaryLoader(Loader):
    """Geometry or geography as binary to a shapely geometry, or to str without shapely."""

    format = Format.BINARY

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._shapely = _shapely()

    def load(self, data: Buffer) -> Any:
        ewkb = bytes(data)
        return ewkb.hex().upper() if self._shapely is None else _loaded(self._shapely, ewkb)


def _loaded(shapely: Any, ewkb: bytes | str) -> Any:
    """Return the geometry for an extended WKB."""
    try:
        return shapely.from_wkb(ewkb)
    except (ValueError, shapely.errors.GEOSException) as error:
        raise DataError(f"shapely cannot represent a geometry of PostGIS: {error}") from error


DUMPERS = {
    "geometry": (GeometryDumper, GeometryBinaryDumper),
    "geography": (GeographyDumper, GeographyBinaryDumper),
}
