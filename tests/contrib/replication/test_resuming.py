# Generated from tests/contrib/replication/test_resuming_async.py by .ci/async_to_sync.py; do not edit.
"""A stream that reconnects: nothing is lost, and what is confirmed does not come again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah_replication import (
    LSN,
    Begin,
    Commit,
    Insert,
    PluginMessage,
    Relation,
    ReplicationConnection,
    Resumed,
    ResumingStream,
)

if TYPE_CHECKING:
    from tests.contrib.replication.conftest import Site


from time import sleep

from tests.contrib.replication.beside import start

pytestmark = pytest.mark.anyio

KILL = "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{s}'"


def create_slot(site: Site, plugin: str = "pgoutput") -> None:
    with ReplicationConnection.connect(site.dsn) as repl:
        repl.create_logical_slot(site.slot, plugin)


def transactions(stream: ResumingStream, count: int) -> list[Any]:
    """Read and confirm so many transactions; return their rows, and how often the stream was interrupted."""
    rows: list[Any] = []
    pending: list[Any] = []
    interruptions = 0
    while count:
        message = stream.read(120)
        if isinstance(message, Resumed):
            interruptions += 1
            pending.clear()
        elif isinstance(message, Begin):
            assert not pending
        elif isinstance(message, Insert):
            pending.append(message.new[0])
        elif isinstance(message, Commit):
            rows += pending
            pending.clear()
            stream.confirm(message)
            count -= 1
        else:
            assert isinstance(message, Relation)
    return [rows, interruptions]


def test_it_goes_on_after_its_walsender_was_killed(any_site: Site) -> None:
    site = any_site
    site.create()
    create_slot(site)
    with ResumingStream(site.dsn, site.slot, [site.publication]) as stream:
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        assert transactions(stream, 1) == [[1], 0]
        confirmed = stream.confirmed
        site.run(KILL)
        site.run("INSERT INTO {t} VALUES (2, 'b')")
        resumed = stream.read(120)
        assert isinstance(resumed, Resumed) and resumed.start == confirmed
        assert isinstance(resumed.error, howdah.OperationalError)
        assert transactions(stream, 1) == [[2], 0]
        # In the middle of a transaction: it comes again as a whole.
        site.run("INSERT INTO {t} SELECT i FROM generate_series(10, 3000) i")
        while not isinstance(stream.read(120), Insert):
            pass
        site.run(KILL)
        while not isinstance(stream.read(120), Resumed):
            pass
        assert transactions(stream, 1) == [[*range(10, 3001)], 0]
    # The server has been told at the end.
    assert site.run("SELECT active FROM pg_replication_slots WHERE slot_name = '{s}'") == [(False,)]
    state = site.run("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{s}'")
    assert LSN(state[0][0]) >= stream.confirmed > confirmed


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_it_goes_on_after_a_restart_of_the_server(site: Site, mode: str) -> None:
    site.create()
    create_slot(site)
    with ResumingStream(site.dsn, site.slot, [site.publication], status_interval=0.1) as stream:
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        assert transactions(stream, 1) == [[1], 0]
        site.run("INSERT INTO {t} VALUES (2, 'b')")
        if mode == "fast":
            assert transactions(stream, 1) == [[2], 0]
            stream.send_feedback()
        # The event loop goes on meanwhile: a server that stops waits for what it has sent to be confirmed.
        site.restart(mode)
        site.run("INSERT INTO {t} VALUES (3, 'c')")
        rest = [[3], 1] if mode == "fast" else [[2, 3], 1]
        assert transactions(stream, len(rest[0])) == rest


def test_text_comes_again_too(site: Site) -> None:
    site.create()
    create_slot(site, "test_decoding")
    options = {"include-xids": False, "skip-empty-xacts": True}
    with ResumingStream(site.dsn, site.slot, options=options) as stream:
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        first = [stream.read(120) for _ in range(3)]
        site.run(KILL)
        assert isinstance(stream.read(120), Resumed)
        again = [stream.read(120) for _ in range(3)]
        assert [message.data for message in first] == [message.data for message in again]
        assert isinstance(again[-1], PluginMessage)
        stream.confirm(again[-1])
        site.run(KILL)
        assert isinstance(stream.read(120), Resumed)
        assert stream.read(0.05) is None


def test_what_cannot_be_resumed(site: Site) -> None:
    site.create()
    with pytest.raises(howdah.errors.UndefinedObject):
        with ResumingStream(site.dsn, "no_slot", [site.publication]):
            pass
    with pytest.raises(howdah.OperationalError):
        with ResumingStream("host=/nowhere", site.slot, [site.publication]):
            pass
    create_slot(site)
    stream = ResumingStream(site.dsn, site.slot, [site.publication])
    with pytest.raises(howdah.ProgrammingError, match="not open"):
        stream.read()
    with stream:
        site.run(KILL)
        while site.run("SELECT 1 FROM pg_replication_slots WHERE slot_name = '{s}' AND active"):
            pass
        site.run("SELECT pg_drop_replication_slot('{s}')")
        with pytest.raises(howdah.errors.UndefinedObject):
            stream.read(120)
    with pytest.raises(howdah.ProgrammingError, match="not open"):
        stream.read()
    with pytest.raises(howdah.ProgrammingError, match="once"):
        stream.__enter__()


def test_it_gives_up_in_the_end(site: Site) -> None:
    site.create()
    create_slot(site)
    with ResumingStream(
        site.dsn, site.slot, [site.publication], reconnect_timeout=0.2, connect_params={"connect_timeout": 5}
    ) as stream:
        site.server.stop("immediate")
        with pytest.raises(howdah.OperationalError, match="connection to server"):
            stream.read(120)
    site.server.start()


def test_it_is_closed_while_it_reconnects(site: Site) -> None:
    site.create()
    create_slot(site)
    with ResumingStream(site.dsn, site.slot, [site.publication]) as stream:
        reader = start(stream.read)
        site.admin.close()
        site.server.stop("immediate")
        while stream.stream is not None:
            sleep(0.01)
        stream.close()
        site.server.start()
        with pytest.raises(howdah.ProgrammingError, match="closed"):
            reader.result()
        assert stream.stream is None
    assert site.run("SELECT active FROM pg_replication_slots WHERE slot_name = '{s}'") == [(False,)]


def test_it_is_closed_while_it_is_read(site: Site) -> None:
    site.create()
    create_slot(site)
    with ResumingStream(site.dsn, site.slot, [site.publication]) as stream:
        reader = start(stream.read)
        sleep(0.1)
        stream.close()
        with pytest.raises(howdah.ProgrammingError, match=r"not open|closed"):
            reader.result()
