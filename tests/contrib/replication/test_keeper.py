"""The thread of a blocking stream."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from howdah_replication import Commit, ReplicationConnection

if TYPE_CHECKING:
    from tests.contrib.replication.conftest import Site


def fail(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_thread_that_cannot_be_started(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the connection nor the slot stays in use."""
    site.create()
    with ReplicationConnection.connect(site.dsn) as repl:
        repl.create_logical_slot(site.slot)
        with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="can't start"):
            patched.setattr(threading.Thread, "start", fail)
            repl.start_pgoutput(site.slot, [site.publication]).__enter__()
        assert repl.identify_system().dbname == "postgres"
    site.run("INSERT INTO {t} VALUES (1, 'a')")
    with (
        ReplicationConnection.connect(site.dsn) as repl,
        repl.start_pgoutput(site.slot, [site.publication]) as stream,
    ):
        while not isinstance(stream.read(30), Commit):
            pass
