"""Transaction blocks in a pipeline whose transaction has failed: their savepoints do not exist."""

from __future__ import annotations

import pytest

from howdah import Rollback, errors
from howdah.pq import TransactionStatus

pytestmark = pytest.mark.anyio


async def fail(conn, how, pipeline):
    """Have a query fail, and do with its error what `how` says."""
    cursor = await conn.execute("select 1 / 0")
    if "fetch" in how:
        with pytest.raises(errors.DivisionByZero):
            await cursor.fetchone()
    if "sync" in how:
        try:
            await pipeline.sync()
        except errors.DivisionByZero:
            assert "fetch" not in how


FAILURES = [
    ("", errors.DivisionByZero),
    ("fetch", errors.PipelineAborted),
    ("sync", errors.InFailedSqlTransaction),
    ("fetch, sync", errors.InFailedSqlTransaction),
]


@pytest.mark.parametrize("name", [None, "mine"])
@pytest.mark.parametrize(("how", "error"), FAILURES)
async def test_a_block_after_a_failure(aconn, how, error, name):
    await aconn.execute("select 1")
    with pytest.raises(error):
        async with aconn.pipeline() as pipeline:
            await fail(aconn, how, pipeline)
            async with aconn.transaction(name):
                await aconn.execute("select 2")
    assert aconn.info.transaction_status == TransactionStatus.INERROR
    await aconn.rollback()
    assert await (await aconn.execute("select 3")).fetchone() == (3,)


@pytest.mark.parametrize(("how", "error"), FAILURES)
async def test_an_inner_block_after_a_failure(aconn, how, error):
    await aconn.set_autocommit(True)
    async with aconn.pipeline() as pipeline:
        with pytest.raises(errors.InFailedSqlTransaction):
            async with aconn.transaction():
                await fail(aconn, how, pipeline)
                with pytest.raises(error):
                    async with aconn.transaction():
                        await aconn.execute("select 2")
        assert await (await aconn.execute("select 3")).fetchone() == (3,)


@pytest.mark.parametrize("reason", [KeyError, Rollback])
async def test_an_exception_in_a_block_after_a_failure(aconn, reason):
    async with aconn.pipeline() as pipeline:
        await fail(aconn, "fetch", pipeline)
        try:
            async with aconn.transaction():
                raise reason()
        except KeyError:
            assert reason is KeyError
        await aconn.rollback()
        assert await (await aconn.execute("select 3")).fetchone() == (3,)
