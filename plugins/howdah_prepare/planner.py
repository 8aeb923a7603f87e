"""Which queries are prepared, and which prepared statements stay."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from howdah.adapt.base import PyFormat
from howdah.client.query import NO_COPY, changes_encoding, changes_path, controls_transaction, copies_in
from howdah.client.statement import Statement, Substitute, use_counter
from howdah.errors import DataError, Error, ProgrammingError, lookup
from howdah.io.operation import Operation
from howdah.pq import TransactionStatus
from howdah.protocol.exchange import Exchange
from howdah_prepare.named import Execution, NamedStatement
from howdah_prepare.syntax import (
    MAX_NAME,
    changes_schema,
    deallocated,
    first_word,
    is_script,
    parse_execute,
    prepared,
    split,
)

if TYPE_CHECKING:
    from howdah.client.connection_base import BaseConnection
    from howdah.client.cursor_base import BaseCursor
    from howdah_prepare.settings import PreparationSettings

__all__ = ["Planner"]

#: The search path that the names in queries are looked up in, and the codec of their text.
Reading: TypeAlias = "tuple[str, str]"
#: A query, the types of its parameters, and how it is read.
Key: TypeAlias = "tuple[bytes, Sequence[int], Reading]"

#: The commands that can be faster when they are prepared.
_WORTHWHILE = frozenset({b"SELECT", b"INSERT", b"UPDATE", b"DELETE", b"MERGE", b"VALUES"})
#: The commands that change what is prepared, or what prepared statements return.
_NOTED = frozenset({b"PREPARE", b"DEALLOCATE", b"DISCARD", b"ALTER", b"DROP"})
#: Longer queries, in bytes, are not counted: they are seldom run twice, and would be kept in memory.
_LONGEST_COUNTED = 65536
#: Longer queries, in bytes, are not parsed as an EXECUTE.
_LONGEST_EXECUTE = 8192
#: How many queries are counted if any number may stay prepared.
_COUNTED = 1000
#: Why statements have no names any more, and what helps.
_STALE = (
    "the pooler keeps prepared statements from before a table was changed",
    "RECONNECT on the console of PgBouncer drops them",
)
_PREPARED_ELSEWHERE = (
    "a pooler runs each transaction on another server connection, and PREPARE has prepared the statement on"
    " only one: use conn.prepare() instead"
)
#: The largest process id there is, except on Windows; poolers report random numbers of 32 bits.
_LARGEST_PID = 2**22


class Planner:
    """Counts the queries of a connection and prepares those that are run often.

    A query runs unprepared `prepare_threshold` times; of the prepared ones
    `prepared_max` stay, and the least recently used is closed first. What the
    program itself prepares under a name stays until the program drops it.

    Args:
        connection: the connection.

    Attributes:
        names: whether prepared statements have names on the server; not with a
            pooler that gives each transaction another server connection.
        pooled: whether a pooler is in between, None until the server has been asked.
    """

    def __init__(self, connection: BaseConnection[Any]) -> None:
        self._connection = connection
        self._settings = cast("PreparationSettings", connection)
        self._counts: OrderedDict[Key, int] = OrderedDict()
        self._statements: dict[Key, Statement] = {}
        self._named: dict[bytes, NamedStatement] = {}
        self._made = 0
        self.names = True
        self.pooled: bool | None = None if connection.info.backend_pid > _LARGEST_PID else False
        self._doubtful = False
        session = connection.kernel.session
        self._reading: Reading = session.parameters.get("search_path", ""), session.encoding
        #: The transaction that has changed the schema last, by its number on the session.
        self._changed = -1

    @cached_property
    def _prefix(self) -> bytes:
        # With a pooler, another connection's statement of the same name would be executed unnoticed.
        return b"_howdah_%b_" % os.urandom(4).hex().encode()

    # Called by the kernel

    def plan(
        self, query: bytes, oids: Sequence[int], prepare: bool | None, pending: int = 0
    ) -> Statement | None:
        """Return the prepared statement for `query`, a new one if the threshold is reached, or None."""
        if prepare is False:
            return self._execution(query, oids)
        key = query, oids, self._reading
        statement = self._statements.get(key)
        if statement is not None:
            statement.used = next(use_counter)
            return statement
        count = self._counts.get(key)
        if count is None:
            execution = self._execution(query, oids)
            if execution is not None:
                return execution
            count = 0
            if pending and first_word(query) not in _WORTHWHILE:
                return None
        threshold = self._settings.prepare_threshold
        if threshold is None or not (prepare or count + pending >= threshold) or not self.names:
            return None
        if self._settings.prepared_max == 0 or (not prepare and not oids and is_script(query)):
            return None
        return self._unprepared(query, oids)

    def executed(
        self, query: bytes, oids: Sequence[int], statement: Statement | None, exchange: Exchange
    ) -> None:
        """Count an unprepared query, or keep the statement that was prepared along with it."""
        results = exchange.results
        tags = [result.tag for result in results]
        self._watch(query, tags)
        if statement is not None:
            statement = statement.target
        if isinstance(statement, NamedStatement):
            self._named.setdefault(statement.name, statement)
            return
        worthwhile = len(tags) == 1 and tags[0].partition(b" ")[0] in _WORTHWHILE
        if not worthwhile and (
            self._note(query, tags) or controls_transaction(query) or changes_schema(query, tags)
        ):
            # It is not prepared, since its effects have to be noted each time.
            if statement is not None:
                self._connection.kernel.close_statement(statement.name)
            return
        key = query, oids, self._reading
        if statement is not None:
            statement.described(results[0].fields)
            self._connection.kernel.note_prepared(statement)
            self._counts.pop(key, None)
            displaced = self._statements.pop(key, None)
            if displaced is not None and displaced is not statement:
                displaced.cacheable = False
                self._connection.kernel.close_statement(displaced.name)
            self._statements[key] = statement
            statement.cacheable = self._cacheable(query)
            statement.describe_always = bool(self.pooled)
            statement.used = next(use_counter)
            self._evict()
        elif worthwhile and len(query) <= _LONGEST_COUNTED:
            self._count(key, self._counts.pop(key, 0) + 1)

    def failed(self, statement: Statement, error: Error, repeatable: bool) -> bool:
        """Forget statements that the server has lost; without a transaction block they are prepared again."""
        target = statement.target
        if target is None:
            return False
        if not target.prepared and not isinstance(target, NamedStatement):
            # The server may have parsed it before it failed.
            self._connection.kernel.close_statement(target.name)
            if not self.pooled or not _is_outdated(error):
                return False
        what = self._forget_outlived(target, error)
        if what is not None and not repeatable:
            error.suggest(f"{what}; roll back and run the transaction again: they are prepared anew")
        return what is not None

    def _forget_outlived(self, target: Statement, error: Error) -> str | None:
        """Forget statements that can no longer be executed; return what has happened, None if nothing has."""
        message = error.diag.message_primary or ""
        if error.sqlstate == "26000" and target.name.decode(errors="replace") in message:
            if self.pooled and isinstance(target, NamedStatement) and target.in_sql_only:
                error.suggest(_PREPARED_ELSEWHERE)
                return None
            self._retire(lost=target)
            self._doubtful = True
            return "the server has lost the prepared statements of this connection"
        if _is_outdated(error) or (target.describe_always and _has_other_columns(error)):
            self._retire()
            if self.pooled:
                self._give_up_names(*_STALE)
            return "a table was changed after the statement had been prepared"
        if error.sqlstate == "XX000" and "cache lookup failed" in message:
            self._retire()
            return "what the statement refers to was dropped after it had been prepared"
        return None

    def rolled_back(self) -> None:
        """Retire statements that may refer to what a rolled-back transaction, or part of it, had created."""
        session = self._connection.kernel.session
        ended = session.transaction_status == TransactionStatus.IDLE
        if session.transactions - ended <= self._changed <= session.transactions:
            self._retire()

    def parameter_changed(self, name: str, value: str) -> None:
        """Keep the statements of each search path and client encoding apart.

        The same names may mean other tables, and the same bytes other characters.
        """
        path, encoding = self._reading
        if name == "search_path":
            self._reading = value, encoding
            for (query, _, (made_under, _)), statement in self._statements.items():
                statement.cacheable = made_under == value and self._cacheable(query)
            for named in self._named.values():
                if named.query and named.search_path != value:
                    named.outdate()
        elif name == "client_encoding":
            self._reading = path, self._connection.kernel.session.encoding
            self._recode(encoding, self._reading[1])

    def _recode(self, old: str, new: str) -> None:
        """Have the names and texts of the program's statements in another client encoding.

        What that cannot represent is known no more.
        """
        named, self._named = self._named, {}
        for statement in named.values():
            try:
                statement.recode(old, new)
            except (DataError, UnicodeError):
                continue
            self._named[statement.name] = statement

    # For connections

    def prepared(self) -> dict[str, str]:
        """Return the statements that are prepared: their queries by their names."""
        encoding = self._reading[1]
        texts: list[tuple[Statement, str]]
        # The event loop of an asynchronous connection may run in another thread than what asks for them.
        named, statements = list(self._named.values()), list(self._statements.items())
        texts = [(s, encoding) for s in named if s.query and self._stands(s)]
        texts += [(s, codec) for (_, _, (_, codec)), s in statements if s.prepared]
        return {s.name.decode(codec): s.query.decode(codec) for s, codec in texts}

    def prepare(self, query: bytes, name: bytes | None) -> Operation[bytes]:
        """Prepare a query: an operation.

        Args:
            query: the query, with `$1` placeholders.
            name: the name of the statement; None generates one.

        Returns:
            The name.

        Raises:
            howdah.errors.DuplicatePreparedStatement: there is a statement of that name for another query.
            howdah.ProgrammingError: the query is a COPY.
            howdah.Error: the server reports an error.
        """
        if copies_in(query):
            raise ProgrammingError(NO_COPY.format("prepare()"))
        if name is None:
            for statement in self._named.values():
                if statement.query == query and statement.name.startswith(self._prefix):
                    break
            else:
                statement = NamedStatement(self._new_name(), query)
        else:
            _check_name(name)
            statement = self._named.get(name) or NamedStatement(name, query)
            if statement.query != query:
                if self._stands(statement):
                    raise lookup("42P05")(
                        f"there is a prepared statement {name.decode(errors='replace')!r} already,"
                        f" of another query: {statement.query.decode(errors='replace')}"
                    )
                statement = NamedStatement(name, query)
        if not statement.prepared:
            yield from self._make(statement)
        self._named[statement.name] = statement
        return statement.name

    def _make(self, statement: NamedStatement) -> Operation[None]:
        """Prepare a statement of `prepare`, under its name if the server keeps that."""
        connection = self._connection
        yield from self.ascertain()
        try:
            yield from statement.make(connection, named=self.names)
        except Error as e:
            # The name may belong to another client of a pooler.
            self._doubtful = e.sqlstate == "42P05"
            yield from self.ascertain()
            if self.pooled and _is_outdated(e):
                self._give_up_names(*_STALE)
            if self.names:
                raise
            yield from statement.make(connection, named=False)
        except BaseException:
            # Interrupted: the server may have prepared it.
            statement.lose()
            connection.kernel.close_statement(statement.name)
            raise
        if self.names:
            connection.kernel.note_prepared(statement)

    # For statements

    def ascertain(self) -> Operation[None]:
        """Find out whether a pooler is in between, and whether it has lost statements: an operation.

        A pooler has reported another process id than that of the server's process.
        """
        connection = self._connection
        if not self.undecided or connection.info.transaction_status == TransactionStatus.INERROR:
            return
        if not self.pooled:
            session = yield from connection.kernel.start_operation()
            query = b"SELECT 1 WHERE pg_catalog.pg_backend_pid() = %d" % connection.info.backend_pid
            exchange = Exchange(query=query)
            session.query(exchange, query)
            yield exchange
            exchange.raise_error()
            self.pooled = exchange.results[0].tag == b"SELECT 0"
        doubtful, self._doubtful = self._doubtful, False
        if doubtful and self.pooled:
            self._give_up_names(
                "the connection goes through a pooler that loses prepared statements",
                "PgBouncer keeps them from version 1.21 on, if max_prepared_statements is set",
            )

    @property
    def undecided(self) -> bool:
        """Whether `ascertain` has something to find out before the next statement is prepared."""
        return self._doubtful or self.pooled is None

    def _give_up_names(self, reason: str, hint: str) -> None:
        """Prepare nothing on this connection from now on."""
        if self.names:
            self.names = False
            self._connection.kernel.give_notice(f"{reason}: from now on this connection makes none", hint)

    def new(self, query: bytes, oids: Sequence[int]) -> Statement:
        """Return a new statement, not prepared yet."""
        return Statement(query, oids, self._new_name())

    def _unprepared(self, query: bytes, oids: Sequence[int]) -> Statement:
        """Return a new statement; after statements were lost, one that asks first whether to prepare."""
        return _Doubt(self, query, oids) if self.undecided else self.new(query, oids)

    def _new_name(self) -> bytes:
        self._made += 1
        return self._prefix + b"%d" % self._made

    def _cacheable(self, query: bytes) -> bool:
        """Return whether a prepared query needs neither be seen by the planner nor described each time."""
        return not self.pooled and not _must_be_seen(query)

    def _stands(self, statement: NamedStatement) -> bool:
        """Return whether the statement can be executed, under its name or, with a pooler, without."""
        return statement.exists or (not self.names and statement.prepared)

    def _execution(self, query: bytes, oids: Sequence[int]) -> Execution | None:
        """Return the substitute for an EXECUTE with parameters, or of a statement that is known."""
        call = parse_execute(query) if len(query) <= _LONGEST_EXECUTE else None
        if call is None or len(set(call.arguments)) != len(oids):
            return None
        statement = self._named.get(call.name) or self._named.get(call.exactly)
        if statement is None:
            if not oids:
                return None
            statement = NamedStatement(call.name)
        return Execution(self, query, call, statement)

    # What becomes of statements

    def _count(self, key: Key, count: int) -> None:
        self._counts[key] = count
        maximum = self._settings.prepared_max
        if len(self._counts) > (_COUNTED if maximum is None else max(maximum, 1)):
            self._counts.popitem(last=False)

    def _watch(self, query: bytes, tags: Sequence[bytes]) -> None:
        """Note changes of the schema in transactions that may be rolled back, and rollbacks."""
        connection = self._connection
        in_transaction = connection.kernel.session.transaction_status != TransactionStatus.IDLE
        if (in_transaction or connection.kernel.pipeline_mode is not None) and changes_schema(query, tags):
            self._changed = connection.kernel.session.transactions
        if b"ROLLBACK" in tags or b"PREPARE TRANSACTION" in tags:
            self.rolled_back()

    def _note(self, query: bytes, tags: Sequence[bytes]) -> bool:
        """Note commands about prepared statements, and those that change tables, if there are any."""
        if not any(tag.partition(b" ")[0] in _NOTED for tag in tags):
            return False
        for text, tag in zip(split(query), tags):
            if tag in (b"DISCARD ALL", b"DEALLOCATE ALL"):
                self._drop_all()
            elif tag == b"DEALLOCATE":
                self._drop(deallocated(text))
            elif tag == b"PREPARE" and (found := prepared(text)):
                name, query, typed = found
                self._named[name] = NamedStatement(name, query, text, typed)
            elif tag.startswith((b"ALTER ", b"DROP ")):
                self._retire()
        return True

    def _retire(self, lost: Statement | None = None) -> None:
        """Drop all statements, so that they are prepared again when they are next used.

        Args:
            lost: one that the server has lost, and perhaps the others with it.
        """
        for key, statement in self._statements.items():
            statement.cacheable = False
            if statement is not lost:
                self._connection.kernel.close_statement(statement.name)
            self._count(key, self._settings.prepare_threshold or 0)
        self._statements.clear()
        for named in list(self._named.values()):
            if not named.query:
                del self._named[named.name]
            elif lost is None:
                named.outdate()
            else:
                named.lose()

    def _drop_all(self) -> None:
        """Note that the server has dropped all statements; those of `prepare` return when they are used."""
        for key, statement in self._statements.items():
            statement.cacheable = False
            self._count(key, self._settings.prepare_threshold or 0)
        self._statements.clear()
        self._named = {name: s for name, s in self._named.items() if s.query and not s.command}
        for statement in self._named.values():
            statement.lose()

    def _drop(self, name: bytes | None) -> None:
        """Note that the program has dropped a statement."""
        self._named = {key: s for key, s in self._named.items() if key != name}
        for key, statement in list(self._statements.items()):
            if statement.name == name:
                statement.cacheable = False
                del self._statements[key]

    def _evict(self) -> None:
        maximum = self._settings.prepared_max
        while maximum is not None and len(self._statements) > maximum:
            oldest = min(self._statements, key=lambda key: self._statements[key].used)
            statement = self._statements.pop(oldest)
            statement.cacheable = False
            self._connection.kernel.close_statement(statement.name)


class _Doubt(Substitute):
    """A statement that is prepared only if the planner finds that the server keeps it."""

    __slots__ = ("_planner", "chosen")

    def __init__(self, planner: Planner, query: bytes, oids: Sequence[int]) -> None:
        super().__init__(query, oids)
        self._planner = planner
        self.chosen: Statement | None = None

    @property
    def target(self) -> Statement | None:
        """The prepared statement, if there is to be one."""
        return self.chosen

    def resolve(
        self, cursor: BaseCursor[Any], objects: Sequence[Any], formats: Sequence[PyFormat]
    ) -> Operation[tuple[bytes, Any, Statement | None]]:
        """Prepare the query, or execute it unprepared."""
        yield from self._planner.ascertain()
        if self._planner.names:
            self.chosen = self._planner.new(self.query, self.oids)
        # A cursor that binds on the client has the parameters in the text.
        encoded = cursor.kernel.transformer.encoder.encode(*((objects, formats) if self.oids else ((), ())))
        return self.query, encoded, self.chosen


def _must_be_seen(query: bytes) -> bool:
    """Return whether a query may change how others are read: each execution has to be seen."""
    return changes_path(query) or changes_encoding(query)


def _is_outdated(error: Error) -> bool:
    """Return whether a table was changed after a statement had been prepared."""
    return error.sqlstate == "0A000" and error.diag.source_function in (None, "RevalidateCachedQuery")


def _has_other_columns(error: Error) -> bool:
    """Return whether Bind asked for the formats of more or fewer columns than there are."""
    return error.sqlstate == "08P01" and "result formats" in (error.diag.message_primary or "")


def _check_name(name: bytes) -> None:
    if not name or 0 in name:
        raise ProgrammingError("the name of a prepared statement must not be empty, nor contain NUL")
    if len(name) > MAX_NAME:
        raise ProgrammingError(
            f"the name of a prepared statement has {len(name)} bytes; PostgreSQL takes {MAX_NAME}"
        )
