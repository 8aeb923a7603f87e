"""`cursor._query`: the last query, as it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.client.query import parse_query
from howdah.pq import Format
from howdah.sql import Composable

if TYPE_CHECKING:
    from howdah.adapt import Transformer
    from howdah.adapt.parameters import EncodedParams

__all__ = ["PostgresQuery"]


class PostgresQuery:
    """A query, as it was sent.

    Args:
        text: the text of the query.
        executed: the arguments of `execute`; None if the query was run in another way.
        transformer: the adapters that the parameters were sent with.

    Attributes:
        query: the text, with `$1` placeholders.
    """

    def __init__(self, text: bytes, executed: tuple[Any, Any] | None, transformer: Transformer) -> None:
        self.query = text
        self._executed = executed
        self._transformer = transformer

    def __repr__(self) -> str:
        return f"<PostgresQuery {self.query!r}>"

    @property
    def params(self) -> list[bytes | None] | None:
        """The parameters in PostgreSQL's representation; None if the query has none."""
        encoded = self._encoded()
        return None if encoded is None else list(encoded.values)

    @property
    def types(self) -> tuple[int, ...]:
        """The oids of the types of the parameters."""
        encoded = self._encoded()
        return () if encoded is None else encoded.oids

    @property
    def formats(self) -> list[Format]:
        """The formats of the parameters."""
        encoded = self._encoded()
        return [] if encoded is None else [Format(format) for format in encoded.formats]

    def _encoded(self) -> EncodedParams | None:
        """Encode the parameters, which the driver does not keep after it has sent them."""
        query, params = self._executed or (None, None)
        if params is None:
            return None
        if isinstance(query, Composable):
            query = query.as_bytes(self._transformer)
        elif isinstance(query, str):
            query = query.encode(self._codec(), "replace")
        if not isinstance(query, bytes):
            return None
        encoder = self._transformer.encoder
        if query == self.query:  # the program has written $1 itself
            return encoder.encode(params) if params else None
        parsed = parse_query(query)
        if parsed.text != self.query:  # they have been merged into the text
            return None
        return encoder.encode(parsed.bind(params), parsed.formats)

    def _codec(self) -> str:
        connection = self._transformer.connection
        return "utf-8" if connection is None else connection.info.codec
