"""Files that appear when they are complete."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

import howdah.io
from howdah.io.output_file import OutputFile
from tests.interrupting import interrupt


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with OutputFile(path) as file:
        assert file.write(b"new") == 3
        assert not path.exists()
    assert (path.read_bytes(), names(tmp_path)) == (b"new", ["file"])
    (tmp_path / "other").write_bytes(b"")
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with OutputFile(str(path)) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, OutputFile(tmp_path / "nowhere" / "file"):
        pass
    assert caught.value.filename == str(tmp_path / "nowhere")


@pytest.mark.parametrize("before", [None, b"old"])
def test_a_failure(tmp_path: Path, before: bytes | None) -> None:
    path = tmp_path / "file"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(ZeroDivisionError), OutputFile(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert names(tmp_path) == ([] if before is None else ["file"])
    assert before is None or path.read_bytes() == before


def test_a_file_that_cannot_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(IsADirectoryError), OutputFile(path) as file:
        file.write(b"new")
        path.mkdir()
    assert names(tmp_path) == ["file"]


def test_a_file_that_is_discarded_before_it_is_open(tmp_path: Path) -> None:
    file = OutputFile(tmp_path / "file")
    file.discard()
    file.open()
    assert names(tmp_path) == []


def test_a_link(tmp_path: Path) -> None:
    path = tmp_path / "file"
    (tmp_path / "link").symlink_to("file")
    with OutputFile(tmp_path / "link") as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert (tmp_path / "link").is_symlink()


def test_a_file_without_the_right_to_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError), OutputFile(path):
        pass
    assert path.read_bytes() == b"old"


def test_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with OutputFile(path) as file:
            file.write(b"data")
        assert os.read(reader, 10) == b"data"
    finally:
        os.close(reader)
    assert path.is_fifo()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_whatever_step_is_interrupted(tmp_path: Path) -> None:
    """The content is the old one or the new one, never a part."""
    path = tmp_path / "file"
    old, new = b"old", b"new" * 100_000
    found = set()

    def write() -> None:
        with OutputFile(path) as file:
            file.write(new[:200_000])
            file.write(new[200_000:])

    for step in count(1):
        path.write_bytes(old)
        interrupted = interrupt(write, step, howdah.io)
        found.add(path.read_bytes())
        assert found <= {old, new}, step
        for name in names(tmp_path):
            if name != "file":  # litter, with a name that says so
                assert interrupted and name.startswith(".howdah-") and name.endswith(".partial")
                (tmp_path / name).unlink()
        if not interrupted:
            break
    assert path.read_bytes() == new
    assert found == {old, new}
    assert step > 20
