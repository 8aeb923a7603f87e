"""What a program had when reading failed is freed without the garbage collector."""

from __future__ import annotations

import gc
import weakref

import pytest

from howdah import errors

pytestmark = pytest.mark.anyio

ASYNC = True

QUERIES = ["select 1 / 0", "select 1 / (9000 - n) from generate_series(1, 9999) n", "select 1 /"]


class Held:
    """What the program has."""


@pytest.fixture(autouse=True)
def without_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def executed(cursor, query, held):
    await cursor.execute_arrow(query)
    assert held


async def streamed(cursor, query, held):
    async for _ in cursor.stream_arrow(query):
        assert held


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("way", [executed, streamed], ids=lambda way: way.__name__)
async def test_after_an_error(aconn, way, query):
    held = Held()
    reference = weakref.ref(held)
    with pytest.raises((errors.DivisionByZero, errors.SyntaxError)):
        await way(aconn.cursor(), query, held)
    del held
    assert reference() is None
