"""Comparing results with expected values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["Array", "Composite", "Equal", "Expected", "Value", "described", "same"]

#: Returns whether a result (the first argument) is the expected one.
Equal = Callable[[Any, Any], bool]


def same(got: Any, expected: Any) -> bool:
    """Return whether two values, and the items of lists and tuples, are equal and have the same type."""
    if type(got) is not type(expected):
        return False
    if isinstance(expected, (list, tuple)):
        return len(got) == len(expected) and all(map(same, got, expected))
    return bool(got == expected) or bool(got != got and expected != expected)  # NaN


def described(value: Any) -> str:
    """Return a value and its type as text; for a list, those of its elements."""
    if type(value) is list:
        return f"[{', '.join(map(described, value))}]"
    cls = type(value)
    name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    text = repr(value)
    return f"{text if len(text) <= 500 else text[:499] + '…'} ({name})"


@dataclass(frozen=True)
class Value:
    """A value of the type, or None for NULL."""

    value: Any

    def matches(self, got: Any, equal: Equal) -> bool:
        """Return whether `got` is this value."""
        return got is None if self.value is None else got is not None and equal(got, self.value)

    def __str__(self) -> str:
        return described(self.value)


@dataclass(frozen=True)
class Array:
    """A list of values, or of such lists."""

    items: tuple[Value | Array, ...]

    def matches(self, got: Any, equal: Equal) -> bool:
        """Return whether `got` is a list of these values."""
        if not isinstance(got, list) or len(got) != len(self.items):
            return False
        return all(item.matches(element, equal) for item, element in zip(self.items, got))

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True)
class Composite:
    """A row of the number 1 and a value."""

    value: Value

    def matches(self, got: Any, equal: Equal) -> bool:
        """Return whether `got` is such a row."""
        if not isinstance(got, tuple) or len(got) != 2:
            return False
        return got[0] == 1 and self.value.matches(got[1], equal)

    def __str__(self) -> str:
        return f"(1, {self.value})"


Expected = Value | Array | Composite
