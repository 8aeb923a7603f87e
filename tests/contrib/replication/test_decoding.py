"""Decoding pgoutput, and what a server may send instead."""

from __future__ import annotations

import datetime
import struct
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah.adapt import Transformer
from howdah.protocol.messages import ProtocolViolation
from howdah_replication import (
    LSN,
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
    PgOutputDecoder,
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
from howdah_replication.decoding import _LIMITS
from howdah_replication.feedback import Progress
from howdah_replication.wire import WAL_HEADER, Keepalive

LSN1, LSN2 = LSN("0/16B3748"), LSN("1/2")
POSITIONS = struct.pack("!QQ", LSN1, LSN2)
#: One second after PostgreSQL's epoch.
TIME = struct.pack("!q", 1_000_000)
WHEN = datetime.datetime(2000, 1, 1, 0, 0, 1, tzinfo=datetime.timezone.utc)
XID = struct.pack("!I", 4_000_000_000)
NUMBER = 4_000_000_000

RELATION = Relation(
    77,
    "public",
    "zoo",
    ReplicaIdentity.DEFAULT,
    (Column("id", 23, -1, True), Column("name", 25, 7, False)),
)
TABLE = (
    b"R" + struct.pack("!I", 77) + b"public\0zoo\0d" + struct.pack("!H", 2)
    + b"\x01id\0" + struct.pack("!Ii", 23, -1)
    + b"\x00name\0" + struct.pack("!Ii", 25, 7)
)  # fmt: skip
OID = struct.pack("!I", 77)


def text(value: bytes) -> bytes:
    return b"t" + struct.pack("!i", len(value)) + value


def row(*values: bytes) -> bytes:
    return struct.pack("!H", len(values)) + b"".join(values)


ROW = row(text(b"7"), text(b"Hanno"))
KEY = row(b"b" + struct.pack("!ii", 4, 6), b"n")

#: Messages outside of streamed transactions, and what they are.
MESSAGES: list[tuple[bytes, Any]] = [
    (TABLE, RELATION),
    (b"B" + POSITIONS[:8] + TIME + XID, Begin(LSN1, WHEN, NUMBER)),
    (b"C\0" + POSITIONS + TIME, Commit(LSN1, LSN2, WHEN)),
    (b"O" + POSITIONS[:8] + b"elsewhere\0", Origin(LSN1, "elsewhere")),
    (b"Y" + XID + b"\0mood\0", Type(NUMBER, "pg_catalog", "mood")),
    (b"I" + OID + b"N" + ROW, Insert(RELATION, (7, "Hanno"))),
    (b"U" + OID + b"N" + row(text(b"7"), b"u"), Update(RELATION, (7, UNCHANGED))),
    (b"U" + OID + b"K" + KEY + b"N" + ROW, Update(RELATION, (7, "Hanno"), key=(6, None))),
    (b"U" + OID + b"O" + ROW + b"N" + ROW, Update(RELATION, (7, "Hanno"), old=(7, "Hanno"))),
    (b"D" + OID + b"K" + KEY, Delete(RELATION, key=(6, None))),
    (b"D" + OID + b"O" + ROW, Delete(RELATION, old=(7, "Hanno"))),
    (b"T" + struct.pack("!iB", 2, 3) + OID * 2, Truncate((RELATION, RELATION), True, True)),
    (b"T" + struct.pack("!iB", 1, 1) + OID, Truncate((RELATION,), True, False)),
    (b"M\1" + POSITIONS[:8] + b"note\0\0\0\0\2hi", LogicalMessage(True, LSN1, "note", b"hi")),
    (b"c" + XID + b"\0" + POSITIONS + TIME, StreamCommit(NUMBER, LSN1, LSN2, WHEN)),
    (b"A" + XID * 2, StreamAbort(NUMBER, NUMBER)),
    (b"A" + XID * 2 + POSITIONS[:8] + TIME, StreamAbort(NUMBER, NUMBER, LSN1, WHEN)),
    (b"b" + POSITIONS + TIME + XID + b"gid\0", BeginPrepare(LSN1, LSN2, WHEN, NUMBER, "gid")),
    (b"P\0" + POSITIONS + TIME + XID + b"gid\0", Prepare(LSN1, LSN2, WHEN, NUMBER, "gid")),
    (b"p\0" + POSITIONS + TIME + XID + b"gid\0", StreamPrepare(LSN1, LSN2, WHEN, NUMBER, "gid")),
    (b"K\0" + POSITIONS + TIME + XID + b"gid\0", CommitPrepared(LSN1, LSN2, WHEN, NUMBER, "gid")),
    (b"r\0" + POSITIONS + TIME * 2 + XID + b"gid\0", RollbackPrepared(LSN1, LSN2, WHEN, WHEN, NUMBER, "gid")),
]  # fmt: skip


def decoder() -> PgOutputDecoder:
    """Return a decoder that knows the table."""
    made = PgOutputDecoder(Transformer())
    made.decode(TABLE)
    return made


@pytest.mark.parametrize(("data", "message"), MESSAGES, ids=lambda each: type(each).__name__)
def test_every_kind(data: bytes, message: Any) -> None:
    assert decoder().decode(data) == message
    with pytest.raises(FrozenInstanceError):
        setattr(message, fields(message)[0].name, 1)


@pytest.mark.parametrize(("data", "message"), MESSAGES, ids=lambda each: type(each).__name__)
def test_cut_off_and_too_long(data: bytes, message: Any) -> None:
    known = decoder()
    for size in range(len(data)):
        # An abort is complete without its position.
        if not (isinstance(message, StreamAbort) and size == 9):
            with pytest.raises(ProtocolViolation):
                known.decode(data[:size])
    with pytest.raises(ProtocolViolation):
        known.decode(data + b"\0")


def test_messages_within_a_streamed_transaction_have_its_number() -> None:
    known = decoder()
    assert known.decode(b"S" + XID + b"\1") == StreamStart(NUMBER, True)
    with pytest.raises(ProtocolViolation, match="within another"):
        known.decode(b"S" + XID + b"\0")
    relation = known.decode(TABLE[:1] + XID + TABLE[1:])
    assert isinstance(relation, Relation) and relation.xid == NUMBER
    for data, message in MESSAGES:
        if isinstance(message, (Insert, Update, Delete, Truncate, LogicalMessage, Type)):
            decoded = known.decode(data[:1] + XID + data[1:])
            assert decoded.xid == NUMBER  # type: ignore[union-attr]
    assert known.decode(b"E") == StreamStop()
    with pytest.raises(ProtocolViolation, match="has not begun"):
        known.decode(b"E")
    assert known.decode(TABLE) == RELATION


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "ends within"),
        (b"?", "unknown kind"),
        (b"I" + XID + b"N" + ROW, "not been described"),
        (b"I" + OID + b"K" + ROW, "new row"),
        (b"D" + OID + b"N" + ROW, "deleted row"),
        (b"I" + OID + b"N" + row(b"n"), "1 columns, not 2"),
        (b"I" + OID + b"N" + row(b"n", b"x"), "unknown kind 'x'"),
        (b"I" + OID + b"N" + row(b"n", b"t" + struct.pack("!i", -1)), "ends within"),
        (b"I" + OID + b"N" + row(b"n", b"t" + struct.pack("!i", 1 << 30)), "ends within"),
        (b"T" + struct.pack("!iB", 0x7FFFFFFF, 0) + OID, "has no 2147483647 relations"),
        (b"T" + struct.pack("!iB", -1, 0), "has no -1 relations"),
        (TABLE.replace(b"zoo\0d", b"zoo\0?"), "replica identity"),
        (TABLE.replace(b"zoo", b"zo\xff"), "is not in utf-?8"),
        (b"B" + POSITIONS[:8] + struct.pack("!q", 1 << 62) + XID, "out of range"),
        (b"B" + POSITIONS[:8] + struct.pack("!q", -1 << 63) + XID, "out of range"),
    ],
)
def test_what_the_protocol_does_not_allow(data: bytes, match: str) -> None:
    with pytest.raises(ProtocolViolation, match=match):
        decoder().decode(data)


@pytest.mark.parametrize(("what", "limit"), [("relations", 2), ("columns", 4), ("bytes", 2 * len(TABLE))])
def test_how_much_is_described_is_limited(monkeypatch: pytest.MonkeyPatch, what: str, limit: int) -> None:
    monkeypatch.setitem(_LIMITS, what, limit)
    known = decoder()
    known.decode(TABLE[:1] + XID + TABLE[5:])
    for _ in range(3):  # the description of a relation takes the place of the one before
        known.decode(TABLE)
    with pytest.raises(ProtocolViolation, match=f"more than {limit} {what}"):
        known.decode(TABLE[:1] + struct.pack("!I", 5) + TABLE[5:])


def test_the_columns_of_a_relation_are_limited() -> None:
    described = b"R" + OID + b"zoo\0elephant\0d" + struct.pack("!H", 1665)
    with pytest.raises(ProtocolViolation, match="has 1665 columns"):
        decoder().decode(described + (b"\0x\0" + OID + XID) * 1665)


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    try:
        decoder().decode(data)
    except howdah.Error:
        pass


@given(st.sampled_from(MESSAGES), st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4))
def test_damaged_messages(message: tuple[bytes, Any], changes: list[tuple[int, int]]) -> None:
    data = bytearray(message[0])
    for place, byte in changes:
        data[place % len(data)] = byte
    known = decoder()
    for each in (bytes(data), b"I" + OID + b"N" + ROW):
        try:
            known.decode(each)
        except howdah.Error:
            pass


# What surrounds the messages


def progress(**given: Any) -> Progress:
    options: dict[str, Any] = {"interval": 10.0, "buffer_size": 100, "now": 0.0, "physical": False, **given}
    return Progress(LSN(options.pop("start", 0)), **options)


def wal(start: int, data: bytes = b"x", end: int = 0) -> bytes:
    return WAL_HEADER.pack(b"w", start, end or start, 0) + data


def keepalive(end: int, reply: bool = False) -> bytes:
    return Keepalive.pack(b"k", end, 0, reply)


def told(state: Progress, now: float = 0.0) -> tuple[int, ...]:
    """Return the positions that a status update tells: written, flushed, applied."""
    kind, *positions, _, _ = struct.unpack("!cQQQqB", state.status(now, 946_684_801.0))
    assert kind == b"r"
    return tuple(positions)


@pytest.mark.parametrize(
    "message",
    [b"", b"x", b"w", wal(1)[:24], b"k", keepalive(1) + b"\0", WAL_HEADER.pack(b"w", 1, 1, 1 << 62)],
)
def test_malformed_copy_data(message: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        progress().receive([message])


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_copy_data(messages: list[bytes]) -> None:
    try:
        progress().receive(messages)
    except howdah.Error:
        pass


def test_what_the_server_is_told() -> None:
    state = progress(start=5)
    assert told(state) == (5, 5, 5)
    state.receive([wal(10, end=30)])
    assert (state.server_lsn, state.buffered) == (30, 26)
    assert told(state) == (10, 5, 5)
    chunk = state.take()
    assert chunk is not None and (chunk.start, chunk.data) == (10, b"x")
    assert state.take() is None and state.empty
    # What was taken is not confirmed before anybody knows what the program has to confirm.
    state.receive([keepalive(15)])
    assert told(state) == (15, 5, 5)
    state.pending, state.delivering = LSN(12), False
    # It is not confirmed as long as the program has not confirmed what it has got.
    state.receive([keepalive(20)])
    assert told(state) == (20, 5, 5)
    state.confirm(LSN(12), applied=LSN(7))
    assert told(state) == (20, 20, 7)
    # Nor while something has arrived that the program has not taken.
    state.receive([keepalive(40), wal(50)])
    assert told(state) == (50, 20, 7)
    state.receive([keepalive(60)])
    assert told(state) == (60, 20, 7)


def test_when_the_server_is_told() -> None:
    state = progress()
    assert not state.due(9.9) and state.due(10.0) and state.time_left(4.0) == 6.0
    told(state, 10.0)
    assert not state.due(19.9) and state.time_left(30.0) == 0.0
    state.receive([keepalive(1)])
    assert not state.due(11.0)
    state.receive([keepalive(1, reply=True)])
    assert state.due(11.0) and state.time_left(11.0) == 0.0
    told(state, 11.0)
    assert not state.due(12.0)
    assert struct.unpack("!cQQQqB", state.status(0, 946_684_801.0, reply=True))[-2:] == (1_000_000, 1)


@pytest.mark.parametrize(("timeout", "interval"), [(0, 10.0), (60, 10.0), (30, 10.0), (6, 2.0), (0.0, 10.0)])
def test_the_server_is_told_before_it_takes_the_program_for_dead(timeout: float, interval: float) -> None:
    state = progress()
    state.limit_interval(timeout)
    assert state.time_left(0.0) == interval
    told(state, 5.0)
    assert state.time_left(5.0) == interval


def test_the_buffer_is_full_until_half_of_it_is_taken() -> None:
    state = progress(buffer_size=100)
    state.receive([wal(1), wal(2), wal(3)])
    assert not state.full
    state.receive([wal(4)])
    assert state.full
    state.take()
    state.take()
    assert state.full
    state.take()
    assert not state.full and state.buffered == 26


def test_a_physical_stream_has_received_what_it_has_got() -> None:
    state = progress(physical=True)
    state.receive([wal(10, b"xyz")])
    assert told(state) == (13, 0, 0)
