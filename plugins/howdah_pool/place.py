"""Where in the program a connection was taken, noted at next to no cost."""

from __future__ import annotations

import sys
from types import CodeType
from typing import TypeAlias

__all__ = ["Place", "here", "told", "where"]

#: The code and the instruction of some frames, the innermost first; lines are found when they are asked for.
Place: TypeAlias = "tuple[tuple[CodeType, int], ...]"

#: How many frames are noted.
_DEPTH = 3


def here() -> Place:
    """Return where the pool was called from."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        frame = frame.f_back
    noted = [(frame.f_code, frame.f_lasti)]
    while len(noted) < _DEPTH and (caller := frame.f_back) is not None:
        frame = caller
        noted.append((frame.f_code, frame.f_lasti))
    return tuple(noted)


def told(place: Place) -> str:
    """Return a place for people: `app.py:12 in handle, called from app.py:40 in main`."""
    return ", called from ".join(
        f"{code.co_filename}:{_line(code, instruction)} in {code.co_name}" for code, instruction in place
    )


def where(place: Place) -> tuple[str, int]:
    """Return the file and the line of a place."""
    code, instruction = place[0]
    return code.co_filename, _line(code, instruction)


def _line(code: CodeType, instruction: int) -> int:
    for start, end, line in code.co_lines():
        if start <= instruction < end and line is not None:
            return line
    return code.co_firstlineno
