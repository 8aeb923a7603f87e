"""The programs on the pages of docs/frameworks run, and print what the pages say.

A block whose first line is a comment with the name of a file is that file. Those that print something are
run, and import the others.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import howdah
from tests import pages
from tests.servers import ExternalServer, Server

FOLDER = pages.ROOT / "docs" / "frameworks"
NAME = re.compile(r"# (\w+\.py)\n")

#: What the programs of a page import.
NEEDS = {
    "alembic": ["alembic", "sqlalchemy"],
    "apscheduler": ["apscheduler", "sqlalchemy"],
    "celery": ["celery", "gevent"],
    "dataframes": ["duckdb", "pandas", "polars", "pyarrow", "sqlalchemy"],
    "django-pgbulk": ["django", "pgbulk"],
    "fastapi": ["fastapi", "httpx"],
    "gevent": ["gevent", "gunicorn"],
    "langgraph": ["langgraph.checkpoint.postgres"],
    "litestar": ["litestar", "httpx"],
    "peewee": ["peewee"],
    "pgvector-python": ["numpy", "pgvector"],
    "procrastinate": ["procrastinate"],
    "sqlmodel": ["sqlmodel"],
}


def programs() -> list[tuple[str, str]]:
    """Return the page and the name of each program that prints something."""
    return [
        (page, match[1])
        for page in sorted(NEEDS)
        for block in pages.blocks((FOLDER / f"{page}.md").read_text(encoding="utf-8"), "python")
        if (match := NAME.match(block[1])) and pages.OUTPUT.search(block[1])
    ]


def installed(name: str) -> bool:
    """Return whether there is a module of this name."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # the package that it is in
        return False


def require(page: str) -> None:
    """Skip the test if a package is missing; in the job of CI that has them all, it fails."""
    missing = [name for name in NEEDS[page] if not installed(name)]
    if missing and "HOWDAH_FRAMEWORKS" not in os.environ:
        pytest.skip(f"needs {', '.join(missing)}")
    assert not missing


@pytest.fixture
def database(server: Server | ExternalServer) -> Iterator[dict[str, str]]:
    """A database for one test, as an environment."""
    name = f"frameworks_{os.getpid()}"
    with contextlib.closing(howdah.connect(server.dsn, autocommit=True)) as conn:
        conn.execute(f"CREATE DATABASE {name}")
        yield {
            "PGHOST": server.tcp_host,
            "PGPORT": str(server.port),
            "PGUSER": server.user,
            "PGDATABASE": name,
        }
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize(("page", "program"), programs(), ids=lambda value: value.removesuffix(".py"))
def test_program(page: str, program: str, database: dict[str, str], tmp_path: Path) -> None:
    require(page)
    expected: list[str] = []
    for block in pages.blocks((FOLDER / f"{page}.md").read_text(encoding="utf-8"), "python"):
        match = NAME.match(block[1])
        assert match, "the first line is a comment with the name of the file"
        (tmp_path / match[1]).write_text(block[1], encoding="utf-8")
        if match[1] == program:
            expected = pages.OUTPUT.findall(block[1])
    done = subprocess.run(
        [sys.executable, program],
        cwd=tmp_path,
        env={**os.environ, **database},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == expected


def test_every_page_is_listed() -> None:
    own = {path.stem for path in FOLDER.glob("*.md") if "```python\n# " in path.read_text(encoding="utf-8")}
    assert own == NEEDS.keys()
