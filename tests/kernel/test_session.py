"""The session, driven by bytes alone."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import howdah
from howdah.adapt.rowdecoder import RowDecoder
from howdah.errors import Error, OperationalError, QueryCanceled
from howdah.pq import ExecStatus, TransactionStatus
from howdah.protocol.backend_messages import command_complete as tag
from howdah.protocol.backend_messages import data_row as row
from howdah.protocol.backend_messages import (
    error_response,
    message,
    notice_response,
    notification_response,
    parameter_status,
    row_description,
)
from howdah.protocol.backend_messages import ready_for_query as ready
from howdah.protocol.exchange import CopyExchange, Exchange, FunctionCallExchange, QueryExchange
from howdah.protocol.messages import ProtocolViolation
from howdah.protocol.session import Session


def columns(*names):
    return row_description(*[(name, 25) for name in names])


def error(sqlstate="22012", text="no good"):
    return error_response(sqlstate, text)


PARSED, BOUND, CLOSED, NO_DATA = message("1"), message("2"), message("3"), message("n")
ASIDE = [
    notice_response("00000", "by the way"),
    notification_response(42, "ch", "payload"),
    parameter_status("TimeZone", "UTC"),
]


class Texts:
    """Decodes every value as text."""

    def __init__(self, fields):
        self.count = len(fields)

    def decode(self, body):
        values = RowDecoder([None] * self.count).decode(body)
        return tuple([None if value is None else bytes(value).decode() for value in values])


def ask(session, query=b"select", *, sync=True, exchange=None, streaming=False):
    """Write a query in the extended protocol."""
    exchange = exchange or QueryExchange(query=query, describe=Texts, streaming=streaming)
    session.parse(exchange, b"", query)
    session.bind(exchange, b"", b"", None)
    session.describe_portal(exchange)
    session.execute(exchange)
    if sync:
        session.sync(exchange)
    return exchange


def summary(exchange):
    """What one can see of an exchange."""
    results = [(r.status, r.fields, r.rows, r.tag, r.copy) for r in exchange.results]
    failed = None if exchange.error is None else (type(exchange.error), str(exchange.error))
    return exchange.done, exchange.ready, exchange.aborted, failed, results


# A conversation: three queries, of which the second fails, and a script.
def converse():
    session = Session()
    seen = []
    session.on_notice = lambda fields: seen.append(fields.get(ord("M")))
    session.on_notification = seen.append
    exchanges = [ask(session), ask(session, sync=False), ask(session)]
    script = QueryExchange(describe=Texts)
    session.query(script, b"select 1; insert")
    exchanges.append(script)
    return session, exchanges, seen


ANSWER = (
    PARSED + ASIDE[0] + BOUND + columns("a", "b") + row(b"1", None) + ASIDE[1] + row(b"", b"x" * 300)
    + tag("SELECT 2") + ready("T")
    + PARSED + error() + ready("E")
    + columns("c") + row(b"1") + tag("SELECT 1") + ASIDE[2] + tag("INSERT 0 5") + message("I") + ready()
)  # fmt: skip


def check_conversation(session, exchanges, seen):
    first, second, third, script = exchanges
    assert [e.done for e in exchanges] == [True] * 4
    assert first.results[0].rows == [("1", None), ("", "x" * 300)]
    assert first.results[0].tag == b"SELECT 2"
    assert [field.name for field in first.results[0].fields] == ["a", "b"]
    assert second.error.sqlstate == "22012"
    assert third.aborted
    assert third.error is second.error
    assert [r.status for r in script.results] == [
        ExecStatus.TUPLES_OK,
        ExecStatus.COMMAND_OK,
        ExecStatus.EMPTY_QUERY,
    ]
    assert script.results[0].rows == [("1",)]
    assert script.results[1].tag == b"INSERT 0 5"
    assert seen[0] == "by the way"
    assert seen[1].payload == "payload"
    assert session.parameters["TimeZone"] == "UTC"
    assert session.transaction_status == TransactionStatus.IDLE
    assert session.head() is None


def test_a_conversation():
    session, exchanges, seen = converse()
    session.feed(ANSWER)
    check_conversation(session, exchanges, seen)


@given(st.lists(st.integers(0, len(ANSWER)), max_size=30))
def test_however_it_is_split(cuts):
    session, exchanges, seen = converse()
    places = [0, *sorted(cuts), len(ANSWER)]
    for start, end in pairwise(places):
        session.feed(ANSWER[start:end])
    check_conversation(session, exchanges, seen)


def test_byte_by_byte():
    session, exchanges, seen = converse()
    for n in range(len(ANSWER)):
        session.feed(ANSWER[n : n + 1])
    check_conversation(session, exchanges, seen)


def survives(session, data):
    """Feed what no server sends: it is an OperationalError or nothing, and then the session can end."""
    try:
        session.feed(data)
    except OperationalError as e:
        session.connection_lost(e)
    else:
        session.connection_lost(OperationalError("gone"))
    assert session.head() is None


@given(st.binary(max_size=200))
def test_garbage(data):
    session, exchanges, _ = converse()
    survives(session, data)
    assert all(exchange.done and exchange.ready for exchange in exchanges)


PIECES = st.one_of(
    st.sampled_from(
        [PARSED, BOUND, CLOSED, NO_DATA, columns("a"), columns(), row(b"1"), row(b"1", b"2"), row(None)]
        + [tag("SELECT 1"), tag(""), error(), ready(), ready("T"), ready("E"), ready("?"), message("I")]
        + [message("s"), message("t", b"\0\1\0\0\0\x19"), message("V", pack("!i", -1)), *ASIDE]
        + [message("G", b"\0\0\1\0\0"), message("H", b"\0\0\1\0\0"), message("W", b"\0\0\0")]
        + [message("d", b"data"), message("c"), message("R", b"\0\0\0\0"), message("K", b"12345678")]
    ),
    st.builds(message, st.sampled_from("123ACDEGHIKNRSTVWZcdnstv?"), st.binary(max_size=40)),
)


@settings(max_examples=400)
@given(st.lists(PIECES, max_size=15))
def test_messages_out_of_order(pieces):
    session, exchanges, _ = converse()
    survives(session, b"".join(pieces))
    assert all(exchange.done and exchange.ready for exchange in exchanges)


@given(st.data())
def test_a_valid_conversation_with_a_byte_changed(data):
    position = data.draw(st.integers(0, len(ANSWER) - 1))
    value = data.draw(st.integers(0, 255))
    session, exchanges, _ = converse()
    survives(session, ANSWER[:position] + bytes([value]) + ANSWER[position + 1 :])
    assert all(exchange.done for exchange in exchanges)


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (b"D\xff\xff\xff\xff", "impossible length"),
        (b"D\x00\x00\x00\x03", "impossible length"),
        (b"D\x40\x00\x00\x00", "impossible length"),
        (b"Z\x00\x10\x00\x00", "impossible length"),
        (b"C\x7f\xff\xff\xff", "impossible length"),
    ],
)
def test_impossible_lengths(header, what):
    session = Session()
    ask(session)
    with pytest.raises(ProtocolViolation, match=what):
        session.feed(header)


def test_a_huge_length_does_not_allocate():
    session = Session()
    exchange = ask(session)
    tracemalloc.start()
    session.feed(PARSED + BOUND + columns("a") + b"D" + pack("!I", 0x3FFFFFFF) + b"\0\1")
    for _ in range(10):
        session.feed(b"x" * 100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    assert not exchange.ready


@pytest.mark.parametrize(
    "body",
    [b"", b"\0", b"\0\1", b"\0\2" + pack("!i", 1) + b"x" * 2, b"\0\1" + pack("!i", 5) + b"abc"]
    + [b"\0\1" + pack("!i", -2), b"\0\1" + pack("!i", 1) + b"ab", b"\xff\xff"],
)
def test_malformed_rows(body):
    session = Session()
    ask(session)
    with pytest.raises(ProtocolViolation):
        session.feed(PARSED + BOUND + columns("a") + message("D", body))


def test_a_row_that_cannot_be_decoded_is_not_the_end():
    class Failing:
        def __init__(self, fields):
            pass

        def decode(self, body):
            raise ZeroDivisionError

    session = Session()
    exchange = QueryExchange(describe=Failing)
    session.query(exchange, b"x")
    session.feed(columns("a") + row(b"1") + row(b"2") + tag("SELECT 2") + ready())
    assert exchange.done
    assert isinstance(exchange.results[0].failure, ZeroDivisionError)
    assert exchange.results[0].rows == []


def test_streaming():
    session = Session()
    exchange = ask(session, streaming=True)
    session.feed(PARSED + BOUND + columns("a"))
    assert not exchange.ready
    session.feed(row(b"1"))
    assert exchange.ready
    assert exchange.rows == [("1",)]
    assert not exchange.done
    exchange.rows = []
    exchange.await_more()
    assert not exchange.ready
    session.feed(row(b"2") + error())
    assert exchange.rows == [("2",)]
    session.feed(ready())
    assert exchange.done
    assert isinstance(exchange.error, Error)


def test_suspended_portals():
    session = Session()
    exchange = QueryExchange(describe=Texts)
    session.parse(exchange, b"", b"q")
    session.bind(exchange, b"p", b"", None)
    session.describe_portal(exchange, b"p")
    session.execute(exchange, b"p", 2)
    session.flush()
    session.feed(PARSED + BOUND + columns("a") + row(b"1") + row(b"2") + message("s"))
    assert exchange.done
    assert exchange.results[0].suspended
    more = QueryExchange(fields=exchange.fields, decoder=exchange.decoder)
    session.execute(more, b"p", 2)
    session.sync(more)
    session.feed(row(b"3") + tag("SELECT 1") + ready())
    assert more.done
    assert more.results[0].rows == [("3",)]
    assert not more.results[0].suspended


def test_copy_is_refused_unless_wanted():
    session = Session()
    exchange = ask(session)
    session.sent(session.output_size)
    session.feed(PARSED + BOUND + NO_DATA + message("G", b"\0\0\0"))
    assert not exchange.ready
    with session.output() as output:
        sent = bytes(output)
    assert sent[:1] == b"f"
    # The Sync that was sent along is lost while the server copies: there is another.
    assert sent.endswith(b"S\0\0\0\4")
    session.feed(error("57014") + ready("E"))
    assert exchange.done
    assert "COPY" in str(exchange.error)
    assert session.transaction_status == TransactionStatus.INERROR


def test_copy_in():
    session = Session()
    exchange = ask(session, exchange=CopyExchange())
    session.feed(PARSED + BOUND + NO_DATA + message("G", b"\0\0\1\0\0"))
    assert exchange.ready
    assert not exchange.done
    assert exchange.copy.column_formats == (0,)
    session.sent(session.output_size)
    session.copy_data(b"1\n")
    session.copy_done(exchange)
    with session.output() as output:
        assert bytes(output) == b"d\0\0\0\x061\nc\0\0\0\4S\0\0\0\4"
    assert not exchange.ready
    session.feed(tag("COPY 1") + ready())
    assert exchange.done
    assert exchange.results[0].tag == b"COPY 1"


def test_copy_out():
    session = Session()
    exchange = ask(session, exchange=CopyExchange())
    session.feed(PARSED + BOUND + NO_DATA + message("H", b"\0\0\0") + message("d", b"1\n"))
    assert exchange.ready
    assert exchange.copied == [b"1\n"]
    session.feed(message("d", b"2\n") + message("c") + tag("COPY 2") + ready())
    assert exchange.copied == [b"1\n", b"2\n"]
    assert exchange.done


def test_function_call():
    session = Session()
    exchange = FunctionCallExchange()
    session.function_call(exchange, 1, [b"a", None])
    session.feed(message("V", pack("!i", 3) + b"abc") + ready())
    assert exchange.value == b"abc"
    assert exchange.done
    exchange = FunctionCallExchange()
    session.function_call(exchange, 1, [])
    session.feed(error("57014") + ready())
    assert isinstance(exchange.error, QueryCanceled)


def test_close_and_describe():
    session = Session()
    exchange = QueryExchange()
    session.parse(exchange, b"s", b"select $1", [23])
    session.describe_statement(exchange, b"s")
    session.close_statement(exchange, b"s")
    session.close_portal(exchange, b"p")
    session.sync(exchange)
    session.feed(PARSED + message("t", b"\0\1\0\0\0\x17") + columns("a") + CLOSED + CLOSED + ready())
    assert exchange.done
    assert exchange.parameter_oids == (23,)
    assert exchange.fields[0].name == "a"


def test_an_error_out_of_the_blue_says_why_the_server_goes():
    session = Session()
    session.feed(error("57P01", "terminating"))
    session.connection_lost(OperationalError("the server closed the connection"))
    assert session.lost.sqlstate == "57P01"


def test_lost_with_exchanges_waiting():
    session, exchanges, _ = converse()
    session.feed(ANSWER[:80])
    session.connection_lost(OperationalError("cut"))
    assert all(e.done and str(e.error) == "cut" for e in exchanges)
    assert session.transaction_status == TransactionStatus.UNKNOWN


def test_what_is_written():
    session = Session()
    ask(session, b"select 1")
    with session.output() as output:
        assert bytes(output) == (
            b"P\0\0\0\x10\0select 1\0\0\0"
            b"B\0\0\0\x0c\0\0\0\0\0\0\0\0"
            b"D\0\0\0\x06P\0"
            b"E\0\0\0\x09\0\0\0\0\0"
            b"S\0\0\0\4"
        )
    session.sent(5)
    assert session.output_size == 17 + 13 + 7 + 10 + 5 - 5


@pytest.mark.parametrize("write", ["parse", "query", "close_statement", "close_portal"])
def test_zero_bytes_are_refused_before_anything_is_written(write):
    session = Session()
    arguments = {"parse": (b"", b"a\0b"), "query": (b"a\0b",)}.get(write, (b"a\0b",))
    with pytest.raises(OperationalError, match="zero byte"):
        getattr(session, write)(Exchange(), *arguments)
    assert session.output_size == 0
    assert session.head() is None


def test_a_query_is_answered_before_the_server_is_ready():
    session, exchange = Session(), Exchange()
    session.query(exchange, b"SELECT 1")
    with pytest.raises(ProtocolViolation, match="has not answered this one"):
        session.feed(columns("c") + row(b"1") + ready())


@pytest.mark.parametrize("formats", [b"\2\0\0", b"\1\0\1\0\2"])
def test_formats_of_copy_that_there_are_not(formats):
    session, exchange = Session(), CopyExchange()
    session.query(exchange, b"COPY t TO STDOUT")
    with pytest.raises(ProtocolViolation, match="CopyResponse"):
        session.feed(message("H", formats))


def test_a_command_tag_that_is_no_text(conn):
    exchange = Exchange()
    conn.kernel.session.query(exchange, b"SELECT")
    conn.kernel.session.feed(message("C", b"S\xff\xfe\xfdCT 1\0") + ready())
    cur = conn.cursor()
    cur.kernel.keep_results(exchange)
    assert cur.statusmessage == "S\ufffd\ufffd\ufffdCT 1"
    with pytest.raises(howdah.ProgrammingError, match="S\ufffd"):
        cur.fetchone()
    conn.kernel.session.sent(conn.kernel.session.output_size)
