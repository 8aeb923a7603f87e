"""A pytest plugin for authors of howdah plugins and adapters.

It is active if `howdah[testing]` is installed, and imports howdah only if a test uses one of its fixtures:

    howdah_dsn       the conninfo of a server: that in `--howdah-dsn` or HOWDAH_TEST_DSN, or else that of a
                     temporary one
    howdah_conn      a connection
    howdah_aconn     an async connection, for tests that anyio's pytest plugin runs
    check_adapter    checks that an adapter returns what it was given, however the value is sent and fetched
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import howdah
    from howdah_testing.checking import CheckAdapter

__all__ = [
    "check_adapter",
    "howdah_aconn",
    "howdah_conn",
    "howdah_dsn",
    "pytest_addoption",
    "pytest_configure",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options `--howdah-dsn` and `--howdah-impl`."""
    group = parser.getgroup("howdah", "howdah, the PostgreSQL driver")
    group.addoption(
        "--howdah-dsn",
        metavar="CONNINFO",
        help="the server that the fixtures connect to, as a superuser of a database that may be written to; "
        "HOWDAH_TEST_DSN by default, and without it a server that is started for the session and thrown away",
    )
    group.addoption(
        "--howdah-impl",
        choices=("both", "this"),
        default="both",
        help="where check_adapter checks: on both implementations of howdah, the other one in a process of "
        "its own (both, the default), or on the one that runs (this)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Report the results, if this is the process that another one has started for check_adapter."""
    if (path := os.environ.pop("HOWDAH_TESTING_REPORT", None)) is not None:
        from howdah_testing.reporting import Reporting

        config.pluginmanager.register(Reporting(path), "howdah_testing.reporting")


@pytest.fixture(scope="session")
def howdah_dsn(pytestconfig: pytest.Config) -> str:
    """The conninfo of a server, started on first use and deleted when the process exits."""
    dsn: str | None = pytestconfig.getoption("--howdah-dsn") or os.environ.get("HOWDAH_TEST_DSN")
    if dsn:
        return dsn
    import howdah

    with howdah.connect("embedded:") as conn:
        return conn.info.dsn


@pytest.fixture
def howdah_conn(howdah_dsn: str) -> Iterator[howdah.Connection[Any]]:
    """A connection; what the test does not commit is rolled back."""
    import howdah

    conn = howdah.Connection.connect(howdah_dsn)
    yield conn
    conn.close()


@pytest.fixture
async def howdah_aconn(howdah_dsn: str, anyio_backend: Any) -> AsyncIterator[howdah.AsyncConnection[Any]]:
    """An async connection, for tests that anyio's plugin runs on asyncio; there is no automatic commit."""
    import howdah

    conn = await howdah.AsyncConnection.connect(howdah_dsn)
    yield conn
    await conn.close()


@pytest.fixture
def check_adapter(howdah_dsn: str, request: pytest.FixtureRequest) -> CheckAdapter:
    """A `howdah_testing.checking.CheckAdapter`, which checks that an adapter returns what it was given."""
    from howdah_testing.checking import CheckAdapter

    return CheckAdapter(howdah_dsn, request)
