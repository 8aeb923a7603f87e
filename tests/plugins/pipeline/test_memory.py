"""30,000 queries with large parameters and large results in a pipeline: no deadlock, and no growth."""

from __future__ import annotations

import pytest

from tests.plugins.memory import blocking, growth

#: 160 MB either way. Of the cursors only the last ones are kept, with what they have received.
PROGRAM = """
from collections import deque

async def run(conn, count):
    parameter, most, taken = "x" * 5000, 0, 0
    last = deque(maxlen=100)
    async with conn.pipeline():
        for number in range(count):
            last.append(await conn.execute("SELECT %s::int, left(repeat(%s, 2), 5500)", (number, parameter)))
            most = max(most, conn.kernel.session.output_size)
    for expected, cur in enumerate(last, count - len(last)):
        number, text = await cur.fetchone()
        assert (number, len(text)) == (expected, 5500)
    assert most < 1_000_000, most

async def main():
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await run(conn, 2_000)
        before = peak()
        await run(conn, 30_000)
        print(peak() - before)

asyncio.run(main())
"""


@pytest.mark.parametrize("program", [blocking(PROGRAM), PROGRAM], ids=["sync", "async"])
def test_30_000_queries(dsn: str, program: str) -> None:
    assert growth(program, dsn) < 64  # of 160 MB; some of it is what TCP lets the server send ahead


#: One statement as often, and a result of each.
MANY = """
async def run(cur, count):
    parameter = "x" * 5000
    await cur.executemany("SELECT left(repeat(%s, 2), 5500)", ((parameter,) for _ in range(count)))
    assert cur.rowcount == count

async def main():
    async with await howdah.AsyncConnection.connect(dsn) as conn:
        await run(conn.cursor(), 2_000)
        before = peak()
        await run(conn.cursor(), 20_000)
        print(peak() - before)

asyncio.run(main())
"""


@pytest.mark.parametrize("program", [blocking(MANY), MANY], ids=["sync", "async"])
def test_executemany(dsn: str, program: str) -> None:
    assert growth(program, dsn) < 64  # of 110 MB; some of it is what TCP lets the server send ahead
