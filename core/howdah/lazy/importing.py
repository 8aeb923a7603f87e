"""Imports on first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["CompleteModule", "Imported", "on_first_use"]


def on_first_use(package: str, modules: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """Return a `__getattr__` for a package that imports names from its modules on first use.

    Args:
        package: the name of the package, its `__name__`.
        modules: the names, by their module; the modules' names are relative to the package.
    """
    module_of = {name: module for module, names in modules.items() for name in names}

    def imported(name: str) -> Any:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return imported


class CompleteModule(ModuleType):
    """The class of a module whose `__dict__` has all of `__all__`, for programs that copy or search it."""

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        namespace = super().__dict__
        for name in self.__all__:
            if name not in namespace:
                namespace[name] = getattr(self, name)
        return namespace


class Imported:
    """A class attribute that is imported when it is read, unless an instance has set it.

    Args:
        module: the module to import from.
        name: the name in that module.
    """

    def __init__(self, module: str, name: str) -> None:
        self._module = module
        self._name = name
        self._value: Any = None

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if self._value is None:  # `import_module` would take a lock each time
            self._value = getattr(import_module(self._module), self._name)
        return self._value
