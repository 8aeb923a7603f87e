"""Passwords that functions of the program return."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.conninfo import Host, PasswordProvider, make_conninfo
from tests import servers
from tests.connecting import KINDS, connect_value
from tests.pages import ROOT, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

METHODS = ("scram-sha-256", "md5", "password")
ROLE = {method: f"r_{method.replace('-', '_')}" for method in METHODS}


@pytest.fixture(scope="module")
def password_server() -> Iterator[servers.Server]:
    """A server with a role for each method; all have the password banana."""
    hba = ["local all all trust", *(f"host all {ROLE[method]} all {method}" for method in METHODS)]
    hba.append("host all keeper all scram-sha-256")
    with servers.Server(hba=hba) as server:
        with howdah.connect(server.dsn, autocommit=True) as conn:
            for method, role in [*ROLE.items(), ("scram-sha-256", "keeper")]:
                encryption = "md5" if method == "md5" else "scram-sha-256"
                conn.execute(f"SET password_encryption = '{encryption}'")
                conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'banana'")
        yield server


@pytest.fixture
def dsn(password_server: servers.Server) -> str:
    return f"host={password_server.tcp_host} port={password_server.port} dbname=postgres"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_function(kind: str, method: str, dsn: str) -> None:
    calls: list[int] = []

    def password() -> str:
        calls.append(1)
        return "banana"

    query = "SELECT current_user::text"
    assert connect_value(kind, query, dsn, user=ROLE[method], password=password) == ROLE[method]
    assert calls == [1]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
def test_a_thread_that_cannot_be_started(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is told, and the socket is closed."""

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    options: dict[str, Any] = {"user": "keeper", "password": lambda: "banana", "connect_timeout": 20}
    connect_value("blocking", "SELECT 1", dsn, **options)
    before = set(os.listdir("/proc/self/fd"))
    with monkeypatch.context() as patched, pytest.raises(RuntimeError, match="can't start"):
        patched.setattr(threading.Thread, "start", fail)
        howdah.connect(dsn, **options)
    assert set(os.listdir("/proc/self/fd")) == before
    assert connect_value("blocking", "SELECT 1", dsn, **options) == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", KINDS[1:])
def test_an_async_function(kind: str, method: str, dsn: str) -> None:
    async def password() -> str:
        return "banana"

    query = "SELECT current_user::text"
    assert connect_value(kind, query, dsn, user=ROLE[method], password=password) == ROLE[method]


@pytest.mark.parametrize("kind", KINDS)
def test_a_provider(kind: str, password_server: servers.Server) -> None:
    seen: list[Any] = []

    class Provider(PasswordProvider):
        def __call__(self, host: Host, params: Mapping[str, Any]) -> str:
            seen.append((host.host, host.port, params["user"]))
            return "banana"

    # The first host does not answer, so its password is not asked for.
    dsn = f"host=127.0.0.1,{password_server.tcp_host} port={servers.free_port()},{password_server.port}"
    user = ROLE["md5"]
    assert connect_value(kind, "SELECT 1", dsn, user=user, dbname="postgres", password=Provider()) == 1
    assert seen == [("127.0.0.1", password_server.port, user)]


@pytest.mark.parametrize("timeout", [None, 20])
def test_it_is_not_called_unless_the_server_asks(server: Any, timeout: int | None) -> None:
    def password() -> str:
        raise AssertionError

    with howdah.connect(server.dsn, password=password, connect_timeout=timeout) as conn:
        assert conn.info.password == ""
        assert "password" not in conn.info.dsn


def test_pools_ask_for_each_connection(dsn: str) -> None:
    passwords = iter(["banana", "banana"])
    kwargs = {"user": ROLE["password"], "password": lambda: next(passwords)}
    with howdah.ConnectionPool(dsn, min_size=2, kwargs=kwargs) as pool:
        pool.wait(20)
    assert next(passwords, None) is None


def test_a_pool_of_tasks(dsn: str) -> None:
    async def password() -> str:
        return "banana"

    async def main() -> Any:
        kwargs = {"user": ROLE["password"], "password": password}
        async with howdah.AsyncConnectionPool(dsn, min_size=1, kwargs=kwargs) as pool:
            async with pool.connection() as conn:
                return await (await conn.execute("SELECT 1")).fetchone()

    assert asyncio.run(main()) == (1,)


def test_errors(dsn: str) -> None:
    def fails() -> str:
        raise ValueError("very secret")

    async def asynchronous() -> str:
        raise AssertionError

    wrong: Any
    for wrong, message in [
        (fails, "the function for the password raised ValueError"),
        (lambda: b"very secret", "returned bytes, not str"),
        (lambda: None, "returned NoneType, not str"),
        (lambda: "", "no password supplied"),
        (asynchronous, "a blocking connection needs a plain one"),
        (lambda: "very secret", "authentication failed"),
    ]:
        with pytest.raises(howdah.OperationalError, match=message) as caught:
            howdah.connect(dsn, user=ROLE["md5"], password=wrong)
        assert "very secret" not in str(caught.value)
    with pytest.raises(howdah.ProgrammingError, match="password"):
        make_conninfo(password=fails)
    with pytest.raises(howdah.ProgrammingError, match="expected str, int or bool, got function"):
        howdah.connect(dsn, user=fails)


def test_the_cause_is_kept(dsn: str) -> None:
    def fails() -> str:
        raise ValueError

    with pytest.raises(howdah.OperationalError) as caught:
        howdah.connect(dsn, user=ROLE["md5"], password=fails)
    cause = caught.value.__cause__
    assert cause is not None and isinstance(cause.__cause__, ValueError)


@pytest.mark.parametrize("timeout", [None, 20])
@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_timeout_of_the_function_s_own(
    kind: str, asynchronous: bool, timeout: int | None, dsn: str
) -> None:
    if asynchronous and kind == "blocking":
        pytest.skip("a blocking connection takes no asynchronous function")

    def fails() -> str:
        raise TimeoutError("the vault: very secret")

    async def fails_later() -> str:
        return fails()

    function: Any = fails_later if asynchronous else fails
    with pytest.raises(
        howdah.OperationalError, match="the function for the password raised Timeout"
    ) as caught:
        connect_value(kind, "", dsn, user=ROLE["md5"], password=function, connect_timeout=timeout)
    assert not isinstance(caught.value, howdah.errors.ConnectionTimeout)
    assert "very secret" not in str(caught.value)
    cause = caught.value.__cause__
    assert cause is not None and isinstance(cause.__cause__, TimeoutError)


@pytest.mark.parametrize("kind", KINDS)
def test_an_iterator_that_has_ended(kind: str, dsn: str) -> None:
    """An event loop's future takes no StopIteration."""
    passwords: Iterator[str] = iter([])
    with pytest.raises(howdah.OperationalError, match="the function for the password raised"):
        connect_value(kind, "", dsn, user=ROLE["md5"], password=lambda: next(passwords), connect_timeout=20)


@pytest.mark.parametrize("kind", KINDS)
def test_the_timeout(kind: str, dsn: str) -> None:
    done = threading.Event()

    def password() -> str:
        done.wait(60)
        return "banana"

    try:
        with pytest.raises(howdah.errors.ConnectionTimeout):
            if kind == "blocking":
                howdah.connect(dsn, user=ROLE["md5"], password=password, connect_timeout=0.3)
            else:

                async def wait() -> str:
                    if kind == "trio":
                        import trio

                        await trio.sleep(60)
                    else:
                        await asyncio.sleep(60)
                    return "banana"

                connect_value(kind, "", dsn, user=ROLE["md5"], password=wait, connect_timeout=0.3)
    finally:
        done.set()


def test_the_page(password_server: servers.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with howdah.connect(password_server.dsn, autocommit=True) as conn:
        conn.execute("CREATE DATABASE zoo")
    settings = {"HOST": password_server.tcp_host, "PORT": str(password_server.port), "DATABASE": "postgres"}
    for name, text in settings.items():
        monkeypatch.setenv(f"PG{name}", text)

    class Vault:
        def read(self, path: str) -> str:
            assert path == "zoo/keeper"
            return "banana"

    class AsyncVault:
        async def read(self, path: str) -> str:
            return Vault().read(path)

    names = {"vault": Vault(), "async_vault": AsyncVault()}
    page = ROOT / "docs" / "authentication.md"
    assert run(page, names=names, wanted=lambda code: "vault" in code) == 3
