"""TLS, if gevent or eventlet has replaced Python's sockets."""

from __future__ import annotations

import pytest

from tests.kernel.test_gevent import PATCHED, run
from tests.servers import Server


@pytest.mark.parametrize("library", PATCHED)
def test_with_tls(tls_server: Server, library: str) -> None:
    run(
        library,
        f"host=localhost hostaddr=127.0.0.1 port={tls_server.port} dbname=postgres user=of_trust"
        " sslmode=require",
    )
