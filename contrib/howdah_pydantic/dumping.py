"""Dumping pydantic's models to JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from howdah.adapt import AdaptContext, AdaptersMap, Dumper, quote_literal
from howdah.adapt.encodings import codec_of, encoded
from howdah.errors import DataError, ProgrammingError
from howdah.pq import Format

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["ModelBinaryDumper", "ModelDumper", "register_dumpers"]

_JSONB = 3802


class ModelDumper(Dumper):
    """A model to jsonb, as text, with `model_dump_json(by_alias=True)`."""

    # Set on instances and not on the class: the dumper found by this oid must accept other objects, too.
    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = _JSONB

    def dump(self, obj: BaseModel) -> bytes:
        return self._json(obj)

    def quote(self, obj: BaseModel) -> bytes:
        return quote_literal(self._json(obj), codec_of(self.connection))

    def _json(self, obj: BaseModel) -> bytes:
        try:
            text = obj.model_dump_json(by_alias=True)
        except ValueError as error:  # the base class of the errors of pydantic_core
            raise DataError(f"the model {type(obj).__name__} cannot be written as JSON: {error}") from error
        return encoded(text, codec_of(self.connection))


class ModelBinaryDumper(ModelDumper):
    """A model to jsonb, as binary."""

    format = Format.BINARY

    def dump(self, obj: BaseModel) -> bytes:
        return b"\1" + self._json(obj)


class JsonbDumper(Dumper):
    """Models, and objects that other dumpers dump to jsonb, for `copy.set_types`."""

    oid = _JSONB
    models: ClassVar[type[Dumper]]
    others: ClassVar[type[Dumper]]

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._models = self.models(cls, context)
        self._others = self.others(cls, context)

    def dump(self, obj: Any) -> Any:
        return (self._models if hasattr(obj, "model_dump_json") else self._others).dump(obj)


def register_dumpers(adapters: AdaptersMap) -> None:
    """Register the dumpers of models."""
    # Text is the default, because the server can cast it to json.
    for models in (ModelBinaryDumper, ModelDumper):
        adapters.register_dumper("pydantic.main.BaseModel", models)
        try:
            others = adapters.get_dumper_by_oid(_JSONB, models.format)
        except ProgrammingError:  # the plugin `types` is disabled
            continue
        namespace = {"format": models.format, "models": models, "others": others, "__module__": __name__}
        adapters.register_dumper(None, type("JsonbDumper", (JsonbDumper,), namespace))
