"""Values of each type that are equal after being sent and read back."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

UTC = dt.timezone.utc
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)
OFFSETS = st.integers(-15 * 3600, 15 * 3600).map(lambda seconds: dt.timezone(dt.timedelta(seconds=seconds)))
UINT32 = st.integers(0, 2**32 - 1)
UINT64 = st.integers(0, 2**64 - 1)
IDENTIFIERS = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=20)


@functools.cache  # to make a strategy takes longer than to draw from it
def arrays(elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Lists of elements and NULLs, of one to three dimensions."""

    @functools.cache
    def of(lengths: tuple[int, ...]) -> st.SearchStrategy[Any]:
        strategy = st.none() | elements
        for length in lengths:
            strategy = st.lists(strategy, min_size=length, max_size=length)
        return strategy

    return st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple).flatmap(of)


# -- geometry ------------------------------------------------------------------


def number(value: float) -> str:
    """Return a float as the server writes it; of those that `FLOATS` has."""
    return repr(value).removesuffix(".0") if value != 1e15 else "1e+15"


#: What Python and PostgreSQL write alike, and one number that they do not.
FLOATS = st.one_of(
    st.integers(-(10**14), 10**14).map(float),
    st.floats(-1e14, 1e14),
    st.sampled_from([1e300, -2.5e-300, 1e15, 123456789012345678.0, 5e-324, -0.0]),
)


@st.composite
def points(draw: st.DrawFn, count: int) -> str:
    """Points with commas between them."""
    coordinates = [number(draw(FLOATS)) for _ in range(2 * count)]
    return ",".join(f"({x},{y})" for x, y in zip(coordinates[::2], coordinates[1::2], strict=True))


@st.composite
def boxes(draw: st.DrawFn) -> str:
    (x1, y1), (x2, y2) = [(draw(FLOATS), draw(FLOATS)) for _ in range(2)]
    x1, x2 = (x2, x1) if x1 < x2 else (x1, x2)
    y1, y2 = (y2, y1) if y1 < y2 else (y1, y2)
    return f"({number(x1)},{number(y1)}),({number(x2)},{number(y2)})"


@st.composite
def circles(draw: st.DrawFn) -> str:
    return f"<{draw(points(1))},{number(abs(draw(FLOATS)))}>"


@st.composite
def lines(draw: st.DrawFn) -> str:
    a, b, c = draw(FLOATS), draw(FLOATS.filter(lambda value: abs(value) > 1)), draw(FLOATS)
    return f"{{{number(a)},{number(b)},{number(c)}}}"


# -- network -------------------------------------------------------------------


@st.composite
def interfaces(draw: st.DrawFn) -> Any:
    """With a mask that is not the whole address: with that it is an address."""
    address = draw(st.ip_addresses())
    return ipaddress.ip_interface((address.packed, draw(st.integers(0, address.max_prefixlen - 1))))


@st.composite
def networks(draw: st.DrawFn) -> Any:
    address = draw(st.ip_addresses())
    prefix = draw(st.integers(0, address.max_prefixlen))
    return ipaddress.ip_network((address.packed, prefix), strict=False)


# -- the catalog ---------------------------------------------------------------


@st.composite
def snapshots(draw: st.DrawFn) -> str:
    xmin, size = draw(st.integers(1, 2**31)), draw(st.integers(0, 50))
    xids = draw(st.sets(st.integers(xmin, xmin + size - 1), max_size=5)) if size else ()
    return f"{xmin}:{xmin + size}:{','.join(map(str, sorted(xids)))}"


def spaced(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers))


#: By the name of the type; the modifier of a type, as SQL has it, is not part of its name.
STRATEGIES: dict[str, st.SearchStrategy[Any]] = {
    "bool": st.booleans(),
    "int2": st.integers(-(2**15), 2**15 - 1),
    "int4": st.integers(-(2**31), 2**31 - 1),
    "int8": st.integers(-(2**63), 2**63 - 1),
    "oid": UINT32,
    "float4": st.floats(width=32),
    "float8": st.floats(),
    "numeric": (st.decimals(places=6) | st.decimals().filter(lambda d: abs(d.adjusted()) < 500)).map(
        lambda value: Decimal("NaN") if value.is_snan() else value
    ),
    "text": TEXT,
    "varchar": TEXT,
    "bpchar": TEXT,
    '"char"': st.characters(min_codepoint=1, max_codepoint=127) | st.just(""),
    "name": IDENTIFIERS,
    "bytea": st.binary(),
    "date": st.dates(),
    "time": st.times(),
    "timetz": st.times(timezones=OFFSETS),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=OFFSETS),
    "interval": st.timedeltas(),
    "uuid": st.uuids(),
    "bit(7)": st.text("01", min_size=7, max_size=7),
    "varbit": st.text("01", max_size=70),
    "inet": st.ip_addresses() | interfaces(),
    "cidr": networks(),
    "macaddr": st.binary(min_size=6, max_size=6).map(lambda data: data.hex(":")),
    "macaddr8": st.binary(min_size=8, max_size=8).map(lambda data: data.hex(":")),
    "point": points(1),
    "line": lines(),
    "lseg": points(2).map(lambda text: f"[{text}]"),
    "box": boxes(),
    "path": st.integers(1, 4)
    .flatmap(points)
    .flatmap(lambda text: st.sampled_from([f"[{text}]", f"({text})"])),
    "polygon": st.integers(1, 4).flatmap(points).map(lambda text: f"({text})"),
    "circle": circles(),
    "tsvector": st.sets(IDENTIFIERS, max_size=4).map(
        lambda words: " ".join(f"'{word}':{len(word)}A" for word in sorted(words))
    ),
    "tsquery": st.lists(IDENTIFIERS, max_size=4).map(
        lambda words: " & ".join(f"'{word}'{':*B' if '_' in word else ''}" for word in words)
    ),
    "jsonpath": st.sampled_from(['$."a"[*]', 'strict $."é"."b"?(@ > 1)', "$"]),
    "pg_lsn": st.tuples(UINT32, UINT32).map(lambda lsn: "{:X}/{:X}".format(*lsn)),
    "tid": st.tuples(UINT32, st.integers(0, 2**16 - 1)).map(lambda tid: "({},{})".format(*tid)),
    "xid": UINT32.map(str),
    "cid": UINT32.map(str),
    "xid8": UINT64.map(str),
    "pg_snapshot": snapshots(),
    "txid_snapshot": snapshots(),
    "int2vector": st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1).map(spaced),
    "oidvector": st.lists(UINT32, min_size=1).map(spaced),
    "refcursor": IDENTIFIERS,
    "citext": TEXT,
    "ltree": st.lists(IDENTIFIERS, max_size=4).map(".".join),
    "ltxtquery": st.lists(IDENTIFIERS, min_size=1, max_size=3).map(" & ".join),
}

#: Types whose values cannot be written in binary by anyone but the server.
TEXT_ONLY = frozenset(["tsvector", "tsquery"])


def bare(type_name: str) -> str:
    """Return the name of a type without its modifier."""
    return type_name.partition("(")[0]
