"""Every hook, called for a plugin with a real server; and the page that documents them."""

from __future__ import annotations

import asyncio
import inspect
import re
import socket
import threading
from collections.abc import Awaitable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

import howdah
from howdah import Driver, OperationalError, ProgrammingError, hookimpl, hookspecs
from howdah.adapt import Loader
from howdah.client.scheduling import SerialScheduler
from howdah.client.statement import Statement
from howdah.conninfo import Parameter
from howdah.hookspecs import Mixins, conninfo_prefixes, transport_parameters
from howdah.pq import TransactionStatus
from tests import servers
from tests.servers import open_socket

DOCS = Path(__file__).parents[2] / "docs" / "hooks.md"
HOOKS = {name: value for name, value in vars(hookspecs).items() if name.startswith("howdah_")}


def driver_with(enable: Any = (), **hooks: Any) -> Driver:
    """Return a driver with a plugin that implements `hooks`, by name without `howdah_`."""
    implementations = {f"howdah_{name}": hookimpl(function) for name, function in hooks.items()}
    return Driver(enable=list(enable), plugins=[("witness", SimpleNamespace(**implementations))])


class TestThePage:
    def sections(self) -> dict[str, str]:
        parts = re.split(r"^### (\w+)\n", DOCS.read_text(), flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    def test_it_has_a_section_for_every_hook_in_order(self) -> None:
        assert list(self.sections()) == list(HOOKS)

    @pytest.mark.parametrize("hook", HOOKS)
    def test_each_section_begins_with_the_hook_s_arguments(self, hook: str) -> None:
        arguments = ", ".join(inspect.signature(HOOKS[hook]).parameters)
        assert self.sections()[hook].strip().startswith(f"`{hook}({arguments})` ")

    @pytest.mark.parametrize("hook", HOOKS)
    def test_each_section_tells_whether_the_first_result_is_taken(self, hook: str) -> None:
        section = " ".join(self.sections()[hook].split())
        assert ("the first result is taken" in section) == bool(HOOKS[hook].howdah_spec["firstresult"])

    @pytest.mark.parametrize("hook", HOOKS)
    def test_each_section_has_an_example_that_fits(self, hook: str) -> None:
        [example] = re.findall(r"```python\n(.*?)```", self.sections()[hook], flags=re.DOTALL)
        compile(example, hook, "exec")
        [arguments] = re.findall(rf"@hookimpl(?:\(.*\))?\ndef {hook}\((.*?)\):", example)
        named = [argument for argument in arguments.split(", ") if argument]
        assert set(named) <= set(inspect.signature(HOOKS[hook]).parameters)

    @pytest.mark.parametrize("hook", HOOKS)
    def test_it_names_plugins_that_implement_each_hook(self, hook: str) -> None:
        [users] = re.findall(rf"^\| `{hook}` \| (.*) \|$", DOCS.read_text(), flags=re.MULTILINE)
        for user in re.findall(r"`(\w+)`", users):
            if user.startswith("zoo_"):
                sources = [(DOCS.parent / "write-a-plugin.md").read_text().partition(f"# src/{user}.py\n")[2]]
            else:
                sources = [path.read_text() for path in DOCS.parents[1].glob(f"*/{user}/**/*.py")]
            assert any(re.search(rf"hookimpl.*\n *def {hook}\(", source) for source in sources), user


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_and_typed(hook: str) -> None:
    signature = inspect.signature(HOOKS[hook])
    assert signature.return_annotation is not signature.empty
    for name, parameter in signature.parameters.items():
        assert parameter.annotation is not parameter.empty
        assert re.search(rf"Args:.*\b{name}: ", HOOKS[hook].__doc__, flags=re.DOTALL)


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_tried_here(hook: str) -> None:
    name = hook.removeprefix("howdah_")
    assert re.search(rf"\b{name}=", inspect.getsource(inspect.getmodule(driver_with)))


def test_a_hook_that_nobody_implements_is_none() -> None:
    hooks = Driver(enable=[]).hooks._asdict()
    assert set(hooks.values()) == {None}
    assert {f"howdah_{name}" for name in hooks} <= set(HOOKS)


class Numbered(int):
    """A number that has the methods of observers and planners."""

    query_started = query_ended = None
    plan = executed = failed = rolled_back = parameter_changed = None


class TestTheCallsOfAConnection:
    def calls(self, *plugins: Any) -> Any:
        return Driver(enable=[], plugins=[(f"p{i}", plugin) for i, plugin in enumerate(plugins)]).hooks

    def observing(self, answer: Any, **options: Any) -> Any:
        @hookimpl(**options)
        def howdah_query_observer() -> Any:
            return None if answer is None else Numbered(answer)

        return SimpleNamespace(howdah_query_observer=howdah_query_observer)

    def planning(self, answer: Any, asked: list[Any]) -> Any:
        @hookimpl
        def howdah_query_planner(connection: Any) -> Any:
            asked.append((answer, connection))
            return None if answer is None else Numbered(answer)

        return SimpleNamespace(howdah_query_planner=howdah_query_planner)

    def test_the_last_registered_comes_first(self) -> None:
        hooks = self.calls(self.observing(1), self.observing(None), self.observing(3))
        assert hooks.query_observer(connection="it") == [3, 1]
        hooks = self.calls(self.observing(1), self.observing(2, trylast=True), self.observing(3))
        assert hooks.query_observer(connection="it") == [3, 1, 2]

    def test_the_first_result_ends_the_search(self) -> None:
        asked: list[Any] = []
        hooks = self.calls(self.planning(1, asked), self.planning(2, asked), self.planning(None, asked))
        assert hooks.query_planner(connection="it") == 2
        assert asked == [(None, "it"), (2, "it")]

    def test_they_can_be_wrapped(self) -> None:
        @hookimpl(wrapper=True)
        def howdah_query_observer(connection: Any) -> Any:
            return [*(yield), connection]

        hooks = self.calls(
            self.observing(1), SimpleNamespace(howdah_query_observer=howdah_query_observer), self.observing(2)
        )
        assert hooks.query_observer(connection="it") == [2, 1, "it"]


def test_capabilities() -> None:
    assert driver_with(capabilities=lambda: ["trumpeting"]).capabilities.has_trumpeting is True


class TestConnectionParameters:
    HERD = Parameter("herd", str, "wild", "PGHERD", "whose elephant it is")

    def test_they_come_from_wherever_parameters_come(self, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[str] = []

        def open_transport(host: Any, params: Any) -> None:
            seen.append(params["herd"])

        driver = driver_with(connection_parameters=lambda: [self.HERD], open_transport=open_transport)
        driver.connect(dsn).close()
        monkeypatch.setenv("PGHERD", "zoo")
        driver.connect(dsn).close()
        driver.connect(f"{dsn} herd=circus").close()
        driver.connect(dsn, herd="asian").close()
        assert seen == ["wild", "zoo", "circus", "asian"]

    def test_without_the_plugin_they_are_unknown(self, dsn: str) -> None:
        with pytest.raises(ProgrammingError, match="herd"):
            Driver(enable=[]).connect(dsn, herd="asian")


def test_mixins(dsn: str) -> None:
    class Counting:
        def count(self: Any, rows: int) -> Any:
            return self.execute(f"SELECT count(*)::text FROM generate_series(1, {rows})").fetchone()

    class AsyncCounting:
        async def count(self: Any, rows: int) -> Any:
            cursor = await self.execute(f"SELECT count(*)::text FROM generate_series(1, {rows})")
            return await cursor.fetchone()

    class Shouting:
        def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            return super().execute(query.upper(), *args, **kwargs)

    class AsyncShouting:
        async def execute(self, query: Any, *args: Any, **kwargs: Any) -> Any:
            return await super().execute(query.upper(), *args, **kwargs)

    mixins = Mixins(
        connection=Counting, async_connection=AsyncCounting, cursor=Shouting, async_cursor=AsyncShouting
    )
    driver = driver_with(mixins=lambda: mixins)
    with driver.connect(dsn) as conn:
        assert conn.count(7) == ("7",)
        assert conn.execute("select 'x'").fetchone() == ("X",)

    async def main() -> None:
        async with await driver.AsyncConnection.connect(dsn) as conn:
            assert await conn.count(7) == ("7",)
            assert await (await conn.execute("select 'x'")).fetchone() == ("X",)

    asyncio.run(main())


def test_mixins_of_kernels(dsn: str) -> None:
    class Numbering:
        def new_portal_name(self) -> bytes:
            return b"ours" + super().new_portal_name()  # type: ignore[misc,no-any-return]

    driver = driver_with(mixins=lambda: Mixins(kernel=Numbering, async_kernel=Numbering))
    with driver.connect(dsn) as conn:
        assert conn.kernel.new_portal_name() == b"ours_howdah_1"
        assert not hasattr(conn, "new_portal_name")

    async def main() -> None:
        async with await driver.AsyncConnection.connect(dsn) as conn:
            assert conn.kernel.new_portal_name() == b"ours_howdah_1"

    asyncio.run(main())


class Loud(Loader):
    def load(self, data: Any) -> str:
        return bytes(data).decode().upper() + "!"


def test_register_adapters(dsn: str) -> None:
    driver = driver_with(register_adapters=lambda adapters: adapters.register_loader(25, Loud))
    with driver.connect(dsn) as conn:
        assert conn.execute("SELECT 'hello'::text").fetchone() == ("HELLO!",)
    with Driver(enable=[]).connect(dsn) as conn:
        assert conn.execute("SELECT 'hello'::text").fetchone() == ("hello",)


def test_type_resolved(dsn: str) -> None:
    """A type that only its database knows the oid of, adapted by name; its arrays by the hook."""
    resolved: list[tuple[str, int]] = []

    def type_resolved(adapters: Any, info: Any) -> None:
        resolved.append((info.name, info.array_oid))
        adapters.register_loader(info.array_oid, Loud)

    driver = driver_with(
        register_adapters=lambda adapters: adapters.register_loader("howdah_mood", Loud),
        type_resolved=type_resolved,
    )
    with driver.connect(dsn) as conn:
        conn.execute("CREATE TYPE howdah_mood AS ENUM ('calm')")
        assert conn.execute("SELECT 'calm'::howdah_mood").fetchone() == ("CALM!",)
        assert conn.execute("SELECT ARRAY['calm'::howdah_mood]").fetchone() == ("{CALM}!",)
        [(typarray,)] = conn.execute(
            "SELECT typarray::text FROM pg_type WHERE typname = 'howdah_mood'"
        ).fetchall()
        assert set(resolved) == {("howdah_mood", int(typarray))}
        conn.rollback()


@pytest.fixture(scope="module")
def password_server() -> Iterator[servers.Server]:
    """A server that asks for a cleartext password over TCP."""
    with servers.Server(hba=("local all all trust", "host all all all password")) as server:
        with Driver(enable=[]).connect(server.dsn) as conn:
            conn.execute("CREATE ROLE mahout LOGIN PASSWORD 'banana'")
        yield server


def test_authentication_methods(password_server: servers.Server, tmp_path: Path) -> None:
    def answer(credentials: Any, data: bytes) -> Any:
        assert (credentials.user, data) == ("mahout", b"")
        yield b"banana\0"

    driver = driver_with(authentication_methods=lambda: {3: answer})
    dsn = f"{password_server.tcp_dsn} passfile={tmp_path}/none"
    with driver.connect(dsn, user="mahout") as conn:
        assert conn.execute("SELECT current_user::text").fetchone() == ("mahout",)
    with pytest.raises(OperationalError, match="password"):
        Driver(enable=[]).connect(dsn, user="mahout")


class TestResolveConninfo:
    def resolving(self, dsn: str) -> Driver:
        def resolve_conninfo(conninfo: str, params: dict[str, Any]) -> Any:
            if conninfo == "savannah:":
                return dsn, {**params, "application_name": "giraffe"}
            return None

        return driver_with(resolve_conninfo=resolve_conninfo)

    def test_sync(self, dsn: str) -> None:
        driver = self.resolving(dsn)
        with driver.connect("savannah:") as conn:
            assert conn.info.parameter_status("application_name") == "giraffe"
        with driver.connect(dsn, application_name="lion") as conn:
            assert conn.info.parameter_status("application_name") == "lion"

    def test_async(self, dsn: str) -> None:
        async def main() -> str | None:
            async with await self.resolving(dsn).AsyncConnection.connect("savannah:") as conn:
                return conn.info.parameter_status("application_name")

        assert asyncio.run(main()) == "giraffe"

    def test_the_first_result_is_taken(self, dsn: str) -> None:
        asked: list[str] = []

        def plugin(name: str, answer: Any) -> Any:
            @hookimpl
            def howdah_resolve_conninfo() -> Any:
                asked.append(name)
                return answer

            return name, SimpleNamespace(howdah_resolve_conninfo=howdah_resolve_conninfo)

        plugins = [plugin("a", None), plugin("b", (dsn, {})), plugin("c", None)]
        Driver(enable=[], plugins=plugins).connect("savannah:").close()
        assert asked == ["c", "b"]

    def test_it_is_not_asked_about_conninfos_that_it_is_not_for(self, dsn: str) -> None:
        asked: list[str] = []

        @conninfo_prefixes("savannah:", "steppe:")
        def resolve_conninfo(conninfo: str, params: dict[str, Any]) -> Any:
            asked.append(threading.current_thread().name)
            return dsn, params

        driver = driver_with(resolve_conninfo=resolve_conninfo)

        async def main() -> None:
            for conninfo in (dsn, "steppe:"):
                await (await driver.AsyncConnection.connect(conninfo)).close()

        asyncio.run(main())
        assert len(asked) == 1
        driver.connect(dsn).close()
        assert len(asked) == 1
        driver.connect("savannah:").close()
        assert asked[1] == threading.current_thread().name != asked[0]

    def test_what_it_raises_reaches_the_caller(self) -> None:
        def resolve_conninfo() -> None:
            raise OperationalError("no token today")

        with pytest.raises(OperationalError, match="no token today"):
            driver_with(resolve_conninfo=resolve_conninfo).connect("")

    def test_stop_iteration_does_not_hang_a_task(self) -> None:
        def resolve_conninfo() -> Any:
            return next(iter(()))

        async def main() -> None:
            connecting = driver_with(resolve_conninfo=resolve_conninfo).AsyncConnection.connect("")
            await asyncio.wait_for(connecting, 20)

        with pytest.raises(RuntimeError, match="StopIteration"):
            asyncio.run(main())


class TestOpenTransport:
    @pytest.fixture
    def tunnelling(self, server: Any) -> tuple[Driver, list[Any]]:
        """A driver that knows the way to the host `burrow`."""
        calls: list[Any] = []

        def open_transport(host: Any, params: Any) -> socket.socket | None:
            calls.append((host.host, params["application_name"]))
            if host.host != "burrow":
                return None
            return open_socket(server)

        return driver_with(open_transport=open_transport), calls

    def test_sync(self, dsn: str, tunnelling: Any) -> None:
        driver, calls = tunnelling
        with driver.connect(dsn, host="burrow", application_name="mole") as conn:
            assert conn.execute("SELECT 1::text").fetchone() == ("1",)
        assert calls[0] == ("burrow", "mole")

    def test_async(self, dsn: str, tunnelling: Any) -> None:
        driver, calls = tunnelling

        async def main() -> Any:
            async with await driver.AsyncConnection.connect(dsn, host="burrow") as conn:
                return await (await conn.execute("SELECT 1::text")).fetchone()

        assert asyncio.run(main()) == ("1",)
        assert calls

    def test_it_is_called_only_for_its_parameters(self, dsn: str) -> None:
        calls: list[Any] = []

        @transport_parameters("burrow")
        def open_transport(host: Any, params: Any) -> None:
            calls.append(params["burrow"])

        driver = driver_with(
            connection_parameters=lambda: [Parameter("burrow", default="none")], open_transport=open_transport
        )
        driver.connect(dsn).close()
        driver.connect(dsn, burrow="none").close()
        assert calls == []
        driver.connect(dsn, burrow="deep").close()
        assert calls[0] == "deep"

    def test_none_leaves_it_to_the_kernel(self, dsn: str, tunnelling: Any) -> None:
        driver, calls = tunnelling
        with driver.connect(dsn) as conn:
            assert conn.execute("SELECT 1::text").fetchone() == ("1",)
        assert calls


class TestOpenedAndClosed:
    @pytest.fixture
    def witnessing(self) -> tuple[Driver, list[Any]]:
        """A driver that notes its connections' coming and going."""
        noted: list[Any] = []
        return driver_with(
            connection_opened=lambda connection: noted.append((connection, "opened", connection.closed)),
            connection_closed=lambda connection: noted.append((connection, "closed", connection.closed)),
        ), noted

    def test_sync(self, dsn: str, witnessing: Any) -> None:
        driver, noted = witnessing
        conn = driver.connect(dsn)
        assert noted == [(conn, "opened", False)]
        conn.close()
        conn.close()
        assert noted[1:] == [(conn, "closed", True)]

    def test_async(self, dsn: str, witnessing: Any) -> None:
        driver, noted = witnessing

        async def main() -> Any:
            conn = await driver.AsyncConnection.connect(dsn)
            await conn.close()
            return conn

        conn = asyncio.run(main())
        assert noted == [(conn, "opened", False), (conn, "closed", True)]

    def test_a_connection_found_broken(self, dsn: str, witnessing: Any) -> None:
        driver, noted = witnessing
        conn = driver.connect(dsn)
        with pytest.raises(OperationalError):
            conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert noted[1:] == [(conn, "closed", True)]
        conn.close()
        assert len(noted) == 2

    def test_an_opener_that_raises_leaves_nothing_open(self, dsn: str) -> None:
        opened: list[Any] = []

        def connection_opened(connection: Any) -> None:
            opened.append(connection)
            raise LookupError("not this one")

        with pytest.raises(LookupError, match="not this one"):
            driver_with(connection_opened=connection_opened).connect(dsn)
        assert opened[0].closed


def test_connect_observer(dsn: str) -> None:
    """More of it, also for asynchronous connections, is in test_observing."""
    ended: list[Any] = []
    attempt = SimpleNamespace(connect_ended=lambda connection, error: ended.append((connection, error)))
    with driver_with(connect_observer=lambda params: attempt).connect(dsn) as conn:
        assert ended == [(conn, None)]


def test_connection_setup(dsn: str) -> None:
    """More of it, also for asynchronous connections, is in test_observing."""
    driver = driver_with(connection_setup=lambda connection: connection.execute("SET work_mem TO '123kB'"))
    with driver.connect(dsn) as conn:
        assert conn.info.transaction_status == TransactionStatus.IDLE
        conn.rollback()
        assert conn.execute("SHOW work_mem").fetchone() == ("123kB",)


def test_pool_observer(dsn: str) -> None:
    """More of it, also for asynchronous pools, is in the tests of the pool."""
    asked: list[Any] = []
    driver = driver_with(["types", "pool"], pool_observer=lambda pool: asked.append(pool))
    with howdah.ConnectionPool(dsn, min_size=0, open=False, connection_class=driver.Connection) as pool:
        assert asked == [pool]


class TestQueryPlanner:
    class Planner(hookspecs.QueryPlanner):
        """Prepares what begins with a comment."""

        def __init__(self, connection: Any) -> None:
            self.statements: dict[bytes, Statement] = {}
            self.failures: list[str | None] = []
            self.executions: list[bytes] = []
            self.events: list[object] = []

        def plan(self, query: bytes, oids: Any, prepare: bool | None, pending: int = 0) -> Statement | None:
            if not query.startswith(b"/*") or prepare is False:
                return None
            return self.statements.setdefault(
                query, Statement(query, oids, b"witness_%d" % len(self.statements))
            )

        def executed(self, query: bytes, oids: Any, statement: Any, exchange: Any) -> None:
            self.executions.append(query)
            if statement is not None:
                statement.described(exchange.results[0].fields)

        def failed(self, statement: Statement, error: Any, repeatable: bool) -> bool:
            self.failures.append(error.sqlstate)
            return False

        def rolled_back(self) -> None:
            self.events.append("rolled back")

        def parameter_changed(self, name: str, value: str) -> None:
            self.events.append((name, value))

    def test_it_is_told_of_rollbacks_and_settings(self, dsn: str) -> None:
        driver = driver_with(query_planner=lambda connection: self.Planner(connection))
        with driver.connect(dsn) as conn:
            planner = conn.kernel.planner
            conn.execute("SELECT 1")
            conn.rollback()
            conn.execute("SET application_name TO 'trunk'")
            with conn.transaction(force_rollback=True):
                pass
            conn.commit()
        assert planner.events == ["rolled back", ("application_name", "trunk"), "rolled back"]

    def test_it_decides_what_is_sent(self, dsn: str) -> None:
        driver = driver_with(query_planner=lambda connection: self.Planner(connection))
        with driver.connect(dsn, autocommit=True) as conn:
            for _ in range(3):
                assert conn.execute("/* plan */ SELECT 1::text").fetchone() == ("1",)
            conn.execute("/* plan not */ SELECT 1", prepare=False)
            prepared = conn.execute("SELECT name, statement FROM pg_prepared_statements").fetchall()
            planner = conn.kernel.planner
        assert prepared == [("witness_0", "/* plan */ SELECT 1::text")]
        assert isinstance(planner, self.Planner)
        assert planner.executions.count(b"/* plan */ SELECT 1::text") == 1

    def test_it_is_told_of_failures(self, dsn: str) -> None:
        planners: list[Any] = []

        def query_planner(connection: Any) -> Any:
            planners.append(self.Planner(connection))
            return planners[-1]

        with pytest.raises(howdah.errors.UndefinedColumn):
            with driver_with(query_planner=query_planner).connect(dsn) as conn:
                conn.execute("/* plan */ SELECT tusk")
        assert planners[0].failures == ["42703"]

    def test_without_one_a_wish_to_prepare_is_refused(self, dsn: str) -> None:
        with Driver(enable=[]).connect(dsn) as conn:
            with pytest.raises(howdah.NotSupportedError, match="'prepare'"):
                conn.execute("SELECT 1", prepare=True)


class TestQueryObserver:
    @pytest.fixture
    def observed(self) -> tuple[Driver, list[Any]]:
        """A driver that notes its queries."""
        noted: list[Any] = []

        class Observer:
            def query_started(self, query: bytes, params: Any) -> int:
                noted.append((query, params))
                return len(noted)

            def query_ended(self, token: int, status: Any, rowcount: int, error: Any) -> None:
                noted.append((token, status, rowcount, type(error)))

        return driver_with(["types"], query_observer=lambda connection: Observer()), noted

    def test_sync(self, dsn: str, observed: Any) -> None:
        driver, noted = observed
        with driver.connect(dsn, autocommit=True) as conn:
            conn.execute("SELECT * FROM generate_series(1, %s)", [3])
            with pytest.raises(howdah.errors.UndefinedTable):
                conn.execute("SELECT * FROM unicorns")
        assert len(noted) == 4
        assert noted[0] == (b"SELECT * FROM generate_series(1, $1)", [3])
        assert noted[1] == (1, "SELECT 3", 3, type(None))
        assert noted[2] == (b"SELECT * FROM unicorns", None)
        assert noted[3][3] is howdah.errors.UndefinedTable

    def test_async(self, dsn: str, observed: Any) -> None:
        driver, noted = observed

        async def main() -> None:
            async with await driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
                await conn.execute("SELECT 1")

        asyncio.run(main())
        assert noted == [(b"SELECT 1", None), (1, "SELECT 1", 1, type(None))]

    def test_none_observes_nothing(self, dsn: str) -> None:
        driver = driver_with(query_observer=lambda connection: None)
        with driver.connect(dsn) as conn:
            assert conn.execute("SELECT 1::text").fetchone() == ("1",)


class TestConnectionSettings:
    class Herd:
        herd: str | None = "wild"

    class AsyncHerd(Herd):
        pass

    def driver(self, seen: list[Any]) -> Driver:
        return driver_with(
            connection_settings=lambda: ["herd"],
            mixins=lambda: Mixins(connection=self.Herd, async_connection=self.AsyncHerd),
            connection_opened=lambda connection: seen.append(connection.herd),
        )

    def test_connect_sets_them_before_plugins_are_told(self, dsn: str) -> None:
        seen: list[Any] = []
        driver = self.driver(seen)
        driver.connect(dsn).close()
        driver.connect(dsn, herd="circus").close()
        driver.Connection.connect(dsn, herd=None).close()

        async def main() -> None:
            async with await driver.AsyncConnection.connect(dsn, herd="zoo") as conn:
                assert conn.herd == "zoo"

        asyncio.run(main())
        assert seen == ["wild", "circus", None, "zoo"]

    def test_they_are_no_part_of_a_conninfo(self, dsn: str) -> None:
        driver = self.driver([])
        driver.check_parameters(dsn, herd="zoo")
        with pytest.raises(ProgrammingError, match="herd"):
            driver.check_parameters(f"{dsn} herd=zoo")
        with pytest.raises(ProgrammingError, match="herd"):
            Driver(enable=[]).connect(dsn, herd="zoo")


class Noting(SerialScheduler):
    """Notes what it is given to do, and has the first query that fails run again."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection.kernel)
        self.noted: list[Any] = []
        self.failures = 0

    async def run(self, operation: Any, *, independent: bool = False) -> Any:
        self.noted.append(independent)
        return await super().run(operation, independent=independent)

    def execute_cached(self, cursor: Any, query: Any, params: Any) -> Awaitable[bool]:
        self.noted.append(query)
        return super().execute_cached(cursor, query, params)

    def should_retry(self, exchange: Any) -> bool:
        self.noted.append(exchange.error.sqlstate)
        self.failures += 1
        return self.failures == 1

    def close(self) -> None:
        self.noted.append("closed")


class TestScheduler:
    def test_it_is_given_every_query(self, dsn: str) -> None:
        async def main() -> None:
            driver = driver_with(["prepare"], scheduler=lambda connection: Noting(connection))
            async with await driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
                noted = conn.kernel.scheduler.noted
                cur = await conn.execute("SELECT 'a'")
                assert await cur.fetchone() == ("a",) and noted == ["SELECT 'a'", True]
                noted.clear()
                await cur.execute("SELECT 'b'", prepare=False)
                cur.itersize = 1
                await cur.execute("SELECT 'c'")
                cur.itersize = None
                await cur.execute("SELECT 1; SELECT 'stdin'", prepare=False)
                assert noted == [True, False, False]
                noted.clear()
                async with conn.kernel.lock, conn.transaction():
                    pass
                assert noted == []
            assert noted == ["closed"]

        asyncio.run(main())

    def test_it_is_asked_whether_to_run_a_query_again(self, dsn: str) -> None:
        async def main() -> None:
            driver = driver_with(scheduler=lambda connection: Noting(connection))
            async with await driver.AsyncConnection.connect(dsn, autocommit=True) as conn:
                with pytest.raises(howdah.errors.DivisionByZero):
                    await conn.execute("SELECT 1 / 0")
                assert conn.kernel.scheduler.noted == ["SELECT 1 / 0", True, "22012", "22012"]

        asyncio.run(main())

    def test_another_event_loop_has_another_one(self, dsn: str) -> None:
        made: list[Noting] = []

        def scheduler(connection: Any) -> Noting:
            made.append(Noting(connection))
            return made[-1]

        driver = driver_with(scheduler=scheduler)
        conn = asyncio.run(driver.AsyncConnection.connect(dsn, autocommit=True))

        async def query() -> Any:
            return await (await conn.execute("SELECT 'a'")).fetchone()

        assert asyncio.run(query()) == ("a",)
        assert [each.noted for each in made] == [["closed"], ["SELECT 'a'", True]]
        asyncio.run(conn.close())

    def test_none_leaves_the_kernel_s(self, dsn: str) -> None:
        async def main() -> None:
            driver = driver_with(scheduler=lambda connection: None)
            async with await driver.AsyncConnection.connect(dsn) as conn:
                assert type(conn.kernel.scheduler) is SerialScheduler

        asyncio.run(main())

    def test_a_blocking_connection_has_none(self, dsn: str) -> None:
        driver = driver_with(scheduler=lambda connection: pytest.fail("asked"))
        with driver.connect(dsn) as conn:
            assert conn.execute("SELECT 'a'").fetchone() == ("a",)


def test_register_commands() -> None:
    def register_commands(group: click.Group) -> None:
        group.command("trumpet")(lambda: None)

    group = click.Group("howdah")
    driver_with(register_commands=register_commands).register_commands(group)
    assert list(group.commands) == ["trumpet"]


def test_a_named_cursor_needs_its_plugin(dsn: str) -> None:
    with Driver(enable=[]).connect(dsn) as conn:
        with pytest.raises(howdah.NotSupportedError, match="'named_cursor'"):
            conn.cursor("tusk")
