"""Fixtures for tests of COPY."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.plugins.copy.sides import Side


@pytest.fixture(params=["sync", "async"])
def side(request: pytest.FixtureRequest) -> str:
    """Whether the connection is sync or async."""
    return str(request.param)


@pytest.fixture
async def db(side: str, dsn: str, anyio_backend: Any) -> AsyncIterator[Side]:
    """A connection with an empty table `t`."""
    db = await Side.connect(side, dsn, autocommit=True)
    await db.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)")
    yield db
    await db.call("close")
