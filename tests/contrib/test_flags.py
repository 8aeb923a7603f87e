"""Text is not taken for True where a function takes a flag."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import howdah
from howdah_cloud.tokens import TokenPassword
from howdah_opentelemetry import Instrumentation
from howdah_pool import AsyncConnectionPool, ConnectionPool
from howdah_replicas import AsyncReplicatedPool, ReplicatedPool
from howdah_replication import ReplicationConnection, commands
from howdah_retry import RetryPolicy


class Tokens(TokenPassword):
    """Has no tokens."""

    def fetch(self, host: Any, params: Any) -> Any:
        """Raise an error."""
        raise LookupError


MADE: dict[str, Callable[[], object]] = {
    "close_returns": lambda: ConnectionPool(open=False, close_returns="no"),
    "open": lambda: AsyncConnectionPool(open="no"),
    "read_primary": lambda: ReplicatedPool(read_primary="no"),
    "ask_server": lambda: RetryPolicy(ask_server="no"),
    "lost_connections": lambda: RetryPolicy(lost_connections="no"),
    "require_tls": lambda: Tokens(require_tls="no"),
    "connects": lambda: Instrumentation(connects="no"),
    "transactions": lambda: Instrumentation(transactions="no"),
    "acquires": lambda: Instrumentation(acquires="no"),
    "query_text": lambda: Instrumentation(query_text="no"),
    "physical": lambda: ReplicationConnection.connect(physical="no"),
    "temporary": lambda: commands.create_physical_slot(180000, "a", temporary="no", reserve_wal=False),
    "failover": lambda: commands.alter_slot(180000, "a", failover="no", two_phase=None),
    "wait": lambda: commands.drop_slot("a", wait="no"),
}


@pytest.mark.parametrize("name", MADE)
def test_arguments(name: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=f"'{name}' is True or False, not text"):
        MADE[name]()


def test_asynchronous_pools_of_replicas() -> None:
    with pytest.raises(howdah.ProgrammingError, match="'read_primary' is True or False"):
        AsyncReplicatedPool(read_primary="no")


def test_connections_of_pools(dsn: str) -> None:
    with ConnectionPool(dsn, min_size=1) as pool:
        with pytest.raises(howdah.ProgrammingError, match="'read_only' is True or False"):
            pool.getconn(read_only="no")
        with (
            pytest.raises(howdah.ProgrammingError, match="'read_only' is True or False"),
            pool.connection(read_only="no"),
        ):
            pass
        with pytest.raises(howdah.ProgrammingError, match="'read_only' is True or False"):
            pool.run(lambda conn: None, read_only="no")
        with pool.connection(read_only=False) as conn:
            assert conn.read_only is None
        assert pool.get_stats()["pool_available"] == 1
    with pytest.raises(howdah.ProgrammingError, match="'autocommit' is True or False"):
        ConnectionPool(dsn, kwargs={"autocommit": "off"}, min_size=0, open=True)


@pytest.mark.parametrize("name", ["read_only", "deferrable", "reconnect"])
def test_run(conn: Any, name: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=f"'{name}' is True or False, not text"):
        conn.run(lambda conn: None, **{name: "no"})
    with pytest.raises(ValueError, match=r"pass howdah\.IsolationLevel\.SERIALIZABLE$"):
        conn.run(lambda conn: None, isolation_level="serializable")


@pytest.mark.anyio
async def test_run_asynchronously(aconn: Any) -> None:
    async def nothing(conn: Any) -> None:
        raise AssertionError

    for name in ("read_only", "deferrable", "reconnect"):
        with pytest.raises(howdah.ProgrammingError, match=f"'{name}' is True or False, not text"):
            await aconn.run(nothing, **{name: "no"})


@pytest.mark.parametrize("name", ["scrollable", "withhold"])
def test_named_cursors(conn: Any, name: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match=f"'{name}' is True or False, not text"):
        conn.cursor("named", **{name: "no"})
