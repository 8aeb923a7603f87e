"""howdah: a PostgreSQL driver in which every feature is a plugin.

The names of this module are looked up on first use. Those of the default
driver (`connect`, `Connection`, `Cursor`, `adapters`, `capabilities`, what
plugins bring, ...) are asked of `default_driver()` each time, so that they
follow `configure()`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from howdah import (
        adapt as adapt,
    )
    from howdah import (
        conninfo as conninfo,
    )
    from howdah import (
        errors as errors,
    )
    from howdah import (
        pq as pq,
    )
    from howdah import (
        rows as rows,
    )
    from howdah import (
        sql as sql,
    )
    from howdah._bundle import (
        AsyncClientCursor as AsyncClientCursor,
    )
    from howdah._bundle import (
        AsyncConnection as AsyncConnection,
    )
    from howdah._bundle import (
        AsyncCursor as AsyncCursor,
    )
    from howdah._bundle import (
        AsyncRawCursor as AsyncRawCursor,
    )
    from howdah._bundle import (
        ClientCursor as ClientCursor,
    )
    from howdah._bundle import (
        Connection as Connection,
    )
    from howdah._bundle import (
        Cursor as Cursor,
    )
    from howdah._bundle import (
        RawCursor as RawCursor,
    )
    from howdah._capabilities import Capabilities
    from howdah.adapt.registry import AdaptersMap
    from howdah.column import Column as Column
    from howdah.dbapi import (
        BINARY as BINARY,
    )
    from howdah.dbapi import (
        DATETIME as DATETIME,
    )
    from howdah.dbapi import (
        NUMBER as NUMBER,
    )
    from howdah.dbapi import (
        ROWID as ROWID,
    )
    from howdah.dbapi import (
        STRING as STRING,
    )
    from howdah.dbapi import (
        Binary as Binary,
    )
    from howdah.dbapi import (
        Date as Date,
    )
    from howdah.dbapi import (
        DateFromTicks as DateFromTicks,
    )
    from howdah.dbapi import (
        Time as Time,
    )
    from howdah.dbapi import (
        TimeFromTicks as TimeFromTicks,
    )
    from howdah.dbapi import (
        Timestamp as Timestamp,
    )
    from howdah.dbapi import (
        TimestampFromTicks as TimestampFromTicks,
    )
    from howdah.dbapi import (
        apilevel as apilevel,
    )
    from howdah.dbapi import (
        paramstyle as paramstyle,
    )
    from howdah.dbapi import (
        threadsafety as threadsafety,
    )
    from howdah.driver import (
        Driver as Driver,
    )
    from howdah.driver import (
        configure as configure,
    )
    from howdah.driver import (
        default_driver as default_driver,
    )
    from howdah.errors import (
        DatabaseError as DatabaseError,
    )
    from howdah.errors import (
        DataError as DataError,
    )
    from howdah.errors import (
        Error as Error,
    )
    from howdah.errors import (
        IntegrityError as IntegrityError,
    )
    from howdah.errors import (
        InterfaceError as InterfaceError,
    )
    from howdah.errors import (
        InternalError as InternalError,
    )
    from howdah.errors import (
        NotSupportedError as NotSupportedError,
    )
    from howdah.errors import (
        OperationalError as OperationalError,
    )
    from howdah.errors import (
        PluginError as PluginError,
    )
    from howdah.errors import (
        ProgrammingError as ProgrammingError,
    )
    from howdah.errors import (
        Warning as Warning,
    )
    from howdah.hookspecs import hookimpl as hookimpl
    from howdah.isolation import IsolationLevel as IsolationLevel
    from howdah.notify import Notify as Notify
    from howdah.transaction import (
        Rollback as Rollback,
    )
    from howdah.transaction import (
        Transaction as Transaction,
    )
    from howdah.transaction_async import AsyncTransaction as AsyncTransaction
    from howdah.xid import Xid as Xid

    adapters: AdaptersMap
    capabilities: Capabilities
    connect = Connection.connect
    __impl__: str
    __version__: str

#: Modules that need no import of their own.
_MODULES = ("adapt", "conninfo", "errors", "pq", "rows", "sql")

#: What the modules of the kernel have for everyone.
_EXPORTS = {
    "howdah.column": ("Column",),
    "howdah.dbapi": (
        *("apilevel", "threadsafety", "paramstyle"),
        *("Binary", "Date", "DateFromTicks", "Time", "TimeFromTicks", "Timestamp", "TimestampFromTicks"),
        *("BINARY", "DATETIME", "NUMBER", "ROWID", "STRING"),
    ),
    "howdah.driver": ("Driver", "configure", "default_driver"),
    "howdah.errors": (
        *("Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError"),
        *("IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError", "PluginError"),
    ),
    "howdah.hookspecs": ("hookimpl",),
    "howdah.isolation": ("IsolationLevel",),
    "howdah.notify": ("Notify",),
    "howdah.transaction": ("Rollback", "Transaction"),
    "howdah.transaction_async": ("AsyncTransaction",),
    "howdah.xid": ("Xid",),
}
_MODULE_OF = {name: module for module, names in _EXPORTS.items() for name in names}

#: What every driver has, and the module has of the default one.
_OF_DRIVER = (
    *("connect", "adapters", "capabilities", "Connection", "AsyncConnection"),
    *("Cursor", "ClientCursor", "RawCursor", "AsyncCursor", "AsyncClientCursor", "AsyncRawCursor"),
)

__all__ = [*_OF_DRIVER, *_MODULE_OF, *_MODULES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
    elif name in _MODULES:
        value = import_module(f"howdah.{name}")
    elif name == "__impl__":
        value = import_module("howdah._implementation").IMPLEMENTATION
    elif name == "__version__":
        value = _version()
    elif name.startswith("_"):
        raise AttributeError(f"module 'howdah' has no attribute {name!r}")
    else:
        driver = import_module("howdah.driver").default_driver()
        return getattr(driver, name) if name in _OF_DRIVER else driver.public(name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__impl__", "__version__"})


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("howdah")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0+unknown"
