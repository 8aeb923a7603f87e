"""Print the notes of a version from CHANGELOG.md, which must have a date, and name that of pyproject.toml.

Usage: `python .ci/release_notes.py 0.1.0`.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def project_version(pyproject: str) -> str:
    """Return the version in the text of pyproject.toml, the only place that has it."""
    found = re.search(r'^version = "(.+)"$', pyproject, re.MULTILINE)
    assert found is not None
    return found[1]


def notes(changelog: str, version: str) -> str | None:
    """Return the notes of a version: what stands between its heading, which has a date, and the next one."""
    heading = rf"^## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)\n(.*?)(?=^## |\Z)"
    found = re.search(heading, changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() if found else None


def main() -> None:
    """Print the notes."""
    version = sys.argv[1]
    stated = project_version((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if version != stated:
        sys.exit(f"pyproject.toml has version {stated}, not {version}")
    text = notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if text is None:
        sys.exit(f'CHANGELOG.md has no heading "## {version} (YYYY-MM-DD)"')
    print(text)


if __name__ == "__main__":
    main()
