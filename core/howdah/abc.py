"""Protocols and types for annotations in programs that use or extend howdah.

    def float_loads(data: howdah.abc.Buffer) -> float: ...

A class that follows `Dumper` or `Loader` can be registered like one that derives from
`howdah.adapt.Dumper` or `howdah.adapt.Loader`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from typing_extensions import Buffer, LiteralString

from howdah.adapt.base import AdaptContext, DumperKey, PyFormat
from howdah.adapt.transformer import Transformer
from howdah.client.template import Template
from howdah.pq import Format
from howdah.sql import Composable

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "AdaptContext",
    "Buffer",
    "ConnDict",
    "ConnMapping",
    "ConnParam",
    "DumpFunc",
    "Dumper",
    "DumperKey",
    "LoadFunc",
    "Loader",
    "Params",
    "PyFormat",
    "Query",
    "QueryNoTemplate",
    "Transformer",
]

#: A query, other than a template string.
QueryNoTemplate: TypeAlias = LiteralString | bytes | Composable
#: A query, as `execute` accepts it.
Query: TypeAlias = QueryNoTemplate | Template
#: Parameters, as `execute` accepts them.
Params: TypeAlias = Sequence[Any] | Mapping[str, Any]

#: The value of a connection parameter, and dictionaries of such values by name.
ConnParam: TypeAlias = str | int | None
ConnDict: TypeAlias = dict[str, ConnParam]
ConnMapping: TypeAlias = Mapping[str, ConnParam]

#: Turns an object into a value in PostgreSQL's representation, and back.
DumpFunc: TypeAlias = Callable[[Any], Buffer | None]
LoadFunc: TypeAlias = Callable[[Buffer], Any]


class Dumper(Protocol):
    """The interface of a dumper, which turns objects of one class into values of one type."""

    #: The format of the values.
    format: Format
    #: The oid of the type, 0 to leave it to the server.
    oid: int

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None: ...

    def dump(self, obj: Any) -> Buffer | None:
        """Return an object in PostgreSQL's representation, None for NULL."""

    def quote(self, obj: Any) -> Buffer:
        """Return an object as an SQL literal."""

    def get_key(self, obj: Any, format: PyFormat) -> DumperKey:
        """Return the key under which the dumper for an object is cached: its class, or a tuple."""

    def upgrade(self, obj: Any, format: PyFormat) -> Self:
        """Return the dumper for an object, where it depends on the value."""


class Loader(Protocol):
    """The interface of a loader, which turns values of one type into Python objects."""

    #: The format of the values.
    format: Format

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None: ...

    def load(self, data: Buffer) -> Any:
        """Return the object for a value."""
