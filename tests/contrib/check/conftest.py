"""What the tests of `howdah check` share: a project in a directory of its own, and the command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

import howdah
from howdah.conninfo import make_conninfo
from howdah_check.command import check

SCHEMA = """
CREATE TYPE mood AS ENUM ('calm', 'angry');
CREATE TABLE elephant (
    id int PRIMARY KEY,
    name text NOT NULL,
    born date,
    weight float8 NOT NULL,
    mood mood NOT NULL DEFAULT 'calm',
    tags text[] NOT NULL DEFAULT '{}'
);
CREATE TABLE keeper (id int PRIMARY KEY, elephant_id int REFERENCES elephant, wage numeric NOT NULL);
"""


@dataclass
class Checked:
    """What the command has found."""

    result: Result
    report: dict[str, Any]

    @property
    def faults(self) -> list[tuple[str, int, int, str, str]]:
        """Each fault: file, line, column, code, message."""
        return [
            (fault["path"], fault["line"], fault["column"], fault["code"], fault["message"])
            for fault in self.report["faults"]
        ]

    @property
    def messages(self) -> list[str]:
        """The messages of the faults."""
        return [fault["message"] for fault in self.report["faults"]]

    @property
    def codes(self) -> list[str]:
        """The codes of the faults."""
        return [fault["code"] for fault in self.report["faults"]]

    @property
    def reasons(self) -> list[str]:
        """Why something was not checked."""
        return [entry["reason"] for entry in self.report["unchecked"]]


class Checker:
    """A project that tests write files to, and check."""

    def __init__(self, directory: Path, dsn: str, existing: str | None = None) -> None:
        self.directory = directory
        self.dsn = dsn
        self.existing = existing

    def write(self, name: str, text: str) -> Path:
        """Write a file of the project."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8")
        return path

    def run(self, *arguments: str) -> Result:
        """Run the command as it is."""
        return CliRunner().invoke(check, arguments, obj=howdah.default_driver(), prog_name="howdah check")

    def check(self, *arguments: str) -> Checked:
        """Check the project, in the existing database or in a temporary one on the suite's server."""
        database = ("--server", self.dsn) if self.existing is None else ("--dsn", self.existing)
        result = self.run(*database, "--json", *arguments)
        assert result.exit_code in (0, 1), result.output
        checked = Checked(result, json.loads(result.stdout))
        assert bool(checked.report["faults"]) is (result.exit_code == 1)
        return checked


@pytest.fixture
def empty(tmp_path: Path, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Checker:
    """An empty project, in the current directory."""
    monkeypatch.chdir(tmp_path)
    return Checker(tmp_path, dsn)


@pytest.fixture(scope="session")
def elephants(dsn: str) -> Iterator[str]:
    """The conninfo of a database with `SCHEMA`."""
    name = "howdah_check_elephants"
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {name}")
        existing = make_conninfo(dsn, dbname=name)
        with howdah.connect(existing) as other:
            other.execute(SCHEMA)
        yield existing
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def project(empty: Checker, elephants: str) -> Checker:
    """A project whose schema is in an existing database."""
    empty.existing = elephants
    return empty
