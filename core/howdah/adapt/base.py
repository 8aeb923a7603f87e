"""What an adapter is: `Dumper` from Python to PostgreSQL, `Loader` back."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from howdah.adapt.encodings import codec_of
from howdah.adapt.quoting import quote_literal
from howdah.pq import Format

if TYPE_CHECKING:
    from abc import ABC, abstractmethod
    from collections.abc import Sequence

    from typing_extensions import Buffer

    from howdah.adapt.registry import AdaptersMap
else:
    # There are hundreds of adapters, and classes of ABC's metaclass take long to make.
    ABC = object

    def abstractmethod(function):
        """Return a method that is to be overridden."""

        def missing(self, *args):
            raise NotImplementedError(f"{type(self).__qualname__} has no method {function.__name__}()")

        missing.__doc__ = function.__doc__
        return missing


__all__ = ["AdaptContext", "Dumper", "DumperKey", "Loader", "PyFormat"]

DumperKey: TypeAlias = "type | tuple[DumperKey, ...]"


class PyFormat(str, Enum):
    """The format a placeholder asks for: `%s`, `%t` or `%b`. Each is its letter, too."""

    __hash__ = str.__hash__  # that of the letter; that of Enum takes longer, too

    AUTO = "s"
    TEXT = "t"
    BINARY = "b"

    @classmethod
    def from_pq(cls, fmt: Format) -> PyFormat:
        """Return what asks for a format of the protocol."""
        return cls.BINARY if fmt == Format.BINARY else cls.TEXT

    @classmethod
    def as_pq(cls, fmt: PyFormat) -> Format:
        """Return the format of the protocol that a placeholder asks for.

        Raises:
            KeyError: it leaves the choice open (AUTO).
        """
        return _PROTOCOL_FORMATS[fmt]


_PROTOCOL_FORMATS = {PyFormat.TEXT: Format.TEXT, PyFormat.BINARY: Format.BINARY}


class AdaptContext(Protocol):
    """What adapters may know of where they work: a connection or a cursor."""

    @property
    def adapters(self) -> AdaptersMap:
        """The adapters in force."""

    @property
    def connection(self) -> Any:
        """The connection, or None outside of one."""


class Dumper(ABC):
    """Turns Python objects of one class into PostgreSQL values of one type.

    Args:
        cls: the class of the objects that will be dumped.
        context: where they are dumped, or None.
    """

    format: ClassVar[Format] = Format.TEXT
    #: The oid of the PostgreSQL type, 0 for "let the server decide".
    oid: int = 0
    #: The name of the PostgreSQL type, for types whose oid differs per
    #: database; it is looked up once a connection and `oid` is set from it.
    type_name: ClassVar[str | None] = None
    #: What does natively exactly what `dump` does, as "module:name" (docs/native-adapters.md); where there
    #: is no such module `dump` is called. Honoured only where a class states it itself, never when inherited.
    native: ClassVar[str | None] = None

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
        """Return what the dumper for `obj` is cached under: its class, or more."""
        return self.cls

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        """Return the dumper to use for `obj`, when its value decides."""
        return self


class Loader(ABC):
    """Turns PostgreSQL values of one type into Python objects.

    Args:
        oid: the oid of the type of the values.
        context: where they are loaded, or None.
    """

    format: ClassVar[Format] = Format.TEXT
    #: What does natively exactly what `load` does, as "module:name" (docs/native-adapters.md); where there
    #: is no such module `load` is called. Honoured only where a class states it itself, never when inherited.
    native: ClassVar[str | None] = None
    #: Whether values are asked for in this loader's format where the driver
    #: chooses. For a binary loader: False if the values had better come as text.
    preferred: ClassVar[bool] = True
    #: Whether this loader's format tells all that text does. For a binary loader: False if the
    #: values can only be had as text, which is then asked for even where the program wants binary,
    #: if the driver knows the columns. Where it does not, `load` raises `howdah.NotSupportedError`.
    faithful: ClassVar[bool] = True

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        self.oid = oid
        self.connection = context.connection if context is not None else None

    @classmethod
    def parts(cls, adapters: AdaptersMap, oid: int) -> Sequence[int]:
        """Return the types whose loaders load the parts of a value.

        For a binary loader: where one of them is to come as text, the whole is asked for as text.

        Args:
            adapters: the adapters in force.
            oid: the oid of the type of the values.

        Returns:
            the oids of the types.
        """
        return ()

    @abstractmethod
    def load(self, data: Buffer) -> Any:
        """Return the Python object for `data`, a value in PostgreSQL's representation."""
