"""The plugin, and how the default driver gets it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

import howdah
from howdah.client.flags import checked_flag
from howdah.errors import DatabaseError
from howdah.hookspecs import hookimpl
from howdah_opentelemetry.connections import (
    ConnectAttempt,
    ConnectionTelemetry,
    TransactionTelemetry,
    is_suppressed,
)
from howdah_opentelemetry.instruments import Instruments
from howdah_opentelemetry.pools import Pools, PoolTelemetry

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["HowdahInstrumentor", "Instrumentation", "instrument", "uninstrument"]

_NAME = "opentelemetry"


class Instrumentation:
    """The plugin: `howdah.Driver(plugins=[Instrumentation()])` makes a driver with traces and metrics.

    Args:
        tracer_provider: makes the tracer, None for the global one.
        meter_provider: makes the instruments of metrics, None for the global one.
        connects: whether an attempt to connect has a span.
        transactions: whether a transaction has a span, whose children its queries are.
        acquires: whether a request for a connection of a pool has a span.
        query_text: whether spans have the text of queries. Parameters are never in it, and literals are
            replaced by `?`, except in queries with parameters.
        trace_context: the name of a setting, such as `app.traceparent` or `application_name`, in which the
            server is told the context of a sampled span, along with the query; None not to tell it.

    Raises:
        howdah.ProgrammingError: a flag is text.
    """

    __name__ = _NAME
    howdah_hooks_version = 2

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        connects: bool = True,
        transactions: bool = False,
        acquires: bool = False,
        query_text: bool = True,
        trace_context: str | None = None,
    ) -> None:
        self._instruments = Instruments(tracer_provider, meter_provider)
        self._pools = Pools(self._instruments.meter)
        self._connects = checked_flag("connects", connects)
        self._observer = (
            TransactionTelemetry if checked_flag("transactions", transactions) else ConnectionTelemetry
        )
        self._acquires = checked_flag("acquires", acquires)
        self._query_text = checked_flag("query_text", query_text)
        self._trace_context = trace_context

    @hookimpl
    def howdah_connect_observer(self, params: Mapping[str, Any]) -> ConnectAttempt | None:
        """Make a span of an attempt to connect."""
        if not self._connects or is_suppressed():
            return None
        return ConnectAttempt(self._instruments, params)

    @hookimpl
    def howdah_query_observer(self, connection: Any) -> ConnectionTelemetry:
        """Make spans of the queries of a connection."""
        return self._observer(
            connection,
            self._instruments,
            query_text=self._query_text,
            trace_context=self._trace_context,
        )

    @hookimpl
    def howdah_connection_setup(self, connection: Any) -> Awaitable[None] | None:
        """Prepare the statement that tells the server the context."""
        for observer in connection.kernel.observers:
            if isinstance(observer, ConnectionTelemetry) and observer.propagation is not None:
                if hasattr(connection.kernel, "event_loop"):
                    return _prepare_async(connection, observer)
                with connection.kernel.lock:
                    try:
                        connection.kernel.wait(observer.propagation.prepare())
                    except DatabaseError as error:
                        _warn(connection, error)
        return None

    @hookimpl
    def howdah_pool_observer(self, pool: Any) -> PoolTelemetry:
        """Record the metrics of a pool."""
        return PoolTelemetry(pool, self._pools, self._instruments, spans=self._acquires)


async def _prepare_async(connection: Any, observer: ConnectionTelemetry) -> None:
    assert observer.propagation is not None
    async with connection.kernel.lock:
        try:
            await connection.kernel.wait(observer.propagation.prepare())
        except DatabaseError as error:
            _warn(connection, error)


def _warn(connection: Any, error: DatabaseError) -> None:
    """Say that the server will not be told the context, unless the connection is lost."""
    if connection.closed:
        raise error
    logging.getLogger("howdah").warning("the server does not take the context of traces: %s", error)


def instrument(**options: Any) -> None:
    """Give the default driver traces and metrics: of what `howdah.connect` and pools open from now on.

    Call it at the start of the program: classes looked up before, such as `howdah.Connection`, do not change.
    A second call replaces the options.

    Args:
        options: the arguments of `Instrumentation`.
    """
    _configure([Instrumentation(**options)])


def uninstrument() -> None:
    """Take traces and metrics from the default driver; connections that are open keep theirs."""
    _configure([])


def _configure(own: list[Instrumentation]) -> None:
    chosen = howdah.configuration()
    others = [plugin for plugin in chosen["plugins"] if not isinstance(plugin, Instrumentation)]
    howdah.configure(**{**chosen, "plugins": [*others, *own]})


class HowdahInstrumentor:
    """What the command `opentelemetry-instrument` looks for."""

    def instrument(self, **options: Any) -> None:
        """Instrument the default driver.

        Args:
            options: those of `Instrumentation`; others, which are for other instrumentors, are ignored.
        """
        known = ("tracer_provider", "meter_provider", "connects", "transactions", "acquires", "query_text")
        instrument(**{name: options[name] for name in (*known, "trace_context") if name in options})

    def uninstrument(self, **options: Any) -> None:
        """Undo `instrument`."""
        uninstrument()
