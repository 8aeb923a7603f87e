"""The same tests on howdah's other implementation, in a process of their own.

Which implementation runs is decided when howdah is imported. So the tests that use `check_adapter` are run
once more by another pytest, with `HOWDAH_IMPL` set and a database of its own, and each of them has to pass
there too. The first one that is through here starts that process, for all of them.
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

#: What became of the tests in the other process, by node id.
_OUTCOMES: pytest.StashKey[dict[str, str]] = pytest.StashKey()


def check_elsewhere(request: pytest.FixtureRequest, dsn: str) -> None:
    """Fail the test if it fails on the other implementation.

    Args:
        request: the test's.
        dsn: the conninfo of the server.

    Raises:
        pytest.fail.Exception: it does; the message is the other process's.
    """
    if request.config.getoption("--howdah-impl") == "this":
        return
    other = _other()
    if other is None:
        return
    outcomes = request.session.stash.setdefault(_OUTCOMES, {})
    nodeid = request.node.nodeid
    if nodeid not in outcomes:
        distributed = hasattr(request.config, "workerinput")  # each worker has all the tests, and runs some
        items = [request.node] if distributed else request.session.items
        nodeids = [item.nodeid for item in items if "check_adapter" in getattr(item, "fixturenames", ())]
        outcomes.update(_run(request.config, nodeids, other, dsn))
    if failure := outcomes.get(nodeid, ""):
        pytest.fail(f"on the {other} implementation (HOWDAH_IMPL={other}):\n{failure}", pytrace=False)


def _other() -> str | None:
    """Return the name of the implementation that does not run here, None if there is just this one."""
    import howdah

    if howdah.__impl__ == "native":
        return "python"
    probe = [sys.executable, "-c", "import howdah; howdah.__impl__"]
    environ = {**os.environ, "HOWDAH_IMPL": "native"}
    built = subprocess.run(probe, env=environ, stderr=subprocess.DEVNULL, check=False).returncode == 0
    return "native" if built else None


def _run(config: pytest.Config, nodeids: list[str], impl: str, dsn: str) -> dict[str, str]:
    """Run tests on the other implementation.

    Returns:
        What went wrong with each, by node id; an empty string for those that passed.
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
    """Return the arguments that make the other pytest configured as this one is."""
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
