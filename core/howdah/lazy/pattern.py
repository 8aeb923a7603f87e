"""Regular expressions that are compiled when they are first used."""

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
        setattr(self, name, value)  # the next time it is found without coming here
        return value


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return what can be used like the result of `re.compile`, as far as its methods and attributes go.

    Compiling takes longer than anything else that happens when a module is imported.

    Args:
        text: the regular expression.
        flags: as for `re.compile`.
    """
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))
