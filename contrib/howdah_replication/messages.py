"""The messages of a replication stream, as a program gets them.

Source: PostgreSQL documentation, "Streaming Replication Protocol" and "Logical Replication Message Formats".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, TypeAlias

from howdah_replication.lsn import LSN

__all__ = [
    "UNCHANGED",
    "Begin",
    "BeginPrepare",
    "Column",
    "Commit",
    "CommitPrepared",
    "Delete",
    "Insert",
    "LogicalMessage",
    "Origin",
    "PgOutputMessage",
    "PluginMessage",
    "Prepare",
    "Relation",
    "ReplicaIdentity",
    "Resumed",
    "RollbackPrepared",
    "StreamAbort",
    "StreamCommit",
    "StreamPrepare",
    "StreamStart",
    "StreamStop",
    "Truncate",
    "Type",
    "Unchanged",
    "Update",
    "WalData",
]


class Unchanged(Enum):
    """The class of `UNCHANGED`."""

    UNCHANGED = "unchanged"

    def __repr__(self) -> str:
        return "UNCHANGED"


#: Stands for a value stored out of line (TOAST) that an UPDATE has not changed: the server does not send it.
UNCHANGED: Final = Unchanged.UNCHANGED


class ReplicaIdentity(Enum):
    """What of the old row identifies it in an UPDATE or DELETE: `ALTER TABLE … REPLICA IDENTITY`."""

    #: The primary key.
    DEFAULT = "d"
    #: Nothing.
    NOTHING = "n"
    #: The whole row.
    FULL = "f"
    #: A unique index.
    INDEX = "i"


# What the server sends without a decoder


@dataclass(frozen=True, slots=True)
class WalData:
    """A piece of the log itself, of a physical stream.

    Attributes:
        start: the position of its first byte.
        server_lsn: the end of the log on the server.
        sent_at: when the server has sent it.
        data: the bytes.
    """

    start: LSN
    server_lsn: LSN
    sent_at: datetime
    data: bytes = field(repr=False)

    @property
    def end_lsn(self) -> LSN:
        """The position after its last byte: to confirm it, confirm this."""
        return LSN(min(self.start + len(self.data), LSN.MAX))


@dataclass(frozen=True, slots=True)
class PluginMessage:
    """What an output plugin such as test_decoding or wal2json has written at once.

    Attributes:
        lsn: its position; that of the end of a transaction is the end of its commit.
        server_lsn: the end of the log on the server.
        sent_at: when the server has sent it.
        data: the text, or bytes if the stream was opened with `binary=True`.
    """

    lsn: LSN
    server_lsn: LSN
    sent_at: datetime
    data: str | bytes

    @property
    def end_lsn(self) -> LSN:
        """The position to confirm."""
        return self.lsn


@dataclass(frozen=True, slots=True)
class Resumed:
    """A stream that reconnects was interrupted, and continues.

    Everything after the last transaction that the program has confirmed is sent again.

    Attributes:
        start: the confirmed position, from which the stream continues.
        error: why it was interrupted.
    """

    start: LSN
    error: Exception = field(compare=False)


# pgoutput: what changes refer to


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a relation.

    Attributes:
        name: its name.
        type_oid: the oid of its type.
        type_modifier: the type's modifier, -1 without one.
        key: whether it is part of the replica identity.
    """

    name: str
    type_oid: int
    type_modifier: int
    key: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """A table; sent before its first change, and after each change of its definition.

    Attributes:
        oid: its oid.
        schema: its schema.
        name: its name.
        replica_identity: what identifies an old row.
        columns: its published columns.
        xid: the transaction, in a streamed one; otherwise None.
    """

    oid: int
    schema: str
    name: str
    replica_identity: ReplicaIdentity
    columns: tuple[Column, ...]
    xid: int | None = None


@dataclass(frozen=True, slots=True)
class Type:
    """A type that is not built in; sent before a relation that has a column of this type.

    Attributes:
        oid: its oid.
        schema: its schema.
        name: its name.
        xid: the transaction, in a streamed one; otherwise None.
    """

    oid: int
    schema: str
    name: str
    xid: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of a transaction that this server has replicated itself; sent after its `Begin`.

    Attributes:
        lsn: the position of its commit on the server of its origin.
        name: the name of the origin.
    """

    lsn: LSN
    name: str


# pgoutput: changes

Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Insert:
    """An inserted row.

    Attributes:
        relation: the table.
        new: the values, in the order of `relation.columns`.
        xid: the transaction or subtransaction, in a streamed one; otherwise None.
    """

    relation: Relation
    new: Row
    xid: int | None = None

    @property
    def new_dict(self) -> dict[str, Any]:
        """The values by the names of their columns."""
        return {column.name: value for column, value in zip(self.relation.columns, self.new)}


@dataclass(frozen=True, slots=True)
class Update:
    """An updated row.

    Attributes:
        relation: the table.
        new: the new values, in the order of `relation.columns`; `UNCHANGED` where the server has not sent
            the value.
        key: the old values of the key columns, None for the others; None as a whole if no column of
            the key has changed.
        old: all old values; None unless the replica identity is FULL.
        xid: the transaction or subtransaction, in a streamed one; otherwise None.
    """

    relation: Relation
    new: Row
    key: Row | None = None
    old: Row | None = None
    xid: int | None = None

    @property
    def new_dict(self) -> dict[str, Any]:
        """The new values by the names of their columns, without those that were not sent."""
        pairs = zip(self.relation.columns, self.new)
        return {column.name: value for column, value in pairs if value is not UNCHANGED}

    @property
    def identity(self) -> dict[str, Any]:
        """The values that identify the row before the update, by the names of their columns."""
        row = self.old or self.key or self.new
        return _identity(self.relation, row)


@dataclass(frozen=True, slots=True)
class Delete:
    """A deleted row.

    Attributes:
        relation: the table.
        key: the values of the key columns, None for the others; None as a whole if the replica
            identity is FULL.
        old: all values; None unless the replica identity is FULL.
        xid: the transaction or subtransaction, in a streamed one; otherwise None.
    """

    relation: Relation
    key: Row | None = None
    old: Row | None = None
    xid: int | None = None

    @property
    def identity(self) -> dict[str, Any]:
        """The values that identify the row, by the names of their columns."""
        return _identity(self.relation, self.old or self.key or ())


def _identity(relation: Relation, row: Row) -> dict[str, Any]:
    return {column.name: value for column, value in zip(relation.columns, row) if column.key}


@dataclass(frozen=True, slots=True)
class Truncate:
    """Truncated tables.

    Attributes:
        relations: the tables.
        cascade: whether CASCADE was given.
        restart_identity: whether RESTART IDENTITY was given.
        xid: the transaction or subtransaction, in a streamed one; otherwise None.
    """

    relations: tuple[Relation, ...]
    cascade: bool
    restart_identity: bool
    xid: int | None = None


@dataclass(frozen=True, slots=True)
class LogicalMessage:
    """A message of `pg_logical_emit_message`; sent only with `messages=True`.

    Attributes:
        transactional: whether it is part of a transaction.
        lsn: its position.
        prefix: its prefix.
        content: its content.
        xid: the transaction or subtransaction, in a streamed one; otherwise None.
    """

    transactional: bool
    lsn: LSN
    prefix: str
    content: bytes
    xid: int | None = None

    @property
    def end_lsn(self) -> LSN:
        """The position to confirm, if it is not part of a transaction."""
        return LSN(self.lsn + (not self.transactional and self.lsn < LSN.MAX))


# pgoutput: transactions


@dataclass(frozen=True, slots=True)
class Begin:
    """The beginning of a transaction, which is sent when it has been committed.

    Attributes:
        commit_lsn: the position of its commit.
        committed_at: when it was committed.
        xid: its number.
    """

    commit_lsn: LSN
    committed_at: datetime
    xid: int


@dataclass(frozen=True, slots=True)
class Commit:
    """The end of a transaction.

    Attributes:
        commit_lsn: the position of its commit.
        end_lsn: the position after it: to confirm the transaction, confirm this.
        committed_at: when it was committed.
    """

    commit_lsn: LSN
    end_lsn: LSN
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The beginning of a part of a large transaction that is sent before its end.

    Attributes:
        xid: its number.
        first: whether it is the first part.
    """

    xid: int
    first: bool


@dataclass(frozen=True, slots=True)
class StreamStop:
    """The end of a part of a large transaction."""


@dataclass(frozen=True, slots=True)
class StreamCommit:
    """The end of a large transaction that was committed.

    Attributes:
        xid: its number.
        commit_lsn: the position of its commit.
        end_lsn: the position after it: to confirm the transaction, confirm this.
        committed_at: when it was committed.
    """

    xid: int
    commit_lsn: LSN
    end_lsn: LSN
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class StreamAbort:
    """The end of a large transaction, or of its subtransaction, that was rolled back: drop what it did.

    Attributes:
        xid: the number of the transaction.
        subxid: the number of what was rolled back: the same as `xid` for all of it.
        abort_lsn: the position of the rollback; None unless the stream has `streaming="parallel"`.
        aborted_at: when it was rolled back; None unless the stream has `streaming="parallel"`.
    """

    xid: int
    subxid: int
    abort_lsn: LSN | None = None
    aborted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BeginPrepare:
    """The beginning of a two-phase transaction, which is sent when it has been prepared.

    Attributes:
        prepare_lsn: the position of its PREPARE TRANSACTION.
        end_lsn: the position after it.
        prepared_at: when it was prepared.
        xid: its number.
        gid: its name.
    """

    prepare_lsn: LSN
    end_lsn: LSN
    prepared_at: datetime
    xid: int
    gid: str


@dataclass(frozen=True, slots=True)
class Prepare:
    """The end of the first phase of a two-phase transaction.

    Attributes:
        prepare_lsn: the position of its PREPARE TRANSACTION.
        end_lsn: the position after it: to confirm this phase, confirm this.
        prepared_at: when it was prepared.
        xid: its number.
        gid: its name.
    """

    prepare_lsn: LSN
    end_lsn: LSN
    prepared_at: datetime
    xid: int
    gid: str


@dataclass(frozen=True, slots=True)
class StreamPrepare:
    """The end of the first phase of a large two-phase transaction that was sent in parts.

    Attributes:
        prepare_lsn: the position of its PREPARE TRANSACTION.
        end_lsn: the position after it: to confirm this phase, confirm this.
        prepared_at: when it was prepared.
        xid: its number.
        gid: its name.
    """

    prepare_lsn: LSN
    end_lsn: LSN
    prepared_at: datetime
    xid: int
    gid: str


@dataclass(frozen=True, slots=True)
class CommitPrepared:
    """A two-phase transaction was committed.

    Attributes:
        commit_lsn: the position of its COMMIT PREPARED.
        end_lsn: the position after it: to confirm it, confirm this.
        committed_at: when it was committed.
        xid: its number.
        gid: its name.
    """

    commit_lsn: LSN
    end_lsn: LSN
    committed_at: datetime
    xid: int
    gid: str


@dataclass(frozen=True, slots=True)
class RollbackPrepared:
    """A two-phase transaction was rolled back.

    Attributes:
        prepare_end_lsn: the position after its PREPARE TRANSACTION.
        end_lsn: the position after its ROLLBACK PREPARED: to confirm it, confirm this.
        prepared_at: when it was prepared.
        rolled_back_at: when it was rolled back.
        xid: its number.
        gid: its name.
    """

    prepare_end_lsn: LSN
    end_lsn: LSN
    prepared_at: datetime
    rolled_back_at: datetime
    xid: int
    gid: str


#: What a stream of pgoutput yields.
PgOutputMessage: TypeAlias = (
    Begin
    | BeginPrepare
    | Commit
    | CommitPrepared
    | Delete
    | Insert
    | LogicalMessage
    | Origin
    | Prepare
    | Relation
    | RollbackPrepared
    | StreamAbort
    | StreamCommit
    | StreamPrepare
    | StreamStart
    | StreamStop
    | Truncate
    | Type
    | Update
)
