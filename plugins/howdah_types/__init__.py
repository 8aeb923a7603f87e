"""Adapters for PostgreSQL's own types, a plugin of howdah."""

from __future__ import annotations

import builtins
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import GeneratorType
from typing import Any

from howdah import __impl__
from howdah.adapt import AdaptersMap, TypeInfo, TypesRegistry
from howdah.hookspecs import hookimpl
from howdah_types import boolean, none, numeric, string
from howdah_types.oids import register_types

__all__ = [
    "TypeInfo",
    "TypesRegistry",
    "howdah_capabilities",
    "howdah_register_adapters",
    "howdah_type_resolved",
]

#: The modules to import lazily, each with the classes and the types of its adapters.
_LATER = {
    "numpy": (
        """
        numpy.bool numpy.bool_ numpy.int8 numpy.uint8 numpy.int16 numpy.uint16 numpy.int32 numpy.intc
        numpy.uint32 numpy.uintc numpy.int64 numpy.longlong numpy.uint64 numpy.ulonglong numpy.float16
        numpy.float32 numpy.float64 numpy.datetime64 numpy.timedelta64
        """,
        "",
    ),
    "textual": ("", 'bpchar "char" xml refcursor jsonpath citext ltree lquery ltxtquery'),
    "decimal": ("decimal.Decimal", "numeric"),
    "datetime": (
        "datetime.date datetime.time datetime.datetime datetime.timedelta",
        "date time timetz timestamp timestamptz interval",
    ),
    "uuid": ("uuid.UUID", "uuid"),
    "json": ("howdah_types.json.Json howdah_types.json.Jsonb", "json jsonb"),
    "bits": ("", "bit varbit"),
    "network": (
        """
        ipaddress.IPv4Address ipaddress.IPv4Interface ipaddress.IPv4Network
        ipaddress.IPv6Address ipaddress.IPv6Interface ipaddress.IPv6Network
        """,
        "inet cidr macaddr macaddr8",
    ),
    "geometry": ("", "point line lseg box path polygon circle"),
    "search": ("", "tsvector tsquery"),
    "money": ("", "money"),
    "catalog": (
        "",
        """
        xid cid xid8 pg_snapshot txid_snapshot pg_lsn tid int2vector oidvector regproc regprocedure regoper
        regoperator regclass regtype regconfig regdictionary regnamespace regrole regcollation aclitem
        gtsvector anyarray pg_ndistinct pg_dependencies pg_mcv_list pg_brin_bloom_summary
        pg_brin_minmax_multi_summary
        """,
    ),
    "enum": ("enum.Enum", ""),
    "composite": ("builtins.tuple", "record"),
    "range": (
        """
        howdah_types.range.Range howdah_types.range.Int4Range howdah_types.range.Int8Range
        howdah_types.range.NumericRange howdah_types.range.DateRange howdah_types.range.TimestampRange
        howdah_types.range.TimestamptzRange
        """,
        "int4range int8range numrange daterange tsrange tstzrange",
    ),
    "multirange": (
        """
        howdah_types.multirange.Multirange howdah_types.multirange.Int4Multirange
        howdah_types.multirange.Int8Multirange howdah_types.multirange.NumericMultirange
        howdah_types.multirange.DateMultirange howdah_types.multirange.TimestampMultirange
        howdah_types.multirange.TimestamptzMultirange
        """,
        "int4multirange int8multirange nummultirange datemultirange tsmultirange tstzmultirange",
    ),
    "array": ("builtins.list", ""),
}


#: Classes of several values that are not adapted themselves. (`range` may be the module of that name.)
_SEVERAL: tuple[type, ...] = (
    set,
    frozenset,
    builtins.range,
    GeneratorType,
    type({}.keys()),
    type({}.values()),
)

#: Modules that register adapters only when a program calls them.
_MODULES = frozenset({"bool", "domain", "hstore", "limits", "net"})


@hookimpl
def howdah_capabilities() -> list[str]:
    """Announce the adapters of Python's and PostgreSQL's own types."""
    return ["types"]


@hookimpl
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of all modules of this package."""
    if __impl__ == "native" and find_spec("howdah_types._native.scalars") is not None:
        import_module("howdah_types._native.scalars")  # so that the first row is not delayed
    register_types(adapters.types)
    for module in (none, boolean, string, numeric):
        module.register_adapters(adapters)
    for name, (classes, types) in _LATER.items():
        adapters.register_lazy(partial(_register, name), classes=classes.split(), types=types.split())
    for info in adapters.types:
        if info.array_oid:
            adapters.register_lazy(partial(_register_array, info), types=[info.array_oid])
    adapters.advise(dict, "wrap it in Json or Jsonb, of howdah_types.json")
    for cls in _SEVERAL:
        adapters.advise(cls, "pass a list of its values, which is sent as an array")


@hookimpl(tryfirst=True)  # so that adapters from other plugins take precedence
def howdah_type_resolved(adapters: AdaptersMap, info: TypeInfo) -> None:
    """Register adapters for a type that was found in a database, unless it has some, and for its arrays."""
    from howdah_types import array, composite, domain, enum, multirange, range

    for module in (enum, domain, range, multirange, composite, array):
        module.adapt(info, adapters)


def __getattr__(name: str) -> Any:
    """Return a module of this package, so that `howdah_types.json` needs no import statement."""
    if name in _LATER or name in _MODULES:
        return import_module(f"howdah_types.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _register(name: str, adapters: AdaptersMap) -> None:
    import_module(f"howdah_types.{name}").register_adapters(adapters)


def _register_array(info: TypeInfo, adapters: AdaptersMap) -> None:
    from howdah_types.array import adapt

    adapt(info, adapters)
