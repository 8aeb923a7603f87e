"""A task is cancelled while it copies: all or nothing is stored, and the connection stays usable."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

import howdah
from howdah.pq import TransactionStatus
from tests.plugins.cancelling import cancel_everywhere

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("suspending")]

#: A row that is more than one message.
LARGE = "x" * 150_000

SERIES = "COPY (SELECT i, repeat('x', 1000) FROM generate_series(1, {}) i) TO STDOUT {}"

Work = Callable[[Any], Awaitable[None]]


async def write(cur: howdah.AsyncCursor[Any]) -> None:
    async with cur.copy("COPY t FROM STDIN") as copy:
        for i in range(4):
            await copy.write(f"{i}\t{LARGE}\n")
            await anyio.sleep(0)


async def write_rows(cur: howdah.AsyncCursor[Any]) -> None:
    async with cur.copy("COPY t FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        for i in range(4):
            await copy.write_row((i, LARGE))
            await anyio.sleep(0)


async def write_in_vain(cur: howdah.AsyncCursor[Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with cur.copy("COPY t FROM STDIN") as copy:
            await copy.write(f"1\t{LARGE}\n")
            1 / 0  # noqa: B018


async def refused(cur: howdah.AsyncCursor[Any]) -> None:
    with pytest.raises(howdah.DataError):
        async with cur.copy("COPY t FROM STDIN") as copy:
            for _ in range(3):
                await copy.write(f"nonsense\t{LARGE}\n")


async def read(cur: howdah.AsyncCursor[Any]) -> None:
    async with cur.copy(SERIES.format(2000, "")) as copy:
        size = 0
        async for block in copy:
            size += len(block)
            await anyio.sleep(0)
    assert size > 2_000_000


async def read_rows(cur: howdah.AsyncCursor[Any]) -> None:
    async with cur.copy(SERIES.format(2000, "(FORMAT binary)")) as copy:
        copy.set_types(["int4", "text"])
        assert await copy.read_row() == (1, "x" * 1000)
        assert [row[0] async for row in copy.rows()] == [*range(2, 2001)]


async def leave(cur: howdah.AsyncCursor[Any]) -> None:
    """The rest of this one is read."""
    async with cur.copy(SERIES.format(300, "")) as copy:
        await copy.read_row()


async def leave_much(cur: howdah.AsyncCursor[Any]) -> None:
    """The rest of this one is not."""
    async with cur.copy(SERIES.format(100_000, "")) as copy:
        await copy.read_row()


IN = (write, write_rows)


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize(
    "work", [*IN, write_in_vain, refused, read, read_rows, leave, leave_much], ids=lambda work: work.__name__
)
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # trio wants it to be closed
async def test_everywhere(dsn: str, work: Work, autocommit: bool) -> None:
    async with await howdah.AsyncConnection.connect(dsn, autocommit=autocommit) as conn:
        await conn.execute("CREATE TEMP TABLE t (i int, name text)")
        await conn.commit()

        async def prepare() -> Any:
            return conn.cursor()

        async def check(cur: Any) -> None:
            assert not conn.closed
            assert not conn.kernel.lock.locked()
            if autocommit:
                assert conn.info.transaction_status == TransactionStatus.IDLE
            elif conn.info.transaction_status == TransactionStatus.INERROR:
                await conn.rollback()
            count = await (await cur.execute("SELECT count(*) FROM t")).fetchone()
            # What is cancelled in its last moment may have been stored: all of it, then.
            assert count in ([(0,), (4,)] if work in IN else [(0,)])
            await cur.execute("TRUNCATE t")
            await conn.commit()

        # What the server refuses may be over before it is waited for again.
        assert await cancel_everywhere(prepare, work, check) > (work is not refused)


async def test_with_a_writer(dsn: str, tmp_path: Path) -> None:
    """What writes elsewhere is told why nothing more comes."""

    class Writer:
        def __init__(self) -> None:
            self.size = 0
            self.reasons: list[BaseException | None] = []

        async def write(self, data: bytes) -> None:
            await anyio.sleep(0)
            self.size += len(data)

        async def finish(self, exc: BaseException | None = None) -> None:
            self.reasons.append(exc)

    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute("CREATE TEMP TABLE t (i int, name text)")

        async def prepare() -> Any:
            return Writer()

        async def run(writer: Any) -> None:
            async with conn.cursor().copy("COPY t FROM STDIN", writer=writer) as copy:
                for i in range(3):
                    await copy.write_row((i, LARGE))

        async def check(writer: Any) -> None:
            if writer.size:
                assert len(writer.reasons) == 1
                assert writer.reasons == [None] or isinstance(
                    writer.reasons[0], anyio.get_cancelled_exc_class()
                )
            assert await (await conn.execute("SELECT count(*) FROM t")).fetchone() == (0,)
            assert conn.info.transaction_status == TransactionStatus.IDLE

        assert await cancel_everywhere(prepare, run, check) > 3
