"""Two-phase commit."""

from __future__ import annotations

from contextlib import closing

import pytest

import howdah


@pytest.fixture
def conn(dsn):
    """A connection with a table for it; nothing prepared before or after."""

    def clean(conn):
        conn.autocommit = True
        for (gid,) in conn.execute("select gid from pg_prepared_xacts where database = current_database()"):
            conn.execute(howdah.sql.SQL("rollback prepared {}").format(gid))

    with howdah.connect(dsn) as conn:
        clean(conn)
        conn.execute("drop table if exists tpc")
        conn.execute("create table tpc (x text)")
        conn.autocommit = False
        yield conn
    with howdah.connect(dsn) as conn:
        clean(conn)
        conn.execute("drop table tpc")


def content(dsn):
    with howdah.connect(dsn) as conn:
        return [row[0] for row in conn.execute("select x from tpc order by x")]


def prepared(dsn):
    with howdah.connect(dsn) as conn:
        query = "select count(*) from pg_prepared_xacts where database = current_database()"
        return conn.execute(query).fetchone()[0]


@pytest.mark.parametrize("prepare", [True, False])
@pytest.mark.parametrize("action", ["commit", "rollback"])
def test_phases(conn, dsn, prepare, action):
    conn.tpc_begin(conn.xid(1, "gtrid", "bqual"))
    assert conn.info.transaction_status.name == "INTRANS"
    conn.execute("insert into tpc values ('a')")
    if prepare:
        conn.tpc_prepare()
        assert conn.info.transaction_status.name == "IDLE"
        assert prepared(dsn) == 1
    assert content(dsn) == []
    getattr(conn, f"tpc_{action}")()
    assert conn.info.transaction_status.name == "IDLE"
    assert prepared(dsn) == 0
    assert content(dsn) == (["a"] if action == "commit" else [])
    # And it goes on as usual.
    conn.execute("select 1")
    conn.commit()


@pytest.mark.parametrize("action", ["commit", "rollback"])
@pytest.mark.parametrize("xid", ["by hand's \\ name", (7, "a", "b")])
def test_recover(conn, dsn, action, xid):
    with howdah.connect(dsn) as other:
        other.tpc_begin(xid if isinstance(xid, str) else other.xid(*xid))
        other.execute("insert into tpc values ('b')")
        other.tpc_prepare()
        other.close()
    (found,) = conn.tpc_recover()
    assert conn.info.transaction_status.name == "IDLE"
    assert tuple(found) == ((None, xid, None) if isinstance(xid, str) else xid)
    assert found.database == conn.info.dbname
    assert found.owner == conn.info.user
    assert found.prepared is not None
    getattr(conn, f"tpc_{action}")(found)
    assert prepared(dsn) == 0
    assert content(dsn) == (["b"] if action == "commit" else [])


def test_recover_inside_of_a_transaction_leaves_it_alone(conn):
    conn.execute("insert into tpc values ('c')")
    assert conn.tpc_recover() == []
    assert conn.info.transaction_status.name == "INTRANS"


def test_what_a_transaction_refuses(conn):
    conn.tpc_begin("x")
    for call in (
        conn.commit,
        conn.rollback,
        lambda: conn.tpc_begin("y"),
        lambda: conn.tpc_commit("y"),
        lambda: conn.set_autocommit(True),
    ):
        with pytest.raises(howdah.ProgrammingError):
            call()
    conn.tpc_prepare()
    for call in (
        lambda: conn.execute("select 1"),
        lambda: conn.transaction().__enter__(),
        conn.tpc_prepare,
        conn.commit,
    ):
        with pytest.raises(howdah.ProgrammingError):
            call()
    conn.tpc_rollback()
    assert conn.execute("select 1").fetchone() == (1,)


def test_what_needs_a_transaction(conn):
    for call in (conn.tpc_prepare, conn.tpc_commit, conn.tpc_rollback):
        with pytest.raises(howdah.ProgrammingError):
            call()
    conn.execute("select 1")
    with pytest.raises(howdah.ProgrammingError, match="INTRANS"):
        conn.tpc_begin("x")
    conn.rollback()
    conn.autocommit = True
    with pytest.raises(howdah.ProgrammingError, match="autocommit"):
        conn.tpc_begin("x")


def test_unknown_transaction(conn):
    with pytest.raises(howdah.errors.UndefinedObject):
        conn.tpc_commit("nobody knows me")
    assert conn.info.transaction_status.name == "IDLE"


def test_a_failed_transaction_is_not_prepared(conn, dsn):
    conn.tpc_begin("x")
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("select 1 / 0")
    with pytest.raises(howdah.OperationalError, match="rolled back"):
        conn.tpc_prepare()
    assert prepared(dsn) == 0
    assert conn.execute("select 1").fetchone() == (1,)


def test_a_closed_connection_leaves_what_is_prepared(conn, dsn):
    with howdah.connect(dsn) as other:
        other.tpc_begin("stays")
        other.execute("insert into tpc values ('d')")
        other.tpc_prepare()
        other.close()
    assert prepared(dsn) == 1
    conn.tpc_commit("stays")
    assert content(dsn) == ["d"]


def test_an_id_in_another_client_encoding(conn, dsn):
    with closing(howdah.connect(dsn, client_encoding="LATIN1")) as other:
        other.tpc_begin("né")
        other.execute("insert into tpc values ('x')")
        other.tpc_prepare()
    assert [xid.gtrid for xid in conn.tpc_recover()] == ["né"]
    with howdah.connect(dsn, client_encoding="LATIN1") as other:
        assert [xid.gtrid for xid in other.tpc_recover()] == ["né"]
        other.tpc_rollback("né")
    assert prepared(dsn) == 0
