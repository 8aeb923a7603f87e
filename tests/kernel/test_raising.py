# Generated from tests/kernel/test_raising_async.py by .ci/async_to_sync.py; do not edit.
"""A loader or handler raises a `BaseException`: the program gets it, and the connection continues."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah import errors
from howdah.adapt import Loader
from howdah.pq import TransactionStatus

pytestmark = pytest.mark.anyio

Connection = howdah.Connection


class Raised(BaseException):
    """What is raised."""


class Raising(Loader):
    """Loads no value, and counts how often it should."""

    calls = 0

    def load(self, data: Any) -> Any:
        Raising.calls += 1
        raise Raised


class Leaving(Loader):
    """Leaves values as they are."""

    def load(self, data: Any) -> bytes:
        return bytes(data)


class RaisingAtOnce(Loader):
    """Cannot even be made."""

    def __init__(self, oid: int, context: Any = None) -> None:
        Raising.calls += 1
        raise Raised

    def load(self, data: Any) -> Any:
        """Never called."""


#: Rows whose last column nobody can load.
ROWS = "select i, i::int2 from generate_series(1, {0}) as i"


def execute(conn: Any, rows: int) -> None:
    conn.execute(ROWS.format(rows))


def with_parameters(conn: Any, rows: int) -> None:
    conn.execute(ROWS.format("%s"), (rows,))


def prepared(conn: Any, rows: int) -> None:
    conn.execute(ROWS.format("%s"), (rows,), prepare=True)


def repeated(conn: Any, rows: int) -> None:
    query = "select i, case when %s then i::int2 end from generate_series(1, %s::int4) as i"
    for _ in range(8):
        conn.execute(query, (False, 1))
    conn.execute(query, (True, rows))


def in_binary(conn: Any, rows: int) -> None:
    conn.execute(ROWS.format("%s"), (rows,), binary=True)


def script(conn: Any, rows: int) -> None:
    conn.execute(f"select 1; {ROWS.format(rows)}; {ROWS.format(rows)}; select 1")


def client_side(conn: Any, rows: int) -> None:
    howdah.ClientCursor(conn, row_factory=conn.row_factory).execute(ROWS.format("%s"), (rows,))


def many(conn: Any, rows: int) -> None:
    conn.cursor().executemany(ROWS.format("%s"), [(rows,)] * 3, returning=True)


def stream(conn: Any, rows: int) -> None:
    for _ in conn.cursor().stream(ROWS.format("%s"), (rows,)):
        pass


def portal(conn: Any, rows: int) -> None:
    cur = conn.cursor()
    cur.itersize = rows // 2 + 1
    cur.execute(ROWS.format("%s"), (rows,))


def later_from_a_portal(conn: Any, rows: int) -> None:
    cur = conn.cursor()
    cur.itersize = 2
    cur.execute("select case when i > 2 then i::int2 end from generate_series(1, %s) as i", (rows,))
    assert cur.fetchmany(2) == [(None,), (None,)]
    try:
        cur.fetchone()
    finally:
        with pytest.raises(howdah.OperationalError, match="interrupted"):
            cur.fetchone()


def pipeline(conn: Any, rows: int) -> None:
    with conn.pipeline():
        conn.execute(ROWS.format(rows))
        cur = conn.execute("select 1")
        cur.fetchone()


def many_in_a_pipeline(conn: Any, rows: int) -> None:
    with conn.pipeline():
        many(conn, rows)


def copy(conn: Any, rows: int) -> None:
    with conn.cursor().copy(f"copy ({ROWS.format(rows)}) to stdout") as copy:
        copy.set_types(["int4", "int2"])
        for _ in copy.rows():
            pass


WAYS = [
    execute, with_parameters, prepared, repeated, in_binary, script, client_side, many, stream, portal,
    later_from_a_portal, pipeline, many_in_a_pipeline, copy,
]  # fmt: skip


def check_usable(conn: Any, transaction: bool, may_be_over: bool = False) -> None:
    """The connection is usable at once, in the state that the server says it is in."""
    assert not conn.closed
    status = conn.info.transaction_status
    if not transaction:
        assert status == TransactionStatus.IDLE
    elif may_be_over and status == TransactionStatus.IDLE:
        pass
    elif status == TransactionStatus.INERROR:
        with pytest.raises(errors.InFailedSqlTransaction):
            conn.execute("select 1")
        conn.rollback()
    else:
        assert status == TransactionStatus.INTRANS
    for number in range(2):
        assert conn.execute("select %s::int4", (number,)).fetchall() == [(number,)]
    conn.rollback()


@pytest.mark.parametrize("rows", [3, 30000])
@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("loader", [Raising, RaisingAtOnce])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_loader(conn: Connection[Any], way: Any, loader: type[Loader], transaction: bool, rows: int) -> None:
    conn.set_autocommit(not transaction)
    for format in howdah.pq.Format:
        registered = type("Registered", (loader,), {"format": format})
        conn.adapters.register_loader("int2", registered)
    for _ in range(2):
        Raising.calls = 0
        with pytest.raises(Raised):
            way(conn, rows)
        assert Raising.calls == 1
        # A long COPY that began the transaction is cancelled if the server pauses, and ends it.
        check_usable(conn, transaction, may_be_over=way is copy and rows > 3)


def test_named_cursor(conn: Connection[Any]) -> None:
    """Fetched rows are not lost: the next fetch loads them, as often as it takes."""

    class Sometimes(Loader):
        raising = {"3", "7"}
        loaded: list[str] = []

        def load(self, data: Any) -> Any:
            value = bytes(data).decode()
            if value in self.raising:
                raise Raised
            self.loaded.append(value)
            return int(value)

    conn.adapters.register_loader("int2", Sometimes)
    cur = conn.cursor("herd", binary=False)
    cur.execute("select i::int2 from generate_series(1, 9) as i")
    for _ in range(3):
        with pytest.raises(Raised):
            cur.fetchmany(5)
        assert Sometimes.loaded == ["1", "2"]
        assert conn.execute("select 1").fetchone() == (1,)
    assert cur.fetchmany(2) == [(1,), (2,)]
    with pytest.raises(Raised):
        cur.fetchone()
    Sometimes.raising.remove("3")
    assert cur.fetchone() == (3,)
    with pytest.raises(Raised):
        cur.fetchall()
    Sometimes.raising.clear()
    assert cur.fetchall() == [(i,) for i in range(4, 10)]
    assert Sometimes.loaded == [str(i) for i in range(1, 10)]
    assert cur.fetchone() is None
    cur.close()
    assert conn.info.transaction_status == TransactionStatus.INTRANS


def test_named_cursor_left_where_it_was(conn: Connection[Any]) -> None:
    conn.adapters.register_loader("int2", Raising)
    with conn.cursor("herd", binary=False) as cur:
        cur.execute("select case when i = 3 then i::int2 end, i from generate_series(1, 9) as i")
        with pytest.raises(Raised):
            cur.fetchmany(5)
        conn.adapters.register_loader("int2", Leaving)
        with pytest.raises(Raised):
            cur.scroll(4)
        with pytest.raises(Raised):
            for _ in cur:
                pass


def test_pipeline(conn: Connection[Any]) -> None:
    """The queries around the one that cannot be loaded get their answers, and it tells why it has none."""
    conn.set_autocommit(True)
    conn.adapters.register_loader("int2", Raising)
    Raising.calls = 0
    with conn.pipeline() as pipeline:
        first = conn.execute("select i, 'first' from generate_series(1, 3) as i")
        middle = conn.execute(ROWS.format(3))
        last = conn.execute("select i, 'last' from generate_series(1, 3) as i")
        with pytest.raises(Raised):
            last.fetchone()
        assert first.fetchall() == [(i, "first") for i in range(1, 4)]
        with pytest.raises(Raised):
            middle.fetchall()
        assert last.fetchall() == [(i, "last") for i in range(1, 4)]
        assert Raising.calls == 1
        pipeline.sync()
        another = conn.execute("select 4, 'another'")
        assert another.fetchall() == [(4, "another")]
    check_usable(conn, False)


def test_pipeline_of_many(conn: Connection[Any]) -> None:
    conn.set_autocommit(True)
    conn.adapters.register_loader("int2", Raising)
    cursors = []
    with pytest.raises(Raised):
        with conn.pipeline():
            for number in range(200):
                query = (
                    ROWS.format(300) if number % 5 == 3 else "select i, {0} from generate_series(1, 300) as i"
                )
                cursors.append(conn.execute(query.format(number)))
    for number, cur in enumerate(cursors):
        rows = []
        try:
            rows = cur.fetchall()
        except (Raised, howdah.Error):
            continue
        assert number % 5 != 3 and rows == [(i, number) for i in range(1, 301)]
    assert cursors[0].fetchall() == []
    check_usable(conn, False)


def test_a_part_of_the_rows_does_not_look_like_all(conn: Connection[Any]) -> None:
    conn.set_autocommit(True)
    conn.execute(
        "create function pg_temp.note(i int) returns int language plpgsql as"
        " $$ begin if i = 5000 then raise notice 'here'; end if; return i; end $$"
    )
    handler = Handler()
    conn.add_notice_handler(handler)
    with conn.pipeline():
        cur = conn.execute("select pg_temp.note(i) from generate_series(1, 50000) as i")
        with pytest.raises(Raised):
            cur.fetchall()
        try:
            rows = cur.fetchall()
        except howdah.OperationalError:
            pass  # cancelled by the server, or given up here
        else:
            assert rows == [(i,) for i in range(1, 50001)]
    conn.remove_notice_handler(handler)
    check_usable(conn, False)


def test_portal_that_is_exhausted_for_another_query(conn: Connection[Any]) -> None:
    conn.set_autocommit(True)
    conn.adapters.register_loader("int2", Raising)
    cur = conn.cursor()
    cur.itersize = 2
    cur.execute("select case when i > 4 then i::int2 end from generate_series(1, 10) as i")
    assert cur.fetchone() == (None,)
    with pytest.raises(Raised):
        conn.execute("select 1")
    check_usable(conn, False)
    assert cur.fetchone() == (None,)
    with pytest.raises(howdah.OperationalError, match="interrupted"):
        cur.fetchall()


class Handler:
    """Raises whatever it is called with, after having noted it."""

    def __init__(self) -> None:
        self.called: list[str] = []

    def __call__(self, said: Any) -> None:
        self.called.append(said.payload if isinstance(said, howdah.Notify) else said.message_primary)
        raise Raised


NOTICES = "do $$ begin for i in 1..{0} loop raise notice '%', i; end loop; end $$"


@pytest.mark.parametrize("count", [1, 3, 5000])
@pytest.mark.parametrize("transaction", [False, True])
def test_notice_handler(conn: Connection[Any], transaction: bool, count: int) -> None:
    conn.set_autocommit(not transaction)
    handlers = Handler(), Handler()
    for handler in handlers:
        conn.add_notice_handler(handler)
    with pytest.raises(Raised):
        conn.execute(NOTICES.format(count))
    told = [str(number) for number in range(1, count + 1)]
    for handler in handlers:
        # What did not come in at once may have been cancelled.
        assert handler.called and handler.called == told[: len(handler.called)]
    for handler in handlers:
        conn.remove_notice_handler(handler)
    check_usable(conn, transaction)


def notified(conn: Any) -> None:
    conn.execute("select pg_notify('herd', i::text) from generate_series(1, 3) as i")


def notified_in_a_pipeline(conn: Any) -> None:
    with conn.pipeline():
        conn.execute("select 1")
        notified(conn)
        conn.execute("select 2")


@pytest.mark.parametrize("way", [notified, notified_in_a_pipeline])
def test_notify_handler(conn: Connection[Any], way: Any) -> None:
    conn.set_autocommit(True)
    conn.execute("listen herd")
    handlers = Handler(), Handler()
    for handler in handlers:
        conn.add_notify_handler(handler)
    with pytest.raises(Raised):
        way(conn)
    for handler in handlers:
        conn.remove_notify_handler(handler)
    check_usable(conn, False)
    assert [handler.called for handler in handlers] == [["1", "2", "3"]] * 2


def test_notify_handler_while_waiting(conn: Connection[Any], dsn: str) -> None:
    conn.set_autocommit(True)
    conn.execute("listen herd")
    handler = Handler()
    conn.add_notify_handler(handler)
    with Connection.connect(dsn, autocommit=True) as other:
        notified(other)
    with pytest.raises(Raised):
        for _ in conn.notifies(timeout=30):
            pass
    conn.remove_notify_handler(handler)
    assert handler.called == ["1", "2", "3"]
    assert [n.payload for n in conn.notifies(timeout=0, stop_after=3)] == ["1", "2", "3"]
    check_usable(conn, False)


@pytest.mark.parametrize("transaction", [False, True])
def test_row_factory(conn: Connection[Any], transaction: bool) -> None:
    def factory(cursor: Any) -> Any:
        raise Raised

    conn.set_autocommit(not transaction)
    cur = conn.cursor(row_factory=factory)
    with pytest.raises(Raised):
        cur.execute("select 1")
    check_usable(conn, transaction)
    with pytest.raises(Raised):
        with conn.pipeline():
            cur.execute("select 1")
            behind = conn.execute("select 2")
            cur.fetchone()
    assert behind.fetchone() == (2,)
    check_usable(conn, transaction)
