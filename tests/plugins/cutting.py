"""A connection that is cut after so many bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import howdah
from tests.proxy import Proxy


def cut_everywhere(server: Any, scenario: Callable[[howdah.Connection[Any]], None]) -> None:
    """Run a scenario through a proxy, again and again, each time with the connection cut elsewhere.

    It raises OperationalError, does not hang, and leaves the connection broken.
    """
    with Proxy(server) as proxy:
        with howdah.connect(proxy.dsn) as conn:
            start = len(proxy.answers)
            scenario(conn)
            end = len(proxy.answers)
    assert end > start
    for size in range(start, end, max((end - start) // 50, 1)):
        with Proxy(server, limit=size) as proxy:
            conn = howdah.connect(proxy.dsn)
            with pytest.raises(howdah.OperationalError):
                scenario(conn)
            assert conn.broken
            conn.close()
