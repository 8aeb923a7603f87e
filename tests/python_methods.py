"""Adapters without native methods.

Where the native core is in use, functions of it replace the methods `load`, `dump` and `quote`. What
compares the two implementations in one process needs the Python methods themselves.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import howdah
from howdah.adapt import Dumper, Loader, base


def classes(cls: type) -> Iterator[type]:
    """Return a class and all that derive from it."""
    yield cls
    for derived in cls.__subclasses__():
        yield from classes(derived)


def replaced() -> list[tuple[type, str, Any]]:
    """Return the methods that call native functions: the class, the name, and the function."""
    return [
        (cls, name, method)
        for cls in {*classes(Dumper), *classes(Loader)}
        for name in ("load", "dump", "quote")
        if (method := vars(cls).get(name)) is not None
        and type(method) is not FunctionType
        and hasattr(method, "__wrapped__")
    ]


@contextlib.contextmanager
def python_methods() -> Iterator[None]:
    """Have the Python methods of all adapters called, also of those whose classes are created meanwhile."""
    if howdah.__impl__ != "native":
        yield
        return
    methods = replaced()
    make_native = base._make_native
    for cls, name, method in methods:
        setattr(cls, name, method.__wrapped__)
    base._make_native = lambda cls, **methods: None  # type: ignore[assignment]
    try:
        yield
    finally:
        base._make_native = make_native
        for cls, name, method in methods:
            setattr(cls, name, method)
