# Generated from tests/contrib/opentelemetry/test_propagation_async.py by .ci/async_to_sync.py; do not edit.
"""The server is told the context of a span, along with the query."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

import pytest

import howdah

pytest.importorskip("opentelemetry.sdk")

from tests.contrib.opentelemetry.telemetry import Telemetry
from tests.proxy import Proxy

pytestmark = pytest.mark.anyio

SETTING = "app.traceparent"
CURRENT = f"SELECT current_setting('{SETTING}', true)"


class CountingProxy(Proxy):
    """Counts how often the client sends: it waits for each answer before it sends again."""

    def __init__(self, server: Any) -> None:
        self.sent: list[bytes] = []
        self.client: Any = None
        super().__init__(server)

    def receive(self, sock: Any) -> bytes:
        with suppress(OSError):  # closed
            if self.client is None and sock.getsockname() == self.listener.getsockname():
                self.client = sock
        data = super().receive(sock)
        if sock is self.client:
            self.sent.append(data)
        return data

    def start(self) -> None:
        """Count from now on."""
        self.sent, self.answers = [], b""

    def counts(self) -> tuple[int, int]:
        """Return how often the client has sent, and how often the server has finished."""
        return len(self.sent), self.round_trips


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry(trace_context=SETTING)


@pytest.fixture(params=[True, False], ids=["autocommit", "transactions"])
def conn(telemetry: Telemetry, dsn: str, request: Any, conn: Any) -> Any:
    with telemetry.driver.Connection.connect(dsn, autocommit=request.param) as conn:
        telemetry.take(connects=True)
        yield conn


def traceparent(span: Any) -> str:
    """Return how the context of a span is told, in the W3C's format."""
    return f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}"


def names_span(value: str, span: Any) -> bool:
    return value.rpartition("-")[0] == traceparent(span)


def test_each_query_is_told_its_span(telemetry: Telemetry, conn: Any) -> None:
    values = []
    for _ in range(8):
        cursor = conn.execute(CURRENT + ", %s", [1])
        values.append(cursor.fetchone()[0])
    spans = telemetry.take()
    assert len({*values}) == 8
    assert all(names_span(value, span) for value, span in zip(values, spans, strict=True))


def test_it_costs_no_round_trip_and_statements_stay_prepared(server: Any, telemetry: Telemetry) -> None:
    counts = {}
    for name, driver in (("plain", howdah.default_driver()), ("traced", telemetry.driver)):
        with CountingProxy(server) as proxy:
            with driver.Connection.connect(proxy.dsn, autocommit=True) as conn:
                for _ in range(7):
                    conn.execute("SELECT %s::int", [1])
                proxy.start()
                for i in range(5):
                    conn.execute("SELECT %s::int", [i])
                counts[name] = proxy.counts()
                sent = b"".join(proxy.sent)
                assert b"SELECT" not in sent  # no Parse: both statements are prepared
                assert sent.count(b"_howdah_opentelemetry") == (5 if name == "traced" else 0)
    assert counts["plain"] == counts["traced"] == (5, 5)


def test_what_is_not_sampled_is_sent_as_ever(server: Any) -> None:
    from opentelemetry.sdk.trace import sampling

    telemetry = Telemetry(sampler=sampling.ALWAYS_OFF, trace_context=SETTING)
    with CountingProxy(server) as proxy:
        with telemetry.driver.Connection.connect(proxy.dsn, autocommit=True) as conn:
            proxy.start()
            conn.execute("SELECT %s::int", [1])
            assert b"_howdah_opentelemetry" not in b"".join(proxy.sent)


def test_streams_many_cursors_and_pipelines(telemetry: Telemetry, conn: Any) -> None:
    values = [row[0] for row in conn.cursor().stream(CURRENT)]
    cursor = conn.cursor()
    cursor.executemany(CURRENT + ", %s", [[1], [2]], returning=True)
    values.append(cursor.fetchone()[0])
    cursor = conn.cursor()
    cursor.itersize = 1
    cursor.execute(CURRENT + " FROM generate_series(1, 3)")
    values.append(cursor.fetchall()[0][0])
    with conn.pipeline():
        cursors = [conn.execute(CURRENT + ", %s", [i]) for i in range(3)]
    values += [cursor.fetchone()[0] for cursor in cursors]
    spans = [span for span in telemetry.take() if span.name != "BATCH"]
    assert all(names_span(value, span) for value, span in zip(values, spans, strict=True))


def test_it_does_not_outlive_the_transaction(telemetry: Telemetry, conn: Any) -> None:
    conn.execute("SELECT 1")
    conn.commit()
    observers, conn.kernel.observers = conn.kernel.observers, ()
    cursor = conn.execute(CURRENT)
    assert cursor.fetchone() in [("",), (None,)]
    conn.kernel.observers = observers


def test_statements_that_cannot_take_it(telemetry: Telemetry, conn: Any) -> None:
    conn.rollback()
    conn.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    conn.execute("SELECT 1; SELECT 2")
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("SELECT 1/0")
    conn.rollback()
    cursor = conn.execute(CURRENT)
    value = cursor.fetchone()[0]
    assert names_span(value, telemetry.take()[-1])


def test_in_a_failed_transaction(telemetry: Telemetry, conn: Any) -> None:
    with pytest.raises(howdah.errors.DivisionByZero):
        with conn.transaction():
            try:
                conn.execute("SELECT 1/0")
            except howdah.errors.DivisionByZero:
                with pytest.raises(howdah.errors.InFailedSqlTransaction):
                    conn.execute("SELECT 1")
                raise


def test_vacuum(telemetry: Telemetry, dsn: str) -> None:
    with telemetry.driver.Connection.connect(dsn, autocommit=True) as conn:
        conn.execute("VACUUM pg_catalog.pg_am")


@pytest.mark.parametrize("command", ["DISCARD ALL", "DEALLOCATE ALL"])
def test_the_program_drops_all_statements(telemetry: Telemetry, dsn: str, command: str) -> None:
    with telemetry.driver.Connection.connect(dsn, autocommit=True) as conn:
        conn.execute(command)
        cursor = conn.execute(CURRENT)
        assert names_span(cursor.fetchone()[0], telemetry.take()[-1])


def test_a_setting_that_the_server_refuses(dsn: str, caplog: Any) -> None:
    telemetry = Telemetry(trace_context="max_connections")
    with caplog.at_level(logging.WARNING, "howdah"):
        with telemetry.driver.Connection.connect(dsn) as conn:
            conn.execute("SELECT 1")
    [record] = caplog.records
    assert "does not take the context of traces" in record.getMessage()


def test_the_name_of_the_application(dsn: str) -> None:
    telemetry = Telemetry(trace_context="application_name")
    with telemetry.driver.Connection.connect(dsn, autocommit=True) as conn:
        query = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        cursor = conn.execute(query)
        assert names_span(cursor.fetchone()[0], telemetry.take()[-1])
