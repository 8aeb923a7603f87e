"""Decoding the messages of pgoutput, the output plugin of PostgreSQL's own logical replication.

Source: PostgreSQL documentation, "Logical Replication Message Formats".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from howdah.errors.context import add_column_name, add_column_number
from howdah.pq import Format
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
    PgOutputMessage,
    Prepare,
    Relation,
    ReplicaIdentity,
    RollbackPrepared,
    StreamAbort,
    StreamCommit,
    StreamPrepare,
    StreamStart,
    StreamStop,
    Truncate,
    Type,
    Update,
)
from howdah_replication.wire import Fields, violation

if TYPE_CHECKING:
    from howdah.adapt import Transformer

__all__ = ["PgOutputDecoder"]

#: How many columns a table can have (MaxTupleAttributeNumber).
_MOST_COLUMNS = 1664
#: How much a server may describe: relations, their columns, and bytes of the descriptions.
_LIMITS = {"relations": 100_000, "columns": 4_000_000, "bytes": 256 * 1024 * 1024}

_Load = Callable[[bytes], Any]


class _Table:
    """A relation, and what loads the values of its columns.

    Args:
        relation: the relation.
        size: how many bytes describe it.
        transformer: has the adapters.
    """

    __slots__ = ("_binary", "_text", "_transformer", "_version", "relation", "size")

    def __init__(self, relation: Relation, size: int, transformer: Transformer) -> None:
        self.relation = relation
        self.size = size
        self._transformer = transformer
        self._version: int | None = None
        self._text: list[_Load] = []
        self._binary: list[_Load] = []

    def row(self, fields: Fields) -> tuple[Any, ...]:
        """Read a TupleData and return its values."""
        if self._version != self._transformer.version:
            self._choose_loaders()
        count = fields.int16()
        if count != len(self._text):
            relation = self.relation
            raise violation(f"a row of {relation.name!r} has {count} columns, not {len(self._text)}")
        row: list[Any] = []
        for column in range(count):
            kind = fields.byte()
            if kind == _TEXT:
                row.append(self._load(self._text[column], column, fields.take(fields.int32())))
            elif kind == _BINARY:
                row.append(self._load(self._binary[column], column, fields.take(fields.int32())))
            elif kind == _NULL:
                row.append(None)
            elif kind == _UNCHANGED:
                row.append(UNCHANGED)
            else:
                raise violation(f"a value is of the unknown kind {chr(kind)!r}")
        return tuple(row)

    def _load(self, load: _Load, column: int, data: bytes) -> Any:
        try:
            return load(data)
        except Exception as error:
            add_column_number(error, column)
            add_column_name(error, [each.name for each in self.relation.columns], f"{self.relation.name!r}, ")
            raise

    def _choose_loaders(self) -> None:
        """Look the loaders up; also after a setting that they depend on has changed."""
        transformer, columns = self._transformer, self.relation.columns
        self._text = [transformer.loader(column.type_oid, Format.TEXT).load for column in columns]
        self._binary = [transformer.loader(column.type_oid, Format.BINARY).load for column in columns]
        self._version = transformer.version


_TEXT, _BINARY, _NULL, _UNCHANGED = b"tbnu"
_NEW, _OLD, _KEY = b"NOK"


class PgOutputDecoder:
    """Decodes the messages of pgoutput, of the protocol's versions 1 to 4.

    It does no input or output, and remembers the relations that the server has described.

    Args:
        transformer: has the adapters that load values, and the encoding.
    """

    def __init__(self, transformer: Transformer) -> None:
        self._transformer = transformer
        self._tables: dict[int, _Table] = {}
        #: How much `_tables` describes.
        self._described = dict.fromkeys(_LIMITS, 0)
        #: Whether a part of a streamed transaction is being sent: its messages have the transaction's number.
        self._in_stream = False

    def decode(self, data: bytes) -> PgOutputMessage:
        """Return the message.

        Args:
            data: what the server has sent.

        Raises:
            howdah.OperationalError: it is malformed, or of an unknown kind.
            howdah.DataError: a value cannot be loaded; the message names the column.
        """
        fields = Fields(data, self._transformer.encoding)
        kind = fields.take(1)
        read = _KINDS.get(kind)
        if read is None:
            raise violation(f"it is of the unknown kind {kind.decode('latin-1')!r}")
        message = read(self, fields)
        fields.end()
        return message

    def _xid(self, fields: Fields) -> int | None:
        return fields.oid() if self._in_stream else None

    def _table(self, oid: int) -> _Table:
        table = self._tables.get(oid)
        if table is None:
            raise violation(f"it refers to the relation {oid}, which has not been described")
        return table

    # What changes refer to

    def _relation(self, fields: Fields) -> Relation:
        xid = self._xid(fields)
        oid = fields.oid()
        schema = fields.string() or "pg_catalog"
        name = fields.string()
        identity = chr(fields.byte())
        try:
            replica_identity = ReplicaIdentity(identity)
        except ValueError:
            raise violation(f"a relation has the unknown replica identity {identity!r}") from None
        count = fields.int16()
        if count > _MOST_COLUMNS:
            raise violation(f"a relation has {count} columns")
        columns = tuple([self._column(fields) for _ in range(count)])
        relation = Relation(oid, schema, name, replica_identity, columns, xid)
        self._remember(_Table(relation, fields.position, self._transformer))
        return relation

    def _remember(self, table: _Table) -> None:
        """Keep a relation instead of an older description of it, within the limits.

        What is dropped would not be described again, so that too much is an error.
        """
        oid = table.relation.oid
        described = self._described.copy()
        for each, sign in ((table, 1), (self._tables.get(oid), -1)):
            if each is not None:
                described["relations"] += sign
                described["columns"] += sign * len(each.relation.columns)
                described["bytes"] += sign * each.size
        for what, limit in _LIMITS.items():
            if described[what] > limit:
                raise violation(f"it describes more than {limit} {what}")
        self._tables[oid] = table
        self._described = described

    def _column(self, fields: Fields) -> Column:
        flags = fields.byte()
        return Column(fields.string(), fields.oid(), fields.int32(), bool(flags & 1))

    def _type(self, fields: Fields) -> Type:
        xid = self._xid(fields)
        return Type(fields.oid(), fields.string() or "pg_catalog", fields.string(), xid)

    def _origin(self, fields: Fields) -> Origin:
        return Origin(fields.lsn(), fields.string())

    # Changes

    def _insert(self, fields: Fields) -> Insert:
        xid = self._xid(fields)
        table = self._table(fields.oid())
        self._expect_new(fields.byte())
        return Insert(table.relation, table.row(fields), xid)

    def _update(self, fields: Fields) -> Update:
        xid = self._xid(fields)
        table = self._table(fields.oid())
        kind = fields.byte()
        key = old = None
        if kind == _KEY:
            key = table.row(fields)
            kind = fields.byte()
        elif kind == _OLD:
            old = table.row(fields)
            kind = fields.byte()
        self._expect_new(kind)
        return Update(table.relation, table.row(fields), key, old, xid)

    def _delete(self, fields: Fields) -> Delete:
        xid = self._xid(fields)
        table = self._table(fields.oid())
        kind = fields.byte()
        if kind == _KEY:
            return Delete(table.relation, table.row(fields), None, xid)
        if kind == _OLD:
            return Delete(table.relation, None, table.row(fields), xid)
        raise violation(f"a deleted row is of the unknown kind {chr(kind)!r}")

    def _expect_new(self, kind: int) -> None:
        if kind != _NEW:
            raise violation(f"a new row is of the unknown kind {chr(kind)!r}")

    def _truncate(self, fields: Fields) -> Truncate:
        xid = self._xid(fields)
        count, options = fields.int32(), fields.byte()
        if not 0 <= count <= fields.left // 4:
            raise violation(f"it has no {count} relations")
        relations = tuple([self._table(fields.oid()).relation for _ in range(count)])
        return Truncate(relations, bool(options & 1), bool(options & 2), xid)

    def _message(self, fields: Fields) -> LogicalMessage:
        xid = self._xid(fields)
        flags, lsn, prefix = fields.byte(), fields.lsn(), fields.string()
        return LogicalMessage(bool(flags & 1), lsn, prefix, fields.take(fields.int32()), xid)

    # Transactions

    def _begin(self, fields: Fields) -> Begin:
        return Begin(fields.lsn(), fields.time(), fields.oid())

    def _commit(self, fields: Fields) -> Commit:
        fields.byte()  # flags, none of which is in use
        return Commit(fields.lsn(), fields.lsn(), fields.time())

    def _stream_start(self, fields: Fields) -> StreamStart:
        xid, first = fields.oid(), fields.byte()
        if self._in_stream:
            raise violation("a part of a streamed transaction begins within another one")
        self._in_stream = True
        return StreamStart(xid, bool(first))

    def _stream_stop(self, fields: Fields) -> StreamStop:
        if not self._in_stream:
            raise violation("a part of a streamed transaction ends that has not begun")
        self._in_stream = False
        return StreamStop()

    def _stream_commit(self, fields: Fields) -> StreamCommit:
        xid = fields.oid()
        fields.byte()
        return StreamCommit(xid, fields.lsn(), fields.lsn(), fields.time())

    def _stream_abort(self, fields: Fields) -> StreamAbort:
        xid, subxid = fields.oid(), fields.oid()
        if not fields.left:
            return StreamAbort(xid, subxid)
        return StreamAbort(xid, subxid, fields.lsn(), fields.time())

    def _begin_prepare(self, fields: Fields) -> BeginPrepare:
        return BeginPrepare(fields.lsn(), fields.lsn(), fields.time(), fields.oid(), fields.string())

    def _prepare(self, fields: Fields) -> Prepare:
        fields.byte()
        return Prepare(fields.lsn(), fields.lsn(), fields.time(), fields.oid(), fields.string())

    def _stream_prepare(self, fields: Fields) -> StreamPrepare:
        fields.byte()
        return StreamPrepare(fields.lsn(), fields.lsn(), fields.time(), fields.oid(), fields.string())

    def _commit_prepared(self, fields: Fields) -> CommitPrepared:
        fields.byte()
        return CommitPrepared(fields.lsn(), fields.lsn(), fields.time(), fields.oid(), fields.string())

    def _rollback_prepared(self, fields: Fields) -> RollbackPrepared:
        fields.byte()
        prepare_end, end = fields.lsn(), fields.lsn()
        prepared_at, rolled_back_at = fields.time(), fields.time()
        return RollbackPrepared(prepare_end, end, prepared_at, rolled_back_at, fields.oid(), fields.string())


_KINDS: dict[bytes, Callable[[PgOutputDecoder, Fields], PgOutputMessage]] = {
    b"B": PgOutputDecoder._begin,
    b"C": PgOutputDecoder._commit,
    b"O": PgOutputDecoder._origin,
    b"R": PgOutputDecoder._relation,
    b"Y": PgOutputDecoder._type,
    b"I": PgOutputDecoder._insert,
    b"U": PgOutputDecoder._update,
    b"D": PgOutputDecoder._delete,
    b"T": PgOutputDecoder._truncate,
    b"M": PgOutputDecoder._message,
    b"S": PgOutputDecoder._stream_start,
    b"E": PgOutputDecoder._stream_stop,
    b"c": PgOutputDecoder._stream_commit,
    b"A": PgOutputDecoder._stream_abort,
    b"b": PgOutputDecoder._begin_prepare,
    b"P": PgOutputDecoder._prepare,
    b"K": PgOutputDecoder._commit_prepared,
    b"r": PgOutputDecoder._rollback_prepared,
    b"p": PgOutputDecoder._stream_prepare,
}
