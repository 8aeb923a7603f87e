"""What observers are told beyond queries: transactions, rows, prepared statements, attempts to connect."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import howdah
from howdah.adapt.parameters import EncodedParams
from howdah.client.statement import Statement
from howdah.hookspecs import QueryObserver, hookimpl

pytestmark = pytest.mark.anyio


class Witness(QueryObserver):
    def __init__(self) -> None:
        self.events: list[Any] = []

    def query_started(self, query: bytes, params: Any) -> Any:
        self.events.append(query.decode())
        return query.decode()

    def query_ended(self, token: Any, status: str | None, rowcount: int, error: Any) -> None:
        self.events.append((status, rowcount))

    def rows_fetched(self, token: Any, count: int) -> None:
        self.events.append(("fetched", token, count))

    def statement_prepared(self, query: bytes, name: bytes) -> None:
        self.events.append(("prepared", query.decode(), name))

    def executemany_started(self, query: bytes, params_seq: Any) -> Any:
        self.events.append(("many", query.decode(), type(params_seq).__name__))
        return query.decode()

    def pipeline_started(self) -> Any:
        self.events.append("pipeline")
        return "token"

    def pipeline_ended(self, token: Any) -> None:
        self.events.append(("pipeline ended", token))

    def transaction_started(self) -> Any:
        self.events.append(("begin",))
        return len(self.events)

    def transaction_ended(self, token: Any, outcome: str | None, error: Any) -> None:
        self.events.append(("end", outcome, type(error).__name__ if error else None))

    def take(self) -> list[Any]:
        """Return the events of transactions so far, and forget all."""
        events, self.events = self.events, []
        return [event for event in events if event[0] in ("begin", "end")]


def driver_with(**hooks: Any) -> howdah.Driver:
    implementations = {f"howdah_{name}": hookimpl(function) for name, function in hooks.items()}
    return howdah.Driver(plugins=[("witness", SimpleNamespace(**implementations))])


@pytest.fixture
def witness() -> Witness:
    return Witness()


@pytest.fixture
def driver(witness: Witness) -> howdah.Driver:
    return driver_with(query_observer=lambda connection: witness)


@pytest.fixture
async def conn(driver: howdah.Driver, dsn: str, aconn: Any) -> Any:
    conn = await driver.AsyncConnection.connect(dsn)
    yield conn
    await conn.close()


class TestTransactions:
    async def test_implicit(self, conn: Any, witness: Witness) -> None:
        await conn.execute("select 1")
        assert witness.events == [("begin",), "select 1", ("SELECT 1", 1)]
        await conn.execute("select 2")
        await conn.commit()
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]
        await conn.execute("select 1")
        await conn.rollback()
        await conn.rollback()
        assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]

    async def test_blocks(self, conn: Any, witness: Witness) -> None:
        await conn.set_autocommit(True)
        async with conn.transaction():
            assert witness.take() == [("begin",)]
            async with conn.transaction():
                await conn.execute("select 1")
            with pytest.raises(howdah.errors.DivisionByZero):
                async with conn.transaction():
                    await conn.execute("select 1/0")
            assert witness.take() == []
        assert witness.take() == [("end", "COMMIT", None)]
        async with conn.transaction(force_rollback=True):
            pass
        assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]

    async def test_commands(self, conn: Any, witness: Witness) -> None:
        await conn.set_autocommit(True)
        await conn.execute("begin")
        await conn.execute("select 1")
        await conn.execute("commit")
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]
        await conn.execute("select 1")
        assert witness.take() == []

    async def test_a_failed_one(self, conn: Any, witness: Witness) -> None:
        with pytest.raises(howdah.errors.DivisionByZero):
            await conn.execute("select 1/0")
        with pytest.raises(howdah.errors.InFailedSqlTransaction):
            await conn.commit()
        assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]

    async def test_two_phase(self, conn: Any, witness: Witness) -> None:
        await conn.tpc_begin(conn.xid(1, "observed", ""))
        await conn.execute("select 1")
        try:
            await conn.tpc_prepare()
        except howdah.errors.ObjectNotInPrerequisiteState:
            await conn.tpc_rollback()
            assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]
        else:
            await conn.tpc_commit()
            assert witness.take() == [("begin",), ("end", "PREPARE TRANSACTION", None)]

    async def test_the_loss_of_the_connection(self, conn: Any, witness: Witness) -> None:
        with pytest.raises(howdah.OperationalError):
            await conn.execute("select pg_terminate_backend(pg_backend_pid())")
        assert witness.take() == [("begin",), ("end", None, "OperationalError")]

    async def test_closing(self, conn: Any, witness: Witness) -> None:
        await conn.execute("select 1")
        await conn.close()
        assert witness.take() == [("begin",), ("end", None, None)]

    @pytest.mark.parametrize("autocommit", [True, False])
    async def test_in_pipelines(self, conn: Any, witness: Witness, autocommit: bool) -> None:
        await conn.set_autocommit(autocommit)
        async with conn.pipeline():
            async with conn.transaction():
                await conn.execute("select 1")
                await conn.execute("select 2")
        if not autocommit:
            await conn.commit()
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]

    async def test_streams_and_copy(self, conn: Any, witness: Witness) -> None:
        async for _ in conn.cursor().stream("select generate_series(1, 3)"):
            assert witness.take() in ([("begin",)], [])
        async with conn.cursor().copy("copy (select 1) to stdout") as copy:
            assert await copy.read() == b"1\n"
        assert witness.take() == []
        await conn.rollback()
        assert witness.take() == [("end", "ROLLBACK", None)]

    async def test_with_a_limit_of_time(self, conn: Any, witness: Witness) -> None:
        conn.kernel.time_limit = 60.0
        await conn.execute("select 1")
        await conn.commit()
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]

    async def test_an_observer_without_these_methods_costs_no_class(self, dsn: str) -> None:
        plain = SimpleNamespace(
            query_started=lambda query, params: None,
            query_ended=lambda token, status, rowcount, error: None,
        )
        driver = driver_with(query_observer=lambda connection: plain)
        async with await driver.AsyncConnection.connect(dsn) as conn:
            assert conn.kernel.transactions is None
            assert type(conn.kernel) is driver.AsyncKernel
            await conn.execute("select 1")


class TestRows:
    async def test_a_stream(self, conn: Any, witness: Witness) -> None:
        async for _ in conn.cursor().stream("select generate_series(1, 5)"):
            pass
        assert witness.events[-1] == ("SELECT 5", 5)

    async def test_itersize(self, conn: Any, witness: Witness) -> None:
        cursor = conn.cursor()
        cursor.itersize = 2
        await cursor.execute("select generate_series(1, 5) as a")
        assert (None, -1) in witness.events
        assert len(await cursor.fetchall()) == 5
        fetched = [event for event in witness.events if event[0] == "fetched"]
        assert {event[1] for event in fetched} == {"select generate_series(1, 5) as a"}
        assert fetched[0][2] == 2 and sum(event[2] for event in fetched) == 5
        witness.events.clear()
        cursor.itersize = None
        await cursor.execute("select 1")
        assert witness.events == ["select 1", ("SELECT 1", 1)]

    async def test_a_named_cursor(self, conn: Any, witness: Witness) -> None:
        async with conn.cursor("herd") as cursor:
            cursor.itersize = 2
            await cursor.execute("select generate_series(1, 5)")
            assert len([row async for row in cursor]) == 5
        fetched = [event[2] for event in witness.events if event[0] == "fetched"]
        assert sum(fetched) == 5 and max(fetched) == 2

    async def test_copy(self, conn: Any, witness: Witness) -> None:
        async with conn.cursor().copy("copy (select generate_series(1, 3)) to stdout") as copy:
            while await copy.read():
                pass
        assert witness.events[1:] == ["copy (select generate_series(1, 3)) to stdout", ("COPY 3", 3)]


async def test_executemany(conn: Any, witness: Witness) -> None:
    await conn.set_autocommit(True)
    await conn.cursor().executemany("select %s::int", ([i] for i in range(3)))
    assert witness.events[0] == ("many", "select $1::int", "generator")
    assert witness.events[-1] == ("SELECT 1", 3)


async def test_a_pipeline(conn: Any, witness: Witness) -> None:
    await conn.set_autocommit(True)
    async with conn.pipeline():
        async with conn.pipeline():
            await conn.execute("select 1")
            await conn.execute("select 2")
    answers = [("SELECT 1", 1), ("SELECT 1", 1)]
    assert witness.events == ["pipeline", "select 1", "select 2", *answers, ("pipeline ended", "token")]


async def test_a_pipeline_that_an_observer_prevents(
    conn: Any, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pipeline_started() -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(witness, "pipeline_started", pipeline_started)
    with pytest.raises(ZeroDivisionError):
        async with conn.pipeline():
            pass
    assert [row async for row in conn.cursor().stream("select 1")] == [(1,)]  # not possible in a pipeline


class TestPrepared:
    async def test_by_itself(self, conn: Any, witness: Witness) -> None:
        await conn.execute("select %s::int", [1], prepare=True)
        await conn.execute("select %s::int", [2], prepare=True)
        [prepared] = [event for event in witness.events if event[0] == "prepared"]
        assert prepared[1] == "select $1::int"

    async def test_for_the_program(self, conn: Any, witness: Witness) -> None:
        await conn.prepare("select $1::int", "ours")
        await conn.prepare("select $1::int", "ours")
        prepared = [event for event in witness.events if event[0] == "prepared"]
        assert prepared == [("prepared", "select $1::int", b"ours")]


class Label(QueryObserver):
    """Has a setting made before each query."""

    def __init__(self, connection: Any, prepared: bool = False) -> None:
        self.kernel = connection.kernel
        query = b"select pg_catalog.set_config('app.label', $1, true)"
        self.statement = Statement(query, (25,), b"the_label")
        self.count = 0

    def query_started(self, query: bytes, params: Any) -> Any:
        self.count += 1
        value = EncodedParams((25,), (0,), (f"query {self.count}".encode(),))
        self.kernel.execute_before_next(self.statement, value)

    def query_ended(self, token: Any, status: Any, rowcount: int, error: Any) -> None:
        self.kernel.withdraw(self.statement)


async def labelled(conn: Any, binary: bool | None = None) -> Any:
    cursor = await conn.execute("select current_setting('app.label', true)", binary=binary)
    return (await cursor.fetchone())[0]


class TestExecuteBeforeNext:
    @pytest.fixture(params=[True, False], ids=["autocommit", "transactions"])
    async def conn(self, dsn: str, request: Any, aconn: Any) -> Any:
        driver = driver_with(query_observer=lambda connection: Label(connection))
        async with await driver.AsyncConnection.connect(dsn, autocommit=request.param) as conn:
            yield conn

    async def test_each_query_has_its_own(self, conn: Any) -> None:
        assert [await labelled(conn) for _ in range(8)] == [f"query {i}" for i in range(1, 9)]
        assert await labelled(conn, binary=True) == "query 9"

    async def test_the_rows_are_those_of_the_query(self, conn: Any) -> None:
        cursor = await conn.execute("select current_setting('app.label', true), %s", [5])
        assert await cursor.fetchall() == [("query 1", 5)]
        assert cursor.rowcount == 1 and cursor.nextset() is None

    async def test_an_error_is_that_of_the_query(self, conn: Any) -> None:
        with pytest.raises(howdah.errors.UndefinedColumn, match="nowhere"):
            await conn.execute("select nowhere")
        await conn.rollback()
        assert await labelled(conn) == "query 2"

    async def test_a_script_goes_alone(self, conn: Any) -> None:
        await conn.execute("select 1; select current_setting('app.label', true)")
        assert await labelled(conn) == "query 2"

    async def test_streams_executemany_and_portals(self, conn: Any) -> None:
        cursor = conn.cursor()
        rows = [row async for row in cursor.stream("select current_setting('app.label', true)")]
        assert rows == [("query 1",)]
        query = "select current_setting('app.label', true), %s"
        await cursor.executemany(query, [[1], [2]], returning=True)
        assert await cursor.fetchone() == ("query 2", 1)
        cursor.nextset()
        assert await cursor.fetchone() == ("query 2", 2)
        cursor.itersize = 2
        await cursor.execute("select current_setting('app.label', true) from generate_series(1, 5)")
        assert await cursor.fetchall() == [("query 3",)] * 5

    async def test_pipelines(self, conn: Any) -> None:
        async with conn.pipeline():
            cursors = [
                await conn.execute("select current_setting('app.label', true), %s", [i]) for i in range(9)
            ]
        assert [await cursor.fetchone() for cursor in cursors] == [(f"query {i + 1}", i) for i in range(9)]

    async def test_a_lost_statement_is_parsed_again(self, conn: Any) -> None:
        assert await labelled(conn) == "query 1"
        await conn.commit()
        await conn.execute("deallocate all")
        await conn.commit()
        # The query is run again without it, and the next one has it again.
        assert await labelled(conn) in ("", None)
        await conn.commit()
        assert await labelled(conn) == "query 4"

    async def test_one_that_is_there_already(self, conn: Any) -> None:
        assert await labelled(conn) == "query 1"
        await conn.commit()
        conn.kernel.observers[0].statement.prepared = False
        assert await labelled(conn) in ("", None)
        await conn.commit()
        assert await labelled(conn) == "query 3"

    async def test_one_that_is_withdrawn(self, conn: Any) -> None:
        statement = Statement(b"select 1/0", (), b"never")
        conn.kernel.execute_before_next(statement, EncodedParams())
        conn.kernel.withdraw(statement)
        assert await labelled(conn) == "query 1"


class TestConnecting:
    async def test_attempts(self, dsn: str) -> None:
        seen: list[Any] = []

        def connect_observer(params: Any) -> Any:
            seen.append(params)
            return SimpleNamespace(connect_ended=lambda connection, error: seen.append((connection, error)))

        driver = driver_with(connect_observer=connect_observer)
        conn = await driver.AsyncConnection.connect(dsn, password="banana", application_name="trunk")
        await conn.close()
        assert seen[0]["application_name"] == "trunk" and "banana" not in map(str, seen[0].values())
        assert seen[1] == (conn, None)
        seen.clear()
        with pytest.raises(howdah.OperationalError) as failure:
            await driver.AsyncConnection.connect(dsn, dbname="no_such_database")
        assert seen[0]["dbname"] == "no_such_database" and seen[1] == (None, failure.value)

    async def test_an_observer_that_raises(self, dsn: str) -> None:
        closed: list[Any] = []

        def connect_ended(connection: Any, error: Any) -> None:
            raise ZeroDivisionError

        driver = driver_with(
            connect_observer=lambda params: SimpleNamespace(connect_ended=connect_ended),
            connection_closed=lambda connection: closed.append(connection),
        )
        with pytest.raises(ZeroDivisionError):
            await driver.AsyncConnection.connect(dsn)
        assert len(closed) == 1 and closed[0].closed

    @pytest.mark.parametrize("autocommit", [True, False])
    async def test_set_up(self, dsn: str, autocommit: bool) -> None:
        events: list[str] = []

        def connection_setup(connection: Any) -> Any:
            return connection.execute("set application_name to 'trunk'")

        def connection_opened(connection: Any) -> None:
            events.append(connection.info.parameter_status("application_name"))

        driver = driver_with(connection_setup=connection_setup, connection_opened=connection_opened)
        async with await driver.AsyncConnection.connect(dsn, autocommit=autocommit) as conn:
            assert events == ["trunk"]
            assert conn.info.transaction_status.name == "IDLE"
            await conn.rollback()
            assert conn.info.parameter_status("application_name") == "trunk"

    async def test_a_set_up_that_fails(self, dsn: str) -> None:
        closed: list[Any] = []

        def connection_setup(connection: Any) -> Any:
            return connection.execute("set no_such_setting to 1")

        driver = driver_with(
            connection_setup=connection_setup, connection_closed=lambda connection: closed.append(connection)
        )
        with pytest.raises(howdah.errors.UndefinedObject):
            await driver.AsyncConnection.connect(dsn)
        assert len(closed) == 1 and closed[0].closed


async def test_those_after_a_set_up_that_fails_are_not_run(dsn: str) -> None:
    def failing(connection: Any) -> Any:
        return connection.execute("set no_such_setting to 1")

    def later(connection: Any) -> Any:
        return connection.execute("set application_name to 'trunk'")

    plugins = [
        (f"p{i}", SimpleNamespace(howdah_connection_setup=hookimpl(each)))
        for i, each in enumerate((later, failing))
    ]
    with pytest.raises(howdah.errors.UndefinedObject):
        await howdah.Driver(plugins=plugins).AsyncConnection.connect(dsn)


async def test_an_awaitable_after_a_set_up_that_fails(dsn: str) -> None:
    """An awaitable need not have a method `close`."""

    class Later:
        def __await__(self) -> Any:
            raise AssertionError

    plugins = [
        (f"p{i}", SimpleNamespace(howdah_connection_setup=hookimpl(each)))
        for i, each in enumerate(
            (lambda connection: Later(), lambda connection: connection.execute("set no_such_setting to 1"))
        )
    ]
    with pytest.raises(howdah.errors.UndefinedObject):
        await howdah.Driver(plugins=plugins).AsyncConnection.connect(dsn)


class TestVersion:
    def plugin(self, version: Any) -> Any:
        return SimpleNamespace(howdah_hooks_version=version)

    async def test_this_one_and_older_ones_are_fine(self) -> None:
        for version in (1, howdah.hookspecs.VERSION):
            assert howdah.Driver(plugins=[("ours", self.plugin(version))])

    async def test_a_newer_one(self) -> None:
        with pytest.raises(howdah.PluginError, match=r"'ours'.*requires version 99 of the hooks") as failure:
            howdah.Driver(plugins=[("ours", self.plugin(99))])
        assert failure.value.plugin == "ours"

    async def test_no_number(self) -> None:
        with pytest.raises(howdah.PluginError, match="whole number"):
            howdah.Driver(plugins=[("ours", self.plugin("2"))])
