"""The page about the command line: it has every command, option, step and key, and no others."""

from __future__ import annotations

import json
import re

import click
import pytest
from click.testing import CliRunner

from howdah.cli.advice import ADVICE, steps_of_refusals
from howdah.cli.commands import command_line
from tests.pages import ROOT

pytestmark = pytest.mark.usefixtures("unconfigured")

PAGE = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## howdah ([\w-]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = ["check", "copy", "doctor", "fleet", "new-plugin", "plugins"]


def first_column(section: str, title: str) -> list[str]:
    """Return the code in the first column of the table that has this title, in all its rows."""
    table = re.search(rf"^\| {title} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", SECTIONS[section], re.MULTILINE)
    assert table is not None
    return [code for line in table[1].splitlines() for code in re.findall(r"`([^`]+)`", line.split(" | ")[0])]


def test_it_has_all_commands() -> None:
    assert sorted(SECTIONS) == sorted(command_line().commands) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_it_has_all_options(name: str) -> None:
    options = [
        option
        for parameter in command_line().commands[name].params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    ]
    assert sorted(first_column(name, "option")) == sorted({*options} - {"--version"})


@pytest.mark.parametrize("name", COMMANDS)
def test_it_has_the_exit_status(name: str) -> None:
    assert "The exit status is 0" in SECTIONS[name]


def test_it_has_all_steps() -> None:
    assert {*first_column("doctor", "step")} == {*ADVICE} | steps_of_refusals()


def test_it_has_all_keys(dsn: str) -> None:
    def run(*arguments: str) -> object:
        return json.loads(CliRunner().invoke(command_line(), arguments, prog_name="howdah").output)

    working, broken = run("doctor", "--json", dsn), run("doctor", "--json", "host=127.0.0.1 port=1 user=x")
    assert isinstance(working, dict) and isinstance(broken, dict)
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", SECTIONS["doctor"], re.MULTILINE))
    assert [*working] == first_column("doctor", "key")
    for key, value in (
        ("howdah", working["howdah"]),
        ("connection", working["connection"]),
        ("problem", broken["problem"]),
        ("hosts", broken["hosts"][0]),
    ):
        named = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", rows[key]))
        assert [*value] == named, key
    plugins = run("plugins", "--json")
    assert isinstance(plugins, list)
    assert sorted(plugins[0]) == sorted(first_column("plugins", "key"))
