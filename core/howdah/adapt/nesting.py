"""How deep values may be nested.

Arrays, ranges, records, composite types and JSON contain other values, and reading or writing them takes a
part of the stack for each level: the stack of a thread may be small, and the server decides how deep what it
sends is. So one limit holds for all types together, and in both implementations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.errors import DataError
from howdah.native.implementation import IMPLEMENTATION

__all__ = ["MAX_DEPTH", "MAX_TEXT_DEPTH", "check_text_depth", "nesting", "too_deep"]

#: How many levels a value has at most. As many fit into a stack of 64 kB; in Python 3.10, where calls of
#: Python functions take a piece of it and what is spoilt is read by them, into one of 256 kB.
MAX_DEPTH = 100
#: How many levels are dumped as text: each doubles the quotes of those in it.
MAX_TEXT_DEPTH = 16


def too_deep(limit: int = MAX_DEPTH) -> DataError:
    """Return the error for a value of more levels than there may be."""
    if limit == MAX_TEXT_DEPTH:
        return DataError(f"it contains itself, or is nested more than {limit} levels deep, too deep for text")
    return DataError(f"it is nested more than {limit} levels deep")


if TYPE_CHECKING or IMPLEMENTATION == "python":
    from _thread import _local

    class Nesting(_local):
        """The levels that are being read or written in a thread: entered for each, and left.

        Attributes:
            depth: how many there are.

        Raises:
            howdah.DataError: there are too many.
        """

        depth = 0

        def __enter__(self) -> None:
            if self.depth >= MAX_DEPTH:
                raise too_deep()
            self.depth += 1

        def __exit__(self, *exc_info: object) -> None:
            self.depth -= 1

else:
    from howdah.native.adapters import Nesting

#: The levels of the thread that asks. The native core counts its own here, too.
nesting = Nesting()


def check_text_depth() -> None:
    """Refuse to dump one more level as text.

    Raises:
        howdah.DataError: there are too many.
    """
    if nesting.depth >= MAX_TEXT_DEPTH:
        raise too_deep(MAX_TEXT_DEPTH)
