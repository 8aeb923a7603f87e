"""How the values of SQLAlchemy's types are passed to howdah, and taken from it.

howdah dumps and loads most types natively, so they need no processors; what remains is here. Parameters
are cast to the type that SQLAlchemy knows (`render_bind_cast`), because howdah sends integers as the smallest
type that they fit in, and strings without a type.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import exc, types
from sqlalchemy.dialects.postgresql import (
    ARRAY,
    CITEXT,
    HSTORE,
    INTERVAL,
    JSON,
    JSONB,
    REGCONFIG,
    pg_catalog,
    ranges,
)
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.json import JSONPathType
from sqlalchemy.engine import processors
from sqlalchemy.sql.elements import Null

from howdah_types.json import Json, Jsonb
from howdah_types.multirange import Multirange
from howdah_types.range import Range

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["COLSPECS"]

#: What turns a value into another one.
Processor = Callable[[Any], Any]

_FLOATS = frozenset({700, 701, 1021, 1022})  # float4, float8, and arrays of them
_EXACT = frozenset({20, 21, 23, 26, 1700, 1005, 1007, 1016, 1028, 1231})  # int8, int2, int4, oid, numeric

#: How many digits after the decimal point a `Decimal` made of a float has, unless the type says so.
_DEFAULT_SCALE = 10


# -- types that only need a cast --------------------------------------------------


class CastString(types.String):
    """A string, which is cast because howdah leaves its type to the server."""

    render_bind_cast = True


class CastSmallInteger(types.SmallInteger):
    """A smallint."""

    render_bind_cast = True


class CastInteger(types.Integer):
    """An integer."""

    render_bind_cast = True


class CastBigInteger(types.BigInteger):
    """A bigint."""

    render_bind_cast = True


class CastDate(types.Date):
    """A date."""

    render_bind_cast = True


class CastTime(types.Time):
    """A time."""

    render_bind_cast = True


class CastDateTime(types.DateTime):
    """A timestamp."""

    render_bind_cast = True


class CastInterval(INTERVAL):
    """An interval."""

    render_bind_cast = True


class CastRegconfig(REGCONFIG):
    """The name of a configuration of text search."""

    render_bind_cast = True


class CastArray(ARRAY[Any]):
    """An array."""

    render_bind_cast = True


class CastJSONIntIndex(types.JSON.JSONIntIndexType):
    """The index of an element in a JSON array."""

    __visit_name__ = "json_int_index"

    render_bind_cast = True


class CastJSONStrIndex(types.JSON.JSONStrIndexType):
    """The key of an element in a JSON object."""

    __visit_name__ = "json_str_index"

    render_bind_cast = True


# -- numbers ----------------------------------------------------------------------


def _number_processor(kind: Any, coltype: Any) -> Processor | None:
    """Return what converts a number to the class that the type asks for, None if howdah loads this class."""
    if coltype not in _FLOATS and coltype not in _EXACT:
        raise exc.InvalidRequestError(f"the type with oid {coltype} is none of PostgreSQL's numeric types")
    if not kind.asdecimal:
        return None if coltype in _FLOATS else processors.to_float
    if coltype in _EXACT:
        return None
    scale = kind.decimal_return_scale
    if scale is None:
        scale = getattr(kind, "scale", None)
    return processors.to_decimal_processor_factory(Decimal, _DEFAULT_SCALE if scale is None else scale)


class NativeNumeric(types.Numeric[Any]):
    """A numeric: howdah dumps and loads `Decimal`."""

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        """Return None: howdah dumps all numbers."""
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        """Return what converts to `float` or `Decimal`, where the column has the other one."""
        return _number_processor(self, coltype)


class NativeFloat(types.Float[Any]):
    """A float4 or float8: howdah dumps and loads `float`."""

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        """Return None: howdah dumps all numbers."""
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        """Return what converts to `float` or `Decimal`, where the column has the other one."""
        return _number_processor(self, coltype)


# -- JSON -------------------------------------------------------------------------


def _json_processor(kind: Any, wrap: type[Json]) -> Processor:
    """Return what wraps a value for howdah, which writes it with the serializer of the engine."""
    null = types.JSON.NULL
    none_as_null = kind.none_as_null

    def process(value: Any) -> Any:
        if value is None:
            return None if none_as_null else wrap(None)
        if value is null:
            return wrap(None)
        if isinstance(value, Null):
            return None
        return wrap(value)

    return process


class NativeJSON(JSON):
    """Json: howdah loads it, with the deserializer of the engine."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Return what wraps a value in `Json`."""
        return _json_processor(self, Json)

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Return None: the driver has loaded the value."""


class NativeJSONB(JSONB):
    """Jsonb: howdah loads it, with the deserializer of the engine."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Return what wraps a value in `Jsonb`."""
        return _json_processor(self, Jsonb)

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Return None: the driver has loaded the value."""


# -- ranges -----------------------------------------------------------------------


def _dumped_range(value: Any) -> Any:
    """Return howdah's range for one of SQLAlchemy's; anything else unchanged."""
    if isinstance(value, ranges.Range):
        return Range(value.lower, value.upper, value.bounds, value.empty)
    return value


def _loaded_range(value: Any) -> Any:
    """Return SQLAlchemy's range for one of howdah's, None for None."""
    if value is None:
        return None
    return ranges.Range(value.lower, value.upper, bounds=value.bounds or "[)", empty=value.isempty)


def _dumped_multirange(value: Any) -> Any:
    """Return howdah's multirange for a sequence of SQLAlchemy's ranges; None, `str` and its own unchanged."""
    if value is None or isinstance(value, (str, Multirange)):
        return value
    return Multirange([_dumped_range(each) for each in value])


def _loaded_multirange(value: Any) -> Any:
    """Return SQLAlchemy's multirange for one of howdah's, None for None."""
    if value is None:
        return None
    return ranges.MultiRange([_loaded_range(each) for each in value])


class NativeRange(ranges.AbstractSingleRangeImpl[Any]):
    """A range: SQLAlchemy's `Range` in the program, howdah's in the driver."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Return what makes howdah's range."""
        return _dumped_range

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return what makes SQLAlchemy's range."""
        return _loaded_range


class NativeMultirange(ranges.AbstractMultiRangeImpl[Any]):
    """A multirange: SQLAlchemy's `MultiRange` in the program, howdah's in the driver."""

    def bind_processor(self, dialect: Dialect) -> Processor:
        """Return what makes howdah's multirange."""
        return _dumped_multirange

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return what makes SQLAlchemy's multirange."""
        return _loaded_multirange


# -- hstore -----------------------------------------------------------------------


class NativeHstore(HSTORE):
    """An hstore: howdah adapts it, unless the engine has `use_native_hstore=False`."""

    def bind_processor(self, dialect: Any) -> Processor | None:
        """Return None, or SQLAlchemy's own writer."""
        return None if dialect.use_native_hstore else super().bind_processor(dialect)

    def result_processor(self, dialect: Any, coltype: object) -> Processor | None:
        """Return None, or SQLAlchemy's own parser."""
        return None if dialect.use_native_hstore else super().result_processor(dialect, coltype)


# -- catalogs ---------------------------------------------------------------------


def _numbers(value: Any) -> Any:
    """Return the numbers of an int2vector or oidvector, which is a string of them."""
    return [int(each) for each in value.split()] if isinstance(value, str) else value


class Int2Vector(pg_catalog.INT2VECTOR):
    """An int2vector of the catalogs."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return what makes a list of numbers."""
        return _numbers


class OidVector(pg_catalog.OIDVECTOR):
    """An oidvector of the catalogs."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor:
        """Return what makes a list of numbers."""
        return _numbers


#: The types above, by the types of SQLAlchemy that they replace.
COLSPECS: dict[type[types.TypeEngine[Any]], type[types.TypeEngine[Any]]] = {
    **PGDialect.colspecs,
    types.String: CastString,
    types.SmallInteger: CastSmallInteger,
    types.Integer: CastInteger,
    types.BigInteger: CastBigInteger,
    types.Date: CastDate,
    types.Time: CastTime,
    types.DateTime: CastDateTime,
    types.Interval: CastInterval,
    INTERVAL: CastInterval,
    REGCONFIG: CastRegconfig,
    CITEXT: CITEXT,
    types.ARRAY: CastArray,
    types.Numeric: NativeNumeric,
    types.Float: NativeFloat,
    types.JSON: NativeJSON,
    JSON: NativeJSON,
    JSONB: NativeJSONB,
    types.JSON.JSONPathType: JSONPathType,
    types.JSON.JSONIntIndexType: CastJSONIntIndex,
    types.JSON.JSONStrIndexType: CastJSONStrIndex,
    ranges.AbstractSingleRange: NativeRange,
    ranges.AbstractMultiRange: NativeMultirange,
    HSTORE: NativeHstore,
    pg_catalog.INT2VECTOR: Int2Vector,
    pg_catalog.OIDVECTOR: OidVector,
}
