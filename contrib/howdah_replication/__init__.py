"""Replication: slots, logical and physical streams, and base backups.

It needs no hooks: `ReplicationConnection` and `AsyncReplicationConnection` use a connection that was opened
with `replication=database` or `replication=true`. See docs/replication.md.
"""

from __future__ import annotations

from typing import Any

from howdah_replication.backup import Backup
from howdah_replication.backup_async import AsyncBackup
from howdah_replication.backup_base import BackupArchive, BackupManifest, BackupProgress, Tablespace
from howdah_replication.commands import Slot, SlotState, SystemInfo, TimelineHistory
from howdah_replication.connection import ReplicationConnection
from howdah_replication.connection_async import AsyncReplicationConnection
from howdah_replication.decoding import PgOutputDecoder
from howdah_replication.lsn import LSN, register_lsn
from howdah_replication.messages import (
    UNCHANGED,
    Begin,
    BeginPrepare,
    Column,
    Commit,
    CommitPrepared,
    Delete,
    Insert,
    LogicalMessage,
    Origin,
    PluginMessage,
    Prepare,
    Relation,
    ReplicaIdentity,
    Resumed,
    RollbackPrepared,
    StreamAbort,
    StreamCommit,
    StreamPrepare,
    StreamStart,
    StreamStop,
    Truncate,
    Type,
    Update,
    WalData,
)
from howdah_replication.resuming import ResumingStream
from howdah_replication.resuming_async import AsyncResumingStream
from howdah_replication.stream import ReplicationStream
from howdah_replication.stream_async import AsyncReplicationStream

__all__ = [
    "LSN",
    "UNCHANGED",
    "AsyncBackup",
    "AsyncReplicationConnection",
    "AsyncReplicationStream",
    "AsyncResumingStream",
    "Backup",
    "BackupArchive",
    "BackupManifest",
    "BackupProgress",
    "Begin",
    "BeginPrepare",
    "Column",
    "Commit",
    "CommitPrepared",
    "Delete",
    "Insert",
    "LogicalMessage",
    "Origin",
    "PgOutputDecoder",
    "PluginMessage",
    "Prepare",
    "Relation",
    "ReplicaIdentity",
    "ReplicationConnection",
    "ReplicationStream",
    "Resumed",
    "ResumingStream",
    "RollbackPrepared",
    "Slot",
    "SlotState",
    "StreamAbort",
    "StreamCommit",
    "StreamPrepare",
    "StreamStart",
    "StreamStop",
    "SystemInfo",
    "Tablespace",
    "TimelineHistory",
    "Truncate",
    "Type",
    "Update",
    "WalData",
    "connect",
    "register_lsn",
]


def connect(conninfo: str = "", *, physical: bool = False, **params: Any) -> ReplicationConnection:
    """Open a connection for replication; see `ReplicationConnection.connect`.

    Args:
        conninfo: where to connect to, as for `howdah.connect`.
        physical: whether it is for physical replication only, and belongs to no database.
        params: parameters of the conninfo, and of `howdah.connect`.

    Raises:
        howdah.OperationalError: the connection cannot be opened.
    """
    return ReplicationConnection.connect(conninfo, physical=physical, **params)
