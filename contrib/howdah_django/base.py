"""The module that Django looks for in an engine."""

from __future__ import annotations

from typing import Any

import howdah
from howdah_django.installing import install

install()

from django.conf import settings  # noqa: E402
from django.db.backends.postgresql import base as postgresql  # noqa: E402

from howdah_django.adapters import adapters_in_zone  # noqa: E402
from howdah_django.debugging import CursorDebugWrapper  # noqa: E402
from howdah_django.operations import DatabaseOperations  # noqa: E402

__all__ = ["DatabaseWrapper"]


class DatabaseWrapper(postgresql.DatabaseWrapper):
    """A connection to PostgreSQL over howdah, with everything that Django's own backend has."""

    ops_class = DatabaseOperations

    connection: Any
    #: The pool that the connection is from, None without one.
    _lender: Any = None

    def get_connection_params(self) -> dict[str, Any]:
        """Return the keyword arguments of `howdah.connect()`."""
        params: dict[str, Any] = super().get_connection_params()
        params["context"] = adapters_in_zone(settings.USE_TZ, self.timezone)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection, from the pool if there is one.

        Args:
            conn_params: the keyword arguments of `howdah.connect()`.
        """
        connection = super().get_new_connection(conn_params)
        # Changed settings may bring another pool before the connection is returned.
        self._lender = self.pool
        return connection

    def _configure_role(self, connection: Any) -> bool:
        role = self.settings_dict["OPTIONS"].get("assume_role")
        if role:
            # A worker of the pool does this, which must not use the cursors of this object.
            howdah.ClientCursor(connection).execute("SET ROLE %s", [role])
        return bool(role)

    def _close(self) -> None:
        if self.connection is None:
            return
        with self.wrap_database_errors:
            if self._lender is None:
                self.connection.close()
            else:
                self._lender.putconn(self.connection)
                self.connection = None

    def make_debug_cursor(self, cursor: Any) -> Any:
        """Return a cursor that logs its queries.

        Args:
            cursor: the cursor that executes them.
        """
        return CursorDebugWrapper(cursor, self)
