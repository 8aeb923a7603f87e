"""How a large object is opened."""

from __future__ import annotations

from howdah.lazy.tuples import NamedTuple
from howdah_lobject.errors import WrongMode

__all__ = ["INV_READ", "INV_WRITE", "Mode", "parse_mode"]

#: PostgreSQL's flags, of libpq/libpq-fs.h.
INV_WRITE = 0x20000
INV_READ = 0x40000


class Mode(NamedTuple):
    """What a mode allows.

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
        """The flags for lo_open, 0 if the object is not to be opened."""
        return INV_READ * self.reading | INV_WRITE * self.writing


def parse_mode(mode: str | None, new: bool) -> Mode:
    """Return what `mode` says.

    Args:
        mode: `r`, `w`, `rw` or `n`, and behind it nothing, `b` or `t`; `r` if it is empty.
        new: whether the object is created: then `r` is `rw`, since there is nothing to read yet.

    Raises:
        WrongMode: it says nothing.
    """
    mode = mode or "r"
    access, suffix = (mode[:-1], mode[-1]) if mode[-1] in "bt" else (mode, "")
    access = access or "r"
    if access not in ("r", "w", "rw", "n"):
        raise WrongMode(f"bad mode: {mode!r}; it is 'r', 'w', 'rw' or 'n', and 'b' or 't' behind it")
    if new and access == "r":
        access = "rw"
    return Mode(access + suffix, "r" in access, "w" in access, suffix == "t")
