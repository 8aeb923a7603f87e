"""The options of the pools are listed once."""

from __future__ import annotations

import inspect
import re
import time
from dataclasses import fields
from typing import Any

import pytest

import howdah_pool
from howdah_pool import ConnectionPool, NullConnectionPool, Unreachable, options, options_async

KINDS = {
    "ConnectionPool": options.PoolOptions,
    "NullConnectionPool": options.NullPoolOptions,
    "AsyncConnectionPool": options_async.AsyncPoolOptions,
    "AsyncNullConnectionPool": options_async.AsyncNullPoolOptions,
}


@pytest.mark.parametrize("name", KINDS)
def test_constructors_take_the_options(name: str) -> None:
    parameters = inspect.signature(getattr(howdah_pool, name)).parameters
    expected = {field.name: field.default for field in fields(KINDS[name]) if field.init}
    assert {each: parameters[each].default for each in parameters} == expected
    assert next(iter(parameters)) == "conninfo"


@pytest.mark.parametrize("name", ["ConnectionPool", "AsyncConnectionPool"])
def test_every_option_is_described(name: str) -> None:
    text = inspect.getdoc(KINDS[name]) or ""
    listed = re.findall(r"^    (\w+): ", text[: text.index("Raises:")], re.MULTILINE)
    assert sorted(listed) == sorted(field.name for field in fields(KINDS[name]) if field.init)
    assert inspect.getdoc(getattr(howdah_pool, name).__init__) == text


@pytest.mark.parametrize("name", KINDS)
def test_a_parameter_of_connections(name: str) -> None:
    with pytest.raises(TypeError, match=rf"^{name}\(\): .*'autocommit'; .* kwargs="):
        getattr(howdah_pool, name)(autocommit=True, open=False)
    with pytest.raises(TypeError, match=rf"^{name}\(\): too many positional arguments"):
        getattr(howdah_pool, name)("", 1, 2)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    ("option", "value", "error", "told"),
    [
        ("timeout", "5", TypeError, "timeout is a number, not str"),
        ("max_idle", None, TypeError, "max_idle is a number, not NoneType"),
        ("max_waiting", True, TypeError, "max_waiting is a number, not bool"),
        ("max_lifetime", -1, ValueError, "max_lifetime cannot be -1"),
        ("reconnect_timeout", float("nan"), ValueError, "reconnect_timeout cannot be nan"),
        ("num_workers", "3", TypeError, "num_workers is a number, not str"),
        ("num_workers", 0, ValueError, "num_workers must be at least 1"),
        ("max_size", "5", TypeError, "sizes of a pool are integers, not str"),
        ("check", True, TypeError, "check is a function or None, not bool"),
        ("configure", "SET x = 1", TypeError, "configure is a function or None, not str"),
    ],
)
def test_invalid_option(name: str, option: str, value: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        getattr(howdah_pool, name)("", open=False, **{option: value})


@pytest.mark.parametrize("kind", [ConnectionPool, howdah_pool.AsyncConnectionPool])
def test_an_option_that_is_set(kind: Any) -> None:
    pool = kind("", open=False)
    pool.timeout = pool.max_idle = 7
    with pytest.raises(TypeError, match="timeout is a number, not str"):
        pool.timeout = "5"
    with pytest.raises(ValueError, match="max_idle cannot be -1"):
        pool.max_idle = -1
    assert pool.timeout == pool.max_idle == 7


def test_unknown_option() -> None:
    kind: Any = NullConnectionPool
    with pytest.raises(TypeError, match="min_sise"):
        kind("", open=False, min_sise=1)


def test_options_do_not_show_passwords() -> None:
    assert "secret" not in repr(options.PoolOptions("password=secret"))


def test_names_made_up_differ() -> None:
    pools = [ConnectionPool(open=False), howdah_pool.AsyncConnectionPool(open=False)]
    assert len({pool.name for pool in pools}) == 2


def test_replicas_have_options_of_their_own() -> None:
    pool = ConnectionPool(read_conninfo="host=standby", max_size=5, max_waiting=3, open=False)
    replicas = pool.replicas
    assert replicas is not None
    assert type(replicas) is ConnectionPool
    assert replicas.conninfo == "host=standby"
    assert replicas.replicas is None
    assert (replicas.max_size, replicas.max_waiting) == (5, 3)
    replicas.max_waiting = 1
    assert pool.max_waiting == 3


@pytest.mark.parametrize("pool_class", [ConnectionPool, NullConnectionPool])
def test_clients_that_can_use_another_pool_do_not_wait(pool_class: type[ConnectionPool]) -> None:
    with pool_class("host=127.0.0.1 port=1", min_size=0, has_fallback=True, timeout=60.0) as pool:
        start = time.monotonic()
        for _ in range(3):
            with pytest.raises(Unreachable, match="cannot reach"):
                pool.getconn()
        assert time.monotonic() - start < 30
