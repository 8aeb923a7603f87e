"""How the default driver is instrumented."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import howdah

pytest.importorskip("opentelemetry.sdk")

import howdah_opentelemetry
from tests.contrib.opentelemetry.telemetry import Telemetry

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    chosen = howdah.configuration()
    yield
    howdah.configure(**chosen)


def test_instrument(dsn: str) -> None:
    telemetry = Telemetry()
    howdah_opentelemetry.instrument(**telemetry.options)
    with howdah.connect(dsn) as conn:
        conn.execute("SELECT 1")
    assert [span.name for span in telemetry.take(connects=True)] == ["CONNECT", "SELECT"]
    names = [plugin.name for plugin in howdah.default_driver().plugins if plugin.state == "enabled"]
    assert "opentelemetry" in names
    howdah_opentelemetry.uninstrument()
    with howdah.connect(dsn) as conn:
        conn.execute("SELECT 1")
    assert telemetry.take(connects=True) == []


def test_a_second_call_replaces_the_first(dsn: str) -> None:
    first, second = Telemetry(), Telemetry()
    howdah_opentelemetry.instrument(**first.options)
    howdah_opentelemetry.instrument(**second.options, connects=False)
    with howdah.connect(dsn) as conn:
        conn.execute("SELECT 1")
    assert first.take(connects=True) == []
    assert [span.name for span in second.take(connects=True)] == ["SELECT"]


def test_what_the_program_has_chosen_stays(dsn: str) -> None:
    howdah.configure(disable=["lobject"])
    howdah_opentelemetry.instrument()
    assert not howdah.capabilities.has_lobject
    howdah_opentelemetry.uninstrument()
    assert not howdah.capabilities.has_lobject


def test_the_entry_point_of_the_command(dsn: str) -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r"\[project.entry-points.opentelemetry_instrumentor\]\nhowdah = \"(\S+):(\S+)\"", text)
    assert found is not None
    instrumentor = getattr(import_module(found[1]), found[2])()
    telemetry = Telemetry()
    instrumentor.instrument(**telemetry.options, skip_dep_check=True)
    with howdah.connect(dsn) as conn:
        conn.execute("SELECT 1")
    assert [span.name for span in telemetry.take(connects=True)] == ["CONNECT", "SELECT"]
    instrumentor.uninstrument()
    with howdah.connect(dsn) as conn:
        assert conn.kernel.observers == ()


def test_it_is_not_imported_unless_it_is_used() -> None:
    program = "import sys, howdah; howdah.Connection; print(*sys.modules)"
    modules = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert not {"opentelemetry", "howdah_opentelemetry"} & {*modules}


def test_without_a_sdk_nothing_fails(dsn: str) -> None:
    howdah_opentelemetry.instrument(trace_context="app.traceparent", transactions=True, acquires=True)
    with howdah.ConnectionPool(dsn, min_size=1) as pool, pool.connection() as conn:
        assert conn.execute("SELECT %s", [1]).fetchone() == (1,)
