"""Fixtures of the whole suite: a server, connections to it, and the event loops of async tests."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests import servers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import howdah
    from howdah.io.loop_transport import Waits

# No test depends on how fast the machine is.
settings.register_profile("howdah", deadline=None)
settings.load_profile("howdah")

# Where howdah is installed with its metadata, this is loaded already, under the same name.
pytest_plugins = ["howdah_testing"]

LOOPS = [pytest.param(("asyncio", {"use_uvloop": False}), id="asyncio")]
if importlib.util.find_spec("uvloop"):
    LOOPS.append(pytest.param(("asyncio", {"use_uvloop": True}), id="uvloop"))

# The modules whose async tests run on trio, too.
ON_TRIO = {
    "tests.contrib.replication.test_hostile",
    "tests.contrib.replication.test_stream_async",
    "tests.contrib.listener.test_listener_async",
    "tests.contrib.replicas.test_failover_async",
    "tests.contrib.replicas.test_reading_async",
    "tests.contrib.replicas.test_replay_async",
    "tests.contrib.load.test_asynchronous",
    "tests.contrib.retry.test_lost_commit_async",
    "tests.contrib.retry.test_run_async",
    "tests.contrib.scan.test_snapshot_async",
    "tests.contrib.opentelemetry.test_connections_async",
    "tests.contrib.opentelemetry.test_propagation_async",
    "tests.kernel.test_cancel",
    "tests.kernel.test_connection_async",
    "tests.kernel.test_cursor_async",
    "tests.kernel.test_notifies",
    "tests.kernel.test_observing_async",
    "tests.kernel.test_raising_async",
    "tests.kernel.test_stream_itersize",
    "tests.kernel.test_transaction_async",
    "tests.plugins.copy.test_api",
    "tests.plugins.copy.test_cancellation",
    "tests.plugins.copy.test_copy",
    "tests.plugins.fetch.test_copying_async",
    "tests.plugins.fetch.test_fetch_async",
    "tests.plugins.fetch.test_timeouts_async",
    "tests.plugins.lobject.test_lobject_async",
    "tests.plugins.lobject.test_cancellation",
    "tests.plugins.named_cursor.test_cancellation",
    "tests.plugins.named_cursor.test_named_cursor_async",
    "tests.plugins.pipeline.test_pipeline_async",
    "tests.plugins.pool.test_cancellation",
    "tests.plugins.pool.test_pool_async",
    "tests.plugins.prepare.test_cancellation",
    "tests.plugins.prepare.test_explicit",
    "tests.plugins.prepare.test_prepare",
}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what does not depend on the implementation to a run with the native one."""
    if os.environ.get("HOWDAH_IMPL") == "python" and importlib.util.find_spec("howdah.native.wire"):
        once = [item for item in items if item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=once)
        items[:] = [item for item in items if not item.get_closest_marker("once")]


def pytest_collection_finish() -> None:
    """Let the garbage collector, which runs often, skip the modules and the tests: there are many."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Give `-n auto` no other process than this one if all would share a server."""
    return 0 if "HOWDAH_TEST_DSN" in os.environ else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every async test on each event loop of asyncio, and those of some modules on trio."""
    if "anyio_backend" in metafunc.fixturenames:
        trio = [pytest.param(("trio", {}), id="trio")] if metafunc.module.__name__ in ON_TRIO else []
        metafunc.parametrize("anyio_backend", LOOPS + trio, indirect=True, scope="module")


@pytest.fixture(scope="module")
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    """The event loop of an async test."""
    return request.param


@pytest.fixture
def switching() -> Iterator[None]:
    """The interpreter switches threads whenever it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def suspending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspend the task for each answer, even one that comes at once, so that it can be cancelled."""
    monkeypatch.setattr("howdah.io.aio._waits_of", weakref.WeakKeyDictionary())
    monkeypatch.setattr("howdah.io.aio.Waits", _occupied)


def _occupied() -> Waits:
    """Return the count of an event loop on which a task waits already."""
    from howdah.io.loop_transport import Waits

    waits = Waits()
    waits.count = 1
    return waits


@pytest.fixture(scope="session")
def server() -> Iterator[servers.Server | servers.ExternalServer]:
    """The PostgreSQL server the suite runs against, started on first use and removed at the end."""
    with servers.from_environment() as server:
        yield server


@pytest.fixture(scope="session")
def dsn(server: servers.Server | servers.ExternalServer) -> str:
    """The conninfo of `server`."""
    return server.dsn


@pytest.fixture(scope="session")
def howdah_dsn(dsn: str) -> str:
    """The conninfo of `server`, for the fixtures of howdah_testing."""
    return dsn


@pytest.fixture(scope="session")
def impl() -> str:
    """The implementation under test: "native" or "python"."""
    import howdah

    return howdah.__impl__


@pytest.fixture
def conn_cls() -> type[howdah.Connection[Any]]:
    """The connection class."""
    import howdah

    return howdah.Connection


@pytest.fixture
def aconn_cls() -> type[howdah.AsyncConnection[Any]]:
    """The async connection class."""
    import howdah

    return howdah.AsyncConnection


@pytest.fixture
def conn(dsn: str, conn_cls: type[howdah.Connection[Any]]) -> Iterator[howdah.Connection[Any]]:
    """A connection, closed at the end of the test."""
    conn = conn_cls.connect(dsn)
    yield conn
    conn.close()


@pytest.fixture
async def aconn(
    dsn: str, aconn_cls: type[howdah.AsyncConnection[Any]], anyio_backend: Any
) -> AsyncIterator[howdah.AsyncConnection[Any]]:
    """An async connection, closed at the end of the test."""
    conn = await aconn_cls.connect(dsn)
    yield conn
    await conn.close()


@pytest.fixture(scope="module")
def without_native_methods() -> Iterator[None]:
    """For modules that compare the implementations in one process: adapters have their Python methods."""
    from tests.python_methods import python_methods

    with python_methods():
        yield
