"""Importing Django's modules for PostgreSQL without psycopg.

Several modules of Django import psycopg or parts of it. Those modules, and no others, are executed with an
import function of their own, which finds howdah's modules under psycopg's names. `sys.modules` is left
alone: the rest of the program can import the real psycopg, or find that it is not installed.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

import howdah

__all__ = ["install"]

#: The packages of Django whose modules import psycopg.
PACKAGES = (
    "django.db.backends.postgresql",
    "django.contrib.postgres",
    "django.contrib.gis.db.backends.postgis",
)

#: The module that all others get psycopg's classes from.
_FIRST = "django.db.backends.postgresql.psycopg_any"


class _Psycopg(ModuleType):
    """The module `howdah` for Django, with the version of psycopg whose interface it has."""

    __version__ = "3.3.0"

    def __getattr__(self, name: str) -> Any:
        return getattr(howdah, name)


_psycopg = _Psycopg("howdah")


def _own_name(name: str) -> str | None:
    """Return the name of howdah's module for one of psycopg's, None for others."""
    if name == "psycopg_pool":
        return "howdah_pool"
    package, _, rest = name.partition(".")
    if package != "psycopg":
        return None
    first, _, last = rest.partition(".")
    if first == "types":
        return f"howdah_types.{last}" if last else "howdah_types"
    return f"howdah.{rest}" if rest else "howdah"


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> Any:
    """Import a module as the built-in function does, psycopg's from howdah."""
    own = None if level else _own_name(name)
    if own is None:
        return builtins.__import__(name, globals, locals, fromlist or (), level)
    module = builtins.__import__(own, globals, locals, fromlist or (), 0)
    # Without names to take from it, `import psycopg.types` is for the name `psycopg`.
    is_psycopg = module is howdah or (not fromlist and name.startswith("psycopg."))
    return _psycopg if is_psycopg else module


class _Loader(Loader):
    """Executes a module with the import function above.

    Args:
        loader: what loads the module otherwise.
    """

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": _import}
        self._loader.exec_module(module)


class _Finder(MetaPathFinder):
    """Finds the modules of `PACKAGES`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not any(fullname.startswith(f"{package}.") for package in PACKAGES):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


def install() -> None:
    """Let Django's modules for PostgreSQL import howdah instead of psycopg.

    To be called before they are imported. A second call does nothing. Whether psycopg is installed, or
    imported by other modules, makes no difference.

    Raises:
        django.core.exceptions.ImproperlyConfigured: Django's modules have imported psycopg already.
    """
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    if _FIRST in sys.modules:
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(
            "Django's modules for PostgreSQL were imported with psycopg before howdah_django. Put"
            " 'howdah_django' first in INSTALLED_APPS, and use no other engine for PostgreSQL beside it."
        )
    sys.meta_path.insert(0, _Finder())
