"""json and jsonb."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.adapt.nesting import MAX_DEPTH, nesting, too_deep
from howdah.errors import DataError
from howdah.lazy.pattern import pattern
from howdah.pq import Format
from howdah_types.base import TypeDumper, TypeLoader, adapters_of, encoding_of, type_name, type_of

__all__ = [
    "Json",
    "JsonBinaryDumper",
    "JsonBinaryLoader",
    "JsonDumper",
    "JsonDumpsFunction",
    "JsonLoader",
    "JsonLoadsFunction",
    "JsonTypeError",
    "JsonValueError",
    "Jsonb",
    "JsonbBinaryDumper",
    "JsonbBinaryLoader",
    "JsonbDumper",
    "JsonbLoader",
    "register_adapters",
    "set_json_dumps",
    "set_json_loads",
]

JsonDumpsFunction: TypeAlias = Callable[[Any], str | bytes]
JsonLoadsFunction: TypeAlias = Callable[[str | bytes], Any]

# The prefix of the binary format of jsonb. Source: PostgreSQL's
# src/backend/utils/adt/jsonb.c, jsonb_send().
_JSONB_VERSION = b"\x01"


class JsonTypeError(DataError, TypeError):
    """An object cannot be written as JSON, because of its type."""


class JsonValueError(DataError, ValueError):
    """An object cannot be written as JSON, because of its value; for example, it contains itself."""


class Json:
    """Wraps an object to dump as json.

    Args:
        obj: any object that the JSON library accepts.
        dumps: the function that writes this object as JSON; None for the one
            set with `set_json_dumps`, by default `json.dumps`.
    """

    __slots__ = ("dumps", "obj")

    def __init__(self, obj: Any, dumps: JsonDumpsFunction | None = None) -> None:
        self.obj = obj
        self.dumps = dumps

    def __repr__(self) -> str:
        text = repr(self.obj)
        if len(text) > 40:
            text = f"{text[:35]} ... ({len(text)} chars)"
        return f"{type(self).__name__}({text})"


class Jsonb(Json):
    """Wraps an object to dump as jsonb.

    Args:
        obj: any object that the JSON library accepts.
        dumps: the function that writes this object as JSON; None for the one
            set with `set_json_dumps`, by default `json.dumps`.
    """

    __slots__ = ()


class JsonDumper(TypeDumper):
    """`Json` to json, as text."""

    oid = 114
    native = "howdah_types._native.structured:JSON"
    dumps: ClassVar[JsonDumpsFunction] = json.dumps
    #: The wrapper class of objects, which may have its own `dumps`.
    wrapper: ClassVar[type[Json]] = Json

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        encoding = encoding_of(self.connection)
        self.encoding = "utf-8" if encoding == "ascii" else encoding

    # If found by oid, this dumper gets objects without a wrapper.
    def text(self, obj: Any) -> bytes:
        dumps = type(self).dumps
        if isinstance(obj, self.wrapper):
            dumps, obj = obj.dumps or dumps, obj.obj
        try:
            text = dumps(obj)
            if isinstance(text, str):
                return text.encode(self.encoding)
            return text if self.encoding == "utf-8" else text.decode().encode(self.encoding)
        except (TypeError, ValueError, RecursionError) as error:
            # The exceptions of json and other libraries for unsupported values, and for circular references.
            name = type_name(self.oid, self.connection)
            cls = JsonTypeError if isinstance(error, TypeError) else JsonValueError
            # A TypeError names the type; other exceptions may contain the value.
            reason = f": {error}" if isinstance(error, TypeError) else ""
            raise cls(f"cannot dump {type_of(obj)} as {name}{reason}") from error


class JsonBinaryDumper(JsonDumper):
    """`Json` to json, as binary, which is the same as text."""

    format = Format.BINARY
    native = "howdah_types._native.structured:JSON"


class JsonbDumper(JsonDumper):
    """`Jsonb` to jsonb, as text."""

    oid = 3802
    native = "howdah_types._native.structured:JSON"


class JsonbBinaryDumper(JsonbDumper):
    """`Jsonb` to jsonb, as binary."""

    format = Format.BINARY
    native = "howdah_types._native.structured:JSONB"

    def dump(self, obj: Any) -> bytes:
        return _JSONB_VERSION + self.text(obj)


#: The characters that open and close a level of JSON; and strings, which may contain them.
_BRACKETS = pattern(rb'(?s)"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|([\[{])|[\]}]')


def check_depth(data: bytes) -> None:
    """Refuse JSON that is nested too deeply, because its readers use a part of the stack for each level.

    Raises:
        howdah.DataError: the JSON is nested too deeply.
    """
    left = MAX_DEPTH - nesting.depth
    if data.count(b"[") + data.count(b"{") <= left:
        return
    for match in _BRACKETS.finditer(data):
        if match[1]:
            left -= 1
            if left < 0:
                raise too_deep()
        elif match[0] in b"]}":
            left += 1


class JsonLoader(TypeLoader):
    """json as text to Python objects."""

    native = "howdah_types._native.structured:JSON"
    default_loads: ClassVar[JsonLoadsFunction] = json.loads

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        #: Parses JSON: `bytes` in UTF-8 to Python objects.
        self.loads: JsonLoadsFunction = type(self).default_loads
        encoding = encoding_of(self.connection)
        if encoding not in ("utf-8", "ascii"):
            loads = self.loads
            self.loads = lambda data: loads(bytes(data).decode(encoding).encode())  # type: ignore[arg-type]

    def value(self, data: bytes) -> Any:
        check_depth(data)
        try:
            return self.loads(data)
        except RecursionError as error:
            raise too_deep() from error


class JsonBinaryLoader(JsonLoader):
    """json as binary to Python objects."""

    format = Format.BINARY
    native = "howdah_types._native.structured:JSON"


class JsonbLoader(JsonLoader):
    """jsonb as text to Python objects."""

    native = "howdah_types._native.structured:JSON"


class JsonbBinaryLoader(JsonLoader):
    """jsonb as binary to Python objects."""

    format = Format.BINARY
    native = "howdah_types._native.structured:JSONB"

    def value(self, data: bytes) -> Any:
        if not data.startswith(_JSONB_VERSION):
            raise DataError(f"unknown version of jsonb's binary format: {data[:1]!r}")
        return super().value(data[1:])


def set_json_dumps(dumps: JsonDumpsFunction, context: AdaptContext | None = None) -> None:
    """Set the function that writes Python objects as JSON.

    Args:
        dumps: the function; it returns `str`, or `bytes` in UTF-8.
        context: the connection or cursor to set it for; None for all connections
            that the default driver opens from now on.
    """
    adapters = adapters_of(context)
    for cls, dumper in (
        (Json, JsonBinaryDumper),
        (Json, JsonDumper),
        (Jsonb, JsonbBinaryDumper),
        (Jsonb, JsonbDumper),
    ):
        namespace = {"dumps": staticmethod(dumps), "native": dumper.native}
        adapters.register_dumper(cls, type(dumper.__name__, (dumper,), namespace))


def set_json_loads(loads: JsonLoadsFunction, context: AdaptContext | None = None) -> None:
    """Set the function that reads JSON to Python objects.

    Args:
        loads: the function; it is called with `bytes` in UTF-8.
        context: the connection or cursor to set it for; None for all connections
            that the default driver opens from now on.
    """
    adapters = adapters_of(context)
    for name, loader in (
        ("json", JsonLoader),
        ("json", JsonBinaryLoader),
        ("jsonb", JsonbLoader),
        ("jsonb", JsonbBinaryLoader),
    ):
        namespace = {"default_loads": staticmethod(loads), "native": loader.native}
        adapters.register_loader(name, type(loader.__name__, (loader,), namespace))


def register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of this module."""
    # Text is the default, because the server can infer another type for it.
    adapters.register_dumper(Json, JsonBinaryDumper)
    adapters.register_dumper(Json, JsonDumper)
    adapters.register_dumper(Jsonb, JsonbBinaryDumper)
    adapters.register_dumper(Jsonb, JsonbDumper)
    adapters.register_loader("json", JsonLoader)
    adapters.register_loader("json", JsonBinaryLoader)
    adapters.register_loader("jsonb", JsonbLoader)
    adapters.register_loader("jsonb", JsonbBinaryLoader)
