"""The adapters of `bool`, under psycopg's name for the module."""

from __future__ import annotations

from howdah_types.boolean import BoolBinaryDumper, BoolBinaryLoader, BoolDumper, BoolLoader

__all__ = ["BoolBinaryDumper", "BoolBinaryLoader", "BoolDumper", "BoolLoader"]
