"""A statement as the server knows it, and what is known of its answer."""

from __future__ import annotations

from collections.abc import Sequence

from howdah.adapt.transformer import Transformer
from howdah.protocol.exchange import Decoder
from howdah.protocol.messages import FieldDescription

__all__ = ["Statement"]


class Statement:
    """A query with the types of its parameters, named on the server or not.

    Args:
        query: the text, with `$1` placeholders.
        oids: the types of the parameters, 0 where the server decides.
        name: the name of the prepared statement, `b""` for the unnamed one.

    Attributes:
        prepared: whether the server has it under its name.
        fields: the columns it returns, None if none; known once it is prepared.
    """

    __slots__ = ("_answer", "fields", "name", "oids", "prepared", "query")

    def __init__(self, query: bytes, oids: Sequence[int] = (), name: bytes = b"") -> None:
        self.query = query
        self.oids = oids
        self.name = name
        self.prepared = False
        self.fields: Sequence[FieldDescription] | None = None
        self._answer: tuple[Transformer, int, Sequence[FieldDescription] | None, Decoder | None, Sequence[int]]
        self._answer = (None, -1, None, None, ())  # type: ignore[assignment]

    def described(self, fields: Sequence[FieldDescription] | None) -> None:
        """Note that the server has the statement, and which columns it returns."""
        self.prepared = True
        self.fields = fields
        self._answer = (None, -1, None, None, ())  # type: ignore[assignment]

    def answer(
        self, transformer: Transformer, format: int | None
    ) -> tuple[Sequence[FieldDescription] | None, Decoder | None, Sequence[int]]:
        """Return columns, decoder and result formats of a Bind to the prepared statement.

        Args:
            transformer: whose adapters load the values.
            format: the format code for all columns, None for each column's best.
        """
        if format is None:
            known, version, *answer = self._answer
            if known is transformer and version == transformer.version:
                return answer  # type: ignore[return-value]
        if self.fields is None:
            return None, None, ()
        fields, formats = transformer.choose_formats(self.fields, format)
        decoder = transformer.decoder(fields)
        if format is None:
            self._answer = (transformer, transformer.version, fields, decoder, formats)
        return fields, decoder, formats
