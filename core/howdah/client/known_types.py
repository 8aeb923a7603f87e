"""The types of one database that adapters are registered for by name, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from howdah.adapt.types import TypeInfo

__all__ = ["MOST_OIDS", "KnownTypes"]

#: The most oids that are remembered as looked up: a server can send any number of them.
MOST_OIDS = 10_000


class KnownTypes:
    """The answers to look-ups of type names in one database, for all connections to it.

    Attributes:
        names: the names that have been looked up, found or not.
        oids: the oids that have been looked up, known to an adapter or not.
    """

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self.oids: frozenset[int] = frozenset()
        self._infos: dict[str, TypeInfo] = {}

    def update(self, names: Set[str], oids: Set[int], found: Mapping[str, TypeInfo]) -> None:
        """Note the answer to a look-up of `names`, made because of `oids`."""
        infos = {name: info for name, info in self._infos.items() if name not in names}
        self._infos = {**infos, **found}
        self.names |= names
        kept = frozenset() if len(self.oids) > MOST_OIDS else self.oids
        self.oids = kept | oids | {info.oid for info in found.values()}

    def infos(self, names: Iterable[str]) -> list[TypeInfo]:
        """Return the types that have been found for `names`."""
        return [self._infos[name] for name in names if name in self._infos]

    def found(self, names: Set[str]) -> bool:
        """Return whether all of `names` have been looked up and found."""
        return names <= self._infos.keys()

    def forget_missing(self) -> None:
        """Forget which names were not found, so that they are looked up again."""
        self.names = frozenset(self._infos)

    def forget(self) -> None:
        """Forget everything, so that it is looked up again."""
        self.names, self.oids = frozenset(), frozenset()
        self._infos = {}
