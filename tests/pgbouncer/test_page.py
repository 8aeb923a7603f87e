"""The examples of the page about PgBouncer run through it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pages import ROOT, run
from tests.pgbouncer import pooler
from tests.servers import Server


@pytest.mark.skipif(pooler.PROGRAM is None, reason="pgbouncer is not installed")
def test_examples(server: Any) -> None:
    if not isinstance(server, Server):
        pytest.skip("PgBouncer needs a server of the suite's own behind it")
    with pooler.PgBouncer(server) as bouncer:
        assert run(ROOT / "docs" / "pgbouncer.md", names={"conninfo": bouncer.dsn}) == 3
