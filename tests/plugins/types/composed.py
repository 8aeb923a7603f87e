"""Composed types in a database, and the classes for them."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis import strategies as st

from howdah_types.composite import register_composite
from howdah_types.domain import register_domain
from howdah_types.enum import register_enum
from howdah_types.hstore import register_hstore
from howdah_types.multirange import Int8Multirange, Multirange, register_multirange
from howdah_types.range import Int8Range, Range, register_range

if TYPE_CHECKING:
    from collections.abc import Callable

    from howdah.adapt import AdaptersMap

SCHEMA = "composed"
#: What connections are opened with to find the types.
OPTIONS = f"-c search_path={SCHEMA},public -c timezone=UTC"

CREATE = [
    f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE",
    f"CREATE SCHEMA {SCHEMA}",
    f"CREATE EXTENSION IF NOT EXISTS hstore SCHEMA {SCHEMA}",
    f"ALTER EXTENSION hstore SET SCHEMA {SCHEMA}",
    f"SET search_path TO {SCHEMA}, public",
    "CREATE TYPE mood AS ENUM ('SAD', 'so so', 'Größe', 'it''s \"x\"\\,{}()')",
    "CREATE DOMAIN positive AS int8 CHECK (value > 0)",
    "CREATE DOMAIN moods AS mood[]",
    'CREATE TYPE textrange AS RANGE (subtype = text, collation = "C", multirange_type_name = textmultirange)',
    'CREATE TYPE trunk AS (length numeric, "the label" text)',
    """CREATE TYPE elephant AS (name text, born date, mood mood, moods moods, tusks positive[], notes hstore,
        weight numrange, trunk trunk, trunks trunk[])""",
]


class Mood(enum.Enum):
    SAD = 1
    SO_SO = "so so"
    SIZE = "Größe"
    WEIRD = 'it\'s "x"\\,{}()'


class Trunk(NamedTuple):
    length: Decimal | None
    label: str | None


@dataclass(frozen=True)
class Elephant:
    """Its fields stand in another order than the type's."""

    mood: Mood | None
    name: str | None
    born: dt.date | None
    tusks: list[int | None] | None
    notes: dict[str, str | None] | None
    weight: Range[Decimal] | None
    trunk: Trunk | None
    trunks: list[Trunk | None] | None
    moods: list[Mood] | None = None
    nickname: str = "not in the database"


def register(context: AdaptersMap | Any) -> None:
    """Register all of them by name."""
    register_enum("mood", context, Mood)
    register_domain("positive", context)
    register_range("textrange", context)
    register_multirange("textmultirange", context)
    register_hstore("hstore", context)
    register_composite("trunk", context, Trunk)
    register_composite("elephant", context, Elephant)


Values = st.SearchStrategy[Any]

# -- values ------------------------------------------------------------------------

TEXT = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
) | st.sampled_from(
    ["", " ", "NULL", "empty", '"', "\\", '\\"', "a,b", "(x)", "[y}", "{}", '"=>"', "\n\t", "'"]
)
NUMBERS = st.decimals(-1000, 1000, places=3)
INTEGERS = st.integers(-(2**31), 2**31 - 1)
MOODS = st.sampled_from(Mood)
HSTORES = st.dictionaries(TEXT, st.none() | TEXT, max_size=3)


def ranges(
    bounds: st.SearchStrategy[Any], brackets: tuple[str, ...] = ("[)",)
) -> st.SearchStrategy[Range[Any]]:
    """Ranges as PostgreSQL returns them."""

    def of(pair: list[Any], brackets: str, without: tuple[bool, bool]) -> Range[Any]:
        lower, upper = [None if left_out else bound for bound, left_out in zip(sorted(pair), without)]
        return Range(lower, upper, brackets)

    pairs = st.lists(bounds, min_size=2, max_size=2, unique=True)
    some = st.builds(of, pairs, st.sampled_from(brackets), st.tuples(st.booleans(), st.booleans()))
    return some | st.just(Range(empty=True))


def multiranges(bounds: Values) -> Values:
    """Multiranges as PostgreSQL returns them: in order, with gaps."""

    def of(bounds: list[Any]) -> Multirange[Any]:
        bounds = sorted(bounds)
        return Multirange([Range(*pair) for pair in zip(bounds[::2], bounds[1::2])])

    return st.lists(bounds, max_size=6, unique=True).map(of)


ANY_BRACKETS = ("[)", "(]", "()", "[]")
DATES = st.dates(dt.date(1, 1, 2), dt.date(9999, 12, 30))
TIMES = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30))
AWARE_TIMES = TIMES.map(lambda time: time.replace(tzinfo=dt.timezone.utc))
TRUNKS = st.builds(Trunk, st.none() | NUMBERS, st.none() | TEXT)
ELEPHANTS = st.builds(
    Elephant,
    st.none() | MOODS,
    st.none() | TEXT,
    st.none() | DATES,
    st.none() | st.lists(st.none() | st.integers(1, 2**63 - 1), max_size=3),
    st.none() | HSTORES,
    st.none() | ranges(NUMBERS, ANY_BRACKETS),
    st.none() | TRUNKS,
    st.none() | st.lists(st.none() | TRUNKS, max_size=2),
    st.none() | st.lists(MOODS, max_size=2),
)

STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "mood": MOODS,
    "positive": st.integers(1, 2**63 - 1),
    "int4range": ranges(INTEGERS),
    "int8range": ranges(st.integers(-(2**63), 2**63 - 1)),
    "numrange": ranges(NUMBERS, ANY_BRACKETS),
    "daterange": ranges(DATES),
    "tsrange": ranges(TIMES, ANY_BRACKETS),
    "tstzrange": ranges(AWARE_TIMES, ANY_BRACKETS),
    "textrange": ranges(TEXT, ANY_BRACKETS),
    "int4multirange": multiranges(INTEGERS),
    "int8multirange": multiranges(st.integers(-(2**63), 2**63 - 1)),
    "nummultirange": multiranges(NUMBERS),
    "datemultirange": multiranges(DATES),
    "tsmultirange": multiranges(TIMES),
    "tstzmultirange": multiranges(AWARE_TIMES),
    "textmultirange": multiranges(TEXT),
    "hstore": HSTORES,
    "trunk": TRUNKS,
    "elephant": ELEPHANTS,
}

#: What is sent where the type of a value has to be told: a small integer does not tell that it is an int8.
TYPED: dict[str, Callable[[Any], Any]] = {
    "int8range": lambda value: Int8Range(value.lower, value.upper, value.bounds or "[)", value.isempty),
    "int8multirange": Int8Multirange,
}


def same(loaded: Any, value: Any) -> bool:
    """Whether two values, and what they are made of, are equal and of one type."""
    if type(loaded) is not type(value) or loaded != value:
        return False
    if isinstance(value, Range):
        return same(loaded.lower, value.lower) and same(loaded.upper, value.upper)
    if isinstance(value, Elephant):
        return all(same(getattr(loaded, name), getattr(value, name)) for name in vars(value))
    if isinstance(value, (list, tuple, Multirange)):
        return all(map(same, loaded, value))
    return True
