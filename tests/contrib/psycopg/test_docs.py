"""The page on programs written for psycopg."""

from __future__ import annotations

import howdah
from howdah.conninfo import PARAMETERS, parse
from tests.contrib.psycopg.fresh import run
from tests.pages import ROOT


def test_page(dsn):
    name = "howdah_psycopg_page"
    environ = {parameter.name: parameter.environ for parameter in PARAMETERS}
    settings = {environ[key]: value for key, value in {**parse(dsn), "dbname": name}.items()}
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {name}")
        try:
            printed = run(
                f"""
                import os, pathlib
                os.environ.update({settings!r})
                from tests.pages import run
                print(run(pathlib.Path({str(ROOT / "docs/frameworks/psycopg.md")!r})))
                """,
                install=False,
            )
        finally:
            conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert printed == ["2"]


def test_what_the_page_says_is_there(dsn):
    """Each attribute that the page lists for pgconn and pgresult."""
    import re

    text = (ROOT / "docs/frameworks/psycopg.md").read_text(encoding="utf-8")
    listed = {
        name: re.findall(r"`(\w+)(?:\(\))?`", re.search(rf"^\| `{name}` \| (.*) \|$", text, re.MULTILINE)[1])
        for name in ("conn.pgconn", "cur.pgresult", "cur._query", "psycopg.pq")
    }
    assert len(listed["conn.pgconn"]) > 20 and len(listed["cur.pgresult"]) > 10
    run(
        f"""
        import sys
        import psycopg
        from psycopg import pq

        with psycopg.connect(sys.argv[1]) as conn:
            cur = conn.execute("SELECT 1")
            for name, attributes in {listed!r}.items():
                for attribute in attributes:
                    getattr(eval(name.removeprefix("psycopg.")), attribute)
        """,
        dsn,
    )
