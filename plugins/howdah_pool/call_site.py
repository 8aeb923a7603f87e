"""The call site at which the program took a connection.

It is recorded for every connection taken, so recording is cheap: lines are looked up only for a message.
"""

from __future__ import annotations

import sys
from types import CodeType
from typing import TypeAlias

__all__ = ["CallSite", "caller", "format", "location"]

#: The code and the instruction of the innermost frames outside the pool, the innermost first.
CallSite: TypeAlias = "tuple[tuple[CodeType, int], ...]"

#: How many frames are recorded.
_DEPTH = 3


def caller() -> CallSite:
    """Return the call site at which the program called the pool."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    noted = [(frame.f_code, frame.f_lasti)]
    while len(noted) < _DEPTH and frame.f_back is not None:
        frame = frame.f_back
        noted.append((frame.f_code, frame.f_lasti))
    return tuple(noted)


def format(call_site: CallSite) -> str:
    """Return a call site as text for messages: `app.py:12 in handle, called from app.py:40 in main`."""
    return ", called from ".join(
        f"{code.co_filename}:{_line(code, instruction)} in {code.co_name}" for code, instruction in call_site
    )


def location(call_site: CallSite) -> tuple[str, int]:
    """Return the file and the line of a call site."""
    code, instruction = call_site[0]
    return code.co_filename, _line(code, instruction)


def _line(code: CodeType, instruction: int) -> int:
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno
