"""howdah_django.install(): who gets howdah for psycopg, and who does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.pages import ROOT


def run(code, *arguments, **environment):
    """Run a program in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("", "core", "plugins", "contrib")),
            **environment,
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


#: Imports of psycopg fail, as where it is not installed, and leave no trace.
WITHOUT_PSYCOPG = """
import sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("psycopg", "psycopg2", "psycopg_pool"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NotInstalled())
"""


def test_everything_is_imported_without_psycopg(zoo):
    code = f"""{WITHOUT_PSYCOPG}
import django
django.setup()
from django.contrib.postgres import aggregates, constraints, forms, indexes, operations, search, signals
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
    print(cursor.fetchone())
print(connection.pool, type(connection.connection).__module__)
print([name for name in sys.modules if name.startswith("psycopg")])
"""
    assert run(code) == "(1,)\nNone howdah\n[]\n"


def test_the_program_has_its_own_psycopg(zoo):
    pytest.importorskip("psycopg")
    code = """
import psycopg, sys
import howdah_django
howdah_django.install()
howdah_django.install()
import django
django.setup()
from django.db import connection
from django.db.backends.postgresql import base, psycopg_any
assert psycopg_any.Range.__module__ == "howdah_types.range"
assert base.Database is not psycopg
import psycopg.types.range
assert sys.modules["psycopg"] is psycopg and psycopg.types.range.Range is not psycopg_any.Range
"""
    run(code)


def test_it_refuses_to_come_too_late():
    pytest.importorskip("psycopg")
    code = """
import django.db.backends.postgresql.psycopg_any
import howdah_django
from django.core.exceptions import ImproperlyConfigured
for _ in range(2):
    try:
        howdah_django.install()
    except ImproperlyConfigured as error:
        print(error)
try:
    import howdah_django.base
except ImproperlyConfigured:
    print("the engine, too")
"""
    lines = run(code).splitlines()
    assert len(lines) == 3
    assert "were imported with psycopg before" in lines[0]
    assert "Put 'howdah_django' first in INSTALLED_APPS" in lines[0]
    assert lines[1:] == [lines[0], "the engine, too"]


def test_the_backend_needs_no_app(zoo):
    code = f"""{WITHOUT_PSYCOPG}
from django.conf import settings
from tests.contrib.django.settings import DATABASES
settings.configure(DATABASES=DATABASES)
import django
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT 1")
    print(cursor.fetchone())
"""
    assert run(code) == "(1,)\n"


def test_the_app_that_comes_first_lets_others_import(zoo):
    code = f"""{WITHOUT_PSYCOPG}
from django.conf import settings
settings.configure(INSTALLED_APPS=json.loads(sys.argv[1]))
import django
try:
    django.setup()
except ImportError as error:
    print(error.name)
else:
    print("well")
"""
    code = code.replace("import sys\n", "import json, sys\n", 1)
    assert run(code, json.dumps(["howdah_django", "django.contrib.postgres"])) == "well\n"
    assert run(code, json.dumps(["django.contrib.postgres"])) == "psycopg2\n"
