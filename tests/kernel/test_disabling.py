"""Every plugin can be done without: it is not imported, and the kernel connects and queries."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PLUGINS = {
    "types": "howdah_types",
    "copy": "howdah_copy",
    "prepare": "howdah_prepare",
    "pipeline": "howdah_pipeline",
    "named_cursor": "howdah_named_cursor",
    "lobject": "howdah_lobject",
    "pool": "howdah_pool",
    "embedded": "howdah_embedded",
    "arrow": "howdah_arrow",
    "numpy": "howdah_numpy",
    "pgvector": "howdah_pgvector",
    "postgis": "howdah_postgis",
    "pydantic": "howdah_pydantic",
}

SCRIPT = """
import json, sys
import howdah
with howdah.connect(sys.argv[1]) as conn:
    cur = conn.cursor()
    for _ in range(8):
        cur.execute("SELECT %s || 'b', 42::text", ["a"])
    rows = cur.fetchall()
    number = conn.execute("SELECT 42").fetchone()[0]
packages = sorted({name.partition(".")[0] for name in sys.modules if name.startswith("howdah_")})
has_prepare = howdah.capabilities.has_prepare
print(json.dumps({"rows": rows, "number": number, "packages": packages, "prepare": has_prepare}))
"""


@pytest.mark.parametrize("disabled", [(), *[(name,) for name in PLUGINS], tuple(PLUGINS)], ids=str)
def test_without(disabled: tuple[str, ...], dsn: str) -> None:
    environ = {**os.environ, "HOWDAH_DISABLE": ",".join(disabled)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, dsn], env=environ, check=True, capture_output=True, text=True
    )
    told = json.loads(run.stdout)
    assert told["rows"] == [["ab", "42"]]
    assert told["number"] == ("42" if "types" in disabled else 42)
    assert told["prepare"] is ("prepare" not in disabled)
    assert told["packages"] == sorted(package for name, package in PLUGINS.items() if name not in disabled)


def test_what_a_disabled_plugin_brings(dsn: str) -> None:
    import howdah

    driver = howdah.Driver(disable=["prepare"])
    with driver.connect(dsn) as conn:
        with pytest.raises(howdah.NotSupportedError, match=r"prepare.*disabled.*HOWDAH_DISABLE"):
            conn.execute("SELECT 1", prepare=True)
        with pytest.raises(howdah.NotSupportedError, match=r"prepare.*disabled"):
            conn.prepared()
        assert conn.execute("SELECT 'usable'").fetchone() == ("usable",)


@pytest.mark.parametrize("name", ["lobject", "named_cursor"])
def test_named_cursors_and_large_objects_disabled(name: str, dsn: str) -> None:
    import howdah

    driver = howdah.Driver(disable=[name])
    assert not getattr(driver.capabilities, f"has_{name}")
    with driver.connect(dsn) as conn:
        with pytest.raises(howdah.NotSupportedError, match=f"{name}.*disabled.*HOWDAH_DISABLE"):
            conn.lobject() if name == "lobject" else conn.cursor("herd")
    with pytest.raises(howdah.NotSupportedError, match=f"{name}.*disabled"):
        driver.public("LargeObject" if name == "lobject" else "ServerCursor")


POOL_SCRIPT = """
import sys
import howdah
other = howdah.Driver()
howdah.configure({how})
for _ in range(2):
    try:
        from howdah_pool import ConnectionPool
    except howdah.NotSupportedError as error:
        print(error)
assert "howdah_pool.pool" not in sys.modules
other.ConnectionPool
howdah.configure()
{after}
"""


@pytest.mark.parametrize(
    ("how", "environ"), [("disable=['pool']", ""), ("enable=['types']", ""), ("", "pool,copy")]
)
def test_a_disabled_pool_says_so_when_it_is_imported(how: str, environ: str) -> None:
    after = "" if environ else "from howdah_pool import ConnectionPool"
    script = POOL_SCRIPT.format(how=how, after=after)
    if environ:
        script = script.replace("howdah.Driver()", "howdah.Driver(disable=['copy'])")
    environment = {**os.environ, "HOWDAH_DISABLE": environ}
    output = subprocess.check_output([sys.executable, "-c", script], text=True, env=environment)
    assert output.count("the plugin 'pool' (howdah ") == 2
    assert "HOWDAH_DISABLE" in output
