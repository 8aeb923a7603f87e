"""The interface of COPY: the cursor, when errors are raised, writers, a COPY without a server."""

from __future__ import annotations

import io
import logging
from typing import Any

import pytest

import howdah
from howdah import errors
from tests.plugins.copy.sides import Side

pytestmark = pytest.mark.anyio


async def test_description(db: Side) -> None:
    async with db.copy("COPY t (id, name) TO STDOUT") as copy:
        assert [column.name for column in db.cur.description] == ["column_1", "column_2"]
        assert (db.cur.rowcount, db.cur.statusmessage, db.cur.rownumber) == (-1, None, None)
        await copy.read()
    assert [column.name for column in db.cur.description] == ["column_1", "column_2"]
    assert (db.cur.rowcount, db.cur.statusmessage) == (0, "COPY 0")
    async with db.copy("COPY t FROM STDIN (FORMAT binary)") as copy:
        assert len(db.cur.description) == 2
        copy.set_types(["int4", "text"])
        await copy.write_row((1, "x"))
    assert db.cur.description is None
    assert (db.cur.rowcount, db.cur.statusmessage) == (1, "COPY 1")
    await db.execute("SELECT 1")


async def test_columns_whose_types_are_not_set(db: Side) -> None:
    async with db.copy("COPY t (id, name) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", None])
        await copy.write_row((1, "x"))
    async with db.copy("COPY t (id, name) FROM STDIN") as copy:
        copy.set_types([None, "text"])
        await copy.write_row((2, "y"))
        await copy.write_row(("3", "z"))
    for format, unset in (("text", "1"), ("binary", b"\0\0\0\1")):
        async with db.copy(f"COPY (SELECT 1::int4, 'x'::text) TO STDOUT (FORMAT {format})") as copy:
            copy.set_types([None, "text"])
            assert await copy.read_row() == (unset, "x")
    assert await db.execute("SELECT id, name FROM t ORDER BY id") == [(1, "x"), (2, "y"), (3, "z")]


@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("read", ["read", "read_row", "rows", "iteration", "nothing"])
async def test_an_error_comes_where_it_is_read(db: Side, first: int, read: str) -> None:
    query = f"COPY (SELECT 1 / ({first} - g) FROM generate_series(0, 5) g) TO STDOUT"
    entered = caught = False

    async def use(copy: Any) -> None:
        if read == "rows":
            [row async for row in copy.rows()]
        elif read == "iteration":
            [block async for block in copy]
        elif read != "nothing":
            while await getattr(copy, read)():
                pass

    try:
        async with db.copy(query) as copy:
            entered = True
            try:
                await use(copy)
            except errors.DivisionByZero:
                caught = True
    except errors.DivisionByZero:
        assert read == "nothing"
    assert entered
    assert caught is (read != "nothing")
    await db.call("rollback")
    assert await db.execute("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 'a;b', E'a\\';b', $$;$$, \";\" FROM (SELECT 1) t (\";\")) TO STDOUT; ",
        "/* ; */ COPY (SELECT 1) TO STDOUT WITH (DELIMITER ';') -- ;",
        "/* a /* b; */ c; */ COPY /* ; /* ; */ ; */ (SELECT 1) TO STDOUT",
        "; ;COPY (SELECT 1) TO STDOUT;;",
        "COPY (SELECT E'a'\n'\\';b') TO STDOUT",
    ],
)
async def test_a_semicolon_is_not_always_the_end(db: Side, statement: str) -> None:
    async with db.copy(statement) as copy:
        assert b"".join([block async for block in copy])


@pytest.mark.parametrize(
    "statement",
    [
        "COPY t TO STDOUT; SELECT 1",
        "SELECT 1; COPY t TO STDOUT",
        "COPY t FROM STDIN; COPY t FROM STDIN",
        "; COPY t TO STDOUT /* /* */ */; SELECT 1",
    ],
)
async def test_several_statements_are_refused_before_one_is_executed(db: Side, statement: str) -> None:
    with pytest.raises(howdah.ProgrammingError, match="none was executed"):
        async with db.copy(statement):
            pytest.fail("nothing to copy")
    assert await db.execute("SELECT 1") == [(1,)]


async def test_finish(db: Side) -> None:
    copy = db.cur.copy("COPY t FROM STDIN")
    if db.asynchronous:
        await copy.__aenter__()
        await copy.write_row((1, "x"))
        await copy.finish()
        await copy.finish()
        await copy.__aexit__(None, None, None)
    else:
        copy.__enter__()
        copy.write_row((1, "x"))
        copy.finish()
        copy.finish()
        copy.__exit__(None, None, None)
    assert db.cur.rowcount == 1
    assert await db.execute("SELECT count(*) FROM t") == [(1,)]


class Written:
    """A writer that keeps what it gets."""

    def __init__(self) -> None:
        self.data = b""
        self.finished: list[BaseException | None] = []

    def write(self, data: Any) -> None:
        self.data += data

    def finish(self, exc: BaseException | None = None) -> None:
        self.finished.append(exc)


@pytest.mark.parametrize("binary", [False, True])
async def test_a_copy_with_a_writer_alone(db: Side, binary: bool) -> None:
    writer, error = Written(), None
    if db.asynchronous:
        async with howdah.AsyncCopy(db.cur, binary=binary, writer=writer) as copy:
            copy.set_types(["int4", "text"])
            await copy.write_row((1, "a"))
            await db.execute("SELECT 1")  # the connection is free
        with pytest.raises(ZeroDivisionError):
            async with howdah.AsyncCopy(db.cur, writer=writer) as copy:
                error = 1 / 0
    else:
        with howdah.Copy(db.cur, binary=binary, writer=writer) as copy:
            copy.set_types(["int4", "text"])
            copy.write_row((1, "a"))
            await db.execute("SELECT 1")
        with pytest.raises(ZeroDivisionError):
            with howdah.Copy(db.cur, writer=writer) as copy:
                error = 1 / 0
    assert error is None
    assert [type(each) for each in writer.finished] == [type(None), ZeroDivisionError]
    if binary:
        async with db.copy("COPY t FROM STDIN (FORMAT binary)") as stored:
            await stored.write(writer.data)
        assert await db.execute("SELECT * FROM t") == [(1, "a")]
    else:
        assert writer.data == b"1\ta\n"


async def test_a_copy_with_neither_statement_nor_writer(db: Side) -> None:
    with pytest.raises(howdah.ProgrammingError, match="no statement"):
        if db.asynchronous:
            await howdah.AsyncCopy(db.cur).__aenter__()
        else:
            howdah.Copy(db.cur).__enter__()


async def test_file_writer(conn: howdah.Connection[Any]) -> None:
    file = io.BytesIO()
    with howdah.Copy(conn.cursor(), binary=False, writer=howdah.FileWriter(file)) as copy:
        assert isinstance(copy.writer, howdah.FileWriter)
        copy.write_row((1, "a"))
    assert file.getvalue() == b"1\ta\n"


@pytest.mark.parametrize("format", ["text", "binary"])
async def test_libpq_writer(db: Side, format: str) -> None:
    sizes: list[int] = []
    writer: Any
    if db.asynchronous:

        class AsyncCounting(howdah.AsyncLibpqWriter):
            async def write(self, data: Any) -> None:
                sizes.append(len(data))
                await super().write(data)

        writer = AsyncCounting(db.cur)
    else:

        class Counting(howdah.LibpqWriter):
            def write(self, data: Any) -> None:
                sizes.append(len(data))
                super().write(data)

        writer = Counting(db.cur)
    with pytest.raises(howdah.ProgrammingError, match="no COPY yet"):
        await writer.write(b"") if db.asynchronous else writer.write(b"")
    async with db.copy(f"COPY t FROM STDIN (FORMAT {format})", writer=writer) as copy:
        copy.set_types(["int4", "text"])
        for number in range(3):
            await copy.write_row((number, "x" * 100_000))
    assert db.cur.rowcount == 3
    assert sum(sizes) > 300_000
    with pytest.raises(ZeroDivisionError):
        async with db.copy("COPY t FROM STDIN", writer=type(writer)(db.cur)) as copy:
            await copy.write_row((4, "y"))
            raise ZeroDivisionError
    await db.call("rollback")
    with pytest.raises(errors.InvalidTextRepresentation):
        async with db.copy("COPY t FROM STDIN", writer=type(writer)(db.cur)) as copy:
            await copy.write_row(("y", "y"))
    await db.call("rollback")


async def test_the_writer_by_default(db: Side) -> None:
    async with db.copy("COPY t FROM STDIN") as copy:
        if db.asynchronous:
            await copy.writer.write(b"1\tx\n")
        else:
            copy.copy.writer.write(b"1\tx\n")
    assert db.cur.rowcount == 1


async def test_a_writer_that_fails_while_its_block_fails(db: Side, caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Written):
        def finish(self, exc: BaseException | None = None) -> None:
            raise ValueError("no room")

    with caplog.at_level(logging.WARNING, "howdah"), pytest.raises(ZeroDivisionError):
        async with db.copy("COPY t FROM STDIN", writer=Failing()):
            raise ZeroDivisionError
    assert "no room" in caplog.text
    await db.call("rollback")
    with pytest.raises(ValueError, match="no room"):
        async with db.copy("COPY t FROM STDIN", writer=Failing()):
            pass
    await db.call("rollback")
    assert await db.execute("SELECT 1") == [(1,)]
