"""The dialect for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.pool import AsyncAdaptedQueuePool, Pool

import howdah
from howdah_sqlalchemy.asyncio_adapter import AsyncDBAPI
from howdah_sqlalchemy.dialect import HowdahDialect

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["AsyncHowdahDialect"]


class AsyncHowdahDialect(HowdahDialect):
    """SQLAlchemy's dialect for asynchronous connections of howdah, with the arguments of `HowdahDialect`."""

    is_async = True
    has_terminate = True
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> Any:
        """Return howdah's names, with a `connect` that returns an adapted connection."""
        return AsyncDBAPI(howdah)

    @classmethod
    def get_pool_class(cls, url: URL) -> type[Pool]:
        """Return the class of the pool, unless the program chooses one."""
        return AsyncAdaptedQueuePool

    def get_driver_connection(self, connection: Any) -> Any:
        """Return the `howdah.AsyncConnection` that is behind an adapted one."""
        return connection.driver_connection

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Close a connection without waiting for anything."""
        dbapi_connection.terminate()
