"""The bounds of a key: values that divide the rows into ranges of similar sizes."""

from __future__ import annotations

from collections.abc import Sequence

from howdah.sql import Literal
from howdah_scan.fragments import Fragment

__all__ = [
    "AFTER",
    "BEFORE",
    "BETWEEN",
    "DATE_STYLE",
    "ISO",
    "OPERATORS",
    "STATISTICS",
    "TYPE_NAME",
    "chosen",
    "from_rows",
    "from_statistics",
]

#: Writes times as the server can read them, and returns the style before: others have names of time zones.
ISO = "SELECT pg_catalog.current_setting('DateStyle'), pg_catalog.set_config('DateStyle', 'ISO', true)"
DATE_STYLE = "SELECT pg_catalog.set_config('DateStyle', %s, true)"
#: The name of a type without its modifier: `character` alone would mean one character.
TYPE_NAME = "SELECT pg_catalog.format_type(%s, -1)"
#: The operators < and >= by which a type is sorted, if they belong to an extension. Where its schema is not
#: in the search path, others are found, such as those of text for citext, by which values ascend otherwise.
OPERATORS = """\
SELECT pg_catalog.format('OPERATOR(%%I.%%s)', nspname, oprname)
FROM pg_catalog.pg_opclass
    JOIN pg_catalog.pg_amop
        ON amopfamily = opcfamily AND amoplefttype = opcintype AND amoprighttype = opcintype
    JOIN pg_catalog.pg_operator AS o ON o.oid = amopopr
    JOIN pg_catalog.pg_namespace AS n ON n.oid = oprnamespace
WHERE opcmethod = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree')
    AND opcdefault AND opcintype = %s AND amopstrategy IN (1, 4) AND nspname <> 'pg_catalog'
ORDER BY amopstrategy
"""
#: The bounds of the histogram of a column.
STATISTICS = """\
SELECT histogram_bounds::text FROM pg_catalog.pg_stats
    JOIN pg_catalog.pg_namespace AS n ON nspname = schemaname
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND relname = tablename
WHERE c.oid = %s AND attname = %s AND histogram_bounds IS NOT NULL
    AND inherited = EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = %s)
"""
# The key's own type and collation decide the order: `UNION` passes them on.
BEFORE = "SELECT pg_catalog.quote_literal(bound::text) FROM (SELECT DISTINCT bound FROM (\n"
BETWEEN = "\nWHERE false UNION ALL "
AFTER = ") AS a(bound) WHERE bound IS NOT NULL) AS b ORDER BY bound"

#: Types between whose least and greatest value there are others to calculate: by oid, the name, the condition
#: that a value is finite, an end as it is calculated with, and a value at a share of the way.
_FINITE = "pg_catalog.isfinite({key})"
_INTEGER = ("true", "{end}", "pg_catalog.trunc(lo::numeric + (hi::numeric - lo::numeric) * i / {n})::{type}")
# An interval cannot be as long as the whole range of timestamps. Where there are many days, days are enough.
_TIMESTAMP = (
    "CASE WHEN hi::date - lo::date < 100000 THEN lo + (hi - lo) * (i::float8 / {n})"
    " ELSE (lo::date + ((hi::date - lo::date)::int8 * i / {n})::int4)::timestamp END"
)
_CALCULATED = {
    20: ("int8", *_INTEGER),
    21: ("int2", *_INTEGER),
    23: ("int4", *_INTEGER),
    1082: ("date", _FINITE, "{end}", "lo + ((hi - lo)::int8 * i / {n})::int4"),
    1114: ("timestamp", _FINITE, "{end}", _TIMESTAMP),
    # In UTC, a day has 24 hours, and no value between the ends is out of range.
    1184: ("timestamptz", _FINITE, "{end} AT TIME ZONE 'UTC'", f"({_TIMESTAMP}) AT TIME ZONE 'UTC'"),
}


def from_statistics(bounds: str, type_name: str) -> str:
    """Return the query for the bounds of a histogram.

    Args:
        bounds: the array of bounds, as text.
        type_name: the name of the type.
    """
    return f"SELECT pg_catalog.unnest({Literal(bounds).as_string()}::{type_name}[])"


def from_rows(key: str, type_oid: int, count: int, source: Fragment, where: Fragment) -> list[Fragment]:
    """Return the query for bounds that come from the rows.

    Args:
        key: the key, in SQL.
        type_oid: its type.
        count: the number of ranges.
        source: what is scanned.
        where: the condition of the scan.
    """
    condition = [Fragment(" AND ("), where, Fragment("\n)")] if where.text else []
    if type_oid in _CALCULATED:
        type_name, finite, end, between = _CALCULATED[type_oid]
        value = between.format(key=key, n=count, type=type_name)
        low, high = (end.format(end=f"pg_catalog.{name}({key})") for name in ("min", "max"))
        return [
            Fragment(f"SELECT {value} FROM (SELECT {low} AS lo, {high} AS hi FROM "),
            source,
            Fragment(f" WHERE {finite.format(key=key)}"),
            *condition,
            Fragment(f") AS ends, pg_catalog.generate_series(1, {count - 1}) AS i"),
        ]
    shares = ", ".join(str(i / count) for i in range(1, count))
    return [
        Fragment(
            f"SELECT pg_catalog.unnest(pg_catalog.percentile_disc(ARRAY[{shares}]::float8[])"
            f" WITHIN GROUP (ORDER BY {key})) FROM "
        ),
        source,
        Fragment(" WHERE true"),
        *condition,
    ]


def chosen(bounds: Sequence[str], count: int) -> list[str]:
    """Return bounds for `count` ranges, evenly out of many.

    Args:
        bounds: all bounds, in order.
        count: how many ranges are wanted.
    """
    if len(bounds) < count:
        return list(bounds)
    return [bounds[len(bounds) * i // count] for i in range(1, count)]
