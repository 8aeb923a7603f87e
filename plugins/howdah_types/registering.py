"""Common parts of registering user-defined types of any kind."""

from __future__ import annotations

from typing import Any

from howdah.adapt import AdaptContext, AdaptersMap, Dumper, Loader, TypeInfo
from howdah.adapt.nesting import nesting
from howdah.errors import ProgrammingError
from howdah.pq import Format
from howdah_types.base import adapters_of, part_loader
from howdah_types.string import ByteaBinaryLoader, TextLoader

__all__ = ["described", "known_type", "loader_of_part", "named", "register_by_oid", "unadapted"]


def known_type(info: TypeInfo | str | None, kind: str, adapters: AdaptersMap) -> int | str:
    """Add a type to adapters, and return the key to register its loaders under.

    Args:
        info: the type, or its name, which is then looked up when it is needed.
        kind: the kind of the type, for the message.
        adapters: the adapters to add the type to.

    Raises:
        TypeError: `info` is neither; for a type that does not exist, `fetch` returns None.
    """
    if isinstance(info, str):
        return info
    if isinstance(info, TypeInfo):
        info.register(adapters)
        return info.oid
    if info is None:
        raise TypeError(f"no {kind} was passed: is it in the database that was asked for it?")
    raise TypeError(f"the {kind} is given as its TypeInfo or its name, not as {info!r}")


def named(key: int | str) -> dict[str, Any]:
    """Return the class attributes that set the type of a dumper."""
    return {"type_name": key} if isinstance(key, str) else {"oid": key, "type_name": None}


def described(adapters: AdaptersMap, oid: int, cls: type[Any], kind: str) -> Any:
    """Return the description of a type, which must be of a given kind.

    Args:
        adapters: the adapters that have the type.
        oid: the type's oid.
        cls: the subclass of `TypeInfo` that describes the kind.
        kind: the name of the kind, for the message.

    Raises:
        howdah.ProgrammingError: the type is of another kind.
    """
    info = adapters.types.get(oid)
    if isinstance(info, cls) and info.oid == oid:
        return info
    name = f"the type with oid {oid}" if info is None else f"the type {info.name!r}"
    raise ProgrammingError(
        f"{name} was registered as {kind}, but is not known to be one: {cls.__name__}.fetch() it"
    )


def loader_of_part(oid: int, format: Format, context: AdaptContext | None, encoding: str = "utf-8") -> Loader:
    """Return the loader for the parts of a value; by default, one to `str`, or to `bytes` if binary.

    Args:
        oid: the oid of the type of the parts.
        format: the format of the value.
        context: the connection or cursor that the value comes from.
        encoding: the result of `syntax_encoding` for the loader of the value.
    """
    loader = adapters_of(context).get_loader(oid, format)
    if loader is None:
        loader = TextLoader if format == Format.TEXT else ByteaBinaryLoader
    with nesting:
        return part_loader(loader(oid, context), encoding)


def unadapted(adapters: AdaptersMap, info: TypeInfo) -> bool:
    """Return whether a type has no loader."""
    return not any(adapters.get_loader(info.oid, format) for format in Format)


def register_by_oid(adapters: AdaptersMap, info: TypeInfo, *dumpers: type[Dumper]) -> None:
    """Register dumpers by the oid of a type, unless it has some.

    Args:
        adapters: the adapters to register on.
        info: the type.
        dumpers: a dumper for each format.
    """
    for dumper in dumpers:
        try:
            adapters.get_dumper_by_oid(info.oid, dumper.format)
        except ProgrammingError:
            namespace = {**named(info.oid), "native": dumper.__dict__.get("native")}
            adapters.register_dumper(None, type(dumper.__name__, (dumper,), namespace))
