"""Arguments and attributes that are true or false."""

from __future__ import annotations

from howdah.errors import ProgrammingError

__all__ = ["checked_flag"]


def checked_flag(name: str, value: object) -> bool:
    """Return whether an argument or attribute is true.

    Raises:
        howdah.ProgrammingError: it is text, all of which would be true.
    """
    if isinstance(value, (str, bytes)):
        raise ProgrammingError(f"{name!r} is True or False, not text")
    return bool(value)
