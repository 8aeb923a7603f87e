"""The plugin as such: policies, a driver without it, and pools with standbys."""

from __future__ import annotations

import random

import pytest

import howdah
from howdah import errors
from howdah_pool import ConnectionPool
from howdah_retry import RetryPolicy
from howdah_retry.ending import may_end_transaction
from tests.servers import Server, Standby


@pytest.mark.parametrize(
    "arguments",
    [
        {"attempts": None},
        {"attempts": 0},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"first_pause": -1.0},
        {"first_pause": 2.0, "longest_pause": 1.0},
        {"sqlstates": "40001"},
        {"sqlstates": ["40"]},
    ],
)
def test_impossible_policies(arguments):
    with pytest.raises(ValueError, match=r"must|without|collection"):
        RetryPolicy(**arguments)


def test_pauses(monkeypatch):
    policy = RetryPolicy(first_pause=1.0, longest_pause=10.0)
    for share in (0.5, 1.0):
        monkeypatch.setattr("howdah_retry.policy.uniform", lambda low, high, share=share: share)
        pauses = [policy.pause_after(failures) for failures in (1, 2, 3, 4, 5, 6, 10**6)]
        assert pauses == [share * pause for pause in (1, 2, 4, 8, 10, 10, 10)]
    monkeypatch.setattr("howdah_retry.policy.uniform", random.uniform)
    assert all(0.5 <= policy.pause_after(1) <= 1.0 for _ in range(100))


def test_exceptions_that_cause_each_other():
    first, second = ValueError(), errors.UniqueViolation()
    first.__cause__, second.__cause__ = second, first
    assert not RetryPolicy().repeats(first, lost=None)
    first.__cause__ = first
    assert not RetryPolicy().repeats(first, lost=None)
    second.__cause__ = errors.DeadlockDetected()
    first.__cause__ = second
    assert RetryPolicy().repeats(first, lost=None)


def test_a_policy_cannot_be_changed():
    with pytest.raises(AttributeError):
        RetryPolicy().attempts = 3  # type: ignore[misc]


def test_a_driver_without_it(dsn):
    driver = howdah.Driver(disable=["retry"])
    assert howdah.capabilities.has_retry and not driver.capabilities.has_retry
    with driver.connect(dsn) as conn:
        with pytest.raises(howdah.NotSupportedError, match=r"retry.*disabled"):
            conn.run(lambda conn: None)
    with ConnectionPool(dsn, min_size=1, connection_class=driver.Connection) as pool:
        with pytest.raises(howdah.NotSupportedError, match=r"retry.*disabled"):
            pool.run(lambda conn: None)


def test_a_pool_with_standbys():
    """What only reads, reads from a standby; all else uses the primary."""

    def is_standby(conn):
        return conn.execute("SELECT pg_is_in_recovery()").fetchone()[0]

    with Server(**Standby.PRIMARY) as primary, Standby(primary) as standby:
        with ConnectionPool(primary.dsn, read_conninfo=standby.dsn, min_size=1) as pool:
            assert pool.run(is_standby, read_only=True) is True
            assert pool.run(is_standby, read_only=True, isolation_level=3) is True
            assert pool.run(is_standby) is False
            assert pool.run(is_standby, read_only=False) is False


def test_what_a_policy_repeats():
    lost = howdah.OperationalError("lost")
    limited = errors.TransactionTimeout("too long", fields={ord("C"): "25P04"})
    wrapped = ValueError()
    wrapped.__cause__ = errors.SerializationFailure("again")
    policy = RetryPolicy()
    assert policy.repeats(errors.SerializationFailure("again"), lost=None)
    assert policy.repeats(wrapped, lost=None)
    assert policy.repeats(lost, lost=lost)
    assert not policy.repeats(lost, lost=None)
    assert not policy.repeats(lost, lost=limited)
    assert not policy.repeats(limited, lost=lost)
    assert not policy.repeats(ValueError(), lost=lost)
    # What was too slow, and another transaction whose outcome is unknown.
    assert not policy.repeats(errors.QueryTimeout("too slow"), lost=lost)
    assert not policy.repeats(errors.TransactionResolutionUnknown("unknown"), lost=lost)


@pytest.mark.parametrize(
    ("query", "ends"),
    [
        (b"COMMIT", True),
        (b" commit work and chain", True),
        (b"SELECT 1;\n-- x\n/* y */ End", True),
        (b"abort", True),
        (b"PREPARE  TRANSACTION 'x'", True),
        (b"ROLLBACK; BEGIN", True),
        (b"rollback work to s", False),
        (b"ROLLBACK TO SAVEPOINT s; RELEASE s", False),
        (b"PREPARE p AS SELECT 1", False),
        (b"SELECT CASE WHEN true THEN 1 END, 'x; COMMIT', \"; COMMIT\"", False),
        (b"DO $a$ BEGIN PERFORM 1; END $a$", False),
        (b"-- ; COMMIT", False),
        (rb"SELECT E'\'; COMMIT; '", True),  # what is a literal depends on a setting
        (b"INSERT INTO commits VALUES (1)", False),
    ],
)
def test_what_ends_a_transaction(query: bytes, ends: bool) -> None:
    assert may_end_transaction(query) is ends
