"""Importing the native functions that the class of an adapter names."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from howdah.errors import ProgrammingError

__all__ = ["load_native"]


def load_native(name: str, kind: type) -> Any:
    """Return the object that a class names in its attribute `native`, or None to use its Python methods.

    The module may be missing: a distribution can be installed without it. If it exists but cannot be
    imported, a RuntimeWarning says so.

    Args:
        name: the module and its attribute, as "module:attribute".
        kind: the class that the object must have, `howdah.native.adapters.NativeAdapter`.

    Raises:
        howdah.ProgrammingError: the name has another form, or the module has no such object.
    """
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ProgrammingError(f"native = {name!r}: what an adapter names is written 'module:attribute'")
    try:
        module = import_module(module_name)
    except Exception as error:
        if not _is_absent(module_name, error):
            warnings.warn(
                f"the native adapters of {module_name} cannot be used, and its Python methods, which are"
                f" slower, are: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
        return None
    found = getattr(module, attribute, None)
    if not isinstance(found, kind):
        raise ProgrammingError(f"native = {name!r}: {module_name} has no native adapter of this name")
    return found


def _is_absent(module: str, error: Exception) -> bool:
    """Return whether importing a module failed because it, or one of its packages, does not exist."""
    return isinstance(error, ModuleNotFoundError) and (f"{module}.").startswith(f"{error.name}.")
