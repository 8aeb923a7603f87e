"""Fixtures for tests of Arrow."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import howdah

_TYPES = "CREATE TYPE pg_temp.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN pg_temp.price AS numeric(8, 3)"


@pytest.fixture
def cur(request: pytest.FixtureRequest) -> Any:
    """A cursor, in a transaction that is not committed, with types of its own; async in async tests."""
    return request.getfixturevalue("async_cursor" if iscoroutinefunction(request.function) else "sync_cursor")


@pytest.fixture
def sync_cursor(conn: howdah.Connection[Any]) -> Any:
    """A cursor with the types."""
    cur = conn.cursor()
    cur.execute(_TYPES)
    return cur


@pytest.fixture
async def async_cursor(aconn: howdah.AsyncConnection[Any]) -> Any:
    """An async cursor with the types."""
    cur = aconn.cursor()
    await cur.execute(_TYPES)
    return cur
