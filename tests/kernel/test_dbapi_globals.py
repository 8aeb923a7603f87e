"""The module globals of DB-API 2.0."""

import datetime as dt
import os
import time

import pytest

import howdah


def test_globals():
    assert howdah.apilevel == "2.0"
    assert howdah.threadsafety == 2
    assert howdah.paramstyle == "pyformat"


@pytest.mark.parametrize(
    ("kind", "oids"),
    [
        (howdah.STRING, {25, 1042, 1043}),
        (howdah.BINARY, {17}),
        (howdah.NUMBER, {20, 21, 23, 700, 701, 1700}),
        (howdah.DATETIME, {1082, 1083, 1266, 1114, 1184, 1186}),
        (howdah.ROWID, {26}),
    ],
)
def test_type_objects(kind, oids):
    assert {oid for oid in range(5000) if oid == kind} == oids
    assert {oid for oid in range(5000) if kind != oid} == set(range(5000)) - oids
    assert kind == kind
    assert kind != "text"


def test_type_objects_differ():
    kinds = [howdah.STRING, howdah.BINARY, howdah.NUMBER, howdah.DATETIME, howdah.ROWID]
    assert [[a == b for b in kinds] for a in kinds] == [[a is b for b in kinds] for a in kinds]
    assert repr(howdah.NUMBER) == "howdah.NUMBER"


def test_constructors():
    assert howdah.Date(2024, 2, 29) == dt.date(2024, 2, 29)
    assert howdah.Time(1, 2, 3) == dt.time(1, 2, 3)
    assert howdah.Timestamp(2024, 2, 29, 1, 2, 3) == dt.datetime(2024, 2, 29, 1, 2, 3)


@pytest.fixture
def new_york(monkeypatch):
    monkeypatch.setitem(os.environ, "TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_ticks_are_in_utc(new_york):
    ticks = 1709168523.5  # 2024-02-29 01:02:03.5 UTC
    assert howdah.DateFromTicks(ticks) == dt.date(2024, 2, 29)
    assert howdah.TimeFromTicks(ticks) == dt.time(1, 2, 3, 500000)
    stamp = howdah.TimestampFromTicks(ticks)
    assert stamp == dt.datetime(2024, 2, 29, 1, 2, 3, 500000, tzinfo=dt.timezone.utc)
    assert stamp.utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize("data", [b"\0\xff", bytearray(b"\0\xff"), memoryview(b"\0\xff")])
def test_binary(data):
    assert howdah.Binary(data) == b"\0\xff"
    assert type(howdah.Binary(data)) is bytes


@pytest.mark.parametrize("data", ["text", 5, None])
def test_binary_takes_bytes_only(data):
    with pytest.raises(TypeError):
        howdah.Binary(data)
