"""Python objects as SQL literals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt.base import AdaptContext, Dumper, PyFormat
from howdah.adapt.encodings import codec_of, encoded
from howdah.adapt.oids import TEXT
from howdah.adapt.types import FIRST_NORMAL_OID

if TYPE_CHECKING:
    from howdah.adapt.types import TypesRegistry

__all__ = ["as_literal", "cast_to", "quoted", "type_name"]


def as_literal(obj: Any, context: AdaptContext | None = None) -> bytes:
    """Return an object as an SQL literal, with a cast where PostgreSQL might take it for another type.

    Args:
        obj: any object that can be a parameter.
        context: the connection or cursor whose adapters and encoding are used; None for the default
            adapters and UTF-8.

    Raises:
        howdah.ProgrammingError: nothing adapts objects of that class.
    """
    if obj is None:
        return b"NULL"
    if context is not None:
        adapters = context.adapters
    else:
        import howdah

        adapters = howdah.adapters
    cls = type(obj)
    dumper = adapters.get_dumper(cls, PyFormat.TEXT, obj)(cls, context)
    if dumper.get_key(obj, PyFormat.TEXT) is not cls:
        dumper = dumper.upgrade(obj, PyFormat.TEXT)
    return quoted(obj, dumper, adapters.types, context.connection if context is not None else None)


def quoted(obj: Any, dumper: Dumper, types: TypesRegistry, connection: Any) -> bytes:
    """Return an object as an SQL literal, as its dumper quotes it, with a cast if need be.

    Args:
        obj: the object.
        dumper: the dumper for it.
        types: the known types.
        connection: the connection, whose encoding is used; None for UTF-8.
    """
    literal = bytes(memoryview(dumper.quote(obj)))
    return literal + cast_to(dumper.oid, types, connection) if literal.endswith(b"'") else literal


def cast_to(oid: int, types: TypesRegistry, connection: Any) -> bytes:
    """Return the cast that goes behind a literal in quotes; empty if the type is text, or unknown.

    Such a literal has no type yet: without a cast it becomes text where no context decides.

    Args:
        oid: the type's oid.
        types: the known types.
        connection: the connection, whose encoding is used; None for UTF-8.
    """
    name = type_name(oid, types) if oid and oid != TEXT else None
    return b"" if name is None else b"::" + encoded(name, codec_of(connection))


def type_name(oid: int, types: TypesRegistry | None) -> str | None:
    """Return the name of a type for use in SQL, None if the type is unknown.

    Args:
        oid: the type's oid, or that of its array type.
        types: the known types.
    """
    info = types.get(oid) if types is not None else None
    if info is None:
        return None
    # PostgreSQL's own types have short names ("timestamptz"). The full name of any other type has its schema,
    # and quotes where they are needed ("\"char\"").
    short = info.oid < FIRST_NORMAL_OID and not info.regtype.startswith('"')
    name = info.name if short else info.regtype
    return f"{name}[]" if oid == info.array_oid else name
