"""Fixtures of the tests with engines: each engine is started once."""

from __future__ import annotations

import os
import sys
import warnings

import pytest

import howdah
from howdah.conninfo import parse
from tests import pages
from tests.engines import zoo


@pytest.fixture
def tables(dsn):
    """The tables of the zoo; no load leaves anything in their database."""
    zoo.new_tables(dsn)
    yield
    with howdah.connect(dsn, autocommit=True) as conn:
        left = conn.execute("SELECT relname FROM pg_class WHERE relname ~ '^howdah_load'").fetchall()
        assert left == []
        assert conn.execute("SELECT gid FROM pg_prepared_xacts").fetchall() == []


@pytest.fixture(scope="session")
def importable():
    """Have the processes of engines import what this one can."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    yield
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest.fixture(scope="module")
def client(importable):
    """Three processes of Dask."""
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            yield client


@pytest.fixture(scope="module")
def ray(importable):
    """Ray, with two workers."""
    os.environ["RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO"] = "0"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ray

        ray.init(
            num_cpus=2,
            include_dashboard=False,
            log_to_driver=False,
            object_store_memory=200 * 1024 * 1024,
            configure_logging=False,
        )
        ray.data.DataContext.get_current().enable_progress_bars = False
        yield ray
        ray.shutdown()


@pytest.fixture(scope="module")
def spark(importable, tmp_path_factory):
    """A session of Spark, with two workers."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2,4]").appName("howdah")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "512m",
        "spark.sql.shuffle.partitions": "2",
        zoo.PUSHDOWN: "true",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture
def run_page(dsn, monkeypatch):
    """Run the part of docs/scan-engines.md about an engine, and the beginning."""

    def run(engine):
        for name, value in parse(dsn).items():
            monkeypatch.setenv({"dbname": "PGDATABASE"}.get(name, f"PG{name.upper()}"), value)
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute("DROP TABLE IF EXISTS elephant, heavy")
            page = pages.ROOT / "docs" / "scan-engines.md"
            ran = pages.run(
                page, wanted=lambda code: "CREATE TABLE" in code or f"howdah_scan.{engine}" in code
            )
            assert ran == 2
            (stored,) = conn.execute("SELECT count(*) FROM heavy").fetchone()
            conn.execute("DROP TABLE elephant, heavy")
        return stored

    return run
