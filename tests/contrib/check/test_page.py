"""The page: its files are checked by its commands, which print what it says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from howdah_check.checking import CODES
from howdah_check.settings import Settings
from tests.contrib.check.conftest import Checker
from tests.pages import ROOT, blocks

TEXT = (ROOT / "docs/check.md").read_text("utf-8")
FILE = re.compile(r"^```\{code-block\} \w+\n:caption: (\S+)\n\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = dict(FILE.findall(TEXT))


def commands() -> list[tuple[str, str]]:
    """Return the commands on the page, and what they print."""
    found = []
    for block in blocks(TEXT, "console"):
        for part in re.split(r"^\$ ", block[1], flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


@pytest.fixture
def page(empty: Checker) -> Checker:
    """The project on the page, without its configuration."""
    for name, text in FILES.items():
        if name != "pyproject.toml":
            path = empty.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return empty


def test_commands(page: Checker) -> None:
    ran = 0
    for command, output in commands():
        words = shlex.split(command)
        if words[:2] == ["howdah", "check"]:
            assert page.run("--server", page.dsn, *words[2:]).stdout == output
            ran += 1
        elif words[0] == "cat":
            assert Path(words[1]).read_text() == output
            ran += 1
    assert ran == 3


def test_ci(page: Checker) -> None:
    [command] = re.findall(r"run: howdah check (.*)", FILES[".github/workflows/sql.yml"])
    result = page.run("--server", page.dsn, *shlex.split(command))
    assert result.exit_code == 1
    assert result.stdout.count("::error file=zoo/elephants.py,line=") == 4


def test_configuration(page: Checker) -> None:
    (page.directory / "migrations").mkdir()
    (page.directory / "schema.sql").rename(page.directory / "migrations/1.sql")
    (page.directory / "pyproject.toml").write_text(FILES["pyproject.toml"])
    result = page.run("--server", page.dsn, "--json")
    report = json.loads(result.stdout)
    assert (len(report["faults"]), report["ignored"], report["statements"]) == (3, 1, 4)
    assert Path("zoo/sql_types/queries/elephants_sql.py").exists()


def test_all_is_named() -> None:
    for code in CODES:
        assert f"| `{code}` |" in TEXT
    keys = next(line for line in TEXT.splitlines() if line.startswith("The keys are"))
    named = re.findall(r"`([\w-]+)`", keys)
    assert sorted(named) == sorted(
        name.replace("_", "-") for name in Settings.__dataclass_fields__ if name != "base"
    )
