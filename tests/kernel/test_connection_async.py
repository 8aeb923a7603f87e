"""Connections: opening, closing, settings, and messages that the server sends unasked."""

from __future__ import annotations

import gc
import os
import socket
import threading

import anyio
import pytest

import howdah
from howdah import pq
from howdah.rows import dict_row, scalar_row
from tests.tasks import start

pytestmark = pytest.mark.anyio

ASYNC = True


def idle(conn):
    return conn.info.transaction_status == pq.TransactionStatus.IDLE


async def assign(conn, attribute, value):
    """Change a setting: with an attribute, or with its method, which can be awaited."""
    if ASYNC:
        await getattr(conn, f"set_{attribute}")(value)
    else:
        setattr(conn, attribute, value)


async def collect(rows):
    return [row async for row in rows]


# Opening and closing


async def test_connect(dsn, aconn_cls):
    conn = await aconn_cls.connect(dsn)
    assert not conn.closed
    assert not conn.broken
    assert idle(conn)
    await conn.close()
    await conn.close()
    assert conn.closed
    assert not conn.broken
    assert conn.info.transaction_status == pq.TransactionStatus.UNKNOWN
    assert conn.info.status == pq.ConnStatus.BAD


async def test_connect_takes_settings(dsn):
    async with await howdah.AsyncConnection.connect(
        dsn, autocommit=True, row_factory=dict_row, application_name="a name"
    ) as conn:
        assert conn.autocommit
        assert await (await conn.execute("show application_name")).fetchone() == {
            "application_name": "a name"
        }
        assert idle(conn)


async def test_connect_names_a_bad_parameter(dsn):
    with pytest.raises(howdah.ProgrammingError, match="colour"):
        await howdah.AsyncConnection.connect(dsn, colour="red")


@pytest.mark.parametrize("conninfo", [5, None, b"host=localhost"])
async def test_a_conninfo_is_a_str(conninfo):
    with pytest.raises(howdah.ProgrammingError, match="must be a str, not"):
        await howdah.AsyncConnection.connect(conninfo)


async def test_connect_to_nobody(tmp_path):
    with pytest.raises(howdah.OperationalError, match=str(tmp_path)):
        await howdah.AsyncConnection.connect(f"host={tmp_path} user=x dbname=x")


async def test_connect_with_a_context(dsn, aconn):
    class Loader(howdah.adapt.Loader):
        def load(self, data):
            return "loaded"

    aconn.adapters.register_loader(25, Loader)
    async with await howdah.AsyncConnection.connect(dsn, context=aconn) as other:
        assert await (await other.execute("select 'x'::text")).fetchone() == ("loaded",)
    async with await howdah.AsyncConnection.connect(dsn) as other:
        assert await (await other.execute("select 'x'::text")).fetchone() == ("x",)


async def test_cursor_factory(dsn):
    class MyCursor(howdah.AsyncCursor):
        async def mine(self):
            return (await self.fetchone())[0]

    async with await howdah.AsyncConnection.connect(dsn, cursor_factory=MyCursor) as conn:
        assert await (await conn.execute("select 1")).mine() == 1
        assert isinstance(conn.cursor(), MyCursor)
        conn.cursor_factory = howdah.AsyncClientCursor
        assert conn.cursor().mogrify("select %s", (1,)) == "select 1"


@pytest.mark.parametrize("factory", ["dict", dict, howdah.Connection])
async def test_what_is_no_cursor_factory(dsn, factory):
    with pytest.raises(howdah.ProgrammingError, match="cursor_factory is howdah"):
        await howdah.AsyncConnection.connect(dsn, cursor_factory=factory)


async def test_subclass(dsn):
    class MyConnection(howdah.AsyncConnection):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.seen = []

        async def execute(self, query, *args, **kwargs):
            self.seen.append(query)
            return await super().execute(query, *args, **kwargs)

    async with await MyConnection.connect(dsn) as conn:
        assert type(conn) is MyConnection
        assert await (await conn.execute("select 1")).fetchone() == (1,)
        assert conn.seen == ["select 1"]


async def test_subclass_and_cursor_factory(dsn):
    class MyCursor(howdah.AsyncCursor):
        async def only(self):
            return (await self.fetchone())[0]

    class MyConnection(howdah.AsyncConnection):
        cursor_factory = MyCursor

    async with await MyConnection.connect(dsn) as conn:
        assert type(conn) is MyConnection
        assert await (await conn.execute("select 1")).only() == 1


async def test_with_commits_and_closes(dsn, aconn):
    async with await howdah.AsyncConnection.connect(dsn) as other:
        await other.execute("create table with_block (x int)")
    assert other.closed
    with pytest.raises(ZeroDivisionError):
        async with await howdah.AsyncConnection.connect(dsn) as other:
            await other.execute("insert into with_block values (1)")
            1 / 0  # noqa: B018
    assert other.closed
    assert await (await aconn.execute("table with_block")).fetchall() == []
    await aconn.execute("drop table with_block")
    await aconn.commit()


async def test_with_raises_what_commit_raises(dsn):
    with pytest.raises(howdah.errors.UniqueViolation):
        async with await howdah.AsyncConnection.connect(dsn) as conn:
            await conn.execute("create temp table t (x int unique deferrable initially deferred)")
            await conn.execute("insert into t values (1), (1)")
    assert conn.closed


async def test_with_keeps_the_exception_when_the_rollback_fails(dsn, aconn):
    with pytest.raises(ZeroDivisionError):
        async with await howdah.AsyncConnection.connect(dsn) as other:
            await other.execute("select 1")
            await aconn.execute("select pg_terminate_backend(%s, 10000)", (other.info.backend_pid,))
            1 / 0  # noqa: B018
    assert other.closed


async def test_with_closed_inside(dsn):
    async with await howdah.AsyncConnection.connect(dsn) as conn:
        await conn.close()
    assert conn.closed


async def test_closed_connection_says_so(dsn):
    conn = await howdah.AsyncConnection.connect(dsn)
    cur = conn.cursor()
    await conn.close()
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
        lambda: conn.transaction().__aenter__(),
        lambda: conn.set_autocommit(True),
        lambda: conn.tpc_begin("x"),
    ):
        with pytest.raises(howdah.OperationalError, match="connection is closed"):
            await call()
    conn.cancel()
    await conn.cancel_safe()


async def test_forgotten_connection_warns(dsn):
    conn = await howdah.AsyncConnection.connect(dsn)
    pid = conn.info.backend_pid
    with pytest.warns(ResourceWarning) as warned:  # the socket may warn as well
        del conn
        gc.collect()
    assert any("deleted while still open" in str(warning.message) for warning in warned)
    async with await howdah.AsyncConnection.connect(dsn) as other:
        await other.execute("select pg_terminate_backend(%s, 10000)", (pid,))


# A worker of pytest-xdist has a thread of its own.
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
async def test_a_forked_child_does_not_harm_the_connection(dsn):
    conn = await howdah.AsyncConnection.connect(dsn)
    await conn.execute("select 1")
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
    assert await (await conn.execute("select 2")).fetchone() == (2,)
    await conn.close()


async def leave(conn):
    """Do nothing with a connection."""


async def query(conn):
    await conn.execute("select 1")


async def close(conn):
    await conn.close()


@pytest.mark.parametrize(("prepare", "state"), [(leave, "IDLE"), (query, "INTRANS"), (close, "closed")])
async def test_repr(dsn, prepare, state):
    conn = await howdah.AsyncConnection.connect(dsn, password="secret!")
    await prepare(conn)
    assert f"[{state}]" in repr(conn)
    assert "secret!" not in repr(conn)
    assert f"database={conn.info.dbname}" in repr(conn)
    await conn.close()


def test_fileno(aconn):
    assert aconn.fileno() == aconn._connected.sock.fileno()
    os.fstat(aconn.fileno())


# Transactions as DB-API has them


async def test_a_failed_transaction_refuses_queries(aconn):
    with pytest.raises(howdah.errors.UndefinedTable):
        await aconn.execute("table nowhere")
    assert aconn.info.transaction_status == pq.TransactionStatus.INERROR
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        await aconn.execute("select 1")
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_commit_of_a_failed_transaction_is_told(aconn):
    await aconn.execute("create temp table t (x int)")
    await aconn.commit()
    await aconn.execute("insert into t values (1)")
    with pytest.raises(howdah.DatabaseError):
        await aconn.execute("wrong")
    with pytest.raises(howdah.errors.InFailedSqlTransaction, match="rolled back, not committed"):
        await aconn.commit()
    assert idle(aconn)
    assert await (await aconn.execute("table t")).fetchall() == []


async def test_autocommit(aconn):
    assert not aconn.autocommit
    if ASYNC:
        with pytest.raises(AttributeError, match="set_autocommit"):
            aconn.autocommit = True
    await assign(aconn, "autocommit", True)
    assert aconn.autocommit
    await aconn.execute("select 1")
    assert idle(aconn)
    with pytest.raises(howdah.errors.DivisionByZero):
        await aconn.execute("select 1 / 0")
    assert idle(aconn)
    await aconn.set_autocommit(False)
    await aconn.execute("select 1")
    assert not idle(aconn)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("autocommit", True), ("isolation_level", howdah.IsolationLevel.SERIALIZABLE)]
    + [("read_only", True), ("deferrable", True)],
)
async def test_settings_cannot_change_in_a_transaction(aconn, attribute, value):
    before = getattr(aconn, attribute)
    await aconn.execute("select 1")
    with pytest.raises(howdah.ProgrammingError, match=attribute):
        await assign(aconn, attribute, value)
    await aconn.rollback()
    async with aconn.transaction():
        with pytest.raises(howdah.ProgrammingError, match=attribute):
            await assign(aconn, attribute, value)
    assert getattr(aconn, attribute) == before
    await assign(aconn, attribute, value)
    assert getattr(aconn, attribute) == value
    await assign(aconn, attribute, before)
    assert getattr(aconn, attribute) == before


@pytest.mark.parametrize("level", howdah.IsolationLevel)
@pytest.mark.parametrize("autocommit", [True, False])
async def test_isolation_level(aconn, level, autocommit):
    await assign(aconn, "autocommit", autocommit)
    await assign(aconn, "isolation_level", level.value)
    assert aconn.isolation_level is level
    name = level.name.lower().replace("_", " ")
    async with aconn.transaction():
        assert await (await aconn.execute("show transaction_isolation")).fetchone() == (name,)
    # Autocommit has no transactions of ours, and so the server's default.
    expected = "read committed" if autocommit else name
    assert await (await aconn.execute("show transaction_isolation")).fetchone() == (expected,)


@pytest.mark.parametrize("value", [True, False, None])
@pytest.mark.parametrize("attribute", ["read_only", "deferrable"])
async def test_read_only_and_deferrable(aconn, attribute, value):
    await assign(aconn, attribute, value)
    assert getattr(aconn, attribute) is value
    (shown,) = await (await aconn.execute(f"show transaction_{attribute}")).fetchone()
    assert shown == ("on" if value else "off")


async def test_read_only_is_enforced(aconn):
    await assign(aconn, "read_only", True)
    with pytest.raises(howdah.errors.ReadOnlySqlTransaction):
        await aconn.execute("create table nope (x int)")


async def test_bad_isolation_level(aconn):
    with pytest.raises(ValueError, match="99"):
        await assign(aconn, "isolation_level", 99)


async def test_a_begin_that_fails(aconn, monkeypatch):
    monkeypatch.setattr(aconn.kernel, "begin_statement", b"BEGIN SOMEHOW")
    for _ in range(2):
        with pytest.raises(howdah.errors.SyntaxError):
            await aconn.execute("select 1")
        assert idle(aconn)
        with pytest.raises(howdah.errors.SyntaxError):
            await aconn.cursor().executemany("select %s", [(1,), (2,)])
        with pytest.raises(howdah.errors.SyntaxError):
            await aconn.execute("select 1; select 2")
        with pytest.raises(howdah.errors.SyntaxError):
            [row async for row in aconn.cursor().stream("select 1")]
        with pytest.raises(howdah.errors.SyntaxError):
            async with aconn.transaction():
                pytest.fail("the block was entered")
        assert idle(aconn)
    monkeypatch.undo()
    assert await (await aconn.execute("select 3")).fetchone() == (3,)


# Queries of a connection


async def test_execute(aconn):
    cur = await aconn.execute("select %s, %s", (1, "a"))
    assert isinstance(cur, aconn.cursor_factory)
    assert await cur.fetchone() == (1, "a")
    assert (await aconn.execute("select 1", binary=True)).description[0].type_code == 23


async def test_row_factory(aconn):
    assert aconn.row_factory is howdah.rows.tuple_row
    aconn.row_factory = scalar_row
    assert await (await aconn.execute("select 1")).fetchone() == 1
    cur = aconn.cursor(row_factory=dict_row)
    assert await (await cur.execute("select 1 as a")).fetchone() == {"a": 1}
    cur.row_factory = scalar_row
    assert await (await cur.execute("select 1 as a")).fetchone() == 1


def test_named_cursors_need_their_plugin(aconn):
    with pytest.raises(howdah.NotSupportedError):
        aconn.cursor(scrollable=True)
    with pytest.raises(howdah.NotSupportedError):
        aconn.cursor(withhold=True)


async def test_encodings(aconn):
    await aconn.execute("set client_encoding to latin1")
    assert aconn.info.encoding == "iso8859-1"
    assert await (await aconn.execute("select 'é', %s, 'è' as à", ("ü",))).fetchone() == ("é", "ü", "è")
    assert await (await aconn.execute("select 'é', %(é)s as à", {"é": "ü"})).fetchone() == ("é", "ü")
    assert (await aconn.execute("select 1 as à")).description[0].name == "à"
    assert await (await aconn.cursor().execute("select chr(233)")).fetchone() == ("é",)
    with pytest.raises(howdah.DataError):
        await aconn.execute("select %s", ("€",))
    with pytest.raises(howdah.errors.UndefinedTable, match="é"):
        await aconn.execute("select * from é")
    await aconn.rollback()
    assert aconn.info.encoding == "utf-8"
    assert await (await aconn.execute("select %s", ("€",))).fetchone() == ("€",)


async def test_sql_ascii(aconn):
    await aconn.execute("set client_encoding to sql_ascii")
    assert aconn.info.encoding == "ascii"
    assert await (await aconn.execute("select 'a'::text, %s::text", ("é",))).fetchone() == (
        b"a",
        "é".encode(),
    )
    assert await (await aconn.execute("select 'é'::text")).fetchone() == ("é".encode(),)


async def test_an_encoding_python_does_not_know(aconn):
    await aconn.execute("set client_encoding to euc_tw")
    with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
        aconn.info.encoding  # noqa: B018
    await aconn.execute(b"select 1")
    for cursor in (
        aconn.cursor(),
        howdah.AsyncClientCursor(aconn),
        howdah.AsyncRawCursor(aconn),
        aconn.cursor("named"),
    ):
        for params in (None, []):
            with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
                await cursor.execute("select 'a'::text", params)
    with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
        await aconn.cursor().executemany("select %s", [["a"]])
    with pytest.raises(howdah.NotSupportedError, match="EUC_TW"):
        [row async for row in aconn.cursor().stream("select 1")]
    await aconn.rollback()
    assert await (await aconn.execute("select 'a'::text")).fetchone() == ("a",)


async def test_two_phase_commit(aconn):
    xid = aconn.xid(1, "here", str(id(aconn)))
    await aconn.tpc_begin(xid)
    await aconn.execute("select 1")
    await aconn.tpc_prepare()
    await aconn.tpc_rollback()
    assert xid not in [howdah.Xid.from_string(str(found)) for found in await aconn.tpc_recover()]
    await aconn.tpc_begin(xid)
    await aconn.tpc_commit()
    with pytest.raises(howdah.ProgrammingError):
        await aconn.tpc_prepare()


async def test_blocks_in_a_two_phase_transaction(aconn):
    """They are savepoints of it; it cannot end in one."""
    await aconn.tpc_begin("blocks")
    async with aconn.transaction():
        await aconn.execute("create temp table kept (x int)")
        for end in (aconn.tpc_prepare, aconn.tpc_commit, aconn.tpc_rollback):
            with pytest.raises(howdah.ProgrammingError, match="inside a transaction"):
                await end()
    with pytest.raises(ZeroDivisionError):
        async with aconn.transaction():
            await aconn.execute("drop table kept")
            raise ZeroDivisionError
    await aconn.execute("table kept")
    await aconn.tpc_rollback()
    # Nor does one begin a transaction that the two-phase one is taken for.
    await aconn.tpc_begin("ended by hand")
    await aconn.execute("rollback")
    with pytest.raises(howdah.ProgrammingError, match="is not finished"):
        async with aconn.transaction():
            pass
    await aconn.tpc_rollback()


async def test_a_loss_at_the_end_of_a_block_does_not_hide_an_exception(dsn, caplog):
    """It is logged, without the row of data that its context has."""

    async def kill(conn):
        async with await howdah.AsyncConnection.connect(dsn) as other:
            await other.execute("select pg_terminate_backend(%s, 10000)", [conn.info.backend_pid])
        raise ZeroDivisionError

    async def copy_in(conn):
        await conn.execute("create temp table copied (x text)")
        async with conn.cursor().copy("copy copied from stdin") as copy:
            await copy.write("secret\n")
            await kill(conn)

    async def copy_out(conn):
        async with conn.cursor().copy("copy (select generate_series(1, 1000000)) to stdout"):
            await kill(conn)

    async def named_cursor(conn):
        async with conn.cursor("named") as cur:
            await cur.execute("select 1")
            await kill(conn)

    async def portal(conn):
        async with conn.cursor() as cur:
            cur.itersize = 1
            await cur.execute("select generate_series(1, 3)")
            await kill(conn)

    async def large_object(conn):
        async with conn.lobject(0, "w"):
            await kill(conn)

    for block in (copy_in, copy_out, named_cursor, portal, large_object):
        caplog.clear()
        with pytest.raises(ZeroDivisionError):
            async with await howdah.AsyncConnection.connect(dsn) as conn:
                await block(conn)
        assert "error ignored at the end of" in caplog.text, block
        assert "secret" not in caplog.text


async def test_binary_results_of_a_new_cursor(aconn):
    """The cursor that `execute` returns asks for binary results from then on."""
    cur = await aconn.execute("select 1", binary=True)
    assert cur.format == howdah.pq.Format.BINARY
    assert (await aconn.execute("select 1", binary=False)).format == howdah.pq.Format.TEXT
    await cur.execute("select 1", binary=False)
    assert cur.format == howdah.pq.Format.BINARY


async def test_timezone_between_queries(aconn):
    query = "select '2020-01-01 00:00+00'::timestamptz"
    first = (await (await aconn.execute(query)).fetchone())[0]
    await aconn.execute("set timezone to 'Europe/Rome'")
    second = (await (await aconn.execute(query)).fetchone())[0]
    assert first == second
    assert first.utcoffset() != second.utcoffset()
    assert aconn.info.timezone.key == "Europe/Rome"


# What the server says unasked

NOTICE = "do $$begin raise notice 'hello %', 1 using detail = 'more'; end$$"


async def test_notices(aconn):
    seen = []
    aconn.add_notice_handler(seen.append)
    await aconn.execute(NOTICE)
    assert [(d.message_primary, d.message_detail, d.severity) for d in seen] == [
        ("hello 1", "more", "NOTICE")
    ]
    aconn.remove_notice_handler(seen.append)
    await aconn.execute(NOTICE)
    assert len(seen) == 1
    with pytest.raises(ValueError, match="not in"):
        aconn.remove_notice_handler(seen.append)


async def test_a_notice_handler_that_removes_itself(aconn):
    def once(diagnostic):
        seen.append("once")
        aconn.remove_notice_handler(once)

    seen = []
    aconn.add_notice_handler(once)
    aconn.add_notice_handler(lambda diagnostic: seen.append("always"))
    await aconn.execute(NOTICE)
    await aconn.execute(NOTICE)
    assert seen == ["once", "always", "always"]


async def test_a_notice_handler_that_fails(aconn, caplog):
    def fail(diagnostic):
        raise ZeroDivisionError

    seen = []
    aconn.add_notice_handler(fail)
    aconn.add_notice_handler(seen.append)
    await aconn.execute(NOTICE)
    assert len(seen) == 1
    assert "a notice handler failed" in caplog.text
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


if ASYNC:

    async def one(conn, query, params=None):
        return (await (await conn.execute(query, params)).fetchone())[0]

    @pytest.mark.parametrize(
        ("attribute", "value", "shown"),
        [("isolation_level", howdah.IsolationLevel.SERIALIZABLE, "serializable")]
        + [("read_only", True, "on"), ("deferrable", True, "on")],
    )
    async def test_settings_have_methods(aconn, attribute, value, shown):
        with pytest.raises(AttributeError, match=f"set_{attribute}"):
            setattr(aconn, attribute, value)
        await getattr(aconn, f"set_{attribute}")(value)
        assert getattr(aconn, attribute) == value
        name = attribute.removesuffix("_level")
        assert await one(aconn, f"show transaction_{name}") == shown
        with pytest.raises(howdah.ProgrammingError):
            await getattr(aconn, f"set_{attribute}")(None)

    async def test_the_loop_goes_on_meanwhile(aconn):
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await anyio.sleep(0)

        task = start(tick)
        await aconn.execute("select pg_sleep(0.05)")
        task.cancel()
        assert ticks > 2

    async def test_connecting_is_cancelled(tmp_path):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / ".s.PGSQL.5432"))
            server.listen()
            with anyio.move_on_after(0.05) as scope:
                await howdah.AsyncConnection.connect(f"host={tmp_path} user=x dbname=x")
            assert scope.cancelled_caught
            # Its socket is closed: who accepts it finds the end.
            accepted, _ = server.accept()
            with accepted:
                assert accepted.recv(65536)
                assert accepted.recv(65536) == b""
        gc.collect()

else:

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
