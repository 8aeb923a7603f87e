"""`cursor._query`: the last query, as it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from howdah.adapt import PyFormat
from howdah.client.query import parse_query
from howdah.pq import Format

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
        if self._executed is None:
            return None
        query, params = self._executed
        if params is None or b"$1" not in self.query:  # without placeholders, or merged into the text
            return None
        values: Sequence[Any] = params
        formats: Sequence[PyFormat] | None = None
        if isinstance(query, (str, bytes)) and b"$1" not in (
            query.encode("utf-8", "replace") if isinstance(query, str) else query
        ):
            parsed = parse_query(query)
            values, formats = parsed.bind(params), parsed.formats
        elif isinstance(params, Mapping):
            return None
        return self._transformer.encoder.encode(values, formats)
