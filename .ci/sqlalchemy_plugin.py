"""A plugin of pytest for SQLAlchemy's own tests: they treat howdah as they treat psycopg.

Their conditions name drivers. Where they name psycopg, because it can do something or does something in a
certain way, they mean howdah, too.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.dialects import registry

# The tests choose the dialect for asyncio by its name. Programs do not need a second one.
registry.register("postgresql.howdah_async", "howdah_sqlalchemy", "AsyncHowdahDialect")


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """Change the conditions, once SQLAlchemy's own plugin has imported its tests' modules."""
    from sqlalchemy.testing.exclusions import SpecPredicate
    from sqlalchemy.testing.suite.test_results import ServerSideCursorsTest

    holds = SpecPredicate.__call__

    def holds_for_howdah(self: Any, config: Any) -> bool:
        database, plus, driver = self.db.partition("+")
        if plus and driver.removesuffix("_async") == "psycopg" and self.op is None:
            self = SpecPredicate(f"{database}+howdah")
        return bool(holds(self, config))

    SpecPredicate.__call__ = holds_for_howdah
    ServerSideCursorsTest._is_server_side = lambda self, cursor: cursor.itersize is not None
