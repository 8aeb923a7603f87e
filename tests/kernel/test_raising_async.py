"""A loader or handler raises a `BaseException`: the program gets it, and the connection continues."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import howdah
from howdah import errors
from howdah.adapt import Loader
from howdah.io.event_loop import is_trio
from howdah.pq import TransactionStatus
from tests.tasks import gather, start

ASYNC = True

pytestmark = pytest.mark.anyio

AsyncConnection = howdah.AsyncConnection


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


async def execute(conn: Any, rows: int) -> None:
    await conn.execute(ROWS.format(rows))


async def with_parameters(conn: Any, rows: int) -> None:
    await conn.execute(ROWS.format("%s"), (rows,))


async def prepared(conn: Any, rows: int) -> None:
    await conn.execute(ROWS.format("%s"), (rows,), prepare=True)


async def repeated(conn: Any, rows: int) -> None:
    query = "select i, case when %s then i::int2 end from generate_series(1, %s::int4) as i"
    for _ in range(8):
        await conn.execute(query, (False, 1))
    await conn.execute(query, (True, rows))


async def in_binary(conn: Any, rows: int) -> None:
    await conn.execute(ROWS.format("%s"), (rows,), binary=True)


async def script(conn: Any, rows: int) -> None:
    await conn.execute(f"select 1; {ROWS.format(rows)}; {ROWS.format(rows)}; select 1")


async def client_side(conn: Any, rows: int) -> None:
    await howdah.AsyncClientCursor(conn, row_factory=conn.row_factory).execute(ROWS.format("%s"), (rows,))


async def many(conn: Any, rows: int) -> None:
    await conn.cursor().executemany(ROWS.format("%s"), [(rows,)] * 3, returning=True)


async def stream(conn: Any, rows: int) -> None:
    async for _ in conn.cursor().stream(ROWS.format("%s"), (rows,)):
        pass


async def portal(conn: Any, rows: int) -> None:
    cur = conn.cursor()
    cur.itersize = rows // 2 + 1
    await cur.execute(ROWS.format("%s"), (rows,))


async def later_from_a_portal(conn: Any, rows: int) -> None:
    cur = conn.cursor()
    cur.itersize = 2
    await cur.execute("select case when i > 2 then i::int2 end from generate_series(1, %s) as i", (rows,))
    assert await cur.fetchmany(2) == [(None,), (None,)]
    try:
        await cur.fetchone()
    finally:
        with pytest.raises(howdah.OperationalError, match="interrupted"):
            await cur.fetchone()


async def pipeline(conn: Any, rows: int) -> None:
    async with conn.pipeline():
        await conn.execute(ROWS.format(rows))
        cur = await conn.execute("select 1")
        await cur.fetchone()


async def many_in_a_pipeline(conn: Any, rows: int) -> None:
    async with conn.pipeline():
        await many(conn, rows)


async def copy(conn: Any, rows: int) -> None:
    async with conn.cursor().copy(f"copy ({ROWS.format(rows)}) to stdout") as copy:
        copy.set_types(["int4", "int2"])
        async for _ in copy.rows():
            pass


WAYS = [
    execute, with_parameters, prepared, repeated, in_binary, script, client_side, many, stream, portal,
    later_from_a_portal, pipeline, many_in_a_pipeline, copy,
]  # fmt: skip


if ASYNC:

    @pytest.fixture(autouse=True)
    async def nothing_unhandled(anyio_backend: Any) -> AsyncIterator[None]:
        """Nothing that is raised reaches the event loop instead of the program."""
        unhandled: list[Any] = []
        if is_trio():  # which has no handler: whatever is unhandled ends it
            yield
            return
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: unhandled.append(context))
        yield
        asyncio.get_running_loop().set_exception_handler(None)
        assert not unhandled


async def check_usable(conn: Any, transaction: bool, may_be_over: bool = False) -> None:
    """The connection is usable at once, in the state that the server says it is in."""
    assert not conn.closed
    status = conn.info.transaction_status
    if not transaction:
        assert status == TransactionStatus.IDLE
    elif may_be_over and status == TransactionStatus.IDLE:
        pass
    elif status == TransactionStatus.INERROR:
        with pytest.raises(errors.InFailedSqlTransaction):
            await conn.execute("select 1")
        await conn.rollback()
    else:
        assert status == TransactionStatus.INTRANS
    for number in range(2):
        assert await (await conn.execute("select %s::int4", (number,))).fetchall() == [(number,)]
    await conn.rollback()


@pytest.mark.parametrize("rows", [3, 30000])
@pytest.mark.parametrize("transaction", [False, True])
@pytest.mark.parametrize("loader", [Raising, RaisingAtOnce])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_loader(
    aconn: AsyncConnection[Any], way: Any, loader: type[Loader], transaction: bool, rows: int
) -> None:
    await aconn.set_autocommit(not transaction)
    for format in howdah.pq.Format:
        registered = type("Registered", (loader,), {"format": format})
        aconn.adapters.register_loader("int2", registered)
    for _ in range(2):
        Raising.calls = 0
        with pytest.raises(Raised):
            await way(aconn, rows)
        assert Raising.calls == 1
        # A long COPY that began the transaction is cancelled if the server pauses, and ends it.
        await check_usable(aconn, transaction, may_be_over=way is copy and rows > 3)


async def test_named_cursor(aconn: AsyncConnection[Any]) -> None:
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

    aconn.adapters.register_loader("int2", Sometimes)
    cur = aconn.cursor("herd", binary=False)
    await cur.execute("select i::int2 from generate_series(1, 9) as i")
    for _ in range(3):
        with pytest.raises(Raised):
            await cur.fetchmany(5)
        assert Sometimes.loaded == ["1", "2"]
        assert (await (await aconn.execute("select 1")).fetchone()) == (1,)
    assert await cur.fetchmany(2) == [(1,), (2,)]
    with pytest.raises(Raised):
        await cur.fetchone()
    Sometimes.raising.remove("3")
    assert await cur.fetchone() == (3,)
    with pytest.raises(Raised):
        await cur.fetchall()
    Sometimes.raising.clear()
    assert await cur.fetchall() == [(i,) for i in range(4, 10)]
    assert Sometimes.loaded == [str(i) for i in range(1, 10)]
    assert await cur.fetchone() is None
    await cur.close()
    assert aconn.info.transaction_status == TransactionStatus.INTRANS


async def test_named_cursor_left_where_it_was(aconn: AsyncConnection[Any]) -> None:
    aconn.adapters.register_loader("int2", Raising)
    async with aconn.cursor("herd", binary=False) as cur:
        await cur.execute("select case when i = 3 then i::int2 end, i from generate_series(1, 9) as i")
        with pytest.raises(Raised):
            await cur.fetchmany(5)
        aconn.adapters.register_loader("int2", Leaving)
        with pytest.raises(Raised):
            await cur.scroll(4)
        with pytest.raises(Raised):
            async for _ in cur:
                pass


async def test_pipeline(aconn: AsyncConnection[Any]) -> None:
    """The queries around the one that cannot be loaded get their answers, and it tells why it has none."""
    await aconn.set_autocommit(True)
    aconn.adapters.register_loader("int2", Raising)
    Raising.calls = 0
    async with aconn.pipeline() as pipeline:
        first = await aconn.execute("select i, 'first' from generate_series(1, 3) as i")
        middle = await aconn.execute(ROWS.format(3))
        last = await aconn.execute("select i, 'last' from generate_series(1, 3) as i")
        with pytest.raises(Raised):
            await last.fetchone()
        assert await first.fetchall() == [(i, "first") for i in range(1, 4)]
        with pytest.raises(Raised):
            await middle.fetchall()
        assert await last.fetchall() == [(i, "last") for i in range(1, 4)]
        assert Raising.calls == 1
        await pipeline.sync()
        another = await aconn.execute("select 4, 'another'")
        assert await another.fetchall() == [(4, "another")]
    await check_usable(aconn, False)


async def test_pipeline_of_many(aconn: AsyncConnection[Any]) -> None:
    await aconn.set_autocommit(True)
    aconn.adapters.register_loader("int2", Raising)
    cursors = []
    with pytest.raises(Raised):
        async with aconn.pipeline():
            for number in range(200):
                query = (
                    ROWS.format(300) if number % 5 == 3 else "select i, {0} from generate_series(1, 300) as i"
                )
                cursors.append(await aconn.execute(query.format(number)))
    for number, cur in enumerate(cursors):
        rows = []
        try:
            rows = await cur.fetchall()
        except (Raised, howdah.Error):
            continue
        assert number % 5 != 3 and rows == [(i, number) for i in range(1, 301)]
    assert await cursors[0].fetchall() == []
    await check_usable(aconn, False)


async def test_a_part_of_the_rows_does_not_look_like_all(aconn: AsyncConnection[Any]) -> None:
    await aconn.set_autocommit(True)
    await aconn.execute(
        "create function pg_temp.note(i int) returns int language plpgsql as"
        " $$ begin if i = 5000 then raise notice 'here'; end if; return i; end $$"
    )
    handler = Handler()
    aconn.add_notice_handler(handler)
    async with aconn.pipeline():
        cur = await aconn.execute("select pg_temp.note(i) from generate_series(1, 50000) as i")
        with pytest.raises(Raised):
            await cur.fetchall()
        try:
            rows = await cur.fetchall()
        except howdah.OperationalError:
            pass  # cancelled by the server, or given up here
        else:
            assert rows == [(i,) for i in range(1, 50001)]
    aconn.remove_notice_handler(handler)
    await check_usable(aconn, False)


async def test_portal_that_is_exhausted_for_another_query(aconn: AsyncConnection[Any]) -> None:
    await aconn.set_autocommit(True)
    aconn.adapters.register_loader("int2", Raising)
    cur = aconn.cursor()
    cur.itersize = 2
    await cur.execute("select case when i > 4 then i::int2 end from generate_series(1, 10) as i")
    assert await cur.fetchone() == (None,)
    with pytest.raises(Raised):
        await aconn.execute("select 1")
    await check_usable(aconn, False)
    assert await cur.fetchone() == (None,)
    with pytest.raises(howdah.OperationalError, match="interrupted"):
        await cur.fetchall()


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
async def test_notice_handler(aconn: AsyncConnection[Any], transaction: bool, count: int) -> None:
    await aconn.set_autocommit(not transaction)
    handlers = Handler(), Handler()
    for handler in handlers:
        aconn.add_notice_handler(handler)
    with pytest.raises(Raised):
        await aconn.execute(NOTICES.format(count))
    told = [str(number) for number in range(1, count + 1)]
    for handler in handlers:
        # What did not come in at once may have been cancelled.
        assert handler.called and handler.called == told[: len(handler.called)]
    for handler in handlers:
        aconn.remove_notice_handler(handler)
    await check_usable(aconn, transaction)


async def notified(conn: Any) -> None:
    await conn.execute("select pg_notify('herd', i::text) from generate_series(1, 3) as i")


async def notified_in_a_pipeline(conn: Any) -> None:
    async with conn.pipeline():
        await conn.execute("select 1")
        await notified(conn)
        await conn.execute("select 2")


@pytest.mark.parametrize("way", [notified, notified_in_a_pipeline])
async def test_notify_handler(aconn: AsyncConnection[Any], way: Any) -> None:
    await aconn.set_autocommit(True)
    await aconn.execute("listen herd")
    handlers = Handler(), Handler()
    for handler in handlers:
        aconn.add_notify_handler(handler)
    with pytest.raises(Raised):
        await way(aconn)
    for handler in handlers:
        aconn.remove_notify_handler(handler)
    await check_usable(aconn, False)
    assert [handler.called for handler in handlers] == [["1", "2", "3"]] * 2


async def test_notify_handler_while_waiting(aconn: AsyncConnection[Any], dsn: str) -> None:
    await aconn.set_autocommit(True)
    await aconn.execute("listen herd")
    handler = Handler()
    aconn.add_notify_handler(handler)
    async with await AsyncConnection.connect(dsn, autocommit=True) as other:
        await notified(other)
    with pytest.raises(Raised):
        async for _ in aconn.notifies(timeout=30):
            pass
    aconn.remove_notify_handler(handler)
    assert handler.called == ["1", "2", "3"]
    assert [n.payload async for n in aconn.notifies(timeout=0, stop_after=3)] == ["1", "2", "3"]
    await check_usable(aconn, False)


@pytest.mark.parametrize("transaction", [False, True])
async def test_row_factory(aconn: AsyncConnection[Any], transaction: bool) -> None:
    def factory(cursor: Any) -> Any:
        raise Raised

    await aconn.set_autocommit(not transaction)
    cur = aconn.cursor(row_factory=factory)
    with pytest.raises(Raised):
        await cur.execute("select 1")
    await check_usable(aconn, transaction)
    with pytest.raises(Raised):
        async with aconn.pipeline():
            await cur.execute("select 1")
            behind = await aconn.execute("select 2")
            await cur.fetchone()
    assert await behind.fetchone() == (2,)
    await check_usable(aconn, transaction)


if ASYNC:

    @pytest.mark.usefixtures("suspending")
    @pytest.mark.parametrize("rows", [3, 30000])
    async def test_many_tasks(aconn: AsyncConnection[Any], rows: int) -> None:
        """Whose row cannot be loaded gets the exception, and all others their own answers."""
        await aconn.set_autocommit(True)
        aconn.adapters.register_loader("int2", Raising)

        async def ask(number: int) -> Any:
            if number % 5 == 3:
                try:
                    await aconn.execute(ROWS.format(rows))
                except Raised:
                    return "raised"
            cur = await aconn.execute("select %s::int4", (number,))
            return (await cur.fetchone())[0]

        for _ in range(3):
            answers = await gather(ask(number) for number in range(20))
            assert answers == ["raised" if number % 5 == 3 else number for number in range(20)]
        await check_usable(aconn, False)

    @pytest.mark.usefixtures("suspending")
    async def test_many_tasks_and_a_notice_handler(aconn: AsyncConnection[Any]) -> None:
        """The exception goes to whose query the notice is about."""
        await aconn.set_autocommit(True)
        handler = Handler()
        aconn.add_notice_handler(handler)

        async def ask(number: int) -> Any:
            if number % 5 == 3:
                try:
                    await aconn.execute(NOTICES.format(2))
                except Raised:
                    return "raised"
            cur = await aconn.execute("select %s::int4", (number,))
            return (await cur.fetchone())[0]

        for _ in range(3):
            answers = await gather(ask(number) for number in range(20))
            assert answers == ["raised" if number % 5 == 3 else number for number in range(20)]
        # Where tasks take turns, a query that is given up is cancelled, maybe before its second notice.
        assert handler.called == ["1", "2"] * 12 or (is_trio() and handler.called.count("1") == 12)
        aconn.remove_notice_handler(handler)
        await check_usable(aconn, False)

    async def test_a_notice_about_a_query_that_was_given_up(aconn: AsyncConnection[Any]) -> None:
        """The query's task has its exception already, and no other gets the handler's next one."""
        says_more_when_cancelled = (
            "do $$ begin raise notice '1'; perform pg_sleep(1000);"
            " exception when query_canceled then raise notice '2'; end $$"
        )
        await aconn.set_autocommit(True)
        handler = Handler()
        aconn.add_notice_handler(handler)
        given_up = start(aconn.execute, says_more_when_cancelled)
        other = start(aconn.execute, "select 5")
        with pytest.raises(Raised):
            await given_up
        assert await (await other).fetchone() == (5,)
        assert handler.called == ["1", "2"]
        aconn.remove_notice_handler(handler)
        await check_usable(aconn, False)
