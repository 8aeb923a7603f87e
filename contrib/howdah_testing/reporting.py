"""Reporting the results of the tests from the process with howdah's other implementation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

__all__ = ["Reporting"]


class Reporting:
    """A pytest plugin that writes the error of each test to a file.

    Args:
        path: the file, with a line of JSON for each test: its node id, and a text, empty if it passed.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a line."""
        failure = ""
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else "skipped"
            failure = f"the test does not run there: {reason}"
        elif report.failed:
            failure = report.longreprtext
        if report.when == "call" or failure:
            with self._path.open("a", encoding="utf-8") as out:
                out.write(json.dumps([report.nodeid, failure]) + "\n")
