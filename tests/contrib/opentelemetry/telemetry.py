"""What the SDK collects in memory."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import howdah
from howdah_opentelemetry import Instrumentation

__all__ = ["Telemetry"]


class Telemetry:
    """A driver that is instrumented, and its spans and metrics.

    Args:
        sampler: decides which spans are recorded, None for all.
        options: those of `Instrumentation`.
    """

    def __init__(self, sampler: Any = None, **options: Any) -> None:
        self._exporter = InMemorySpanExporter()
        tracer_provider = TracerProvider(sampler=sampler)
        tracer_provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer = tracer_provider.get_tracer("test")
        self._reader = InMemoryMetricReader()
        self.options = {
            "tracer_provider": tracer_provider,
            "meter_provider": MeterProvider([self._reader]),
            **options,
        }
        self.driver = howdah.Driver(plugins=[Instrumentation(**self.options)])

    def take(self, *, connects: bool = False) -> list[Any]:
        """Return the spans that have ended, and forget them."""
        spans = self._exporter.get_finished_spans()
        self._exporter.clear()
        return [span for span in spans if connects or span.name != "CONNECT"]

    def points(self, metric: str) -> list[Any]:
        """Return the data points of a metric."""
        data = self._reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for each in scope.metrics
            if each.name == metric
            for point in each.data.data_points
        ]
