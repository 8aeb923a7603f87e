"""The same for programs with an event loop."""

from __future__ import annotations

import threading

import anyio
import pytest

import howdah
from howdah import errors
from howdah_load import LoadError
from tests.contrib.load.database import MODES, ROWS, batches, content, leftovers, new_table, rows

pytestmark = pytest.mark.anyio


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture(autouse=True)
def table(dsn):
    new_table(dsn)
    yield
    assert leftovers(dsn) == []


async def arriving(first=0, last=ROWS):
    for batch in batches(first, last):
        await anyio.sleep(0)
        yield batch


@pytest.mark.parametrize("source", [batches, arriving])
async def test_load(dsn, mode, source):
    seen = []
    options = {"mode": mode, "workers": 2, "part_rows": 90, "progress": seen.append}
    loaded = await howdah.load_async(dsn, "loaded", source(), **options)
    assert loaded.rows == ROWS and seen[-1].rows == ROWS
    assert content(dsn) == rows()


async def test_the_event_loop_goes_on(dsn):
    """The source can only go on when another task has run."""
    event = anyio.Event()

    async def source():
        for batch in batches(0, 500):
            yield batch
        await event.wait()
        for batch in batches(500):
            yield batch

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_set, event)
        await howdah.load_async(dsn, "loaded", source(), part_rows=100)
    assert content(dsn) == rows()


async def _set(event):
    event.set()


async def test_errors(dsn, mode):
    await howdah.load_async(dsn, "loaded", arriving(500, 501))
    with pytest.raises(LoadError) as caught:
        await howdah.load_async(dsn, "loaded", arriving(), mode=mode, workers=1, part_rows=100)
    assert isinstance(caught.value.__cause__, errors.UniqueViolation)
    assert content(dsn) == (rows(0, 501) if mode == "independent" else rows(500, 501))
    with pytest.raises(errors.UndefinedTable):
        await howdah.load_async(dsn, "nothing", arriving())
    with pytest.raises(TypeError):
        await howdah.load_async(dsn, "loaded", 5)


async def test_a_source_that_fails(dsn):
    async def failing():
        yield batches(0, 100)[0]
        raise RuntimeError("the network is down")

    with pytest.raises(LoadError, match="the network is down"):
        await howdah.load_async(dsn, "loaded", failing(), mode="staged", part_rows=10)
    assert content(dsn) == []


async def test_a_source_that_cannot_be_read(dsn):
    """No thread waits for it for ever."""

    class Broken:
        def __aiter__(self):
            raise RuntimeError("there is nothing to read")

    with pytest.raises(RuntimeError, match="nothing to read"):
        await howdah.load_async(dsn, "loaded", Broken())
    assert "howdah-load" not in [thread.name for thread in threading.enumerate()]


async def test_cancellation(dsn, mode):
    """The load ends, and removes what it has left, before the cancellation takes effect."""
    with anyio.CancelScope() as scope:

        async def source():
            for batch in batches(0, 300):
                yield batch
            scope.cancel()
            await anyio.sleep(0)
            yield batches(300, 400)[0]

        await howdah.load_async(dsn, "loaded", source(), mode=mode, workers=1, part_rows=100)
    assert scope.cancelled_caught
    assert leftovers(dsn) == []
    stored = content(dsn)
    assert stored == rows(0, len(stored)) and len(stored) <= (300 if mode == "independent" else 0)


@pytest.mark.parametrize(("mode", "moment"), [*((each, "begin") for each in MODES), ("staged", "end")])
async def test_cancellation_while_the_coordinator_waits(dsn, mode, moment):
    """For a lock at the begin, or in the statement that publishes the rows: nothing is written."""
    lock = "ACCESS EXCLUSIVE" if moment == "begin" else "SHARE"
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'loaded'::regclass"
    async with (
        await howdah.AsyncConnection.connect(dsn) as other,
        await howdah.AsyncConnection.connect(dsn, autocommit=True) as observer,
    ):
        await other.execute(f"LOCK TABLE loaded IN {lock} MODE")
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def cancel():
                    while (await (await observer.execute(waiting)).fetchone()) == (0,):
                        await anyio.sleep(0.01)
                    scope.cancel()

                tasks.start_soon(cancel)
                await howdah.load_async(dsn, "loaded", batches(0, 100), mode=mode, workers=1)
        assert scope.cancelled_caught
        await other.rollback()
    assert content(dsn) == []
