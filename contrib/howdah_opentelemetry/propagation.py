"""The context of a trace in a setting of the server: `SELECT set_config('app.traceparent', …, true)`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from howdah.adapt.parameters import EncodedParams
from howdah.client.statement import Statement
from howdah.io.operation import Operation
from howdah.pq import PipelineStatus, TransactionStatus
from howdah.protocol.exchange import Exchange

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from howdah_opentelemetry.statements import StatementDescription

__all__ = ["ContextPropagation"]

_TEXT_OID = 25
#: The statements that take a context with them. Before others, a query would be wrong, as before SET
#: TRANSACTION, or impossible, as before VACUUM.
_WITH_CONTEXT = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "WITH", "TABLE"})
_PROPAGATOR = TraceContextTextMapPropagator()


class ContextPropagation:
    """Tells the server, before a query and in the same send, which span the query belongs to.

    Args:
        connection: the connection.
        setting: the name of the setting, which the server must allow the user to set.
    """

    def __init__(self, connection: Any, setting: str) -> None:
        self._kernel = connection.kernel
        name = setting.replace("'", "''").encode()
        query = b"SELECT pg_catalog.set_config('%b', $1, true)" % name
        self._statement = Statement(query, (_TEXT_OID,), b"_howdah_opentelemetry")
        #: Whether the server allows it.
        self.enabled = False

    def prepare(self) -> Operation[None]:
        """Prepare the statement, and try it: an operation.

        Raises:
            howdah.Error: the server does not allow it.
        """
        session = yield from self._kernel.start_operation()
        exchange, statement = Exchange(query=self._statement.query), self._statement
        session.parse(exchange, statement.name, statement.query, statement.oids)
        session.bind(exchange, b"", statement.name, _parameters(""))
        session.execute(exchange)
        session.sync(exchange)
        yield exchange
        exchange.raise_error()
        statement.described(None)
        self.enabled = True

    def send(self, context: Context, statement: StatementDescription) -> None:
        """Have the context of a span sent before the next query, if that is possible.

        Args:
            context: the context with the span.
            statement: the query.
        """
        if not self.enabled or statement.several or statement.operation not in _WITH_CONTEXT:
            return
        kernel = self._kernel
        if kernel.session.transaction_status == TransactionStatus.INERROR or kernel.simple_only:
            return
        if kernel.pipeline_mode is not None and kernel.pipeline_mode.status == PipelineStatus.ABORTED:
            return
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier, context)
        if "traceparent" in carrier:
            kernel.execute_before_next(self._statement, _parameters(carrier["traceparent"]))

    def withdraw(self) -> None:
        """Send no context if the query has not taken it along."""
        self._kernel.withdraw(self._statement)

    def forget(self) -> None:
        """Prepare the statement again with the next query: the program has dropped all that were prepared."""
        self._statement.prepared = False


def _parameters(value: str) -> EncodedParams:
    return EncodedParams((_TEXT_OID,), (0,), (value,))
