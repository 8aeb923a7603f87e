"""numpy's arrays as parameters, and results as numpy's arrays.

An `ndarray` becomes an array of the PostgreSQL type that its dtype stands for, as soon as this plugin is
there. That PostgreSQL's arrays come as `ndarray`, and not as lists, has to be asked for:
`load_ndarrays(conn)`.

numpy itself is imported by whoever uses it, not by this plugin.
"""

from __future__ import annotations

from howdah.adapt import AdaptContext, AdaptersMap
from howdah.hookspecs import hookimpl

__all__ = ["howdah_register_adapters", "load_ndarrays"]

#: The types whose arrays are made of `ndarray`.
_ELEMENTS = ("bool", "int2", "int4", "int8", "float4", "float8", "date", "timestamp", "interval")


@hookimpl(tryfirst=True)  # which gives it the last word, over howdah_types' dumpers of lists
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register the dumpers of `ndarray`."""
    # Without the plugin `types` there are no arrays.
    arrays = [f"{name}[]" for name in _ELEMENTS if adapters.types.get(name) is not None]
    adapters.register_lazy(_register_dumpers, classes=["numpy.ndarray"], types=arrays)


def _register_dumpers(adapters: AdaptersMap) -> None:
    from howdah_numpy.dumping import NdarrayBinaryDumper, NdarrayDumper, register_array_dumpers

    adapters.register_dumper("numpy.ndarray", NdarrayDumper)
    adapters.register_dumper("numpy.ndarray", NdarrayBinaryDumper)
    if adapters.types.get("int4") is not None:
        register_array_dumpers(adapters)


def load_ndarrays(context: AdaptContext | None = None) -> None:
    """Have arrays of booleans, integers, floats, dates, timestamps and intervals loaded as `ndarray`.

    One that has NULLs comes as a `numpy.ma.MaskedArray`; those of dates, timestamps and intervals have NaT
    for NULL.

    Args:
        context: a connection or a cursor; None for all connections that the default driver opens from now on.

    Raises:
        howdah.NotSupportedError: the plugin `types`, which knows arrays, is disabled.
    """
    from howdah_numpy.loading import register_loaders

    if context is None:
        import howdah

        register_loaders(howdah.adapters)
    else:
        register_loaders(context.adapters)
