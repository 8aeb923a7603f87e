"""From pydantic's models to JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.adapt import Dumper, quote_literal
from howdah.errors import DataError
from howdah.pq import Format

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["ModelBinaryDumper", "ModelDumper"]


class ModelDumper(Dumper):
    """A model to jsonb, as text: what its `model_dump_json(by_alias=True)` returns."""

    oid = 3802

    def dump(self, obj: BaseModel) -> bytes:
        return self._json(obj)

    def quote(self, obj: BaseModel) -> bytes:
        return quote_literal(self._json(obj))

    def _json(self, obj: BaseModel) -> bytes:
        try:
            text = obj.model_dump_json(by_alias=True)
        except ValueError as error:  # what pydantic_core raises derives from it
            raise DataError(f"the model {type(obj).__name__} cannot be written as JSON: {error}") from error
        return text.encode("utf-8" if self.connection is None else self.connection.info.encoding)


class ModelBinaryDumper(ModelDumper):
    """A model to jsonb, as binary."""

    format = Format.BINARY

    def dump(self, obj: BaseModel) -> bytes:
        return b"\1" + self._json(obj)
