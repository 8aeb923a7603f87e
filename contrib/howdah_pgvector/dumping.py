"""Dumping Python objects to vectors."""

from __future__ import annotations

from typing import Any, ClassVar

from howdah.adapt import AdaptContext, AdaptersMap, Dumper, DumperKey, PyFormat, quote_literal
from howdah.errors import DataError, ProgrammingError
from howdah.pq import Format
from howdah_pgvector.values import HalfVector, SparseVector, Vector
from howdah_pgvector.wire import HALFVEC, SPARSE_HEADER, VECTOR, Kind, packed

__all__ = ["register_dumpers"]

_INT4_MAX = 2**31 - 1


class VectorDumper(Dumper):
    """`Vector`, a list, or a numpy array to vector, as text."""

    type_name = "vector"
    kind: ClassVar[Kind] = VECTOR

    def dump(self, obj: Any) -> bytes:
        return self.kind.to_text(_values(obj))

    def quote(self, obj: Any) -> bytes:
        return quote_literal(self.kind.to_text(_values(obj)))


class VectorBinaryDumper(VectorDumper):
    """`Vector`, a list, or a numpy array to vector, as binary."""

    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        return self.kind.to_binary(_values(obj))


class HalfVectorDumper(VectorDumper):
    """`HalfVector`, a list, or a numpy array to halfvec, as text."""

    type_name = "halfvec"
    kind = HALFVEC


class HalfVectorBinaryDumper(VectorBinaryDumper):
    """`HalfVector`, a list, or a numpy array to halfvec, as binary."""

    type_name = "halfvec"
    kind = HALFVEC


def _values(obj: Any) -> Any:
    return obj.values if isinstance(obj, (Vector, HalfVector)) else obj


class SparseVectorDumper(Dumper):
    """`SparseVector` to sparsevec, as text."""

    type_name = "sparsevec"

    def dump(self, obj: SparseVector) -> bytes:
        return self._text(obj)

    def quote(self, obj: SparseVector) -> bytes:
        return quote_literal(self._text(obj))

    @staticmethod
    def _text(obj: SparseVector) -> bytes:
        values = VECTOR.rounded(list(obj.values)) if packed("sparsevec", "f", obj.values) else []
        elements = ",".join([f"{index + 1}:{value!r}" for index, value in zip(obj.indices, values)])
        return f"{{{elements}}}/{obj.dimensions}".encode()


class SparseVectorBinaryDumper(SparseVectorDumper):
    """`SparseVector` to sparsevec, as binary."""

    format = Format.BINARY

    def dump(self, obj: SparseVector) -> bytes:
        if obj.dimensions > _INT4_MAX:
            raise DataError(f"a sparsevec cannot have {obj.dimensions} dimensions")
        header = SPARSE_HEADER.pack(obj.dimensions, len(obj.values), 0)
        return header + packed("sparsevec", "i", obj.indices) + packed("sparsevec", "f", obj.values)


class NdarrayDumper(Dumper):
    """`numpy.ndarray` to vector or halfvec if the database has them, else with another plugin's dumper."""

    others: ClassVar[type[Dumper] | None]
    by_dtype: ClassVar[dict[str, type[Dumper]]] = {"float32": VectorDumper, "float16": HalfVectorDumper}

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._context = context
        self._others = self.others(cls, context) if self.others is not None else None
        #: Whether the types have been looked up in the database.
        self._asked = False

    def get_key(self, obj: Any, format: PyFormat) -> DumperKey:
        dumper = self._vector_dumper(obj)
        return (self.cls, dumper) if dumper is not None else self._other(obj).get_key(obj, format)

    def upgrade(self, obj: Any, format: PyFormat) -> Dumper:
        dumper = self._vector_dumper(obj)
        if dumper is not None:
            return dumper(self.cls, self._context)
        return self._other(obj).upgrade(obj, format)

    def dump(self, obj: Any) -> Any:
        return self.upgrade(obj, PyFormat.BINARY if self.format else PyFormat.TEXT).dump(obj)

    def quote(self, obj: Any) -> bytes:
        return self.upgrade(obj, PyFormat.TEXT).quote(obj)

    def _vector_dumper(self, obj: Any) -> type[Dumper] | None:
        """Return the dumper for an array that is a vector, None for other arrays."""
        dumper = self.by_dtype.get(obj.dtype.name)
        if dumper is None or obj.ndim != 1 or not obj.size or self._context is None:
            return None
        if self._others is None or self._context.adapters.types.get(dumper.type_name or "") is not None:
            return dumper
        if self.connection is not None and not self._asked:
            self._asked = True
            self.connection.kernel.request_type_lookup()
        return None

    def _other(self, obj: Any) -> Dumper:
        if self._others is None:
            raise ProgrammingError(
                f"cannot adapt a numpy array of {obj.ndim} dimensions and dtype {obj.dtype} as it is: to send"
                " it as a vector, wrap it in howdah_pgvector.Vector; for arrays enable the plugin 'numpy'"
            )
        return self._others


class NdarrayBinaryDumper(NdarrayDumper):
    """`numpy.ndarray` to vector or halfvec, as binary."""

    format = Format.BINARY
    by_dtype: ClassVar = {"float32": VectorBinaryDumper, "float16": HalfVectorBinaryDumper}


def register_dumpers(adapters: AdaptersMap) -> None:
    """Register the dumpers."""
    for cls, dumpers in (
        (Vector, (VectorDumper, VectorBinaryDumper)),
        (HalfVector, (HalfVectorDumper, HalfVectorBinaryDumper)),
        (SparseVector, (SparseVectorDumper, SparseVectorBinaryDumper)),
    ):
        for dumper in dumpers:
            adapters.register_dumper(cls, dumper)
    for base in (NdarrayDumper, NdarrayBinaryDumper):
        namespace = {
            "others": _dumper_of_ndarray(adapters, base.format),
            "__doc__": base.__doc__,
            "__module__": __name__,
        }
        adapters.register_dumper("numpy.ndarray", type(base.__name__, (base,), namespace))


def _dumper_of_ndarray(adapters: AdaptersMap, format: Format) -> type[Dumper] | None:
    """Return the dumper that another plugin has registered for numpy's arrays, None if there is none."""
    ndarray = type("ndarray", (), {"__module__": "numpy"})  # looked up by its name; numpy is not imported yet
    try:
        return adapters.get_dumper(ndarray, PyFormat.BINARY if format else PyFormat.TEXT)
    except ProgrammingError:
        return None
