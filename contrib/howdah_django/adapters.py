"""The adapters that Django's connections have."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db.backends.postgresql.psycopg_any import get_adapters_template

from howdah.adapt import AdaptersMap
from howdah_types.datetime import TimestamptzBinaryLoader, TimestamptzLoader
from howdah_types.numeric import FloatLoader

if TYPE_CHECKING:
    from datetime import tzinfo

__all__ = ["adapters_in_zone"]


@lru_cache
def adapters_in_zone(use_tz: bool, zone: tzinfo | None) -> AdaptersMap:
    """Return adapters as Django wants them, which load timestamptz natively.

    Args:
        use_tz: the setting USE_TZ.
        zone: the time zone of loaded values, None for naive ones.
    """
    adapters = AdaptersMap(get_adapters_template(use_tz, zone))
    for cls in (TimestamptzLoader, TimestamptzBinaryLoader):
        loader: Any = cls.in_zone(zone)
        # By this attribute Django finds out, for each cursor, whether the zone is still the wanted one.
        loader.timezone = zone
        adapters.register_loader("timestamptz", loader)
    # The number that PostgreSQL writes, rather than that of exactly the same value.
    adapters.register_loader("float4", FloatLoader)
    return adapters
