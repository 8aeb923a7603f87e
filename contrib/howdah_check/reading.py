"""Reads a project: which files belong to it, and the statements in them."""

from __future__ import annotations

import ast
import configparser
import tokenize
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from howdah_check.calls import CallFinder
from howdah_check.modules import Module, Project
from howdah_check.sqlfiles import find_in_file
from howdah_check.statements import Found, Unchecked
from howdah_check.texts import Place

__all__ = ["read"]

#: Directories that hold no sources of a project.
_LEFT_OUT = frozenset({"__pycache__", "node_modules", "venv", "env", "build", "dist", "site-packages"})


def read(
    paths: Sequence[Path],
    *,
    exclude: Sequence[str] = (),
    schema: Sequence[Path] = (),
    alembic: Path | None = None,
    functions: Sequence[str] = (),
) -> tuple[Project, Found]:
    """Return the modules of a project and the statements in it.

    Args:
        paths: files and directories.
        exclude: patterns of paths that are left out, such as `tests/*`.
        schema: the files of the schema, which are left out as well.
        alembic: the configuration of Alembic, whose migrations are left out.
        functions: further names of functions whose first argument is a query.

    Raises:
        FileNotFoundError: a path does not exist.
    """
    found = Found()
    modules = []
    left_out = {path.resolve() for path in schema}
    migrations = None if alembic is None else _script_location(alembic)
    for root, path in _files(paths, exclude):
        resolved = path.resolve()
        if resolved in left_out or (migrations is not None and migrations in resolved.parents):
            continue
        if path.suffix == ".sql":
            find_in_file(path, found)
        elif (module := _module(root, path, found)) is not None:
            modules.append(module)
    project = Project(modules)
    CallFinder(project, functions, found).find()
    return project, found


def _files(paths: Sequence[Path], exclude: Sequence[str]) -> Iterator[tuple[Path, Path]]:
    """Yield the files of a project, each once, with the directory that its module's name begins at."""
    seen = set()
    for root in paths:
        if not root.exists():
            raise FileNotFoundError(f"there is no file or directory {root}")
        files = [root] if root.is_file() else sorted(_in_directory(root, root, exclude))
        for path in files:
            if path.suffix in (".py", ".sql") and (resolved := path.resolve()) not in seen:
                seen.add(resolved)
                yield (root.parent if root.is_file() else root), path


def _in_directory(root: Path, directory: Path, exclude: Sequence[str]) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.name.startswith(".") or path.name in _LEFT_OUT:
            continue
        relative = path.relative_to(root).as_posix()
        if any(fnmatch(relative, pattern) or fnmatch(path.name, pattern) for pattern in exclude):
            continue
        if path.is_dir():
            if not (path / "pyvenv.cfg").exists():
                yield from _in_directory(root, path, exclude)
        else:
            yield path


def _module(root: Path, path: Path, found: Found) -> Module | None:
    try:
        with tokenize.open(path) as file:
            text = file.read()
        tree = ast.parse(text)
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        line = error.lineno or 1 if isinstance(error, SyntaxError) else 1
        reason = f"this Python cannot parse it: {error.msg if isinstance(error, SyntaxError) else error}"
        found.unchecked.append(Unchecked(Place(path, line, 1), "unreadable", reason))
        return None
    found.files += 1
    relative = path.relative_to(root).with_suffix("")
    parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
    # With the directory itself, absolute imports of a package are found that is the root.
    return Module(path, text, tree, (root.resolve().name, *parts))


def _script_location(configuration: Path) -> Path | None:
    """Return the directory of Alembic's migrations."""
    parser = configparser.ConfigParser({"here": str(configuration.parent.resolve())})
    try:
        parser.read(configuration, "utf-8")
        location = parser.get("alembic", "script_location")
    except (configparser.Error, OSError):
        return None
    return (configuration.parent / location).resolve()
