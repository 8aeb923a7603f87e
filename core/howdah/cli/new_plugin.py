"""`howdah new-plugin`: the distribution that a plugin begins with."""

from __future__ import annotations

import keyword
import re
import shlex
import sys
from importlib.resources import files
from pathlib import Path

from howdah.framework.entrypoints import entry_points
from howdah.hookspecs import VERSION

__all__ = ["make_plugin", "next_steps", "package_of"]

#: The files of the distribution, by the files of the template.
_FILES = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "gitignore.txt": ".gitignore",
    "init.py.txt": "src/{package}/__init__.py",
    "mood.py.txt": "src/{package}/mood.py",
    "slow.py.txt": "src/{package}/slow.py",
    "test_mood.py.txt": "tests/test_mood.py",
    "test_slow.py.txt": "tests/test_slow.py",
}
_NAME = re.compile(r"[a-z][a-z0-9]*([-_.][a-z0-9]+)*", re.ASCII)


def package_of(name: str) -> str:
    """Return the name of the package for the name of a distribution.

    Raises:
        ValueError: it is no name of a distribution in lower case, or Python, howdah or another plugin has it.
    """
    package = re.sub("[-.]", "_", name)
    if not _NAME.fullmatch(name) or len(package) > 40:
        raise ValueError(
            f"{name!r} cannot be the name of a plugin: a name has at most 40 lower-case letters, digits and"
            " single hyphens, and begins with a letter"
        )
    if owner := _owner(name, package):
        raise ValueError(f"{name!r} cannot be the name of a plugin: {owner} has this name already")
    return package


def _owner(name: str, package: str) -> str | None:
    """Return who has the name of a package or of a plugin already, None if nobody has."""
    if keyword.iskeyword(package):
        return "a keyword of Python"
    if package in sys.stdlib_module_names:
        return "a module of Python"
    if package == "howdah":
        return "howdah itself"
    for point in entry_points(("howdah",)):
        taken = point.name, point.value.partition(":")[0]
        if package in taken and point.distribution != name:  # the same distribution may be written again
            return f"a plugin of the distribution {point.distribution}"
    return None


def make_plugin(name: str, directory: Path) -> list[Path]:
    """Write the distribution of a new plugin.

    Args:
        name: the name of the distribution; hyphens become underscores in that of the package.
        directory: where it is put; it must not exist, or be empty.

    Returns:
        The files.

    Raises:
        ValueError: the name is wrong.
        FileExistsError: there is something in the directory.
    """
    package = package_of(name)
    if directory.exists() and any(directory.iterdir()):
        raise FileExistsError(f"there is something in {directory} already: give another --directory")
    template = files("howdah.cli") / "template"
    written = []
    for source, target in _FILES.items():
        path = directory / target.format(package=package)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (template / source).read_text(encoding="utf-8")
        for placeholder, value in {"distribution": name, "package": package, "version": str(VERSION)}.items():
            text = text.replace(f"{{{placeholder}}}", value)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    typed = directory / "src" / package / "py.typed"
    typed.touch()
    return [*written, typed]


def next_steps(directory: Path) -> str:
    """Return the commands of the README that install the distribution in a directory and run its tests."""
    return f'cd {shlex.quote(str(directory))} && pip install --editable ".[test]" && python -m pytest'
