"""Adapting without a connection: dumpers and loaders, used as the kernel does, in a few lines."""

from __future__ import annotations

from typing import Any, NamedTuple

import howdah_types
from howdah.adapt import AdaptContext, AdaptersMap, Dumper, PyFormat
from howdah.pq import Format

ADAPTERS = AdaptersMap()
howdah_types.howdah_register_adapters(ADAPTERS)


class Info:
    """What adapters ask of `connection.info`."""

    def __init__(self, encoding: str = "utf-8", timezone: Any = None, **parameters: str) -> None:
        self.encoding = encoding
        self.timezone = timezone
        self.parameters = parameters

    def parameter_status(self, name: str) -> str | None:
        return self.parameters.get(name)


class Context:
    """A connection that is nothing but its settings."""

    def __init__(self, **settings: Any) -> None:
        self.adapters = AdaptersMap(ADAPTERS)
        self.info = Info(**settings)
        self.connection = self.kernel = self

    def request_type_lookup(self) -> None:
        """Do nothing: there is no server that knows types."""


def resolving() -> Context:
    """Return a context that tells of the types added to it, as a driver's adapters do."""
    context = Context()
    context.adapters.on_type_added(howdah_types.howdah_type_resolved)
    return context


class Dumped(NamedTuple):
    oid: int
    format: Format
    data: bytes | None


def dumper(obj: Any, format: PyFormat = PyFormat.AUTO, context: AdaptContext = ADAPTERS) -> Dumper:
    found = context.adapters.get_dumper(type(obj), format)(type(obj), context)
    return found if found.get_key(obj, format) is type(obj) else found.upgrade(obj, format)


def dump(obj: Any, format: PyFormat = PyFormat.AUTO, context: AdaptContext = ADAPTERS) -> Dumped:
    used = dumper(obj, format, context)
    data = used.dump(obj)
    return Dumped(used.oid, used.format, None if data is None else bytes(data))


def load(type_name: str, format: Format, data: bytes, context: AdaptContext = ADAPTERS) -> Any:
    oid = context.adapters.types.get_oid(type_name)
    loader = context.adapters.get_loader(oid, format)
    assert loader is not None
    return loader(oid, context).load(data)


def quote(obj: Any, context: AdaptContext = ADAPTERS) -> bytes:
    return dumper(obj, PyFormat.TEXT, context).quote(obj)
