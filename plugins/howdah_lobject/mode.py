"""The modes of large objects."""

from __future__ import annotations

from howdah.lazy.tuples import NamedTuple
from howdah_lobject.errors import WrongMode

__all__ = ["INV_READ", "INV_WRITE", "Mode", "parse_mode"]

#: PostgreSQL's flags, from libpq/libpq-fs.h.
INV_WRITE = 0x20000
INV_READ = 0x40000


class Mode(NamedTuple):
    """A mode, and the operations that it allows.

    Attributes:
        name: the mode as a string.
        reading: whether the object can be read.
        writing: whether it can be written.
        text: whether it is read as str.
    """

    name: str
    reading: bool
    writing: bool
    text: bool

    @property
    def flags(self) -> int:
        """The flags for lo_open, 0 not to open the object."""
        return INV_READ * self.reading | INV_WRITE * self.writing


def parse_mode(mode: str | None, new: bool) -> Mode:
    """Parse a mode.

    Args:
        mode: `r`, `w`, `rw` or `n`, followed by nothing, `b` or `t`; empty for `r`.
        new: whether the object is created: then `r` means `rw`, because there is nothing to read yet.

    Raises:
        WrongMode: the mode is invalid.
    """
    mode = mode or "r"
    access, suffix = (mode[:-1], mode[-1]) if mode[-1] in "bt" else (mode, "")
    access = access or "r"
    if access not in ("r", "w", "rw", "n"):
        raise WrongMode(f"bad mode: {mode!r}; it is 'r', 'w', 'rw' or 'n', and 'b' or 't' behind it")
    if new and access == "r":
        access = "rw"
    return Mode(access + suffix, "r" in access, "w" in access, suffix == "t")
