"""Enumerated types, which are classes of `enum` in Python.

Source: PostgreSQL documentation, "Enumerated Types".
"""

from __future__ import annotations

import enum as _enum
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

from howdah.adapt import AdaptContext, AdaptersMap, EnumInfo, TypeInfo
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.base import TypeLoader, adapters_of, type_name, type_of
from howdah_types.registering import described, known_type, named, register_by_oid, unadapted
from howdah_types.string import StrDumper, TextBinaryLoader, TextLoader

__all__ = [
    "EnumBinaryDumper",
    "EnumBinaryLoader",
    "EnumDumper",
    "EnumInfo",
    "EnumLoader",
    "EnumMapping",
    "register_adapters",
    "register_enum",
]

#: The labels of members, as a dictionary or in pairs.
EnumMapping: TypeAlias = Mapping[Any, str] | Iterable[tuple[Any, str]]


def _labels(
    enum: type[_enum.Enum], info: TypeInfo | None, mapping: Mapping[Any, str]
) -> dict[_enum.Enum, str]:
    """Return the label of each member: its name, or its value if only the value is a label of the type."""
    labels = info.labels if isinstance(info, EnumInfo) else ()
    found = {}
    for member in enum:
        by_value = member.name not in labels and member.value in labels
        found[member] = str(member.value) if by_value else member.name
    return {**found, **mapping}


class EnumDumper(StrDumper):
    """Members of an enum class to their labels, as text; to their names if the class is not registered."""

    oid = 0
    native = "howdah_types._native.scalars:ENUM"
    #: The class, None for any.
    enum: ClassVar[type[_enum.Enum] | None] = None
    #: The labels that differ from the name of their member.
    mapping: ClassVar[Mapping[Any, str]] = {}

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        info = adapters_of(context).types.get(self.oid)
        #: The label of each member.
        self.labels = {} if self.enum is None else _labels(self.enum, info, self.mapping)

    def text(self, obj: Any) -> bytes:
        label = self.labels.get(obj) if isinstance(obj, _enum.Enum) else obj
        if label is None:
            label = obj.name
        if not isinstance(label, str):
            raise DataError(
                f"{type_of(obj)} cannot be dumped to the type {type_name(self.oid, self.connection)}"
            )
        return super().text(label)


class EnumBinaryDumper(EnumDumper):
    """Members of an enum class to their labels, as binary, which is the same as text."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:ENUM"


class EnumLoader(TypeLoader):
    """Labels of an enumerated type as text to the members of a class."""

    native = "howdah_types._native.scalars:ENUM"
    #: The class, None to create one with the labels as names.
    enum: ClassVar[type[_enum.Enum] | None] = None
    #: Members, and their labels that differ from the name; a member may have several.
    mapping: ClassVar[tuple[tuple[Any, str], ...]] = ()

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        info = adapters_of(context).types.get(oid)
        if self.enum is None:
            info = described(adapters_of(context), oid, EnumInfo, "an enum")
            self._enum = _make_enum(info.name, tuple(info.labels))
        else:
            self._enum = self.enum
        decode = TextLoader(oid, context)
        encoding = decode.encoding or "utf-8"
        members: dict[str, Any] = dict(self._enum.__members__)
        members.update((label, member) for member, label in _labels(self._enum, info, {}).items())
        members.update((label, member) for member, label in self.mapping)
        #: The member for each label, in the client encoding.
        self.members: dict[bytes, Any] = {}
        for label, member in members.items():
            try:
                self.members[label.encode(encoding)] = member
            except UnicodeEncodeError:
                pass  # the server cannot send that label either

    def value(self, data: bytes) -> Any:
        try:
            return self.members[data]
        except KeyError:
            raise DataError(
                f"{self._enum.__name__} has no member for the label that the server sent"
                f" of the type {type_name(self.oid, self.connection)}"
            ) from None


class EnumBinaryLoader(EnumLoader):
    """Labels of an enumerated type as binary, which is the same as text, to the members of a class."""

    format = Format.BINARY
    native = "howdah_types._native.scalars:ENUM"


@lru_cache
def _make_enum(name: str, labels: tuple[str, ...]) -> type[_enum.Enum]:
    try:
        made = _enum.Enum(name.title(), labels, module=__name__)  # type: ignore[misc]
    except (TypeError, ValueError) as error:
        raise DataError(
            f"the labels of the type {name!r} cannot be the names of a Python enum: {error};"
            " register a class of your own with register_enum()"
        ) from error
    assert isinstance(made, type)
    return made


def register_enum(
    info: EnumInfo | str,
    context: AdaptContext | None = None,
    enum: type[_enum.Enum] | None = None,
    *,
    mapping: EnumMapping | None = None,
) -> None:
    """Adapt an enumerated type to a class of `enum`, and the class to the type.

    Args:
        info: the type, from `EnumInfo.fetch`; or its name, which is then
            looked up on each connection that needs it.
        context: the connection, cursor or adapters to register on; None for the default driver.
        enum: the class; None to create one with the labels as names.
        mapping: the labels of members, as a dictionary or in pairs. The label
            of any other member is its name or, if the type has no such label,
            its value. If a member has several labels, all are loaded as the
            member, which is dumped as the last one.

    Raises:
        TypeError: `info` is neither a type nor a name.
    """
    adapters = adapters_of(context)
    key = known_type(info, "enum", adapters)
    if enum is None and isinstance(info, EnumInfo):
        enum = _make_enum(info.name, tuple(info.labels))
    pairs = tuple(mapping.items() if isinstance(mapping, Mapping) else mapping or ())
    namespace: dict[str, Any] = {"enum": enum, "mapping": pairs, "native": EnumLoader.native}
    for loader in (EnumLoader, EnumBinaryLoader):
        adapters.register_loader(key, type(loader.__name__, (loader,), namespace))
    namespace = {**namespace, **named(key), "mapping": dict(pairs)}
    for dumper in (EnumBinaryDumper, EnumDumper):
        adapters.register_dumper(enum, type(dumper.__name__, (dumper,), namespace))
    if isinstance(info, EnumInfo):
        info.enum = enum


def adapt(info: TypeInfo, adapters: AdaptersMap) -> None:
    """Adapt an enumerated type that was found, if it has no adapters: its labels are `str`."""
    if not isinstance(info, EnumInfo):
        return
    if unadapted(adapters, info):
        adapters.register_loader(info.oid, TextLoader)
        adapters.register_loader(info.oid, TextBinaryLoader)
    register_by_oid(adapters, info, EnumBinaryDumper, EnumDumper)


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(_enum.Enum, EnumBinaryDumper)
    adapters.register_dumper(_enum.Enum, EnumDumper)
