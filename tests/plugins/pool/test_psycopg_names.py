"""The pools have the same names and arguments as psycopg_pool."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import howdah_pool

psycopg_pool = pytest.importorskip("psycopg_pool")

POOLS = ["AsyncConnectionPool", "AsyncNullConnectionPool", "ConnectionPool", "NullConnectionPool"]

#: Methods of psycopg_pool's workers that its documentation does not name.
INTERNAL = {"run_task", "schedule_task", "worker"}
#: Arguments that only howdah's pools have.
ADDED = {
    "__init__": {"has_fallback", "read_conninfo", "share"},
    "connection": {"read_only"},
    "getconn": {"read_only"},
}
#: Arguments with another default: connection_class is howdah's, and `open` is True instead of None.
OTHER_DEFAULTS = {"connection_class", "open"}


def public(pool: Any) -> set[str]:
    return {name for name in dir(pool) if not name.startswith("_")}


def test_the_package() -> None:
    assert {*psycopg_pool.__all__, "ShareOfServer", "Unreachable"} == set(howdah_pool.__all__)


@pytest.mark.parametrize("name", POOLS)
def test_names(name: str) -> None:
    theirs = getattr(psycopg_pool, name)("", open=False)
    ours = getattr(howdah_pool, name)("", open=False)
    assert public(theirs) - public(ours) == INTERNAL


@pytest.mark.parametrize("name", POOLS)
def test_signatures(name: str) -> None:
    theirs, ours = getattr(psycopg_pool, name), getattr(howdah_pool, name)
    methods = {each for each in public(theirs) - INTERNAL if callable(getattr(theirs, each))}
    for method in ["__init__", *methods]:
        expected = inspect.signature(getattr(theirs, method)).parameters
        parameters = inspect.signature(getattr(ours, method)).parameters
        assert set(parameters) - set(expected) == ADDED.get(method, set()), method
        for argument, parameter in expected.items():
            assert parameters[argument].kind == parameter.kind, (method, argument)
            if argument not in OTHER_DEFAULTS:
                assert parameters[argument].default == parameter.default, (method, argument)
        positional = [
            each for each in expected if expected[each].kind == inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        assert positional == [each for each in parameters if each in positional]
        kinds = [inspect.iscoroutinefunction(getattr(each, method)) for each in (theirs, ours)]
        assert kinds[0] == kinds[1], method


def test_statistics() -> None:
    base = psycopg_pool.base.BasePool
    theirs = {
        value
        for name, value in vars(base).items()
        if name.startswith("_") and name.isupper() and isinstance(value, str)
    }
    pool = howdah_pool.ConnectionPool("", open=False)
    assert set(pool.get_stats()) == set(pool.pop_stats()) == theirs
