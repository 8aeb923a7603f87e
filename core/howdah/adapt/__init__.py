"""Adaptation: Python objects to PostgreSQL values, and back.

All names are imported when they are first used. A package that imports its own modules fails in one of two
threads that import it and one of these modules at once.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from howdah.lazy.importing import CompleteModule, on_first_use

if TYPE_CHECKING:
    from howdah.adapt.base import AdaptContext, Dumper, DumperKey, Loader, PyFormat
    from howdah.adapt.quoting import quote_literal
    from howdah.adapt.recursive import RecursiveDumper, RecursiveLoader
    from howdah.adapt.registry import AdaptersMap
    from howdah.adapt.transformer import Transformer
    from howdah.adapt.types import (
        CompositeInfo,
        DomainInfo,
        EnumInfo,
        MultirangeInfo,
        RangeInfo,
        TypeInfo,
        TypesRegistry,
    )
else:
    __getattr__ = on_first_use(
        __name__,
        {
            "base": ("AdaptContext", "Dumper", "DumperKey", "Loader", "PyFormat"),
            "quoting": ("quote_literal",),
            "recursive": ("RecursiveDumper", "RecursiveLoader"),
            "registry": ("AdaptersMap",),
            "transformer": ("Transformer",),
            "types": (
                *("CompositeInfo", "DomainInfo", "EnumInfo", "MultirangeInfo", "RangeInfo"),
                *("TypeInfo", "TypesRegistry"),
            ),
        },
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
