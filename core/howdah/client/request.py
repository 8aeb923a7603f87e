"""Requests: the one place where queries are encoded, planned and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from howdah import errors
from howdah.adapt.base import PyFormat
from howdah.adapt.types import FIRST_NORMAL_OID
from howdah.client.query import NO_COPY, commits, controls_transaction, copies_in
from howdah.client.statement import Statement
from howdah.errors import Error, ProgrammingError
from howdah.io.operation import Operation
from howdah.pq import TransactionStatus
from howdah.protocol.exchange import Exchange, QueryExchange

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor, Params, Query
    from howdah.client.pipeline_mode import PipelineMode
    from howdah.protocol.session import Session

__all__ = ["Request", "not_committed"]


def not_committed() -> Error:
    """Return the error for a COMMIT that the server has answered with ROLLBACK."""
    return errors.InFailedSqlTransaction(
        "the transaction was rolled back, not committed: a statement in it had failed"
    )


class Request:
    """A query with its parameters, and the statement that the server executes for it.

    The methods are called in this order: `encode_fully`, `plan`, `prepare_to_write` if it is `unsettled`, and
    `write`, after which the caller writes Execute and Sync; then `executed` or, after an error, `recover`.

    Args:
        cursor: the cursor that runs the query: it has the adapters, and parses placeholders.
        query: the query, as the program passed it.
        params: the parameters.
        format: the format code for all columns that can have it, None for each column's best.
        prepare: the argument of `execute`: whether to prepare it, None lets the planner decide.

    Attributes:
        text: the query with `$1` placeholders.
        parameters: the parameters in PostgreSQL's representation, None without any.
        oids: their types, 0 where the server decides.
        planned: what the planner has chosen, None for the unnamed statement.
        statement: what is executed: `planned`, or what that resolves to; None for the unnamed statement.
        new: whether `planned` was not prepared before.
        unsettled: whether the server must be asked something before the query can be written.
        parsed: whether a pipeline has written Parse for it.
        retried: whether it is run for the second time.
    """

    __slots__ = (
        "_instead",
        "cursor",
        "format",
        "new",
        "oids",
        "parameters",
        "params",
        "parsed",
        "planned",
        "prepare",
        "query",
        "retried",
        "statement",
        "text",
        "unsettled",
    )

    def __init__(
        self,
        cursor: BaseCursor[Any],
        query: Query,
        params: Params | None,
        format: int | None,
        prepare: bool | None = None,
    ) -> None:
        self.cursor = cursor
        self.query = query
        self.params = params
        self.format = format
        self.prepare = prepare
        self.parsed = False
        self.retried = False

    # Encoding

    def encode(self) -> None:
        """Convert the placeholders and the parameters into PostgreSQL's representation.

        Raises:
            howdah.ProgrammingError: query and parameters do not fit together.
            howdah.DataError: a parameter cannot be adapted.
        """
        self.text, parameters = self.cursor._encode(self.query, self.params)
        self.parameters = parameters
        self.oids: Sequence[int] = () if parameters is None else parameters.oids

    def encode_fully(self) -> Operation[None]:
        """Encode, looking up the types that dumpers know by name only."""
        self.encode()
        if self.cursor._kernel.query_cache.names_wanted:
            yield from self.look_up()

    def look_up(self) -> Operation[None]:
        """Look up the types that dumpers know by name only, and encode again."""
        kernel = self.cursor._kernel
        kernel.query_cache.names_wanted = False
        yield from self.cursor.kernel.resolve_types(frozenset())
        self.encode()
        kernel.query_cache.names_wanted = False
        kernel._review_query_cache()

    def check_no_copy(self, caller: str) -> None:
        """Refuse COPY: what is sent after it, in a pipeline or by other tasks, would end the connection.

        Args:
            caller: the method that was called, for the message.
        """
        if copies_in(self.text):
            raise ProgrammingError(NO_COPY.format(caller))

    # Planning

    def plan(self, pipeline: PipelineMode | None = None) -> None:
        """Choose the statement to execute.

        Args:
            pipeline: chooses instead of the planner.
        """
        cursor = self.cursor
        kernel = cursor._kernel
        planner = kernel.planner if pipeline is None else pipeline
        self.planned: Statement | None = None
        if planner is not None:
            self.planned = planner.plan(self.text, self.oids, self.prepare)
        elif self.prepare:
            raise cursor._connection.driver.not_supported("howdah_query_planner", "execute(prepare=True)")
        self.statement = statement = self.planned
        #: The text and the parameters of the substitute, None if the query itself is executed.
        self._instead: tuple[bytes, Any] | None = None
        self.new = statement is None or not statement.prepared
        self.unsettled = self.new and (
            bool(self.format)
            or cursor._transformer.adapters.needs_columns(None)
            or (statement is not None and statement.substitutes)
        )

    @property
    def substituted(self) -> bool:
        """Whether something else is executed in place of the query."""
        return self.planned is not None and self.planned.substitutes

    def prepare_to_write(self, session: Session) -> Operation[None]:
        """Ask the server what must be known before the query can be written."""
        if self.substituted:
            yield from self.resolve()
        yield from self.describe(session)

    def resolve(self) -> Operation[None]:
        """Find out what to execute in place of the query."""
        planned = self.planned
        assert planned is not None
        text, parameters, self.statement = yield from planned.resolve(self.cursor, *self._values())
        self._instead = text, parameters

    def _values(self) -> tuple[Sequence[Any], Sequence[PyFormat]]:
        """Return the parameters as Python objects, and the formats their placeholders ask for."""
        query, params = self.query, self.params
        if params is None:
            if not isinstance(query, (str, bytes)):
                query, params = self.cursor._untemplated(query)
            if params is None:
                return (), ()
        parsed = self.cursor._parse(query)
        return parsed.bind(params), parsed.formats

    def describe(self, session: Session) -> Operation[None]:
        """Ask for the columns of the statement, if the formats of the results depend on them."""
        statement, cursor, format = self.statement, self.cursor, self.format
        if statement is not None and statement.prepared:
            return
        needed = cursor._transformer.adapters.needs_columns(format)
        if not needed and not (format and self.prepare and statement is not None):
            return
        text, parameters = self.written
        if not format and cursor._is_script(text):
            return
        if statement is None:
            statement = Statement(text, () if parameters is None else parameters.oids)
        exchange = QueryExchange(query=statement.query)
        session.parse(exchange, b"", statement.query, statement.oids)
        session.describe_statement(exchange)
        session.sync(exchange)
        yield exchange
        self.raise_error(exchange)
        statement.fields = exchange.fields
        unknown = cursor._transformer.unknown(exchange.fields or ())
        if unknown:
            yield from cursor.kernel.resolve_types(unknown)
        self.statement = statement

    # Writing

    @property
    def written(self) -> tuple[bytes, Any]:
        """The text and the parameters that are written."""
        return (self.text, self.parameters) if self._instead is None else self._instead

    def is_simple(self) -> bool:
        """Return whether it can or must be a single Query message, less work for both sides than five."""
        if self.format or self.planned is not None or self.statement is not None:
            return False
        if self.format is None:
            return self.cursor._goes_alone(self.text)
        return self.cursor._is_script(self.text)  # its results are text, as the program asks

    def write_simple(self, session: Session) -> QueryExchange:
        """Write Query; the transaction has begun."""
        exchange = QueryExchange(query=self.text, describe=self.cursor._describe)
        session.query(exchange, self.text)
        return exchange

    def write(self, session: Session, portal: bytes = b"") -> QueryExchange:
        """Write BEGIN and Close if they are needed, and the messages before Execute."""
        cursor = self.cursor
        kernel = cursor._kernel
        statement = self.statement
        text, parameters = self._instead or (self.text, self.parameters)
        prepared = statement is not None and statement.prepared
        formats: Sequence[int]
        if statement is not None and prepared:
            fields, decoder, formats = statement.result_plan(
                cursor._transformer, self.format, cursor._describe
            )
            exchange = QueryExchange(query=text, fields=fields, decoder=decoder, describe=cursor._describe)
        else:
            exchange = QueryExchange(query=text, describe=cursor._describe)
            formats = self.result_formats()
        if not kernel.autocommit and kernel.write_begin(session) is not None:
            exchange.begins = True
        if kernel._prologue:
            kernel.write_prologue(session, exchange)
        name = b"" if statement is None else statement.name
        if not prepared:
            session.parse(exchange, name, text, () if parameters is None else parameters.oids)
        session.bind(exchange, portal, name, parameters, formats)
        if statement is None or not prepared or statement.describe_always:
            session.describe_portal(exchange, portal)
        return exchange

    def write_in_pipeline(self, session: Session, pipeline: PipelineMode) -> QueryExchange:
        """Write the messages before Execute; the pipeline has begun, and may have parsed the statement."""
        cursor, statement = self.cursor, self.statement
        text, parameters = self.written
        if statement is None or not statement.prepared:
            exchange = QueryExchange(query=text, describe=cursor._describe)
            self.write_anew(session, exchange, self.result_formats(), pipeline)
            return exchange
        fields, decoder, formats = statement.result_plan(cursor._transformer, self.format, cursor._describe)
        exchange = QueryExchange(query=text, fields=fields, decoder=decoder, describe=cursor._describe)
        session.bind(exchange, b"", statement.name, parameters, formats)
        if statement.describe_always:
            session.describe_portal(exchange)
        self.learn()
        return exchange

    def result_formats(self) -> Sequence[int]:
        """Return the formats of the results, for Bind."""
        statement, format = self.statement, self.format
        if statement is None or statement.fields is None:
            return (format,) if format else ()
        return self.cursor._transformer.choose_formats(statement.fields, format)[1]

    def write_anew(
        self,
        session: Session,
        exchange: Exchange,
        formats: Sequence[int],
        pipeline: PipelineMode | None = None,
    ) -> None:
        """Write Parse, if the statement is not prepared, Bind and Describe.

        Args:
            session: the session.
            exchange: the exchange for the answers.
            formats: the formats of the results.
            pipeline: writes Parse, unless it has parsed the same before.
        """
        statement = self.statement
        text, parameters = self.written
        name = b"" if statement is None else statement.name
        if statement is None or not statement.prepared:
            oids = () if parameters is None else parameters.oids
            if pipeline is None:
                session.parse(exchange, name, text, oids)
            else:
                self.parsed = pipeline.parse(exchange, name, text, oids)
        session.bind(exchange, b"", name, parameters, formats)
        session.describe_portal(exchange)

    def write_description(self, session: Session, exchange: Exchange) -> None:
        """Write Parse, if the statement is not prepared, and Describe: Bind comes when the columns are known.

        Args:
            session: the session.
            exchange: the exchange for the answers.
        """
        statement = self.statement
        name = b"" if statement is None else statement.name
        if statement is None or not statement.prepared:
            text, parameters = self.written
            session.parse(exchange, name, text, () if parameters is None else parameters.oids)
        session.describe_statement(exchange, name)

    def bind(self, session: Session, exchange: Exchange, formats: Sequence[int]) -> None:
        """Write Bind after `write_description`.

        Args:
            session: the session.
            exchange: the exchange for the answers.
            formats: the formats of the results.
        """
        name = b"" if self.statement is None else self.statement.name
        session.bind(exchange, b"", name, self.written[1], formats)

    def abandon(self) -> None:
        """Give the query up: it is unknown whether the server has prepared its statement."""
        if self.new and self.planned is not None:
            self.planned.abandon(self.cursor._connection)

    # After the answer

    def executed(self, exchange: Exchange) -> None:
        """Tell the planner that the query succeeded: it counts it, or keeps the statement it has prepared."""
        planner = self.cursor._kernel.planner
        if planner is not None:
            planner.executed(self.text, self.oids, self.planned, exchange)

    def check_committed(self) -> None:
        """Raise an error if the query is a COMMIT: the answer was ROLLBACK.

        Raises:
            howdah.errors.InFailedSqlTransaction: a statement of the transaction had failed.
        """
        if commits(self.text):
            raise not_committed()

    def learn(self) -> None:
        """Add the query to the query cache, if it can take the fast path."""
        cursor, statement, query = self.cursor, self.planned, self.query
        kernel = cursor._kernel
        if (
            statement is None
            or not statement.cacheable
            or self.format is not None
            or not cursor._direct
            or not isinstance(query, str)
            or cursor._transformer is not kernel.transformer
            or controls_transaction(statement.query)
        ):
            return
        answer = statement.result_plan(cursor._transformer, None, cursor._describe)
        if statement.fields is None or answer[1] is not None:
            parsed = None if self.params is None else cursor._parse(query)
            kernel.query_cache.learn(query, parsed, statement, answer)

    def failed(self, error: Error, repeatable: bool = False) -> bool:
        """Tell the planner of an error; return whether the query may succeed when it is run again."""
        planner, planned = self.cursor._kernel.planner, self.planned
        return planner is not None and planned is not None and planner.failed(planned, error, repeatable)

    def raise_error(self, exchange: Exchange) -> None:
        """Raise the error of the query, if there is one; it says so if parameters are missing or misplaced.

        Args:
            exchange: the exchange of the query.

        Raises:
            howdah.Error: what the server reports, or why the connection was lost.
        """
        if exchange.error is not None:
            encoding = self.cursor._kernel.session.encoding
            if self.params is None:
                from howdah.client.missing_parameters import suggest_parameters
                from howdah.client.template import is_template

                if not is_template(self.query):
                    suggest_parameters(exchange, encoding)
            elif self.params:
                from howdah.client.misplaced_placeholders import suggest_placement

                suggest_placement(exchange, encoding)
        exchange.raise_error()

    def recover(self, exchange: QueryExchange) -> Operation[bool]:
        """Handle an error: forget statements and types that the server no longer has.

        Args:
            exchange: the exchange with the error.

        Returns:
            Whether the query is to be run again.
        """
        kernel, error = self.cursor._kernel, exchange.error
        assert error is not None
        if kernel.should_retry is not None and kernel.should_retry(exchange):
            return True
        idle = kernel.session.transaction_status == TransactionStatus.IDLE
        repeatable = exchange.begins or idle
        gone = self._types_gone(error)
        lost = self.failed(error, repeatable) or kernel.note_lost_executions(error)
        if self.retried or not ((gone or lost) and repeatable):
            return False
        self.retried = True
        if exchange.begins:
            yield from kernel.command(b"ROLLBACK")
        if gone:
            yield from self.encode_fully()
        return True

    def _types_gone(self, error: Error) -> bool:
        """Forget a parameter's type that was dropped, and perhaps recreated; return whether there is one."""
        if error.sqlstate != "XX000" or "type" not in (error.diag.message_primary or ""):
            return False
        oids = self.oids
        if max(oids, default=0) < FIRST_NORMAL_OID:
            return False
        connection = self.cursor._connection
        connection.kernel.invalidate_types(oids, connection.adapters, self.cursor._transformer.adapters)
        return True
