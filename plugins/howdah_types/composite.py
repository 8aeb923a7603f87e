"""Composite types and records, which are tuples and classes with fields in Python.

Source: PostgreSQL documentation, "Composite Types", "Composite Type Input and
Output Syntax"; for the binary format PostgreSQL's src/backend/utils/adt/rowtypes.c.
"""

from __future__ import annotations

import re
import struct
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from howdah.adapt import (
    AdaptContext,
    AdaptersMap,
    CompositeInfo,
    Dumper,
    DumperKey,
    Loader,
    PyFormat,
    TypeInfo,
)
from howdah.adapt.encodings import as_utf8, dumped, escaped
from howdah.adapt.nesting import nesting
from howdah.adapt.parameters import ParameterEncoder
from howdah.errors import DataError, ProgrammingError
from howdah.errors.context import nesting_error
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import (
    NestedDumper,
    NestedLoader,
    adapters_of,
    encoding_of,
    part_of,
    syntax_encoding,
    type_of,
)
from howdah_types.registering import (
    described,
    known_type,
    loader_of_part,
    named,
    register_by_oid,
    unadapted,
)
from howdah_types.string import ByteaBinaryLoader

if TYPE_CHECKING:
    import logging

    from typing_extensions import Buffer

__all__ = [
    "CompositeBinaryDumper",
    "CompositeBinaryLoader",
    "CompositeDumper",
    "CompositeInfo",
    "CompositeLoader",
    "RecordBinaryLoader",
    "RecordLoader",
    "TupleDumper",
    "register_adapters",
    "register_composite",
]

#: Makes an object of the values of the fields.
MakeObject: TypeAlias = Callable[[Sequence[Any], CompositeInfo], Any]
#: Returns the values of the fields of an object.
MakeSequence: TypeAlias = Callable[[Any, CompositeInfo], Sequence[Any]]

_COUNT = struct.Struct("!i")
_FIELD = struct.Struct("!Ii")  # oid, length
_NULL_LENGTH = -1
_TEXT_OID = 25
_NEEDS_QUOTES = pattern(rb'^$|[\s",\\()]')


# -- the fields of classes ---------------------------------------------------------


def _names(cls: Any) -> tuple[str, ...] | None:
    """Return the names of the fields of a dataclass or a named tuple; None for any other class."""
    import dataclasses

    if dataclasses.is_dataclass(cls):
        return tuple(field.name for field in dataclasses.fields(cls) if field.init)
    names = getattr(cls, "_fields", None)
    return names if isinstance(names, tuple) else None


def _by_name(cls: Any, info: CompositeInfo) -> bool:
    """Return whether the fields of a class correspond to those of a type by name rather than by order.

    Raises:
        howdah.ProgrammingError: the fields do not correspond.
    """
    import dataclasses

    names = _names(cls)
    if names is None:
        return False
    if names == info.field_names:
        return dataclasses.is_dataclass(cls) and any(field.kw_only for field in dataclasses.fields(cls))
    if set(info.field_names) <= set(names):
        return True
    if len(names) == len(info.field_names):
        return False
    raise ProgrammingError(
        f"{cls.__name__} has the fields {', '.join(names)}: they do not fit those of the type {info.name!r},"
        f" {', '.join(info.field_names)}"
    )


def _maker(factory: Callable[..., Any], info: CompositeInfo) -> Callable[[Sequence[Any]], Any]:
    """Return a function that makes an object from the values of the fields."""
    if _by_name(factory, info):
        return lambda values: factory(**dict(zip(info.field_names, values)))
    return lambda values: factory(*values)


def _sequence(obj: Any, info: CompositeInfo | None) -> Sequence[Any]:
    """Return the values of the fields of an object."""
    names = _names(type(obj))
    if names is not None:
        if info is not None and _by_name(type(obj), info):
            names = info.field_names
        return [getattr(obj, name) for name in names]
    if _is_sequence(type(obj)):
        values: Sequence[Any] = obj
        return values
    raise TypeError(
        f"what the fields of a {type(obj).__name__!r} are cannot be told:"
        " pass 'make_sequence' to register_composite()"
    )


def _is_sequence(cls: type) -> bool:
    """Return whether the objects of a class are sequences that may hold the values of fields."""
    return issubclass(cls, Sequence) and not issubclass(cls, (str, bytes, bytearray, memoryview))


@lru_cache
def _make_namedtuple(name: str, fields: tuple[str, ...]) -> type[Any]:
    """Return a class of named tuples, with the given names changed to valid ones."""
    names: list[str] = []
    for field in fields:
        candidate = re.sub(r"\W", "_", field)
        if not candidate or not candidate[0].isalpha() or iskeyword(candidate):
            candidate = f"f{candidate}" if not iskeyword(candidate) else f"{candidate}_"
        while candidate in names:
            candidate += "_"
        names.append(candidate)
    cls_name = re.sub(r"\W", "_", name)
    if not cls_name.isidentifier() or iskeyword(cls_name):
        cls_name = f"f{cls_name}"
    return namedtuple(cls_name, names, module=__name__)


# -- tuples and objects to PostgreSQL ----------------------------------------------


class TupleDumper(NestedDumper):
    """`tuple` to a record as text; the server infers the type."""

    native = "howdah_types._native.structured:TUPLE"
    native_quote = "howdah.native.adapters:LITERAL"

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        #: Finds the dumpers of the fields.
        self.context = context
        self.adapters = adapters_of(context)
        self._encoder = ParameterEncoder(self.adapters, context)
        self._encoding = encoding_of(self.connection)
        self.encoding = syntax_encoding(self.connection)

    def nested_text(self, obj: Any) -> bytes:
        return b"(%b)" % b",".join([b"" if value is None else self.text_field(value) for value in obj])

    def quote(self, obj: Any) -> bytes:
        try:
            return super().quote(obj)
        except RecursionError:
            raise nesting_error(obj, "the literal") from None

    def text_field(self, value: Any) -> bytes:
        """Return the value of a field in text format, quoted if necessary."""
        data = self._encoded(self._encoder.dumper(value, PyFormat.TEXT).dump(value))
        return b"" if data is None else escaped(data, _quoted, self.encoding)

    def _encoded(self, data: Buffer | str | None) -> bytes | None:
        """Return the result of a dumper as bytes."""
        if data is None:
            return None
        return dumped(data, self._encoding)


def _quoted(data: bytes) -> bytes:
    """Return a field, quoted if necessary."""
    if _NEEDS_QUOTES.search(data):
        return b'"%b"' % data.replace(b"\\", b"\\\\").replace(b'"', b'""')
    return data


class CompositeDumper(TupleDumper):
    """Objects of a class to a composite type, as text."""

    native = "howdah_types._native.structured:COMPOSITE"
    #: What was passed to `register_composite`.
    make_sequence: ClassVar[MakeSequence | None] = None

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        info = self.adapters.types.get(self.oid)
        #: The type, None if it is unknown.
        self.info = info if isinstance(info, CompositeInfo) and info.oid == self.oid else None

    def values(self, obj: Any) -> Sequence[Any]:
        """Return the values of the fields of an object.

        Raises:
            TypeError: the fields of the object are unknown.
            howdah.DataError: the object and the type have different numbers of fields.
        """
        make_sequence = type(self).make_sequence
        if make_sequence is not None and self.info is not None and type(obj) is not tuple:
            values = make_sequence(obj, self.info)
        else:
            values = _sequence(obj, self.info)
        if self.info is not None and len(values) != len(self.info.field_names):
            raise DataError(
                f"{type_of(obj)} has {len(values)} fields, the type {self.info.name!r}"
                f" has {len(self.info.field_names)}: {', '.join(self.info.field_names)}"
            )
        return values

    @contextmanager
    def field_errors(self, field: str, value: Any) -> Iterator[None]:
        """Make errors from dumping the value of a field name the field."""
        where = f"the field {field!r}" + ("" if self.info is None else f" of the type {self.info.name!r}")
        try:
            yield
        except (DataError, ProgrammingError) as error:
            raise type(error)(f"{where}: {error}") from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            raise DataError(f"{where} cannot be {type_of(value)}") from None

    def nested_text(self, obj: Any) -> bytes:
        values = self.values(obj)
        fields: list[bytes] = []
        try:
            for value in values:
                fields.append(b"" if value is None else self.text_field(value))
        except Exception:
            index = len(fields)
            with self.field_errors(
                str(index + 1) if self.info is None else self.info.field_names[index], value
            ):
                raise
        return b"(%b)" % b",".join(fields)


class CompositeBinaryDumper(CompositeDumper):
    """Objects of a class to a composite type, as binary; as text while the type is unknown."""

    format = Format.BINARY
    native = "howdah_types._native.structured:COMPOSITE"

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._by_oid: dict[int, Dumper] = {}

    # Fields can be dumped only if their types are known.

    def get_key(self, obj: Any, format: PyFormat) -> DumperKey:
        return self.cls if self.info is not None else (self.cls,)

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        if self.info is not None:
            return self
        namespace = {
            **named(self.type_name or self.oid),
            "make_sequence": type(self).make_sequence,
            "native": "howdah_types._native.structured:COMPOSITE",
        }
        cls: type[Dumper] = type("CompositeDumper", (CompositeDumper,), namespace)
        return cls(self.cls, self.context)

    def dump(self, obj: Any) -> bytes:
        info = self.info
        if info is None:
            raise ProgrammingError(f"the composite type {self.type_name or self.oid!r} is not known")
        out = bytearray(_COUNT.pack(len(info.field_types)))
        with nesting:
            for name, oid, value in zip(info.field_names, info.field_types, self.values(obj)):
                with self.field_errors(name, value):
                    data = None if value is None else self._encoded(self._dumper(value, oid).dump(value))
                out += _FIELD.pack(oid, _NULL_LENGTH) if data is None else _FIELD.pack(oid, len(data)) + data
        return bytes(out)

    def _dumper(self, value: Any, oid: int) -> Dumper:
        """Return the dumper for a value's class if it dumps to the field's type, else one for the type."""
        try:
            dumper: Dumper | None = self._encoder.dumper(value, PyFormat.BINARY)
        except ProgrammingError:
            dumper = None
        if dumper is not None and dumper.oid == oid and dumper.format == Format.BINARY:
            return dumper
        found = self._by_oid.get(oid)
        if found is None:
            found = self.adapters.get_dumper_by_oid(oid, Format.BINARY)(object, self.context)
            self._by_oid[oid] = found
        return found


# -- records from PostgreSQL ---------------------------------------------------------

#: A field as text, with the character after it. Between quotes, both ways of escaping occur.
_TEXT_FIELD = pattern(rb'(?s)(?:"([^"\\]*(?:(?:\\.|"")[^"\\]*)*)"|([^"\\,()]*))([,)])')
_ESCAPED = pattern(rb'(?s)\\(.)|"(")')


def _read_text_record(data: bytes) -> list[bytes | None]:
    """Return the fields of a record in text format, None for NULL."""
    if not data.startswith(b"("):
        raise ValueError("no parenthesis")
    fields: list[bytes | None] = []
    position = 1
    while True:
        match = _TEXT_FIELD.match(data, position)
        if match is None:
            raise ValueError("no field")
        quoted, bare, closing = match.groups()
        fields.append(_ESCAPED.sub(rb"\1\2", quoted) if quoted is not None else bare or None)
        position = match.end()
        if closing == b")":
            if position != len(data):
                raise ValueError("more than a record")
            return fields


def _read_binary_record(data: bytes) -> list[tuple[int, int, int]]:
    """Return the fields of a record in binary format.

    Returns:
        For each field the oid of its type, the start of its value, and its length, negative for NULL.
    """
    (count,) = _COUNT.unpack_from(data)
    position = _COUNT.size
    fields: list[tuple[int, int, int]] = []
    while position < len(data):
        oid, length = _FIELD.unpack_from(data, position)
        position += _FIELD.size
        if not _NULL_LENGTH <= length <= len(data) - position:
            raise ValueError("no length")
        fields.append((oid, position, length))
        position += max(length, 0)
    if len(fields) != count:
        raise ValueError("another number of fields")
    return fields


def _load_field(loader: Loader, data: bytes, start: int, length: int) -> Any:
    return loader.load(part_of(data, loader, start, start + length))


class RecordLoader(NestedLoader):
    """An anonymous record as text to a `tuple` of texts: the types of its fields are unknown."""

    native = "howdah_types._native.structured:RECORD"

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self.encoding = syntax_encoding(self.connection)
        #: The loader of the fields: the one for text.
        self.item: Loader = loader_of_part(_TEXT_OID, Format.TEXT, context, self.encoding)

    def value(self, data: bytes) -> tuple[Any, ...]:
        if self.encoding != "utf-8":
            data = as_utf8(data, self.encoding)
        if data == b"()":
            return ()
        return tuple([None if field is None else self.item.load(field) for field in _read_text_record(data)])


class RecordBinaryLoader(NestedLoader):
    """An anonymous record as binary to a `tuple`; each field is loaded by its type."""

    format = Format.BINARY
    native = "howdah_types._native.structured:RECORD"
    # The two formats differ in content, so binary is used only if the program asks for it.
    prefer_binary = False

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._context = context
        #: The loaders of fields, by the oids of their types.
        self.loaders: dict[int, Loader] = {}

    def value(self, data: bytes) -> tuple[Any, ...]:
        return tuple(
            [
                None if length < 0 else _load_field(self.find(oid), data, start, length)
                for oid, start, length in _read_binary_record(data)
            ]
        )

    def find(self, oid: int) -> Loader:
        """Return the loader for fields of a type."""
        loader = self.loaders.get(oid)
        if loader is None:
            cls = adapters_of(self._context).get_loader(oid, self.format)
            if cls is None:
                # Not cached, because the server may send any number of oids.
                return ByteaBinaryLoader(oid, self._context)
            loader = self.loaders[oid] = self if cls is type(self) else cls(oid, self._context)
        return loader


class CompositeLoader(NestedLoader):
    """A composite type as text to the registered class."""

    native = "howdah_types._native.structured:COMPOSITE"
    #: What was passed to `register_composite`.
    factory: ClassVar[Callable[..., Any] | None] = None
    make_object: ClassVar[MakeObject | None] = None

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        adapters = adapters_of(context)
        self.info: CompositeInfo = described(adapters, oid, CompositeInfo, "a composite type")
        self.encoding = syntax_encoding(self.connection) if self.format == Format.TEXT else "utf-8"
        #: The oids of the types of the fields, and the loaders of the fields.
        self.oids = self.info.field_types
        self.items: tuple[Loader, ...] = tuple(
            [loader_of_part(oid, self.format, context, self.encoding) for oid in self.oids]
        )
        cls = type(self)
        make_object = cls.make_object
        if make_object is not None:
            #: Makes an object from the values of the fields.
            self.make: Any = lambda values: make_object(values, self.info)
        else:
            factory = cls.factory or _make_namedtuple(self.info.name, self.info.field_names)
            self.make = _maker(factory, self.info)

    @classmethod
    def parts(cls, adapters: AdaptersMap, oid: int) -> Sequence[int]:
        info = adapters.types.get(oid)
        return info.field_types if isinstance(info, CompositeInfo) and info.oid == oid else ()

    def value(self, data: bytes) -> Any:
        if self.encoding != "utf-8":
            data = as_utf8(data, self.encoding)
        fields = _read_text_record(data) if data != b"()" or self.items else []
        self._check_count(fields)
        return self.make(
            [None if field is None else item.load(field) for item, field in zip(self.items, fields)]
        )

    def _check_count(self, fields: Sequence[object]) -> None:
        if len(fields) != len(self.items):
            raise DataError(
                f"the server sent {len(fields)} fields for the type {self.info.name!r}, which had"
                f" {len(self.items)} when it was asked for: {', '.join(self.info.field_names)};"
                " fetch and register it anew"
            )


class CompositeBinaryLoader(CompositeLoader):
    """A composite type as binary to the registered class."""

    format = Format.BINARY
    native = "howdah_types._native.structured:COMPOSITE"

    def value(self, data: bytes) -> Any:
        fields = _read_binary_record(data)
        self._check_count(fields)
        for name, known, (oid, _, _) in zip(self.info.field_names, self.info.field_types, fields):
            if oid != known:
                raise DataError(
                    f"the field {name!r} of the type {self.info.name!r} has the type with oid {oid},"
                    f" it had {known} when it was asked for; fetch and register it anew"
                )
        return self.make(
            [
                None if length < 0 else _load_field(item, data, start, length)
                for item, (_, start, length) in zip(self.items, fields)
            ]
        )


# -- registering -----------------------------------------------------------------------


def register_composite(
    info: CompositeInfo | str,
    context: AdaptContext | None = None,
    factory: Callable[..., Any] | None = None,
    *,
    make_object: MakeObject | None = None,
    make_sequence: MakeSequence | None = None,
) -> None:
    """Adapt a composite type to a class, and the class to the type.

    Args:
        info: the type, from `CompositeInfo.fetch`; or its name, which is then
            looked up on each connection that needs it.
        context: the connection, cursor or adapters to register on; None for the default driver.
        factory: the class, or a function, to call with the values of the
            fields; None to create a named tuple. A dataclass or a named tuple
            whose fields have the names of the type's fields is called with
            keyword arguments. If it is a class, its objects are dumped to the
            type.
        make_object: called with the values of the fields and the
            `CompositeInfo`, in place of `factory`.
        make_sequence: called with an object and the `CompositeInfo`; returns
            the values of the fields. Dataclasses, named tuples and tuples do
            not need it.

    Raises:
        TypeError: `info` is neither a type nor a name; `factory` cannot be called; or `make_sequence` was
            given without a class.
        howdah.ProgrammingError: the fields of `factory` and of the type differ.
    """
    if factory is not None:
        _check_factory(factory, make_sequence)
    cls = factory if isinstance(factory, type) else None
    adapters = adapters_of(context)
    key = known_type(info, "composite type", adapters)
    if isinstance(info, CompositeInfo):
        if factory is None:
            factory = _make_namedtuple(info.name, info.field_names)
        if make_object is None:
            _by_name(factory, info)
        info.python_type = factory if isinstance(factory, type) else None
    namespace = {
        "factory": _static(factory),
        "make_object": _static(make_object),
        "native": "howdah_types._native.structured:COMPOSITE",
    }
    for loader in (CompositeLoader, CompositeBinaryLoader):
        adapters.register_loader(key, type(loader.__name__, (loader,), namespace))
    if cls is None and isinstance(factory, type):
        cls = factory  # the named tuple that was created
    for dumper in (CompositeBinaryDumper, CompositeDumper):
        namespace = {**named(key), "make_sequence": _static(make_sequence), "native": dumper.native}
        adapters.register_dumper(cls, type(dumper.__name__, (dumper,), namespace))


def _check_factory(factory: Any, make_sequence: MakeSequence | None) -> None:
    """Raise a TypeError if the two are of no use; warn where objects cannot be dumped."""
    if not callable(factory):
        raise TypeError(f"the factory must be callable, {factory!r} is not")
    if not isinstance(factory, type):
        if make_sequence is not None:
            raise TypeError(f"{factory!r} is no class: make_sequence() has no objects to take apart")
    elif make_sequence is None and _names(factory) is None and not _is_sequence(factory):
        _logger().warning(
            "objects of the class %r cannot be dumped, since they are no sequences:"
            " pass 'make_sequence' to register_composite()",
            factory.__name__,
        )


def _logger() -> logging.Logger:
    import logging  # a slow import that is rarely needed

    return logging.getLogger("howdah")


def _static(function: Any) -> Any:
    """Prevent a function that is an attribute of a class from becoming a method."""
    return None if function is None else staticmethod(function)


def adapt(info: TypeInfo, adapters: AdaptersMap) -> None:
    """Adapt a composite type that was found, if it has no adapters, to named tuples."""
    if not isinstance(info, CompositeInfo):
        return
    if unadapted(adapters, info):
        adapters.register_loader(info.oid, CompositeLoader)
        adapters.register_loader(info.oid, CompositeBinaryLoader)
    register_by_oid(adapters, info, CompositeBinaryDumper, CompositeDumper)


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    adapters.register_dumper(tuple, TupleDumper)
    adapters.register_loader("record", RecordLoader)
    adapters.register_loader("record", RecordBinaryLoader)
