"""check_adapter on howdah's own types."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest

from howdah_types.json import Jsonb

UTC = dt.timezone.utc


@pytest.mark.parametrize(
    ("type_name", "sql_literals"),
    [
        ("bool", {"true": True, "false": False}),
        ("float8", {"1.5": 1.5, "'NaN'": float("nan"), "'-Infinity'": float("-inf")}),
        ("numeric", {"1.50": Decimal("1.50"), "-10": Decimal(-10), "'NaN'": Decimal("NaN")}),
        ("bytea", {r"'\x00ff'": b"\0\xff", "''": b""}),
        ("uuid", {"'00000000-0000-0000-0000-00000000000a'": uuid.UUID(int=10)}),
        ("timestamptz", {"'2026-11-22 12:00+00'": dt.datetime(2026, 11, 22, 12, tzinfo=UTC)}),
        ("interval", {"'1 day 2 seconds'": dt.timedelta(1, 2)}),
    ],
)
def test_type(check_adapter, type_name, sql_literals):
    check_adapter(type_name, sql_literals=sql_literals)


def test_cast(check_adapter):
    check_adapter("int8", [-1, 0, 2**40], cast=True)
    check_adapter("text", ["", "NULL", "a\tb\\,\"'{}()"], cast=True)


def test_returns(check_adapter):
    values = [Jsonb({"a": [1, None]}), Jsonb("")]
    check_adapter("jsonb", values, returns=lambda value: value.obj)
