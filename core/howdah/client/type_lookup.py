"""Types that adapters are registered for by name: their oids are looked up on the server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from typing import TYPE_CHECKING, Any

from howdah.adapt.encodings import encoded
from howdah.adapt.types import FIRST_NORMAL_OID, find_types, read_types
from howdah.errors import DataError
from howdah.pq import TransactionStatus

if TYPE_CHECKING:
    from howdah.adapt.registry import AdaptersMap
    from howdah.adapt.transformer import Transformer
    from howdah.client.known_types import KnownTypes
    from howdah.client.pipeline_mode import PipelineMode
    from howdah.client.query_cache import QueryCache
    from howdah.io.operation import Operation
    from howdah.protocol.exchange import Exchange, Result
    from howdah.protocol.session import Session

__all__ = ["UNDOING", "TypeLookup"]

#: The tags of commands after which what a transaction has created is not visible.
UNDOING = frozenset({b"ROLLBACK", b"PREPARE TRANSACTION"})


class TypeLookup:
    """The part of a connection's kernel that looks types up by their names."""

    session: Session
    query_cache: QueryCache
    pipeline_mode: PipelineMode | None
    #: Whether types were looked up by their names and not found.
    _names_missing = False
    #: The transaction that may have created missing types, a number of `Session.transactions`.
    _names_created: int | None = None
    #: The types of the database that are known, and the search path that they were looked up with.
    _known: KnownTypes | None = None
    _known_path = ""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def command(self, command: bytes) -> Operation[Exchange]:
        """Run a command with the simple protocol."""
        raise NotImplementedError

    def _review_query_cache(self) -> None:
        raise NotImplementedError

    # For operations and adapters

    def request_type_lookup(self) -> None:
        """Request that types registered by name are looked up before parameters are sent.

        It is for dumpers, which cannot wait for the server themselves.
        """
        self.query_cache.names_wanted = True
        self._review_query_cache()

    def resolve_names(self, *maps: AdaptersMap) -> Operation[None]:
        """Look up the types that adapters are registered for by name only, if that was not done before.

        Args:
            maps: the adapters.

        Raises:
            howdah.Error: the server reports an error.
        """
        waiting = {id(adapters): adapters for adapters in maps if adapters.unresolved_names}
        if waiting:
            yield from self._look_up(frozenset(), *waiting.values())

    def invalidate_types(self, oids: Sequence[int], *maps: AdaptersMap) -> None:
        """Forget types, so that they are looked up again: the server no longer knows their oids.

        Args:
            oids: the oids.
            maps: the adapters that use them.
        """
        self._known_types().forget()
        for adapters in maps:
            adapters.types.discard([oid for oid in oids if oid >= FIRST_NORMAL_OID])

    def invalidate_missing_types(self, results: Iterable[Result], *transformers: Transformer) -> None:
        """After a CREATE, look up missing types again; forget what was created if that is rolled back.

        Args:
            results: the results of what was executed.
            transformers: those whose adapters name types.
        """
        if self._names_missing and any(result.tag.startswith(b"CREATE ") for result in results):
            self._names_missing = False
            if self.session.transaction_status != TransactionStatus.IDLE or self.pipeline_mode is not None:
                self._names_created = self.session.transactions
            self._known_types().forget_missing()
            for transformer in transformers:
                transformer.renew()
        if self._names_created is not None:
            self._note_undone(results, transformers)

    # For the client

    def _look_up(self, oids: Set[int], *maps: AdaptersMap) -> Operation[None]:
        """Look up the types that adapters are registered for by name only.

        Args:
            oids: the oids in results that no adapter knows.
            maps: the adapters to which the found types are added.
        """
        known = self._known_types()
        # A type with an unknown oid may be one that was known by another oid, and recreated.
        wanted = [adapters.type_names if oids else adapters.unresolved_names for adapters in maps]
        names = frozenset().union(*wanted)
        # A parameter asks for names alone, once per connection; others may have created the types since.
        answers = known.answers
        again = not oids and not self._names_missing and not names <= answers.found.keys()
        if again or not names <= answers.names or not oids <= answers.oids:
            encoding = self.session.encoding
            asked = [name for name in sorted(names) if _can_be_written(name, encoding)]
            if asked:
                exchange = yield from self.command(find_types(asked, encoding))
                found = read_types(exchange.results[-1].rows, encoding)
                answers = known.update(frozenset(asked), oids, found)
        for type_info in answers.infos(names):
            for adapters in maps:
                self.connection.driver.resolve_type(adapters, type_info)
        self._names_missing = any(adapters.unresolved_names for adapters in maps)

    def _known_types(self) -> KnownTypes:
        # Servers before version 18 do not report the search path.
        search_path = self.session.parameters.get("search_path") or ""
        if self._known is None or search_path != self._known_path:
            info = self.connection.info
            self._known = self.connection.driver.known_types(
                info.host, info.hostaddr, info.port, info.dbname, search_path
            )
            self._known_path = search_path
        return self._known

    def _note_undone(self, results: Iterable[Result], transformers: Sequence[Transformer]) -> None:
        """Forget the types whose names the transaction has created, if it is rolled back."""
        session = self.session
        ended = session.transaction_status == TransactionStatus.IDLE
        if self._names_created not in (session.transactions, session.transactions - ended):
            self._names_created = None  # committed
        elif any(result.tag in UNDOING for result in results):
            self._names_created = None
            oids = [
                info.oid for info in self._known_types().answers.infos(self.connection.adapters.type_names)
            ]
            self.invalidate_types(oids, *(transformer.adapters for transformer in transformers))
            for transformer in transformers:
                transformer.renew()

    def _forget_uncommitted(self) -> None:
        """Forget what was created in a transaction that the loss of the connection has rolled back."""
        if self._names_created == self.session.transactions:
            self._names_created = None
            self._known_types().forget()


def _can_be_written(name: str, encoding: str) -> bool:
    """Return whether the client encoding has all characters of a name; one without that does not exist."""
    try:
        encoded(name, encoding)
    except DataError:
        return False
    return "\0" not in name
