"""Applying the adapters of a connection or a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from howdah.adapt.base import AdaptContext, Dumper, Loader, PyFormat
from howdah.adapt.encodings import codec_of
from howdah.adapt.oids import INVALID
from howdah.adapt.registry import AdaptersMap
from howdah.adapt.text import TextLoader
from howdah.adapt.types import FIRST_NORMAL_OID
from howdah.errors import DataError, ProgrammingError
from howdah.native.implementation import IMPLEMENTATION
from howdah.pq import Format
from howdah.protocol.messages import FieldDescription

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from howdah.adapt.parameters import ParameterEncoder
    from howdah.adapt.rowdecoder import RowDecoder
else:
    from howdah.native.adapters import ParameterEncoder, RowDecoder

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Transformer"]

#: The types of anonymous records and of arrays of them: in binary format their fields can be of any type.
_RECORD_OIDS = frozenset({2249, 2287})
#: How many loaders, and lists of columns, are cached: a server can send any number of them.
_MOST_LOADERS = 10_000
_MOST_DECODERS = 1_000


class Transformer:
    """Encodes parameters and decodes rows with the adapters of a context.

    It is an `AdaptContext` itself, with the same connection and adapters.

    Args:
        context: the connection or cursor whose adapters are used; None for those of the default driver.
        adapters: the adapters to use instead of the context's.

    Attributes:
        types: the oids of the parameters in the last call of `dump_sequence`, None before the first.
        formats: their formats, None before the first call.
    """

    def __init__(self, context: AdaptContext | None = None, adapters: AdaptersMap | None = None) -> None:
        if adapters is None:
            adapters = context.adapters if context is not None else _default_adapters()
        self.context = context
        self.adapters = adapters
        self.types: tuple[int, ...] | None = None
        self.formats: Sequence[Format] | None = None
        self._row_dumpers: Sequence[Dumper] | None = None
        self._row_loaders: Sequence[Loader] = ()
        self.encoder = ParameterEncoder(adapters, context)
        self._seen = -1
        self._by_name = False
        #: The oids that have been looked up, whether or not they were found.
        self.looked_up: frozenset[int] = frozenset()
        self._loaders: dict[tuple[int, int], Loader] = {}
        self._decoders: dict[tuple[tuple[int, int], ...], RowDecoder] = {}
        #: The transformers of cursors that have adapters of their own: they are renewed with this one.
        self._dependents: WeakValueDictionary[int, Transformer] = WeakValueDictionary()

    @property
    def connection(self) -> Any:
        """The connection that the adapters work for, if any."""
        return None if self.context is None else self.context.connection

    @classmethod
    def from_context(cls, context: AdaptContext | None) -> Transformer:
        """Return the context itself if it is a transformer, else a transformer for it."""
        return context if isinstance(context, Transformer) else cls(context)

    @property
    def encoding(self) -> str:
        """The Python codec of the client encoding, UTF-8 without a connection."""
        return codec_of(self.connection)

    @property
    def version(self) -> int:
        """A number that changes whenever cached loaders become invalid."""
        return self.adapters.version

    def renew(self) -> None:
        """Discard cached loaders and dumpers, because a setting that they depend on has changed."""
        self.adapters.version += 1
        self.encoder = ParameterEncoder(self.adapters, self.context)
        for reference in self._dependents.valuerefs():  # other threads may add some
            dependent = reference()
            if dependent is not None:
                dependent.renew()

    def add_dependent(self, transformer: Transformer) -> None:
        """Renew a transformer with this one from now on; a cursor may ask for it in any thread."""
        self._dependents[id(transformer)] = transformer

    def loader(self, oid: int, format: int) -> Loader:
        """Return the loader for a type; unknown types are loaded as text, or as bytes if binary."""
        self._check()
        loader = self._loaders.get((oid, format))
        if loader is None:
            if len(self._loaders) >= _MOST_LOADERS:
                self._loaders.clear()
            cls = self.adapters.get_loader(oid, Format(format)) or TextLoader.for_format(format)
            loader = self._loaders[oid, format] = cls(oid, self.context)
        return loader

    def get_loader(self, oid: int, format: Format) -> Loader:
        """Return the loader for a type; unknown types are loaded as str, or as bytes if binary."""
        return self.loader(oid, format)

    def get_dumper(self, obj: Any, format: PyFormat) -> Dumper:
        """Return the dumper for an object.

        Args:
            obj: the object.
            format: the format that the placeholder asks for.

        Raises:
            howdah.ProgrammingError: nothing adapts objects of that class.
        """
        cls = type(obj)
        dumper = self.adapters.get_dumper(cls, format, obj)(cls, self.context)
        return dumper if dumper.get_key(obj, format) is cls else dumper.upgrade(obj, format)

    def get_dumper_by_oid(self, oid: int, format: Format) -> Dumper:
        """Return a dumper for a type, as `dumper_by_oid` does."""
        return self.dumper_by_oid(oid, format)

    def set_dumper_types(self, types: Sequence[int], format: Format) -> None:
        """Make `dump_sequence` dump to these types, whatever the classes of the objects.

        Args:
            types: the oids of the types.
            format: the format of the values.
        """
        self._row_dumpers = [self.dumper_by_oid(oid, format) for oid in types]

    def set_loader_types(self, types: Sequence[int], format: Format) -> None:
        """Make `load_sequence` load values of these types.

        Args:
            types: the oids of the types.
            format: the format of the values.
        """
        self._row_loaders = [self.loader(oid, format) for oid in types]

    def dump_sequence(
        self, params: Sequence[Any], formats: Sequence[PyFormat]
    ) -> Sequence[Buffer | str | None]:
        """Return objects in PostgreSQL's representation, None for NULL; set `types` and `formats`.

        Args:
            params: the objects.
            formats: the format for each.

        Raises:
            howdah.ProgrammingError: nothing adapts an object.
            howdah.DataError: the number of objects differs from that of the types set.
        """
        dumpers: list[Dumper | None]
        if self._row_dumpers is not None:
            if len(self._row_dumpers) != len(params):
                raise DataError(f"expected {len(self._row_dumpers)} values in row, got {len(params)}")
            dumpers = [*self._row_dumpers]
        else:
            dumpers = [
                None if obj is None else self.get_dumper(obj, format) for obj, format in zip(params, formats)
            ]
        self.types = tuple([INVALID if dumper is None else dumper.oid for dumper in dumpers])
        self.formats = [Format.TEXT if dumper is None else dumper.format for dumper in dumpers]
        return [
            None if obj is None or dumper is None else dumper.dump(obj)
            for obj, dumper in zip(params, dumpers)
        ]

    def load_sequence(self, record: Sequence[Buffer | None]) -> tuple[Any, ...]:
        """Return the Python objects for values of the types set by `set_loader_types`, None for NULL.

        Args:
            record: the values in PostgreSQL's representation.

        Raises:
            howdah.ProgrammingError: the number of values differs from that of the types set.
        """
        if len(self._row_loaders) != len(record):
            raise ProgrammingError(f"{len(record)} values for {len(self._row_loaders)} types to be loaded")
        return tuple(
            [
                None if value is None else loader.load(value)
                for loader, value in zip(self._row_loaders, record)
            ]
        )

    def as_literal(self, obj: Any) -> bytes:
        """Return an object as an SQL literal, cast to its type if need be.

        Raises:
            howdah.ProgrammingError: nothing adapts objects of that class.
        """
        literal: bytes = self.encoder.literals((obj,))[0]
        return literal

    def decoder(self, fields: Sequence[FieldDescription]) -> RowDecoder:
        """Return the decoder for rows with these columns."""
        self._check()
        key = tuple([(field.type_oid, field.format) for field in fields])
        decoder = self._decoders.get(key)
        if decoder is None:
            if len(self._decoders) >= _MOST_DECODERS:
                self._decoders.clear()
            decoder = RowDecoder([self.loader(oid, format) for oid, format in key])
            self._decoders[key] = decoder
        return decoder

    def dumper_by_oid(self, oid: int, format: int) -> Dumper:
        """Return a dumper for values of a type, whatever the class of the objects.

        Raises:
            howdah.ProgrammingError: there is no dumper for the type.
        """
        return self.adapters.get_dumper_by_oid(oid, Format(format))(object, self.context)

    def choose_formats(
        self, fields: Sequence[FieldDescription], format: int | None
    ) -> tuple[Sequence[FieldDescription], Sequence[int]]:
        """Choose the format of each column.

        Args:
            fields: the columns.
            format: the format code that the program asks for; None to choose the best for each column.

        Returns:
            The columns with their formats, and the result formats for Bind.
        """
        choose = self.adapters.choose_format
        wanted = None if format is None else Format(format)
        formats = [int(choose(field.type_oid, wanted)) for field in fields]
        chosen = tuple([f._replace(format=format) for f, format in zip(fields, formats)])
        if len(set(formats)) == 1:
            formats = formats[:1]
        return chosen, formats

    def unknown(self, fields: Sequence[FieldDescription]) -> frozenset[int]:
        """Return the oids of columns for which a type lookup has to decide whether they have an adapter.

        There are none unless adapters are registered under the names of types.
        """
        self._check()
        if not self._by_name:
            return frozenset()
        get_loader = self.adapters.get_loader
        return frozenset(
            [
                field.type_oid
                for field in fields
                if field.type_oid not in self.looked_up
                and (
                    (field.type_oid in _RECORD_OIDS and field.format)
                    or (
                        field.type_oid >= FIRST_NORMAL_OID
                        and get_loader(field.type_oid, Format.TEXT) is None
                        and get_loader(field.type_oid, Format.BINARY) is None
                    )
                )
            ]
        )

    def _check(self) -> None:
        if self._seen != self.version:
            self._seen = self.version
            self._loaders.clear()
            self._decoders.clear()
            self._by_name = bool(self.adapters.type_names)


def _default_adapters() -> AdaptersMap:
    import howdah

    adapters: AdaptersMap = howdah.adapters
    return adapters
