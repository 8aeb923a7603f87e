"""What only asynchronous engines have."""

from __future__ import annotations

import asyncio

import pytest

sa = pytest.importorskip("sqlalchemy")
pytest.importorskip("greenlet")
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine  # noqa: E402

import howdah  # noqa: E402
from tests.contrib.sqlalchemy.test_execution import Base, Elephant  # noqa: E402

pytestmark = pytest.mark.anyio

NUMBERS = sa.text("SELECT i FROM generate_series(1, 1000) AS i")


@pytest.fixture
async def engine(url, anyio_backend):
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


async def test_stream(engine):
    async with engine.connect() as connection:
        result = await connection.stream(NUMBERS)
        assert [row[0] async for row in result] == [*range(1, 1001)]
        result = await connection.stream_scalars(NUMBERS)
        assert await result.fetchmany(3) == [1, 2, 3]
        await result.close()
        assert await connection.scalar(sa.text("SELECT 5")) == 5


async def test_rows_are_there_when_the_statement_is_done(engine):
    async with engine.connect() as connection:
        result = await connection.execute(NUMBERS)
        assert result.fetchone() == (1,)
        assert result.fetchmany(2) == [(2,), (3,)]
        assert len(result.all()) == 997
        result = await connection.execute(sa.text("SELECT 1 WHERE false"))
        assert result.fetchone() is None


async def test_session(engine):
    async with engine.connect() as connection:
        await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(bind=connection) as session:
            session.add_all([Elephant(name="Hanno", weight=1), Elephant(name="Soliman", weight=2)])
            await session.flush()
            found = await session.scalars(sa.select(Elephant).order_by(Elephant.name))
            assert [elephant.name for elephant in found] == ["Hanno", "Soliman"]
        await connection.rollback()


async def test_many_tasks(engine):
    async def one(number):
        async with engine.connect() as connection:
            return await connection.scalar(sa.select(sa.literal(number)))

    assert await asyncio.gather(*map(one, range(40))) == [*range(40)]


async def test_creator(url, alchemy_dsn):
    engine = create_async_engine(url, async_creator=lambda: howdah.AsyncConnection.connect(alchemy_dsn))
    async with engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT 1")) == 1
    await engine.dispose()


async def test_copy(engine):
    async with engine.connect() as connection:
        await connection.exec_driver_sql("CREATE TEMP TABLE copied (id int)")
        raw = await connection.get_raw_connection()
        async with raw.driver_connection.cursor().copy("COPY copied FROM STDIN") as copy:
            for number in range(10):
                await copy.write_row((number,))
        assert await connection.scalar(sa.text("SELECT sum(id) FROM copied")) == 45


async def test_a_cancelled_task_leaves_a_usable_pool(engine):
    async def sleep():
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT pg_sleep(100)"))

    task = asyncio.create_task(sleep())
    async with engine.connect() as connection:
        running = sa.text("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(100)'")
        while not await connection.scalar(running):
            await connection.rollback()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with engine.connect() as connection:
        assert await connection.scalar(sa.text("SELECT 1")) == 1


async def test_the_driver_s_cursor(engine):
    """DB-API's methods, which programs call in `run_sync`."""

    def work(connection):
        cursor = connection.connection.cursor()
        cursor.execute("SELECT 1 AS one; SELECT 2; SET LOCAL work_mem = '4MB'")
        rows = [[*cursor]]
        while cursor.nextset():
            rows.append(cursor.fetchall() if cursor.description else None)
        cursor.execute("SELECT %s", (5,))
        cursor.executemany("SELECT %s", [(1,), (2,)])
        count = cursor.rowcount
        cursor.close()
        return rows, count, connection.connection.dbapi_connection.execute("SELECT 7").fetchone()

    async with engine.connect() as connection:
        assert await connection.run_sync(work) == ([[(1,)], [(2,)], None], 2, (7,))
