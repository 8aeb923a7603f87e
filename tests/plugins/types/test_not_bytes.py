"""A dumper that returns neither bytes nor a str: the result is refused, not mistaken for a length."""

from __future__ import annotations

import pytest

import howdah
from howdah.adapt import Dumper
from howdah.pq import Format
from howdah_types.range import Range


class Tusk:
    def __lt__(self, other):
        return False


class TuskDumper(Dumper):
    oid = 25
    value: object = 5

    def dump(self, obj):
        return self.value


class TuskBinaryDumper(TuskDumper):
    format = Format.BINARY


@pytest.fixture(params=[5, [104, 105]], ids=["int", "list"])
def tusks(conn, request, monkeypatch):
    monkeypatch.setattr(TuskDumper, "value", request.param)
    conn.adapters.register_dumper(Tusk, TuskBinaryDumper)
    conn.adapters.register_dumper(Tusk, TuskDumper)
    return conn


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("SELECT %t", Tusk()),
        ("SELECT %b", Tusk()),
        ("SELECT %t", [Tusk()]),
        ("SELECT %b", [Tusk()]),
        ("SELECT %t", (Tusk(),)),
        ("SELECT %t::text", Range(Tusk(), None)),
    ],
)
def test_parameters(tusks, query, value):
    with pytest.raises(TypeError):
        tusks.execute(query, [value])
    assert tusks.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("value", [Tusk(), [Tusk()]])
def test_literals(tusks, value):
    with pytest.raises(TypeError):
        howdah.ClientCursor(tusks).execute("SELECT %s", [value])


@pytest.mark.parametrize("format", ["text", "binary"])
def test_copy(tusks, format):
    tusks.execute("CREATE TEMP TABLE herd (tusk text)")
    with (
        pytest.raises(howdah.DataError),
        tusks.cursor().copy(f"COPY herd FROM STDIN (FORMAT {format})") as copy,
    ):
        copy.write_row([Tusk()])
