"""numpy's arrays as parameters, and results as numpy's arrays.

With this plugin, an `ndarray` is dumped as an array of the PostgreSQL type for its dtype. To load
PostgreSQL's arrays as `ndarray` instead of lists, call `load_ndarrays(conn)`.

The plugin does not import numpy; programs that use it do.
"""

from __future__ import annotations

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.adapt.base import adapters_of
from howdah.hookspecs import hookimpl

__all__ = ["howdah_register_adapters", "load_ndarrays"]

#: The types to whose arrays `ndarray` is dumped.
_ELEMENTS = ("bool", "int2", "int4", "int8", "float4", "float8", "date", "timestamp", "interval")


@hookimpl(tryfirst=True)  # so that it takes precedence over howdah_types' dumpers of lists
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the dumpers of `ndarray`."""
    # Without the plugin `types`, arrays are not supported.
    arrays = [f"{name}[]" for name in _ELEMENTS if adapters.types.get(name) is not None]
    adapters.register_lazy(_register_dumpers, classes=["numpy.ndarray"], types=arrays)


def _register_dumpers(adapters: AdaptersMap) -> None:
    from howdah_numpy.dumping import NdarrayBinaryDumper, NdarrayDumper, register_array_dumpers

    adapters.register_dumper("numpy.ndarray", NdarrayDumper)
    adapters.register_dumper("numpy.ndarray", NdarrayBinaryDumper)
    if adapters.types.get("int4") is not None:
        register_array_dumpers(adapters)


def load_ndarrays(context: AdaptContext | None = None) -> None:
    """Load arrays of booleans, integers, floats, dates, timestamps and intervals as `ndarray`.

    An array with NULLs becomes a `numpy.ma.MaskedArray`; in arrays of dates, timestamps and intervals, NULL
    becomes NaT.

    Args:
        context: a connection or a cursor; None for all connections that the default driver opens from now on.

    Raises:
        howdah.NotSupportedError: the plugin `types`, which adapts arrays, is disabled.
    """
    from howdah_numpy.loading import register_loaders

    register_loaders(adapters_of(context))
