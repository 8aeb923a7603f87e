"""Adaptation: Python objects to PostgreSQL values, and back.

`Transformer`, `RecursiveDumper` and `RecursiveLoader` are imported when they are first used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from howdah.adapt.base import AdaptContext, Dumper, DumperKey, Loader, PyFormat
from howdah.adapt.quoting import quote_literal
from howdah.adapt.registry import AdaptersMap
from howdah.adapt.types import (
    CompositeInfo,
    DomainInfo,
    EnumInfo,
    MultirangeInfo,
    RangeInfo,
    TypeInfo,
    TypesRegistry,
)
from howdah.lazy.importing import CompleteModule, on_first_use

if TYPE_CHECKING:
    from howdah.adapt.recursive import RecursiveDumper, RecursiveLoader
    from howdah.adapt.transformer import Transformer
else:
    __getattr__ = on_first_use(
        __name__, {"recursive": ("RecursiveDumper", "RecursiveLoader"), "transformer": ("Transformer",)}
    )

__all__ = [
    "AdaptContext",
    "AdaptersMap",
    "CompositeInfo",
    "DomainInfo",
    "Dumper",
    "DumperKey",
    "EnumInfo",
    "Loader",
    "MultirangeInfo",
    "PyFormat",
    "RangeInfo",
    "RecursiveDumper",
    "RecursiveLoader",
    "Transformer",
    "TypeInfo",
    "TypesRegistry",
    "quote_literal",
]

sys.modules[__name__].__class__ = CompleteModule
