"""Arguments of queries that are true or false: `prepare="no"` does not mean True."""

from __future__ import annotations

from contextlib import aclosing

import pytest

import howdah

pytestmark = pytest.mark.anyio

MESSAGE = "'{}' is True or False, not text"


@pytest.mark.parametrize("kind", [{}, {"name": "c"}], ids=["cursor", "named cursor"])
@pytest.mark.parametrize("text", ["no", "", b"off"])
async def test_of_execute(aconn, kind, text):
    async with aconn.cursor(**kind) as cur:
        for name in ("prepare", "binary"):
            with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format(name)):
                await cur.execute("select 1", **{name: text})
        await cur.execute("select 2", prepare=False, binary=False)
        assert await cur.fetchall() == [(2,)]


async def test_of_other_calls(aconn):
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("binary")):
        await aconn.execute("select 1", binary="no")
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("binary")):
        aconn.cursor(binary="no")
    cur = aconn.cursor()
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("returning")):
        await cur.executemany("select %s", [(1,)], returning="no")
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("binary")):
        async with aclosing(cur.stream("select 1", binary="no")) as rows:
            await anext(rows)
    await cur.execute("select 2")
    assert await cur.fetchall() == [(2,)]
