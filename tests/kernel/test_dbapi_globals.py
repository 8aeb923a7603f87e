"""The module globals of DB-API 2.0."""

import datetime as dt
import os
import time

import pytest

from howdah import dbapi


def test_globals():
    assert dbapi.apilevel == "2.0"
    assert dbapi.threadsafety == 2
    assert dbapi.paramstyle == "pyformat"


@pytest.mark.parametrize(
    ("kind", "oids"),
    [
        (dbapi.STRING, {25, 1042, 1043}),
        (dbapi.BINARY, {17}),
        (dbapi.NUMBER, {20, 21, 23, 700, 701, 1700}),
        (dbapi.DATETIME, {1082, 1083, 1266, 1114, 1184, 1186}),
        (dbapi.ROWID, {26}),
    ],
)
def test_type_objects(kind, oids):
    assert {oid for oid in range(5000) if oid == kind} == oids
    assert {oid for oid in range(5000) if kind != oid} == set(range(5000)) - oids
    assert kind == kind
    assert kind != "text"


def test_type_objects_differ():
    kinds = [dbapi.STRING, dbapi.BINARY, dbapi.NUMBER, dbapi.DATETIME, dbapi.ROWID]
    assert [[a == b for b in kinds] for a in kinds] == [[a is b for b in kinds] for a in kinds]
    assert repr(dbapi.NUMBER) == "howdah.NUMBER"


def test_constructors():
    assert dbapi.Date(2024, 2, 29) == dt.date(2024, 2, 29)
    assert dbapi.Time(1, 2, 3) == dt.time(1, 2, 3)
    assert dbapi.Timestamp(2024, 2, 29, 1, 2, 3) == dt.datetime(2024, 2, 29, 1, 2, 3)


@pytest.fixture
def new_york(monkeypatch):
    monkeypatch.setitem(os.environ, "TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_ticks_are_local(new_york):
    ticks = 1709168523.5  # 2024-02-29 01:02:03.5 UTC
    assert dbapi.DateFromTicks(ticks) == dt.date(2024, 2, 28)
    assert dbapi.TimeFromTicks(ticks) == dt.time(20, 2, 3, 500000)
    stamp = dbapi.TimestampFromTicks(ticks)
    assert stamp == dt.datetime(2024, 2, 29, 1, 2, 3, 500000, tzinfo=dt.timezone.utc)
    assert stamp.utcoffset() == dt.timedelta(hours=-5)


@pytest.mark.parametrize("data", [b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")])
def test_binary(data):
    assert dbapi.Binary(data) == b"\0\xff"
    assert type(dbapi.Binary(data)) is bytes


@pytest.mark.parametrize("data", ["text", 5, None])
def test_binary_takes_bytes_only(data):
    with pytest.raises(TypeError):
        dbapi.Binary(data)
