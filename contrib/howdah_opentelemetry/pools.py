"""Metrics of pools, and spans of the waits for their connections."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from howdah.hookspecs import PoolObserver
from howdah_opentelemetry import attributes as names
from howdah_opentelemetry.attributes import error_attributes
from howdah_opentelemetry.connections import is_suppressed

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

    from howdah_opentelemetry.instruments import Instruments

__all__ = ["PoolTelemetry", "Pools"]


class Pools:
    """The open pools, whose state is reported when metrics are collected.

    Args:
        meter: makes the instruments.
    """

    def __init__(self, meter: Meter) -> None:
        self._pools: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        for name, unit, description, read in (
            (
                "db.client.connection.count",
                "{connection}",
                "The number of connections in the state that the attribute tells.",
                _counts,
            ),
            (
                "db.client.connection.idle.max",
                "{connection}",
                "The maximum number of idle open connections allowed.",
                _maximum,
            ),
            (
                "db.client.connection.idle.min",
                "{connection}",
                "The minimum number of idle open connections allowed.",
                _minimum,
            ),
            (
                "db.client.connection.max",
                "{connection}",
                "The maximum number of open connections allowed.",
                _maximum,
            ),
            (
                "db.client.connection.pending_requests",
                "{request}",
                "The number of current pending requests for an open connection.",
                _pending,
            ),
        ):
            callback = self._callback(read)
            meter.create_observable_up_down_counter(name, [callback], unit, description)

    def add(self, pool: Any) -> None:
        """Report the state of a pool from now on."""
        self._pools[id(pool)] = pool

    def remove(self, pool: Any) -> None:
        """Report it no longer."""
        self._pools.pop(id(pool), None)

    def _callback(
        self, read: Callable[[Any], Iterator[tuple[int, dict[str, str]]]]
    ) -> Callable[[CallbackOptions], Iterable[Observation]]:
        def observe(options: CallbackOptions) -> Iterable[Observation]:
            references = self._pools.valuerefs()  # a list: other threads open and close pools meanwhile
            return [
                Observation(value, {names.POOL_NAME: pool.name, **attributes})
                for pool in [reference() for reference in references]
                if pool is not None
                for value, attributes in read(pool)
            ]

        return observe


def _counts(pool: Any) -> Iterator[tuple[int, dict[str, str]]]:
    yield pool.available, {names.POOL_STATE: "idle"}
    yield pool.in_use, {names.POOL_STATE: "used"}


def _maximum(pool: Any) -> Iterator[tuple[int, dict[str, str]]]:
    if pool.max_size is not None:
        yield pool.max_size, {}


def _minimum(pool: Any) -> Iterator[tuple[int, dict[str, str]]]:
    yield pool.min_size, {}


def _pending(pool: Any) -> Iterator[tuple[int, dict[str, str]]]:
    yield pool.get_stats()["requests_waiting"], {}


class _Acquisition:
    """A request for a connection."""

    __slots__ = ("span", "start")

    def __init__(self, span: Span | None) -> None:
        self.span = span
        self.start = perf_counter()


class PoolTelemetry(PoolObserver):
    """Records the metrics of a pool.

    Args:
        pool: the pool.
        pools: the open pools.
        instruments: makes the spans, and records the metrics.
        spans: whether each request for a connection has a span.
    """

    def __init__(self, pool: Any, pools: Pools, instruments: Instruments, *, spans: bool) -> None:
        self._pool = weakref.ref(pool)
        self._pools = pools
        self._instruments = instruments
        self._spans = spans
        self._attributes = {names.POOL_NAME: pool.name}
        pools.add(pool)

    def acquire_started(self) -> Any:
        """Begin to wait for a connection."""
        span = None
        if self._spans and not is_suppressed():
            span = self._instruments.tracer.start_span(
                "pool.acquire", None, SpanKind.INTERNAL, {names.SYSTEM: "postgresql", **self._attributes}
            )
        return _Acquisition(span)

    def acquire_ended(self, token: Any, connection: Any | None, error: BaseException | None) -> None:
        """Record the time of the wait."""
        from howdah_pool.errors import PoolTimeout  # which is loaded, since there is a pool

        now = perf_counter()
        if error is None:
            self._instruments.pool_wait_time.record(now - token.start, self._attributes)
        elif isinstance(error, PoolTimeout):
            self._instruments.pool_timeouts.add(1, self._attributes)
        token.start = now
        span: Span | None = token.span
        if span is not None:
            if error is not None and span.is_recording():
                span.set_attributes(error_attributes(error))
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            span.end()

    def released(self, token: Any) -> None:
        """Record the time of use."""
        self._instruments.pool_use_time.record(perf_counter() - token.start, self._attributes)

    def connection_created(self, seconds: float) -> None:
        """Record the time of connecting."""
        self._instruments.pool_create_time.record(seconds, self._attributes)

    def closed(self) -> None:
        """Report the state of the pool no longer."""
        pool = self._pool()
        if pool is not None:
            self._pools.remove(pool)
