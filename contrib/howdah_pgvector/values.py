"""Python classes for vectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["HalfVector", "SparseVector", "Vector"]


class _Marked:
    __slots__ = ("values",)

    def __init__(self, values: Sequence[float] | Any) -> None:
        self.values = values

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bool(self.values == other.values)

    def __hash__(self) -> int:
        return hash((type(self), self.values))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.values!r})"


class Vector(_Marked):
    """Numbers to send as a vector: `conn.execute("… ORDER BY embedding <-> %s", [Vector([1, 2, 3])])`.

    Attributes:
        values: the numbers, in a list or another sequence, or a numpy array.
    """

    __slots__ = ()


class HalfVector(_Marked):
    """Numbers to send as a halfvec.

    Attributes:
        values: the numbers, in a list or another sequence, or a numpy array.
    """

    __slots__ = ()


class SparseVector:
    """A vector with few elements other than 0; sparsevec in PostgreSQL.

    Args:
        elements: the elements other than 0, by their indices from 0.
        dimensions: the number of elements, including zeros.

    Attributes:
        indices: the indices of the elements other than 0, in ascending order.
        values: these elements.
        dimensions: the number of elements, including zeros.

    Raises:
        ValueError: an index is not below the number of dimensions.
    """

    __slots__ = ("dimensions", "indices", "values")

    def __init__(self, elements: Mapping[int, float], dimensions: int) -> None:
        pairs = sorted((int(index), float(value)) for index, value in elements.items() if value)
        if pairs and not 0 <= pairs[0][0] <= pairs[-1][0] < dimensions:
            raise ValueError(
                f"a sparse vector of {dimensions} dimensions has the indices 0 to {dimensions - 1}"
            )
        self.indices = tuple([index for index, _ in pairs])
        self.values = tuple([value for _, value in pairs])
        self.dimensions = int(dimensions)

    @classmethod
    def of(cls, values: Iterable[float]) -> SparseVector:
        """Return the sparse vector with the given elements, including zeros."""
        values = list(values)
        return cls(dict(enumerate(values)), len(values))

    def tolist(self) -> list[float]:
        """Return all elements, including zeros."""
        values = [0.0] * self.dimensions
        for index, value in zip(self.indices, self.values):
            values[index] = value
        return values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """Return a numpy array of all elements, of float32 by default."""
        import numpy as np

        return np.array(self.tolist(), dtype or "f4")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SparseVector):
            return NotImplemented
        mine, theirs = (self.indices, self.values), (other.indices, other.values)
        return mine == theirs and self.dimensions == other.dimensions

    def __hash__(self) -> int:
        return hash((self.indices, self.values, self.dimensions))

    def __repr__(self) -> str:
        return f"SparseVector({dict(zip(self.indices, self.values))!r}, {self.dimensions})"
