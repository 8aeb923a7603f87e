"""The workloads of the programs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any, TypeAlias

import howdah
from howdah.pq import TransactionStatus
from tests.stress.ledger import Ledger, Report

ASYNC = True

if ASYNC:
    Workload: TypeAlias = "Callable[[Work], Awaitable[None]]"
else:
    Workload: TypeAlias = "Callable[[Work], None]"

INSERT = "INSERT INTO stress (id, tag) VALUES (%s, %s)"
ROWS = "SELECT %s::text, i FROM generate_series(1, %s::int) AS i"


class Deliberate(Exception):
    """What a program raises to leave a block."""


class Work:
    """One go at a workload.

    Args:
        name: the workload's.
        pool: where connections come from.
        random: what choices are made from.
        ledger: where rows are noted.
        report: where what is wrong is noted.
    """

    def __init__(self, name: str, pool: Any, random: Random, ledger: Ledger, report: Report) -> None:
        self.name = name
        self.pool = pool
        self.random = random
        self.ledger = ledger
        self.report = report

    def unit(self, count: int = 1) -> Any:
        """Begin a unit of rows."""
        return self.ledger.unit(self.name, count)

    def tag(self) -> str:
        """Return something that no other query asks for."""
        return f"{self.name}-{self.random.getrandbits(64):x}"

    def expect(self, got: Any, wanted: Any) -> None:
        """Compare an answer with what its query asked for."""
        self.report.answers += 1
        if got != wanted:
            self.report.wrong.append(f"{self.name}: {str(got)[:200]} instead of {str(wanted)[:200]}")

    def begin(self, conn: Any) -> None:
        """Make sure that a connection is as the pool is to give it."""
        self.expect((conn.info.transaction_status, conn.autocommit), (TransactionStatus.IDLE, False))


async def ask(work: Work, conn: Any) -> None:
    """Ask one question, in one of many ways."""
    tag, number = work.tag(), work.random.choice([1, 3, 40])
    match work.random.randrange(6):
        case 0:
            cur = await conn.execute("SELECT %s::text, %s::int", [tag, number])
        case 1:
            cur = await conn.execute("SELECT %s::text, %s::int", [tag, number], prepare=True)
        case 2:
            cur = await conn.execute("SELECT %s::text, %s::int", [tag, number], binary=True)
        case 3:
            cur = await howdah.AsyncClientCursor(conn).execute("SELECT %s::text, %s::int", [tag, number])
        case 4:
            cur = await howdah.AsyncRawCursor(conn).execute("SELECT $1::text, $2::int", [tag, number])
        case _:
            cur = await conn.execute(f"SELECT '{tag}', {number}")
    work.expect(await cur.fetchall(), [(tag, number)])


async def insert(work: Work) -> None:
    """One row in a block."""
    unit = work.unit()
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.execute(INSERT, [unit.first, work.name])
        unit.committing()
    unit.committed()


async def several_statements(work: Work) -> None:
    """Rows and questions in a block."""
    unit = work.unit(3)
    async with work.pool.connection() as conn:
        work.begin(conn)
        for row in unit.rows:
            await conn.execute(INSERT, [row, work.name])
            await ask(work, conn)
        unit.committing()
    unit.committed()


async def explicit_commit(work: Work) -> None:
    """Transactions that a program ends itself."""
    first, second = work.unit(), work.unit(2)
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.execute(INSERT, [first.first, work.name])
        first.committing()
        await conn.commit()
        first.committed()
        for row in second.rows:
            await conn.execute(INSERT, [row, work.name])
        await conn.rollback()
        await ask(work, conn)


async def failing_block(work: Work) -> None:
    """An exception leaves the block."""
    unit = work.unit()
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.execute(INSERT, [unit.first, work.name])
        raise Deliberate


async def caught_error(work: Work) -> None:
    """A program ignores an error of the server: either the block tells, or its work is done."""
    unit = work.unit()
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.execute(INSERT, [unit.first, work.name])
        try:
            await conn.execute("SELECT 1/0")
        except howdah.Error:
            pass
        unit.committing()
    unit.committed()


async def caught_loss(work: Work) -> None:
    """A program ignores that the connection was lost: either the block tells, or its work is done."""
    unit = work.unit()
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.execute(INSERT, [unit.first, work.name])
        try:
            await conn.execute("SELECT pg_sleep(0.05)")
            await ask(work, conn)
        except howdah.Error:
            pass
        unit.committing()
    unit.committed()


async def nested(work: Work) -> None:
    """Transactions in transactions, of which some are rolled back."""
    outer, inner, undone = work.unit(2), work.unit(), work.unit()
    async with work.pool.connection() as conn:
        work.begin(conn)
        async with conn.transaction():
            await conn.execute(INSERT, [outer.first, work.name])
            async with conn.transaction():
                await conn.execute(INSERT, [inner.first, work.name])
            try:
                async with conn.transaction():
                    await conn.execute(INSERT, [undone.first, work.name])
                    raise Deliberate
            except Deliberate:
                pass
            async with conn.transaction(force_rollback=True):
                await ask(work, conn)
            await conn.execute(INSERT, [outer.first + 1, work.name])
            outer.committing()
            inner.committing()
        outer.committed()
        inner.committed()


async def pipeline(work: Work) -> None:
    """Rows and questions in a pipeline, committed in it or after it."""
    unit, tags = work.unit(10), [work.tag() for _ in range(10)]
    inside = work.random.random() < 0.5
    async with work.pool.connection() as conn:
        work.begin(conn)
        cursors = []
        async with conn.pipeline() as pipeline:
            for row, tag in zip(unit.rows, tags):
                await conn.execute(INSERT, [row, work.name])
                cursors.append(await conn.execute("SELECT %s::text", [tag]))
                if work.random.random() < 0.1:
                    await pipeline.sync()
            if inside:
                unit.committing()
                await conn.commit()
        if inside:
            unit.committed()
        for cur, tag in zip(cursors, tags):
            work.expect(await cur.fetchone(), (tag,))
        unit.committing()
    unit.committed()


async def executemany(work: Work) -> None:
    """Many rows by one call, which may ask for them back."""
    unit = work.unit(30)
    async with work.pool.connection() as conn:
        work.begin(conn)
        cur = conn.cursor()
        rows = [(row, work.name) for row in unit.rows]
        if work.random.random() < 0.5:
            await cur.executemany(INSERT, rows)
        else:
            await cur.executemany(f"{INSERT} RETURNING id", rows, returning=True)
            got = [await cur.fetchone()]
            while cur.nextset():
                got.append(await cur.fetchone())
            work.expect(got, [(row,) for row in unit.rows])
        unit.committing()
    unit.committed()


async def copy_in(work: Work) -> None:
    """Rows by COPY."""
    unit = work.unit(work.random.choice([1, 20, 3000]))
    async with work.pool.connection() as conn:
        work.begin(conn)
        async with conn.cursor().copy("COPY stress (id, tag) FROM STDIN") as copy:
            for row in unit.rows:
                await copy.write_row((row, work.name))
        await ask(work, conn)
        unit.committing()
    unit.committed()


async def copy_given_up(work: Work) -> None:
    """A COPY that an exception leaves; the connection stays usable."""
    unit, other = work.unit(10), work.unit()
    async with work.pool.connection() as conn:
        work.begin(conn)
        try:
            async with conn.cursor().copy("COPY stress (id, tag) FROM STDIN") as copy:
                for row in unit.rows:
                    await copy.write_row((row, work.name))
                raise Deliberate
        except Deliberate:
            pass
        await conn.rollback()
        await conn.execute(INSERT, [other.first, work.name])
        other.committing()
    other.committed()


async def copy_out(work: Work) -> None:
    """Rows out by COPY, all or some of them."""
    tag, number = work.tag(), work.random.choice([1, 5000, 5001])
    async with work.pool.connection() as conn:
        work.begin(conn)
        got = []
        async with conn.cursor().copy(f"COPY ({ROWS}) TO STDOUT", [tag, number]) as copy:
            async for row in copy.rows():
                got.append(row)
                if len(got) == 100 and number % 2:
                    break
        work.expect(got, [(tag, str(i + 1)) for i in range(len(got))])
        await ask(work, conn)


async def questions(work: Work) -> None:
    """Questions, until their queries are prepared."""
    async with work.pool.connection() as conn:
        work.begin(conn)
        for _ in range(work.random.choice([1, 12])):
            await ask(work, conn)


async def large(work: Work) -> None:
    """Large parameters and answers."""
    tag = work.tag() * work.random.choice([100, 30_000])
    async with work.pool.connection() as conn:
        work.begin(conn)
        cur = await conn.execute("SELECT %s::text FROM generate_series(1, 3)", [tag])
        work.expect([len(row[0]) for row in await cur.fetchall()], [len(tag)] * 3)
        await ask(work, conn)


async def named_cursor(work: Work) -> None:
    """A cursor on the server, read to its end or not."""
    tag, number = work.tag(), work.random.choice([10, 700])
    async with work.pool.connection() as conn:
        work.begin(conn)
        got = []
        async with conn.cursor("herd") as cur:
            cur.itersize = 50
            await cur.execute(ROWS, [tag, number])
            async for row in cur:
                got.append(row)
                if len(got) == 120:
                    break
        work.expect(got, [(tag, i + 1) for i in range(min(number, 120))])
        await ask(work, conn)


async def portal(work: Work) -> None:
    """Rows from a portal, and another query before its end."""
    tag, number = work.tag(), work.random.choice([10, 700])
    async with work.pool.connection() as conn:
        work.begin(conn)
        cur = conn.cursor()
        cur.itersize = 50
        await cur.execute(ROWS, [tag, number])
        got = [await cur.fetchone()]
        if work.random.random() < 0.5:
            await ask(work, conn)
        got += await cur.fetchall()
        work.expect(got, [(tag, i + 1) for i in range(number)])


async def stream(work: Work) -> None:
    """Rows as they come, left early or not."""
    tag, number = work.tag(), work.random.choice([10, 3000])
    leave = work.random.choice([5, 100_000])
    async with work.pool.connection() as conn:
        work.begin(conn)
        got = []
        rows = conn.cursor().stream(ROWS, [tag, number])
        try:
            async for row in rows:
                got.append(row)
                if len(got) == leave:
                    break
        finally:
            await rows.aclose()
        work.expect(got, [(tag, i + 1) for i in range(min(number, leave))])
        if number > leave:
            await conn.rollback()  # the query was cancelled, and with it the transaction may have failed
        await ask(work, conn)


async def autocommit(work: Work) -> None:
    """Every statement is a transaction of its own."""
    units = [work.unit() for _ in range(3)]
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.set_autocommit(True)
        for unit in units:
            unit.committing()
            await conn.execute(INSERT, [unit.first, work.name])
            unit.committed()
            await ask(work, conn)


async def autocommit_pipeline(work: Work) -> None:
    """A pipeline outside of transactions: what was sent before an exception left it may be committed."""
    units = [work.unit() for _ in range(5)]
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.set_autocommit(True)
        async with conn.pipeline():
            for unit in units:
                unit.committing()
                await conn.execute(INSERT, [unit.first, work.name])
        for unit in units:
            unit.committed()


async def ddl(work: Work) -> None:
    """A table that is made, filled, and rolled back."""
    unit = work.unit()
    async with work.pool.connection() as conn:
        work.begin(conn)
        await conn.execute(f"CREATE TABLE rolled_back_{unit.first} (id bigint)")
        await conn.execute(f"INSERT INTO rolled_back_{unit.first} VALUES (1)")
        await conn.execute(INSERT, [unit.first, work.name])
        if work.random.random() < 0.5:
            raise Deliberate
        await conn.rollback()
        await ask(work, conn)


async def two_phases(work: Work) -> None:
    """A transaction that is prepared, then committed; what is left prepared is committed in the end."""
    unit = work.unit(2)
    async with work.pool.connection() as conn:
        work.begin(conn)
        xid = conn.xid(1, f"stress-{unit.first}", "")
        await conn.tpc_begin(xid)
        for row in unit.rows:
            await conn.execute(INSERT, [row, work.name])
        unit.committing()
        await conn.tpc_prepare()
        unit.committed()
        await conn.tpc_commit()


async def held(work: Work) -> None:
    """A connection that is taken and given back in two calls, in whatever state."""
    unit = work.unit()
    conn = await work.pool.getconn()
    try:
        work.begin(conn)
        await conn.execute(INSERT, [unit.first, work.name])
        if work.random.random() < 0.3:
            await conn.close()
    finally:
        await work.pool.putconn(conn)


WORKLOADS: list[Workload] = [
    insert,
    several_statements,
    explicit_commit,
    failing_block,
    caught_error,
    caught_loss,
    nested,
    pipeline,
    executemany,
    copy_in,
    copy_given_up,
    copy_out,
    questions,
    large,
    named_cursor,
    portal,
    stream,
    autocommit,
    autocommit_pipeline,
    ddl,
    two_phases,
    held,
]


async def share(work: Work, conn: Any) -> None:
    """Use a connection, in autocommit mode, that others use at the same time."""
    if work.random.random() < 0.3:
        unit = work.unit()
        unit.committing()
        await conn.execute(INSERT, [unit.first, work.name])
        unit.committed()
    elif work.random.random() < 0.1:
        tag = work.tag()
        cur = await conn.execute(ROWS, [tag, 300])
        work.expect(await cur.fetchall(), [(tag, i + 1) for i in range(300)])
    else:
        await ask(work, conn)
