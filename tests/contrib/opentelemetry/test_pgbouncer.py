"""The context of traces behind PgBouncer in transaction mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from tests.contrib.opentelemetry.telemetry import Telemetry
from tests.pgbouncer import pooler
from tests.servers import Server

pytestmark = pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed")


@pytest.fixture(scope="module")
def bouncer(server: Any) -> Iterator[Any]:
    if not isinstance(server, Server):
        pytest.skip("PgBouncer needs a server of the suite's own behind it")
    with pooler.PgBouncer(server) as bouncer:
        yield bouncer


@pytest.mark.parametrize("autocommit", [True, False])
def test_queries_succeed_on_whichever_connection(bouncer: Any, autocommit: bool) -> None:
    telemetry = Telemetry(trace_context="app.traceparent")
    connect = telemetry.driver.connect
    with connect(bouncer.dsn, autocommit=autocommit) as conn, connect(bouncer.dsn) as other:
        for number in range(6):
            if number % 2:
                other.execute("SELECT 1")  # which holds one of the two connections of the server
            assert conn.execute("SELECT %s::int", [number], prepare=False).fetchone() == (number,)
            conn.rollback()
            other.rollback()
