"""Malformed messages, in content, number and size; and the maximum size of the client's messages."""

from __future__ import annotations

import json
import logging
import mmap
import struct
from itertools import product
from types import SimpleNamespace

import pytest

import howdah
from howdah.adapt import AdaptersMap
from howdah.adapt.types import read_types
from howdah.client import notify
from howdah.protocol import backend_messages, messages, session
from howdah.protocol.backend_messages import command_complete, data_row, message
from howdah.protocol.backend_messages import parameter_status as status
from howdah.protocol.exchange import CountedExchange, Exchange, FunctionCallExchange
from howdah.protocol.messages import FieldDescription
from howdah.protocol.session import Session
from howdah_copy.codec import make_encoder
from tests.kernel.connecting.scripted_server import (
    AUTHENTICATION_OK,
    KEY,
    READY,
    ScriptedServer,
    exactly,
    packet,
)


def answering(*answers):
    """Return a script that sends each answer after a message that ends a query."""

    def script(sock):
        packet(sock)
        sock.sendall(AUTHENTICATION_OK + KEY + READY)
        for answer in answers:
            while exactly(sock, 1) not in b"QS":
                packet(sock)
            packet(sock)
            sock.sendall(answer)
        sock.recv(1)

    return script


def connect(server, **kwargs):
    return howdah.connect(
        host="127.0.0.1", port=server.port, user="u", dbname="d", sslmode="disable", autocommit=True, **kwargs
    )


def row_description(oid=25, count=1):
    return backend_messages.row_description(*[("x", oid)] * count)


def rows(*values, oid=25):
    data = b"".join([data_row(value) for value in values])
    return row_description(oid) + data + command_complete("SELECT 1")


ONE = rows(b"1", oid=23) + READY


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("client_encoding", value) for value in ("", "NONSENSE", "zlib", "undefined", "idna", "x" * 9000)],
        *[("server_version", value) for value in ("", " ", "x", "\u00b2", "9" * 9000, "18.", "1.2.3.4.5")],
        *[("TimeZone", value) for value in ("", "x", "../../etc/passwd", "/etc", "Europe/", "a" * 9000)],
        ("DateStyle", "x"),
        ("IntervalStyle", ""),
        ("integer_datetimes", "off"),
        ("standard_conforming_strings", "perhaps"),
        ("", ""),
    ],
)
def test_strange_settings(name, value):
    answers = [status(name, value) + ONE, rows(b"2000-01-01 00:00:00+00", oid=1184) + READY, ONE]
    with ScriptedServer(answering(*answers)) as server, connect(server) as conn:
        assert conn.execute("select 1").fetchone() == (1,)
        for attribute in ("server_version", "timezone", "encoding", "vendor", "dsn"):
            try:
                getattr(conn.info, attribute)
            except howdah.NotSupportedError:
                assert attribute == "encoding"
        for query in ("select now()", "select 1"):
            try:
                conn.execute(query).fetchone()
            except howdah.Error:
                assert name in ("client_encoding", "DateStyle")
        assert not conn.broken


@pytest.mark.parametrize("position", ["9" * 9000, "\u00b2", "-1", "0", "99", "x", ""])
def test_positions(position):
    error = message("E", f"SERROR\0VERROR\0C42601\0Mno\0P{position}\0p{position}\0qselect\0\0".encode())
    with ScriptedServer(answering(error + READY, ONE)) as server, connect(server) as conn:
        with pytest.raises(howdah.errors.SyntaxError, match="no"):
            conn.execute("select")
        assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "tag", [b"", b"SELECT " + b"9" * 9000, b"\xff", b"INSERT 0 -1", b"UPDATE 18446744073709551616"]
)
def test_tags(tag):
    answer = message("C", tag + b"\0") + READY
    with ScriptedServer(answering(answer, ONE)) as server, connect(server) as conn:
        conn.execute("update t").rowcount  # noqa: B018
        assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "answer",
    [
        message("Z", b"X"),
        message("Z"),
        message("C", b"SELECT 1"),
        message("T", b"\0\2x\0"),
        message("T", b"\xff\xff"),
        row_description() + message("D", b"\0\2"),
        row_description() + message("D", struct.pack("!hi", 1, 0x7FFFFFFF)),
        message("S", b"name"),
        message("A", b"\0\0\0\1x"),
        message("E", b"SERROR"),
        message("N", b"S"),
        message("G", b"\0\xff\xff"),
        message("H", b"\2\0\0"),
        message("V", b"\0"),
        message("S", b"x\0" + b"y" * 40000 + b"\0"),
        b"D" + struct.pack("!I", 0xFFFFFFFF),
        b"D\0\0\0\3",
        b"\0\0\0\0\0",
    ],
)
def test_malformed_messages_end_the_connection(answer):
    with ScriptedServer(answering(answer)) as server, connect(server) as conn:
        with pytest.raises(howdah.OperationalError):
            conn.execute("select 1")
        assert conn.broken


def test_rows_of_an_unknown_type_and_then_nothing():
    """The rows of a stream wait for the look-up of their types, which never comes."""
    row = message("D", struct.pack("!hi", 1, 1) + b"x")

    def script(sock):
        packet(sock)
        sock.sendall(AUTHENTICATION_OK + KEY + READY)
        while exactly(sock, 1) != b"S":
            packet(sock)
        sock.sendall(message("1") + message("2") + row_description(99999) + row * 5)

    with ScriptedServer(script) as server, connect(server) as conn:
        assert conn.adapters.type_names
        with pytest.raises(howdah.OperationalError):
            list(conn.cursor().stream("select a"))
        assert conn.broken


# -- what can come any number of times --------------------------------------------------------------


def notification(payload):
    return message("A", b"\0\0\0\1channel\0" + payload + b"\0")


def test_notifications_that_nobody_takes(caplog, monkeypatch):
    monkeypatch.setattr(notify, "MOST_KEPT", 100)
    many = b"".join([notification(b"%d" % number) for number in range(250)])
    with ScriptedServer(answering(many + ONE, many + ONE)) as server, connect(server) as conn:
        with caplog.at_level(logging.WARNING, "howdah"):
            conn.execute("select 1")
            conn.execute("select 1")
        assert [record.message.partition(":")[0] for record in caplog.records] == [
            "more notifications have come than are kept for notifies()"
        ]
        found = [notify.payload for notify in conn.notifies(timeout=0)]
    assert found == [str(number) for number in range(150, 250)]


def test_large_notifications_that_nobody_takes(monkeypatch):
    monkeypatch.setattr(notify, "MOST_CHARACTERS", 10_000)
    backlog = notify.Backlog()
    for number in range(100):
        backlog.append(howdah.Notify("channel", str(number) * 1000, 1))
    kept = []
    while backlog:
        kept.append(backlog.popleft())
    assert sum(len(item.payload) for item in kept) <= 10_000
    assert kept[-1].payload.startswith("99")
    backlog.append(howdah.Notify("channel", "x" * 20_000, 1))
    assert backlog.popleft().payload == "x" * 20_000


def test_settings_without_end():
    wire = Session()
    for number in range(3 * session.MOST_PARAMETERS):
        wire.feed(message("S", b"setting%d\0%d\0" % (number, number)))
    assert len(wire.parameters) == session.MOST_PARAMETERS
    wire.feed(message("S", b"setting0\0new\0"))
    assert wire.parameters["setting0"] == "new"


def test_rows_affected_without_end():
    wire, exchange = Session(), CountedExchange()
    for _ in range(20):
        wire.execute(exchange)
    wire.feed(message("C", b"UPDATE 999999999999999999\0") * 20)
    assert exchange.affected >= 10**18


# -- what the catalog says --------------------------------------------------------------------------

GOOD = {"oid": 99999, "array_oid": 99998, "regtype": "mood", "delimiter": ","}


@pytest.mark.parametrize(
    "row",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b"\xff",
        *[
            json.dumps(["mood", "mood", kind, "mood", {**GOOD, **common}, details]).encode()
            for kind, common, details in (
                ("e", {"oid": "x"}, {"labels": []}),
                ("e", {"oid": -1}, {"labels": []}),
                ("e", {"oid": 1 << 70}, {"labels": []}),
                ("e", {"delimiter": ""}, {"labels": []}),
                ("e", {"delimiter": 1}, {"labels": []}),
                ("e", {"delimiter": "\u2020"}, {"labels": []}),
                ("e", {"regtype": [1]}, {"labels": []}),
                ("e", {}, {"labels": [1]}),
                ("e", {}, {"labels": 5}),
                ("e", {}, {}),
                ("c", {}, {"field_names": ["a"], "field_types": []}),
                ("c", {}, {"field_names": ["a"], "field_types": ["b"]}),
                ("d", {}, {"base_oid": None}),
                ("r", {}, {"subtype_oid": "x"}),
            )
        ],
    ],
)
def test_types_that_make_no_sense(row):
    with pytest.raises(howdah.DataError, match="makes no sense"):
        read_types([(row,)])


def test_types_made_of_themselves():
    from howdah.adapt import CompositeInfo, DomainInfo, RangeInfo
    from howdah_types.composite import register_composite
    from howdah_types.domain import register_domain
    from howdah_types.range import register_range

    adapters = AdaptersMap(howdah.default_driver().adapters)
    context = SimpleNamespace(adapters=adapters, connection=None)
    register_composite(CompositeInfo("c", 99999, 0, field_names=["a"], field_types=[99999]), context)
    register_range(RangeInfo("r", 99998, 0, subtype_oid=99998), context)
    register_domain(DomainInfo("d", 99997, 0, base_oid=99997), context)
    for oid in (99999, 99998, 99997):
        with pytest.raises(howdah.DataError, match="nested more than"):
            adapters.get_loader(oid, howdah.pq.Format.TEXT)(oid, context)


def test_labels_that_are_no_names():
    from howdah_types.enum import EnumInfo, register_enum

    adapters = AdaptersMap(howdah.default_driver().adapters)
    context = SimpleNamespace(adapters=adapters, connection=None)
    with pytest.raises(howdah.DataError, match="register a class of your own"):
        register_enum(EnumInfo("e", 99999, 0, labels=["mro", ""]), context)


def test_prepared_transactions_that_make_no_sense():
    with ScriptedServer(answering(rows(b"x") + READY, ONE)) as server, connect(server) as conn:
        with pytest.raises(howdah.DataError, match="makes no sense"):
            conn.tpc_recover()
        assert conn.execute("select 1").fetchone() == (1,)


# -- what is too large to be sent -------------------------------------------------------------------


@pytest.fixture
def huge():
    """A little more than PostgreSQL takes; memory that nobody touches is none."""
    with mmap.mmap(-1, 0x40000000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        view = memoryview(memory)
        yield view
        view.release()


@pytest.mark.parametrize("prepare", [None, True, False])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_parameter_that_is_too_large(conn, huge, prepare, autocommit):
    conn.autocommit = autocommit
    with pytest.raises(howdah.DataError, match=r"parameter 2: .* PostgreSQL takes less than 1 GB"):
        conn.execute("select %s, length(%b)", [1, huge], prepare=prepare)
    assert conn._session.output_size == 0
    assert conn.execute("select 1").fetchone() == (1,)


def test_a_parameter_that_is_too_large_in_a_prepared_query(conn, huge):
    for _ in range(9):
        conn.execute("select length(%b)", [memoryview(b"x")])
    with pytest.raises(howdah.DataError, match="takes less than 1 GB"):
        conn.execute("select length(%b)", [huge])
    assert conn._session.output_size == 0
    assert conn.execute("select length(%b)", [memoryview(b"x")]).fetchone() == (1,)


def test_a_parameter_that_is_too_large_in_a_pipeline(conn, huge):
    with conn.pipeline():
        first = conn.execute("select 1")
        with pytest.raises(howdah.DataError, match="takes less than 1 GB"):
            conn.execute("select length(%b)", [huge])
        last = conn.execute("select 2")
    assert (first.fetchone(), last.fetchone()) == ((1,), (2,))


def test_a_parameter_that_is_too_large_for_executemany(conn, huge):
    cur = conn.cursor()
    with pytest.raises(howdah.DataError, match="takes less than 1 GB"):
        cur.executemany("select length(%b)", [[memoryview(b"x")], [huge], [memoryview(b"x")]])
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("format", ["binary", "text"])
def test_a_value_that_is_too_large_for_copy(conn, huge, format, monkeypatch):
    conn.execute("create temp table t (a bytea)")
    with pytest.raises(howdah.DataError, match="takes less than 1 GB"):
        with conn.cursor().copy(f"copy t from stdin (format {format})") as copy:
            copy.set_types(["bytea"])
            copy.write_row([b"x"])
            if format == "text":
                pytest.skip("as text it would be written out first")
            copy.write_row([huge])
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_too_many_values_for_binary_copy(conn):
    encoder = make_encoder(conn.cursor()._transformer, 1)
    for count in (0x8000, 0x10000):
        with pytest.raises(howdah.DataError, match="the binary format takes 32767 at most"):
            encoder.write_row([None] * count)
    assert encoder.rows == 0


def test_too_many_parameters(conn):
    with pytest.raises(howdah.ProgrammingError, match="65535 at most"):
        conn.execute("select " + ",".join(["%s"] * 65536), [1] * 65536)
    assert conn.execute("select 1").fetchone() == (1,)


def test_messages_that_are_too_large(huge):
    wire, exchange = Session(), Exchange()
    with pytest.raises(howdah.DataError, match="less than 1 GB"):
        wire.function_call(FunctionCallExchange(), 1, [huge])
    with pytest.raises(howdah.DataError, match="less than 1 GB"):
        wire.copy_data(huge)
    parameters = SimpleNamespace(values=[huge], formats=[1])
    with pytest.raises(howdah.DataError, match="less than 1 GB"):
        wire.bind(exchange, b"", b"", parameters)
    assert wire.output_size == 0
    assert wire.head() is None
    assert exchange.pending == 0


def test_a_query_that_is_too_long(conn, monkeypatch):
    from howdah.client import cursor_base, query

    for module in (cursor_base, query):
        monkeypatch.setattr(module, "MAX_TEXT", 1000)
    for params in (None, [], [1]):
        with pytest.raises(howdah.ProgrammingError, match=r"the query has 2.* bytes; PostgreSQL takes less"):
            conn.execute("select %s".replace("%s", "1" if not params else "%s") + " " * 2000, params)
        assert conn._session.output_size == 0
    assert conn.execute("select 1").fetchone() == (1,)


def test_more_of_a_large_object_than_was_asked_for(conn, monkeypatch):
    with conn.transaction(), conn.lobject(0, "rw") as lobject:
        lobject.write(b"elephant")
        monkeypatch.setattr(messages, "function_result", lambda body: memoryview(b"x" * 100))
        for read in (lambda: lobject.read(5), lambda: lobject.readinto(bytearray(5))):
            with pytest.raises(howdah.OperationalError, match="the server returned 100 bytes"):
                read()
        monkeypatch.undo()


SPOILT = (b"", b"\0", b"\xff" * 8, b"{", b"(", b"[", b'"', bytes(24), b"\x7f\xff\xff\xff" * 9)


def test_a_field_of_any_type(conn):
    """Each type that is known can be spoilt, in each format."""
    transformer = conn.kernel.transformer
    for info in transformer.adapters.types:
        for oid, format in product(filter(None, (info.oid, info.array_oid)), (0, 1)):
            decoder = transformer.decoder([FieldDescription("", 0, 0, oid, -1, -1, format)])
            for data in SPOILT:
                try:
                    decoder.decode(struct.pack("!hi", 1, len(data)) + data)
                except howdah.Error:
                    pass
