"""howdah: a PostgreSQL driver in which every feature is a plugin.

The names of this module are imported on first use. Those of the default
driver (`connect`, `Connection`, `Cursor`, `adapters`, `capabilities`, the
names that plugins provide, ...) are looked up in `default_driver()` each time,
so that they follow `configure()`. `vars(howdah)` looks all of them up.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from howdah import (
        _bundle,
        abc,
        adapt,
        client_cursor,
        conninfo,
        errors,
        postgres,
        pq,
        raw_cursor,
        rows,
        sql,
    )
    from howdah._bundle import (
        AsyncClientCursor,
        AsyncConnection,
        AsyncCursor,
        AsyncRawCursor,
        ClientCursor,
        Connection,
        Cursor,
        RawCursor,
    )
    from howdah.adapt.registry import AdaptersMap
    from howdah.client.column import Column
    from howdah.client.connection_base import BaseConnection
    from howdah.client.dbapi import (
        BINARY,
        DATETIME,
        NUMBER,
        ROWID,
        STRING,
        Binary,
        Date,
        DateFromTicks,
        Time,
        TimeFromTicks,
        Timestamp,
        TimestampFromTicks,
        apilevel,
        paramstyle,
        threadsafety,
    )
    from howdah.client.info import ConnectionInfo
    from howdah.client.isolation import IsolationLevel
    from howdah.client.notify import Notify
    from howdah.client.transaction import Rollback, Transaction
    from howdah.client.transaction_async import AsyncTransaction
    from howdah.client.xid import Xid
    from howdah.errors import (
        DatabaseError,
        DataError,
        Error,
        IntegrityError,
        InterfaceError,
        InternalError,
        NotSupportedError,
        OperationalError,
        PluginError,
        ProgrammingError,
        Warning,
    )
    from howdah.framework.capabilities import Capabilities
    from howdah.framework.driver import Driver, configuration, configure, default_driver
    from howdah.hookspecs import hookimpl

    # Names that plugins provide.
    AsyncConnectionPool = _bundle.AsyncConnectionPool
    AsyncCopy = _bundle.AsyncCopy
    AsyncLargeObject = _bundle.AsyncLargeObject
    AsyncNullConnectionPool = _bundle.AsyncNullConnectionPool
    AsyncPipeline = _bundle.AsyncPipeline
    AsyncRawServerCursor = _bundle.AsyncRawServerCursor
    AsyncScan = _bundle.AsyncScan
    AsyncServerCursor = _bundle.AsyncServerCursor
    ConnectionPool = _bundle.ConnectionPool
    Copy = _bundle.Copy
    FileWriter = _bundle.FileWriter
    LargeObject = _bundle.LargeObject
    NullConnectionPool = _bundle.NullConnectionPool
    Pipeline = _bundle.Pipeline
    PoolClosed = _bundle.PoolClosed
    PoolTimeout = _bundle.PoolTimeout
    RawServerCursor = _bundle.RawServerCursor
    RetryPolicy = _bundle.RetryPolicy
    Scan = _bundle.Scan
    ServerCursor = _bundle.ServerCursor
    ShareOfServer = _bundle.ShareOfServer
    TooManyRequests = _bundle.TooManyRequests
    Unreachable = _bundle.Unreachable
    load = _bundle.load
    load_async = _bundle.load_async
    scan = _bundle.scan

    adapters: AdaptersMap
    capabilities: Capabilities
    connect = Connection.connect
    __impl__: str
    __version__: str

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "AsyncClientCursor",
    "AsyncConnection",
    "AsyncCursor",
    "AsyncRawCursor",
    "AsyncTransaction",
    "BaseConnection",
    "Binary",
    "Capabilities",
    "ClientCursor",
    "Column",
    "Connection",
    "ConnectionInfo",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Driver",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "IsolationLevel",
    "NotSupportedError",
    "Notify",
    "OperationalError",
    "PluginError",
    "ProgrammingError",
    "RawCursor",
    "Rollback",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Transaction",
    "Warning",
    "Xid",
    "abc",
    "adapt",
    "adapters",
    "apilevel",
    "capabilities",
    "client_cursor",
    "configuration",
    "configure",
    "connect",
    "conninfo",
    "default_driver",
    "errors",
    "hookimpl",
    "paramstyle",
    "postgres",
    "pq",
    "raw_cursor",
    "rows",
    "sql",
    "threadsafety",
]

#: Submodules that are available without an import statement for them.
_MODULES = (
    *("abc", "adapt", "client_cursor", "conninfo", "errors", "postgres", "pq", "raw_cursor", "rows", "sql"),
)

#: The public names, by the module of the kernel that has them.
_EXPORTS = {
    "howdah.framework.capabilities": ("Capabilities",),
    "howdah.client.column": ("Column",),
    "howdah.client.connection_base": ("BaseConnection",),
    "howdah.client.dbapi": (
        *("apilevel", "threadsafety", "paramstyle"),
        *("Binary", "Date", "DateFromTicks", "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks"),
        *("BINARY", "DATETIME", "NUMBER", "ROWID", "STRING"),
    ),
    "howdah.framework.driver": ("Driver", "configuration", "configure", "default_driver"),
    "howdah.errors": (
        *("Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError"),
        *("IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError", "PluginError"),
    ),
    "howdah.hookspecs": ("hookimpl",),
    "howdah.client.info": ("ConnectionInfo",),
    "howdah.client.isolation": ("IsolationLevel",),
    "howdah.client.notify": ("Notify",),
    "howdah.client.transaction": ("Rollback", "Transaction"),
    "howdah.client.transaction_async": ("AsyncTransaction",),
    "howdah.client.xid": ("Xid",),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

#: The attributes of a driver that the module forwards to the default driver.
_OF_DRIVER = (
    *("connect", "adapters", "capabilities", "Connection", "AsyncConnection"),
    *("Cursor", "ClientCursor", "RawCursor", "AsyncCursor", "AsyncClientCursor", "AsyncRawCursor"),
)


#: The names of the default driver that `vars(howdah)` has put into the module.
_driver_names: set[str] = set()


@cache
def _default_driver_for() -> Callable[[str], Any]:
    """Return the function that finds the default driver.

    It is kept, because `import_module` takes a lock each time, which an exception of a signal handler can
    leave locked, so that all threads would wait for ever.
    """
    function: Callable[[str], Any] = import_module("howdah.framework.driver").default_driver_for
    return function


if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names

    def __getattr__(name: str) -> Any:
        if name in _MODULE_OF:
            value = getattr(import_module(_MODULE_OF[name]), name)
        elif name in _MODULES:
            value = import_module(f"howdah.{name}")
        elif name == "__impl__":
            value = import_module("howdah.native.implementation").IMPLEMENTATION
        elif name == "__version__":
            value = _version()
        elif name.startswith("_"):
            raise AttributeError(f"module 'howdah' has no attribute {name!r}")
        else:
            driver = _default_driver_for()(f"howdah.{name}")
            return getattr(driver, name) if name in _OF_DRIVER else driver.public(name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__impl__", "__version__"})


class _Module(ModuleType):
    """The class of the module: its `__dict__` has all names, for programs that copy them."""

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        from howdah.errors import PluginError

        namespace = globals()
        for name in ("__impl__", "__version__", *_MODULES, *_MODULE_OF):
            getattr(self, name)
        driver_names = {
            *_OF_DRIVER,
            *import_module("howdah.framework.driver").default_driver().public_names(),
        }
        for name in driver_names - namespace.keys():
            try:
                namespace[name] = getattr(self, name)
            except PluginError:  # raised when the name is used
                continue
            _driver_names.add(name)
        return namespace


def _forget_driver() -> None:
    """Remove the names of the default driver, because another driver will replace it."""
    for name in _driver_names:
        globals().pop(name, None)
    _driver_names.clear()


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("howdah")
    except PackageNotFoundError:  # the source tree is not installed
        return "0+unknown"


sys.modules[__name__].__class__ = _Module
