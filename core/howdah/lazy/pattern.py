"""Regular expressions that are compiled on first use."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast

__all__ = ["pattern"]


class _Pattern:
    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, value)  # so that the next access does not call __getattr__
        return value


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return an object with the methods and attributes of the pattern that `re.compile` returns.

    Compiling takes longer than anything else in the import of a module.

    Args:
        text: the regular expression.
        flags: as for `re.compile`.
    """
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
