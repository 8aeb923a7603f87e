"""What the tests of Arrow data share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import howdah


@pytest.fixture
def cur(conn: howdah.Connection[Any]) -> Any:
    """A cursor, in a transaction that is not committed, with types of its own."""
    cur = conn.cursor()
    cur.execute(
        "CREATE TYPE pg_temp.mood AS ENUM ('sad', 'ok'); CREATE DOMAIN pg_temp.price AS numeric(8, 3)"
    )
    return cur
