# Generated from tests/plugins/lobject/test_lobject_async.py by .ci/async_to_sync.py; do not edit.
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

Connection = howdah.Connection

#: Of no repeating pattern within a chunk, and not a multiple of one.
LARGE = b"".join([i.to_bytes(4, "big") for i in range(200_001)])
MISSING = 999_999_999


def fail(conn: Connection[Any]) -> None:
    """Make the transaction a failed one."""
    with pytest.raises(errors.DivisionByZero):
        conn.execute("SELECT 1/0")


def content(conn: Connection[Any], oid: int) -> bytes:
    """Return what the server says is in a large object."""
    cur = conn.execute("SELECT lo_get(%s)", [oid])
    return cur.fetchone()[0]


def test_capability() -> None:
    assert howdah.capabilities.has_lobject


def test_the_functions(conn: Connection[Any]) -> None:
    cur = conn.execute("SELECT oid::int, proname FROM pg_proc WHERE oid = ANY(%s)", [[*Function]])
    assert {(oid, name.upper()) for oid, name in cur.fetchall()} == {
        (function.value, function.name) for function in Function
    }


def test_create_write_read(conn: Connection[Any]) -> None:
    with conn.lobject() as lob:
        assert type(lob) is howdah.LargeObject
        assert lob.oid > 0
        assert (lob.mode, lob.closed) == ("rw", False)
        assert lob.write(b"elephant") == 8
        assert lob.tell() == 8
        assert lob.seek(0) == 0
        assert lob.read() == b"elephant"
        assert lob.read() == b""
        oid = lob.oid
    assert lob.closed
    assert lob.oid == oid
    assert content(conn, oid) == b"elephant"
    with conn.lobject(oid) as lob:
        assert lob.mode == "r"
        assert lob.read(3) == b"ele"
        assert lob.read(0) == b""
        assert lob.read(None) == b"phant"
    conn.rollback()
    with pytest.raises(errors.UndefinedObject, match=str(oid)):
        conn.lobject(oid)


def test_it_is_committed(conn: Connection[Any], conn_cls: type[Connection[Any]], dsn: str) -> None:
    with conn.lobject(0, "w") as lob:
        lob.write(b"tusk")
    conn.commit()
    with conn_cls.connect(dsn) as other:
        with other.lobject(lob.oid, "r") as same:
            assert same.read() == b"tusk"
        same.unlink()


def test_new_oid(conn: Connection[Any]) -> None:
    with conn.lobject(0, "w", 424242) as lob:
        assert lob.oid == 424242
    with pytest.raises(errors.UniqueViolation):
        conn.lobject(new_oid=424242)
    conn.rollback()
    with pytest.raises(howdah.ProgrammingError, match="new_oid"):
        conn.lobject(424242, new_oid=424243)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_large(conn: Connection[Any], kind: Any) -> None:
    assert len(LARGE) > 3 * CHUNK
    lob = conn.lobject(0, "rw")
    assert lob.write(kind(LARGE)) == len(LARGE)
    assert lob.tell() == len(LARGE)
    lob.seek(0)
    assert lob.read() == LARGE
    lob.seek(5)
    assert lob.read(CHUNK + 3) == LARGE[5 : CHUNK + 8]
    assert lob.readall() == LARGE[CHUNK + 8 :]
    lob.seek(-7, 2)
    assert lob.read(100) == LARGE[-7:]
    assert content(conn, lob.oid) == LARGE


def test_write_what_is_not_contiguous(conn: Connection[Any]) -> None:
    with conn.lobject(0, "w") as lob:
        assert lob.write(memoryview(b"a-b-c-")[::2]) == 3
        assert lob.write(b"") == 0
    assert content(conn, lob.oid) == b"abc"


def test_readinto(conn: Connection[Any]) -> None:
    with conn.lobject(0, "rw") as lob:
        lob.write(b"0123456789")
        lob.seek(2)
        buffer = bytearray(b"....")
        assert lob.readinto(buffer) == 4
        assert buffer == b"2345"
        assert lob.readinto(memoryview(buffer)[:2]) == 2
        assert buffer == b"6745"
        assert lob.readinto(buffer) == 2
        assert buffer == b"8945"
        assert lob.readinto(buffer) == 0


def test_seek(conn: Connection[Any]) -> None:
    with conn.lobject(0, "rw") as lob:
        lob.write(b"0123456789")
        assert lob.seek(3) == 3
        assert lob.seek(2, io.SEEK_CUR) == 5
        assert lob.read(1) == b"5"
        assert lob.seek(-1, io.SEEK_END) == 9
        assert lob.read() == b"9"
        for position, whence in [(-1, 0), (0, 3)]:
            with pytest.raises(ValueError, match=r"whence|negative"):
                lob.seek(position, whence)
        assert lob.seek(15) == 15
        lob.write(b"x")
        lob.seek(8)
        assert lob.read() == b"89\0\0\0\0\0x"
        with pytest.raises(errors.InvalidParameterValue):
            lob.seek(-100, io.SEEK_CUR)


@pytest.mark.parametrize("offset", [2**31 - 1, 2**31, 2**32 + 5, (2**31 - 1) * 2048 - 10])
def test_far_offsets(conn: Connection[Any], offset: int) -> None:
    with conn.lobject(0, "rw") as lob:
        assert lob.seek(offset) == offset
        assert lob.write(b"far") == 3
        assert lob.tell() == offset + 3
        assert lob.seek(-5, io.SEEK_END) == offset - 2
        assert lob.read() == b"\0\0far"
        assert lob.truncate(offset + 1) == offset + 1
        assert lob.seek(0, io.SEEK_END) == offset + 1


def test_truncate(conn: Connection[Any]) -> None:
    with conn.lobject(0, "rw") as lob:
        lob.write(b"0123456789")
        assert lob.truncate(5) == 5
        assert lob.tell() == 10
        lob.seek(2)
        assert lob.truncate() == 2
        assert lob.truncate(4) == 4
        lob.seek(0)
        assert lob.read() == b"01\0\0"
        with pytest.raises(ValueError, match="negative"):
            lob.truncate(-1)


@pytest.mark.parametrize(
    ("mode", "readable", "writable"),
    [
        *[("r", True, False), ("rb", True, False), ("", True, False), (None, True, False)],
        *[("b", True, False), ("w", False, True), ("wb", False, True)],
        *[("rw", True, True), ("rwb", True, True)],
    ],
)
def test_modes(conn: Connection[Any], mode: str | None, readable: bool, writable: bool) -> None:
    with conn.lobject(0, "w") as new:
        new.write(b"abc")
    with conn.lobject(new.oid, mode) as lob:
        assert (lob.readable(), lob.writable(), lob.seekable()) == (readable, writable, True)
        if readable:
            assert lob.read() == b"abc"
        else:
            for error in (howdah.ProgrammingError, io.UnsupportedOperation):
                with pytest.raises(error, match=r"not open for reading: its mode is 'wb?'"):
                    lob.read()
            with pytest.raises(howdah.ProgrammingError):
                lob.readinto(bytearray(1))
        if writable:
            assert lob.write(b"xyz") == 3
        else:
            for error in (howdah.ProgrammingError, io.UnsupportedOperation):
                with pytest.raises(error, match=r"not open for writing: its mode is 'r?b?'"):
                    lob.write(b"xyz")
            with pytest.raises(howdah.ProgrammingError):
                lob.truncate(1)
    # The transaction has not failed by that.
    assert conn.info.transaction_status == TransactionStatus.INTRANS


@pytest.mark.parametrize("mode", ["x", "a", "wr", "rbt", "rw+"])
def test_bad_mode(conn: Connection[Any], mode: str) -> None:
    for error in (howdah.ProgrammingError, ValueError):
        with pytest.raises(error, match="bad mode"):
            conn.lobject(0, mode)


def test_mode_n(conn: Connection[Any], tmp_path: Path) -> None:
    with conn.lobject(0, "w") as new:
        new.write(b"abc")
    lob = conn.lobject(new.oid, "n")
    assert (lob.oid, lob.mode, lob.closed) == (new.oid, "n", True)
    with pytest.raises(howdah.InterfaceError, match="mode 'n'"):
        lob.read()
    lob.export(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"abc"
    lob.unlink()
    with pytest.raises(errors.UndefinedObject):
        conn.lobject(new.oid)


def test_text(conn: Connection[Any]) -> None:
    with conn.lobject(0, "wt") as lob:
        assert lob.write("Rüssel €") == 11
        assert lob.write(b"!") == 1
    with conn.lobject(lob.oid, "rt") as lob:
        assert lob.read(2) == "R"
        assert lob.read(1) == "ü"
        assert lob.read() == "ssel €!"
        assert lob.read() == ""
        lob.seek(2)
        with pytest.raises(howdah.DataError, match="not text"):
            lob.read(1)
        lob.seek(0)
        assert [text for text in [lob.read(1) for _ in range(8)] if text] == [*"Rüssel €"]
    with conn.lobject(lob.oid, "rw") as lob:
        with pytest.raises(TypeError, match="bytes-like"):
            lob.write("text")  # type: ignore[arg-type]


def test_text_in_another_encoding(conn: Connection[Any]) -> None:
    conn.execute("SET client_encoding TO latin1")
    with conn.lobject(0, "rwt") as lob:
        assert lob.write("Rüssel") == 6
        lob.seek(0)
        assert lob.read() == "Rüssel"


def test_missing(conn: Connection[Any]) -> None:
    for mode in ("r", "w", "rw"):
        with pytest.raises(errors.UndefinedObject, match=f"large object {MISSING} does not exist"):
            conn.lobject(MISSING, mode)
        conn.rollback()
    with pytest.raises(errors.UndefinedObject):
        conn.lobject(MISSING, "n").unlink()


def test_closed(conn: Connection[Any]) -> None:
    lob = conn.lobject()
    lob.close()
    lob.close()
    assert lob.closed
    for error in (howdah.InterfaceError, ValueError):
        with pytest.raises(error, match=f"{lob.oid} is closed: it was closed"):
            lob.read()
    for operation in (lob.write, lob.readinto, lob.truncate, lob.seek):
        with pytest.raises(howdah.InterfaceError):
            operation(1)  # type: ignore[operator]
    with pytest.raises(howdah.InterfaceError):
        lob.tell()
    lob.unlink()


def test_unlink(conn: Connection[Any]) -> None:
    lob = conn.lobject()
    lob.unlink()
    assert lob.closed
    with pytest.raises(errors.UndefinedObject):
        lob.unlink()


def test_autocommit(conn_cls: type[Connection[Any]], dsn: str) -> None:
    with conn_cls.connect(dsn, autocommit=True) as conn:
        with pytest.raises(howdah.ProgrammingError, match="transaction"):
            conn.lobject()
        with pytest.raises(howdah.ProgrammingError, match=r"transaction\(\)"):
            conn.lobject(MISSING)
        with conn.transaction():
            with conn.lobject() as lob:
                lob.write(b"abc")
        with pytest.raises(howdah.ProgrammingError):
            lob.unlink()
        with conn.transaction():
            lob.unlink()


def test_a_transaction_is_started(conn: Connection[Any]) -> None:
    assert conn.info.transaction_status == TransactionStatus.IDLE
    lob = conn.lobject()
    assert conn.info.transaction_status == TransactionStatus.INTRANS
    lob.unlink()


def test_after_the_transaction(conn: Connection[Any]) -> None:
    with conn.lobject(0, "w") as lob:
        lob.write(b"abc")
        conn.commit()
        assert lob.closed
        for error in (howdah.InterfaceError, ValueError):
            with pytest.raises(error, match="the transaction it was opened in is over"):
                lob.write(b"def")
    with conn.lobject(lob.oid, "rw") as lob:
        conn.execute("COMMIT")
        # The server gives the new one the descriptor that the old one had.
        with conn.lobject(0, "rw") as other:
            with pytest.raises(howdah.InterfaceError):
                lob.write(b"def")
            lob.close()
            assert other.write(b"mine") == 4
        other.unlink()
        lob.unlink()
    conn.commit()


def test_failed_transaction(conn: Connection[Any]) -> None:
    with conn.lobject(0, "rw") as lob:
        fail(conn)
        with pytest.raises(errors.InFailedSqlTransaction):
            lob.read()
    conn.rollback()
    assert lob.closed


def test_savepoints(conn: Connection[Any]) -> None:
    outer = conn.lobject()
    with conn.transaction(force_rollback=True):
        lost = conn.lobject()
        lost.write(b"abc")
    outer.write(b"abc")
    with conn.transaction(force_rollback=True):
        with pytest.raises(howdah.InterfaceError, match="savepoint"):
            lost.write(b"abc")
    with conn.transaction(force_rollback=True):
        lost = conn.lobject()
    other = conn.lobject()
    # `other` has the descriptor that `lost` had.
    with pytest.raises(howdah.InterfaceError):
        lost.write(b"abc")
    lost.close()
    other.seek(0)
    assert other.read() == b""


def test_closed_behind_a_savepoint(conn: Connection[Any]) -> None:
    """What a rollback to a savepoint has closed, `close` leaves alone, and the transaction goes on."""
    outer = conn.lobject()
    outer.write(b"abc")
    with conn.transaction(force_rollback=True):
        lost = conn.lobject()
    conn.execute("SAVEPOINT one")
    another = conn.lobject(outer.oid)
    conn.execute("ROLLBACK TO SAVEPOINT one")
    lost.close()
    another.close()
    assert lost.closed and another.closed
    outer.close()
    assert conn.info.transaction_status == TransactionStatus.INTRANS
    with conn.lobject(outer.oid) as lob:
        assert lob.read() == b"abc"
    conn.rollback()


def test_closed_in_a_savepoint_it_was_not_opened_in(conn: Connection[Any]) -> None:
    lob = conn.lobject()
    with conn.transaction(force_rollback=True):
        lob.write(b"abc")
        lob.close()
    with conn.lobject(lob.oid) as lob:
        assert lob.read() == b""


def test_several_at_once(conn: Connection[Any]) -> None:
    objects = [conn.lobject() for _ in range(5)]
    for i, lob in enumerate(objects):
        lob.write(b"%d" % i)
    for i, lob in enumerate(objects):
        lob.seek(0)
        assert lob.read() == b"%d" % i
    same = conn.lobject(objects[0].oid)
    objects[0].close()
    assert same.read() == b"0"


def test_export(conn: Connection[Any], tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("longer than nothing")
    with conn.lobject() as lob:
        lob.export(str(path))
        assert path.read_bytes() == b""
        lob.write(LARGE)
        lob.seek(10)
        lob.export(path)
        assert path.read_bytes() == LARGE
        assert lob.tell() == 10
    with pytest.raises(FileNotFoundError):
        lob.export(tmp_path / "no" / "file")
    lob.export(path)
    lob.unlink()
    path.unlink()
    with pytest.raises(errors.UndefinedObject):
        lob.export(path)
    assert not path.exists()


def test_an_export_that_fails_leaves_the_file(
    conn: Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with conn.lobject() as lob:
        lob.write(LARGE)
        run, calls = lob._run, []

        def fail_later(operation: Any) -> Any:
            calls.append(operation)
            if len(calls) == 3:
                operation.close()
                raise ZeroDivisionError
            return run(operation)

        monkeypatch.setattr(lob, "_run", fail_later)
        with pytest.raises(ZeroDivisionError):
            lob.export(path)
        monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("mode", ["r", "w", "rw", "n"])
def test_import(conn: Connection[Any], tmp_path: Path, mode: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    lob = conn.lobject(0, mode, 0, str(path))
    if lob.readable():
        assert lob.read() == LARGE
    assert content(conn, lob.oid) == LARGE
    with pytest.raises(FileNotFoundError):
        conn.lobject(0, mode, 0, tmp_path / "missing")
    with pytest.raises(howdah.ProgrammingError):
        conn.lobject(lob.oid, mode, 0, path)


def test_repr(conn: Connection[Any]) -> None:
    lob = conn.lobject(0, "w")
    assert f"LargeObject [open] oid={lob.oid} mode='w'" in repr(lob)
    lob.close()
    assert "[closed]" in repr(lob)


def test_backend_killed(conn: Connection[Any], conn_cls: type[Connection[Any]], dsn: str) -> None:
    with conn.lobject() as lob:
        lob.write(LARGE)
        with conn_cls.connect(dsn, autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s)", [conn.info.backend_pid])
        with pytest.raises(howdah.OperationalError):
            lob.read()
        assert conn.broken
        with pytest.raises(howdah.OperationalError):
            lob.write(b"more")
    assert lob.closed


def test_error_with_calls_on_their_way(conn: Connection[Any]) -> None:
    with conn.lobject(0, "rw") as lob:
        lob.seek((2**31 - 1) * 2048 - len(LARGE) // 2)
        with pytest.raises(errors.InvalidParameterValue):
            lob.write(LARGE)
        assert conn.info.transaction_status == TransactionStatus.INERROR
        with pytest.raises(errors.InFailedSqlTransaction):
            lob.read()
    conn.rollback()
    assert conn.execute("SELECT 'usable'").fetchone() == ("usable",)
