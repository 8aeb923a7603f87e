"""Protocols and types for annotations of programs that extend howdah or call it.

    def float_loads(data: howdah.abc.Buffer) -> float: ...

A class that follows `Dumper` or `Loader` can be registered like one that derives from
`howdah.adapt.Dumper` or `howdah.adapt.Loader`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from typing_extensions import Buffer

from howdah.adapt.base import AdaptContext, DumperKey, PyFormat
from howdah.adapt.transformer import Transformer
from howdah.pq import Format

if TYPE_CHECKING:
    from typing_extensions import LiteralString, Self

    from howdah.client.template import Template
    from howdah.sql import Composable

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
QueryNoTemplate: TypeAlias = "LiteralString | bytes | Composable"
#: What `execute` takes as a query.
Query: TypeAlias = "QueryNoTemplate | Template"
#: What `execute` takes as parameters.
Params: TypeAlias = Sequence[Any] | Mapping[str, Any]

#: The value of a connection parameter, and several of them by name.
ConnParam: TypeAlias = str | int | None
ConnDict: TypeAlias = dict[str, ConnParam]
ConnMapping: TypeAlias = Mapping[str, ConnParam]

#: Turns an object into a value in PostgreSQL's representation, and back.
DumpFunc: TypeAlias = Callable[[Any], "Buffer | None"]
LoadFunc: TypeAlias = Callable[[Buffer], Any]


class Dumper(Protocol):
    """What is needed of a dumper: it turns objects of one class into values of one type."""

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
        """Return what the dumper for an object is cached under: its class, or more."""

    def upgrade(self, obj: Any, format: PyFormat) -> Self:
        """Return the dumper to use for an object, when its value decides."""


class Loader(Protocol):
    """What is needed of a loader: it turns values of one type into Python objects."""

    #: The format of the values.
    format: Format

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None: ...

    def load(self, data: Buffer) -> Any:
        """Return the object for a value."""
