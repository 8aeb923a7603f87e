"""The formats of the three types.

Source: pgvector's src/vector.c, src/halfvec.c and src/sparsevec.c, vector_recv() and similar functions.
"""

from __future__ import annotations

import struct
from typing import Any

from howdah.errors import DataError
from howdah.lazy.tuples import NamedTuple

__all__ = ["HALFVEC", "HEADER", "SPARSE_HEADER", "VECTOR", "Kind", "packed"]

HEADER = struct.Struct("!hh")  # dimensions, unused
SPARSE_HEADER = struct.Struct("!iii")  # dimensions, number of elements other than zero, unused
_MAX_DIMENSIONS = 16_000


class Kind(NamedTuple):
    """A vector type.

    Attributes:
        name: the name of the type.
        code: the elements' code in `struct`.
        dtype: the elements' dtype in numpy.
    """

    name: str
    code: str
    dtype: str

    def elements(self, values: Any) -> bytes:
        """Return numbers in binary format.

        Args:
            values: a sequence, or a numpy array.

        Raises:
            howdah.DataError: they cannot be the elements of a vector.
        """
        if hasattr(values, "dtype"):
            import numpy as np

            if values.ndim != 1 or values.dtype.kind not in "biuf":
                raise DataError(
                    f"a numpy array of {values.ndim} dimensions and dtype {values.dtype} is no {self.name}"
                )
            with np.errstate(over="ignore"):  # the server refuses infinite values
                return bytes(values.astype(f">{self.dtype}").tobytes())
        return packed(self.name, self.code, values)

    def to_binary(self, values: Any) -> bytes:
        """Return numbers as a vector in binary format."""
        elements = self.elements(values)
        count = len(elements) // struct.calcsize(self.code)
        if count > _MAX_DIMENSIONS:
            raise DataError(f"a {self.name} has {_MAX_DIMENSIONS} dimensions at most, not {count}")
        return HEADER.pack(count, 0) + elements

    def to_text(self, values: Any) -> bytes:
        """Return numbers as a vector in text format, rounded to the type's precision."""
        elements = self.elements(values)
        numbers = struct.unpack(f"!{len(elements) // struct.calcsize(self.code)}{self.code}", elements)
        return b"[%b]" % ",".join(map(repr, numbers)).encode()

    def numbers(self, data: bytes) -> tuple[float, ...]:
        """Return the elements of a vector in binary format."""
        return struct.unpack_from(f"!{HEADER.unpack_from(data)[0]}{self.code}", data, HEADER.size)

    def rounded(self, numbers: list[float]) -> list[float]:
        """Return numbers rounded to the type's precision."""
        format = f"!{len(numbers)}{self.code}"
        return list(struct.unpack(format, struct.pack(format, *numbers)))


def packed(name: str, code: str, values: Any) -> bytes:
    """Return numbers in binary format.

    Args:
        name: the type of the vector, for the message.
        code: the elements' code in `struct`.
        values: the numbers.

    Raises:
        howdah.DataError: they are not numbers, or outside of the range of the element type.
    """
    try:
        return struct.pack(f"!{len(values)}{code}", *values)
    except (OverflowError, TypeError, struct.error):
        raise DataError(f"a value of type {type(values).__name__!r} is no {name}") from None


VECTOR = Kind("vector", "f", "f4")
HALFVEC = Kind("halfvec", "e", "f2")
