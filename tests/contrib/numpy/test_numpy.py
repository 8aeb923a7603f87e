"""howdah_numpy: arrays of both kinds."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from contextlib import closing
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import howdah
from howdah_numpy import load_ndarrays

np = pytest.importorskip("numpy")


@pytest.fixture(scope="module")
def shared(howdah_dsn):
    """A connection that loads arrays as ndarray."""
    with closing(howdah.connect(howdah_dsn, autocommit=True)) as conn:
        load_ndarrays(conn)
        yield conn


@pytest.fixture
def lists(howdah_dsn):
    """A connection that loads arrays as lists, as they are without being asked for."""
    with closing(howdah.connect(howdah_dsn, autocommit=True)) as conn:
        yield conn


def same(got, expected):
    """Whether two arrays are the same, masks and NaN included."""
    if type(got) is not type(expected) or got.dtype != expected.dtype or got.shape != expected.shape:
        return False
    if isinstance(expected, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(expected)
        return bool((np.ma.getmaskarray(got) == mask).all()) and same(got.data[~mask], expected.data[~mask])
    if expected.dtype.kind in "fmM":
        return np.array_equal(got, expected, equal_nan=True)
    return np.array_equal(got, expected)


def masked(values, mask, dtype):
    return np.ma.MaskedArray(np.array(values, dtype), mask)


VALUES = {
    "bool[]": [np.array([True, False]), np.array([[True], [False]]), masked([True, False], [0, 1], "?")],
    "int2[]": [np.array([1, -1, 32767], "i2"), masked([[1, 2], [3, 4]], [[0, 1], [0, 0]], "i2")],
    "int4[]": [np.array([1, -(2**31)], "i4"), np.zeros((1, 2, 3), "i4"), np.arange(6, dtype="i4")[::-2]],
    "int8[]": [np.array([2**62, -1]), np.array([[1, 2], [3, 4]]).T, np.zeros(0, "i8")],
    "float4[]": [np.array([0.1, np.nan, np.inf], "f4"), masked([0.5, 1.5], [1, 0], "f4")],
    "float8[]": [np.array([0.1, np.nan, -np.inf]), np.ones((2, 1, 1, 1, 1, 2))],
    "date[]": [np.array(["2026-11-22", "NaT", "0001-01-01", "9999-12-31"], "M8[D]")],
    "timestamp[]": [np.array(["2026-11-22T12:00:00.000001", "NaT", "1999-12-31T23:59:59.999999"], "M8[us]")],
    "interval[]": [np.array([0, -1, 86_400_000_001, -86_400_000_001], "m8[us]"), np.array(["NaT"], "m8[us]")],
}


@pytest.mark.parametrize("type_name", VALUES)
def test_check(check_adapter, type_name):
    driver = howdah.Driver()
    load_ndarrays(driver)
    check_adapter(type_name, VALUES[type_name], equal=same, arrays=False, driver=driver)


@pytest.mark.parametrize(
    ("array", "type_name", "expected"),
    [
        (np.array([1, 255], "u1"), "smallint[]", [1, 255]),
        (np.array([1, -128], "i1"), "smallint[]", [1, -128]),
        (np.array([65535], "u2"), "integer[]", [65535]),
        (np.array([2**32 - 1], "u4"), "bigint[]", [2**32 - 1]),
        (np.array([2**64 - 1], "u8"), "numeric[]", [Decimal(2**64 - 1)]),
        (np.array([0.5], "f2"), "real[]", [0.5]),
        (np.array([1, 2], ">i4"), "integer[]", [1, 2]),
        (np.array([[1, 2]], "<f8", order="F"), "double precision[]", [[1.0, 2.0]]),
        (np.array(["a", "NULL", ""]), "text[]", ["a", "NULL", ""]),
        (np.array([b"a\0b", b"\xff"]), "bytea[]", [b"a\0b", b"\xff"]),
        (np.array(["2026", "2027"], "M8[Y]"), "date[]", [dt.date(2026, 1, 1), dt.date(2027, 1, 1)]),
        (
            np.array(["2026-11-22T01"], "M8[h]"),
            "timestamp without time zone[]",
            [dt.datetime(2026, 11, 22, 1)],
        ),
        (np.array([1_000], "M8[ns]"), "timestamp without time zone[]", [dt.datetime(1970, 1, 1, 0, 0, 0, 1)]),
        (np.array([1, None], "m8[D]"), "interval[]", [dt.timedelta(1), None]),
        (np.array([Decimal("1.5"), None]), "numeric[]", [Decimal("1.5"), None]),
        (np.array(["a", None], object), "text[]", ["a", None]),
        (np.array(1.5), "double precision", 1.5),
        (np.array("2026-11-22", "M8[D]"), "date", dt.date(2026, 11, 22)),
    ],
)
@pytest.mark.parametrize("placeholder", ["%s", "%t", "%b"])
def test_dtypes(lists, array, type_name, expected, placeholder):
    parameter = f"{placeholder}::{type_name}" if array.dtype == object else placeholder
    query = f"SELECT pg_typeof({parameter})::text, {parameter}"
    assert lists.execute(query, [array, array]).fetchone() == (type_name, expected)
    assert howdah.ClientCursor(lists).execute(f"SELECT %s::{type_name}", [array]).fetchone() == (expected,)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([1j]), "dtype complex128"),
        (np.zeros(1, [("a", "i4")]), "dtype"),
        (np.array([1], "M8[ns]"), "timestamp: it is finer than us"),
        (np.array([1], "m8[ps]"), "interval: it is finer than us"),
        (np.array([1], "m8[M]"), "no unit of fixed length"),
        (np.array([-9000], "M8[Y]"), "one of PostgreSQL's date: .*out of range"),
        (np.array([2**62], "M8[s]"), "PostgreSQL's timestamp: .*out of range"),
        (np.zeros((1,) * 7), "7 dimensions"),
    ],
)
def test_what_postgresql_has_not(lists, array, message):
    with pytest.raises(howdah.DataError, match=message):
        lists.execute("SELECT %s", [array])


@pytest.mark.parametrize("type_name", ["date", "timestamp", "interval"])
@pytest.mark.parametrize("binary", [False, True])
def test_infinity(shared, type_name, binary):
    if type_name == "interval" and shared.info.server_version < 170000:
        pytest.skip("intervals are infinite since PostgreSQL 17")
    with pytest.raises(howdah.DataError, match="infinity"):
        shared.execute(f"SELECT ARRAY['infinity'::{type_name}]", binary=binary).fetchone()


@pytest.mark.parametrize("binary", [False, True])
def test_months(shared, binary):
    long, short = "ARRAY['1 mon', '-13 mons', '1 year 2 days 1 us']", "ARRAY['1 mon', NULL]"
    query = f"SELECT {long}::interval[], {short}::interval[]"
    first, second = shared.execute(query, binary=binary).fetchone()
    assert first.tolist() == [dt.timedelta(30), dt.timedelta(-395), dt.timedelta(367, 0, 1)]
    assert second.tolist() == [dt.timedelta(30), None]


def test_scopes(shared, lists):
    query = "SELECT ARRAY[1, 2], ARRAY['a']"
    assert lists.execute(query).fetchone() == ([1, 2], ["a"])
    array, texts = shared.execute(query).fetchone()
    assert isinstance(array, np.ndarray)
    assert texts == ["a"]
    cur = lists.cursor()
    load_ndarrays(cur)
    assert isinstance(cur.execute(query).fetchone()[0], np.ndarray)
    assert isinstance(lists.execute(query).fetchone()[0], list)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any(shared, data):
    dtype = data.draw(st.sampled_from(["?", "i2", "i4", "i8", "f4", "f8", "M8[us]", "m8[us]"]))
    elements = None
    if dtype == "M8[us]":
        elements = st.datetimes().map(lambda value: np.datetime64(value, "us"))
    elif dtype == "m8[us]":
        elements = st.timedeltas(dt.timedelta(-(10**8)), dt.timedelta(10**8)).map(
            lambda d: np.timedelta64(d, "us")
        )
    shape = data.draw(arrays.array_shapes(max_dims=6, max_side=4))
    array = data.draw(arrays.arrays(dtype, shape, elements=elements))
    if data.draw(st.booleans()) and array.dtype.kind not in "mM":
        mask = data.draw(arrays.arrays("?", shape))
        if mask.any():
            array = np.ma.MaskedArray(array, mask)
    for placeholder in ("%t", "%b"):
        for binary in (False, True):
            (got,) = shared.execute(f"SELECT {placeholder}", [array], binary=binary).fetchone()
            assert same(got, array), (placeholder, binary)


def test_copy_of_many_rows(shared):
    shared.execute("CREATE TEMP TABLE embeddings (n int4, v float8[])")
    vectors = np.random.default_rng(1).random((500, 8))
    with shared.cursor().copy("COPY embeddings FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "float8[]"])
        for n, vector in enumerate(vectors):
            copy.write_row((n, vector))
    rows = shared.execute("SELECT v FROM embeddings ORDER BY n").fetchall()
    assert np.array_equal(np.array([row[0] for row in rows]), vectors)


@pytest.mark.anyio
async def test_async(howdah_aconn):
    load_ndarrays(howdah_aconn)
    cur = await howdah_aconn.execute("SELECT %s", [np.array([[1, 2]], "i4")])
    assert same((await cur.fetchone())[0], np.array([[1, 2]], "i4"))


def test_numpy_is_not_imported(howdah_dsn):
    code = """
import sys
import howdah
with howdah.connect(sys.argv[1]) as conn:
    assert conn.execute("SELECT %s", [[1, 2]]).fetchone() == ([1, 2],)
    assert "howdah_numpy" in sys.modules
print([name for name in sys.modules if name == "numpy"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, howdah_dsn], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_without_howdah_types(howdah_dsn):
    driver = howdah.Driver(disable=["types"])
    with driver.connect(howdah_dsn) as conn:
        array = np.array([[1, 2]])
        assert conn.execute("SELECT pg_typeof(%s)::text, %s", [array, array]).fetchone() == (
            "bigint[]",
            "{{1,2}}",
        )
        with pytest.raises(howdah.NotSupportedError, match="plugin 'types': enable it"):
            load_ndarrays(conn)
