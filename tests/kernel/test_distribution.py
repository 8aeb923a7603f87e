"""A third party's plugin: built, installed, and found through its entry point."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import howdah

PYPROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "howdah-hstore"
version = "1.2.3"

[project.entry-points.howdah]
hstore = "howdah_hstore"

[tool.setuptools]
py-modules = ["howdah_hstore"]
"""

MODULE = """
import re

import howdah
from howdah.adapt import Dumper, Loader

PAIR = re.compile(r'"((?:[^"\\\\\\\\]|\\\\\\\\.)*)"=>(?:NULL|"((?:[^"\\\\\\\\]|\\\\\\\\.)*)")')


class HstoreLoader(Loader):
    def load(self, data):
        return {key: value for key, value in PAIR.findall(bytes(data).decode())}


class HstoreDumper(Dumper):
    type_name = "hstore"

    def dump(self, obj):
        return ", ".join(f'"{key}"=>"{value}"' for key, value in obj.items())


@howdah.hookimpl
def howdah_register_adapters(adapters):
    adapters.register_loader("hstore", HstoreLoader)
    adapters.register_dumper(dict, HstoreDumper)
"""

PROGRAM = """
import sys
import howdah
plugin = next(plugin for plugin in howdah.default_driver().plugins if plugin.name == "hstore")
print(plugin.distribution, plugin.version, plugin.state)
for _ in range(2):
    with howdah.connect(sys.argv[1]) as conn:
        value = {"elephant": "grey", "howdah": "red"}
        cur = conn.execute("SELECT %s, pg_typeof(%s)::text, ARRAY['k=>v'::hstore]", [value, value])
        row = cur.fetchone()
        assert row == (value, "hstore", [{"k": "v"}]), row
print("equal")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the distribution is installed."""
    project = tmp_path_factory.mktemp("howdah-hstore")
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "howdah_hstore.py").write_text(MODULE)
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run(
        [*pip, "--no-deps", "--no-index", "--no-build-isolation", "--target", str(site), str(project)],
        check=True,
    )
    return site


def test_installed_is_enough(site: Path, dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)])}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, dsn], env=environ, check=True, capture_output=True, text=True
    )
    assert run.stdout.splitlines() == ["howdah-hstore 1.2.3 enabled", "equal"]
