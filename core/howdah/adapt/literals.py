"""Python objects as SQL literals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt.base import AdaptContext, Dumper
from howdah.adapt.encodings import codec_of, encoded
from howdah.adapt.oids import TEXT
from howdah.adapt.types import FIRST_NORMAL_OID

if TYPE_CHECKING:
    from collections.abc import Iterable

    from howdah.adapt.transformer import Transformer
    from howdah.adapt.types import TypesRegistry

__all__ = ["as_literals", "cast_to", "quoted", "type_name"]


def as_literals(objs: Iterable[Any], context: AdaptContext | None = None) -> list[bytes]:
    """Return objects as SQL literals, with casts where PostgreSQL might take them for another type.

    Args:
        objs: any objects that can be parameters.
        context: the connection or cursor whose adapters and encoding are used; None for the default
            adapters and UTF-8.

    Raises:
        howdah.ProgrammingError: nothing adapts objects of a class.
    """
    # Connections and cursors have one, whose dumpers are kept.
    transformer = getattr(context, "_transformer", None)
    if transformer is None:
        transformer = _transformer_of(context)
    literals: list[bytes] = transformer.encoder.literals(objs)
    return literals


def _transformer_of(context: AdaptContext | None) -> Transformer:
    """Return a transformer for a context that has none; that without a context is kept."""
    global _default
    from howdah.adapt.transformer import Transformer

    if context is not None:
        return Transformer.from_context(context)
    import howdah

    if _default is None or _default.adapters is not howdah.adapters:
        _default = Transformer()
    return _default


#: The transformer for literals outside of any connection.
_default: Transformer | None = None


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
    """Return the cast that follows a literal in quotes; empty if the type is text or unknown.

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
