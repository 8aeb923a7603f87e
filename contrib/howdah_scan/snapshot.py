"""The snapshot of a scan: exported, imported, and recognized."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from howdah.errors import DatabaseError
from howdah_scan.errors import SnapshotLost

__all__ = ["BEGIN", "BEGIN_COMMITTED", "EXPORT", "IDENTITY", "LIMITS", "LOST_WORKERS", "SETTINGS", "Snapshot"]

BEGIN = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
#: For what cannot be locked before there is a snapshot, such as the tables of a query: that of the scan is
#: taken after they are locked. If the lock was waited for, a snapshot from before may see an empty table.
BEGIN_COMMITTED = "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY"
_IDENTITY = (
    "pg_catalog.pg_current_snapshot()::text, extract(epoch FROM pg_catalog.pg_postmaster_start_time())::text"
)
#: What tells a snapshot from all others, also from those of another server with the same name.
IDENTITY = f"SELECT {_IDENTITY}"
#: Exports the snapshot of the statement, and returns its name and what tells it from others.
EXPORT = f"SELECT pg_catalog.pg_export_snapshot(), {_IDENTITY}"
#: The transaction of a scan may be idle, and its queries may take as long as they like.
LIMITS = (
    "SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name IN"
    " ('statement_timeout', 'transaction_timeout', 'idle_in_transaction_session_timeout')"
)
#: The server ends the query of a worker that has been killed, where its system can tell; otherwise the query
#: would go on to its end, and hold the snapshot. PostgreSQL 14 on.
LOST_WORKERS = (
    "SELECT pg_catalog.set_config(name, '1s', true) FROM pg_catalog.pg_settings WHERE name ="
    " 'client_connection_check_interval' AND setting = '0' AND pg_catalog.version() LIKE '%linux%'"
)
#: The settings on which the meaning of SQL and the text of values depend: workers have those of the scan.
SETTINGS = (
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ('search_path', 'TimeZone', 'DateStyle',"
    " 'IntervalStyle', 'extra_float_digits', 'bytea_output', 'lc_monetary', 'lc_numeric', 'lc_time',"
    " 'row_security', 'xmloption', 'default_text_search_config')"
)
#: What the server reports about a snapshot that it does not have any more: PostgreSQL 17 on, before, and if
#: the transaction ends at this moment.
_GONE = ("42704", "22023", "55000")


@dataclass(frozen=True)
class Snapshot:
    """An exported snapshot.

    Args:
        name: its name, from `pg_export_snapshot`.
        identity: what `IDENTITY` returns for it.
        settings: the settings of the session.
    """

    name: str
    identity: tuple[str, str]
    settings: Mapping[str, str] = field(default_factory=dict)

    def statement(self) -> str:
        """Return the statement that imports it."""
        return f"SET TRANSACTION SNAPSHOT '{self.name}'"

    def check(self, identity: tuple[str, str]) -> None:
        """Raise `SnapshotLost` unless this is the identity of the snapshot."""
        if identity != self.identity:
            raise SnapshotLost(
                "the worker is connected to another server than the scan, or the server has been restarted:"
                " name one server in the conninfo, and begin the scan again"
            )

    @staticmethod
    def lost(error: DatabaseError) -> bool:
        """Return whether an error of the import says that there is no such snapshot."""
        return error.sqlstate in _GONE
