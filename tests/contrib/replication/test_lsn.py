"""Positions in the log."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import howdah
from howdah_replication import LSN, register_lsn
from howdah_replication.lsn import LSNBinaryLoader, LSNLoader


def test_text_and_number() -> None:
    position = LSN("0/16B3748")
    assert position == 23803720 == LSN(23803720)
    assert str(position) == f"{position}" == "0/16B3748"
    assert f"{position:>12}" == "   0/16B3748" and f"{position:x}" == "16b3748"
    assert repr(position) == "LSN('0/16B3748')"
    assert LSN("16/b374d848") > LSN("0/FFFFFFFF") > position > LSN()
    assert position - LSN("0/16B3740") == 8
    assert LSN.MAX == LSN("FFFFFFFF/FFFFFFFF") == (1 << 64) - 1
    assert pickle.loads(pickle.dumps(position)) == position


@given(st.integers(0, (1 << 64) - 1))
def test_round_trip(number: int) -> None:
    assert LSN(str(LSN(number))) == number


@pytest.mark.parametrize("wrong", ["", "1", "1/", "/1", "1/123456789", "0x1/1", "g/1", "1/1\n", -1, 1 << 64])
def test_what_is_no_position(wrong: Any) -> None:
    with pytest.raises(ValueError, match="position in the log"):
        LSN(wrong)


@pytest.mark.parametrize("binary", [False, True])
def test_as_a_value(conn: howdah.Connection[Any], binary: bool) -> None:
    cur = conn.cursor(binary=binary)
    query = "SELECT '16/B374D848'::pg_lsn, pg_typeof(%s)::text, %s = '0/16B3748'::pg_lsn"
    with pytest.raises(howdah.Error):
        cur.execute("SELECT %s + 1::numeric = '0/16B3749'::pg_lsn", [LSN("0/16B3748")])
    conn.rollback()
    register_lsn(conn)
    cur = conn.cursor(binary=binary)
    cur.execute(query, [LSN(5), LSN("0/16B3748")])
    row = cur.fetchone()
    assert row == (LSN("16/B374D848"), "pg_lsn", True)
    assert type(row[0]) is LSN
    cur.execute("SELECT %s::pg_lsn[]", [[LSN(1), LSN(2)]])
    assert cur.fetchone() == ([1, 2],)


@pytest.mark.parametrize(
    ("loader", "data"),
    [(LSNLoader, b"x"), (LSNLoader, b"\xff/1"), (LSNBinaryLoader, b""), (LSNBinaryLoader, b"123456789")],
)
def test_hostile_values(loader: Any, data: bytes) -> None:
    with pytest.raises(howdah.DataError, match="pg_lsn"):
        loader(3220).load(data)
