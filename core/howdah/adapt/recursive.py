"""Base classes for adapters of types that contain other values."""

from __future__ import annotations

from howdah.adapt.base import AdaptContext, Dumper, Loader
from howdah.adapt.transformer import Transformer

__all__ = ["RecursiveDumper", "RecursiveLoader"]


class RecursiveDumper(Dumper):
    """A dumper of objects that contain others; `_tx` finds the dumpers for those.

    Args:
        cls: the class of the objects.
        context: the connection or cursor that the values are for, or None.
    """

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        #: Finds adapters; for derived classes.
        self._tx = Transformer.from_context(context)


class RecursiveLoader(Loader):
    """A loader of values that contain others; `_tx` finds the loaders for those.

    Args:
        oid: the oid of the type of the values.
        context: the connection or cursor that the values come from, or None.
    """

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        #: Finds adapters; for derived classes.
        self._tx = Transformer.from_context(context)
