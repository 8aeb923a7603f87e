"""A database for the tests of the dialect, and what runs them on both kinds of engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import howdah
from howdah.conninfo import parse

sqlalchemy = pytest.importorskip("sqlalchemy")

DATABASE = "howdah_sqlalchemy"


@pytest.fixture(scope="package")
def alchemy_dsn(dsn: str) -> Iterator[str]:
    """The conninfo of a database with the extension hstore."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {DATABASE}")
        own = f"{dsn} dbname={DATABASE}"
        with howdah.connect(own, autocommit=True) as there:
            there.execute("CREATE EXTENSION hstore")
        yield own
        conn.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(scope="package")
def url(alchemy_dsn: str) -> Any:
    """The URL of that database, for SQLAlchemy."""
    settings = parse(alchemy_dsn)
    return sqlalchemy.URL.create(
        "postgresql+howdah",
        settings["user"],
        database=DATABASE,
        query={"host": settings["host"], "port": settings["port"]},
    )


@pytest.fixture(params=["sync", "asyncio"])
def run(request: pytest.FixtureRequest, url: Any) -> Callable[..., Any]:
    """A function that makes an engine, calls another function with a connection, and returns its result.

    The transaction is rolled back at the end, so that nothing is left for other tests.
    """

    def run_sync(work: Callable[[Any], Any], *, at: Any = url, **options: Any) -> Any:
        engine = sqlalchemy.create_engine(at, **options)
        try:
            with engine.connect() as connection:
                return work(connection)
        finally:
            engine.dispose()

    async def awaited(work: Callable[[Any], Any], at: Any, options: dict[str, Any]) -> Any:
        from sqlalchemy.ext.asyncio import create_async_engine

        engine = create_async_engine(at, **options)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    def run_async(work: Callable[[Any], Any], *, at: Any = url, **options: Any) -> Any:
        return asyncio.run(awaited(work, at, options))

    if request.param == "asyncio":
        pytest.importorskip("greenlet")
        return run_async
    return run_sync
