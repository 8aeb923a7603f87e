"""Large objects."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

import howdah
from howdah import errors
from howdah.pq import TransactionStatus
from howdah_lobject.operations import CHUNK, Function

pytestmark = pytest.mark.anyio

AsyncConnection = howdah.AsyncConnection

#: Of no repeating pattern within a chunk, and not a multiple of one.
LARGE = b"".join([i.to_bytes(4, "big") for i in range(200_001)])
MISSING = 999_999_999


async def fail(aconn: AsyncConnection[Any]) -> None:
    """Make the transaction a failed one."""
    with pytest.raises(errors.DivisionByZero):
        await aconn.execute("SELECT 1/0")


async def content(aconn: AsyncConnection[Any], oid: int) -> bytes:
    """Return what the server says is in a large object."""
    cur = await aconn.execute("SELECT lo_get(%s)", [oid])
    return (await cur.fetchone())[0]


async def test_capability() -> None:
    assert howdah.capabilities.has_lobject


async def test_the_functions(aconn: AsyncConnection[Any]) -> None:
    cur = await aconn.execute("SELECT oid::int, proname FROM pg_proc WHERE oid = ANY(%s)", [[*Function]])
    assert {(oid, name.upper()) for oid, name in await cur.fetchall()} == {
        (function.value, function.name) for function in Function
    }


async def test_create_write_read(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject() as lob:
        assert type(lob) is howdah.AsyncLargeObject
        assert lob.oid > 0
        assert (lob.mode, lob.closed) == ("rw", False)
        assert await lob.write(b"elephant") == 8
        assert await lob.tell() == 8
        assert await lob.seek(0) == 0
        assert await lob.read() == b"elephant"
        assert await lob.read() == b""
        oid = lob.oid
    assert lob.closed
    assert lob.oid == oid
    assert await content(aconn, oid) == b"elephant"
    async with aconn.lobject(oid) as lob:
        assert lob.mode == "r"
        assert await lob.read(3) == b"ele"
        assert await lob.read(0) == b""
        assert await lob.read(None) == b"phant"
    await aconn.rollback()
    with pytest.raises(errors.UndefinedObject, match=str(oid)):
        await aconn.lobject(oid)


async def test_it_is_committed(
    aconn: AsyncConnection[Any], aconn_cls: type[AsyncConnection[Any]], dsn: str
) -> None:
    async with aconn.lobject(0, "w") as lob:
        await lob.write(b"tusk")
    await aconn.commit()
    async with await aconn_cls.connect(dsn) as other:
        async with other.lobject(lob.oid, "r") as same:
            assert await same.read() == b"tusk"
        await same.unlink()


async def test_new_oid(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "w", 424242) as lob:
        assert lob.oid == 424242
    with pytest.raises(errors.UniqueViolation):
        await aconn.lobject(new_oid=424242)
    await aconn.rollback()
    with pytest.raises(howdah.ProgrammingError, match="new_oid"):
        await aconn.lobject(424242, new_oid=424243)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_large(aconn: AsyncConnection[Any], kind: Any) -> None:
    assert len(LARGE) > 3 * CHUNK
    lob = await aconn.lobject(0, "rw")
    assert await lob.write(kind(LARGE)) == len(LARGE)
    assert await lob.tell() == len(LARGE)
    await lob.seek(0)
    assert await lob.read() == LARGE
    await lob.seek(5)
    assert await lob.read(CHUNK + 3) == LARGE[5 : CHUNK + 8]
    assert await lob.readall() == LARGE[CHUNK + 8 :]
    await lob.seek(-7, 2)
    assert await lob.read(100) == LARGE[-7:]
    assert await content(aconn, lob.oid) == LARGE


async def test_write_what_is_not_contiguous(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "w") as lob:
        assert await lob.write(memoryview(b"a-b-c-")[::2]) == 3
        assert await lob.write(b"") == 0
    assert await content(aconn, lob.oid) == b"abc"


async def test_readinto(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "rw") as lob:
        await lob.write(b"0123456789")
        await lob.seek(2)
        buffer = bytearray(b"....")
        assert await lob.readinto(buffer) == 4
        assert buffer == b"2345"
        assert await lob.readinto(memoryview(buffer)[:2]) == 2
        assert buffer == b"6745"
        assert await lob.readinto(buffer) == 2
        assert buffer == b"8945"
        assert await lob.readinto(buffer) == 0


async def test_seek(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "rw") as lob:
        await lob.write(b"0123456789")
        assert await lob.seek(3) == 3
        assert await lob.seek(2, io.SEEK_CUR) == 5
        assert await lob.read(1) == b"5"
        assert await lob.seek(-1, io.SEEK_END) == 9
        assert await lob.read() == b"9"
        for position, whence in [(-1, 0), (0, 3)]:
            with pytest.raises(ValueError, match=r"whence|negative"):
                await lob.seek(position, whence)
        assert await lob.seek(15) == 15
        await lob.write(b"x")
        await lob.seek(8)
        assert await lob.read() == b"89\0\0\0\0\0x"
        with pytest.raises(errors.InvalidParameterValue):
            await lob.seek(-100, io.SEEK_CUR)


@pytest.mark.parametrize("offset", [2**31 - 1, 2**31, 2**32 + 5, (2**31 - 1) * 2048 - 10])
async def test_far_offsets(aconn: AsyncConnection[Any], offset: int) -> None:
    async with aconn.lobject(0, "rw") as lob:
        assert await lob.seek(offset) == offset
        assert await lob.write(b"far") == 3
        assert await lob.tell() == offset + 3
        assert await lob.seek(-5, io.SEEK_END) == offset - 2
        assert await lob.read() == b"\0\0far"
        assert await lob.truncate(offset + 1) == offset + 1
        assert await lob.seek(0, io.SEEK_END) == offset + 1


async def test_truncate(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "rw") as lob:
        await lob.write(b"0123456789")
        assert await lob.truncate(5) == 5
        assert await lob.tell() == 10
        await lob.seek(2)
        assert await lob.truncate() == 2
        assert await lob.truncate(4) == 4
        await lob.seek(0)
        assert await lob.read() == b"01\0\0"
        with pytest.raises(ValueError, match="negative"):
            await lob.truncate(-1)


@pytest.mark.parametrize(
    ("mode", "readable", "writable"),
    [
        *[("r", True, False), ("rb", True, False), ("", True, False), (None, True, False)],
        *[("b", True, False), ("w", False, True), ("wb", False, True)],
        *[("rw", True, True), ("rwb", True, True)],
    ],
)
async def test_modes(aconn: AsyncConnection[Any], mode: str | None, readable: bool, writable: bool) -> None:
    async with aconn.lobject(0, "w") as new:
        await new.write(b"abc")
    async with aconn.lobject(new.oid, mode) as lob:
        assert (lob.readable(), lob.writable(), lob.seekable()) == (readable, writable, True)
        if readable:
            assert await lob.read() == b"abc"
        else:
            for error in (howdah.ProgrammingError, io.UnsupportedOperation):
                with pytest.raises(error, match=r"not open for reading: its mode is 'wb?'"):
                    await lob.read()
            with pytest.raises(howdah.ProgrammingError):
                await lob.readinto(bytearray(1))
        if writable:
            assert await lob.write(b"xyz") == 3
        else:
            for error in (howdah.ProgrammingError, io.UnsupportedOperation):
                with pytest.raises(error, match=r"not open for writing: its mode is 'r?b?'"):
                    await lob.write(b"xyz")
            with pytest.raises(howdah.ProgrammingError):
                await lob.truncate(1)
    # The transaction has not failed by that.
    assert aconn.info.transaction_status == TransactionStatus.INTRANS


@pytest.mark.parametrize("mode", ["x", "a", "wr", "rbt", "rw+"])
async def test_bad_mode(aconn: AsyncConnection[Any], mode: str) -> None:
    for error in (howdah.ProgrammingError, ValueError):
        with pytest.raises(error, match="bad mode"):
            await aconn.lobject(0, mode)


async def test_mode_n(aconn: AsyncConnection[Any], tmp_path: Path) -> None:
    async with aconn.lobject(0, "w") as new:
        await new.write(b"abc")
    lob = await aconn.lobject(new.oid, "n")
    assert (lob.oid, lob.mode, lob.closed) == (new.oid, "n", True)
    with pytest.raises(howdah.InterfaceError, match="mode 'n'"):
        await lob.read()
    await lob.export(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"abc"
    await lob.unlink()
    with pytest.raises(errors.UndefinedObject):
        await aconn.lobject(new.oid)


async def test_text(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "wt") as lob:
        assert await lob.write("Rüssel €") == 11
        assert await lob.write(b"!") == 1
    async with aconn.lobject(lob.oid, "rt") as lob:
        assert await lob.read(2) == "R"
        assert await lob.read(1) == "ü"
        assert await lob.read() == "ssel €!"
        assert await lob.read() == ""
        await lob.seek(2)
        with pytest.raises(howdah.DataError, match="not text"):
            await lob.read(1)
        await lob.seek(0)
        assert [text for text in [await lob.read(1) for _ in range(8)] if text] == [*"Rüssel €"]
    async with aconn.lobject(lob.oid, "rw") as lob:
        with pytest.raises(TypeError, match="bytes-like"):
            await lob.write("text")  # type: ignore[arg-type]


async def test_text_in_another_encoding(aconn: AsyncConnection[Any]) -> None:
    await aconn.execute("SET client_encoding TO latin1")
    async with aconn.lobject(0, "rwt") as lob:
        assert await lob.write("Rüssel") == 6
        await lob.seek(0)
        assert await lob.read() == "Rüssel"


async def test_missing(aconn: AsyncConnection[Any]) -> None:
    for mode in ("r", "w", "rw"):
        with pytest.raises(errors.UndefinedObject, match=f"large object {MISSING} does not exist"):
            await aconn.lobject(MISSING, mode)
        await aconn.rollback()
    with pytest.raises(errors.UndefinedObject):
        await (await aconn.lobject(MISSING, "n")).unlink()


async def test_closed(aconn: AsyncConnection[Any]) -> None:
    lob = await aconn.lobject()
    await lob.close()
    await lob.close()
    assert lob.closed
    for error in (howdah.InterfaceError, ValueError):
        with pytest.raises(error, match=f"{lob.oid} is closed: it was closed"):
            await lob.read()
    for operation in (lob.write, lob.readinto, lob.truncate, lob.seek):
        with pytest.raises(howdah.InterfaceError):
            await operation(1)  # type: ignore[operator]
    with pytest.raises(howdah.InterfaceError):
        await lob.tell()
    await lob.unlink()


async def test_unlink(aconn: AsyncConnection[Any]) -> None:
    lob = await aconn.lobject()
    await lob.unlink()
    assert lob.closed
    with pytest.raises(errors.UndefinedObject):
        await lob.unlink()


async def test_autocommit(aconn_cls: type[AsyncConnection[Any]], dsn: str) -> None:
    async with await aconn_cls.connect(dsn, autocommit=True) as aconn:
        with pytest.raises(howdah.ProgrammingError, match="transaction"):
            await aconn.lobject()
        with pytest.raises(howdah.ProgrammingError, match=r"transaction\(\)"):
            await aconn.lobject(MISSING)
        async with aconn.transaction():
            async with aconn.lobject() as lob:
                await lob.write(b"abc")
        with pytest.raises(howdah.ProgrammingError):
            await lob.unlink()
        async with aconn.transaction():
            await lob.unlink()


async def test_a_transaction_is_started(aconn: AsyncConnection[Any]) -> None:
    assert aconn.info.transaction_status == TransactionStatus.IDLE
    lob = await aconn.lobject()
    assert aconn.info.transaction_status == TransactionStatus.INTRANS
    await lob.unlink()


async def test_after_the_transaction(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "w") as lob:
        await lob.write(b"abc")
        await aconn.commit()
        assert lob.closed
        for error in (howdah.InterfaceError, ValueError):
            with pytest.raises(error, match="the transaction it was opened in is over"):
                await lob.write(b"def")
    async with aconn.lobject(lob.oid, "rw") as lob:
        await aconn.execute("COMMIT")
        # The server gives the new one the descriptor that the old one had.
        async with aconn.lobject(0, "rw") as other:
            with pytest.raises(howdah.InterfaceError):
                await lob.write(b"def")
            await lob.close()
            assert await other.write(b"mine") == 4
        await other.unlink()
        await lob.unlink()
    await aconn.commit()


async def test_failed_transaction(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "rw") as lob:
        await fail(aconn)
        with pytest.raises(errors.InFailedSqlTransaction):
            await lob.read()
    await aconn.rollback()
    assert lob.closed


async def test_savepoints(aconn: AsyncConnection[Any]) -> None:
    outer = await aconn.lobject()
    async with aconn.transaction(force_rollback=True):
        lost = await aconn.lobject()
        await lost.write(b"abc")
    await outer.write(b"abc")
    async with aconn.transaction(force_rollback=True):
        with pytest.raises(howdah.InterfaceError, match="savepoint"):
            await lost.write(b"abc")
    async with aconn.transaction(force_rollback=True):
        lost = await aconn.lobject()
    other = await aconn.lobject()
    # `other` has the descriptor that `lost` had.
    with pytest.raises(howdah.InterfaceError):
        await lost.write(b"abc")
    await lost.close()
    await other.seek(0)
    assert await other.read() == b""


async def test_closed_behind_a_savepoint(aconn: AsyncConnection[Any]) -> None:
    """What a rollback to a savepoint has closed, `close` leaves alone, and the transaction goes on."""
    outer = await aconn.lobject()
    await outer.write(b"abc")
    async with aconn.transaction(force_rollback=True):
        lost = await aconn.lobject()
    await aconn.execute("SAVEPOINT one")
    another = await aconn.lobject(outer.oid)
    await aconn.execute("ROLLBACK TO SAVEPOINT one")
    await lost.close()
    await another.close()
    assert lost.closed and another.closed
    await outer.close()
    assert aconn.info.transaction_status == TransactionStatus.INTRANS
    async with aconn.lobject(outer.oid) as lob:
        assert await lob.read() == b"abc"
    await aconn.rollback()


async def test_closed_in_a_savepoint_it_was_not_opened_in(aconn: AsyncConnection[Any]) -> None:
    lob = await aconn.lobject()
    async with aconn.transaction(force_rollback=True):
        await lob.write(b"abc")
        await lob.close()
    async with aconn.lobject(lob.oid) as lob:
        assert await lob.read() == b""


async def test_several_at_once(aconn: AsyncConnection[Any]) -> None:
    objects = [await aconn.lobject() for _ in range(5)]
    for i, lob in enumerate(objects):
        await lob.write(b"%d" % i)
    for i, lob in enumerate(objects):
        await lob.seek(0)
        assert await lob.read() == b"%d" % i
    same = await aconn.lobject(objects[0].oid)
    await objects[0].close()
    assert await same.read() == b"0"


async def test_export(aconn: AsyncConnection[Any], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("longer than nothing")
    async with aconn.lobject() as lob:
        await lob.export(str(path))
        assert path.read_bytes() == b""
        await lob.write(LARGE)
        await lob.seek(10)
        await lob.export(path)
        assert path.read_bytes() == LARGE
        assert await lob.tell() == 10
    with pytest.raises(FileNotFoundError):
        await lob.export(tmp_path / "no" / "file")
    await lob.export(path)
    await lob.unlink()
    path.unlink()
    with pytest.raises(errors.UndefinedObject):
        await lob.export(path)
    assert not path.exists()


async def test_an_export_that_fails_leaves_the_file(
    aconn: AsyncConnection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    async with aconn.lobject() as lob:
        await lob.write(LARGE)
        run, calls = lob._run, []

        async def fail_later(operation: Any) -> Any:
            calls.append(operation)
            if len(calls) == 3:
                operation.close()
                raise ZeroDivisionError
            return await run(operation)

        monkeypatch.setattr(lob, "_run", fail_later)
        with pytest.raises(ZeroDivisionError):
            await lob.export(path)
        monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("mode", ["r", "w", "rw", "n"])
async def test_import(aconn: AsyncConnection[Any], tmp_path: Path, mode: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    lob = await aconn.lobject(0, mode, 0, str(path))
    if lob.readable():
        assert await lob.read() == LARGE
    assert await content(aconn, lob.oid) == LARGE
    with pytest.raises(FileNotFoundError):
        await aconn.lobject(0, mode, 0, tmp_path / "missing")
    with pytest.raises(howdah.ProgrammingError):
        await aconn.lobject(lob.oid, mode, 0, path)


async def test_repr(aconn: AsyncConnection[Any]) -> None:
    lob = await aconn.lobject(0, "w")
    assert f"AsyncLargeObject [open] oid={lob.oid} mode='w'" in repr(lob)
    await lob.close()
    assert "[closed]" in repr(lob)


async def test_backend_killed(
    aconn: AsyncConnection[Any], aconn_cls: type[AsyncConnection[Any]], dsn: str
) -> None:
    async with aconn.lobject() as lob:
        await lob.write(LARGE)
        async with await aconn_cls.connect(dsn, autocommit=True) as killer:
            await killer.execute("SELECT pg_terminate_backend(%s)", [aconn.info.backend_pid])
        with pytest.raises(howdah.OperationalError):
            await lob.read()
        assert aconn.broken
        with pytest.raises(howdah.OperationalError):
            await lob.write(b"more")
    assert lob.closed


async def test_error_with_calls_on_their_way(aconn: AsyncConnection[Any]) -> None:
    async with aconn.lobject(0, "rw") as lob:
        await lob.seek((2**31 - 1) * 2048 - len(LARGE) // 2)
        with pytest.raises(errors.InvalidParameterValue):
            await lob.write(LARGE)
        assert aconn.info.transaction_status == TransactionStatus.INERROR
        with pytest.raises(errors.InFailedSqlTransaction):
            await lob.read()
    await aconn.rollback()
    assert await (await aconn.execute("SELECT 'usable'")).fetchone() == ("usable",)
