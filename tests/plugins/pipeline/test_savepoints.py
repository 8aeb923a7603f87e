# Generated from tests/plugins/pipeline/test_savepoints_async.py by .ci/async_to_sync.py; do not edit.
"""Transaction blocks in a pipeline whose transaction has failed: their savepoints do not exist."""

from __future__ import annotations

import pytest

from howdah import Rollback, errors
from howdah.pq import TransactionStatus

pytestmark = pytest.mark.anyio


def fail(conn, how, pipeline):
    """Have a query fail, and do with its error what `how` says."""
    cursor = conn.execute("select 1 / 0")
    if "fetch" in how:
        with pytest.raises(errors.DivisionByZero):
            cursor.fetchone()
    if "sync" in how:
        try:
            pipeline.sync()
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
def test_a_block_after_a_failure(conn, how, error, name):
    conn.execute("select 1")
    with pytest.raises(error):
        with conn.pipeline() as pipeline:
            fail(conn, how, pipeline)
            with conn.transaction(name):
                conn.execute("select 2")
    assert conn.info.transaction_status == TransactionStatus.INERROR
    conn.rollback()
    assert conn.execute("select 3").fetchone() == (3,)


@pytest.mark.parametrize(("how", "error"), FAILURES)
def test_an_inner_block_after_a_failure(conn, how, error):
    conn.set_autocommit(True)
    with conn.pipeline() as pipeline:
        with pytest.raises(errors.InFailedSqlTransaction):
            with conn.transaction():
                fail(conn, how, pipeline)
                with pytest.raises(error):
                    with conn.transaction():
                        conn.execute("select 2")
        assert conn.execute("select 3").fetchone() == (3,)


@pytest.mark.parametrize("reason", [KeyError, Rollback])
def test_an_exception_in_a_block_after_a_failure(conn, reason):
    with conn.pipeline() as pipeline:
        fail(conn, "fetch", pipeline)
        try:
            with conn.transaction():
                raise reason()
        except KeyError:
            assert reason is KeyError
        conn.rollback()
        assert conn.execute("select 3").fetchone() == (3,)
