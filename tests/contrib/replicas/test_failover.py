# Generated from tests/contrib/replicas/test_failover_async.py by .ci/async_to_sync.py; do not edit.
"""Fail-overs: no read is older than its token, and no acknowledged commit is lost."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

import howdah
from howdah_replicas import LostToken, ReplicatedPool
from tests.contrib.replicas import conftest
from tests.contrib.replicas.conftest import Replicas
from tests.contrib.replication.beside import start
from tests.contrib.retry.concurrent import gather
from tests.plugins.pool.clients import until
from tests.tasks import PATIENCE

#: How many users write and read at the same time.
USERS = 4


def opened(replicas: Replicas, **options: Any) -> ReplicatedPool:
    return ReplicatedPool(replicas.dsn, **{"check_interval": 0.05, "timeout": PATIENCE, **options})


@pytest.fixture
def synchronous(replicas: Replicas) -> Iterator[Replicas]:
    """The primary acknowledges what one standby has replayed."""
    servers = [replicas.primary, *replicas.standbys]
    for server in servers:
        replicas.run(server, "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
        server.reload()
    conftest.until(lambda: replicas.run(replicas.primary, "SHOW synchronous_standby_names") != "")
    yield replicas
    if replicas.failing_over:
        return
    for server in [replicas.primary, *replicas.standbys]:
        replicas.run(server, "ALTER SYSTEM RESET synchronous_standby_names")
        server.reload()


class User:
    """Writes numbers, and looks whether they can be read."""

    def __init__(self, pool: ReplicatedPool, first: int) -> None:
        self.pool = pool
        self.session = pool.session()
        self.next = first
        self.acknowledged: set[int] = set()
        self.unknown: set[int] = set()
        self.stale: list[int] = []
        self.lost = 0
        self.standby_reads = 0
        self.stopped = False

    def work(self) -> None:
        while not self.stopped:
            self.write()
            self.read()

    def write(self) -> None:
        number = self.next
        self.next += 1
        try:
            with self.session.connection() as conn:
                conn.execute("INSERT INTO herd VALUES (%s)", [number])
        except howdah.errors.TransactionResolutionUnknown:
            self.unknown.add(number)
        except howdah.OperationalError:
            self.lost += 1
        else:
            self.acknowledged.add(number)

    def read(self) -> None:
        try:
            with self.session.read() as conn:
                cur = conn.execute("SELECT n, pg_is_in_recovery() FROM herd")
                rows = cur.fetchall()
        except LostToken:  # the token covers what other users had written just then, and that may be lost
            self.session = self.pool.session()
            return
        except howdah.OperationalError:
            self.lost += 1
            return
        found = {number for number, _ in rows}
        self.stale += self.acknowledged - found
        self.standby_reads += bool(rows) and rows[0][1]


def test_under_load(synchronous: Replicas) -> None:
    replicas = synchronous
    options = {"options": "-c synchronous_commit=remote_apply"}
    with opened(replicas, kwargs=options) as pool:
        pool.wait(PATIENCE)
        users = [User(pool, 1_000_000 * number) for number in range(USERS)]
        tasks = [start(user.work) for user in users]

        def progress(more: int = 10) -> None:
            """Wait until each user has written and read some more, also on a standby."""
            before = [(len(user.acknowledged), user.standby_reads) for user in users]
            until(
                lambda: all(
                    len(user.acknowledged) >= writes + more and user.standby_reads > reads
                    for user, (writes, reads) in zip(users, before, strict=True)
                )
            )

        try:
            progress()
            replicas.pause(replicas.standbys[0])  # the other one goes on
            progress()
            replicas.resume(replicas.standbys[0])
            replicas.kill()
            promoted = replicas.promote()
            progress()
        finally:
            for user in users:
                user.stopped = True
        for task in tasks:
            task.result()
    with howdah.Connection.connect(promoted.dsn) as conn:
        stored = {number for (number,) in conn.execute("SELECT n FROM herd").fetchall()}
    replicas.replaced(promoted)
    assert not any(user.stale for user in users)
    acknowledged: set[int] = set().union(*(user.acknowledged for user in users))
    unknown: set[int] = set().union(*(user.unknown for user in users))
    assert acknowledged <= stored <= acknowledged | unknown


def test_a_lost_commit_before_the_pool_has_noticed_the_fail_over(replicas: Replicas) -> None:
    """A standby that was promoted does not have it, although its log goes on beyond it."""
    with opened(replicas, check_interval=30.0, max_lag=None) as pool:
        pool.wait(PATIENCE)
        session = pool.session()
        with session.read():
            pass
        replicas.disconnect(*replicas.standbys)
        with session.connection() as conn:
            conn.execute("INSERT INTO herd VALUES (1)")
        replicas.kill()
        promoted = replicas.promote()
        replicas.run(promoted, "INSERT INTO herd SELECT 2 FROM generate_series(1, 100000)")
        for _ in range(5):
            with pytest.raises(LostToken, match="timeline"):
                with session.read():
                    pass
    replicas.replaced(promoted)


def test_an_old_primary_that_still_runs(replicas: Replicas) -> None:
    old = replicas.primary
    with opened(replicas) as pool:
        pool.wait(PATIENCE)
        session, careful = pool.session(), pool.session()

        def write(number: int) -> None:
            with careful.connection() as conn:
                conn.execute("INSERT INTO herd VALUES (%s)", [number])

        write(1)
        for standby in replicas.standbys:
            replicas.caught_up(standby)
        replicas.disconnect(*replicas.standbys)
        with session.connection() as conn:
            conn.execute("INSERT INTO herd VALUES (2)")
        lost = session.token
        with session.read(0.0) as conn:
            assert conn.execute("SELECT count(*) FROM herd").fetchone() == (2,)
        with pytest.raises(howdah.OperationalError, match="no longer the primary"):
            with session.connection() as conn:
                assert conn.info.port == old.port
                conn.execute("INSERT INTO herd VALUES (3)")
                promoted = replicas.promote()
                until(
                    lambda: any(
                        member.role == "primary" and member.name.startswith(promoted.host)
                        for member in pool.members
                    )
                )
        gather([partial(write, number) for number in (4, 5)])
        with careful.connection() as conn:
            assert conn.info.port == promoted.port
        member = next(each for each in pool.members if each.name.startswith(old.host))
        until(lambda: member.role == "behind" and pool._cluster.history is not None)
        assert pool.pool_of(member).in_use == 0
        with careful.read(PATIENCE) as conn:
            rows = conn.execute("SELECT n FROM herd ORDER BY n").fetchall()
            assert conn.info.port != old.port
        assert rows == [(1,), (4,), (5,)]
        # The old primary has committed it, the new one never will.
        assert lost is not None
        with pytest.raises(LostToken, match="timeline"):
            with pool.read(lost):
                pass
        assert pool.accept(str(lost)) is None
        assert pool.accept(str(careful.token)) == careful.token
    replicas.replaced(promoted)
