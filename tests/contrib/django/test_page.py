"""The page on Django: its program runs, and names tests that .ci/django looks for."""

from __future__ import annotations

import os
import subprocess
import sys

import howdah
from howdah.conninfo import conninfo_to_dict
from tests.pages import ROOT


def test_page(dsn):
    server = conninfo_to_dict(dsn)
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password"}
    environ = {name: str(server[key]) for name, key in names.items() if server.get(key)}
    environ["PYTHONPATH"] = os.pathsep.join(str(ROOT / part) for part in ("", "core", "plugins", "contrib"))
    code = "from tests.pages import ROOT, run; print(run(ROOT / 'docs' / 'frameworks' / 'django.md'))"
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS zoo")
        conn.execute("CREATE DATABASE zoo")
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, **environ},
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) >= 4
    finally:
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute("DROP DATABASE zoo WITH (FORCE)")
