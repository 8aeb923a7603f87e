"""The types of the extension pgvector: vector, halfvec and sparsevec.

Vectors are loaded as numpy's arrays, of float32 and of float16, if numpy is installed; otherwise, or after
`load_lists(conn)`, as lists of floats. Arrays of these dtypes are dumped as vectors; to send other sequences
as vectors, wrap them in `Vector` or `HalfVector`. Sparse vectors are `SparseVector`.

numpy is imported with the first vector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.adapt.base import adapters_of
from howdah.hookspecs import hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_pgvector.values import HalfVector, SparseVector, Vector

__all__ = ["HalfVector", "SparseVector", "Vector", "howdah_register_adapters", "load_lists"]

_VALUES = ("HalfVector", "SparseVector", "Vector")

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(__name__, {"values": _VALUES})


@hookimpl(tryfirst=True)  # so that it takes precedence over howdah_numpy's dumpers of arrays
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the adapters of the three types."""
    adapters.register_lazy(
        _register,
        classes=[*(f"howdah_pgvector.values.{name}" for name in _VALUES), "numpy.ndarray"],
        types=["vector", "halfvec", "sparsevec"],
    )


def _register(adapters: AdaptersMap) -> None:
    from howdah_pgvector import dumping, loading

    dumping.register_dumpers(adapters)
    loading.register_loaders(adapters, loading.LOADERS)


def load_lists(context: AdaptContext | None = None) -> None:
    """Load vector and halfvec as lists of floats, even if numpy is installed.

    Args:
        context: a connection or a cursor; None for all connections that the default driver opens from now on.
    """
    from howdah_pgvector import loading

    adapters = adapters_of(context)
    loading.register_loaders(adapters, loading.LIST_LOADERS)
