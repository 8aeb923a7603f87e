"""A stream that reconnects: nothing is lost, and what is confirmed does not come again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah_replication import (
    LSN,
    AsyncReplicationConnection,
    AsyncResumingStream,
    Begin,
    Commit,
    Insert,
    PluginMessage,
    Relation,
    Resumed,
)

if TYPE_CHECKING:
    from tests.contrib.replication.conftest import Site

ASYNC = True

if ASYNC:
    import anyio
    from anyio import sleep

    from tests.tasks import start
else:
    from time import sleep

    from tests.contrib.replication.beside import start

pytestmark = pytest.mark.anyio

KILL = "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{s}'"


async def create_slot(site: Site, plugin: str = "pgoutput") -> None:
    async with await AsyncReplicationConnection.connect(site.dsn) as repl:
        await repl.create_logical_slot(site.slot, plugin)


async def transactions(stream: AsyncResumingStream, count: int) -> list[Any]:
    """Read and confirm so many transactions; return their rows, and how often the stream was interrupted."""
    rows: list[Any] = []
    pending: list[Any] = []
    interruptions = 0
    while count:
        message = await stream.read(120)
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


async def test_it_goes_on_after_its_walsender_was_killed(any_site: Site) -> None:
    site = any_site
    site.create()
    await create_slot(site)
    async with AsyncResumingStream(site.dsn, site.slot, [site.publication]) as stream:
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        assert await transactions(stream, 1) == [[1], 0]
        confirmed = stream.confirmed
        site.run(KILL)
        site.run("INSERT INTO {t} VALUES (2, 'b')")
        resumed = await stream.read(120)
        assert isinstance(resumed, Resumed) and resumed.start == confirmed
        assert isinstance(resumed.error, howdah.OperationalError)
        assert await transactions(stream, 1) == [[2], 0]
        # In the middle of a transaction: it comes again as a whole.
        site.run("INSERT INTO {t} SELECT i FROM generate_series(10, 3000) i")
        while not isinstance(await stream.read(120), Insert):
            pass
        site.run(KILL)
        while not isinstance(await stream.read(120), Resumed):
            pass
        assert await transactions(stream, 1) == [[*range(10, 3001)], 0]
    # The server has been told at the end.
    assert site.run("SELECT active FROM pg_replication_slots WHERE slot_name = '{s}'") == [(False,)]
    state = site.run("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{s}'")
    assert LSN(state[0][0]) >= stream.confirmed > confirmed


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_it_goes_on_after_a_restart_of_the_server(site: Site, mode: str) -> None:
    site.create()
    await create_slot(site)
    async with AsyncResumingStream(site.dsn, site.slot, [site.publication], status_interval=0.1) as stream:
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        assert await transactions(stream, 1) == [[1], 0]
        site.run("INSERT INTO {t} VALUES (2, 'b')")
        if mode == "fast":
            assert await transactions(stream, 1) == [[2], 0]
            await stream.send_feedback()
        # The event loop goes on meanwhile: a server that stops waits for what it has sent to be confirmed.
        if ASYNC:
            await anyio.to_thread.run_sync(site.restart, mode)
        else:
            site.restart(mode)
        site.run("INSERT INTO {t} VALUES (3, 'c')")
        rest = [[3], 1] if mode == "fast" else [[2, 3], 1]
        assert await transactions(stream, len(rest[0])) == rest


async def test_text_comes_again_too(site: Site) -> None:
    site.create()
    await create_slot(site, "test_decoding")
    options = {"include-xids": False, "skip-empty-xacts": True}
    async with AsyncResumingStream(site.dsn, site.slot, options=options) as stream:
        site.run("INSERT INTO {t} VALUES (1, 'a')")
        first = [await stream.read(120) for _ in range(3)]
        site.run(KILL)
        assert isinstance(await stream.read(120), Resumed)
        again = [await stream.read(120) for _ in range(3)]
        assert [message.data for message in first] == [message.data for message in again]
        assert isinstance(again[-1], PluginMessage)
        stream.confirm(again[-1])
        site.run(KILL)
        assert isinstance(await stream.read(120), Resumed)
        assert await stream.read(0.05) is None


async def test_what_cannot_be_resumed(site: Site) -> None:
    site.create()
    with pytest.raises(howdah.errors.UndefinedObject):
        async with AsyncResumingStream(site.dsn, "no_slot", [site.publication]):
            pass
    with pytest.raises(howdah.OperationalError):
        async with AsyncResumingStream("host=/nowhere", site.slot, [site.publication]):
            pass
    await create_slot(site)
    stream = AsyncResumingStream(site.dsn, site.slot, [site.publication])
    with pytest.raises(howdah.ProgrammingError, match="not open"):
        await stream.read()
    async with stream:
        site.run(KILL)
        while site.run("SELECT 1 FROM pg_replication_slots WHERE slot_name = '{s}' AND active"):
            pass
        site.run("SELECT pg_drop_replication_slot('{s}')")
        with pytest.raises(howdah.errors.UndefinedObject):
            await stream.read(120)
    with pytest.raises(howdah.ProgrammingError, match="not open"):
        await stream.read()
    with pytest.raises(howdah.ProgrammingError, match="once"):
        await stream.__aenter__()


async def test_it_gives_up_in_the_end(site: Site) -> None:
    site.create()
    await create_slot(site)
    async with AsyncResumingStream(
        site.dsn, site.slot, [site.publication], reconnect_timeout=0.2, connect_params={"connect_timeout": 5}
    ) as stream:
        site.server.stop("immediate")
        with pytest.raises(howdah.OperationalError, match="connection to server"):
            await stream.read(120)
    site.server.start()


async def test_it_is_closed_while_it_reconnects(site: Site) -> None:
    site.create()
    await create_slot(site)
    async with AsyncResumingStream(site.dsn, site.slot, [site.publication]) as stream:
        reader = start(stream.read)
        site.admin.close()
        site.server.stop("immediate")
        while stream.stream is not None:
            await sleep(0.01)
        await stream.close()
        site.server.start()
        with pytest.raises(howdah.ProgrammingError, match="closed"):
            await reader.result()
        assert stream.stream is None
    assert site.run("SELECT active FROM pg_replication_slots WHERE slot_name = '{s}'") == [(False,)]


async def test_it_is_closed_while_it_is_read(site: Site) -> None:
    site.create()
    await create_slot(site)
    async with AsyncResumingStream(site.dsn, site.slot, [site.publication]) as stream:
        reader = start(stream.read)
        await sleep(0.1)
        await stream.close()
        with pytest.raises(howdah.ProgrammingError, match=r"not open|closed"):
            await reader.result()
