"""howdah_django: Django's commands, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import django

import howdah
from tests.pages import ROOT


def manage(*arguments, cwd=ROOT, check=True, **environment):
    """Run a command; return what it printed."""
    paths = [str(cwd), *(str(ROOT / part) for part in ("", "core", "plugins", "contrib"))]
    done = subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment},
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    return done


def test_inspectdb(zoo):
    text = manage("inspectdb", "zoo_elephant", "zoo_herd", "zoo_keeper")
    for line in (
        "number = models.BigIntegerField()",
        "price = models.DecimalField(max_digits=12, decimal_places=2)",
        "seen = models.DateTimeField(blank=True, null=True)",
        "key = models.UUIDField(blank=True, null=True)",
        "notes = models.JSONField(blank=True, null=True)",
        "elephant = models.ForeignKey(ZooElephant, models.DO_NOTHING, blank=True, null=True)",
    ):
        assert line in text
    # With django.contrib.postgres there are fields for its types.
    assert "sizes = django.contrib.postgres.fields.IntegerRangeField(blank=True, null=True)" in text
    if django.VERSION >= (6, 1):
        assert "facts = django.contrib.postgres.fields.HStoreField(blank=True, null=True)" in text


def test_dbshell(zoo, tmp_path):
    """It starts psql, with the password in the environment only."""
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\necho "$@"\necho "$PGPASSWORD $PGSSLMODE"\n')
    psql.chmod(0o755)
    of = {"HOST": "somewhere", "PORT": "1", "USER": "ana", "PASSWORD": "se cret"}
    settings = json.dumps({**of, "OPTIONS": {"sslmode": "prefer"}})
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    shown = manage("dbshell", "--", "-c", "SELECT 1", PATH=path, ZOO_SETTINGS=settings)
    assert shown == "-U ana -h somewhere -p 1 -c SELECT 1 howdah_django\nse cret prefer\n"


def test_migrations(zoo, dsn, tmp_path):
    """Migrations are made and applied, and have ranges as defaults."""
    package = tmp_path / "herds"
    (package / "migrations").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "migrations" / "__init__.py").touch()
    models = """
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import IntegerRangeField, RangeOperators
from django.contrib.postgres.indexes import GinIndex, GistIndex
from django.db import models
from howdah_types.range import Range

class Enclosure(models.Model):
    places = IntegerRangeField(default=Range(1, 5))
    facts = models.JSONField(default=dict)
    class Meta:
        constraints = [ExclusionConstraint(name="apart", expressions=[("places", RangeOperators.OVERLAPS)])]
        indexes = [GinIndex(fields=["facts"], name="by_facts")]
"""
    (package / "models.py").write_text(models)
    (tmp_path / "herd_settings.py").write_text(
        "from tests.contrib.django.settings import *\nINSTALLED_APPS = [*INSTALLED_APPS, 'herds']\n"
    )
    of = {"cwd": tmp_path, "DJANGO_SETTINGS_MODULE": "herd_settings", "ZOO_DATABASE": "howdah_django_herds"}
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS howdah_django_herds")
        conn.execute("CREATE DATABASE howdah_django_herds")
    try:
        manage("makemigrations", "herds", **of)
        written = (package / "migrations" / "0001_initial.py").read_text()
        assert "import howdah_types.range" in written
        assert "howdah_types.range.Range(1, 5, '[)')" in written
        manage("migrate", **of)
        sql = manage("sqlmigrate", "herds", "0001", **of)
        assert "EXCLUDE USING GIST" in sql
        (package / "models.py").write_text(
            models.replace("Range(1, 5)", "Range(2, 9)") + '    name = models.TextField(default="it\'s")\n'
        )
        manage("makemigrations", "herds", **of)
        manage("migrate", **of)
        assert "No changes detected" in manage("makemigrations", "herds", "--check", **of)
        manage("migrate", "herds", "zero", **of)
    finally:
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute("DROP DATABASE howdah_django_herds WITH (FORCE)")


TESTS = """
from django.db import connection
from django.test import TestCase
from tests.contrib.django.zoo.models import Keeper

class {name}(TestCase):
    databases = "__all__"

    @classmethod
    def setUpTestData(cls):
        Keeper.objects.create(name="Ana")

    def test_a(self):
        assert "howdah_django_test" in connection.settings_dict["NAME"]
        Keeper.objects.create(name="Bo")
        assert Keeper.objects.count() == 2

    def test_b(self):
        assert Keeper.objects.count() == 1
"""


def test_test_databases(zoo, dsn, tmp_path):
    """They are created, cloned for parallel tests, and destroyed."""
    migrations = tmp_path / "zoo_migrations"
    migrations.mkdir()
    (tmp_path / "test_zoo.py").write_text(TESTS.format(name="One") + TESTS.format(name="Two"))
    (tmp_path / "zoo_settings.py").write_text(
        "from tests.contrib.django.settings import *\nMIGRATION_MODULES = {'zoo': 'zoo_migrations'}\n"
    )
    (migrations / "__init__.py").touch()
    of = {"cwd": tmp_path, "DJANGO_SETTINGS_MODULE": "zoo_settings"}
    (migrations / "0001_extension.py").write_text(
        "from django.contrib.postgres.operations import HStoreExtension\n"
        "from django.db.migrations import Migration as Base\n"
        "class Migration(Base):\n    initial = True\n    operations = [HStoreExtension()]\n"
    )
    manage("makemigrations", "zoo", "--name", "tables", **of)
    for pool in ("{}", '{"OPTIONS": {"pool": true}}'):
        done = manage(
            "test",
            "--noinput",
            "--parallel",
            "2",
            "-v",
            "2",
            "test_zoo",
            check=False,
            ZOO_SETTINGS=pool,
            **of,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Ran 4 tests" in done.stderr
        assert "Cloning test database" in done.stdout + done.stderr
    with howdah.connect(dsn) as conn:
        assert conn.execute(
            "SELECT count(*) FROM pg_database WHERE datname LIKE 'howdah\\_django\\_test%'"
        ).fetchone() == (0,)
