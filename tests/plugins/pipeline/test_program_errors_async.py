"""What a row factory or an observer raises in a pipeline reaches the program as it is."""

from __future__ import annotations

import traceback
from types import SimpleNamespace

import pytest

import howdah

pytestmark = pytest.mark.anyio

ASYNC = True


class OwnError(howdah.DataError):
    """Cannot be made from its `args` alone."""

    def __new__(cls, number, *, reason):
        return super().__new__(cls, number)

    def __init__(self, number, *, reason):
        super().__init__(f"{number}: {reason}")


class FileError(howdah.OperationalError, OSError):
    """Has attributes that `args` alone do not set."""


ERRORS = [
    KeyError("key"),
    howdah.DataError("plain"),
    OwnError(1, reason="own"),
    FileError(2, "no such file", "name"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("fetch", [False, True], ids=["at the end", "fetched"])
async def test_row_factory(aconn, error, fetch):
    def program_row(cursor):
        raise error

    with pytest.raises(type(error)) as caught:
        async with aconn.pipeline():
            cursor = aconn.cursor(row_factory=program_row)
            await cursor.execute("select 1")
            if fetch:
                await cursor.fetchone()
    assert caught.value is error
    assert "program_row" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


async def test_observer(dsn):
    class Observer:
        def query_started(self, query, params):
            return None

        def query_ended(self, token, status, rowcount, error):
            raise RuntimeError("the observer has failed")

    @howdah.hookimpl
    def howdah_query_observer(connection):
        return Observer()

    plugin = SimpleNamespace(__name__="failing", howdah_query_observer=howdah_query_observer)
    conn = await howdah.Driver(plugins=[plugin]).AsyncConnection.connect(dsn, autocommit=True)
    try:
        with pytest.raises(RuntimeError) as caught:
            async with conn.pipeline():
                await conn.execute("select 1 / 0")
        assert isinstance(caught.value.__context__, howdah.errors.DivisionByZero)
    finally:
        await conn.close()
