"""Spark: its executors read the tasks of a scan, and write the partitions of a data frame."""

from __future__ import annotations

import datetime
import os
import signal

import pytest

pytest.importorskip("pyspark")

import howdah
from howdah import errors
from howdah_load import LoadError
from tests.engines.zoo import COLUMNS, PUSHDOWN, ROWS, busy, rows_at, stored

pytestmark = [pytest.mark.usefixtures("tables"), pytest.mark.filterwarnings("ignore")]


def rows_of(frame, columns=COLUMNS):
    convert = {
        "data": bytes,
        # Spark's timestamps are local ones.
        "tz": lambda value: value.astimezone(datetime.timezone.utc),
    }
    return [
        tuple(
            convert[name](row[name]) if name in convert and row[name] is not None else row[name]
            for name in columns
        )
        for row in frame.orderBy("id").collect()
    ]


def test_every_row(spark, dsn):
    from howdah_scan.spark import data_frame

    with busy(dsn), howdah.scan(dsn, "zoo", partitions=5) as scan:
        frame = data_frame(spark, scan)
        assert frame.columns == list(COLUMNS)
        assert rows_of(frame) == rows_at(dsn, scan)
        assert frame.rdd.getNumPartitions() == 5
        # NULL counts as 0 in this sum.
        total = frame.groupBy().sum("n").collect()[0][0]
        assert total == sum(row[0] or 0 for row in rows_at(dsn, scan, ["n"]))


def test_types(spark, dsn):
    from howdah_scan.spark import data_frame

    query = """SELECT 5::oid, time '12:30:15.5', ARRAY['a', NULL], 'b'::name,
        '{"a": 1}'::jsonb, '10.0.0.1'::inet,
        1.5::numeric, ARRAY[md5('a')::uuid, NULL]"""
    names = ("o", "t", "texts", "name", "doc", "address", "number", "uuids")
    with howdah.scan(dsn, f"SELECT * FROM ({query}) AS t ({', '.join(names)})") as scan:
        (row,) = data_frame(spark, scan).collect()
    assert tuple(row) == (
        *(5, "12:30:15.500000", ["a", None], "b", '{"a": 1}', "10.0.0.1", "1.5"),
        ["0cc175b9-c0f1-b6a8-31c3-99e269772661", None],
    )
    with howdah.scan(dsn, "SELECT interval '1 day' AS span") as scan:
        with pytest.raises(howdah.NotSupportedError, match="'span'"):
            data_frame(spark, scan)


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_filters(spark, dsn, enabled):
    from howdah_scan.spark import data_frame

    spark.conf.set(PUSHDOWN, enabled)
    try:
        with howdah.scan(dsn, "zoo", partitions=3, where="id > %s", params=[10]) as scan:
            frame = data_frame(spark, scan)
            found = frame.where("id <= 100 AND flag AND n IS NOT NULL AND name <> 'name 12 é' AND f < 12.0")
            expected = [
                (row[0],)
                for row in rows_at(dsn, scan, ["id", "flag", "n", "name", "f"])
                if 10 < row[0] <= 100
                and row[1]
                and row[2] is not None
                and row[3] not in (None, "name 12 é")
                and row[4] < 12
            ]
            assert rows_of(found, ["id"]) == expected and expected
    finally:
        spark.conf.set(PUSHDOWN, "true")


def test_filters_are_sent_to_the_server(dsn):
    from pyspark.sql.datasource import EqualTo, GreaterThan, IsNull, StringContains

    from howdah_scan.spark_filters import condition_of

    with howdah.scan(dsn, "zoo") as scan:
        tasks = scan.tasks
        filters = [
            GreaterThan(("id",), 4990),
            EqualTo(("flag",), True),
            IsNull(("n",)),
            EqualTo(("name",), "x"),
            EqualTo(("f",), 1.0),
            EqualTo(("flag",), 1),
            EqualTo(("id", "x"), 1),
            EqualTo(("unknown",), 1),
            StringContains(("name",), "e"),
        ]
        found = [condition_of(each, tasks) for each in filters]
        assert found[:3] == [('"id" > 4990', None), ('"flag" = True', None), ('"n" IS NULL', None)]
        assert found[3:] == [None] * 6
        read = tasks[0].filter(*found[0]).filter(*found[1]).read()
        assert read["id"].to_pylist() == [4992, 4995, 4998]


def test_no_rows(spark, dsn):
    from howdah_scan.spark import data_frame

    with howdah.scan(dsn, "zoo", where="id < 0") as scan:
        assert data_frame(spark, scan).collect() == []


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_load(spark, dsn, mode):
    from howdah_scan.spark import data_frame

    with howdah.scan(dsn, "zoo", columns=["id", "n", "name"], partitions=4) as scan:
        loaded = howdah.load(dsn, "written", data_frame(spark, scan), mode=mode)
        assert stored(dsn) == rows_at(dsn, scan, ["id", "n", "name"])
    assert (loaded.rows, loaded.parts) == (ROWS, 4)


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_a_partition_that_is_refused(spark, dsn, mode):
    source = spark.createDataFrame([(i, 0) for i in [*range(50), 7]], "id bigint, n int").repartition(3)
    address = f"{dsn} options='-c lock_timeout=500ms'"
    with pytest.raises(LoadError) as caught:
        howdah.load(address, "written", source, mode=mode)
    assert isinstance(caught.value.__cause__, (errors.UniqueViolation, errors.LockNotAvailable))
    written = sum(part.rows for part in caught.value.written)
    assert len(stored(dsn)) == written and (mode == "independent" or written == 0)


@pytest.mark.parametrize("mode", ["independent", "staged", "two_phase"])
def test_a_worker_is_killed(spark, dsn, tmp_path, mode):
    """Spark runs its task again; each part is written once."""
    killed = str(tmp_path / "killed")

    def part_or_death(batches):
        for batch in batches:
            if not os.path.exists(killed):
                with open(killed, "w"):
                    os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    source = (
        spark.range(0, 400, 1, 4).selectExpr("id", "0 AS n").mapInArrow(part_or_death, "id bigint, n int")
    )
    assert howdah.load(dsn, "written", source, mode=mode).rows == 400
    assert os.path.exists(killed)
    assert stored(dsn) == [(i, 0, None) for i in range(400)]


def test_page(spark, run_page):
    assert run_page("spark") == 100
