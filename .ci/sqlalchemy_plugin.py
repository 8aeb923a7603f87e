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

#: What fails, by the names of tests, and why.
DIFFERENCES = {
    "test_round_trip_custom_json": "howdah calls a json_deserializer with str, psycopg with bytes",
    "AsyncCancellationTest.test_dialect_supports_terminate": "psycopg is expected to fail",
    "test_initial_transaction_state_psycopg": "imports psycopg",
    "test_psycopg_non_standard_err": "imports a module of psycopg",
    "test_psycopg_version": "is about attributes of psycopg's dialect",
    "Psycopg3Test.test_async_version": "is about psycopg's dialect",
    "Psycopg3Test.test_async_client_side_cursor": "imports psycopg",
    "Psycopg3Test.test_client_side_cursor": "imports psycopg",
}


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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Expect the failures of tests that are about psycopg itself, or about what is different on purpose."""
    for item in items:
        assert item.parent is not None
        cls, name = item.parent.name.partition("_")[0], getattr(item, "originalname", item.name)
        for difference, reason in DIFFERENCES.items():
            if difference in (name, f"{cls}.{name}"):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
