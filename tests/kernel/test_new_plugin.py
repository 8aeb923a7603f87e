"""`howdah new-plugin`: what it writes is installed, its tests pass, and its code has no faults."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from howdah.cli.commands import command_line
from tests.pages import ROOT

pytestmark = pytest.mark.usefixtures("unconfigured")

NAME, PACKAGE = "acme-fine.moods2", "acme_fine_moods2"


def new_plugin(*arguments: str) -> Result:
    return CliRunner().invoke(command_line(), ["new-plugin", *arguments], prog_name="howdah")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution."""
    project = tmp_path_factory.mktemp("new") / "moods"
    result = new_plugin(NAME, "--directory", str(project))
    assert result.exit_code == 0, result.output
    written = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert {str(Path(line).relative_to(project)) for line in result.stdout.split()} == written
    return project


def test_it_says_what_is_next(project: Path, tmp_path: Path) -> None:
    commands = [f"cd '{tmp_path}/my moods'", 'pip install --editable ".[test]"', "python -m pytest"]
    result = new_plugin(NAME, "--directory", f"{tmp_path}/my moods")
    assert result.stderr == f"\nnow: {' && '.join(commands)}\n"
    readme = (project / "README.md").read_text(encoding="utf-8")
    assert all(f"$ {command}" in readme for command in commands[1:])


@pytest.fixture(scope="module")
def environment(project: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an interpreter in which it is installed."""
    site = tmp_path_factory.mktemp("site")
    copy = shutil.copytree(project, tmp_path_factory.mktemp("build") / "moods")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(site), str(copy)]
    subprocess.run(command, check=True)
    roots = [str(ROOT / root) for root in ("core", "plugins", "contrib")]
    path = [str(site), *roots, *filter(None, sys.path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "MYPYPATH": os.pathsep.join(roots)}


def run(project: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=project,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_its_tests_pass(project: Path, environment: dict[str, str], dsn: str) -> None:
    # Without the option it would start a server of its own.
    options = ["-q", "-p", "no:cacheprovider", "-p", "howdah_testing", f"--howdah-dsn={dsn}"]
    assert "3 passed" in run(project, environment, "pytest", *options)


def test_it_is_listed(project: Path, environment: dict[str, str]) -> None:
    [line] = [line for line in run(project, environment, "howdah", "plugins").splitlines() if PACKAGE in line]
    assert line.split()[-1] == "enabled"
    assert "query_observer, register_adapters" in line


@pytest.fixture(scope="module")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What mypy has found out about howdah, for both tests."""
    pytest.importorskip("mypy")
    return f"--cache-dir={tmp_path_factory.mktemp('mypy')}"


@pytest.mark.once
def test_mypy_finds_nothing(project: Path, environment: dict[str, str], mypy_cache: str) -> None:
    assert "no issues found" in run(project, environment, "mypy", mypy_cache)


@pytest.mark.once
def test_mypy_finds_a_wrong_use_of_a_connection(
    environment: dict[str, str], tmp_path: Path, mypy_cache: str
) -> None:
    """The types of the hooks say something: a misspelt attribute of either kind of connection is found."""
    module = tmp_path / "opened.py"
    module.write_text(
        "from howdah.hookspecs import AnyConnection, AnyPool, PoolObserver, hookimpl\n\n\n"
        "@hookimpl\ndef howdah_connection_opened(connection: AnyConnection) -> None:\n"
        "    print(connection.info.hots)\n\n\n"
        "@hookimpl\ndef howdah_pool_observer(pool: AnyPool) -> PoolObserver | None:\n"
        "    print(pool.nane)\n    return None\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", mypy_cache, str(module)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, text=True, capture_output=True)
    assert '"ConnectionInfo" has no attribute "hots"' in done.stdout
    assert 'has no attribute "nane"' in done.stdout
    assert "Found 3 errors" in done.stdout, done.stdout


@pytest.mark.once
def test_ruff_finds_nothing(project: Path, environment: dict[str, str]) -> None:
    pytest.importorskip("ruff")
    run(project, environment, "ruff", "check", "--no-cache")
    run(project, environment, "ruff", "format", "--no-cache", "--check")


@pytest.mark.parametrize("name", ["Acme", "2moods", "moods-", "a--b", "../moods", "a" * 41])
def test_a_name_that_is_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert new_plugin(name).exit_code == 2
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("class", "a keyword of Python"),
        ("json", "a module of Python"),
        ("howdah", "howdah itself"),
        ("pool", "a plugin of the distribution howdah"),
        ("howdah-pool", "a plugin of the distribution howdah"),
    ],
)
def test_a_name_that_is_taken(name: str, owner: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = new_plugin(name)
    assert result.exit_code == 2
    assert f"{owner} has this name already" in result.stderr
    assert not any(tmp_path.iterdir())


def test_a_directory_that_has_something(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moods").mkdir()
    (tmp_path / "moods" / "precious").touch()
    result = new_plugin("moods")
    assert (result.exit_code, "--directory" in result.stderr) == (1, True)
    assert [each.name for each in (tmp_path / "moods").iterdir()] == ["precious"]
