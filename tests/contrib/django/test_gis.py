"""howdah_django.gis: GeoDjango on Debian's PostgreSQL 15 and PostGIS."""

from __future__ import annotations

import os
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

import howdah
from tests.pages import ROOT
from tests.servers import Server

PROGRAM = """
import io, sys
from django.conf import settings

database = {
    "ENGINE": "howdah_django.gis",
    "NAME": "postgres", "HOST": sys.argv[1], "PORT": sys.argv[2], "USER": "postgres",
    "OPTIONS": {"server_side_binding": sys.argv[3] == "server"},
}
settings.configure(
    DATABASES={"default": database},
    INSTALLED_APPS=["howdah_django", "django.contrib.postgres", "django.contrib.gis"],
    DEBUG=True,
)
import django
django.setup()

from django.contrib.gis.db import models
from django.contrib.gis.db.models.functions import Distance
from django.contrib.gis.geos import Point, Polygon
from django.contrib.gis.measure import D
from django.core.management import call_command
from django.db import connection

class Paddock(models.Model):
    name = models.TextField()
    area = models.PolygonField(srid=4326)
    gate = models.PointField(geography=True, null=True)

    class Meta:
        app_label = "zoo"

with connection.cursor() as cursor:
    cursor.execute("DROP TABLE IF EXISTS zoo_paddock")
connection.prepare_database()
with connection.schema_editor() as editor:
    editor.create_model(Paddock)
box = Polygon.from_bbox((13.33, 52.50, 13.35, 52.52))
box.srid = 4326
Paddock.objects.create(name="elephants", area=box, gate=Point(13.34, 52.51, srid=4326))
Paddock.objects.bulk_create([Paddock(name=f"paddock {i}", area=box) for i in range(3)])
found = Paddock.objects.get(area__contains=Point(13.34, 52.51, srid=4326), gate__isnull=False)
assert found.area == box and found.area.srid == 4326, found.area
assert found.gate.coords == (13.34, 52.51)
near = Paddock.objects.filter(gate__distance_lt=(Point(13.35, 52.51, srid=4326), D(km=1)))
assert [each.name for each in near] == ["elephants"]
there = Point(13.34, 52.51, srid=4326)
(distance,) = Paddock.objects.filter(pk=found.pk).values_list(Distance("gate", there), flat=True)
assert distance.m == 0, distance
extent = Paddock.objects.aggregate(models.Extent("area"))["area__extent"]
assert extent == (13.33, 52.50, 13.35, 52.52), extent
assert all(each.area == box for each in Paddock.objects.iterator(chunk_size=2))
text = io.StringIO()
call_command("inspectdb", "zoo_paddock", stdout=text)
assert "area = models.PolygonField()" in text.getvalue()
assert "gate = models.PointField(geography=True" in text.getvalue()
assert any("ST_Contains" in query["sql"] for query in connection.queries)
with connection._nodb_cursor() as cursor:
    cursor.execute("SELECT 1")
with connection.schema_editor() as editor:
    editor.delete_model(Paddock)
print("well")
"""


@pytest.fixture(scope="module")
def postgis():
    if not Path("/usr/share/postgresql/15/extension/postgis.control").exists():
        pytest.skip("PostGIS is not installed: apt-get install postgresql-15-postgis-3")
    if not (find_library("gdal") or list(Path("/usr/lib").glob("*/libgdal.so*"))):
        pytest.skip("GDAL is not installed: apt-get install libgdal32")
    with Server("15") as server:
        yield server


@pytest.mark.parametrize("binding", ["client", "server"])
def test_geodjango(postgis, binding):
    paths = os.pathsep.join(str(ROOT / part) for part in ("", "core", "plugins", "contrib"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, postgis.host, str(postgis.port), binding],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert (done.stdout, done.returncode) == ("well\n", 0), done.stderr
    with howdah.connect(postgis.dsn) as conn:
        assert conn.execute("SELECT to_regclass('zoo_paddock')").fetchone() == (None,)
