"""What is shipped: metadata, extras, the version, and the workflows that build and publish."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.pages import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
VERSION: str = PYPROJECT["project"]["version"]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
#: What pip could only compile on Linux; and engines of hundreds of megabytes.
NOT_IN_ALL = {"gssapi", "ray", "spark"}


def test_all_is_every_extra_that_needs_something() -> None:
    wanted = {name for name, needs in EXTRAS.items() if needs and name != "all"} - NOT_IN_ALL
    assert {re.fullmatch(r"howdah\[(\w+)\]", need)[1] for need in EXTRAS["all"]} == wanted  # type: ignore[index]


def test_what_developers_need_is_no_extra() -> None:
    groups = PYPROJECT["dependency-groups"]
    assert {"bench", "demo", "docs", "lint", "test"} <= set(groups)
    assert not set(groups) & set(EXTRAS)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {name for line in re.findall(r"groups := (.*)", makefile) for name in line.split()}
    assert named and named <= set(groups)


def test_the_version_is_in_one_place() -> None:
    sources = [path for root in ("core", "plugins", "contrib") for path in (ROOT / root).rglob("*.py")]
    assert len(sources) > 100
    assert not [path for path in sources if f'"{VERSION}"' in path.read_text(encoding="utf-8")]


def test_the_version_has_notes() -> None:
    command = [sys.executable, ".ci/release_notes.py"]
    notes = subprocess.check_output([*command, VERSION], cwd=ROOT, text=True)
    assert notes and "\n## " not in notes
    other = subprocess.run([*command, "99.9"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert other.returncode and f"version {VERSION}, not 99.9" in other.stderr


def test_the_links_of_the_readme_work_everywhere() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)]+)\)", readme)
    assert len(links) > 10
    assert not [link for link in links if not link.startswith("https://")]
    for page in re.findall(r"https://howdah\.readthedocs\.io/en/latest/([\w/-]+)\.html", readme):
        assert (ROOT / "docs" / f"{page}.md").exists(), page


def test_howdah_build_is_checked() -> None:
    pytest.importorskip("setuptools")
    done = subprocess.run(
        [sys.executable, "setup.py", "--version"],
        cwd=ROOT,
        env={**os.environ, "HOWDAH_BUILD": "fast"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "HOWDAH_BUILD is 'fast'; it can be 'native', 'python' or unset" in done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_may_little_and_pin_what_they_use(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert "\npermissions:\n  contents: read\n" in text
    used = re.findall(r"uses: (\S+)", text)
    assert used
    assert all(re.fullmatch(r"\./\S+|[\w/-]+@v\d[\d.]*", use) for use in used), used
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    assert ("id-token: write" in text) == (path.stem == "release")
    assert not re.search(r"secrets\.|pull_request_target", text)
    for script in re.findall(r"\.ci/[\w.]+", text):
        assert (ROOT / script).exists(), script
