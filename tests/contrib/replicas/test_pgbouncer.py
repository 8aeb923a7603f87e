"""A PgBouncer before each server, in transaction mode."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from howdah_replicas import ReplicatedPool
from tests.contrib.replicas.conftest import Replicas
from tests.pgbouncer import pooler
from tests.tasks import PATIENCE

pytestmark = pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed")


def test_reading_own_writes(replicas: Replicas) -> None:
    with ExitStack() as stack:
        servers = [replicas.primary, *replicas.standbys]
        bouncers = [stack.enter_context(pooler.PgBouncer(server)) for server in servers]
        ports = ",".join(str(bouncer.port) for bouncer in bouncers)
        conninfo = f"host=127.0.0.1,127.0.0.1,127.0.0.1 port={ports} user=postgres dbname=postgres"
        kwargs = {"prepare_threshold": None}
        pool = stack.enter_context(ReplicatedPool(conninfo, kwargs=kwargs, max_lag=None, check_interval=0.05))
        pool.wait(PATIENCE)
        session = pool.session()
        for number in range(1, 4):
            with session.connection() as conn:
                conn.execute("INSERT INTO herd VALUES (1)")
            with session.read(PATIENCE) as conn:
                row = conn.execute("SELECT pg_is_in_recovery(), count(*) FROM herd").fetchone()
            assert row == (True, number)
        replicas.pause(*replicas.standbys)
        with session.connection() as conn:
            conn.execute("INSERT INTO herd VALUES (1)")
        with session.read(0.0) as conn:
            assert conn.execute("SELECT pg_is_in_recovery(), count(*) FROM herd").fetchone() == (False, 4)
        replicas.resume(*replicas.standbys)
