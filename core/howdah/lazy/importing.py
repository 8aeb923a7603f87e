"""What is imported when it is first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["Imported", "on_first_use"]


def on_first_use(package: str, modules: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """Return the `__getattr__` of a package that imports what its modules have when it is first used.

    Args:
        package: the name of the package, its `__name__`.
        modules: by module, without the package, the names that it has for the package.
    """
    module_of = {name: module for module, names in modules.items() for name in names}

    def imported(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return imported


class Imported:
    """An attribute of a class that is imported when it is read, unless it was set to something else.

    Args:
        module: the module that has it.
        name: what it is called there.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return getattr(import_module(self._module), self._name)
