"""PostgreSQL's types: what is known of one, how the server tells of it, and the registry of them.

Source: PostgreSQL documentation, "System Catalogs": pg_type, pg_enum, pg_range, pg_attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, overload

from howdah.adapt.quoting import quote_literal
from howdah.errors import DataError

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.adapt.base import AdaptContext
    from howdah.client.connection import Connection
    from howdah.client.connection_async import AsyncConnection
    from howdah.sql import Identifier

__all__ = [
    "FIRST_NORMAL_OID",
    "CompositeInfo",
    "DomainInfo",
    "EnumInfo",
    "MultirangeInfo",
    "RangeInfo",
    "TypeInfo",
    "TypesRegistry",
    "find_types",
    "read_types",
]

T = TypeVar("T", bound="TypeInfo")

RegistryKey: TypeAlias = str | int

#: The first oid that is not PostgreSQL's own (FirstNormalObjectId): from here on they differ per database.
FIRST_NORMAL_OID = 16384


class TypeInfo:
    """What is known of a PostgreSQL type.

    Args:
        name: the type's name (`pg_type.typname`), schema-qualified if need be.
        oid: its oid.
        array_oid: the oid of the arrays of it, 0 if there are none.
        regtype: its name as SQL shows it, "integer" for int4; `name` if empty.
        delimiter: what stands between the elements of an array in text format.

    Attributes:
        parts: the types it is made of, each after those that it is made of
            itself, as far as they are not PostgreSQL's own.
    """

    #: Which types the class describes (`pg_type.typtype`), None for any.
    kind: ClassVar[str | None] = None

    parts: Sequence[TypeInfo] = ()
    #: `pg_type.typname`.
    typname: str = ""

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

    @overload
    @classmethod
    def fetch(cls, conn: Connection[Any], name: str | Identifier) -> Self | None: ...
    @overload
    @classmethod
    async def fetch(cls, conn: AsyncConnection[Any], name: str | Identifier) -> Self | None: ...
    @classmethod
    def fetch(cls, conn: Any, name: Any) -> Any:
        """Ask the server for a type.

        Args:
            conn: a `Connection`, or an `AsyncConnection`.
            name: the name of the type as SQL has it (quoted, schema-qualified
                if need be), or a `howdah.sql.Identifier`.

        Returns:
            The type, or None if the database has none of that name that is of
            the kind which the class describes. With an `AsyncConnection`: an
            awaitable of that.
        """
        sql_name = name if isinstance(name, str) else name.as_string(conn)
        query = find_types([sql_name])
        if hasattr(conn, "__aenter__"):
            return cls._fetch_async(conn, query)
        with conn.transaction(), conn.cursor(row_factory=_plain_row) as cur:
            return cls._from_rows(cur.execute(query).fetchall())

    @classmethod
    async def _fetch_async(cls, conn: Any, query: bytes) -> TypeInfo | None:
        async with conn.transaction(), conn.cursor(row_factory=_plain_row) as cur:
            await cur.execute(query)
            return cls._from_rows(await cur.fetchall())

    @classmethod
    def _from_rows(cls, rows: Sequence[Sequence[Any]]) -> TypeInfo | None:
        for info in read_types(rows).values():
            if cls.kind is None:
                return TypeInfo(
                    info.typname,
                    info.oid,
                    info.array_oid,
                    regtype=info.regtype,
                    delimiter=info.delimiter,
                )
            if cls.kind == info.kind:
                info.name = info.typname
                return info
        return None

    def register(self, context: AdaptContext | None = None) -> None:
        """Make the type known, and let the plugins adapt what follows from it (its arrays).

        Args:
            context: a connection, a cursor, or an `AdaptersMap`; the whole
                default driver if None.
        """
        if context is not None:
            adapters = context.adapters
        else:
            import howdah

            adapters = howdah.adapters
        adapters.add_type(self)


class EnumInfo(TypeInfo):
    """What is known of an enumerated type.

    Args:
        labels: its values, in their order.

    Attributes:
        enum: the class that was registered for it last, None before.
    """

    kind = "e"

    def __init__(
        self,
        name: str,
        oid: int,
        array_oid: int,
        labels: Sequence[str],
        *,
        regtype: str = "",
        delimiter: str = ",",
    ) -> None:
        super().__init__(name, oid, array_oid, regtype=regtype, delimiter=delimiter)
        self.labels = list(labels)
        self.enum: Any = None


class CompositeInfo(TypeInfo):
    """What is known of a composite type, which every table has one of as well.

    Args:
        field_names: the names of its fields, in their order.
        field_types: the oids of their types.

    Attributes:
        python_type: the class or function that was registered for it last, None before.
    """

    kind = "c"

    def __init__(
        self,
        name: str,
        oid: int,
        array_oid: int,
        *,
        regtype: str = "",
        delimiter: str = ",",
        field_names: Sequence[str],
        field_types: Sequence[int],
    ) -> None:
        super().__init__(name, oid, array_oid, regtype=regtype, delimiter=delimiter)
        self.field_names = tuple(field_names)
        self.field_types = tuple(field_types)
        self.python_type: Any = None


class DomainInfo(TypeInfo):
    """What is known of a domain.

    Args:
        base_oid: the oid of the type that it is over.
    """

    kind = "d"

    def __init__(
        self,
        name: str,
        oid: int,
        array_oid: int,
        *,
        regtype: str = "",
        delimiter: str = ",",
        base_oid: int,
    ) -> None:
        super().__init__(name, oid, array_oid, regtype=regtype, delimiter=delimiter)
        self.base_oid = base_oid


class RangeInfo(TypeInfo):
    """What is known of a range type.

    Args:
        subtype_oid: the oid of the type of its bounds.
    """

    kind = "r"

    def __init__(
        self,
        name: str,
        oid: int,
        array_oid: int,
        *,
        regtype: str = "",
        delimiter: str = ",",
        subtype_oid: int,
    ) -> None:
        super().__init__(name, oid, array_oid, regtype=regtype, delimiter=delimiter)
        self.subtype_oid = subtype_oid


class MultirangeInfo(TypeInfo):
    """What is known of a multirange type.

    Args:
        range_oid: the oid of the type of its ranges.
        subtype_oid: the oid of the type of their bounds.
    """

    kind = "m"

    def __init__(
        self,
        name: str,
        oid: int,
        array_oid: int,
        *,
        regtype: str = "",
        delimiter: str = ",",
        range_oid: int,
        subtype_oid: int,
    ) -> None:
        super().__init__(name, oid, array_oid, regtype=regtype, delimiter=delimiter)
        self.range_oid = range_oid
        self.subtype_oid = subtype_oid


# -- asking the server -----------------------------------------------------------

#: Oids below this are numbered by hand, in pg_type.dat (FirstGenbkiObjectId).
_FIRST_UNFIXED_OID = 10000

# A row for each type asked for and for each that it is made of, those it is
# made of first. Only servers with multiranges have a column for them: its name
# stands where it is no error on the others.
_FIND_TYPES = f"""\
WITH RECURSIVE needed (name, oid, depth) AS (
    SELECT names.name, pg_catalog.to_regtype(names.name)::oid, 0
    FROM pg_catalog.unnest(ARRAY[%s]::text[]) AS names (name)
    UNION
    SELECT needed.name, parts.oid, needed.depth + 1
    FROM needed JOIN pg_catalog.pg_type AS t ON t.oid = needed.oid
    CROSS JOIN LATERAL (
        SELECT t.typelem WHERE t.typtype = 'b' AND t.typcategory = 'A'
        UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
            WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid
        UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range AS r
            WHERE t.typtype = 'm' AND (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid
    ) AS parts (oid)
    WHERE parts.oid >= {_FIRST_UNFIXED_OID}
)
SELECT pg_catalog.json_build_array(
    needed.name,
    CASE needed.depth WHEN 0 THEN needed.name END,
    t.typtype::text,
    t.typname::text,
    pg_catalog.json_build_object(
        'oid', t.oid::int8,
        'array_oid', t.typarray::int8,
        'regtype', t.oid::pg_catalog.regtype::text,
        'delimiter', t.typdelim::text
    ),
    CASE t.typtype
    WHEN 'e' THEN (
        SELECT pg_catalog.json_build_object(
            'labels', pg_catalog.json_agg(e.enumlabel::text ORDER BY e.enumsortorder)
        )
        FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid
    )
    WHEN 'c' THEN (
        SELECT pg_catalog.json_build_object(
            'field_names', pg_catalog.json_agg(a.attname::text ORDER BY a.attnum),
            'field_types', pg_catalog.json_agg(a.atttypid::int8 ORDER BY a.attnum)
        )
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    )
    WHEN 'd' THEN pg_catalog.json_build_object('base_oid', t.typbasetype::int8)
    WHEN 'r' THEN (
        SELECT pg_catalog.json_build_object('subtype_oid', r.rngsubtype::int8)
        FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid
    )
    WHEN 'm' THEN (
        SELECT pg_catalog.json_build_object('range_oid', r.rngtypid::int8, 'subtype_oid', r.rngsubtype::int8)
        FROM pg_catalog.pg_range AS r
        WHERE (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid = t.oid
    )
    END
)::text
FROM needed JOIN pg_catalog.pg_type AS t ON t.oid = needed.oid
WHERE needed.depth = 0 OR t.typtype <> 'b' OR t.typcategory <> 'A'
ORDER BY needed.name, needed.depth DESC
"""


def find_types(names: Iterable[str]) -> bytes:
    """Return the query that asks for types by their names; `read_types` takes its answer.

    Args:
        names: the names as SQL has them, quoted and schema-qualified if need be.
    """
    literals = b",".join([quote_literal(name) for name in names])
    return _FIND_TYPES.encode() % literals


def read_types(rows: Iterable[Sequence[Any]]) -> dict[str, TypeInfo]:
    """Return the types that the answer to `find_types` tells of.

    Args:
        rows: one column, of text, however that is loaded.

    Returns:
        The types by the names asked for, without those that do not exist.

    Raises:
        howdah.DataError: it is no answer to that.
    """
    try:
        return _read_types(rows)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DataError("the server's answer to the look-up of types makes no sense") from error


def _read_types(rows: Iterable[Sequence[Any]]) -> dict[str, TypeInfo]:
    import json

    classes = {cls.kind: cls for cls in (EnumInfo, CompositeInfo, DomainInfo, RangeInfo, MultirangeInfo)}
    found: dict[str, TypeInfo] = {}
    parts: dict[str, dict[int, TypeInfo]] = {}
    for (row,) in rows:
        asked, name, kind, typname, common, details = json.loads(row)
        cls: Callable[..., TypeInfo] = classes.get(kind, TypeInfo)
        details = {key: value if value is not None else [] for key, value in (details or {}).items()}
        # What is not asked for by name goes by a name that means it from everywhere.
        info = cls(name or common["regtype"], **common, **details)
        info.typname = typname
        _check_type(info, asked)
        if name is None:
            parts.setdefault(asked, {}).setdefault(info.oid, info)
        else:
            found[name] = info
    for name, info in found.items():
        info.parts = tuple(parts.get(name, {}).values())
    return found


def _check_type(info: TypeInfo, asked: object) -> None:
    """Raise ValueError if something that the server tells of a type is not what it should be."""
    attributes = vars(info)
    texts = [asked, info.name, info.typname, info.regtype, info.delimiter]
    oids = [info.oid, info.array_oid]
    oids += [attributes[name] for name in ("base_oid", "subtype_oid", "range_oid") if name in attributes]
    if isinstance(info, CompositeInfo):
        if len(info.field_names) != len(info.field_types):
            raise ValueError("a composite type has not as many names as types")
        texts += info.field_names
        oids += info.field_types
    elif isinstance(info, EnumInfo):
        texts += info.labels
    if not all(isinstance(text, str) for text in texts) or len(info.delimiter.encode()) != 1:
        raise ValueError("a name is no text, or a delimiter no character")
    if not all(type(oid) is int and 0 <= oid < 1 << 32 for oid in oids):
        raise ValueError("an oid is no number of 32 bits")


def _plain_row(cursor: Any) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Leave a cursor's rows as they are, whatever row factory its connection has."""
    return lambda values: values


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

    def discard(self, oids: Iterable[int]) -> None:
        """Forget the types that have these oids, or whose arrays do: they are no longer there."""
        gone = {id(self._by_oid[oid]) for oid in oids if oid in self._by_oid}
        self._by_oid = {oid: info for oid, info in self._by_oid.items() if id(info) not in gone}
        self._by_name = {name: info for name, info in self._by_name.items() if id(info) not in gone}
        if gone and self._changed is not None:
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

    def get_by_subtype(self, cls: type[T], subtype: int | str) -> T | None:
        """Return the range or multirange type over a type, the last made known; None if there is none.

        Args:
            cls: how it is described: `RangeInfo` or `MultirangeInfo`, or a class derived from one of them.
            subtype: the oid or the name of the type of its bounds; of a multirange also that of its ranges.
        """
        info = self.get(subtype) if isinstance(subtype, str) else None
        oid = info.oid if info is not None else subtype
        if not issubclass(cls, (RangeInfo, MultirangeInfo)):
            return None
        for found in reversed([*self]):
            if isinstance(found, cls) and oid in (found.subtype_oid, getattr(found, "range_oid", None)):
                return found
        return None

    def get_oid(self, name: str) -> int:
        """Return the oid of the type of that name; `name[]` for the oid of its arrays.

        Raises:
            KeyError: no type of that name is known.
        """
        info = self[name]
        return info.array_oid if name.endswith("[]") else info.oid
