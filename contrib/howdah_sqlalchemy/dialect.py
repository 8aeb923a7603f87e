"""The dialect: what SQLAlchemy asks a driver for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, WeakSet

from sqlalchemy import event
from sqlalchemy.dialects.postgresql.base import PGDialect

import howdah
from howdah.errors import QueryTimeout
from howdah.pq import TransactionStatus
from howdah_sqlalchemy.adaptation import Adaptation
from howdah_sqlalchemy.arguments import connect_arguments
from howdah_sqlalchemy.compiling import HowdahCompiler
from howdah_sqlalchemy.datatypes import COLSPECS
from howdah_sqlalchemy.execution import HowdahExecutionContext

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Dialect, ExceptionContext
    from sqlalchemy.engine.interfaces import DBAPIConnection, IsolationLevel

    from howdah.errors import Diagnostic

__all__ = ["HowdahDialect"]

#: SQLAlchemy's other dialects log the notices of the server here, too.
logger = logging.getLogger("sqlalchemy.dialects.postgresql")

_LEVELS: dict[IsolationLevel, howdah.IsolationLevel] = {
    "READ COMMITTED": howdah.IsolationLevel.READ_COMMITTED,
    "READ UNCOMMITTED": howdah.IsolationLevel.READ_UNCOMMITTED,
    "REPEATABLE READ": howdah.IsolationLevel.REPEATABLE_READ,
    "SERIALIZABLE": howdah.IsolationLevel.SERIALIZABLE,
}


class HowdahDialect(PGDialect):
    """SQLAlchemy's dialect for blocking connections of howdah.

    Args:
        client_encoding: the client encoding of all connections; None for the server's default.
        use_native_hstore: whether howdah adapts hstore to `dict`. Then every `dict` that no type says to be
            something else is dumped as hstore.
        kwargs: the arguments of all PostgreSQL dialects: `json_serializer`, `json_deserializer`,
            `native_inet_types`, `isolation_level` and so on.
    """

    driver = "howdah"
    default_paramstyle = "pyformat"

    supports_statement_cache = True
    supports_server_side_cursors = True
    supports_sane_multi_rowcount = True
    supports_native_json_serialization = True
    supports_native_json_deserialization = True
    dialect_injects_custom_json_deserializer = True

    #: With more, the text of the statement is long: howdah would not prepare it, and parse it each time.
    insertmanyvalues_max_parameters = 1500

    statement_compiler = HowdahCompiler
    execution_ctx_cls = HowdahExecutionContext
    colspecs = COLSPECS

    def __init__(
        self, client_encoding: str | None = None, use_native_hstore: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.client_encoding = client_encoding
        self.use_native_hstore = use_native_hstore
        self._adaptation = Adaptation(
            json_serializer=kwargs.get("json_serializer"),
            json_deserializer=kwargs.get("json_deserializer"),
            hstore=use_native_hstore,
            addresses=kwargs.get("native_inet_types") is not False,
        )
        # The connections that are ready; a pool may hand them out more than once.
        self._set_up: WeakSet[Any] = WeakSet()
        # How often tables have changed, altogether, and when each connection began its last transaction.
        self._changes = 0
        self._changes_known: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        event.listen(self, "handle_error", _keep_usable)

    # -- the driver -------------------------------------------------------------

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return howdah."""
        return howdah

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type[Dialect]:
        """Return the dialect for `create_async_engine`, which has the same name."""
        from howdah_sqlalchemy.asyncio_dialect import AsyncHowdahDialect

        return AsyncHowdahDialect

    @classmethod
    def load_provisioning(cls) -> None:
        """Load what SQLAlchemy's suite of tests needs to know of PostgreSQL."""
        PGDialect.load_provisioning()  # type: ignore[no-untyped-call]

    # -- connecting -------------------------------------------------------------

    def create_connect_args(self, url: URL) -> Any:
        """Return the arguments of `howdah.connect` for a URL."""
        arguments = connect_arguments(url)
        if self.client_encoding is not None:
            arguments["client_encoding"] = self.client_encoding
        return ([], arguments)

    def on_connect(self) -> Callable[[Any], None]:
        """Return what prepares a new connection: its adapters, its log of notices, its isolation level."""

        def on_connect(connection: Any) -> None:
            own = self.get_driver_connection(connection)
            if own not in self._set_up:
                self._adaptation.register(own.adapters)
                own.add_notice_handler(_log_notice)
                self._set_up.add(own)
                self._changes_known[own] = self._changes
            if self.isolation_level is not None:
                self.set_isolation_level(connection, self.isolation_level)  # type: ignore[arg-type]

        return on_connect

    def do_ping(self, dbapi_connection: DBAPIConnection) -> bool:
        """Make one round trip, without a transaction."""
        connection: Any = dbapi_connection
        autocommit = connection.autocommit
        if not autocommit:
            connection.autocommit = True
        try:
            connection.cursor().execute("")
        finally:
            if not autocommit and not connection.closed:
                connection.autocommit = False
        return True

    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:
        """Return whether an error means that the connection is lost."""
        return isinstance(e, howdah.Error) and connection is not None and bool(connection.closed)

    # -- transactions -----------------------------------------------------------

    def get_isolation_level_values(self, dbapi_conn: DBAPIConnection) -> tuple[IsolationLevel, ...]:
        """Return the names of the isolation levels."""
        return ("AUTOCOMMIT", *_LEVELS)

    def set_isolation_level(self, dbapi_connection: DBAPIConnection, level: IsolationLevel) -> None:
        """Set the isolation level of the transactions to come, or autocommit."""
        connection: Any = dbapi_connection
        connection.autocommit = level == "AUTOCOMMIT"
        connection.isolation_level = _LEVELS.get(level)

    def get_isolation_level(self, dbapi_connection: DBAPIConnection) -> IsolationLevel:
        """Return the isolation level of the current or the next transaction."""
        connection: Any = dbapi_connection
        idle = connection.info.transaction_status == TransactionStatus.IDLE
        level: IsolationLevel = super().get_isolation_level(dbapi_connection)  # type: ignore[no-untyped-call]
        if idle:
            connection.rollback()
        return level

    def detect_autocommit_setting(self, dbapi_conn: DBAPIConnection) -> bool:
        """Return whether a connection is in autocommit mode."""
        connection: Any = dbapi_conn
        return bool(connection.autocommit)

    def set_readonly(self, connection: Any, value: bool | None) -> None:
        """Set whether the transactions to come are read-only."""
        connection.read_only = value

    def get_readonly(self, connection: Any) -> bool | None:
        """Return whether the transactions to come are read-only."""
        read_only: bool | None = connection.read_only
        return read_only

    def set_deferrable(self, connection: Any, value: bool | None) -> None:
        """Set whether the transactions to come are deferrable."""
        connection.deferrable = value

    def get_deferrable(self, connection: Any) -> bool | None:
        """Return whether the transactions to come are deferrable."""
        deferrable: bool | None = connection.deferrable
        return deferrable

    def tables_changed(self) -> None:
        """Have all connections prepare their statements anew, because tables have changed.

        What a statement returns may not change once it is prepared; in a transaction, that is an error.
        """
        self._changes += 1

    def do_begin(self, dbapi_connection: Any) -> None:
        """Begin a transaction, which the driver does with its first statement."""
        own = dbapi_connection.driver_connection
        if self._changes_known.get(own) != self._changes:
            self._changes_known[own] = self._changes
            dbapi_connection.cursor().execute("DEALLOCATE ALL")

    # -- two-phase transactions -------------------------------------------------

    def do_begin_twophase(self, connection: Connection, xid: Any) -> None:
        """Begin a transaction of two phases."""
        _dbapi(connection).tpc_begin(xid)

    def do_prepare_twophase(self, connection: Connection, xid: Any) -> None:
        """Do the first phase."""
        _dbapi(connection).tpc_prepare()

    def do_commit_twophase(
        self, connection: Connection, xid: Any, is_prepared: bool = True, recover: bool = False
    ) -> None:
        """Commit a prepared transaction, or one that is not prepared."""
        self._finish(connection, "tpc_commit", xid, recover)

    def do_rollback_twophase(
        self, connection: Connection, xid: Any, is_prepared: bool = True, recover: bool = False
    ) -> None:
        """Roll back a prepared transaction, or one that is not prepared."""
        self._finish(connection, "tpc_rollback", xid, recover)

    def _finish(self, connection: Connection, method: str, xid: Any, recover: bool) -> None:
        dbapi = _dbapi(connection)
        if not recover:
            getattr(dbapi, method)()
            return
        if dbapi.info.transaction_status != TransactionStatus.IDLE:
            dbapi.rollback()
        getattr(dbapi, method)(xid)

    def do_recover_twophase(self, connection: Connection) -> list[Any]:
        """Return the ids of the transactions that are prepared and not finished."""
        return [str(xid) for xid in _dbapi(connection).tpc_recover()]


def _dbapi(connection: Connection) -> Any:
    """Return the connection of the driver, or its adapter for asyncio."""
    return connection.connection.dbapi_connection


def _keep_usable(context: ExceptionContext) -> None:
    """Keep a connection that can be used after a time-out.

    SQLAlchemy takes every `TimeoutError` for an interruption, which leaves a connection in an unknown state.
    """
    connection = context.connection
    if isinstance(context.original_exception, QueryTimeout) and connection and not connection.invalidated:
        own: Any = connection.connection.dbapi_connection
        if own is not None and not own.closed:
            context.is_disconnect = False


def _log_notice(notice: Diagnostic) -> None:
    logger.info("%s: %s", notice.severity, notice.message_primary)
