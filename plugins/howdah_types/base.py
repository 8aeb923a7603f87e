"""What the dumpers and loaders of all subjects share."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from howdah.adapt import AdaptContext, AdaptersMap, Dumper, quote_literal
from howdah.pq import Format

__all__ = ["TypeDumper", "adapters_of", "encoding_of"]


def adapters_of(context: AdaptContext | None) -> AdaptersMap:
    """Return the adapters in force in a context, the default driver's without one."""
    if context is not None:
        return context.adapters
    import howdah

    adapters: AdaptersMap = howdah.adapters
    return adapters


def encoding_of(connection: Any) -> str:
    """Return the Python codec of a connection's client encoding, UTF-8 without one."""
    return connection.info.encoding if connection is not None else "utf-8"


class TypeDumper(Dumper):
    """A dumper that knows its type's text format, whichever format it dumps to.

    So the dumper to binary derives from the one to text, overrides `dump`,
    and can still `quote`.
    """

    @abstractmethod
    def text(self, obj: Any) -> bytes:
        """Return `obj` in the type's text format."""

    def dump(self, obj: Any) -> Any:
        return self.text(obj)

    def quote(self, obj: Any) -> bytes:
        value = self.dump(obj) if self.format == Format.TEXT else self.text(obj)
        return quote_literal(value, encoding_of(self.connection))
