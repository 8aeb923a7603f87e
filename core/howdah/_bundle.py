"""The classes of the default driver, as type checkers and editors see them.

Never imported at run time: there `howdah.framework.driver` assembles the classes. This
is the one place in the core that names plugins.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar, overload

from typing_extensions import Self

from howdah.abc import Params, Query
from howdah.adapt import AdaptContext
from howdah.client import connection, connection_async, cursor, cursor_async
from howdah.rows import AsyncRowFactory, Row, RowFactory
from howdah_arrow import ArrowCursor, AsyncArrowCursor
from howdah_copy import (
    AsyncCopy,
    AsyncCopyCursor,
    AsyncLibpqWriter,
    AsyncWriter,
    Copy,
    CopyCursor,
    FileWriter,
    LibpqWriter,
    Writer,
)
from howdah_fetch import AsyncFetching, Fetching
from howdah_load import load, load_async
from howdah_lobject import AsyncLargeObject, AsyncLargeObjects, LargeObject, LargeObjects
from howdah_named_cursor import (
    AsyncNamedCursors,
    AsyncRawServerCursor,
    AsyncServerCursor,
    NamedCursors,
    RawServerCursor,
    ServerCursor,
)
from howdah_pipeline import AsyncPipeline, AsyncPipelining, Pipeline, Pipelining
from howdah_pool import (
    AsyncConnectionPool,
    AsyncNullConnectionPool,
    ConnectionPool,
    NullConnectionPool,
    PoolClosed,
    PoolTimeout,
    ShareOfServer,
    TooManyRequests,
    Unreachable,
)
from howdah_prepare import AsyncPreparedStatements, PreparedStatements
from howdah_retry import AsyncRetrying, Retrying, RetryPolicy
from howdah_scan import AsyncScan, Scan, scan

__all__ = [
    "AsyncClientCursor",
    "AsyncConnection",
    "AsyncConnectionPool",
    "AsyncCopy",
    "AsyncCursor",
    "AsyncLargeObject",
    "AsyncLibpqWriter",
    "AsyncNullConnectionPool",
    "AsyncPipeline",
    "AsyncRawCursor",
    "AsyncRawServerCursor",
    "AsyncScan",
    "AsyncServerCursor",
    "AsyncWriter",
    "ClientCursor",
    "Connection",
    "ConnectionPool",
    "Copy",
    "Cursor",
    "FileWriter",
    "LargeObject",
    "LibpqWriter",
    "NullConnectionPool",
    "Pipeline",
    "PoolClosed",
    "PoolTimeout",
    "RawCursor",
    "RawServerCursor",
    "RetryPolicy",
    "Scan",
    "ServerCursor",
    "ShareOfServer",
    "TooManyRequests",
    "Unreachable",
    "Writer",
    "load",
    "load_async",
    "scan",
]

NewRow = TypeVar("NewRow")

AnyPool: TypeAlias = ConnectionPool[Any] | AsyncConnectionPool[Any]

# The mixins of the bundled plugins go before the kernel's class in each.


class Cursor(ArrowCursor, CopyCursor, cursor.Cursor[Row]):
    """See `howdah.client.cursor.Cursor`."""

    @property
    def connection(self) -> Connection[Any]:
        """See `howdah.client.cursor.Cursor.connection`."""
        raise NotImplementedError


class ClientCursor(cursor.ClientCursor[Row], Cursor[Row]):
    """See `howdah.client.cursor.ClientCursor`."""


class RawCursor(cursor.RawCursor[Row], Cursor[Row]):
    """See `howdah.client.cursor.RawCursor`."""


class AsyncCursor(AsyncArrowCursor, AsyncCopyCursor, cursor_async.AsyncCursor[Row]):
    """See `howdah.client.cursor_async.AsyncCursor`."""

    @property
    def connection(self) -> AsyncConnection[Any]:
        """See `howdah.client.cursor_async.AsyncCursor.connection`."""
        raise NotImplementedError


class AsyncClientCursor(cursor_async.AsyncClientCursor[Row], AsyncCursor[Row]):
    """See `howdah.client.cursor_async.AsyncClientCursor`."""


class AsyncRawCursor(cursor_async.AsyncRawCursor[Row], AsyncCursor[Row]):
    """See `howdah.client.cursor_async.AsyncRawCursor`."""


class Connection(
    Retrying,
    Pipelining,
    LargeObjects,
    NamedCursors,
    PreparedStatements,
    Fetching,
    connection.Connection[Row],
):
    """See `howdah.client.connection.Connection`."""

    @overload  # type: ignore[override]  # pyright takes the kernel's Self for the default row type
    @classmethod
    def connect(
        cls,
        conninfo: str = "",
        *,
        autocommit: bool = False,
        row_factory: None = None,
        cursor_factory: type[cursor.Cursor[Any]] | None = None,
        prepare_threshold: int | None = 5,
        command_timeout: float | None = None,
        context: AdaptContext | None = None,
        **params: Any,
    ) -> Self: ...
    @overload
    @classmethod
    def connect(
        cls,
        conninfo: str = "",
        *,
        autocommit: bool = False,
        row_factory: RowFactory[NewRow],
        cursor_factory: type[cursor.Cursor[Any]] | None = None,
        prepare_threshold: int | None = 5,
        command_timeout: float | None = None,
        context: AdaptContext | None = None,
        **params: Any,
    ) -> Connection[NewRow]: ...
    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
        """See `howdah.client.connection.Connection.connect`."""
        raise NotImplementedError

    @overload  # type: ignore[override]  # the kernel's says Any where the name is given
    def cursor(
        self,
        name: None = None,
        *,
        binary: bool | None = None,
        row_factory: None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Cursor[Row]: ...
    @overload
    def cursor(
        self,
        name: None = None,
        *,
        binary: bool | None = None,
        row_factory: RowFactory[NewRow],
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Cursor[NewRow]: ...
    @overload
    def cursor(
        self,
        name: str,
        *,
        binary: bool | None = None,
        row_factory: None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> ServerCursor[Row]: ...
    @overload
    def cursor(
        self,
        name: str,
        *,
        binary: bool | None = None,
        row_factory: RowFactory[NewRow],
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> ServerCursor[NewRow]: ...
    def cursor(self, name: str | None = None, **kwargs: Any) -> Any:
        """See `howdah.client.connection.Connection.cursor`."""
        raise NotImplementedError

    def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Cursor[Row]:
        """See `howdah.client.connection.Connection.execute`."""
        raise NotImplementedError


class AsyncConnection(
    AsyncRetrying,
    AsyncPipelining,
    AsyncLargeObjects,
    AsyncNamedCursors,
    AsyncPreparedStatements,
    AsyncFetching,
    connection_async.AsyncConnection[Row],
):
    """See `howdah.client.connection_async.AsyncConnection`."""

    @overload  # type: ignore[override]  # pyright takes the kernel's Self for the default row type
    @classmethod
    async def connect(
        cls,
        conninfo: str = "",
        *,
        autocommit: bool = False,
        row_factory: None = None,
        cursor_factory: type[cursor_async.AsyncCursor[Any]] | None = None,
        prepare_threshold: int | None = 5,
        command_timeout: float | None = None,
        context: AdaptContext | None = None,
        **params: Any,
    ) -> Self: ...
    @overload
    @classmethod
    async def connect(
        cls,
        conninfo: str = "",
        *,
        autocommit: bool = False,
        row_factory: AsyncRowFactory[NewRow],
        cursor_factory: type[cursor_async.AsyncCursor[Any]] | None = None,
        prepare_threshold: int | None = 5,
        command_timeout: float | None = None,
        context: AdaptContext | None = None,
        **params: Any,
    ) -> AsyncConnection[NewRow]: ...
    @classmethod
    async def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
        """See `howdah.client.connection_async.AsyncConnection.connect`."""
        raise NotImplementedError

    @overload  # type: ignore[override]  # the kernel's says Any where the name is given
    def cursor(
        self,
        name: None = None,
        *,
        binary: bool | None = None,
        row_factory: None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> AsyncCursor[Row]: ...
    @overload
    def cursor(
        self,
        name: None = None,
        *,
        binary: bool | None = None,
        row_factory: AsyncRowFactory[NewRow],
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> AsyncCursor[NewRow]: ...
    @overload
    def cursor(
        self,
        name: str,
        *,
        binary: bool | None = None,
        row_factory: None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> AsyncServerCursor[Row]: ...
    @overload
    def cursor(
        self,
        name: str,
        *,
        binary: bool | None = None,
        row_factory: AsyncRowFactory[NewRow],
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> AsyncServerCursor[NewRow]: ...
    def cursor(self, name: str | None = None, **kwargs: Any) -> Any:
        """See `howdah.client.connection_async.AsyncConnection.cursor`."""
        raise NotImplementedError

    async def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> AsyncCursor[Row]:
        """See `howdah.client.connection_async.AsyncConnection.execute`."""
        raise NotImplementedError
