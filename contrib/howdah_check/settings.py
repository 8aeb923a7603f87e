"""The settings of `howdah check`: the command's options, and [tool.howdah.check] in pyproject.toml."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

__all__ = ["Settings", "SettingsError", "load"]

_PATHS = ("paths", "schema")
_PATH = ("alembic", "stubs")


class SettingsError(Exception):
    """The settings are wrong.

    Args:
        reason: what is wrong.
    """


@dataclass(frozen=True)
class Settings:
    """What to check, and against which schema.

    Attributes:
        paths: files and directories with SQL.
        schema: files of SQL, and directories of migrations, that are applied to a temporary database.
        alembic: the configuration of Alembic whose migrations are applied.
        migrate: commands that apply migrations.
        server: where the temporary database is created.
        dsn: an existing database to use instead.
        search_path: the search path of the statements, None for the server's.
        exclude: patterns of paths that are left out.
        functions: further functions whose first argument is a query.
        ignore: codes of faults that are not reported.
        stubs: the directory that stubs are written to.
        base: the directory that stubs mirror: that of pyproject.toml, or the current one.
    """

    paths: tuple[Path, ...] = ()
    schema: tuple[Path, ...] = ()
    alembic: Path | None = None
    migrate: tuple[str, ...] = ()
    server: str = "embedded:"
    dsn: str | None = None
    search_path: str | None = None
    exclude: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    stubs: Path | None = None
    base: Path = field(default_factory=Path.cwd)


def load(given: Mapping[str, Any], config: Path | None = None) -> Settings:
    """Return the settings; options take precedence over pyproject.toml.

    Args:
        given: the options that were given, by the names of `Settings`.
        config: the file to read, None for the pyproject.toml in this directory or the nearest one above.

    Raises:
        SettingsError: the file is wrong, or settings contradict each other.
    """
    path = config or _nearest(Path.cwd())
    settings = Settings() if path is None else _read(path)
    options = {name: value for name, value in given.items() if value}
    # What the command line says about the database replaces all that the file says about it.
    if "dsn" in options:
        settings = replace(settings, schema=(), alembic=None, migrate=())
    elif options.keys() & {"schema", "alembic", "migrate", "server"}:
        settings = replace(settings, dsn=None)
    settings = replace(settings, **options)
    _check(settings)
    return replace(settings, paths=settings.paths or (settings.base,))


def _check(settings: Settings) -> None:
    """Raise an error if there is no schema, or more than one."""
    has_schema = bool(settings.schema or settings.alembic or settings.migrate)
    if settings.dsn is not None and has_schema:
        raise SettingsError(
            "with dsn, the existing database is the schema: leave out schema, alembic and migrate, "
            "or write server instead of dsn for a temporary database on that server"
        )
    if settings.dsn is None and not has_schema:
        raise SettingsError("there is no schema: give --schema, --alembic, --migrate or --dsn")


def _nearest(directory: Path) -> Path | None:
    for parent in (directory, *directory.parents):
        if (path := parent / "pyproject.toml").is_file():
            return path
    return None


def _read(path: Path) -> Settings:
    try:
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
    except ImportError as error:
        message = f'{path} cannot be read without tomli: install it with  pip install "howdah[check]"'
        raise SettingsError(message) from error
    try:
        with path.open("rb") as file:
            tools = tomllib.load(file).get("tool", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    table = tools.get("howdah", {}).get("check", {})
    names = {each.name.replace("_", "-"): each.name for each in fields(Settings) if each.name != "base"}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in names:
            raise SettingsError(
                f"{path}: [tool.howdah.check] has no setting {key!r}; it has {', '.join(names)}"
            )
        values[names[key]] = _value(names[key], value, path)
    return Settings(**values, base=path.parent)


def _value(name: str, value: Any, path: Path) -> Any:
    """Return a value of the file; its paths are relative to the file."""
    plural = isinstance(Settings.__dataclass_fields__[name].default, tuple)
    if plural and isinstance(value, str):
        value = [value]
    right = (
        isinstance(value, list) and all(isinstance(v, str) for v in value)
        if plural
        else isinstance(value, str)
    )
    if not right:
        expected = "a list of strings" if plural else "a string"
        raise SettingsError(f"{path}: [tool.howdah.check] {name.replace('_', '-')} has to be {expected}")
    if name in _PATHS:
        return tuple(path.parent / each for each in value)
    if name in _PATH:
        return path.parent / value
    return tuple(value) if plural else value
