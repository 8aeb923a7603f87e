"""Python's own modules can use the sync large object as a raw binary file."""

from __future__ import annotations

import gc
import io
import shutil
import tracemalloc
import zipfile
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

import howdah
import howdah.io
from tests.interrupting import interrupt

if TYPE_CHECKING:
    from pathlib import Path

LINES = b"".join([b"line %d\n" % i for i in range(1000)])


@pytest.fixture
def lob(conn: howdah.Connection[Any]) -> Any:
    lob = conn.lobject(0, "rw")
    lob.write(LINES)
    lob.seek(0)
    return lob


def test_kind(lob: Any) -> None:
    assert isinstance(lob, io.RawIOBase)
    assert not lob.isatty()
    with pytest.raises(io.UnsupportedOperation):
        lob.fileno()


def test_copyfileobj(conn: howdah.Connection[Any], lob: Any) -> None:
    target = io.BytesIO()
    shutil.copyfileobj(lob, target)
    assert target.getvalue() == LINES
    target.seek(0)
    with conn.lobject(0, "w") as copy:
        shutil.copyfileobj(target, copy)
    with conn.lobject(copy.oid) as copy:
        assert copy.read() == LINES


def test_lines(lob: Any) -> None:
    assert lob.readline() == b"line 0\n"
    assert next(lob) == b"line 1\n"
    assert io.BufferedReader(lob).readlines() == LINES.splitlines(keepends=True)[2:]


def test_buffered_reader(lob: Any) -> None:
    with io.BufferedReader(lob, 100) as reader:
        assert reader.peek(4)[:4] == b"line"
        reader.seek(len(LINES) - 9)
        assert reader.read() == b"line 999\n"
    assert lob.closed


def test_buffered_writer(conn: howdah.Connection[Any]) -> None:
    with io.BufferedWriter(conn.lobject(0, "w"), 100) as writer:
        oid = writer.raw.oid  # type: ignore[attr-defined]
        for line in LINES.splitlines(keepends=True):
            writer.write(line)
    with conn.lobject(oid) as lob:
        assert lob.read() == LINES


def test_text_wrapper(lob: Any) -> None:
    assert io.TextIOWrapper(io.BufferedReader(lob), "ascii").readline() == "line 0\n"


def test_zip_archive(conn: howdah.Connection[Any]) -> None:
    lob = conn.lobject(0, "rw")
    file = io.BufferedRandom(lob)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("lines.txt", LINES)
    file.flush()
    lob.seek(0)
    with zipfile.ZipFile(io.BufferedReader(lob)) as archive:
        assert archive.read("lines.txt") == LINES


def test_collected_while_open(conn: howdah.Connection[Any]) -> None:
    lob = conn.lobject()
    oid = lob.oid
    conn.execute("SAVEPOINT s")
    del lob
    gc.collect()
    # Nothing was said to the server, which may be doing something else just then.
    assert conn.lobject(oid).read() == b""


def test_memory_of_a_large_write(conn: howdah.Connection[Any]) -> None:
    data = bytes(16 << 20)
    with conn.lobject(0, "rw") as lob:
        tracemalloc.start()
        try:
            lob.write(data)
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
            lob.seek(0)
            tracemalloc.reset_peak()
            buffer = bytearray(1 << 16)
            while lob.readinto(buffer):
                pass
            assert tracemalloc.get_traced_memory()[1] < 4 << 20
        finally:
            tracemalloc.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_export_that_is_interrupted(conn: howdah.Connection[Any], lob: Any, tmp_path: Path) -> None:
    """The file has all of the large object, or is what it was."""
    path = tmp_path / "file"
    lob.export(path)
    found = set()
    for step in count(1):
        path.write_bytes(b"old")
        interrupted = interrupt(partial(lob.export, path), step, howdah.io)
        found.add(path.read_bytes())
        assert found <= {b"old", LINES}, step
        assert conn.execute("SELECT 1").fetchone() == (1,)
        if not interrupted:
            break
    assert found == {b"old", LINES}
