"""Metrics of pools."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from howdah_pool import AsyncConnectionPool, PoolTimeout
from tests.contrib.opentelemetry.telemetry import Telemetry

pytestmark = pytest.mark.anyio

CONNECTION = "db.client.connection."


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(acquires=True)


def pool_of(telemetry: Telemetry, dsn: str, **options: Any) -> Any:
    return AsyncConnectionPool(
        dsn, open=False, name="herd", connection_class=telemetry.driver.AsyncConnection, **options
    )


def values(telemetry: Telemetry, metric: str) -> list[Any]:
    points = telemetry.points(CONNECTION + metric)
    assert all(point.attributes[CONNECTION + "pool.name"] == "herd" for point in points)
    return [point.value for point in points]


def counts(telemetry: Telemetry) -> dict[str, int]:
    return {
        point.attributes[CONNECTION + "state"]: point.value
        for point in telemetry.points(CONNECTION + "count")
    }


async def test_the_state(telemetry: Telemetry, dsn: str) -> None:
    pool = pool_of(telemetry, dsn, min_size=2, max_size=3)
    await pool.open(wait=True)
    assert counts(telemetry) == {"idle": 2, "used": 0}
    async with pool.connection():
        assert counts(telemetry) == {"idle": 1, "used": 1}
        assert values(telemetry, "max") == values(telemetry, "idle.max") == [3]
        assert values(telemetry, "idle.min") == [2]
        assert values(telemetry, "pending_requests") == [0]
    await pool.close()
    assert counts(telemetry) == {}


async def test_times(telemetry: Telemetry, dsn: str) -> None:
    async with pool_of(telemetry, dsn, min_size=1, max_size=1) as pool:
        for _ in range(3):
            async with pool.connection():
                pass
        async with pool.connection():
            with pytest.raises(PoolTimeout):
                await pool.getconn(timeout=0.01)
    for metric, count in (("create_time", 1), ("wait_time", 4), ("use_time", 4)):
        [point] = telemetry.points(CONNECTION + metric)
        assert point.count == count and point.sum > 0
    assert values(telemetry, "timeouts") == [1]


async def test_spans(telemetry: Telemetry, dsn: str) -> None:
    async with pool_of(telemetry, dsn, min_size=1, max_size=1) as pool:
        async with pool.connection():
            with pytest.raises(PoolTimeout):
                await pool.getconn(timeout=0.01)
    done, failed = telemetry.take()
    assert done.name == failed.name == "pool.acquire"
    assert failed.attributes["error.type"].endswith("PoolTimeout") and "error.type" not in done.attributes
