"""`timeout_from_conninfo`, which behaves like psycopg's."""

from __future__ import annotations

from typing import Any

import pytest

from howdah import ProgrammingError
from howdah.conninfo import timeout_from_conninfo


@pytest.fixture(autouse=True)
def without_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGCONNECT_TIMEOUT", raising=False)


@pytest.mark.parametrize(
    ("params", "seconds"),
    [
        ({}, 130),
        ({"connect_timeout": 0}, 130),
        ({"connect_timeout": "-1"}, 130),
        ({"connect_timeout": 1}, 2),
        ({"connect_timeout": "2.7"}, 2),
        ({"connect_timeout": " 5 "}, 5),
        ({"connect_timeout": 7.9}, 7),
    ],
)
def test_timeouts(params: dict[str, Any], seconds: int) -> None:
    assert timeout_from_conninfo(params) == seconds


@pytest.mark.parametrize("value", ["soon", "", None, "nan", "inf", True])
def test_what_is_no_timeout(value: Any) -> None:
    with pytest.raises(ProgrammingError, match="connect_timeout"):
        timeout_from_conninfo({"connect_timeout": value})


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "9")
    assert timeout_from_conninfo({}) == 9
    assert timeout_from_conninfo({"connect_timeout": 3}) == 3
