"""The registry between Python objects and PostgreSQL values."""

from __future__ import annotations

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
    "TypeInfo",
    "TypesRegistry",
    "quote_literal",
]
