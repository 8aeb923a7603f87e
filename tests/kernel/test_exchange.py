"""The kinds of exchanges: what each keeps, and what its owner does with it, in both implementations."""

from __future__ import annotations

import ast
import re
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.io.operation import Stop
from howdah.pq import ExecStatus
from howdah.protocol.backend_messages import message
from howdah.protocol.exchange import CopyExchange
from howdah.protocol.messages import ProtocolViolation
from tests.kernel.test_native_wire import FIELDS, IMPLEMENTATIONS, KINDS, READY, error
from tests.servers import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import SimpleNamespace

    from howdah.io.operation import Operation

ROOT = Path(__file__).parents[2]
COPY_OUT, COPY_BOTH = message("H", b"\0\0\0"), message("W", b"\0\0\0")
DONE = message("c")
TAG = message("C", b"COPY 3\0")


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda implementation: implementation.name)
def impl(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Return one implementation after the other."""
    chosen: SimpleNamespace = request.param
    return chosen


def data(*bodies: bytes) -> bytes:
    """Return a CopyData message for each."""
    return b"".join([message("d", body) for body in bodies])


def sent(session: Any) -> bytes:
    """Take what is to be sent."""
    with session.output() as output:
        written = bytes(output)
    session.sent(len(written))
    return written


# What an owner does


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_takes_keywords_only_and_is_answered(impl: SimpleNamespace, kind: str) -> None:
    with pytest.raises(TypeError):
        getattr(impl, kind)(b"query")
    exchange, session = getattr(impl, kind)(), impl.Session()
    assert (exchange.pending, exchange.ready, exchange.done, exchange.error) == (0, False, False, None)
    exchange.raise_error()
    exchange.discard()
    session.execute(exchange)
    session.sync(exchange)
    session.feed(message("D", b"row") + TAG)
    assert not exchange.done and exchange.tags == [b"COPY 3"]
    session.feed(READY)
    assert exchange.done and exchange.ready
    session.sync(exchange)
    assert not exchange.done and not exchange.ready
    session.feed(error() + READY)
    with pytest.raises(howdah.Error, match="what happened"):
        exchange.raise_error()
    exchange.await_more()
    assert exchange.ready  # there is no more
    exchange.await_end()
    assert exchange.ready


@pytest.mark.parametrize("kind", KINDS)
def test_skipped(impl: SimpleNamespace, kind: str) -> None:
    told: list[str] = []
    exchange = getattr(impl, kind)()
    exchange.notify = lambda: told.append("ready")
    exchange.skip()
    assert exchange.aborted and exchange.done and exchange.ready and told == ["ready"]


def test_a_streaming_exchange_awaits_more_or_the_end(impl: SimpleNamespace) -> None:
    session, exchange = impl.Session(), impl.QueryExchange(fields=FIELDS, streaming=True)
    session.execute(exchange)
    session.sync(exchange)
    session.feed(message("D", b"1"))
    assert exchange.ready and exchange.rows == [b"1"]
    exchange.await_more()
    assert not exchange.ready
    session.feed(message("D", b"2"))
    assert exchange.ready and len(exchange.kept) == 2
    exchange.rows = []
    exchange.await_end()
    session.feed(message("D", b"3"))
    assert not exchange.ready and exchange.rows == [b"3"]
    session.feed(TAG + READY)
    assert exchange.ready and exchange.done


def test_what_does_not_keep_rows(impl: SimpleNamespace) -> None:
    session, counted, command = impl.Session(), impl.CountedExchange(), impl.Exchange()
    for exchange in (counted, command):
        session.execute(exchange)
        session.execute(exchange)
        session.sync(exchange)
        session.feed((message("D", b"row") + message("C", b"UPDATE 2\0")) * 2 + READY)
        assert exchange.done and len(exchange.kept) == 0
    assert (counted.affected, counted.tags, counted.results) == (4, [b"UPDATE 2"], [])
    assert command.tags == [b"UPDATE 2"] * 2
    assert [result.rows for result in command.results] == [[], []]


@pytest.mark.parametrize("streamed", ["rows", "copy"])
def test_what_has_come_in_is_kept_once(impl: SimpleNamespace, streamed: str) -> None:
    """An interruption may come while the owner is told."""
    session = impl.Session()

    def interrupt() -> None:
        raise KeyboardInterrupt

    if streamed == "rows":
        exchange = impl.QueryExchange(fields=FIELDS, streaming=True)
        session.execute(exchange)
        stream = message("D", b"1")
    else:
        exchange = impl.CopyExchange()
        session.query(exchange, b"COPY")
        session.feed(COPY_OUT)
        stream = data(b"1")
    exchange.notify = interrupt
    with pytest.raises(KeyboardInterrupt):
        session.feed(stream)
    exchange.notify = None
    session.feed(b"")
    assert len(exchange.kept) == 1 and exchange.ready


# COPY


def copy(impl: SimpleNamespace, begin: bytes, **arguments: Any) -> tuple[Any, Any]:
    """Return a session with a COPY that has begun, and its exchange."""
    session, exchange = impl.Session(), impl.CopyExchange(**arguments)
    session.query(exchange, b"COPY")
    sent(session)
    session.feed(begin)
    assert exchange.ready and exchange.copy_begun is exchange.copy
    exchange.await_more()
    return session, exchange


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_messages_are_kept_apart(impl: SimpleNamespace, size: int) -> None:
    session, exchange = copy(impl, COPY_OUT, keep_messages=True)
    bodies = [b"a", b"", b"b" * 100, b"c" * 300_000, b"d"]
    stream = data(*bodies) + DONE + TAG + READY
    step = size if size > 1 else len(stream)
    for start in range(0, len(stream), step):
        session.feed(stream[start : start + step])
    assert exchange.copied == bodies and len(exchange.kept) == 5
    assert exchange.done and exchange.tags == [b"COPY 3"]


def test_messages_may_become_one_chunk(impl: SimpleNamespace) -> None:
    session, exchange = copy(impl, COPY_OUT)
    session.feed(data(b"a", b"b") + DONE + TAG + READY)
    assert b"".join(exchange.copied) == b"ab" and exchange.done


def test_a_message_behind_copy_data_that_is_too_long(impl: SimpleNamespace) -> None:
    session, exchange = copy(impl, COPY_OUT, keep_messages=True)
    with pytest.raises(ProtocolViolation, match="impossible length"):
        session.feed(data(b"a", b"b") + b"d\x7f\xff\xff\xff")
    assert exchange.copied == [b"a", b"b"]


# COPY in both directions


def test_both_directions_at_once(impl: SimpleNamespace) -> None:
    session, exchange = copy(impl, COPY_BOTH, keep_messages=True)
    assert exchange.copy.direction == ExecStatus.COPY_BOTH
    session.feed(data(b"in 1"))
    assert exchange.ready and exchange.copied == [b"in 1"]
    session.copy_data(b"out 1")
    assert sent(session) == data(b"out 1")
    exchange.discard()
    exchange.await_more()
    session.feed(data(b"in 2", b"in 3"))
    session.copy_data(b"out 2")
    assert sent(session) == data(b"out 2")
    assert exchange.ready and exchange.copied == [b"in 2", b"in 3"]


def test_the_client_ends_its_direction_first(impl: SimpleNamespace) -> None:
    session, exchange = copy(impl, COPY_BOTH)
    session.copy_done(exchange)
    assert sent(session) == DONE
    assert exchange.copy.direction == ExecStatus.COPY_OUT
    session.feed(data(b"late"))
    assert exchange.copied == [b"late"]
    # The tag of the stream, and that of the command.
    session.feed(DONE + message("C", b"START_STREAMING\0") + message("C", b"START_REPLICATION\0") + READY)
    assert exchange.done and exchange.error is None and exchange.copy is None
    assert exchange.copy_begun.direction == ExecStatus.COPY_BOTH
    assert exchange.tags == [b"START_STREAMING", b"START_REPLICATION"]


def test_the_server_ends_its_direction_first(impl: SimpleNamespace) -> None:
    session, exchange = copy(impl, COPY_BOTH)
    session.feed(DONE)
    assert exchange.ready and not exchange.done
    assert exchange.copy.direction == ExecStatus.COPY_IN
    session.copy_data(b"the rest")
    session.copy_done(exchange)
    assert sent(session) == data(b"the rest") + DONE and not exchange.ready
    session.feed(TAG + READY)
    assert exchange.done and exchange.error is None


@pytest.mark.parametrize("more", [data(b"more"), DONE])
@pytest.mark.parametrize(
    ("begin", "end"), [(COPY_BOTH, DONE), (message("G", b"\0\0\0"), b"")], ids=["both", "in"]
)
def test_nothing_comes_of_a_direction_that_is_closed(
    impl: SimpleNamespace, begin: bytes, end: bytes, more: bytes
) -> None:
    session, _ = copy(impl, begin)
    session.feed(end)
    with pytest.raises(ProtocolViolation, match="into one that goes in"):
        session.feed(more)


def test_an_error_ends_both_directions(impl: SimpleNamespace) -> None:
    session, exchange = copy(impl, COPY_BOTH)
    session.feed(data(b"1") + error() + READY)
    assert exchange.done and exchange.copy is None and exchange.error is not None
    assert exchange.copied == [b"1"]


@pytest.mark.parametrize("kind", ["Exchange", "QueryExchange", "CountedExchange"])
def test_both_directions_are_refused_unless_wanted(impl: SimpleNamespace, kind: str) -> None:
    session, exchange = impl.Session(), getattr(impl, kind)()
    session.query(exchange, b"START_REPLICATION")
    sent(session)
    session.feed(COPY_BOTH + data(b"1"))
    assert sent(session) == DONE
    assert not exchange.ready
    session.feed(data(b"2") + DONE + TAG + READY)
    assert exchange.done and len(exchange.kept) == 0
    with pytest.raises(howdah.ProgrammingError, match="COPY cannot be used with execute"):
        exchange.raise_error()


# A real server


def copy_out(conn: Any, query: bytes, chunks: list[bytes]) -> Operation[CopyExchange]:
    """Copy out with the boundaries of messages kept."""
    session = yield from conn.cursor().kernel.start_statement()
    exchange = CopyExchange(query=query, keep_messages=True)
    session.query(exchange, query)
    while not exchange.done:
        exchange.await_more()
        yield exchange
        chunks += exchange.copied
        exchange.discard()
    exchange.raise_error()
    return exchange


SIZES = [1, 100, 8192, 65_531, 65_536, 70_000, 300_000, 5, 1_000_000, 3]
#: Rows larger than the receive buffer, and thousands of small ones in between.
ROWS = f"""COPY (
    SELECT repeat('x', CASE WHEN i % 500 = 0 THEN (ARRAY{SIZES})[i / 500] ELSE i % 20 END)
    FROM generate_series(1, 5000) AS i
) TO STDOUT""".encode()


def check_rows(exchange: CopyExchange, chunks: list[bytes]) -> None:
    """Check that each row is one chunk."""
    assert exchange.tags == [b"COPY 5000"]
    assert [len(chunk) - 1 for chunk in chunks] == [
        i % 20 if i % 500 else SIZES[i // 500 - 1] for i in range(1, 5001)
    ]
    assert all(chunk.endswith(b"\n") and chunk.count(b"\n") == 1 for chunk in chunks)


def test_each_row_is_a_chunk(conn: Any) -> None:
    chunks: list[bytes] = []
    check_rows(conn.kernel.wait(copy_out(conn, ROWS, chunks)), chunks)


@pytest.mark.anyio
async def test_each_row_is_a_chunk_async(aconn: Any) -> None:
    chunks: list[bytes] = []
    check_rows(await aconn.kernel.wait(copy_out(aconn, ROWS, chunks)), chunks)


@pytest.fixture(scope="module")
def replicated() -> Iterator[Server]:
    """Return a server that sends replications."""
    with Server(settings={"max_wal_senders": "2", "wal_level": "replica"}) as server:
        yield server


@pytest.fixture
def walsender(replicated: Server) -> Iterator[Any]:
    """Return a connection to a server that sends a replication."""
    with howdah.connect(replicated.dsn, replication="database", autocommit=True) as conn:
        yield conn


def replicate(conn: Any, query: bytes, *, stop: bool) -> Operation[CopyExchange]:
    """Begin a replication, ask for a sign of life and get it, and end it."""
    session = yield from conn.cursor().kernel.start_statement()
    exchange = CopyExchange(query=query, keep_messages=True)
    session.query(exchange, query)
    yield exchange
    exchange.raise_error()
    session.copy_data(b"r" + struct.pack("!QQQQB", 0, 0, 0, 0, 1))
    while not any(chunk.startswith(b"k") for chunk in exchange.copied):
        exchange.await_more()
        yield exchange
        exchange.raise_error()
    if stop:
        yield Stop(exchange)
        return exchange
    session.copy_done(exchange)
    while not exchange.done:
        exchange.await_more()
        yield exchange
    return exchange


@pytest.mark.parametrize("stop", [False, True], ids=["ended", "stopped"])
def test_a_replication(walsender: Any, stop: bool) -> None:
    position = walsender.execute("IDENTIFY_SYSTEM").fetchone()[2]
    query = b"START_REPLICATION PHYSICAL " + position.encode()
    exchange = walsender.kernel.wait(replicate(walsender, query, stop=stop))
    assert exchange.done and exchange.copy_begun.direction == ExecStatus.COPY_BOTH
    assert (exchange.error is None) is not stop
    assert walsender.execute("SELECT 1").fetchone() == (1,)


def test_a_replication_is_no_copy(walsender: Any) -> None:
    position = walsender.execute("IDENTIFY_SYSTEM").fetchone()[2]
    query = f"START_REPLICATION PHYSICAL {position}"
    with pytest.raises(howdah.ProgrammingError, match="COPY cannot be used with execute"):
        walsender.execute(query)
    with (
        pytest.raises(howdah.ProgrammingError, match="this statement is none"),
        walsender.cursor().copy(query),
    ):
        pass
    assert walsender.execute("SELECT 1").fetchone() == (1,)


# The rule


def test_only_the_protocol_says_when_an_exchange_is_ready_or_done() -> None:
    """Others have `await_more`, `await_end` and `skip` for it."""
    found = []
    for folder in ("core", "plugins", "contrib"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "protocol" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                stored = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
                if stored and node.attr in ("ready", "done"):
                    found.append(f"{path}:{node.lineno}")
        for path in sorted((ROOT / folder).rglob("*.p[xy][xid]")):
            if path.name in ("exchange.pyx", "wire.pyx"):
                continue
            lines = path.read_text().splitlines()
            assigned = re.compile(r"exchange\.(ready|done) = ")
            found += [f"{path}:{number}" for number, line in enumerate(lines, 1) if assigned.search(line)]
    assert not found
