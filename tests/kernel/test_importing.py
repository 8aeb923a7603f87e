"""Which modules are imported with howdah, and which only when they are used."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from howdah import Driver, PluginError, hookimpl
from howdah.framework.entrypoints import entry_points
from howdah.hookspecs import Mixins
from howdah.lazy.pattern import pattern
from tests.distributions import Site

GROUPS = ("howdah", "howdah.provides")
ROOT = Path(__file__).parents[2]
#: The packages; howdah_django needs the settings of a project.
PACKAGES = sorted(
    path.name
    for folder in ("core", "plugins", "contrib")
    for path in (ROOT / folder).glob("howdah*")
    if path.name not in ("howdah_demo", "howdah_django")
)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Site(tmp_path)


def imported_by(statement: str) -> set[str]:
    """Return the modules that a statement leaves in a new interpreter."""
    script = f"import sys; before = {{*sys.modules}}; {statement}; print(*{{*sys.modules}} - before)"
    return {*subprocess.check_output([sys.executable, "-c", script], text=True).split()}


def test_no_lock_is_needed_for_what_was_imported() -> None:
    """A signal handler may have interrupted an import, and left the lock of all imports locked."""
    script = """
import _imp, threading
import howdah
names = "connect", "Connection", "ClientCursor", "adapters", "Error", "sql"
def look(): return [getattr(howdah, name) for name in names]
look()
_imp.acquire_lock()
threads = [threading.Thread(target=look, daemon=True) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join(20)
print(sum(thread.is_alive() for thread in threads))
"""
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "0\n"


def test_a_program_that_blocks_imports_nothing_that_it_does_not_need() -> None:
    imported = imported_by("import howdah; howdah.Connection")
    assert "howdah.client.connection" in imported
    unwanted = [
        "asyncio",
        "click",
        "email",
        "importlib.metadata",
        "logging",
        "numpy",
        "pyarrow",
        "pydantic",
        "rich",
        "shapely",
    ]
    assert not imported & {
        *unwanted,
        "typing_extensions",
        "howdah.client.connection_async",
        "howdah.errors.sqlstates",
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_a_program_on_asyncio_needs_no_trio(package: str) -> None:
    script = f"""
import sys
sys.modules["anyio"] = sys.modules["trio"] = None
import {package}
for name in getattr({package}, "__all__", ()):
    getattr({package}, name)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_an_asynchronous_one_does_not_import_the_blocking_side() -> None:
    imported = imported_by("import howdah; howdah.AsyncConnection")
    assert "howdah.client.connection_async" in imported
    assert not imported & {
        "howdah.client.connection",
        "howdah.client.cursor",
        "importlib.metadata",
        "typing_extensions",
    }


#: Connects, and runs a query: without parameters, with some, and prepared.
FIRST = """
import asyncio
import sys

import howdah

assert howdah.{connection}
before = {{*sys.modules}}

async def first():
    conn = await howdah.AsyncConnection.connect(sys.argv[1])
    await (await conn.execute("SELECT 1")).fetchone()
    for _ in range(8):
        await (await conn.execute("SELECT %s, %s", [1, "tusk"])).fetchall()
    await conn.commit()
    await conn.close()

def first_blocking():
    conn = howdah.connect(sys.argv[1])
    conn.execute("SELECT 1").fetchone()
    for _ in range(8):
        conn.execute("SELECT %s, %s", [1, "tusk"]).fetchall()
    conn.commit()
    conn.close()

asyncio.run(first()) if "{connection}" == "AsyncConnection" else first_blocking()
print(*[name for name in {{*sys.modules}} - before if name.startswith("howdah")])
"""


@pytest.mark.parametrize("connection", ["Connection", "AsyncConnection"])
def test_what_a_first_query_needs_is_imported_before(connection: str, dsn: str) -> None:
    script = FIRST.format(connection=connection)
    plain = f"{dsn} sslmode=disable"  # TLS is imported where a connection asks for it
    imported = {*subprocess.check_output([sys.executable, "-c", script, plain], text=True).split()}
    # Small, and in need of asyncio.
    later = {
        "howdah.io.connect_aio",
        "howdah_multiplex._native",
        "howdah_multiplex._native.cached_queries",
        "howdah_multiplex.cached_queries",
        "howdah_multiplex.lock",
        "howdah_multiplex.shared_connection",
    }
    assert imported <= later


def test_what_it_does_not_need_is_imported_later() -> None:
    imported = imported_by("import howdah; howdah.AsyncConnection")
    assert "howdah_types.numeric" in imported
    assert not imported & {
        "datetime",
        "decimal",
        "uuid",
        "zoneinfo",
        "howdah.io.tls",
        "howdah.sql",
        "howdah_copy.copying_async",
        "howdah_lobject.large_object_async",
        "howdah_named_cursor.cursor_async",
        "howdah_numpy.dumping",
        "howdah_pipeline.pipeline_async",
        "howdah_types.array",
        "howdah_types.datetime",
        "howdah_types.decimal",
        "howdah_types.textual",
        "howdah_types._native.structured",
        "ipaddress",
        "json",
    }


def test_the_errors_are_there_as_soon_as_they_are_wanted() -> None:
    names = "from howdah.errors import *; print(UniqueViolation.__module__, 'UniqueViolation' in dir(errors))"
    output = subprocess.check_output([sys.executable, "-c", f"from howdah import errors; {names}"], text=True)
    assert output.split() == ["howdah.errors", "True"]


class TestNamedMixins:
    def driver(self, name: str) -> Driver:
        plugin = SimpleNamespace(howdah_mixins=hookimpl(lambda: Mixins(connection=name)))
        return Driver(enable=[], plugins=[("good", SimpleNamespace()), ("named", plugin)])

    def test_one_is_imported_when_its_class_is_used(self, site: Site) -> None:
        site.install("acme", modules={"acme_herd": "class Herd: size = 3"})
        driver = self.driver("acme_herd:Herd")
        assert driver.AsyncConnection is not None
        assert "acme_herd" not in sys.modules
        assert driver.Connection.size == 3
        assert driver.Connection is driver.Connection
        site.forget()

    @pytest.mark.parametrize("name", ["acme_gone:Herd", "sys:Herd", "builtins:object"])
    def test_what_is_wrong_is_its_plugin_s_fault(self, name: str) -> None:
        driver = self.driver(name)
        assert driver.AsyncConnection is not None
        for _ in range(2):
            with pytest.raises(PluginError, match="'named'"):
                _ = driver.Connection


class TestEntryPoints:
    def found(self) -> dict[str, tuple[str | None, str | None, str]]:
        points = entry_points(GROUPS)
        return {point.name: (point.distribution, point.version, point.value) for point in points}

    def test_those_of_wheels_and_eggs(self, site: Site) -> None:
        site.install("acme-wheel", "2.0", modules={}, plugins={"wheel": "acme_wheel [extra]"})
        egg = site.path / "acme_egg.egg-info"
        egg.mkdir()
        (egg / "PKG-INFO").write_text(
            "Metadata-Version: 1.0\nName: acme-egg\nVersion: 3.0\n\nName: of nobody\n"
        )
        (egg / "entry_points.txt").write_text("# eggs\n[other]\nx = y\n\n[howdah]\negg=acme_egg:Egg.shell\n")
        (site.path / "single_file.egg-info").write_text("Name: single\n")
        found = self.found()
        assert found["wheel"] == ("acme-wheel", "2.0", "acme_wheel [extra]")
        assert found["egg"] == ("acme-egg", "3.0", "acme_egg:Egg.shell")
        assert "x" not in found

    def test_the_first_of_two_on_the_path_counts(
        self, site: Site, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site.install("acme.twice", "1.0", modules={}, plugins={"old": "old"})
        before = Site(tmp_path_factory.mktemp("before"))
        before.install("Acme_Twice", "2.0", modules={}, plugins={"new": "new"})
        monkeypatch.syspath_prepend(str(before.path))
        found = self.found()
        assert "new" in found
        assert "old" not in found

    def test_those_in_an_archive(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        directly = sorted(entry_points(GROUPS))
        archive = tmp_path / "acme.zip"
        with zipfile.ZipFile(archive, "w") as file:
            info = "acme_zipped-4.0.dist-info"
            file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: acme-zipped\nVersion: 4.0\n")
            file.writestr(f"{info}/entry_points.txt", "[howdah]\nzipped = acme_zipped\n")
        monkeypatch.syspath_prepend(str(archive))
        assert self.found()["zipped"] == ("acme-zipped", "4.0", "acme_zipped")
        assert [point for point in sorted(entry_points(GROUPS)) if point.name != "zipped"] == directly


def test_a_pattern_is_what_re_compile_returns() -> None:
    digits = pattern(r"(\d+)")
    match = digits.search("a 12 b")
    assert match is not None
    assert match[1] == "12"
    assert digits.groups == 1
    assert digits.sub("x", "1 2") == "x x"
