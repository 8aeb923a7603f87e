"""The page on connecting agrees with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import howdah
from howdah.conninfo import PARAMETERS, Parameter, hosts, parse, resolve

PAGE = (Path(__file__).parents[2] / "docs" / "conninfo.md").read_text(encoding="utf-8")


def row(parameter: Parameter) -> str:
    """The line of the page's table for one parameter."""
    default = parameter.default
    if isinstance(default, bool):
        default = int(default)
    values = (
        "" if parameter.choices is None else " One of " + ", ".join(f"`{c}`" for c in parameter.choices) + "."
    )
    cells = [
        f"`{parameter.name}`",
        parameter.type.__name__,
        "" if default is None else f"`{default}`",
        "" if parameter.environ is None else f"`{parameter.environ}`",
        parameter.doc + values,
    ]
    return "| " + " | ".join(cells) + " |"


def test_the_table_lists_every_parameter() -> None:
    rows = re.findall(r"^\| `\w+` \| (?:str|int|float|bool) \|.*$", PAGE, re.MULTILINE)
    assert rows == [row(parameter) for parameter in PARAMETERS]


@pytest.mark.parametrize(
    "conninfo", re.findall(r"^```text\n((?:host ?=|postgresql:).*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
)
def test_the_examples_can_be_read(conninfo: str) -> None:
    for line in conninfo.splitlines():
        assert parse(line)
        assert hosts(resolve(line, {}, environ={}))


def test_the_default_encoding_is_not_that_of_the_database(dsn: str) -> None:
    [encoding] = [parameter for parameter in PARAMETERS if parameter.name == "client_encoding"]
    assert "Not set: `UTF8`." in encoding.doc
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("CREATE DATABASE in_latin1 TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
        try:
            with howdah.connect(dsn, dbname="in_latin1") as other:
                assert other.info.parameter_status("client_encoding") == "UTF8"
        finally:
            conn.execute("DROP DATABASE in_latin1")
