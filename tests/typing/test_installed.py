"""The types of an installed howdah: programs are checked with its wheel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("test_"))
#: What a wheel needs beside it, as pip would install it.
DEPENDENCIES = ("pluggy", "typing_extensions", "numpy", "pydantic")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it, and with the programs beside it.

    The wheel is built without the native modules, of which type checkers know nothing.
    """
    directory = tmp_path_factory.mktemp("typing")
    source = directory / "source"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.check_output(listing, cwd=ROOT)
    for name in files.decode().split("\0"):
        path = ROOT / name
        if path.is_file() and name.startswith(
            ("core/", "plugins/", "contrib/", "pyproject.toml", "README", "LICENSE")
        ):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, source / name)
    subprocess.run(
        [
            sys.executable,
            "-c",
            "import setuptools; setuptools.setup()",
            "--quiet",
            "bdist_wheel",
            "--dist-dir",
            "..",
        ],
        cwd=source,
        check=True,
        capture_output=True,
    )
    [wheel] = directory.glob("*.whl")
    venv.create(directory / "venv", with_pip=False)
    [packages] = (directory / "venv").glob("lib/python*/site-packages")
    shutil.unpack_archive(wheel, packages, "zip")
    for name in DEPENDENCIES:
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        if spec.submodule_search_locations:
            (packages / name).symlink_to(Path(spec.origin).parent)
        else:
            shutil.copy(spec.origin, packages)
    for program in PROGRAMS:
        shutil.copy(program, directory)
    return directory


def mypy(directory: Path, *programs: str) -> set[tuple[str, int]]:
    """Return the places of mypy's errors in the programs."""
    python = directory / "venv" / "bin" / "python"
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        str(python),
        "--output",
        "json",
    ]
    run = subprocess.run([*command, *programs], cwd=directory, capture_output=True, text=True, check=False)
    assert not run.stderr
    errors = [json.loads(line) for line in run.stdout.splitlines()]
    return {(error["file"], error["line"]) for error in errors if error["severity"] == "error"}


def pyright(directory: Path, *programs: str) -> set[tuple[str, int]]:
    """Return the places of pyright's errors in the programs."""
    python = directory / "venv" / "bin" / "python"
    command = [sys.executable, "-m", "pyright", "--pythonpath", str(python), "--outputjson"]
    run = subprocess.run([*command, *programs], cwd=directory, capture_output=True, text=True, check=False)
    report = json.loads(run.stdout)
    assert report["summary"]["filesAnalyzed"] == len(programs)
    return {
        (Path(error["file"]).name, error["range"]["start"]["line"] + 1)
        for error in report["generalDiagnostics"]
        if error["severity"] == "error"
    }


@pytest.mark.parametrize("check", [mypy, pyright])
def test_programs(environment: Path, check: Any) -> None:
    wrong = {
        (program.name, number)
        for program in PROGRAMS
        for number, line in enumerate(program.read_text().splitlines(), 1)
        if line.endswith("  # wrong")
    }
    assert len(wrong) > 20
    assert check(environment, *(program.name for program in PROGRAMS)) == wrong


def test_every_package_is_marked(environment: Path) -> None:
    [packages] = (environment / "venv").glob("lib/python*/site-packages")
    found = {path.name for path in packages.glob("howdah*") if path.is_dir() and path.suffix == ""}
    assert "howdah_types" in found
    assert {path.parent.name for path in packages.glob("howdah*/py.typed")} == found
