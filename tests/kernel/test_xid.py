"""Transaction identifiers."""

import pickle
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from howdah.client.xid import Xid


def test_parts_and_gid():
    xid = Xid.from_parts(42, "gtrid", "bqual")
    assert str(xid) == "42_Z3RyaWQ=_YnF1YWw="
    assert (xid.format_id, xid.gtrid, xid.bqual) == (42, "gtrid", "bqual")
    assert (xid.prepared, xid.owner, xid.database) == (None, None, None)


def test_items():
    xid = Xid.from_parts(42, "gtrid", "bqual")
    assert len(xid) == 3
    assert tuple(xid) == (42, "gtrid", "bqual")
    assert xid[0] == 42 and xid[-1] == "bqual"


def test_from_string():
    assert Xid.from_string("42_Z3RyaWQ=_YnF1YWw=") == Xid(42, "gtrid", "bqual")


def test_from_record():
    prepared = datetime(2024, 2, 29, tzinfo=timezone.utc)
    xid = Xid._from_record("42_Z3RyaWQ=_YnF1YWw=", prepared, "ann", "db")
    assert xid == Xid(42, "gtrid", "bqual", prepared, "ann", "db")


@pytest.mark.parametrize(
    "gid",
    [
        "",
        "mine",
        "x_y_z",
        "1_Zw_Yg",
        "01_Zw==_Yg==",
        "99999999999_Zw==_Yg==",
        "1_Zw==_Yg==\n",
        "1_/w==_Yg==",
        "²_Zw==_Yg==",
        "1_Zh==_Yg==",
    ],
)
def test_gids_of_others(gid):
    xid = Xid.from_string(gid)
    assert xid == Xid(None, gid, None)
    assert str(xid) == gid


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((-1, "g", "b"), "format_id"),
        ((0x80000000, "g", "b"), "format_id"),
        ((0, "x" * 65, "b"), "gtrid"),
        ((0, "g", "x" * 65), "bqual"),
        ((0, "g", None), "bqual"),
    ],
)
def test_bad_parts(parts, message):
    with pytest.raises(ValueError, match=message):
        Xid.from_parts(*parts)


parts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=64)


@given(st.integers(0, 0x7FFFFFFF), parts, parts)
def test_round_trip(format_id, gtrid, bqual):
    xid = Xid.from_parts(format_id, gtrid, bqual)
    assert Xid.from_string(str(xid)) == xid
    assert pickle.loads(pickle.dumps(xid)) == xid


@given(st.text(max_size=40))
def test_any_gid_is_kept(gid):
    assert str(Xid.from_string(gid)) == gid
