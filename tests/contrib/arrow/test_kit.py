"""check_adapter on the types of Arrow: values that are sent and read as Arrow data equal howdah's own."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from howdah_types.json import Json, Jsonb

UTC = dt.timezone.utc


def through_queries(conn: Any, type_name: str, values: Any) -> list[Any]:
    """Return the values as they come back: from a query as Arrow data, and with that into another table."""
    cur = sent(conn, type_name, values)
    cur.copy_arrow_in("arrived", cur.execute_arrow("SELECT n, value FROM sent").fetch_arrow())
    return arrived(cur)


def through_copy(conn: Any, type_name: str, values: Any) -> list[Any]:
    """Return the values as they come back: copied out as Arrow data, and with that into another table."""
    cur = sent(conn, type_name, values)
    cur.copy_arrow_in("arrived", cur.copy_arrow_out("sent"))
    return arrived(cur)


def through_batches(conn: Any, type_name: str, values: Any) -> list[Any]:
    """Return the values as they come back: streamed one by one, and again into another table."""
    cur = sent(conn, type_name, values)
    batches = list(cur.stream_arrow("SELECT n, value FROM sent", size=1))
    cur.copy_arrow_in("arrived", iter(batches))
    return arrived(cur)


def sent(conn: Any, type_name: str, values: Any) -> Any:
    cur = conn.cursor()
    for table in ("sent", "arrived"):
        cur.execute(f"DROP TABLE IF EXISTS {table}")
        cur.execute(f"CREATE TEMP TABLE {table} (n int4, value {type_name})")
    cur.executemany("INSERT INTO sent VALUES (%s, %s)", enumerate(values))
    return cur


def arrived(cur: Any) -> list[Any]:
    return [value for (value,) in cur.execute("SELECT value FROM arrived ORDER BY n")]


WAYS = {"queries": through_queries, "COPY": through_copy, "batches": through_batches}

VALUES: dict[str, list[Any]] = {
    "bool": [True, False],
    "int2": [-(2**15), 2**15 - 1],
    "int4": [-(2**31), 2**31 - 1],
    "int8": [-(2**63), 2**63 - 1],
    "oid": [0, 2**32 - 1],
    "float4": [1.5, float("nan"), float("-inf")],
    "float8": [0.1, float("nan"), 5e-324],
    "numeric(38, 10)": [Decimal("-1.5000000000"), Decimal("0E-10"), Decimal("9" * 28 + ".9999999999")],
    "numeric(76, 40)": [Decimal("9" * 36 + "." + "8" * 40)],
    "text": ["", "Żółć", "NULL"],
    "varchar": ["a, b"],
    "bytea": [b"", b"\0\xff"],
    "date": [dt.date(1, 1, 1), dt.date(1969, 12, 31), dt.date(9999, 12, 31)],
    "time": [dt.time(), dt.time(23, 59, 59, 999999)],
    "timestamp": [dt.datetime(1, 1, 1), dt.datetime(2024, 2, 29, 12, 30, 0, 1)],
    "timestamptz": [dt.datetime(2024, 2, 29, 12, 30, 0, 1, UTC), dt.datetime(1900, 1, 1, tzinfo=UTC)],
    "interval": [dt.timedelta(1, 2, 3), dt.timedelta(-1)],
    "uuid": [UUID(int=0), UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")],
}
#: Types that `str` is sent to as text, and cast.
CAST = {"bpchar": ["a  "], "name": ["a b"], '"char"': ["x"], "xid": ["4294967295"], "xid8": [str(2**64 - 1)]}


@pytest.mark.parametrize("type_name", VALUES)
def test_type(check_adapter, type_name):
    check_adapter(type_name, VALUES[type_name], cast=True, ways=WAYS)


@pytest.mark.parametrize("type_name", CAST)
def test_text(check_adapter, type_name):
    check_adapter(type_name, CAST[type_name], cast=True, composites=False, ways=WAYS)


@pytest.mark.parametrize("wrapper", [Json, Jsonb])
def test_json(check_adapter, wrapper):
    values = [wrapper({"a": [1, None, "é"]}), wrapper("x"), wrapper([])]
    check_adapter(wrapper.__name__.lower(), values, returns=lambda value: value.obj, ways=WAYS)
