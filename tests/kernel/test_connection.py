# Generated from tests/kernel/test_connection_async.py by .ci/async_to_sync.py; do not edit.
"""Connections: opening, closing, settings, and messages that the server sends unasked."""

from __future__ import annotations

import gc
import os
import threading

import pytest

import howdah
from howdah import pq
from howdah.rows import dict_row, scalar_row

pytestmark = pytest.mark.anyio


def idle(conn):
    return conn.info.transaction_status == pq.TransactionStatus.IDLE


def assign(conn, attribute, value):
    """Change a setting: with an attribute, or with its method, which can be awaited."""
    setattr(conn, attribute, value)


def collect(rows):
    return list(rows)


# Opening and closing


def test_connect(dsn, conn_cls):
    conn = conn_cls.connect(dsn)
    assert not conn.closed
    assert not conn.broken
    assert idle(conn)
    conn.close()
    conn.close()
    assert conn.closed
    assert not conn.broken
    assert conn.info.transaction_status == pq.TransactionStatus.UNKNOWN
    assert conn.info.status == pq.ConnStatus.BAD


def test_connect_takes_settings(dsn):
    with howdah.Connection.connect(
        dsn, autocommit=True, row_factory=dict_row, application_name="a name"
    ) as conn:
        assert conn.autocommit
        assert conn.execute("show application_name").fetchone() == {"application_name": "a name"}
        assert idle(conn)


def test_connect_names_a_bad_parameter(dsn):
    with pytest.raises(howdah.ProgrammingError, match="colour"):
        howdah.Connection.connect(dsn, colour="red")


@pytest.mark.parametrize("conninfo", [5, None, b"host=localhost"])
def test_a_conninfo_is_a_str(conninfo):
    with pytest.raises(howdah.ProgrammingError, match="must be a str, not"):
        howdah.Connection.connect(conninfo)


def test_connect_to_nobody(tmp_path):
    with pytest.raises(howdah.OperationalError, match=str(tmp_path)):
        howdah.Connection.connect(f"host={tmp_path} user=x dbname=x")


def test_connect_with_a_context(dsn, conn):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            return "loaded"

    conn.adapters.register_loader(25, Loader)
    with howdah.Connection.connect(dsn, context=conn) as other:
        assert other.execute("select 'x'::text").fetchone() == ("loaded",)
    with howdah.Connection.connect(dsn) as other:
        assert other.execute("select 'x'::text").fetchone() == ("x",)


def test_cursor_factory(dsn):
    class MyCursor(howdah.Cursor):
        def mine(self):
            return self.fetchone()[0]

    with howdah.Connection.connect(dsn, cursor_factory=MyCursor) as conn:
        assert conn.execute("select 1").mine() == 1
        assert isinstance(conn.cursor(), MyCursor)
        conn.cursor_factory = howdah.ClientCursor
        assert conn.cursor().mogrify("select %s", (1,)) == "select 1"


@pytest.mark.parametrize("factory", ["dict", dict, howdah.Connection])
def test_what_is_no_cursor_factory(dsn, factory):
    with pytest.raises(howdah.ProgrammingError, match="cursor_factory is howdah"):
        howdah.Connection.connect(dsn, cursor_factory=factory)


def test_subclass(dsn):
    class MyConnection(howdah.Connection):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.seen = []

        def execute(self, query, *args, **kwargs):
            self.seen.append(query)
            return super().execute(query, *args, **kwargs)

    with MyConnection.connect(dsn) as conn:
        assert type(conn) is MyConnection
        assert conn.execute("select 1").fetchone() == (1,)
        assert conn.seen == ["select 1"]


def test_subclass_and_cursor_factory(dsn):
    class MyCursor(howdah.Cursor):
        def only(self):
            return self.fetchone()[0]

    class MyConnection(howdah.Connection):
        cursor_factory = MyCursor

    with MyConnection.connect(dsn) as conn:
        assert type(conn) is MyConnection
        assert conn.execute("select 1").only() == 1


def test_with_commits_and_closes(dsn, conn):
    with howdah.Connection.connect(dsn) as other:
        other.execute("create table with_block (x int)")
    assert other.closed
    with pytest.raises(ZeroDivisionError):
        with howdah.Connection.connect(dsn) as other:
            other.execute("insert into with_block values (1)")
            1 / 0  # noqa: B018
    assert other.closed
    assert conn.execute("table with_block").fetchall() == []
    conn.execute("drop table with_block")
    conn.commit()


def test_with_raises_what_commit_raises(dsn):
    with pytest.raises(howdah.errors.UniqueViolation):
        with howdah.Connection.connect(dsn) as conn:
            conn.execute("create temp table t (x int unique deferrable initially deferred)")
            conn.execute("insert into t values (1), (1)")
    assert conn.closed


def test_with_keeps_the_exception_when_the_rollback_fails(dsn, conn):
    with pytest.raises(ZeroDivisionError):
        with howdah.Connection.connect(dsn) as other:
            other.execute("select 1")
            conn.execute("select pg_terminate_backend(%s, 10000)", (other.info.backend_pid,))
            1 / 0  # noqa: B018
    assert other.closed


def test_with_closed_inside(dsn):
    with howdah.Connection.connect(dsn) as conn:
        conn.close()
    assert conn.closed


def test_closed_connection_says_so(dsn):
    conn = howdah.Connection.connect(dsn)
    cur = conn.cursor()
    conn.close()
    for call in (conn.cursor, conn.fileno):
        with pytest.raises(howdah.OperationalError, match="connection is closed"):
            call()
    for call in (
        conn.commit,
        conn.rollback,
        lambda: conn.execute("select 1"),
        lambda: cur.execute("select 1"),
        lambda: cur.executemany("select %s", [(1,)]),
        lambda: collect(cur.stream("select 1")),
        lambda: collect(conn.notifies(timeout=0)),
        lambda: conn.transaction().__enter__(),
        lambda: conn.set_autocommit(True),
        lambda: conn.tpc_begin("x"),
    ):
        with pytest.raises(howdah.OperationalError, match="connection is closed"):
            call()
    conn.cancel()
    conn.cancel_safe()


def test_forgotten_connection_warns(dsn):
    conn = howdah.Connection.connect(dsn)
    pid = conn.info.backend_pid
    with pytest.warns(ResourceWarning) as warned:  # the socket may warn as well
        del conn
        gc.collect()
    assert any("deleted while still open" in str(warning.message) for warning in warned)
    with howdah.Connection.connect(dsn) as other:
        other.execute("select pg_terminate_backend(%s, 10000)", (pid,))


# A worker of pytest-xdist has a thread of its own.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_harm_the_connection(dsn):
    conn = howdah.Connection.connect(dsn)
    conn.execute("select 1")
    child = os.fork()
    if not child:
        status = 1
        try:
            del conn
            gc.collect()
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert conn.execute("select 2").fetchone() == (2,)
    conn.close()


def leave(conn):
    """Do nothing with a connection."""


def query(conn):
    conn.execute("select 1")


def close(conn):
    conn.close()


@pytest.mark.parametrize(("prepare", "state"), [(leave, "IDLE"), (query, "INTRANS"), (close, "closed")])
def test_repr(dsn, prepare, state):
    conn = howdah.Connection.connect(dsn, password="secret!")
    prepare(conn)
    assert f"[{state}]" in repr(conn)
    assert "secret!" not in repr(conn)
    assert f"database={conn.info.dbname}" in repr(conn)
    conn.close()


def test_fileno(conn):
    assert conn.fileno() == conn._connected.sock.fileno()
    os.fstat(conn.fileno())


# Transactions as DB-API has them


def test_a_failed_transaction_refuses_queries(conn):
    with pytest.raises(howdah.errors.UndefinedTable):
        conn.execute("table nowhere")
    assert conn.info.transaction_status == pq.TransactionStatus.INERROR
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        conn.execute("select 1")
    conn.rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_commit_of_a_failed_transaction_is_told(conn):
    conn.execute("create temp table t (x int)")
    conn.commit()
    conn.execute("insert into t values (1)")
    with pytest.raises(howdah.DatabaseError):
        conn.execute("wrong")
    with pytest.raises(howdah.errors.InFailedSqlTransaction, match="rolled back, not committed"):
        conn.commit()
    assert idle(conn)
    assert conn.execute("table t").fetchall() == []


def test_autocommit(conn):
    assert not conn.autocommit
    assign(conn, "autocommit", True)
    assert conn.autocommit
    conn.execute("select 1")
    assert idle(conn)
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("select 1 / 0")
    assert idle(conn)
    conn.set_autocommit(False)
    conn.execute("select 1")
    assert not idle(conn)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("autocommit", True), ("isolation_level", howdah.IsolationLevel.SERIALIZABLE)]
    + [("read_only", True), ("deferrable", True)],
)
def test_settings_cannot_change_in_a_transaction(conn, attribute, value):
    before = getattr(conn, attribute)
    conn.execute("select 1")
    with pytest.raises(howdah.ProgrammingError, match=attribute):
        assign(conn, attribute, value)
    conn.rollback()
    with conn.transaction():
        with pytest.raises(howdah.ProgrammingError, match=attribute):
            assign(conn, attribute, value)
    assert getattr(conn, attribute) == before
    assign(conn, attribute, value)
    assert getattr(conn, attribute) == value
    assign(conn, attribute, before)
    assert getattr(conn, attribute) == before


@pytest.mark.parametrize("level", howdah.IsolationLevel)
@pytest.mark.parametrize("autocommit", [True, False])
def test_isolation_level(conn, level, autocommit):
    assign(conn, "autocommit", autocommit)
    assign(conn, "isolation_level", level.value)
    assert conn.isolation_level is level
    name = level.name.lower().replace("_", " ")
    with conn.transaction():
        assert conn.execute("show transaction_isolation").fetchone() == (name,)
    # Autocommit has no transactions of ours, and so the server's default.
    expected = "read committed" if autocommit else name
    assert conn.execute("show transaction_isolation").fetchone() == (expected,)


@pytest.mark.parametrize("value", [True, False, None])
@pytest.mark.parametrize("attribute", ["read_only", "deferrable"])
def test_read_only_and_deferrable(conn, attribute, value):
    assign(conn, attribute, value)
    assert getattr(conn, attribute) is value
    (shown,) = conn.execute(f"show transaction_{attribute}").fetchone()
    assert shown == ("on" if value else "off")


def test_read_only_is_enforced(conn):
    assign(conn, "read_only", True)
    with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
        conn.execute("create table nope (x int)")


def test_bad_isolation_level(conn):
    with pytest.raises(ValueError, match="99"):
        assign(conn, "isolation_level", 99)


def test_a_begin_that_fails(conn, monkeypatch):
    monkeypatch.setattr(conn.kernel, "begin_statement", b"BEGIN SOMEHOW")
    for _ in range(2):
        with pytest.raises(howdah.errors.SyntaxError):
            conn.execute("select 1")
        assert idle(conn)
        with pytest.raises(howdah.errors.SyntaxError):
            conn.cursor().executemany("select %s", [(1,), (2,)])
        with pytest.raises(howdah.errors.SyntaxError):
            conn.execute("select 1; select 2")
        with pytest.raises(howdah.errors.SyntaxError):
            list(conn.cursor().stream("select 1"))
        with pytest.raises(howdah.errors.SyntaxError):
            with conn.transaction():
                pytest.fail("the block was entered")
        assert idle(conn)
    monkeypatch.undo()
    assert conn.execute("select 3").fetchone() == (3,)


# Queries of a connection


def test_execute(conn):
    cur = conn.execute("select %s, %s", (1, "a"))
    assert isinstance(cur, conn.cursor_factory)
    assert cur.fetchone() == (1, "a")
    assert conn.execute("select 1", binary=True).description[0].type_code == 23


def test_row_factory(conn):
    assert conn.row_factory is howdah.rows.tuple_row
    conn.row_factory = scalar_row
    assert conn.execute("select 1").fetchone() == 1
    cur = conn.cursor(row_factory=dict_row)
    assert cur.execute("select 1 as a").fetchone() == {"a": 1}
    cur.row_factory = scalar_row
    assert cur.execute("select 1 as a").fetchone() == 1


def test_named_cursors_need_their_plugin(conn):
    with pytest.raises(howdah.NotSupportedError):
        conn.cursor(scrollable=True)
    with pytest.raises(howdah.NotSupportedError):
        conn.cursor(withhold=True)


def test_encodings(conn):
    conn.execute("set client_encoding to latin1")
    assert conn.info.encoding == "iso8859-1"
    assert conn.execute("select 'é', %s, 'è' as à", ("ü",)).fetchone() == ("é", "ü", "è")
    assert conn.execute("select 'é', %(é)s as à", {"é": "ü"}).fetchone() == ("é", "ü")
    assert conn.execute("select 1 as à").description[0].name == "à"
    assert conn.cursor().execute("select chr(233)").fetchone() == ("é",)
    with pytest.raises(howdah.DataError):
        conn.execute("select %s", ("€",))
    with pytest.raises(howdah.errors.UndefinedTable, match="é"):
        conn.execute("select * from é")
    conn.rollback()
    assert conn.info.encoding == "utf-8"
    assert conn.execute("select %s", ("€",)).fetchone() == ("€",)


def test_sql_ascii(conn):
    conn.execute("set client_encoding to sql_ascii")
    assert conn.info.encoding == "ascii"
    assert conn.execute("select 'a'::text, %s::text", ("é",)).fetchone() == (
        b"a",
        "é".encode(),
    )
    assert conn.execute("select 'é'::text").fetchone() == ("é".encode(),)


def test_an_encoding_python_does_not_know(conn):
    conn.execute("set client_encoding to euc_tw")
    with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
        conn.info.encoding  # noqa: B018
    conn.execute(b"select 1")
    for cursor in (
        conn.cursor(),
        howdah.ClientCursor(conn),
        howdah.RawCursor(conn),
        conn.cursor("named"),
    ):
        for params in (None, []):
            with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
                cursor.execute("select 'a'::text", params)
    with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
        conn.cursor().executemany("select %s", [["a"]])
    with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
        list(conn.cursor().stream("select 1"))
    conn.rollback()
    assert conn.execute("select 'a'::text").fetchone() == ("a",)


def test_two_phase_commit(conn):
    xid = conn.xid(1, "here", str(id(conn)))
    conn.tpc_begin(xid)
    conn.execute("select 1")
    conn.tpc_prepare()
    conn.tpc_rollback()
    assert xid not in [howdah.Xid.from_string(str(found)) for found in conn.tpc_recover()]
    conn.tpc_begin(xid)
    conn.tpc_commit()
    with pytest.raises(howdah.ProgrammingError):
        conn.tpc_prepare()


def test_blocks_in_a_two_phase_transaction(conn):
    """They are savepoints of it; it cannot end in one."""
    conn.tpc_begin("blocks")
    with conn.transaction():
        conn.execute("create temp table kept (x int)")
        for end in (conn.tpc_prepare, conn.tpc_commit, conn.tpc_rollback):
            with pytest.raises(howdah.ProgrammingError, match="inside a transaction"):
                end()
    with pytest.raises(ZeroDivisionError):
        with conn.transaction():
            conn.execute("drop table kept")
            raise ZeroDivisionError
    conn.execute("table kept")
    conn.tpc_rollback()
    # Nor does one begin a transaction that the two-phase one is taken for.
    conn.tpc_begin("ended by hand")
    conn.execute("rollback")
    with pytest.raises(howdah.ProgrammingError, match="is not finished"):
        with conn.transaction():
            pass
    conn.tpc_rollback()


def test_a_loss_at_the_end_of_a_block_does_not_hide_an_exception(dsn, caplog):
    """It is logged, without the row of data that its context has."""

    def kill(conn):
        with howdah.Connection.connect(dsn) as other:
            other.execute("select pg_terminate_backend(%s, 10000)", [conn.info.backend_pid])
        raise ZeroDivisionError

    def copy_in(conn):
        conn.execute("create temp table copied (x text)")
        with conn.cursor().copy("copy copied from stdin") as copy:
            copy.write("secret\n")
            kill(conn)

    def copy_out(conn):
        with conn.cursor().copy("copy (select generate_series(1, 1000000)) to stdout"):
            kill(conn)

    def named_cursor(conn):
        with conn.cursor("named") as cur:
            cur.execute("select 1")
            kill(conn)

    def portal(conn):
        with conn.cursor() as cur:
            cur.itersize = 1
            cur.execute("select generate_series(1, 3)")
            kill(conn)

    def large_object(conn):
        with conn.lobject(0, "w"):
            kill(conn)

    for block in (copy_in, copy_out, named_cursor, portal, large_object):
        caplog.clear()
        with pytest.raises(ZeroDivisionError):
            with howdah.Connection.connect(dsn) as conn:
                block(conn)
        assert "error ignored at the end of" in caplog.text, block
        assert "secret" not in caplog.text


def test_binary_results_of_a_new_cursor(conn):
    """The cursor that `execute` returns asks for binary results from then on."""
    cur = conn.execute("select 1", binary=True)
    assert cur.format == howdah.pq.Format.BINARY
    assert conn.execute("select 1", binary=False).format == howdah.pq.Format.TEXT
    cur.execute("select 1", binary=False)
    assert cur.format == howdah.pq.Format.BINARY


def test_timezone_between_queries(conn):
    query = "select '2020-01-01 00:00+00'::timestamptz"
    first = conn.execute(query).fetchone()[0]
    conn.execute("set timezone to 'Europe/Rome'")
    second = conn.execute(query).fetchone()[0]
    assert first == second
    assert first.utcoffset() != second.utcoffset()
    assert conn.info.timezone.key == "Europe/Rome"


# What the server says unasked

NOTICE = "do $$begin raise notice 'hello %', 1 using detail = 'more'; end$$"


def test_notices(conn):
    seen = []
    conn.add_notice_handler(seen.append)
    conn.execute(NOTICE)
    assert [(d.message_primary, d.message_detail, d.severity) for d in seen] == [
        ("hello 1", "more", "NOTICE")
    ]
    conn.remove_notice_handler(seen.append)
    conn.execute(NOTICE)
    assert len(seen) == 1
    with pytest.raises(ValueError, match="not in"):
        conn.remove_notice_handler(seen.append)


def test_a_notice_handler_that_removes_itself(conn):
    def once(diagnostic):
        seen.append("once")
        conn.remove_notice_handler(once)

    seen = []
    conn.add_notice_handler(once)
    conn.add_notice_handler(lambda diagnostic: seen.append("always"))
    conn.execute(NOTICE)
    conn.execute(NOTICE)
    assert seen == ["once", "always", "always"]


def test_a_notice_handler_that_fails(conn, caplog):
    def fail(diagnostic):
        raise ZeroDivisionError

    seen = []
    conn.add_notice_handler(fail)
    conn.add_notice_handler(seen.append)
    conn.execute(NOTICE)
    assert len(seen) == 1
    assert "a notice handler failed" in caplog.text
    assert conn.execute("select 1").fetchone() == (1,)


def test_two_connections_in_two_threads(dsn):
    answers = {}

    def run(number):
        with howdah.connect(dsn) as conn:
            answers[number] = conn.execute("select %s", (number,)).fetchone()[0]

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: n for n in range(4)}
