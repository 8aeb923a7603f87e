"""Observers of queries."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace

import pytest

import howdah


class Observer:
    def __init__(self):
        self.events = []

    def query_started(self, query, params):
        self.events.append(("start", query, params))
        return len(self.events)

    def query_ended(self, token, status, rowcount, error):
        self.events.append(("end", token, status, rowcount, type(error)))


@pytest.fixture
def observer():
    return Observer()


@pytest.fixture
def driver(observer):
    @howdah.hookimpl
    def howdah_query_observer(connection):
        return observer

    @howdah.hookimpl
    def nothing(connection):
        return None

    return howdah.Driver(
        plugins=[
            SimpleNamespace(__name__="watching", howdah_query_observer=howdah_query_observer),
            SimpleNamespace(__name__="not_watching", howdah_query_observer=nothing),
        ]
    )


@pytest.fixture
def conn(driver, dsn):
    with closing(driver.connect(dsn, autocommit=True)) as conn:
        yield conn


def test_execute(conn, observer):
    conn.execute("select generate_series(1, %s)", (3,))
    assert observer.events == [
        ("start", b"select generate_series(1, $1)", (3,)),
        ("end", 1, "SELECT 3", 3, type(None)),
    ]
    observer.events.clear()
    conn.execute("select 1")
    assert observer.events == [("start", b"select 1", None), ("end", 1, "SELECT 1", 1, type(None))]


def test_errors(conn, observer):
    with pytest.raises(howdah.errors.SyntaxError):
        conn.execute("selec 1")
    assert observer.events[1] == ("end", 1, None, -1, howdah.errors.SyntaxError)


def test_executemany(conn, observer):
    conn.cursor().executemany("select %s", [(1,), (2,)])
    assert [event[0] for event in observer.events] == ["start", "end"]
    assert observer.events[1][3] == 2


@pytest.mark.parametrize("early", [True, False])
def test_stream(conn, observer, early):
    for _ in conn.cursor().stream("select generate_series(1, 100000)"):
        if early:
            break
    assert [event[0] for event in observer.events] == ["start", "end"]
    assert observer.events[0][1] == b"select generate_series(1, 100000)"


def test_stream_that_fails(conn, observer):
    with pytest.raises(howdah.errors.DivisionByZero):
        list(conn.cursor().stream("select 1 / 0"))
    assert observer.events[-1][-1] is howdah.errors.DivisionByZero


def test_nobody_watches_other_drivers(dsn, observer):
    with howdah.connect(dsn) as conn:
        conn.execute("select 1")
        assert conn.kernel.observers == ()
    assert observer.events == []


@pytest.mark.anyio
async def test_async(driver, dsn, observer):
    async with await driver.AsyncConnection.connect(dsn) as conn:
        await conn.execute("select 1")
        assert [event[0] for event in observer.events] == ["start", "end"]
        async for _ in conn.cursor().stream("select 1"):
            pass
        assert [event[0] for event in observer.events] == ["start", "end"] * 2
