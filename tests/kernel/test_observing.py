# Generated from tests/kernel/test_observing_async.py by .ci/async_to_sync.py; do not edit.
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
def conn(driver: howdah.Driver, dsn: str, conn: Any) -> Any:
    conn = driver.Connection.connect(dsn)
    yield conn
    conn.close()


class TestTransactions:
    def test_implicit(self, conn: Any, witness: Witness) -> None:
        conn.execute("select 1")
        assert witness.events == [("begin",), "select 1", ("SELECT 1", 1)]
        conn.execute("select 2")
        conn.commit()
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]
        conn.execute("select 1")
        conn.rollback()
        conn.rollback()
        assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]

    def test_blocks(self, conn: Any, witness: Witness) -> None:
        conn.set_autocommit(True)
        with conn.transaction():
            assert witness.take() == [("begin",)]
            with conn.transaction():
                conn.execute("select 1")
            with pytest.raises(howdah.errors.DivisionByZero):
                with conn.transaction():
                    conn.execute("select 1/0")
            assert witness.take() == []
        assert witness.take() == [("end", "COMMIT", None)]
        with conn.transaction(force_rollback=True):
            pass
        assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]

    def test_commands(self, conn: Any, witness: Witness) -> None:
        conn.set_autocommit(True)
        conn.execute("begin")
        conn.execute("select 1")
        conn.execute("commit")
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]
        conn.execute("select 1")
        assert witness.take() == []

    def test_a_failed_one(self, conn: Any, witness: Witness) -> None:
        with pytest.raises(howdah.errors.DivisionByZero):
            conn.execute("select 1/0")
        with pytest.raises(howdah.errors.InFailedSqlTransaction):
            conn.commit()
        assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]

    def test_two_phase(self, conn: Any, witness: Witness) -> None:
        conn.tpc_begin(conn.xid(1, "observed", ""))
        conn.execute("select 1")
        try:
            conn.tpc_prepare()
        except howdah.errors.ObjectNotInPrerequisiteState:
            conn.tpc_rollback()
            assert witness.take() == [("begin",), ("end", "ROLLBACK", None)]
        else:
            conn.tpc_commit()
            assert witness.take() == [("begin",), ("end", "PREPARE TRANSACTION", None)]

    def test_the_loss_of_the_connection(self, conn: Any, witness: Witness) -> None:
        with pytest.raises(howdah.OperationalError):
            conn.execute("select pg_terminate_backend(pg_backend_pid())")
        assert witness.take() == [("begin",), ("end", None, "OperationalError")]

    def test_closing(self, conn: Any, witness: Witness) -> None:
        conn.execute("select 1")
        conn.close()
        assert witness.take() == [("begin",), ("end", None, None)]

    @pytest.mark.parametrize("autocommit", [True, False])
    def test_in_pipelines(self, conn: Any, witness: Witness, autocommit: bool) -> None:
        conn.set_autocommit(autocommit)
        with conn.pipeline():
            with conn.transaction():
                conn.execute("select 1")
                conn.execute("select 2")
        if not autocommit:
            conn.commit()
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]

    def test_streams_and_copy(self, conn: Any, witness: Witness) -> None:
        for _ in conn.cursor().stream("select generate_series(1, 3)"):
            assert witness.take() in ([("begin",)], [])
        with conn.cursor().copy("copy (select 1) to stdout") as copy:
            assert copy.read() == b"1\n"
        assert witness.take() == []
        conn.rollback()
        assert witness.take() == [("end", "ROLLBACK", None)]

    def test_with_a_limit_of_time(self, conn: Any, witness: Witness) -> None:
        conn.kernel.time_limit = 60.0
        conn.execute("select 1")
        conn.commit()
        assert witness.take() == [("begin",), ("end", "COMMIT", None)]

    def test_an_observer_without_these_methods_costs_no_class(self, dsn: str) -> None:
        plain = SimpleNamespace(
            query_started=lambda query, params: None,
            query_ended=lambda token, status, rowcount, error: None,
        )
        driver = driver_with(query_observer=lambda connection: plain)
        with driver.Connection.connect(dsn) as conn:
            assert conn.kernel.transactions is None
            assert type(conn.kernel) is driver.Kernel
            conn.execute("select 1")


class TestRows:
    def test_a_stream(self, conn: Any, witness: Witness) -> None:
        for _ in conn.cursor().stream("select generate_series(1, 5)"):
            pass
        assert witness.events[-1] == ("SELECT 5", 5)

    def test_itersize(self, conn: Any, witness: Witness) -> None:
        cursor = conn.cursor()
        cursor.itersize = 2
        cursor.execute("select generate_series(1, 5) as a")
        assert (None, -1) in witness.events
        assert len(cursor.fetchall()) == 5
        fetched = [event for event in witness.events if event[0] == "fetched"]
        assert {event[1] for event in fetched} == {"select generate_series(1, 5) as a"}
        assert fetched[0][2] == 2 and sum(event[2] for event in fetched) == 5
        witness.events.clear()
        cursor.itersize = None
        cursor.execute("select 1")
        assert witness.events == ["select 1", ("SELECT 1", 1)]

    def test_a_named_cursor(self, conn: Any, witness: Witness) -> None:
        with conn.cursor("herd") as cursor:
            cursor.itersize = 2
            cursor.execute("select generate_series(1, 5)")
            assert len(list(cursor)) == 5
        fetched = [event[2] for event in witness.events if event[0] == "fetched"]
        assert sum(fetched) == 5 and max(fetched) == 2

    def test_copy(self, conn: Any, witness: Witness) -> None:
        with conn.cursor().copy("copy (select generate_series(1, 3)) to stdout") as copy:
            while copy.read():
                pass
        assert witness.events[1:] == ["copy (select generate_series(1, 3)) to stdout", ("COPY 3", 3)]


def test_executemany(conn: Any, witness: Witness) -> None:
    conn.set_autocommit(True)
    conn.cursor().executemany("select %s::int", ([i] for i in range(3)))
    assert witness.events[0] == ("many", "select $1::int", "generator")
    assert witness.events[-1] == ("SELECT 1", 3)


def test_a_pipeline(conn: Any, witness: Witness) -> None:
    conn.set_autocommit(True)
    with conn.pipeline():
        with conn.pipeline():
            conn.execute("select 1")
            conn.execute("select 2")
    answers = [("SELECT 1", 1), ("SELECT 1", 1)]
    assert witness.events == ["pipeline", "select 1", "select 2", *answers, ("pipeline ended", "token")]


def test_a_pipeline_that_an_observer_prevents(
    conn: Any, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pipeline_started() -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(witness, "pipeline_started", pipeline_started)
    with pytest.raises(ZeroDivisionError):
        with conn.pipeline():
            pass
    assert list(conn.cursor().stream("select 1")) == [(1,)]  # not possible in a pipeline


class TestPrepared:
    def test_by_itself(self, conn: Any, witness: Witness) -> None:
        conn.execute("select %s::int", [1], prepare=True)
        conn.execute("select %s::int", [2], prepare=True)
        [prepared] = [event for event in witness.events if event[0] == "prepared"]
        assert prepared[1] == "select $1::int"

    def test_for_the_program(self, conn: Any, witness: Witness) -> None:
        conn.prepare("select $1::int", "ours")
        conn.prepare("select $1::int", "ours")
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


def labelled(conn: Any, binary: bool | None = None) -> Any:
    cursor = conn.execute("select current_setting('app.label', true)", binary=binary)
    return cursor.fetchone()[0]


class TestExecuteBeforeNext:
    @pytest.fixture(params=[True, False], ids=["autocommit", "transactions"])
    def conn(self, dsn: str, request: Any, conn: Any) -> Any:
        driver = driver_with(query_observer=lambda connection: Label(connection))
        with driver.Connection.connect(dsn, autocommit=request.param) as conn:
            yield conn

    def test_each_query_has_its_own(self, conn: Any) -> None:
        assert [labelled(conn) for _ in range(8)] == [f"query {i}" for i in range(1, 9)]
        assert labelled(conn, binary=True) == "query 9"

    def test_the_rows_are_those_of_the_query(self, conn: Any) -> None:
        cursor = conn.execute("select current_setting('app.label', true), %s", [5])
        assert cursor.fetchall() == [("query 1", 5)]
        assert cursor.rowcount == 1 and cursor.nextset() is None

    def test_an_error_is_that_of_the_query(self, conn: Any) -> None:
        with pytest.raises(howdah.errors.UndefinedColumn, match="nowhere"):
            conn.execute("select nowhere")
        conn.rollback()
        assert labelled(conn) == "query 2"

    def test_a_script_goes_alone(self, conn: Any) -> None:
        conn.execute("select 1; select current_setting('app.label', true)")
        assert labelled(conn) == "query 2"

    def test_streams_executemany_and_portals(self, conn: Any) -> None:
        cursor = conn.cursor()
        rows = list(cursor.stream("select current_setting('app.label', true)"))
        assert rows == [("query 1",)]
        query = "select current_setting('app.label', true), %s"
        cursor.executemany(query, [[1], [2]], returning=True)
        assert cursor.fetchone() == ("query 2", 1)
        cursor.nextset()
        assert cursor.fetchone() == ("query 2", 2)
        cursor.itersize = 2
        cursor.execute("select current_setting('app.label', true) from generate_series(1, 5)")
        assert cursor.fetchall() == [("query 3",)] * 5

    def test_pipelines(self, conn: Any) -> None:
        with conn.pipeline():
            cursors = [conn.execute("select current_setting('app.label', true), %s", [i]) for i in range(9)]
        assert [cursor.fetchone() for cursor in cursors] == [(f"query {i + 1}", i) for i in range(9)]

    def test_a_lost_statement_is_parsed_again(self, conn: Any) -> None:
        assert labelled(conn) == "query 1"
        conn.commit()
        conn.execute("deallocate all")
        conn.commit()
        # The query is run again without it, and the next one has it again.
        assert labelled(conn) in ("", None)
        conn.commit()
        assert labelled(conn) == "query 4"

    def test_one_that_is_there_already(self, conn: Any) -> None:
        assert labelled(conn) == "query 1"
        conn.commit()
        conn.kernel.observers[0].statement.prepared = False
        assert labelled(conn) in ("", None)
        conn.commit()
        assert labelled(conn) == "query 3"

    def test_one_that_is_withdrawn(self, conn: Any) -> None:
        statement = Statement(b"select 1/0", (), b"never")
        conn.kernel.execute_before_next(statement, EncodedParams())
        conn.kernel.withdraw(statement)
        assert labelled(conn) == "query 1"


class TestConnecting:
    def test_attempts(self, dsn: str) -> None:
        seen: list[Any] = []

        def connect_observer(params: Any) -> Any:
            seen.append(params)
            return SimpleNamespace(connect_ended=lambda connection, error: seen.append((connection, error)))

        driver = driver_with(connect_observer=connect_observer)
        conn = driver.Connection.connect(dsn, password="banana", application_name="trunk")
        conn.close()
        assert seen[0]["application_name"] == "trunk" and "banana" not in map(str, seen[0].values())
        assert seen[1] == (conn, None)
        seen.clear()
        with pytest.raises(howdah.OperationalError) as failure:
            driver.Connection.connect(dsn, dbname="no_such_database")
        assert seen[0]["dbname"] == "no_such_database" and seen[1] == (None, failure.value)

    def test_an_observer_that_raises(self, dsn: str) -> None:
        closed: list[Any] = []

        def connect_ended(connection: Any, error: Any) -> None:
            raise ZeroDivisionError

        driver = driver_with(
            connect_observer=lambda params: SimpleNamespace(connect_ended=connect_ended),
            connection_closed=lambda connection: closed.append(connection),
        )
        with pytest.raises(ZeroDivisionError):
            driver.Connection.connect(dsn)
        assert len(closed) == 1 and closed[0].closed

    @pytest.mark.parametrize("autocommit", [True, False])
    def test_set_up(self, dsn: str, autocommit: bool) -> None:
        events: list[str] = []

        def connection_setup(connection: Any) -> Any:
            return connection.execute("set application_name to 'trunk'")

        def connection_opened(connection: Any) -> None:
            events.append(connection.info.parameter_status("application_name"))

        driver = driver_with(connection_setup=connection_setup, connection_opened=connection_opened)
        with driver.Connection.connect(dsn, autocommit=autocommit) as conn:
            assert events == ["trunk"]
            assert conn.info.transaction_status.name == "IDLE"
            conn.rollback()
            assert conn.info.parameter_status("application_name") == "trunk"

    def test_a_set_up_that_fails(self, dsn: str) -> None:
        closed: list[Any] = []

        def connection_setup(connection: Any) -> Any:
            return connection.execute("set no_such_setting to 1")

        driver = driver_with(
            connection_setup=connection_setup, connection_closed=lambda connection: closed.append(connection)
        )
        with pytest.raises(howdah.errors.UndefinedObject):
            driver.Connection.connect(dsn)
        assert len(closed) == 1 and closed[0].closed


def test_those_after_a_set_up_that_fails_are_not_run(dsn: str) -> None:
    def failing(connection: Any) -> Any:
        return connection.execute("set no_such_setting to 1")

    def later(connection: Any) -> Any:
        return connection.execute("set application_name to 'trunk'")

    plugins = [
        (f"p{i}", SimpleNamespace(howdah_connection_setup=hookimpl(each)))
        for i, each in enumerate((later, failing))
    ]
    with pytest.raises(howdah.errors.UndefinedObject):
        howdah.Driver(plugins=plugins).Connection.connect(dsn)


def test_an_awaitable_after_a_set_up_that_fails(dsn: str) -> None:
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
        howdah.Driver(plugins=plugins).Connection.connect(dsn)


class TestVersion:
    def plugin(self, version: Any) -> Any:
        return SimpleNamespace(howdah_hooks_version=version)

    def test_this_one_and_older_ones_are_fine(self) -> None:
        for version in (1, howdah.hookspecs.VERSION):
            assert howdah.Driver(plugins=[("ours", self.plugin(version))])

    def test_a_newer_one(self) -> None:
        with pytest.raises(howdah.PluginError, match=r"'ours'.*requires version 99 of the hooks") as failure:
            howdah.Driver(plugins=[("ours", self.plugin(99))])
        assert failure.value.plugin == "ours"

    def test_no_number(self) -> None:
        with pytest.raises(howdah.PluginError, match="whole number"):
            howdah.Driver(plugins=[("ours", self.plugin("2"))])
