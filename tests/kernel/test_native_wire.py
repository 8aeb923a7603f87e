"""Sessions in both implementations: they send the same bytes, and give the same results and errors."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import struct
import sys
import weakref
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import howdah.native.implementation
from howdah.adapt import parameters as python_parameters
from howdah.adapt import rowdecoder
from howdah.adapt.base import Loader
from howdah.errors import DataError, OperationalError
from howdah.pq import ExecStatus, TransactionStatus
from howdah.protocol import backend_messages
from howdah.protocol.backend_messages import message, notification_response
from howdah.protocol.exchange import Step
from howdah.protocol.messages import ProtocolViolation
from tests.kernel import codecs
from tests.kernel.test_row_decoding import data_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def load_module(name: str, implementation: str) -> ModuleType:
    """Return a copy of a module, made as if this were the implementation."""
    importlib.import_module(name)  # lest what it imports were made so too
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with mock.patch.object(howdah.native.implementation, "IMPLEMENTATION", implementation):
        spec.loader.exec_module(module)
    return module


KINDS = ("Exchange", "QueryExchange", "CountedExchange", "CopyExchange", "FunctionCallExchange")


def implementation(name: str, decoder: type[Any], parameters: type[Any]) -> SimpleNamespace:
    """Return the classes that work together in an implementation."""
    exchanges = load_module("howdah.protocol.exchange", name)
    return SimpleNamespace(
        name=name,
        Session=load_module("howdah.protocol.session", name).Session,
        **{kind: getattr(exchanges, kind) for kind in KINDS},
        RowDecoder=decoder,
        EncodedParams=parameters,
    )


PYTHON = implementation("python", rowdecoder.RowDecoder, python_parameters.EncodedParams)
IMPLEMENTATIONS = [PYTHON]
try:
    from howdah.native import adapters

    NATIVE = implementation("native", adapters.RowDecoder, adapters.EncodedParams)
except ImportError:
    NATIVE = PYTHON
else:
    IMPLEMENTATIONS.append(NATIVE)

native = pytest.mark.skipif(NATIVE is PYTHON, reason="the native core is not built")


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda implementation: implementation.name)
def impl(request: pytest.FixtureRequest) -> SimpleNamespace:
    """Return one implementation after the other."""
    chosen: SimpleNamespace = request.param
    return chosen


def error(code: str = "E", sqlstate: str = "22012") -> bytes:
    """Return an ErrorResponse or NoticeResponse."""
    return message(code, b"SERROR\0C" + sqlstate.encode() + b"\0Mwhat happened\0\0")


def row_description(*columns: tuple[str, int]) -> bytes:
    """Return a RowDescription of columns with names and type oids."""
    return backend_messages.row_description(*columns, format=1)


class Faulty(Loader):
    """Cannot load what begins with an x."""

    def load(self, data: Any) -> Any:
        """Return the data as text."""
        if bytes(data[:1]) == b"x":
            raise DataError("it begins with an x")
        return bytes(data).decode("latin-1")


READY = message("Z", b"I")
BOUND = message("2")
PARSED = message("1")
FIELDS = ("id", "name")
DESCRIBED = row_description(("id", 23), ("name", 25))
DECODERS: dict[str, Callable[[SimpleNamespace], Any]] = {
    "none": lambda impl: None,
    "row decoder": lambda impl: impl.RowDecoder([codecs.make_loader(1, "int4", _int4), Faulty(25)]),
    "other decoder": lambda impl: SimpleNamespace(decode=lambda body: (len(body), body[-1])),
}


def _int4(self: Any, data: bytes) -> int:
    (value,) = struct.unpack("!i", data)
    return int(value)


rows = st.lists(
    st.tuples(
        st.none() | st.integers(-(2**31), 2**31 - 1).map(lambda i: struct.pack("!i", i)),
        st.none() | st.binary(max_size=30),
    ).map(lambda values: message("D", data_row(*values))),
    max_size=6,
).map(b"".join)
tags = st.sampled_from([message("C", b"SELECT 1\0"), message("C", b"INSERT 0 2\0")])
ends = st.sampled_from(["I", "T", "E"]).map(lambda status: message("Z", status.encode()))
strays = st.sampled_from(
    [
        b"",
        error("N"),
        notification_response(7, "channel", "payload"),
        message("S", b"TimeZone\0Etc/UTC\0"),
    ]
)
decoders = st.sampled_from(sorted(DECODERS))

# What is asked, and what the server answers: pairs of a function that writes to a session, and bytes.


@st.composite
def prepared(draw: st.DrawFn) -> tuple[Callable[[SimpleNamespace, Any], Any], bytes]:
    """Run a prepared statement."""
    decoder, streaming, limit = draw(decoders), draw(st.booleans()), draw(st.sampled_from([0, 5]))
    values = draw(st.none() | st.lists(st.none() | st.binary(max_size=9), max_size=3))
    formats = draw(st.sampled_from([[], [1], [0, 1], (1,), [0]]))
    fields = draw(st.sampled_from([None, FIELDS]))

    def write(impl: SimpleNamespace, session: Any) -> Any:
        exchange = impl.QueryExchange(fields=fields, decoder=DECODERS[decoder](impl), streaming=streaming)
        parameters = None
        if values is not None:
            parameters = impl.EncodedParams([17] * len(values), [1] * len(values), values)
        session.bind(exchange, b"p", b"statement", parameters, formats)
        session.execute(exchange, b"p", limit)
        session.sync(exchange)
        return exchange

    answer = draw(
        st.tuples(strays, rows, strays, st.one_of(tags, st.just(message("s")), st.just(message("I")))).map(
            b"".join
        )
    )
    return write, draw(st.sampled_from([BOUND + answer, BOUND + answer[:0] + error(), error()])) + draw(ends)


@st.composite
def unprepared(draw: st.DrawFn) -> tuple[Callable[[SimpleNamespace, Any], Any], bytes]:
    """Run a statement that is parsed and described along with it."""
    decoder = draw(decoders)

    def write(impl: SimpleNamespace, session: Any) -> Any:
        exchange = impl.QueryExchange(query=b"SELECT", describe=lambda fields: DECODERS[decoder](impl))
        session.parse(exchange, b"", b"SELECT", [23])
        session.bind(exchange, b"", b"", SimpleNamespace(values=[b"1", None], formats=[0, 0]))
        session.describe_portal(exchange)
        session.execute(exchange)
        session.sync(exchange)
        return exchange

    parts = [PARSED, BOUND, draw(st.sampled_from([DESCRIBED, message("n")])), draw(rows) + draw(tags)]
    place = draw(st.integers(0, 8))
    if place < 4:
        parts[place:] = [error()]
    return write, b"".join(parts) + draw(ends)


@st.composite
def scripts(draw: st.DrawFn) -> tuple[Callable[[SimpleNamespace, Any], Any], bytes]:
    """Run several statements by the simple protocol."""
    decoder = draw(decoders)

    def write(impl: SimpleNamespace, session: Any) -> Any:
        exchange = impl.QueryExchange(query=b"SELECT", describe=lambda fields: DECODERS[decoder](impl))
        session.query(exchange, b"SELECT; SELECT")
        return exchange

    part = st.one_of(
        st.tuples(st.just(DESCRIBED), rows, strays, tags).map(b"".join),
        tags,
        st.just(message("I")),
        st.just(
            message("H", b"\0\0\1\0\0") + message("d", b"1\t2\n") + message("c") + message("C", b"COPY 1\0")
        ),
    )
    parts = draw(st.lists(part, max_size=3))
    return write, b"".join(parts) + draw(st.sampled_from([b"", error()])) + draw(ends)


@st.composite
def counted(draw: st.DrawFn) -> tuple[Callable[[SimpleNamespace, Any], Any], bytes]:
    """Run a statement several times, and count its rows."""
    times = draw(st.integers(1, 3))

    def write(impl: SimpleNamespace, session: Any) -> Any:
        exchange = impl.CountedExchange(query=b"UPDATE")
        for _ in range(times):
            session.bind(exchange, b"", b"", None)
            session.execute(exchange)
        session.sync(exchange)
        return exchange

    answers = [BOUND + draw(rows) + draw(tags) for _ in range(times)]
    return write, b"".join(answers) + draw(ends)


@st.composite
def copies(draw: st.DrawFn) -> tuple[Callable[[SimpleNamespace, Any], Any], bytes]:
    """Copy, with an owner that deals with it or without."""
    kind = draw(st.sampled_from(["Exchange", "QueryExchange", "CopyExchange"]))
    arguments = {"keep_messages": True} if kind == "CopyExchange" and draw(st.booleans()) else {}
    simple = draw(st.booleans())

    def write(impl: SimpleNamespace, session: Any) -> Any:
        exchange = getattr(impl, kind)(query=b"COPY", **arguments)
        if simple:
            session.query(exchange, b"COPY")
        else:
            session.execute(exchange)
            session.sync(exchange)
        return exchange

    data = st.binary(max_size=20).map(lambda body: message("d", body))
    begin = message(draw(st.sampled_from("GHW")), b"\0\0\1\0\0")
    parts = [begin, *draw(st.lists(data | strays, max_size=6)), draw(st.sampled_from([b"", message("c")]))]
    parts += draw(st.lists(data, max_size=1))
    parts.append(draw(st.sampled_from([message("C", b"COPY 1\0"), error()])))
    return write, b"".join(parts) + draw(ends)


@st.composite
def function_calls(draw: st.DrawFn) -> tuple[Callable[[SimpleNamespace, Any], Any], bytes]:
    """Call a function."""

    def write(impl: SimpleNamespace, session: Any) -> Any:
        exchange = impl.FunctionCallExchange()
        session.function_call(exchange, 1, [b"argument", None])
        return exchange

    value = draw(st.none() | st.binary(max_size=10))
    size = b"\xff\xff\xff\xff" if value is None else struct.pack("!i", len(value))
    return write, draw(st.sampled_from([message("V", size + (value or b"")), error()])) + draw(ends)


Conversation: TypeAlias = "list[tuple[Callable[[SimpleNamespace, Any], Any], bytes]]"
kinds = st.one_of(prepared(), unprepared(), scripts(), counted(), copies(), function_calls())
conversations = st.lists(kinds, min_size=1, max_size=4)
# Bytes to write over those of a good stream, at a place relative to its length.
damages = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=3)
cuts = st.lists(st.floats(0, 1), max_size=8)


def pieces(data: bytes, cuts: Sequence[float]) -> Iterator[bytes]:
    """Yield the data in pieces, cut at places relative to its length."""
    start = 0
    for cut in [*sorted(cuts), 1]:
        end = round(len(data) * cut)
        yield data[start:end]
        start = end


def receive(session: Any, data: bytes) -> None:
    """Have a session receive data into its own buffer."""
    while data:
        with session.receive_buffer() as buffer:
            size = min(len(data), len(buffer))
            buffer[:size] = data[:size]
        session.received(size)
        data = data[size:]


#: What single kinds of exchanges have.
OWN_ATTRIBUTES = ("rows", "failure", "streaming", "parameter_oids", "begins", "affected", "tag", "copy_begun")


def copied(exchange: Any) -> Any:
    """Return the COPY data, and the value of a function call."""
    chunks = getattr(exchange, "copied", [])
    kept = chunks if getattr(exchange, "keep_messages", False) else b"".join(chunks)
    value = getattr(exchange, "value", None)
    return kept, value if value is None else bytes(value)


def state(session: Any, exchanges: Sequence[Any]) -> Any:
    """Return all that can be seen of a session and of its exchanges."""
    head = session.head()
    described = [
        (
            [(r.status, r.fields, r.rows, r.tag, repr(r.failure), r.copy, r.suspended) for r in e.results],
            (repr(e.error), e.aborted, e.copy, e.owes_sync, e.pending, e.ready, e.done, e.query),
            (e.fields, e.tags, e.kept if getattr(e, "keep_messages", True) else None),
            [repr(getattr(e, name, None)) for name in OWN_ATTRIBUTES],
            copied(e),
        )
        for e in exchanges
    ]
    with session.output() as output:
        unsent = bytes(output)
    return (
        (session.transaction_status, session.skipping, session.parameters, repr(session.lost)),
        (None if head is None else (head[0].name, exchanges.index(head[1])), unsent, session.output_size),
        described,
    )


def play(
    impl: SimpleNamespace,
    writes: Sequence[Callable[[SimpleNamespace, Any], Any]],
    stream: bytes,
    cuts: Sequence[float],
    into_buffer: bool,
) -> list[Any]:
    """Return the states that a session goes through, up to the error if there is one."""
    session = impl.Session()
    told: list[Any] = []
    session.on_notice = session.on_notification = told.append
    exchanges: list[Any] = []
    for write in writes:
        exchange = write(impl, session)
        if not hasattr(exchange, "copied"):  # of several messages with COPY data, their owner is told at once
            exchange.notify = lambda: told.append("ready")
        exchanges.append(exchange)
    states = [state(session, exchanges)]
    for piece in pieces(stream, cuts):
        try:
            if into_buffer:
                receive(session, piece)
            else:
                session.feed(piece)
        except Exception as e:
            states.append((type(e), str(e)))
            break
        finally:
            states.append(state(session, exchanges))
    return [*states, told]


@native
@given(conversations, cuts, st.booleans())
def test_conversations_in_any_pieces(
    conversation: Conversation,
    cuts: list[float],
    into_buffer: bool,
) -> None:
    writes = [write for write, _ in conversation]
    stream = b"".join([answer for _, answer in conversation])
    expected = play(PYTHON, writes, stream, cuts, into_buffer)
    assert play(NATIVE, writes, stream, cuts, into_buffer) == expected


@native
@given(conversations, damages, cuts, st.booleans())
def test_damaged_conversations(
    conversation: Conversation,
    damages: list[tuple[float, bytes]],
    cuts: list[float],
    into_buffer: bool,
) -> None:
    writes = [write for write, _ in conversation]
    stream = bytearray().join([answer for _, answer in conversation])
    for place, data in damages:
        start = round(place * len(stream))
        stream[start : start + len(data)] = data
    expected = play(PYTHON, writes, bytes(stream), cuts, into_buffer)
    assert play(NATIVE, writes, bytes(stream), cuts, into_buffer) == expected


@native
@given(st.lists(kinds, max_size=2), st.binary(max_size=60), cuts)
@example([], message("D", b"\0\0"), [])
@example([], message("E", b"\0"), [])
def test_garbage(conversation: Conversation, garbage: bytes, cuts: list[float]) -> None:
    writes = [write for write, _ in conversation]
    assert play(NATIVE, writes, garbage, cuts, False) == play(PYTHON, writes, garbage, cuts, False)


@native
@given(
    st.binary(max_size=4),
    st.binary(max_size=4),
    st.none() | st.lists(st.none() | st.binary(max_size=5) | st.just(bytearray(b"1")), max_size=3),
    st.lists(st.integers(-1, 70000), max_size=3),
    st.integers(-2, 2**32 + 1),
)
@example(b"", b"", [memoryview(bytes(8)).cast("i")], [], 0)
def test_bind_and_execute(
    portal: bytes, statement: bytes, values: list[Any] | None, formats: list[int], limit: int
) -> None:
    def attempt(impl: SimpleNamespace) -> Any:
        session, exchange = impl.Session(), impl.Exchange()
        parameters = None if values is None else SimpleNamespace(values=values, formats=[0] * len(values))
        try:
            session.bind(exchange, portal, statement, parameters, formats)
        except Exception as e:
            return type(e), str(e), state(session, [exchange])
        try:
            session.execute(exchange, portal, limit)
        except OverflowError:
            return OverflowError, state(session, [exchange])
        return state(session, [exchange])

    assert attempt(NATIVE) == attempt(PYTHON)


def begun(impl: SimpleNamespace, **arguments: Any) -> tuple[Any, Any]:
    """Return a session that has sent Execute and Sync, and their exchange."""
    session = impl.Session()
    exchange = impl.QueryExchange(fields=FIELDS, **arguments)
    session.execute(exchange)
    session.sync(exchange)
    return session, exchange


def test_what_follows_an_error_is_aborted_until_sync(impl: SimpleNamespace) -> None:
    session = impl.Session()
    exchange = impl.QueryExchange(fields=FIELDS)
    session.execute(exchange)
    session.feed(error())
    assert session.skipping and exchange.done
    late = impl.Exchange()
    session.execute(late)
    assert late.aborted and late.done and late.ready and not late.pending
    session.expect(Step.SYNC, late)
    assert late.pending == 1 and not session.skipping


def test_what_is_written_behind_a_sync_is_not_skipped(impl: SimpleNamespace) -> None:
    session, exchange = begun(impl)
    session.feed(error())
    assert not session.skipping and not exchange.done
    late = impl.Exchange()
    session.execute(late)
    assert not late.aborted and late.pending == 1
    session.feed(READY)
    assert exchange.done and not late.done


def test_thousands_of_steps(impl: SimpleNamespace) -> None:
    session = impl.Session()
    exchanges = [impl.Exchange() for _ in range(1000)]
    for exchange in exchanges[:700]:
        session.sync(exchange)
    session.feed(READY * 500)
    for exchange in exchanges[700:]:
        session.sync(exchange)
    assert [exchange.done for exchange in exchanges] == [True] * 500 + [False] * 500
    assert session.head() == (Step.SYNC, exchanges[500])
    session.feed(READY * 500)
    assert all(exchange.done for exchange in exchanges)
    assert session.head() is None
    with pytest.raises(IndexError):
        session.settle()


def test_steps_that_do_not_exist() -> None:
    session = NATIVE.Session()
    if NATIVE is not PYTHON:
        with pytest.raises(ValueError, match="not a step"):
            session.expect(9, NATIVE.Exchange())
    assert session.head() is None


def test_a_message_is_consumed_before_its_handler_raises(impl: SimpleNamespace) -> None:
    session, exchange = begun(impl)

    def fail(fields: Any) -> None:
        raise ZeroDivisionError

    session.on_notice = fail
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            session.feed(error("N") + message("C", b"SELECT 0\0")[:3])
        session.on_notice = None
        session.feed(message("C", b"SELECT 0\0")[3:] + READY)
        assert exchange.done and exchange.results[0].tag == b"SELECT 0"
        session, exchange = begun(impl)
        session.on_notice = fail


def test_a_handler_may_go_on_with_the_session(impl: SimpleNamespace) -> None:
    session, exchange = begun(impl)
    inner = impl.QueryExchange(fields=FIELDS)

    def go_on(fields: Any) -> None:
        session.execute(inner)
        session.sync(inner)
        # The rest of the first answer has come already, the second one comes now.
        receive(session, message("D", b"second") * 30000 + message("C", b"SELECT 2\0") + READY)
        assert exchange.done and inner.done

    session.on_notice = go_on
    session.feed(
        message("D", b"first") + error("N") + message("D", b"first") + message("C", b"SELECT 1\0") + READY
    )
    assert [(result.tag, len(result.rows)) for result in exchange.results] == [(b"SELECT 1", 2)]
    assert [(result.tag, len(result.rows)) for result in inner.results] == [(b"SELECT 2", 30000)]


def test_what_loads_values_cannot_use_the_session(impl: SimpleNamespace) -> None:
    class Entering(Loader):
        def load(self, data: Any) -> Any:
            with pytest.raises(RuntimeError):
                session.feed(message("D", data_row(b"3")) * 10000)
            with pytest.raises(RuntimeError):
                session.receive_buffer()
            with pytest.raises(RuntimeError):
                session.received(0)
            return bytes(data)

    session, exchange = begun(impl, decoder=impl.RowDecoder([Entering(25)]))
    session.feed(message("D", data_row(b"1")) + message("D", data_row(b"2")))
    assert exchange.rows == [(b"1",), (b"2",)]


@pytest.mark.parametrize("keeping", [False, True])
def test_after_an_interruption_no_row_is_decoded(impl: SimpleNamespace, keeping: bool) -> None:
    class Interrupted(Loader):
        times = 0

        def load(self, data: Any) -> Any:
            Interrupted.times += 1
            if self.times == 2:
                raise KeyboardInterrupt
            return bytes(data)

    session, exchange = begun(impl, decoder=impl.RowDecoder([Interrupted(25)]))
    exchange.keeping = keeping
    rows = [data_row(b"%d" % number) for number in range(4)]
    with pytest.raises(KeyboardInterrupt) as caught:
        session.feed(b"".join([message("D", row) for row in rows]) + message("C", b"SELECT 4\0"))
    session.feed(READY)
    result = exchange.results[0]
    assert exchange.done and exchange.error is None and result.tag == b"SELECT 4"
    assert result.rows == [(b"0",), *(rows[1:] if keeping else [])]
    assert result.failure is (None if keeping else caught.value)
    assert Interrupted.times == 2


def test_a_message_interrupted_elsewhere_is_processed_again(impl: SimpleNamespace) -> None:
    session, exchange = begun(impl)
    interruptions = 0

    def parameter(name: str, value: str) -> None:
        nonlocal interruptions
        interruptions += 1
        if interruptions == 1:
            raise KeyboardInterrupt

    session.on_parameter = parameter
    with pytest.raises(KeyboardInterrupt):
        session.feed(message("S", b"a\0b\0") + message("D", b"row") + message("C", b"SELECT 1\0"))
    session.feed(READY)
    assert exchange.done and exchange.results[0].rows == [b"row"]
    assert interruptions == 2


def test_the_output_lent_does_not_change(impl: SimpleNamespace) -> None:
    session, _ = begun(impl)
    output = session.output()
    content = bytes(output)
    with contextlib.suppress(BufferError):
        session.write(b"x" * 100000)
    assert bytes(output) == content
    output.release()


@native
def test_the_output_stays_where_it_is_while_it_is_lent() -> None:
    session, exchange = begun(NATIVE)
    with session.output() as output:
        content = bytes(output)
        uses: list[Callable[[], object]] = [
            lambda: session.write(b"x" * 100000),
            lambda: session.sync(exchange),
            lambda: session.execute(exchange),
            lambda: session.bind(exchange, b"", b"", None),
            lambda: session.sent(1),
        ]
        for use in uses:
            with pytest.raises(BufferError):
                use()
        assert bytes(output) == content
        assert output.readonly
    session.sent(3)
    with session.output() as output:
        assert bytes(output) == content[3:]


@native
def test_the_input_stays_where_it_is_while_it_is_lent() -> None:
    session, exchange = begun(NATIVE)
    view = session.receive_buffer()
    size = len(view)
    with pytest.raises(BufferError):
        session.feed(bytes(10 * size))
    with pytest.raises(ValueError, match="cannot have come"):
        session.received(size + 1)
    with pytest.raises(ValueError, match="cannot have come"):
        session.received(-1)
    whole = message("D", bytes(size))
    view[:] = whole[:size]
    session.received(size)
    with pytest.raises(BufferError):
        session.receive_buffer()
    del session
    view[:] = bytes(size)  # the memory belongs to the view, too
    assert not exchange.rows


@native
def test_room_for_a_large_answer_is_there_after_a_large_one() -> None:
    session = NATIVE.Session()

    def room() -> int:
        with session.receive_buffer() as buffer:
            return len(buffer)

    def answer(size: int) -> None:
        exchange = NATIVE.QueryExchange(decoder=NATIVE.RowDecoder([None]))
        session.execute(exchange)
        session.sync(exchange)
        receive(session, message("D", data_row(bytes(size))) + message("C", b"SELECT 1\0") + READY)
        assert exchange.done

    small = room()
    assert small < 10_000
    for _ in range(2):
        answer(100_000)
        assert room() > 200_000
        for _ in range(15):
            answer(10)
            assert room() > 200_000
    answer(10)
    answer(10)
    assert room() == small


def test_what_is_sent_is_taken_off_the_output(impl: SimpleNamespace) -> None:
    session = impl.Session()
    data = bytes(range(256)) * 1000
    session.write(bytearray(data))
    session.sent(1000)
    session.write(memoryview(data))
    session.sent(len(data) - 2000)
    assert session.output_size == len(data) + 1000
    with session.output() as output:
        assert bytes(output) == data[-1000:] + data
    session.sent(session.output_size)
    assert session.output_size == 0
    with session.output() as output:
        assert bytes(output) == b""
    with pytest.raises(TypeError):
        session.write("text")


@native
def test_memory_follows_what_comes_in_and_not_what_is_promised() -> None:
    session, _ = begun(NATIVE)
    receive(session, b"D" + struct.pack("!I", 0x3FFFFFFF) + bytes(100000))
    with session.receive_buffer() as buffer:
        assert len(buffer) < 200000


@native
def test_memory_of_a_huge_message_is_given_back() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")
    session, exchange = begun(NATIVE)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        receive(session, message("D", bytes(30_000_000)))
        assert len(exchange.rows[0]) == 30_000_000
        exchange.rows.clear()
        receive(session, message("C", b"SELECT 1\0") + READY)
        session.write(bytes(30_000_000))
        assert tracemalloc.get_traced_memory()[0] - before > 30_000_000
        session.sent(session.output_size)
        assert tracemalloc.get_traced_memory()[0] - before < 300_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("length", [0, 3, 0x40000000, 0xFFFFFFFF])
def test_lengths_that_cannot_be(impl: SimpleNamespace, length: int) -> None:
    session, _ = begun(impl)
    with pytest.raises(ProtocolViolation, match=f"'D' with the impossible length {length}"):
        session.feed(b"D" + struct.pack("!I", length))


def test_short_messages_have_no_reason_to_be_long(impl: SimpleNamespace) -> None:
    session, _ = begun(impl)
    with pytest.raises(ProtocolViolation, match="impossible length 30001"):
        session.feed(b"C" + struct.pack("!I", 30001))


def test_a_lost_connection_settles_all(impl: SimpleNamespace) -> None:
    session, exchange = begun(impl)
    other = impl.Exchange()
    session.query(other, b"SELECT")
    session.connection_lost(OperationalError("gone"))
    assert exchange.done and other.done and str(other.error) == "gone"
    assert session.transaction_status == TransactionStatus.UNKNOWN
    assert session.head() is None


def test_exchanges_and_results_have_their_arguments_as_attributes(impl: SimpleNamespace) -> None:
    exchange = impl.QueryExchange(fields=FIELDS, decoder=None, describe=len, streaming=True, query=b"q")
    assert (exchange.fields, exchange.describe, exchange.streaming, exchange.query) == (
        FIELDS,
        len,
        True,
        b"q",
    )
    exchange.rows = [1, 2]
    exchange.conclude(ExecStatus.TUPLES_CHUNK)
    (result,) = exchange.results
    assert (result.status, result.fields, result.rows, result.tag) == (
        ExecStatus.TUPLES_CHUNK,
        FIELDS,
        [1, 2],
        b"",
    )
    assert result.suspended and exchange.rows == []
    copy = type(result)(ExecStatus.COMMAND_OK, tag=b"OK")
    assert (copy.rows, copy.tag, copy.suspended, copy.failure, copy.copy) == ([], b"OK", False, None, None)


def test_classes_can_be_derived_from(impl: SimpleNamespace) -> None:
    calls = []

    class Watched(impl.Exchange):  # type: ignore[misc, name-defined]
        def wake(self) -> None:
            calls.append("wake")
            super().wake()

        def settle(self) -> None:
            calls.append("settle")
            super().settle()

    session, exchange = impl.Session(), Watched()
    session.sync(exchange)
    session.feed(READY)
    assert exchange.ready and calls == ["settle", "wake"]


def test_abandoned_sessions_are_collected(impl: SimpleNamespace) -> None:
    def abandon() -> weakref.ref[Any]:
        session, exchange = begun(impl)
        exchange.notify = lambda: session
        return weakref.ref(session)

    gone = abandon()
    gc.collect()
    assert gone() is None


def test_exchanges_do_not_leak(impl: SimpleNamespace) -> None:
    session = impl.Session()
    notify = object()
    before = sys.getrefcount(notify)
    for _ in range(50):
        exchange = impl.QueryExchange(describe=notify)
        session.sync(exchange)
        session.feed(READY)
    del exchange
    assert sys.getrefcount(notify) == before
