"""The adapters of `bool`, in the module that psycopg has them in."""

from __future__ import annotations

from howdah_types.boolean import BoolBinaryDumper, BoolBinaryLoader, BoolDumper, BoolLoader

__all__ = ["BoolBinaryDumper", "BoolBinaryLoader", "BoolDumper", "BoolLoader"]
