"""Ten million rows that other sessions change: an engine reads what one query reads at the same snapshot."""

from __future__ import annotations

from contextlib import closing

import pytest

pytest.importorskip("dask")
pytest.importorskip("duckdb")
pytest.importorskip("polars")
pytest.importorskip("pyspark")
pytest.importorskip("ray")

import pyarrow as pa
import pyarrow.parquet as pq

import howdah
from tests.engines.zoo import busy

pytestmark = pytest.mark.filterwarnings("ignore")

ROWS = 10_000_000
_CREATE = f"""
DROP TABLE IF EXISTS large;
CREATE UNLOGGED TABLE large (id int8, n int4, name text) WITH (fillfactor = 80, autovacuum_enabled = false);
INSERT INTO large SELECT i, nullif(i % 7, 3), CASE WHEN i % 11 <> 0 THEN 'name ' || i END
    FROM generate_series(1, {ROWS}) AS i;
CREATE INDEX ON large (id);
ANALYZE large
"""
_SOME = f"SELECT (random() * {ROWS})::int8 FROM generate_series(1, 1000)"
#: Each changes rows in a thousand places of the table.
_CHANGES = (
    f"UPDATE large SET n = -1 WHERE id IN ({_SOME})",
    f"DELETE FROM large WHERE id IN ({_SOME})",
    f"INSERT INTO large {_SOME}",
    "VACUUM large",
)


@pytest.fixture(scope="module")
def large(dsn):
    """The table."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute(_CREATE)
        yield
        conn.execute("DROP TABLE large")


def threads(scan, request):
    return scan.read(workers=3)


def processes(scan, request):
    return scan.read(workers=2, executor="processes")


def dask(scan, request):
    from howdah_scan.dask import data_frame

    request.getfixturevalue("client")
    return pa.Table.from_pandas(data_frame(scan).compute(), preserve_index=False)


def duckdb(scan, request):
    from howdah_scan.duckdb import relation

    return relation(scan, workers=2).arrow().read_all()


def polars(scan, request):
    from howdah_scan.polars import lazy_frame

    return lazy_frame(scan).collect().to_arrow()


def ray(scan, request):
    from howdah_scan.ray import dataset

    request.getfixturevalue("ray")
    return pa.concat_tables(dataset(scan).iter_batches(batch_size=None, batch_format="pyarrow"))


def spark(scan, request):
    from howdah_scan.spark import data_frame

    written = str(request.getfixturevalue("tmp_path") / "large")
    data_frame(request.getfixturevalue("spark"), scan).write.parquet(written)
    return pq.read_table(written)


@pytest.mark.parametrize("read", [threads, processes, dask, duckdb, polars, ray, spark])
def test_every_row(dsn, large, importable, request, read):
    with howdah.scan(dsn, "large", partitions=12) as scan, busy(dsn, _CHANGES):
        found = in_order(read(scan, request))
        with closing(howdah.connect(dsn, autocommit=True)) as conn:
            conn.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            conn.execute(f"SET TRANSACTION SNAPSHOT '{scan.snapshot}'")
            expected = in_order(conn.cursor().execute_arrow("SELECT * FROM large").fetch_arrow())
    assert found.num_rows > ROWS * 0.9
    assert found.equals(expected)


def in_order(table):
    """The rows in the order of their columns, each with the type that the query gives it."""
    table = table.cast(pa.schema([("id", pa.int64()), ("n", pa.int32()), ("name", pa.string())]))
    return table.sort_by([(name, "ascending") for name in table.column_names]).combine_chunks()
