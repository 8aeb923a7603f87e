"""howdah_postgis: shapely's geometries, on Debian's PostgreSQL 15 and PostGIS."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import howdah
from howdah.conninfo import parse
from tests.pages import ROOT, run
from tests.servers import Server

shapely = pytest.importorskip("shapely")

EXTENSION = "CREATE EXTENSION IF NOT EXISTS postgis"


@pytest.fixture(scope="module")
def postgis():
    """The conninfo of a server that has the extension."""
    if not Path("/usr/share/postgresql/15/extension/postgis.control").exists():
        pytest.skip("PostGIS is not installed: apt-get install postgresql-15-postgis-3")
    with Server("15") as server:
        with howdah.connect(server.dsn, autocommit=True) as conn:
            conn.execute(EXTENSION)
        yield server.dsn


@pytest.fixture(scope="module")
def howdah_dsn(postgis):
    return postgis


@pytest.fixture
def conn(postgis):
    with closing(howdah.Driver().connect(postgis)) as conn:
        yield conn


def same(got, expected):
    return (
        type(got) is type(expected)
        and shapely.get_srid(got) == shapely.get_srid(expected)
        and bool(shapely.equals_identical(got, expected))
    )


def geometry(wkt, srid=0):
    return shapely.set_srid(shapely.from_wkt(wkt), srid)


SHAPES = [
    "POINT (1 2)",
    "POINT Z (1 2 3.5)",
    "POINT EMPTY",
    "LINESTRING (0 0, 1 1, 2 0.1)",
    "POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 2 1, 2 2, 1 2, 1 1))",
    "MULTIPOINT ((0 0), (1 1))",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))",
    "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
    "GEOMETRYCOLLECTION EMPTY",
]


@pytest.mark.parametrize("srid", [0, 4326])
def test_geometry(check_adapter, srid):
    literals = {f"ST_GeomFromText('{wkt}', {srid})": geometry(wkt, srid) for wkt in SHAPES}
    check_adapter("geometry", sql_literals=literals, equal=same, setup=EXTENSION)


def test_geography(check_adapter):
    literals = {f"ST_GeogFromText('{wkt}')": geometry(wkt, 4326) for wkt in SHAPES[:5]}
    # As a parameter a geometry is cast, in COPY it is sent as what set_types says.
    check_adapter("geography", sql_literals=literals, equal=same, cast=True, arrays=False, setup=EXTENSION)


@pytest.mark.skipif(shapely.geos_version < (3, 12), reason="GEOS has measures since 3.12")
@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("wkt", ["POINT M (1 2 3)", "LINESTRING ZM (0 0 1 2, 1 1 3 4)"])
def test_measures(conn, binary, wkt):
    (got,) = conn.execute("SELECT %s", [geometry(wkt, 4326)], binary=binary).fetchone()
    assert same(got, geometry(wkt, 4326))


def test_typed_columns(conn):
    conn.execute("CREATE TEMP TABLE zoo (gate geometry(Point, 4326), way geography(LineString))")
    gate, way = geometry("POINT (13.3 52.5)", 4326), geometry("LINESTRING (13.3 52.5, 13.4 52.6)", 4326)
    conn.execute("INSERT INTO zoo VALUES (%s, %s)", [gate, way])
    row = conn.execute("SELECT * FROM zoo WHERE ST_DWithin(way, %s, 10)", [gate]).fetchone()
    assert same(row[0], gate)
    assert same(row[1], way)
    with pytest.raises(howdah.DataError, match="SRID"):
        conn.execute("INSERT INTO zoo VALUES (%s)", [geometry("POINT (1 2)", 3857)])


def test_linear_ring(conn):
    ring = shapely.LinearRing([(0, 0), (1, 0), (1, 1)])
    assert conn.execute("SELECT ST_AsText(%s)", [ring]).fetchone() == ("LINESTRING(0 0,1 0,1 1,0 0)",)


@pytest.mark.parametrize("binary", [False, True])
def test_what_shapely_has_not(conn, binary):
    query = "SELECT 'TRIANGLE((0 0, 1 0, 1 1, 0 0))'::geometry"
    with pytest.raises(howdah.DataError, match="shapely cannot represent"):
        conn.execute(query, binary=binary).fetchone()
    assert conn.execute("SELECT ST_AsText('POINT(1 2)'::geometry)").fetchone() == ("POINT(1 2)",)


def test_page(postgis, monkeypatch):
    settings = parse(postgis)
    for name, variable in (
        ("host", "PGHOST"),
        ("port", "PGPORT"),
        ("user", "PGUSER"),
        ("dbname", "PGDATABASE"),
    ):
        monkeypatch.setenv(variable, settings[name])
    run(ROOT / "docs" / "postgis.md")


@pytest.mark.anyio
async def test_async(howdah_aconn):
    point = geometry("POINT (1 2)", 4326)
    for prepare in (False, True):
        cur = await howdah_aconn.execute("SELECT %s, %s", [point, [point, None]], prepare=prepare)
        got, array = await cur.fetchone()
        assert same(got, point)
        assert same(array[0], point)
        assert array[1:] == [None]


@pytest.mark.parametrize("missing", [False, True])
def test_shapely_comes_with_the_first_geometry(postgis, missing):
    code = """
import importlib.util, os, sys
find_spec = importlib.util.find_spec
if os.environ["MISSING"] == "True":
    importlib.util.find_spec = lambda name, *args: None if name == "shapely" else find_spec(name, *args)
import howdah
with howdah.connect(sys.argv[1]) as conn:
    conn.execute("SELECT 1").fetchone()
    assert "howdah_postgis" in sys.modules
    print("shapely" in sys.modules)
    for binary in (False, True):
        print(conn.execute("SELECT 'POINT(1 2)'::geometry", binary=binary).fetchone()[0])
"""
    environ = {**os.environ, "MISSING": str(missing)}
    command = [sys.executable, "-c", code, postgis]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    expected = "0101000000000000000000F03F0000000000000040" if missing else "POINT (1 2)"
    assert done.stdout.splitlines() == ["False", expected, expected]
