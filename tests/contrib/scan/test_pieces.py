"""How relations are divided: every row is in exactly one piece."""

from __future__ import annotations

import math
import re
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import howdah
from howdah_scan.keys import chosen
from howdah_scan.pieces import Piece, block_ranges, grouped, key_ranges, number_of_tasks, split

_BLOCK = re.compile(r"ctid (>=|<) '\((\d+),0\)'::pg_catalog.tid")


def _contains(predicate: str, block: int) -> bool:
    bounds = _BLOCK.findall(predicate)
    assert len(bounds) == len(predicate.split(" AND ")) or not predicate
    return all(block >= int(bound) if operator == ">=" else block < int(bound) for operator, bound in bounds)


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_every_block_is_in_one_range(blocks, count, block):
    ranges = block_ranges(blocks, count)
    assert len(ranges) == max(1, min(blocks, count))
    assert sum(_contains(each, block) for each in ranges) == 1
    assert sum(_contains(each, max(0, blocks - 1)) for each in ranges) == 1


@given(st.integers(1, 10**6), st.integers(1, 100))
def test_ranges_of_blocks_are_of_similar_sizes(blocks, count):
    sizes = [int(bound) for each in block_ranges(blocks, count) for bound in re.findall(r"< '\((\d+)", each)]
    edges = [0, *sizes, blocks]
    lengths = [high - low for low, high in pairwise(edges)]
    assert min(lengths) >= 1 and max(lengths) - min(lengths) <= 1


@given(st.lists(st.integers(0, 10**12), max_size=30), st.integers(1, 12))
def test_groups_have_all_pieces_once(sizes, count):
    pieces = [Piece(str(number), size=size) for number, size in enumerate(sizes)]
    groups = grouped(pieces, count)
    assert sorted((piece for group in groups for piece in group), key=pieces.index) == pieces
    assert len(groups) == max(1, min(count, len(pieces)))
    if pieces:
        weights = [sum(piece.size for piece in group) for group in groups]
        assert all(groups) and max(weights) <= math.ceil(sum(sizes) / count) + max(sizes)


@pytest.mark.parametrize(
    ("size", "wanted", "number"),
    [
        (0, None, 1),
        (0, 5, 5),
        (10, None, 1),
        (5 << 20, None, 5),
        (100 << 20, None, 8),
        (1 << 40, None, 16384),
    ],
)
def test_number_of_tasks(size, wanted, number):
    assert number_of_tasks(size, wanted) == number


def test_a_split_keeps_what_a_piece_is():
    piece = Piece("ONLY a", "", 100, "a", ((1, 2),))
    assert {each.files for each in split(piece, 10, 3)} == {((1, 2),)}
    assert sum(each.size for each in split(piece, 10, 3)) <= 100


def test_repr_shows_no_values():
    (piece,) = [Piece("(SELECT 'secret')", "name > 'secret'")]
    assert "secret" not in repr(piece)


@given(st.lists(st.integers(), max_size=40, unique=True), st.integers(1, 20))
def test_chosen_bounds(bounds, count):
    bounds = sorted(bounds)
    found = chosen([str(bound) for bound in bounds], count)
    assert len(found) <= max(count - 1, len(bounds))
    assert [int(bound) for bound in found] == sorted({int(bound) for bound in found})


def test_null_keys_are_in_one_range():
    assert key_ranges("k", []) == [""]
    assert sum("IS NULL" in each for each in key_ranges("k", ["1", "2"])) == 1


_VALUES = {
    "int8": st.integers(-(2**63), 2**63 - 1),
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6),
    "timestamptz": st.datetimes().map(lambda value: value.isoformat() + "+02"),
    "float8": st.floats(),
    "numeric": st.decimals(allow_infinity=False, allow_nan=False) | st.just("NaN"),
    'text COLLATE "C"': st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=3),
    "bpchar": st.text("ab ", max_size=3),
}


@pytest.mark.parametrize("type_name", _VALUES, ids=lambda name: name.replace(" ", "_").replace('"', ""))
def test_every_value_is_in_one_range(type_name, scan_dsn, db):
    """The server decides: it counts the ranges that each value is in."""

    @given(st.lists(_VALUES[type_name], min_size=1, max_size=30), st.integers(1, 5))
    def check(values, count):
        _check_ranges(scan_dsn, db, type_name, values, count)

    settings(max_examples=6)(check)()


def _check_ranges(dsn, db, type_name, values, count):
    """Check that each value is in one range; return how many tasks there are."""
    # A query without a table: its key has the same type, and the values are its parameters.
    query = f"SELECT k::{type_name} AS k FROM unnest(%s::text[]) AS v(k)"
    params = ([None, *map(str, values)],)
    with howdah.scan(dsn, query, params=params, key="k", partitions=count) as scan:
        assert len(scan.tasks) <= count
        predicates = [piece.predicate or "true" for task in scan.tasks for piece in task.pieces]
    hits = " + ".join(f"coalesce(({predicate}), false)::int" for predicate in predicates).replace("%", "%%")
    wrong = db.execute(f"SELECT count(*) FROM ({query}) AS q WHERE {hits} <> 1", params).fetchone()[0]
    assert wrong == 0
    return len(predicates)


_DAYS = ["4713-11-24 BC", "0044-03-15 BC", "2024-02-29", "2024-02-29 12:00:00.000001"]
_INFINITE = ["infinity", "-infinity"]
_LAST = {
    "date": "5874897-12-31",
    "timestamp": "294276-12-31 23:59:59.999999",
    "timestamptz": "294276-12-31 23:59:59.999999+00",
}


@pytest.mark.parametrize(("zone", "style"), [("UTC", "ISO"), ("Europe/Amsterdam", "SQL, DMY")])
@pytest.mark.parametrize("type_name", _LAST)
def test_the_whole_range_of_times(type_name, zone, style, scan_dsn, monkeypatch):
    """From the first one to the last one, before Christ, and infinite."""
    monkeypatch.setenv("PGTZ", zone)
    monkeypatch.setenv("PGDATESTYLE", style)
    finite = [*_DAYS, _LAST[type_name]]
    if type_name == "timestamptz":
        finite[0] = "4713-11-24 00:00:00+00 BC"
    with howdah.connect(scan_dsn, autocommit=True) as conn:
        for values in [*combinations(finite, 2), *([value] for value in finite), finite]:
            same = len(values) == 1 or (type_name == "date" and set(values) == set(_DAYS[2:]))
            for more in ([], _INFINITE):
                tasks = _check_ranges(scan_dsn, conn, type_name, [*values, *more], 3)
                assert same or tasks == 3
        _check_ranges(scan_dsn, conn, type_name, _INFINITE, 3)


def test_old_times_in_the_statistics(scan_dsn, db, monkeypatch):
    """Some styles write them with a time zone, the local mean time, that the server cannot read."""
    db.execute(
        """DROP TABLE IF EXISTS old; CREATE TABLE old (id int, at timestamptz);
        INSERT INTO old SELECT i, timestamptz '0044-03-15 BC' + i * interval '1 day'
            FROM generate_series(1, 900) AS i;
        ANALYZE old"""
    )
    monkeypatch.setenv("PGTZ", "Europe/Amsterdam")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    with howdah.scan(scan_dsn, "old", columns=["id"], key="at", partitions=3) as scan:
        found = [task.read().column("id").to_pylist() for task in scan.tasks]
    assert sorted(each for ids in found for each in ids) == [*range(1, 901)]
    assert all(len(ids) > 200 for ids in found) and len(found) == 3
    db.execute("DROP TABLE old")
