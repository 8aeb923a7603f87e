"""The tracer and the instruments of metrics.

Source: OpenTelemetry, "Semantic conventions for database client metrics".
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from opentelemetry import metrics, trace

from howdah_opentelemetry.attributes import DURATION_BUCKETS

__all__ = ["Instruments"]

_NAME = "howdah_opentelemetry"
_SCHEMA = "https://opentelemetry.io/schemas/1.33.0"


class Instruments:
    """Makes spans, and records metrics.

    Args:
        tracer_provider: makes the tracer, None for the global one.
        meter_provider: makes the instruments of metrics, None for the global one.

    Attributes:
        tracer: makes spans.
        meter: makes the instruments of a pool.
        operation_duration: `db.client.operation.duration`.
        returned_rows: `db.client.response.returned_rows`.
        statements_prepared: how many statements were prepared.
        pool_timeouts: `db.client.connection.timeouts`.
        pool_create_time: `db.client.connection.create_time`.
        pool_wait_time: `db.client.connection.wait_time`.
        pool_use_time: `db.client.connection.use_time`.
    """

    def __init__(
        self,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        try:
            own = version("howdah")
        except PackageNotFoundError:
            own = ""
        self.tracer = trace.get_tracer(_NAME, own, tracer_provider, schema_url=_SCHEMA)
        self.meter = meter = metrics.get_meter(_NAME, own, meter_provider, schema_url=_SCHEMA)
        self.operation_duration = meter.create_histogram(
            "db.client.operation.duration",
            "s",
            "Duration of database client operations.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self.returned_rows = meter.create_histogram(
            "db.client.response.returned_rows", "{row}", "The number of rows returned by an operation."
        )
        self.statements_prepared = meter.create_counter(
            "howdah.client.statements_prepared", "{statement}", "The number of statements prepared."
        )
        self.pool_timeouts = meter.create_counter(
            "db.client.connection.timeouts",
            "{timeout}",
            "The number of times that no connection came in time.",
        )
        self.pool_create_time = meter.create_histogram(
            "db.client.connection.create_time",
            "s",
            "The time it took to create a new connection.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self.pool_wait_time = meter.create_histogram(
            "db.client.connection.wait_time",
            "s",
            "The time it took to obtain an open connection from the pool.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
        self.pool_use_time = meter.create_histogram(
            "db.client.connection.use_time",
            "s",
            "The time between borrowing a connection and returning it to the pool.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )
