"""A quarter of a gigabyte through COPY, in each direction: neither side sends faster than the other reads."""

from __future__ import annotations

import pytest

from tests.plugins.memory import blocking, growth

PROGRAM = """
ROW = 8192
BLOCK = (b"x" * (ROW - 1) + b"\\n") * 128
VALUES = (7, "x" * ROW)
OUT = f"COPY (SELECT {{}} repeat('x', {ROW}) FROM generate_series(1, {{}})) TO STDOUT (FORMAT {{}})"
IN = "COPY {} FROM STDIN (FORMAT {}) WHERE false"

async def transfer(cur, way, rows):
    size = 0
    if way == "blocks out":
        async with cur.copy(OUT.format("", rows, "text")) as copy:
            async for block in copy:
                size += len(block)
    elif way == "rows out":
        async with cur.copy(OUT.format("7,", rows, "binary")) as copy:
            copy.set_types(["int4", "text"])
            async for number, text in copy.rows():
                size += len(text)
    elif way == "blocks in":
        async with cur.copy(IN.format("one", "text")) as copy:
            while size < rows * ROW:
                await copy.write(BLOCK)
                size += len(BLOCK)
    else:
        async with cur.copy(IN.format("two", "binary")) as copy:
            copy.set_types(["int4", "text"])
            while size < rows * ROW:
                await copy.write_row(VALUES)
                size += ROW
    assert size >= rows * ROW

async def main():
    async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await conn.execute("CREATE TEMP TABLE one (t text); CREATE TEMP TABLE two (i int, t text)")
        cur = conn.cursor()
        await transfer(cur, arguments[0], 1000)
        before = peak()
        await transfer(cur, arguments[0], 2**28 // ROW)
        print(peak() - before)

asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["blocks out", "rows out", "blocks in", "rows in"])
@pytest.mark.parametrize("program", [blocking(PROGRAM), PROGRAM], ids=["sync", "async"])
def test_a_quarter_of_a_gigabyte(dsn: str, program: str, way: str) -> None:
    assert growth(program, dsn, way) < 40
