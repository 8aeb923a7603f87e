"""A limit on how deep values may be nested.

Arrays, ranges, records, composite types and JSON contain other values, and each level of them uses a part of
the stack. The stack of a thread may be small, and the server decides how deep its values are. So one limit
applies to all types together, in both implementations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.errors import DataError
from howdah.native.implementation import IMPLEMENTATION

__all__ = ["MAX_DEPTH", "MAX_TEXT_DEPTH", "check_text_depth", "nesting", "too_deep"]

#: The maximum number of levels. That many fit into a stack of 64 kB; with Python 3.10 into one of 256 kB,
#: since its calls of Python functions use the C stack, and Python functions read malformed values.
MAX_DEPTH = 100
#: The maximum number of levels in text format, in which each level doubles the quotes of the inner ones.
MAX_TEXT_DEPTH = 16


def too_deep(limit: int = MAX_DEPTH) -> DataError:
    """Return the error for a value that has more levels than the limit."""
    if limit == MAX_TEXT_DEPTH:
        return DataError(f"it contains itself, or is nested more than {limit} levels deep, too deep for text")
    return DataError(f"it is nested more than {limit} levels deep")


if TYPE_CHECKING or IMPLEMENTATION == "python":
    from _thread import _local

    class Nesting(_local):
        """Counts the nested levels that a thread is reading or writing; a context manager for one of them.

        Attributes:
            depth: the current number of levels.

        Raises:
            howdah.DataError: the limit is exceeded.
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

#: The levels of the current thread; the native core counts here as well.
nesting = Nesting()


def check_text_depth() -> None:
    """Refuse to dump one more level as text.

    Raises:
        howdah.DataError: the limit for text is exceeded.
    """
    if nesting.depth >= MAX_TEXT_DEPTH:
        raise too_deep(MAX_TEXT_DEPTH)
