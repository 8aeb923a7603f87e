"""The types of one database that adapters are registered for by name, as far as they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from types import MappingProxyType

from howdah.adapt.types import TypeInfo
from howdah.lazy.tuples import NamedTuple

__all__ = ["MOST_OIDS", "Answers", "KnownTypes"]

#: The most oids that are remembered as looked up: a server can send any number of them.
MOST_OIDS = 10_000


class Answers(NamedTuple):
    """What is known at one moment; connections of other threads may change what is known at the next.

    Attributes:
        names: the names that have been looked up, found or not.
        oids: the oids that have been looked up, known to an adapter or not.
        found: the types by their names.
    """

    names: frozenset[str] = frozenset()
    oids: frozenset[int] = frozenset()
    found: Mapping[str, TypeInfo] = MappingProxyType({})

    def infos(self, names: Iterable[str]) -> list[TypeInfo]:
        """Return the types that have been found for `names`."""
        return [self.found[name] for name in names if name in self.found]


class KnownTypes:
    """The answers to look-ups of type names in one database, for all connections to it.

    Attributes:
        answers: what is known now.
    """

    def __init__(self) -> None:
        self.answers = Answers()

    def update(self, names: Set[str], oids: Set[int], found: Mapping[str, TypeInfo]) -> Answers:
        """Note the answer to a look-up of `names`, made because of `oids`; return what is known then."""
        before = self.answers
        kept = frozenset() if len(before.oids) > MOST_OIDS else before.oids
        answers = self.answers = Answers(
            before.names | names,
            kept | oids | {info.oid for info in found.values()},
            {**{name: info for name, info in before.found.items() if name not in names}, **found},
        )
        return answers

    def forget_missing(self) -> None:
        """Forget which names were not found, so that they are looked up again."""
        answers = self.answers
        self.answers = Answers(frozenset(answers.found), answers.oids, answers.found)

    def forget(self) -> None:
        """Forget everything, so that it is looked up again."""
        self.answers = Answers()
