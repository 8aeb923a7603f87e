"""Encoding the parameters of a query for Bind.

The native core has a twin of this module; this one is the reference.

Source: PostgreSQL documentation, "Message Formats", Bind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.adapt.base import AdaptContext, Dumper, DumperKey, PyFormat
from howdah.adapt.encodings import codec_of, encoded
from howdah.adapt.literals import quoted
from howdah.errors import ProgrammingError
from howdah.errors.context import add_parameter, nesting_error, parameter_label, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from typing_extensions import Buffer

    from howdah.adapt.registry import AdaptersMap

__all__ = ["EncodedParams", "ParameterEncoder"]

#: The maximum size of all parameters together, in bytes. A message is smaller than 1 GB and contains more.
_MAX_LENGTH = 0x3FF00000
_MAX_PARAMETERS = 0xFFFF


class EncodedParams:
    """The parameters of a query in PostgreSQL's representation.

    Args:
        oids: the oid of the type of each; 0 lets the server infer it.
        formats: the format code of each, 0 for text and 1 for binary.
        values: the values, None for NULL.

    Attributes:
        oids: as given, a tuple.
        formats: as given, a tuple.
        values: as given, a list of bytes.

    Raises:
        howdah.ProgrammingError: there are too many parameters, or the three lengths differ.
    """

    __slots__ = ("formats", "oids", "values")

    def __init__(
        self,
        oids: Sequence[int] = (),
        formats: Sequence[int] = (),
        values: Sequence[Buffer | str | None] = (),
    ) -> None:
        if not len(oids) == len(formats) == len(values):
            raise ProgrammingError(
                f"{len(oids)} oids, {len(formats)} formats and {len(values)} values:"
                " parameters have one of each"
            )
        if len(values) > _MAX_PARAMETERS:
            raise ProgrammingError(
                f"the query has {len(values)} parameters; PostgreSQL takes {_MAX_PARAMETERS} at most"
            )
        self.oids = tuple(oids)
        self.formats = tuple(int(format) for format in formats)
        self.values = []
        size = 0
        for value in values:
            data = _as_bytes(value)
            size += 0 if data is None else len(data)
            if size > _MAX_LENGTH:
                raise too_large(size)
            self.values.append(data)


def _as_bytes(value: Buffer | str | None) -> bytes | None:
    """Return the result of a dumper as bytes."""
    if value is None:
        return None
    if isinstance(value, str):
        value = value.encode()
    elif not isinstance(value, bytes):
        value = bytes(memoryview(value))
    return value


def _size(value: Buffer | str | None) -> int:
    """Return the size of a value in bytes; for a `str`, a lower bound."""
    if value is None or isinstance(value, (str, bytes)):
        return len(value or b"")
    return memoryview(value).nbytes


class ParameterEncoder:
    """Encodes the parameters of queries with the dumpers of a context.

    It caches dumpers until another adapter is registered in `adapters`.

    Args:
        adapters: the adapters in force.
        context: the context that dumpers get.
    """

    def __init__(self, adapters: AdaptersMap, context: AdaptContext | None) -> None:
        self._adapters = adapters
        self._context = context
        self._version = adapters.version
        # The encoding that the dumpers were last used for literals in.
        self._encoding = ""
        # By the class or the key from `get_key`, and the format.
        self._dumpers: dict[tuple[DumperKey, PyFormat], Dumper] = {}

    def encode(
        self,
        params: Sequence[Any],
        formats: Sequence[PyFormat] | None = None,
        names: Sequence[str] | None = None,
    ) -> EncodedParams:
        """Return parameters in PostgreSQL's representation.

        Args:
            params: the Python objects; None is NULL.
            formats: the `PyFormat` of each placeholder; None lets the adapters choose.
            names: the names of the parameters, for errors; None to use their numbers.

        Raises:
            howdah.ProgrammingError: there is no dumper for an object, or there are too many parameters.
            Exception: a dumper raised it; the message of a `howdah.Error`, or a note, names the parameter.
        """
        params = tuple(params)
        if formats is not None and len(formats) != len(params):
            raise ProgrammingError(f"{len(params)} parameters for {len(formats)} placeholders")
        self._renew()
        oids: list[int] = []
        codes: list[int] = []
        values: list[Buffer | str | None] = []
        size = 0
        for obj, format in zip(params, formats or [PyFormat.AUTO] * len(params), strict=True):
            if obj is None:
                oids.append(0)
                codes.append(0)
                values.append(None)
                continue
            try:
                dumper = self.dumper(obj, format)
                value = dumper.dump(obj)
                if isinstance(value, str):
                    value = encoded(value, codec_of(getattr(dumper, "connection", None)))
                size += _size(value)
                if size > _MAX_LENGTH:
                    raise too_large(size)
                values.append(value)
            except RecursionError:
                raise nesting_error(obj, parameter_label(len(values), names)) from None
            except Exception as error:
                add_parameter(error, obj, parameter_label(len(values), names))
                raise
            oids.append(dumper.oid)
            codes.append(dumper.format)
        return EncodedParams(oids, codes, values)

    def literals(self, objs: Iterable[Any]) -> list[bytes]:
        """Return objects as SQL literals, each with a cast where PostgreSQL might take it for another type.

        Args:
            objs: any objects that can be parameters.

        Raises:
            howdah.ProgrammingError: nothing adapts objects of a class.
        """
        made: list[bytes] = []
        self._add_literals(objs, made)
        return made

    def parameter_literals(self, params: Sequence[Any], names: Sequence[str] | None = None) -> list[bytes]:
        """Return parameters as SQL literals, as `literals` does.

        Args:
            params: the Python objects; None is NULL.
            names: the names of the parameters, for errors; None to use their numbers.

        Raises:
            howdah.ProgrammingError: nothing adapts objects of a class.
            Exception: a dumper raised it; the message of a `howdah.Error`, or a note, names the parameter.
        """
        if not params:
            return []
        made: list[bytes] = []
        try:
            self._add_literals(params, made)
        except RecursionError:
            raise nesting_error(params[len(made)], parameter_label(len(made), names)) from None
        except Exception as error:
            add_parameter(error, params[len(made)], parameter_label(len(made), names))
            raise
        return made

    def _add_literals(self, objs: Iterable[Any], made: list[bytes]) -> None:
        """Append the literals of objects to those that have been made."""
        connection = None if self._context is None else self._context.connection
        encoding = codec_of(connection)
        if encoding != self._encoding:  # a quote in one encoding may be part of a character in another
            self._dumpers.clear()
            self._encoding = encoding
        self._renew()
        types = self._adapters.types
        for obj in objs:
            made.append(
                b"NULL" if obj is None else quoted(obj, self.dumper(obj, PyFormat.TEXT), types, connection)
            )

    def _renew(self) -> None:
        """Forget the dumpers if another adapter has been registered."""
        if self._adapters.version != self._version:
            self._dumpers.clear()
            self._version = self._adapters.version

    def dumper(self, obj: Any, format: PyFormat) -> Dumper:
        """Return the dumper for an object."""
        cls = type(obj)
        dumper = self._dumpers.get((cls, format))
        if dumper is None:
            dumper = self._adapters.get_dumper(cls, format, obj)(cls, self._context)
            self._dumpers[cls, format] = dumper
        key = dumper.get_key(obj, format)
        if key is not cls:
            upgraded = self._dumpers.get((key, format))
            if upgraded is None:
                upgraded = self._dumpers[key, format] = dumper.upgrade(obj, format)
            dumper = upgraded
        return dumper
