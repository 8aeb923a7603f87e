"""The names of `psycopg` that belong to the driver of its connections."""

from __future__ import annotations

from howdah_psycopg.connection import Connection

__all__ = ["adapters", "connect", "types"]

connect = Connection.connect
adapters = Connection.driver.adapters
types = adapters.types
