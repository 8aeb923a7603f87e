"""COPY in and out, and its errors, with sync and async connections."""

from __future__ import annotations

import datetime as dt
import io
import sys
import threading
from typing import Any

import anyio
import pytest

import howdah
from howdah import errors, sql
from tests.plugins.copy.sides import Side
from tests.servers import Server
from tests.tasks import start

pytestmark = pytest.mark.anyio

ROWS = [(1, "one"), (2, "tab\tand\\backslash\nnewline"), (3, None), (4, "")]
BIG = "COPY (SELECT i, repeat('x', 100) FROM generate_series(1, 1000000) i) TO STDOUT"


async def content(db: Side) -> list[Any]:
    return list(await db.execute("SELECT id, name FROM t ORDER BY id"))


async def usable(db: Side) -> bool:
    """Whether the connection runs queries, with no transaction left open."""
    return await db.execute("SELECT 42") == [(42,)] and db.status == "IDLE"


def test_it_is_announced() -> None:
    assert howdah.capabilities.has_copy
    names = ("Copy", "AsyncCopy", "FileWriter")
    assert tuple(getattr(howdah, name).__name__ for name in names) == names


def test_it_can_be_disabled() -> None:
    driver = howdah.Driver(disable=["copy"])
    assert not driver.capabilities.has_copy
    with pytest.raises(howdah.NotSupportedError, match="copy"):
        driver.Cursor.copy  # noqa: B018


@pytest.mark.parametrize("format", ["text", "binary"])
async def test_rows_in_and_out(db: Side, format: str) -> None:
    async with db.copy(f"COPY t FROM STDIN (FORMAT {format})") as copy:
        copy.set_types(["int4", "text"])
        for row in ROWS:
            await copy.write_row(row)
    assert (db.cur.rowcount, db.cur.statusmessage) == (4, "COPY 4")
    assert await content(db) == ROWS
    async with db.copy(f"COPY t TO STDOUT (FORMAT {format})") as copy:
        copy.set_types([23, "text"])
        assert [row async for row in copy.rows()] == ROWS
        assert await copy.read_row() is None
        assert await copy.read() == b""
    assert (db.cur.rowcount, db.cur.statusmessage) == (4, "COPY 4")
    async with db.copy(f"COPY t TO STDOUT (FORMAT {format})") as copy:
        one = await copy.read_row()
        assert one == (("1", "one") if format == "text" else (b"\0\0\0\1", b"one"))
        rest = b""
        while block := await copy.read():
            rest += block
        assert rest.startswith(b"2\t" if format == "text" else b"\0\2\0\0\0\4\0\0\0\2")


@pytest.mark.parametrize("options", ["", "(FORMAT csv, HEADER)", "WITH CSV HEADER", "(FORMAT binary)"])
async def test_blocks_go_through_as_they_are(db: Side, options: str) -> None:
    await db.execute("INSERT INTO t SELECT i, 'name, ' || i FROM generate_series(1, 5000) i")
    before = await content(db)
    async with db.copy(f"COPY t TO STDOUT {options}") as copy:
        data = b"".join([block async for block in copy])
    await db.execute("TRUNCATE t")
    async with db.copy(f"COPY t FROM STDIN {options}") as copy:
        for start in range(0, len(data), 999):
            await copy.write(data[start : start + 999])
    assert db.cur.rowcount == 5000
    assert await content(db) == before


@pytest.mark.parametrize(
    "cast", [bytes, bytearray, memoryview, lambda data: memoryview(bytes(data))[::1], bytes.decode]
)
@pytest.mark.parametrize("size", [1, 300_000])
async def test_all_kinds_of_data_can_be_written(db: Side, cast: Any, size: int) -> None:
    async with db.copy("COPY t FROM STDIN") as copy:
        await copy.write(cast(b"1\t"))
        await copy.write(cast(b"x" * size))
        await copy.write(cast(b"\n2\ty\n"))
    assert await content(db) == [(1, "x" * size), (2, "y")]


async def test_str_is_encoded_as_the_connection_is(db: Side) -> None:
    await db.execute("SET client_encoding TO latin1")
    async with db.copy("COPY t FROM STDIN") as copy:
        await copy.write("1\té\n")
        await copy.write_row((2, "è"))
    async with db.copy("COPY t TO STDOUT") as copy:
        assert await copy.read_row() == ("1", "é")
        assert await copy.read() == "2\tè\n".encode("latin1")
    assert await content(db) == [(1, "é"), (2, "è")]


async def test_str_is_no_binary_data(db: Side) -> None:
    with pytest.raises(TypeError, match="bytes"):
        async with db.copy("COPY t FROM STDIN (FORMAT binary)") as copy:
            await copy.write("1")
    assert await usable(db)


async def test_nothing_written_is_nothing_copied(db: Side) -> None:
    for options in ("", "(FORMAT binary)"):
        async with db.copy(f"COPY t FROM STDIN {options}"):
            pass
        assert db.cur.rowcount == 0
    async with db.copy("COPY t TO STDOUT (FORMAT binary)") as copy:
        assert await copy.read_row() is None
    async with db.copy("COPY (SELECT FROM generate_series(1, 2)) TO STDOUT") as copy:
        assert [row async for row in copy.rows()] == [(), ()]


async def test_parameters_are_merged(db: Side) -> None:
    async with db.copy("COPY (SELECT %s::text, %s::int + 1, 5 %% 3) TO STDOUT", ("it's\\", 1)) as copy:
        assert await copy.read_row() == ("it's\\", "2", "2")
    async with db.copy("COPY (SELECT %(day)s) TO STDOUT", {"day": dt.date(2020, 1, 2)}) as copy:
        assert await copy.read_row() == ("2020-01-02",)
    statement = sql.SQL("COPY {}({}) FROM STDIN").format(sql.Identifier("t"), sql.Identifier("id"))
    async with db.copy(statement) as copy:
        await copy.write_row([7])
    assert await content(db) == [(7, None)]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="template strings are of Python 3.14")
async def test_template_strings(db: Side) -> None:
    template = eval("t\"COPY (SELECT {'it'}, {1 + 1}) TO STDOUT\"")
    async with db.copy(template) as copy:
        assert await copy.read_row() == ("it", "2")


@pytest.mark.parametrize("statement", ["SELECT 1", "", "CREATE TEMP TABLE u ()", "SELECT 1; SELECT 2"])
async def test_only_copy_can_be_copied(db: Side, statement: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match="COPY … FROM STDIN"):
        async with db.copy(statement):
            pytest.fail("nothing to copy")
    assert await usable(db)


async def test_an_error_of_the_statement(db: Side) -> None:
    with pytest.raises(errors.UndefinedTable) as caught:
        async with db.copy("COPY nowhere FROM STDIN"):
            pytest.fail("nothing to copy")
    assert caught.value.diag.statement_position is not None or caught.value.sqlstate == "42P01"
    assert await usable(db)


async def test_wrong_direction_and_wrong_time(db: Side) -> None:
    new = db.copy("COPY t FROM STDIN")
    for call in (new.write("1"), new.read(), new.read_row(), new.write_row([1])):
        with pytest.raises(howdah.ProgrammingError, match="has not begun"):
            await call
    async with new as copy:
        assert "COPY_IN" in repr(copy if db.asynchronous else copy.copy)
        for call in (copy.read(), copy.read_row()):
            with pytest.raises(howdah.ProgrammingError, match="IN cannot be read from"):
                await call
    with pytest.raises(howdah.ProgrammingError, match="over"):
        await new.write("1")
    with pytest.raises(howdah.ProgrammingError, match="over"):
        await new.write_row([1])
    with pytest.raises(howdah.ProgrammingError, match="done once"):
        async with new:
            pass
    async with db.copy("COPY t TO STDOUT") as copy:
        for call in (copy.write("1"), copy.write_row([1])):
            with pytest.raises(howdah.ProgrammingError, match="OUT cannot be written to"):
                await call
    assert await usable(db)


@pytest.mark.parametrize(
    "options",
    [
        "(FORMAT csv)",
        "CSV",
        "(FORMAT 'csv', HEADER)",
        "WITH DELIMITER '|'",
        "(NULL '')",
        "/* TO STDOUT */ WITH CSV",
    ],
)
async def test_rows_need_a_format_that_is_known(db: Side, options: str) -> None:
    async with db.copy(f"COPY t TO STDOUT {options}") as copy:
        with pytest.raises(howdah.NotSupportedError, match="rows"):
            await copy.read_row()
    with pytest.raises(howdah.NotSupportedError, match="rows"):
        async with db.copy(f"COPY t FROM STDIN {options}") as copy:
            await copy.write_row([1, "x"])
    assert await content(db) == []


async def test_options_that_only_look_so_are_none(db: Side) -> None:
    async with db.copy('COPY (SELECT \'csv\' AS "csv", 1 AS "null") TO STDOUT -- csv') as copy:
        assert await copy.read_row() == ("csv", "1")


async def test_set_types_is_checked(db: Side) -> None:
    async with db.copy("COPY t TO STDOUT") as copy:
        copy.set_types(["int4", "text", "text"])
        with pytest.raises(howdah.ProgrammingError, match="3 types, the COPY has 2 columns"):
            await copy.read_row()
        with pytest.raises(Exception, match="nonsense"):
            copy.set_types(["int4", "nonsense"])
        copy.set_types(["int4", "text"])
        assert await copy.read_row() is None
    with pytest.raises(howdah.DataError, match=r"row 1 of the COPY: it has 1 values, for 2 types"):
        async with db.copy("COPY t FROM STDIN") as copy:
            copy.set_types(["int4", "text"])
            await copy.write_row([1])


async def test_a_value_that_cannot_be_adapted_is_named(db: Side) -> None:
    with pytest.raises(
        howdah.ProgrammingError, match=r"row 2 of the COPY, column 'name' \(2\): cannot adapt type 'object'"
    ):
        async with db.copy("COPY t (id, name) FROM STDIN") as copy:
            await copy.write_row((1, "fine"))
            await copy.write_row((2, object()))
    assert await content(db) == []
    with pytest.raises(howdah.DataError, match=r"row 1 of the COPY, column 1: "):
        async with db.copy("COPY t FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(["int4", "text"])
            await copy.write_row((2**40, "x"))
    assert await usable(db)


@pytest.mark.parametrize("format", ["text", "binary"])
async def test_a_row_that_is_none(db: Side, format: str) -> None:
    with pytest.raises(
        howdah.DataError, match="row 2 of the COPY: a row is a sequence of values, not a value of type 'int'"
    ):
        async with db.copy(f"COPY t FROM STDIN (FORMAT {format})") as copy:
            copy.set_types(["int4", "text"])
            await copy.write_row((1, "fine"))
            await copy.write_row(5)
    assert await usable(db)


async def test_a_row_that_fails_can_be_left_out(db: Side) -> None:
    async with db.copy("COPY t FROM STDIN") as copy:
        for row in [(1, "a"), (2, object()), (3, "b\0"), (4, "c")]:
            try:
                await copy.write_row(row)
            except howdah.Error:
                pass
    assert await content(db) == [(1, "a"), (4, "c")]


async def test_an_exception_aborts_a_copy_in(db: Side) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.copy("COPY t FROM STDIN") as copy:
            await copy.write("1\tx\n")
            1 / 0  # noqa: B018
    assert db.cur.rowcount == -1
    assert await content(db) == []
    assert await usable(db)


async def test_the_server_is_told_the_reason(db: Side, server: Any) -> None:
    reason = f"we changed our mind {id(db)}"
    with pytest.raises(RuntimeError, match=reason):
        async with db.copy("COPY t FROM STDIN"):
            raise RuntimeError(reason)
    assert await usable(db)
    if isinstance(server, Server):
        assert f"COPY from stdin failed: RuntimeError: {reason}" in (server.directory / "log").read_text()


async def test_the_server_refuses_a_row(db: Side) -> None:
    with pytest.raises(errors.InvalidTextRepresentation) as caught:
        async with db.copy("COPY t FROM STDIN") as copy:
            await copy.write("1\tx\nnonsense\ty\n")
    assert "line 2" in caught.value.diag.context
    with pytest.raises(errors.UniqueViolation):
        async with db.copy("COPY t FROM STDIN") as copy:
            for _ in range(2):
                await copy.write_row((1, "x"))
    assert await content(db) == []
    assert await usable(db)


async def test_writing_stops_when_the_server_has_refused(db: Side) -> None:
    written = []
    with pytest.raises(errors.InvalidTextRepresentation):
        async with db.copy("COPY t FROM STDIN") as copy:
            await copy.write("nonsense\n")
            for i in range(100_000):
                written.append(i)
                await copy.write(b"1\t" + b"x" * 10_000 + b"\n")
    assert len(written) < 100_000
    assert await usable(db)


async def test_a_refusal_that_is_caught_comes_again(db: Side) -> None:
    with pytest.raises(errors.BadCopyFileFormat):
        async with db.copy("COPY t FROM STDIN") as copy:
            with pytest.raises(errors.BadCopyFileFormat):
                while True:
                    await copy.write("1\t2\t3\n" * 10_000)
            with pytest.raises(errors.BadCopyFileFormat):
                await copy.write("1\tx\n" * 100_000)
    assert await usable(db)


@pytest.mark.parametrize("rows", [1, 1_000, 1_000_000])
@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # trio wants it to be closed
async def test_a_copy_out_can_be_left(db: Side, rows: int) -> None:
    statement = BIG.replace("1000000", str(rows))
    async with db.copy(statement) as copy:
        async for _ in copy:
            break
    assert await usable(db)
    async with db.copy(statement):
        pass
    assert await usable(db)
    with pytest.raises(ZeroDivisionError):
        async with db.copy(statement) as copy:
            await copy.read_row()
            1 / 0  # noqa: B018
    assert await usable(db)


async def test_a_slow_copy_out_is_cancelled_when_it_is_left(db: Side) -> None:
    # The server sends nothing before 8 kB have come together.
    rows = "SELECT repeat('x', 20000) UNION ALL SELECT 'y' FROM pg_sleep(3600)"
    async with db.copy(f"COPY ({rows}) TO STDOUT"):
        pass
    assert await usable(db)


async def test_leaving_a_copy_out_ends_no_transaction(side: str, dsn: str) -> None:
    db = await Side.connect(side, dsn)
    await db.execute("CREATE TEMP TABLE t (id int)")
    async with db.copy(BIG.replace("1000000", "100000")) as copy:
        await copy.read()
    assert db.status == "INTRANS"
    await db.execute("INSERT INTO t VALUES (1)")
    await db.call("commit")
    async with db.copy(BIG) as copy:
        await copy.read()
    assert db.status in ("IDLE", "INTRANS")
    assert await db.execute("SELECT * FROM t") == [(1,)]
    await db.call("close")


async def test_a_transaction_is_begun(side: str, dsn: str) -> None:
    db = await Side.connect(side, dsn)
    async with db.copy("COPY (SELECT 1) TO STDOUT") as copy:
        assert [block async for block in copy] == [b"1\n"]
    assert db.status == "INTRANS"
    await db.call("rollback")
    await db.call("close")


async def test_an_error_in_the_middle_of_a_copy_out(db: Side) -> None:
    read = 0
    with pytest.raises(errors.DivisionByZero):
        async with db.copy(
            "COPY (SELECT 1 / (50000 - i) FROM generate_series(1, 100000) i) TO STDOUT"
        ) as copy:
            async for block in copy:
                read += len(block)
    assert read > 0
    assert await usable(db)


async def test_the_connection_is_reserved(db: Side) -> None:
    async with db.copy("COPY t FROM STDIN"):
        for call in (
            lambda: db.execute("SELECT 1"),
            lambda: db.call("commit"),
            db.copy("COPY t TO STDOUT").__aenter__,
        ):
            with pytest.raises(howdah.ProgrammingError, match="COPY is going on"):
                await call()
    if db.asynchronous:
        async with db.copy("COPY t FROM STDIN") as copy:
            other = start(db.execute, "SELECT count(*) FROM t")
            await anyio.sleep(0)
            await copy.write_row((1, "x"))
            assert not other.done()
        assert await other == [(1,)]
    else:
        results: list[Any] = []
        async with db.copy("COPY t FROM STDIN") as copy:
            thread = threading.Thread(
                target=lambda: results.extend(db.conn.execute("SELECT count(*) FROM t").fetchall())
            )
            thread.start()
            await copy.write_row((1, "x"))
            assert not results
        thread.join()
        assert results == [(1,)]


async def test_a_writer_takes_the_data(db: Side) -> None:
    for options, first in (("", b"1\tone\n"), ("(FORMAT binary)", b"PGCOPY\n\xff")):
        file = io.BytesIO()
        async with db.copy(f"COPY t FROM STDIN {options}", writer=howdah.FileWriter(file)) as copy:
            copy.set_types(["int4", "text"])
            for row in ROWS:
                await copy.write_row(row)
        assert file.getvalue().startswith(first)
        assert await content(db) == []
        async with db.copy(f"COPY t FROM STDIN {options}") as copy:
            await copy.write(file.getvalue())
        assert await content(db) == ROWS
        await db.execute("TRUNCATE t")


class Recorder:
    def __init__(self, fail: bool = False) -> None:
        self.data: list[bytes] = []
        self.finished: list[BaseException | None] = []
        self.fail = fail

    def write(self, data: bytes) -> None:
        if self.fail:
            raise OSError("disk full")
        self.data.append(bytes(data))

    def finish(self, exc: BaseException | None = None) -> None:
        self.finished.append(exc)


class AsyncRecorder(Recorder):
    async def write(self, data: bytes) -> None:  # type: ignore[override]
        super().write(data)

    async def finish(self, exc: BaseException | None = None) -> None:  # type: ignore[override]
        super().finish(exc)


async def test_a_writer_is_told_the_end(db: Side) -> None:
    for cls in (Recorder, AsyncRecorder) if db.asynchronous else (Recorder,):
        writer = cls()
        async with db.copy("COPY t FROM STDIN", writer=writer) as copy:
            await copy.write("a")
            await copy.write("b" * 200_000)
        assert b"".join(writer.data) == b"a" + b"b" * 200_000
        assert writer.finished == [None]
        writer = cls()
        with pytest.raises(KeyError) as caught:
            async with db.copy("COPY t FROM STDIN", writer=writer) as copy:
                raise KeyError
        assert writer.finished == [caught.value]
        with pytest.raises(OSError, match="disk full"):
            async with db.copy("COPY t FROM STDIN", writer=cls(fail=True)) as copy:
                await copy.write("a")
        assert await usable(db)


class Watch:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def query_started(self, query: bytes, params: Any) -> int:
        self.seen.append(query)
        return len(self.seen)

    def query_ended(self, token: int, status: str | None, rowcount: int, error: BaseException | None) -> None:
        self.seen.append((status, rowcount, type(error).__name__))


async def test_observers_see_it(side: str, dsn: str) -> None:
    watch = Watch()

    class Plugin:
        __name__ = "watch"

        @howdah.hookimpl
        def howdah_query_observer(self, connection: Any) -> Watch:
            return watch

    driver = howdah.Driver(plugins=[Plugin()])
    if side == "async":
        db = Side(await driver.AsyncConnection.connect(dsn, autocommit=True))
        db.asynchronous = True
    else:
        db = Side(driver.connect(dsn, autocommit=True))
    async with db.copy("COPY (SELECT 1) TO STDOUT") as copy:
        await copy.read()
    with pytest.raises(KeyError):
        async with db.copy("COPY (SELECT 1) TO STDOUT"):
            raise KeyError
    with pytest.raises(howdah.ProgrammingError):
        async with db.copy("SELECT 1"):
            pass
    assert watch.seen == [
        b"COPY (SELECT 1) TO STDOUT", ("COPY 1", 1, "NoneType"),
        b"COPY (SELECT 1) TO STDOUT", (None, -1, "KeyError"),
        b"SELECT 1", (None, -1, "ProgrammingError"),
    ]  # fmt: skip
    await db.call("close")
