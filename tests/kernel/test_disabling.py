"""Every plugin can be disabled: it is not imported, and the kernel still connects and queries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

PLUGINS = {
    "types": "howdah_types",
    "copy": "howdah_copy",
    "fetch": "howdah_fetch",
    "prepare": "howdah_prepare",
    "pipeline": "howdah_pipeline",
    "multiplex": "howdah_multiplex",
    "named_cursor": "howdah_named_cursor",
    "lobject": "howdah_lobject",
    "pool": "howdah_pool",
    "embedded": "howdah_embedded",
    "arrow": "howdah_arrow",
    "numpy": "howdah_numpy",
    "pgvector": "howdah_pgvector",
    "postgis": "howdah_postgis",
    "pydantic": "howdah_pydantic",
    "retry": "howdah_retry",
    "scan": "howdah_scan",
    "check": "howdah_check",
    "oauth": "howdah_oauth",
    "gssapi": "howdah_gssapi",
    "cloud": "howdah_cloud",
    "ssh": "howdah_ssh",
    "load": "howdah_load",
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


#: What a kernel without plugins does in all ways it has, and the modules that it has imported then.
ALONE = """
import asyncio, sys
import howdah

async def query():
    async with await howdah.AsyncConnection.connect(sys.argv[1]) as conn:
        return await (await conn.execute("SELECT %s", ["a"])).fetchall()

with howdah.connect(sys.argv[1]) as conn:
    cur = conn.cursor()
    for binary in (False, True):
        for _ in range(8):
            print(cur.execute("SELECT %s || 'b', 1, now(), '{1}'::int[]", ["a"], binary=binary).fetchone()[0])
    cur.executemany("SELECT %s", [["a"], ["b"]])
    print(*[row[0] for row in cur.stream("SELECT 'a' UNION ALL SELECT 'b'")])
asyncio.run(query())
print(*[name for name in sys.modules if name.startswith("howdah")])
"""


@pytest.mark.parametrize("impl", ["native", "python"])
def test_without_plugins_nothing_of_a_type_but_text_is_imported(impl: str, dsn: str) -> None:
    if impl == "native" and find_spec("howdah.native.adapters") is None:
        pytest.skip("the native core is not built")
    environ = {**os.environ, "HOWDAH_DISABLE": ",".join(PLUGINS), "HOWDAH_IMPL": impl}
    run = subprocess.run(
        [sys.executable, "-c", ALONE, dsn], env=environ, check=True, capture_output=True, text=True
    )
    *values, imported = run.stdout.splitlines()
    assert values == ["ab"] * 8 + ["b'ab'"] * 8 + ["a b"]
    modules = {*imported.split()}
    assert ("howdah.native.adapters" in modules) == (impl == "native")
    assert {name.partition(".")[0] for name in modules} == {"howdah"}
    assert modules.isdisjoint({"howdah.adapt.japanese", "howdah.adapt.recursive"})


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
