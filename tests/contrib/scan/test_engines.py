"""Polars and DuckDB read scans; what Polars pushes down changes no result."""

from __future__ import annotations

import datetime as dt

import duckdb
import polars as pl
import pytest

import howdah
from howdah import errors
from howdah_scan.duckdb import relation
from howdah_scan.polars import lazy_frame
from howdah_scan.predicates import filtered

_TYPES = """
DROP TABLE IF EXISTS typed;
CREATE TABLE typed (i int, s smallint, b bigint, f float8, g float4, t text, v varchar(9), c char(4), ok bool,
    d date, p timestamp, z timestamptz, n numeric(9, 2), "a %{b} c" int);
INSERT INTO typed SELECT nullif(i % 40, 7), i % 30, 9007199254740992 + i % 3,
    (ARRAY['NaN', '1.5', '-0', NULL, '9'])[1 + i % 5]::float8, (i % 7) * 0.1,
    (ARRAY['a', 'B', 'ä', NULL, ''])[1 + i % 5], 'v' || i % 4, 'c' || i % 4, nullif(i % 3, 2) = 1,
    '2024-01-01'::date + i % 50, '2024-01-01'::timestamp + i * interval '1 hour',
    '2024-01-01Z'::timestamptz + i * interval '1 hour', i / 3.0, i % 5 FROM generate_series(1, 1000) AS i;
"""
_UTC = dt.timezone.utc

#: Expressions, and whether something of them is pushed to the server.
_EXPRESSIONS = [
    (pl.col("i") > 30, True),
    (pl.lit(30) >= pl.col("i"), True),
    (pl.col("i") != 5, True),
    (pl.col("i").is_null(), True),
    (pl.col("t").is_not_null(), True),
    (pl.col("i").is_between(3, 9, closed="left"), True),
    ((pl.col("i") == 3) | (pl.col("t") == "ä"), True),
    ((pl.col("i") == 3) | (pl.col("t").str.len_chars() == 0), False),
    ((pl.col("i") < 30) & (pl.col("t").str.len_chars() == 0), True),
    (pl.col("b") == 2**53 + 1, True),
    (pl.col("b") > 2**70, False),
    (pl.col("s") > pl.lit(5, dtype=pl.UInt64), False),
    (pl.col("f") > 1.25, True),
    (pl.col("f") == 0.0, True),
    (pl.col("f") <= float("nan"), False),
    (pl.col("g") > 0.3, False),
    (pl.col("t") != "a", True),
    (pl.col("t") > "B", False),
    (pl.col("v") == "v1", True),
    (pl.col("c") == "c1  ", False),
    (pl.col("ok"), True),
    (~pl.col("ok"), False),
    (pl.col("ok") == False, True),  # noqa: E712
    (pl.col("d") < dt.date(2024, 1, 20), True),
    (pl.col("d") < dt.datetime(2024, 1, 20), False),
    (pl.col("p") >= dt.datetime(2024, 1, 9, 5), True),
    (pl.col("z") < dt.datetime(2024, 1, 9, 5, tzinfo=_UTC), True),
    (pl.col("n") > 100, False),
    (pl.col("i").is_in([1, 2]), False),
    (pl.col("i").eq_missing(None), False),
    (pl.col("a %{b} c") == 3, True),
    (pl.col("i") + 1 > 5, False),
]


@pytest.fixture(scope="module")
def typed(scan_dsn):
    """A scan of a table with columns of many types, and all its rows."""
    with howdah.connect(scan_dsn, autocommit=True) as conn:
        conn.execute(_TYPES)
    with howdah.scan(scan_dsn, "typed", partitions=2, where="i IS NULL OR i >= %s", params=[0]) as scan:
        yield scan, pl.from_arrow(scan.read())


@pytest.mark.parametrize(("expression", "pushed"), _EXPRESSIONS, ids=lambda value: str(value)[:40])
def test_predicates(typed, expression, pushed):
    scan, frame = typed
    expected = frame.filter(expression).select("i", "t", "p").sort("p")
    found = lazy_frame(scan, workers=2).filter(expression).select("i", "t", "p").collect()
    assert found.sort("p").equals(expected)
    task = filtered(scan.tasks[0], expression)
    assert (len(task.conditions) == 2) is pushed
    # The server returns no fewer rows than the expression keeps.
    kept = pl.from_arrow(scan.tasks[0].read()).filter(expression)
    assert pl.from_arrow(task.read()).filter(expression).equals(kept)


def test_named_parameters(scan_dsn, typed):
    with howdah.scan(scan_dsn, "typed", where="i < %(limit)s", params={"limit": 20}) as scan:
        (task,) = scan.tasks
        assert filtered(task, pl.col("i") > 17).read()["i"].unique().to_pylist() in ([18, 19], [19, 18])


def test_a_format_that_is_not_known(typed):
    """Polars alone filters then."""

    class Meta:
        def serialize(self, format):
            return '{"BinaryExpr": {"operator": {}, "operands": []}}'

    class Expression:
        meta = Meta()

    task = typed[0].tasks[0]
    assert filtered(task, Expression()) is task


def test_lazy_frames(scan_dsn):
    with howdah.scan(scan_dsn, "heap", partitions=3) as scan:
        lazy = lazy_frame(scan, workers=2, batch_rows=100)
        assert lazy.collect_schema().names() == scan.schema.names
        assert lazy.select(pl.len()).collect().item() == 4000
        assert lazy.head(10).collect().height == 10
        assert lazy.filter(pl.col("id") <= 10).head(3).collect().height == 3
        assert lazy.head(4000).filter(pl.col("id") <= 10).collect().height == 10
        totals = lazy.group_by(pl.col("id") % 2).agg(pl.col("price").sum()).collect(engine="streaming")
        assert totals.height == 2
        assert lazy.select("price", "id").collect().columns == ["price", "id"]
        for engine in ("in-memory", "streaming"):
            assert lazy.with_row_index("n").select("n").collect(engine=engine).height == 4000
            assert lazy.filter(pl.col("id") > 3990).select(pl.lit(1)).collect(engine=engine).height == 1
    with howdah.scan(scan_dsn, "heap", where="1 / (id - 5) < 2") as scan:
        with pytest.raises(errors.DivisionByZero):
            lazy_frame(scan).collect()
    with howdah.scan(scan_dsn, "SELECT gen_random_uuid() AS u, ARRAY[interval '1 day'] AS span") as scan:
        with pytest.raises(howdah.NotSupportedError, match="'span'"):
            lazy_frame(scan)
    with howdah.scan(scan_dsn, "SELECT '00000000-0000-0000-0000-000000000001'::uuid AS u") as scan:
        assert lazy_frame(scan).collect().height == 1


def test_duckdb(scan_dsn):
    with (
        duckdb.connect() as own,
        howdah.scan(scan_dsn, "heap", partitions=3, columns=["id", "price"]) as scan,
    ):
        for connection in (own, None):
            heap = relation(scan, connection, workers=2)
            assert heap.aggregate("count(*), sum(id)").fetchall() == [(4000, 8002000)]
        heap = relation(scan, own, batch_rows=100)
        assert len(own.sql("SELECT * FROM heap WHERE id > 5 LIMIT 3").fetchall()) == 3
        del heap
    with howdah.scan(scan_dsn, "heap", where="1 / (id - 5) < 2") as scan:
        with pytest.raises(duckdb.Error, match="division by zero"):
            relation(scan).aggregate("sum(id)").fetchall()
