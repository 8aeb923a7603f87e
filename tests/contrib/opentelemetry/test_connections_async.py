"""Spans and metrics of connections."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

import howdah

pytest.importorskip("opentelemetry.sdk")
from opentelemetry import context, trace
from opentelemetry.sdk.trace import sampling
from opentelemetry.trace import SpanKind, StatusCode

from tests.contrib.opentelemetry.telemetry import Telemetry

pytestmark = pytest.mark.anyio

SECRET = "the elephant's birthday"


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
async def conn(telemetry: Telemetry, dsn: str, aconn: Any) -> Any:
    async with await telemetry.driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
        telemetry.take(connects=True)
        yield conn


def told(spans: list[Any]) -> str:
    """Return all that spans say."""
    return "\n".join(span.to_json() for span in spans)


async def test_a_query(telemetry: Telemetry, conn: Any) -> None:
    await conn.execute("SELECT * FROM pg_class WHERE relname <> %s LIMIT 3", [SECRET])
    [span] = telemetry.take()
    assert span.name == "SELECT pg_class" and span.kind == SpanKind.CLIENT
    assert dict(span.attributes) == {
        "db.system.name": "postgresql",
        "db.namespace": conn.info.dbname,
        "server.address": conn.info.host,
        "db.query.summary": "SELECT pg_class",
        "db.query.text": "SELECT * FROM pg_class WHERE relname <> $1 LIMIT 3",
        "db.operation.name": "SELECT",
        "db.response.returned_rows": 3,
    }
    assert span.status.status_code == StatusCode.UNSET and span.end_time > span.start_time
    assert span.instrumentation_scope.name == "howdah_opentelemetry"


async def test_the_port_of_a_server_on_the_network(telemetry: Telemetry, server: Any) -> None:
    async with await telemetry.driver.AsyncConnection.connect(server.tcp_dsn) as conn:
        await conn.execute("SELECT 1")
    for span in telemetry.take(connects=True):
        assert span.attributes["server.address"] == server.tcp_host
        assert span.attributes["server.port"] == server.port


@pytest.mark.parametrize("cursor", ["cursor", "client", "copy", "literal", "many", "error"])
async def test_no_value_is_told(telemetry: Telemetry, conn: Any, cursor: str) -> None:
    if cursor == "cursor":
        await conn.execute("SELECT %s", [SECRET])
    elif cursor == "client":
        await telemetry.driver.AsyncClientCursor(conn).execute("SELECT %s, 'x'", [SECRET])
        await telemetry.driver.AsyncClientCursor(conn).execute("SELECT " + howdah.sql.quote(SECRET))
        await telemetry.driver.AsyncClientCursor(conn).execute("PREPARE p AS SELECT $1::int, %s", [SECRET])
    elif cursor == "copy":
        async with conn.cursor().copy("COPY (SELECT %s::text) TO STDOUT", [SECRET]) as copy:
            await copy.read()
    elif cursor == "literal":
        await conn.execute("SELECT " + howdah.sql.quote(SECRET))
    elif cursor == "many":
        await conn.cursor().executemany("SELECT %s::text", [[SECRET], [SECRET]])
    else:
        with pytest.raises(howdah.DataError, match="birthday"):
            await conn.execute("SELECT %s::text::int", [SECRET])
    spans = telemetry.take()
    assert spans and "birthday" not in told(spans)
    assert "birthday" not in str(telemetry.points("db.client.operation.duration"))


@pytest.mark.parametrize("pipeline", [False, True])
async def test_literals_with_backslashes(telemetry: Telemetry, conn: Any, pipeline: bool) -> None:
    if conn.info.server_version >= 190000:
        pytest.skip("PostgreSQL has standard_conforming_strings only on")
    query = r"SELECT 'a\'birthday', 1"
    async with conn.pipeline() if pipeline else nullcontext():
        await conn.execute("SET standard_conforming_strings = off")
        cur = await conn.execute(query)
    assert await cur.fetchone() == ("a'birthday", 1)
    await conn.execute("SET standard_conforming_strings = on")
    await conn.execute(r"SELECT 'a\', 1")
    spans = telemetry.take()
    assert "birthday" not in told(spans)
    assert spans[-1].attributes["db.query.text"] == "SELECT ?, ?"


async def test_without_the_text(dsn: str) -> None:
    telemetry = Telemetry(query_text=False)
    async with await telemetry.driver.AsyncConnection.connect(dsn) as conn:
        await conn.execute("SELECT 1")
    [span] = telemetry.take()
    assert "db.query.text" not in span.attributes and span.attributes["db.query.summary"] == "SELECT"


async def test_an_error(telemetry: Telemetry, conn: Any) -> None:
    with pytest.raises(howdah.errors.UndefinedTable):
        await conn.execute("SELECT * FROM unicorn")
    [span] = telemetry.take()
    assert span.name == "SELECT unicorn" and span.status.status_code == StatusCode.ERROR
    assert span.status.description == "UndefinedTable"
    assert span.attributes["db.response.status_code"] == span.attributes["error.type"] == "42P01"
    assert span.events == ()
    [point] = telemetry.points("db.client.operation.duration")
    assert point.attributes["error.type"] == "42P01"


async def test_an_error_of_the_driver(telemetry: Telemetry, conn: Any) -> None:
    with pytest.raises(howdah.ProgrammingError):
        await conn.execute("SELECT %s", [object()])
    [span] = telemetry.take()
    assert span.attributes["error.type"] == "howdah.errors.ProgrammingError"
    assert "db.response.status_code" not in span.attributes


async def test_batches(telemetry: Telemetry, conn: Any) -> None:
    await conn.execute("CREATE TEMP TABLE herd (id int)")
    telemetry.take()
    await conn.cursor().executemany("INSERT INTO herd VALUES (%s)", [[1], [2], [3]])
    await conn.cursor().executemany("INSERT INTO herd VALUES (%s)", [[1]])
    await conn.cursor().executemany("INSERT INTO herd VALUES (%s)", ([i] for i in range(3)))
    batch, single, unknown = telemetry.take()
    assert batch.name == batch.attributes["db.query.summary"] == "BATCH INSERT herd"
    assert batch.attributes["db.operation.batch.size"] == 3
    assert batch.attributes["db.operation.name"] == "BATCH INSERT"
    for span in (single, unknown):
        assert span.name == "INSERT herd" and "db.operation.batch.size" not in span.attributes


async def test_pipelines(telemetry: Telemetry, conn: Any) -> None:
    async with conn.pipeline():
        await conn.execute("SELECT 1 AS a")
        await conn.execute("SELECT 2 AS b")
    first, second, batch = telemetry.take()
    assert batch.name == "BATCH" and batch.attributes["db.operation.batch.size"] == 2
    for span in (first, second):
        assert span.parent.span_id == batch.context.span_id
        assert span.attributes["db.response.returned_rows"] == 1


async def test_an_error_in_a_pipeline(telemetry: Telemetry, conn: Any) -> None:
    with pytest.raises(howdah.errors.DivisionByZero):
        async with conn.pipeline():
            await conn.execute("SELECT 1/0")
            await conn.execute("SELECT 2")
    failed, skipped, _ = telemetry.take()
    assert failed.attributes["error.type"] == "22012"
    assert skipped.attributes["error.type"].endswith(".PipelineAborted")


async def test_copy(telemetry: Telemetry, conn: Any) -> None:
    await conn.execute("CREATE TEMP TABLE herd (id int)")
    telemetry.take()
    async with conn.cursor().copy("COPY herd (id) FROM STDIN") as copy:
        for i in range(5):
            await copy.write_row([i])
        assert telemetry.take() == []
    [span] = telemetry.take()
    assert span.name == "COPY herd" and span.attributes["db.collection.name"] == "herd"
    assert span.attributes["db.operation.name"] == "COPY"


async def test_streams_and_cursors(telemetry: Telemetry, conn: Any) -> None:
    async for _ in conn.cursor().stream("SELECT generate_series(1, 7)"):
        assert telemetry.take() == []
    [span] = telemetry.take()
    assert span.attributes["db.response.returned_rows"] == 7
    async with conn.transaction():
        async with conn.cursor("named") as cursor:
            await cursor.execute("SELECT * FROM generate_series(1, 9)")
            assert len(await cursor.fetchall()) == 9
    [span] = telemetry.take()
    assert span.name == "SELECT generate_series" and "db.response.returned_rows" not in span.attributes
    rows = {
        point.attributes["db.operation.name"]: point.sum
        for point in telemetry.points("db.client.response.returned_rows")
    }
    assert rows == {"SELECT": 7, "FETCH": 9}


async def test_the_duration_of_operations(telemetry: Telemetry, conn: Any) -> None:
    for i in range(8):
        await conn.execute("SELECT * FROM pg_class WHERE relname = %s", [str(i)])
    [point] = telemetry.points("db.client.operation.duration")
    assert point.count == 8 and point.sum > 0
    assert point.explicit_bounds == (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
    assert dict(point.attributes) == {
        "db.system.name": "postgresql",
        "db.namespace": conn.info.dbname,
        "server.address": conn.info.host,
        "db.operation.name": "SELECT",
        "db.query.summary": "SELECT pg_class",
    }
    [prepared] = telemetry.points("howdah.client.statements_prepared")
    assert prepared.value == 1


async def test_connecting(telemetry: Telemetry, dsn: str) -> None:
    await (await telemetry.driver.AsyncConnection.connect(dsn)).close()
    with pytest.raises(howdah.OperationalError):
        await telemetry.driver.AsyncConnection.connect(dsn, dbname="no_such_database")
    done, failed = telemetry.take(connects=True)
    assert done.name == failed.name == "CONNECT" and done.kind == SpanKind.CLIENT
    assert done.status.status_code == StatusCode.UNSET
    assert failed.attributes["db.namespace"] == "no_such_database"
    assert failed.attributes["error.type"] == "3D000" and failed.status.status_code == StatusCode.ERROR


async def test_the_parent_is_the_program_s_span(telemetry: Telemetry, conn: Any) -> None:
    with telemetry.tracer.start_as_current_span("request") as request:
        await conn.execute("SELECT 1")
    query, _ = telemetry.take()
    assert query.parent.span_id == request.get_span_context().span_id


@pytest.mark.parametrize("autocommit", [True, False])
async def test_transactions(dsn: str, autocommit: bool) -> None:
    telemetry = Telemetry(transactions=True, connects=False)
    async with await telemetry.driver.AsyncConnection.connect(dsn, autocommit=autocommit) as conn:
        with telemetry.tracer.start_as_current_span("request") as request:
            async with conn.transaction():
                await conn.execute("SELECT 1")
                with telemetry.tracer.start_as_current_span("part") as part:
                    await conn.execute("SELECT 2")
            query, inner, _, transaction = telemetry.take()
        await conn.execute("SELECT 3")
    assert transaction.name == "TRANSACTION" and transaction.attributes["db.operation.name"] == "COMMIT"
    assert transaction.parent.span_id == request.get_span_context().span_id
    assert query.parent.span_id == transaction.context.span_id
    assert inner.parent.span_id == part.get_span_context().span_id


class TestSampling:
    async def test_what_is_not_sampled_is_only_measured(self, dsn: str) -> None:
        telemetry = Telemetry(sampler=sampling.ALWAYS_OFF, trace_context="app.traceparent")
        async with await telemetry.driver.AsyncConnection.connect(dsn) as conn:
            cursor = await conn.execute("SELECT current_setting('app.traceparent', true)")
            assert await cursor.fetchone() in [("",), (None,)]
        assert telemetry.take(connects=True) == []
        assert telemetry.points("db.client.operation.duration")[0].count == 1

    async def test_a_sampler_sees_the_attributes(self, dsn: str) -> None:
        class OnlyAnimals(sampling.Sampler):
            def should_sample(self, *args: Any, **kwargs: Any) -> sampling.SamplingResult:
                attributes = kwargs.get("attributes") or next(
                    (arg for arg in args if isinstance(arg, dict)), {}
                )
                wanted = "pg_class" in attributes.get("db.query.summary", "")
                decision = sampling.Decision.RECORD_AND_SAMPLE if wanted else sampling.Decision.DROP
                return sampling.SamplingResult(decision)

            def get_description(self) -> str:
                return "only animals"

        telemetry = Telemetry(sampler=OnlyAnimals())
        async with await telemetry.driver.AsyncConnection.connect(dsn) as conn:
            await conn.execute("SELECT 1")
            await conn.execute("SELECT 1 FROM pg_class")
        assert [span.name for span in telemetry.take()] == ["SELECT pg_class"]

    async def test_suppressed(self, telemetry: Telemetry, conn: Any) -> None:
        token = context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            await conn.execute("SELECT 1")
        finally:
            context.detach(token)
        assert telemetry.take() == [] and telemetry.points("db.client.operation.duration") == []


def test_nothing_is_current_afterwards() -> None:
    assert trace.get_current_span() is trace.INVALID_SPAN
