"""Fixtures for tests of COPY."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.plugins.copy.faces import Face


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> str:
    """Whether the connection is sync or async."""
    return str(request.param)


@pytest.fixture
async def db(face: str, dsn: str, anyio_backend: Any) -> AsyncIterator[Face]:
    """A connection with an empty table `t`."""
    db = await Face.connect(face, dsn, autocommit=True)
    await db.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)")
    yield db
    await db.call("close")
