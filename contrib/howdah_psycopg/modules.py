"""The modules of psycopg and psycopg_pool, each with the modules that have its names."""

from __future__ import annotations

from collections.abc import Mapping

from howdah_psycopg.distribution import POOL_VERSION, PSYCOPG_VERSION

__all__ = ["LOADED_WITH", "MODULES", "NOT_SUPPORTED", "PACKAGES", "VERSIONS"]

_CONNECTIONS: Mapping[str, tuple[str, ...]] = {
    "howdah_psycopg.connection": ("Connection",),
    "howdah_psycopg.connection_async": ("AsyncConnection",),
    "howdah_psycopg.cursor": ("ClientCursor", "Cursor", "RawCursor"),
    "howdah_psycopg.cursor_async": ("AsyncClientCursor", "AsyncCursor", "AsyncRawCursor"),
    "howdah_psycopg.server_cursor": ("RawServerCursor", "ServerCursor"),
    "howdah_psycopg.server_cursor_async": ("AsyncRawServerCursor", "AsyncServerCursor"),
}
_DBAPI_TYPES = (
    *("Binary", "Date", "DateFromTicks", "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks"),
    *("BINARY", "DATETIME", "NUMBER", "ROWID", "STRING"),
)
_PSYCOPG: Mapping[str, tuple[str, ...]] = {
    **_CONNECTIONS,
    "howdah_psycopg.connecting": ("adapters", "connect"),
    "howdah_psycopg.capabilities": ("Capabilities", "capabilities"),
    "howdah": (
        *("apilevel", "paramstyle", "threadsafety", *_DBAPI_TYPES),
        *("DataError", "DatabaseError", "Error", "IntegrityError", "InterfaceError", "InternalError"),
        *("NotSupportedError", "OperationalError", "ProgrammingError", "Warning"),
        *("AsyncCopy", "AsyncPipeline", "AsyncTransaction", "BaseConnection", "Column", "ConnectionInfo"),
        *("Copy", "IsolationLevel", "Notify", "Pipeline", "Rollback", "Transaction", "Xid"),
    ),
}
_COPY: Mapping[str, tuple[str, ...]] = {
    "howdah_copy": (
        *("AsyncCopy", "AsyncLibpqWriter", "AsyncWriter", "Copy", "FileWriter", "LibpqWriter", "Writer"),
    ),
    "howdah_psycopg.copy": ("AsyncQueuedLibpqWriter", "QueuedLibpqWriter"),
}
_TYPES: Mapping[str, tuple[str, ...]] = {"howdah.adapt": ("TypeInfo", "TypesRegistry")}
_POOLS: Mapping[str, tuple[str, ...]] = {
    "howdah_psycopg.pool": ("ConnectionPool",),
    "howdah_psycopg.null_pool": ("NullConnectionPool",),
    "howdah_psycopg.pool_async": ("AsyncConnectionPool",),
    "howdah_psycopg.null_pool_async": ("AsyncNullConnectionPool",),
}
_POOL_ERRORS: Mapping[str, tuple[str, ...]] = {
    "howdah_pool.errors": ("PoolClosed", "PoolTimeout", "TooManyRequests")
}


def _only(sources: Mapping[str, tuple[str, ...]], *names: str) -> Mapping[str, tuple[str, ...]]:
    """Return the sources of some names."""
    found = {source: tuple(name for name in have if name in names) for source, have in sources.items()}
    return {source: have for source, have in found.items() if have}


#: By module: where its names come from, and which ones; without names, all public ones.
MODULES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "psycopg": _PSYCOPG,
    "psycopg.abc": {"howdah.abc": ()},
    "psycopg.adapt": {
        "howdah.adapt": (
            *("AdaptersMap", "Dumper", "Loader", "PyFormat", "RecursiveDumper", "RecursiveLoader"),
            "Transformer",
        ),
        "howdah.abc": ("Buffer",),
    },
    "psycopg.client_cursor": {
        **_only(_CONNECTIONS, "AsyncClientCursor", "ClientCursor"),
        "howdah.client_cursor": (),
    },
    "psycopg.connection": {
        **_only(_CONNECTIONS, "Connection", "Cursor", "ServerCursor"),
        **_only(_PSYCOPG, "BaseConnection", "Notify", "Pipeline", "Transaction"),
    },
    "psycopg.connection_async": {
        **_only(_CONNECTIONS, "AsyncConnection", "AsyncCursor", "AsyncServerCursor"),
        "howdah": ("AsyncPipeline", "AsyncTransaction", "BaseConnection", "Notify"),
    },
    "psycopg.conninfo": {"howdah.conninfo": ()},
    "psycopg.copy": _COPY,
    "psycopg.cursor": {**_only(_CONNECTIONS, "Cursor"), "howdah.client.cursor_base": ("BaseCursor",)},
    "psycopg.cursor_async": {
        **_only(_CONNECTIONS, "AsyncCursor"),
        "howdah.client.cursor_base": ("BaseCursor",),
    },
    "psycopg.dbapi20": {"howdah": _DBAPI_TYPES, "howdah.client.dbapi": ("DBAPITypeObject",)},
    "psycopg.errors": {"howdah.errors": ()},
    "psycopg.postgres": {"howdah_psycopg.connecting": ("adapters", "types")},
    "psycopg.pq": {"howdah_psycopg.pq": (), "howdah.pq": ()},
    "psycopg.pq.abc": {"howdah_psycopg.pq": ("Conninfo", "Escaping", "PGcancel", "PGconn", "PGresult")},
    "psycopg.pq.misc": {
        "howdah_psycopg.pq": (
            *("ConninfoOption", "PGnotify", "PGresAttDesc", "connection_summary", "error_message"),
            "version_pretty",
        )
    },
    "psycopg.raw_cursor": {
        **_only(_CONNECTIONS, "AsyncRawCursor", "AsyncRawServerCursor", "RawCursor", "RawServerCursor"),
        "howdah.raw_cursor": (),
    },
    "psycopg.rows": {"howdah.rows": ()},
    "psycopg.sql": {"howdah.sql": ()},
    "psycopg.transaction": {
        "howdah": ("AsyncTransaction", "Rollback", "Transaction"),
        "howdah.client.transaction_base": ("BaseTransaction", "OutOfOrderTransactionNesting"),
    },
    "psycopg.types": _TYPES,
    **{
        f"psycopg.types.{name}": {f"howdah_types.{name}": ()}
        for name in (
            *("array", "bool", "composite", "datetime", "enum", "hstore", "json", "multirange", "net"),
            *("none", "numeric", "numpy", "range", "string", "uuid"),
        )
    },
    "psycopg.types.shapely": {"howdah_psycopg.shapely": ()},
    "psycopg.version": {},
    # Modules that psycopg does not document, with the names that programs import from them.
    "psycopg._adapters_map": {"howdah.adapt": ("AdaptersMap",)},
    "psycopg._capabilities": _only(_PSYCOPG, "Capabilities", "capabilities"),
    "psycopg._column": _only(_PSYCOPG, "Column"),
    "psycopg._connection_base": _only(_PSYCOPG, "BaseConnection", "Notify"),
    "psycopg._connection_info": _only(_PSYCOPG, "ConnectionInfo"),
    "psycopg._copy": _only(_COPY, "Copy", "LibpqWriter", "QueuedLibpqWriter", "Writer"),
    "psycopg._copy_async": _only(
        _COPY, "AsyncCopy", "AsyncLibpqWriter", "AsyncQueuedLibpqWriter", "AsyncWriter"
    ),
    "psycopg._cursor_base": {"howdah.client.cursor_base": ("BaseCursor",)},
    "psycopg._encodings": {"howdah_psycopg.encodings": ()},
    "psycopg._enums": {"howdah": ("IsolationLevel",), "howdah.adapt": ("PyFormat",)},
    "psycopg._pipeline": _only(_PSYCOPG, "Pipeline"),
    "psycopg._pipeline_async": _only(_PSYCOPG, "AsyncPipeline"),
    "psycopg._queries": {"howdah_psycopg.query": ("PostgresQuery",)},
    "psycopg._server_cursor": _only(_CONNECTIONS, "ServerCursor"),
    "psycopg._server_cursor_async": _only(_CONNECTIONS, "AsyncServerCursor"),
    "psycopg._tpc": _only(_PSYCOPG, "Xid"),
    "psycopg._transformer": {"howdah.adapt": ("Transformer",)},
    "psycopg._typeinfo": _TYPES,
    "psycopg_pool": {**_POOLS, **_POOL_ERRORS},
    "psycopg_pool.base": {"howdah_psycopg.pool_base": ("BasePool",), **_POOL_ERRORS},
    "psycopg_pool.errors": _POOL_ERRORS,
    "psycopg_pool.null_pool": _only(_POOLS, "ConnectionPool", "NullConnectionPool"),
    "psycopg_pool.null_pool_async": _only(_POOLS, "AsyncConnectionPool", "AsyncNullConnectionPool"),
    "psycopg_pool.pool": {**_only(_POOLS, "ConnectionPool"), **_POOL_ERRORS},
    "psycopg_pool.pool_async": {**_only(_POOLS, "AsyncConnectionPool"), **_POOL_ERRORS},
    "psycopg_pool.version": {},
}

_NO_LIBPQ = "it works with libpq, which howdah does not use"
_WORKERS = "howdah's pools have workers of another kind"
#: Modules that cannot be imported, with the reason.
NOT_SUPPORTED: Mapping[str, str] = {
    "psycopg.crdb": "it connects to PostgreSQL only, not to CockroachDB",
    "psycopg.generators": _NO_LIBPQ,
    "psycopg.pq.pq_ctypes": _NO_LIBPQ,
    "psycopg.waiting": _NO_LIBPQ,
    "psycopg_pool.abc": _WORKERS,
    "psycopg_pool.sched": _WORKERS,
    "psycopg_pool.sched_async": _WORKERS,
}

PACKAGES = frozenset({"psycopg", "psycopg.pq", "psycopg.types", "psycopg_pool"})

#: The submodules that are imported together with a package.
LOADED_WITH: Mapping[str, tuple[str, ...]] = {
    "psycopg": (
        *("abc", "adapt", "client_cursor", "connection", "connection_async", "conninfo", "copy", "cursor"),
        *("cursor_async", "dbapi20", "errors", "postgres", "pq", "raw_cursor", "rows", "sql", "transaction"),
        *("types", "version"),
    ),
    "psycopg.pq": ("abc", "misc"),
    "psycopg_pool": (*("base", "errors", "null_pool", "null_pool_async", "pool", "pool_async", "version"),),
}

VERSIONS: Mapping[str, str] = {
    "psycopg": PSYCOPG_VERSION,
    "psycopg.version": PSYCOPG_VERSION,
    "psycopg_pool": POOL_VERSION,
    "psycopg_pool.version": POOL_VERSION,
}
