"""The same tests are run with howdah's other implementation, in another process.

The implementation is chosen when howdah is imported. So another pytest process, with `HOWDAH_IMPL` set and
its own database, runs the tests that use `check_adapter` again, and each of them has to pass there, too. The
first test that calls `check_elsewhere` starts that process for all tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_elsewhere"]

#: The results of the tests in the other process, by node id.
_OUTCOMES: pytest.StashKey[dict[str, str]] = pytest.StashKey()


def check_elsewhere(request: pytest.FixtureRequest, dsn: str) -> None:
    """Fail the test if it fails on the other implementation.

    Args:
        request: the request of the test.
        dsn: the conninfo of the server.

    Raises:
        pytest.fail.Exception: the test failed there; the message is that of the other process.
    """
    if request.config.getoption("--howdah-impl") == "this":
        return
    other = _other()
    if other is None:
        return
    outcomes = request.session.stash.setdefault(_OUTCOMES, {})
    nodeid = request.node.nodeid
    if nodeid not in outcomes:
        distributed = hasattr(request.config, "workerinput")  # each worker collects all tests, and runs some
        items = [request.node] if distributed else request.session.items
        nodeids = [item.nodeid for item in items if "check_adapter" in getattr(item, "fixturenames", ())]
        outcomes.update(_run(request.config, nodeids, other, dsn))
    if failure := outcomes.get(nodeid, ""):
        pytest.fail(f"on the {other} implementation (HOWDAH_IMPL={other}):\n{failure}", pytrace=False)


def _other() -> str | None:
    """Return the name of the other implementation, None if there is only one."""
    import howdah

    if howdah.__impl__ == "native":
        return "python"
    probe = [sys.executable, "-c", "import howdah; howdah.__impl__"]
    environ = {**os.environ, "HOWDAH_IMPL": "native"}
    built = subprocess.run(probe, env=environ, stderr=subprocess.DEVNULL, check=False).returncode == 0
    return "native" if built else None


def _run(config: pytest.Config, nodeids: list[str], impl: str, dsn: str) -> dict[str, str]:
    """Run tests with the other implementation.

    Returns:
        The error of each test, by node id; an empty string if it passed.
    """
    import howdah
    from howdah.conninfo import make_conninfo

    database = f"howdah_testing_{os.getpid()}"
    with tempfile.TemporaryDirectory() as directory, howdah.connect(dsn, autocommit=True) as conn:
        report = Path(directory, "report")
        conn.execute(f"CREATE DATABASE {database}")
        try:
            environ = {
                **os.environ,
                "HOWDAH_IMPL": impl,
                "HOWDAH_TEST_DSN": make_conninfo(dsn, dbname=database),
                "HOWDAH_TESTING_REPORT": str(report),
            }
            done = subprocess.run(
                [sys.executable, "-m", "pytest", *_options(config), *nodeids],
                cwd=config.rootpath,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        finally:
            conn.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        outcomes: dict[str, str] = {}
        if report.exists():
            for line in report.read_text(encoding="utf-8").splitlines():
                nodeid, failure = json.loads(line)
                outcomes[nodeid] = outcomes.get(nodeid, "") + failure
    missing = f"the test was not run; what that pytest printed ends with\n{done.stdout[-3000:]}"
    return {nodeid: outcomes.get(nodeid, missing) for nodeid in nodeids}


def _options(config: pytest.Config) -> list[str]:
    """Return the arguments that give the other pytest the same configuration."""
    option: Mapping[str, Any] = vars(config.option)
    options = ["--howdah-impl=this", "--rootdir", str(config.rootpath), "-p", "no:cacheprovider", "-q"]
    if config.inipath is not None:
        options += ["-c", str(config.inipath)]
    for flag, name in (("-p", "plugins"), ("-o", "override_ini"), ("-W", "pythonwarnings")):
        for value in option.get(name) or ():
            options += [flag, value]
    if (mode := option.get("importmode")) is not None:
        options.append(f"--import-mode={mode}")
    return options
