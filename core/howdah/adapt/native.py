"""Finding the native functions that an adapter's class names."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from howdah.errors import ProgrammingError

__all__ = ["load_native"]


def load_native(name: str, kind: type) -> Any:
    """Return what a class names in its attribute `native`, or None: the Python methods are called then.

    There need be no such module: a distribution may have been installed without it. One that cannot be
    imported is warned of.

    Args:
        name: the module and its attribute, as "module:attribute".
        kind: the class of what is named, `howdah.native.adapters.NativeAdapter`.

    Raises:
        howdah.ProgrammingError: the name is not written so, or the module has nothing of that kind under it.
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
    """Whether a module could not be imported because it, or a package it is in, is not there."""
    return isinstance(error, ModuleNotFoundError) and (f"{module}.").startswith(f"{error.name}.")
