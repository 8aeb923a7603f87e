"""Scans whose thread is interrupted by a signal handler."""

from __future__ import annotations

import howdah
from tests.interrupting import conditions_entered


def test_no_condition_can_stay_locked(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE TABLE interrupted AS SELECT generate_series(1, 5000) AS id")
        try:

            def work() -> None:
                with howdah.scan(dsn, "interrupted", partitions=4, keep_alive=0.1) as scan:
                    assert scan.read(workers=2, batch_rows=100).num_rows == 5000
                    for _ in scan.batches(workers=2, batch_rows=10):
                        break

            assert not conditions_entered(work)
        finally:
            conn.execute("DROP TABLE interrupted")
