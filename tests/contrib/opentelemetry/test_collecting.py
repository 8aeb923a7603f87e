"""Metrics that a thread of the SDK collects while the program goes on."""

from __future__ import annotations

import logging
import threading

import pytest

pytest.importorskip("opentelemetry.sdk")

from howdah_opentelemetry.pools import Pools
from howdah_pool import ConnectionPool
from tests.contrib.opentelemetry.telemetry import Telemetry


@pytest.mark.usefixtures("switching")
def test_pools_that_come_and_go(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    telemetry = Telemetry()
    pools = Pools(telemetry.options["meter_provider"].get_meter("test"))
    stopped = threading.Event()

    def change() -> None:
        while not stopped.is_set():
            pools.add(another)
            pools.remove(another)

    another, *kept = [ConnectionPool(dsn, open=False, min_size=0, max_size=4) for _ in range(101)]
    for pool in kept:
        pools.add(pool)
    thread = threading.Thread(target=change)
    thread.start()
    try:
        with caplog.at_level(logging.ERROR):
            for _ in range(100):
                assert len(telemetry.points("db.client.connection.max")) >= 100
    finally:
        stopped.set()
        thread.join()
    assert not caplog.records
