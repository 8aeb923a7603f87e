"""What adapters of values that have others in them derive from."""

from __future__ import annotations

from howdah.adapt.base import AdaptContext, Dumper, Loader
from howdah.adapt.transformer import Transformer

__all__ = ["RecursiveDumper", "RecursiveLoader"]


class RecursiveDumper(Dumper):
    """A dumper that finds the dumpers of what its objects have in them through `_tx`.

    Args:
        cls: the class of the objects that will be dumped.
        context: where they are dumped, or None.
    """

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        #: Finds adapters; for derived classes.
        self._tx = Transformer.from_context(context)


class RecursiveLoader(Loader):
    """A loader that finds the loaders of what its values have in them through `_tx`.

    Args:
        oid: the oid of the type of the values.
        context: where they are loaded, or None.
    """

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        #: Finds adapters; for derived classes.
        self._tx = Transformer.from_context(context)
