"""The base classes of adapters: `Dumper`, from Python to PostgreSQL, and `Loader`, the reverse."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from howdah.adapt.encodings import codec_of
from howdah.adapt.quoting import quote_literal
from howdah.native.implementation import IMPLEMENTATION
from howdah.pq import Format

if TYPE_CHECKING:
    from abc import ABC, abstractmethod
    from collections.abc import Sequence

    from typing_extensions import Buffer

    from howdah.adapt.registry import AdaptersMap
else:
    # Creating a class whose metaclass is ABCMeta is slow, and there are hundreds of adapters.
    ABC = object

    def abstractmethod(function):
        """Return a method that subclasses must override."""

        def missing(self, *args):
            raise NotImplementedError(f"{type(self).__qualname__} has no method {function.__name__}()")

        missing.__doc__ = function.__doc__
        return missing


__all__ = ["AdaptContext", "Dumper", "DumperKey", "Loader", "PyFormat", "adapters_of"]

DumperKey: TypeAlias = type | tuple["DumperKey", ...]


class PyFormat(str, Enum):
    """The format that a placeholder asks for: `%s`, `%t` or `%b`. Each member equals its letter."""

    __hash__ = str.__hash__  # equal to that of the letter, and faster than Enum's

    AUTO = "s"
    TEXT = "t"
    BINARY = "b"

    @classmethod
    def from_pq(cls, fmt: Format) -> PyFormat:
        """Return the member that asks for a format of the protocol."""
        return cls.BINARY if fmt == Format.BINARY else cls.TEXT

    @classmethod
    def as_pq(cls, fmt: PyFormat) -> Format:
        """Return the format of the protocol that a placeholder asks for.

        Raises:
            KeyError: the placeholder leaves the choice to the driver (AUTO).
        """
        return _PROTOCOL_FORMATS[fmt]


_PROTOCOL_FORMATS = {PyFormat.TEXT: Format.TEXT, PyFormat.BINARY: Format.BINARY}


class AdaptContext(Protocol):
    """The context of an adapter: a connection, a cursor, or something that stands for one."""

    @property
    def adapters(self) -> AdaptersMap:
        """The adapters in force."""

    @property
    def connection(self) -> Any:
        """The connection, or None outside of one."""


def _make_native(cls: type, **methods: str) -> None:
    """Have native functions called for the methods of a class whose attributes name them."""
    for method, attribute in methods.items():
        if cls.__dict__.get(attribute) is not None:
            # Not before the first such class: that module imports this one.
            from howdah.native.adapters import make_native

            make_native(cls, method)


def adapters_of(context: AdaptContext | None) -> AdaptersMap:
    """Return the adapters of a context.

    Args:
        context: a connection, a cursor or an `AdaptersMap`; None for the default driver.

    Raises:
        TypeError: `context` is none of these.
    """
    if context is None:
        import howdah

        default: AdaptersMap = howdah.adapters
        return default
    adapters: AdaptersMap | None = getattr(context, "adapters", None)
    if adapters is None:
        raise TypeError(
            "adapters are registered on a connection, a cursor or an AdaptersMap,"
            f" not on an object of class {type(context).__name__}"
        )
    return adapters


class Dumper(ABC):
    """Turns Python objects of one class into PostgreSQL values of one type.

    Args:
        cls: the class of the objects.
        context: the connection or cursor that the values are for, or None.
    """

    format: ClassVar[Format] = Format.TEXT
    #: The oid of the PostgreSQL type; 0 lets the server infer it.
    oid: int = 0
    #: The name of the PostgreSQL type, for types whose oid differs per database. The driver looks it up
    #: once per connection and sets `oid`.
    type_name: ClassVar[str | None] = None
    #: The native equivalent of `dump`, as "module:name" (docs/native-adapters.md). If there is no such
    #: module, `dump` is called. Only the class that defines the attribute uses it: it is not inherited.
    native: ClassVar[str | None] = None
    #: The native equivalent of the method `quote` that the same class defines, given the text of a value.
    native_quote: ClassVar[str | None] = "howdah.native.adapters:LITERAL"

    if IMPLEMENTATION == "native":

        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            _make_native(cls, dump="native", quote="native_quote")

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        self.cls = cls
        self.connection = context.connection if context is not None else None
        if self.type_name is not None and context is not None:
            if context.adapters.types.get(self.type_name) is not None:
                self.oid = context.adapters.types.get_oid(self.type_name)
            elif self.connection is not None:
                self.connection.kernel.request_type_lookup()

    @abstractmethod
    def dump(self, obj: Any) -> Buffer | str | None:
        """Return `obj` in PostgreSQL's representation (None for NULL)."""

    def quote(self, obj: Any) -> bytes:
        """Return `obj` as an SQL literal, for client-side composition."""
        return quote_literal(self.dump(obj), codec_of(self.connection))

    def get_key(self, obj: Any, format: PyFormat) -> DumperKey:
        """Return the key under which the dumper for `obj` is cached: its class, or a tuple that says more."""
        return self.cls

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        """Return the dumper for `obj`, where it depends on the value and not only on the class."""
        return self


class Loader(ABC):
    """Turns PostgreSQL values of one type into Python objects.

    Args:
        oid: the oid of the type of the values.
        context: the connection or cursor that the values come from, or None.
    """

    format: ClassVar[Format] = Format.TEXT
    #: The native equivalent of `load`, as "module:name" (docs/native-adapters.md). If there is no such
    #: module, `load` is called. Only the class that defines the attribute uses it: it is not inherited.
    native: ClassVar[str | None] = None
    #: For a binary loader: whether the driver requests values in binary format when it can choose. False
    #: if the text format suits the type better.
    prefer_binary: ClassVar[bool] = True
    #: For a binary loader: whether the binary format holds everything that the text format does. If False,
    #: the driver requests text even where the program asks for binary, provided that it knows the columns.
    #: If it does not, `load` raises `howdah.NotSupportedError`.
    lossless: ClassVar[bool] = True

    if IMPLEMENTATION == "native":

        def __init_subclass__(cls, **kwargs: Any) -> None:
            super().__init_subclass__(**kwargs)
            _make_native(cls, load="native")

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        self.oid = oid
        self.connection = context.connection if context is not None else None

    @classmethod
    def parts(cls, adapters: AdaptersMap, oid: int) -> Sequence[int]:
        """Return the types whose loaders load the parts of a value.

        The driver asks a binary loader for them: if one of these types has to be sent as text, it requests
        the whole value as text.

        Args:
            adapters: the adapters in force.
            oid: the oid of the type of the values.

        Returns:
            The oids of the types.
        """
        return ()

    @abstractmethod
    def load(self, data: Buffer) -> Any:
        """Return the Python object for `data`, a value in PostgreSQL's representation."""
