"""PostgreSQL's types: what is known of one, and the registry of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from typing_extensions import Self

from howdah.adapt.quoting import quote_literal

if TYPE_CHECKING:
    from howdah.adapt.base import AdaptContext
    from howdah.adapt.registry import AdaptersMap

__all__ = ["TypeInfo", "TypesRegistry"]

RegistryKey: TypeAlias = str | int


class TypeInfo:
    """What is known of a PostgreSQL type.

    Args:
        name: the type's name (`pg_type.typname`), schema-qualified if need be.
        oid: its oid.
        array_oid: the oid of the arrays of it, 0 if there are none.
        regtype: its name as SQL shows it, "integer" for int4; `name` if empty.
        delimiter: what stands between the elements of an array in text format.
    """

    #: The query that describes a type: `{name}` stands for its name, as a
    #: literal, and each column is an argument of the class.
    query: ClassVar[str] = """\
SELECT typname::text AS name, oid, typarray AS array_oid,
    oid::regtype::text AS regtype, typdelim::text AS delimiter
FROM pg_catalog.pg_type
WHERE oid = pg_catalog.to_regtype({name})"""

    def __init__(
        self, name: str, oid: int, array_oid: int, *, regtype: str = "", delimiter: str = ","
    ) -> None:
        self.name = name
        self.oid = oid
        self.array_oid = array_oid
        self.regtype = regtype or name
        self.delimiter = delimiter

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.name} (oid: {self.oid}, array oid: {self.array_oid})>"

    @classmethod
    def fetch(cls, conn: Any, name: Any) -> Any:
        """Ask the server for a type.

        Args:
            conn: a `Connection`, or an `AsyncConnection`.
            name: the name of the type as SQL has it (quoted, schema-qualified
                if need be), or a `howdah.sql.Identifier`.

        Returns:
            The type, or None if the database has none of that name. With an
            `AsyncConnection`: an awaitable of that.
        """
        sql_name = name if isinstance(name, str) else name.as_string(conn)
        query = cls.query.format(name=quote_literal(sql_name.encode()).decode())
        if hasattr(conn, "__aenter__"):
            return cls._fetch_async(conn, query)
        with conn.transaction(), conn.cursor(row_factory=_record_row) as cur:
            return cls.from_rows(cur.execute(query).fetchall())

    @classmethod
    async def _fetch_async(cls, conn: Any, query: str) -> Self | None:
        async with conn.transaction(), conn.cursor(row_factory=_record_row) as cur:
            await cur.execute(query)
            return cls.from_rows(await cur.fetchall())

    @classmethod
    def from_rows(cls, rows: Sequence[dict[str, Any]]) -> Self | None:
        """Return the type that the rows of `query` describe, None if there are none."""
        return cls(**rows[0]) if rows else None

    def register(self, context: AdaptContext | None = None) -> None:
        """Make the type known, and let the plugins adapt what follows from it (its arrays).

        Args:
            context: a connection or a cursor; the whole default driver if None.
        """
        if context is not None:
            context.adapters.add_type(self)
        else:
            import howdah

            adapters: AdaptersMap = howdah.adapters
            adapters.add_type(self)


def _record_row(cursor: Any) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Make dictionaries of a cursor's rows, whatever row factory its connection has."""
    names = [column[0] for column in cursor.description or ()]
    return lambda values: dict(zip(names, values, strict=True))


class TypesRegistry:
    """The types that a connection knows: by oid, by name, by their arrays.

    Args:
        template: a registry to begin with; it stays as it is.
        changed: called when types have been added.
    """

    # Both dictionaries are replaced when a type is added and never changed, so
    # that registries share them and other threads read on undisturbed.

    def __init__(
        self, template: TypesRegistry | None = None, changed: Callable[[], object] | None = None
    ) -> None:
        self._by_oid: dict[int, TypeInfo] = template._by_oid if template is not None else {}
        self._by_name: dict[str, TypeInfo] = template._by_name if template is not None else {}
        self._changed = changed

    def add(self, *infos: TypeInfo) -> None:
        """Make types known; one known already under such an oid or name gives way."""
        by_oid, by_name = dict(self._by_oid), dict(self._by_name)
        for info in infos:
            if info.array_oid:
                by_oid[info.array_oid] = info
            if info.oid:
                by_oid[info.oid] = info
            by_name[info.regtype] = info
            by_name[info.name] = info
        self._by_oid, self._by_name = by_oid, by_name
        if self._changed is not None:
            self._changed()

    def __iter__(self) -> Iterator[TypeInfo]:
        return iter({id(info): info for info in self._by_name.values()}.values())

    def __getitem__(self, key: RegistryKey) -> TypeInfo:
        """As `get`, but `KeyError` if the type is unknown."""
        info = self.get(key)
        if info is None:
            raise KeyError(f"the type {key!r} is not in the types registry")
        return info

    def get(self, key: RegistryKey) -> TypeInfo | None:
        """Return a type, or None if it is unknown.

        Args:
            key: the type's oid, the oid of its arrays, its name, or its name
                followed by `[]`.
        """
        if isinstance(key, str):
            return self._by_name.get(key.removesuffix("[]"))
        return self._by_oid.get(key)

    def get_oid(self, name: str) -> int:
        """Return the oid of the type of that name; `name[]` for the oid of its arrays.

        Raises:
            KeyError: no type of that name is known.
        """
        info = self[name]
        return info.array_oid if name.endswith("[]") else info.oid
