"""PostgreSQL's types: their descriptions, the query that fetches them, and the registry of them.

Source: PostgreSQL documentation, "System Catalogs": pg_type, pg_enum, pg_range, pg_attribute.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, overload

from howdah.adapt.encodings import codec_of
from howdah.adapt.quoting import quote_literal
from howdah.errors import DataError

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah.adapt.base import AdaptContext
    from howdah.client.connection import Connection
    from howdah.client.connection_async import AsyncConnection
    from howdah.sql import Identifier

__all__ = [
    "CHANGES",
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

#: The first oid of user-defined objects (FirstNormalObjectId): from here on oids differ per database.
FIRST_NORMAL_OID = 16384

#: Held while what adapters know is copied, changed and put back. A child process needs it free.
CHANGES = threading.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=CHANGES.acquire, after_in_parent=CHANGES.release, after_in_child=CHANGES.release
    )


class TypeInfo:
    """The description of a PostgreSQL type.

    Args:
        name: the type's name (`pg_type.typname`), schema-qualified if need be.
        oid: the oid of the type.
        array_oid: the oid of its array type, 0 if there is none.
        regtype: its name in SQL, "integer" for int4; if empty, `name`.
        delimiter: the character between the elements of an array in text format.

    Attributes:
        parts: the user-defined types that it consists of, each after its own parts.
    """

    #: The kind of types that the class describes (`pg_type.typtype`), None for any.
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
        """Fetch the description of a type from the server.

        Args:
            conn: a `Connection`, or an `AsyncConnection`.
            name: the name of the type as in SQL (quoted, schema-qualified if
                need be), or a `howdah.sql.Identifier`.

        Returns:
            The type, or None if the database has no type of that name, or one
            of another kind than the class describes. With an
            `AsyncConnection`, an awaitable of that.

        Raises:
            TypeError: `name` is neither.
            howdah.DataError: the client encoding cannot represent the name.
        """
        if not isinstance(name, str) and not hasattr(name, "as_string"):
            raise TypeError(f"the name of a type is a str or an sql.Identifier, not {type(name).__name__}")
        sql_name = name if isinstance(name, str) else name.as_string(conn)
        query = find_types([sql_name], codec_of(conn))
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
        """Add the type to a registry, and let plugins register adapters for it, such as those of its arrays.

        Args:
            context: a connection, a cursor, or an `AdaptersMap`; None for the
                default driver.

        Raises:
            TypeError: `context` is none of these.
        """
        from howdah.adapt.base import adapters_of

        adapters_of(context).add_type(self)


class EnumInfo(TypeInfo):
    """The description of an enumerated type.

    Args:
        labels: its values, in their order.

    Attributes:
        enum: the class that was registered for it last, None if there is none.
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
    """The description of a composite type; every table has one as well.

    Args:
        field_names: the names of its fields, in their order.
        field_types: the oids of their types.

    Attributes:
        python_type: the class or function that was registered for it last, None if there is none.
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
    """The description of a domain.

    Args:
        base_oid: the oid of its underlying type.
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
    """The description of a range type.

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
    """The description of a multirange type.

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


# -- fetching from the server ----------------------------------------------------

#: Oids below this are assigned by hand, in pg_type.dat (FirstGenbkiObjectId).
_FIRST_UNFIXED_OID = 10000

# A row for each requested type, after the rows of its parts. Only servers with
# multiranges have a column for them: the query refers to it in a way that is no
# error on other servers.
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


def find_types(names: Iterable[str], encoding: str) -> bytes:
    """Return the query that fetches types by their names; `read_types` reads its result.

    Args:
        names: the names as in SQL, quoted and schema-qualified if need be.
        encoding: the client encoding, as the name of a Python codec.

    Raises:
        howdah.DataError: the encoding cannot represent a name.
    """
    literals = b",".join([quote_literal(name, encoding) for name in names])
    return _FIND_TYPES.encode() % literals


def read_types(rows: Iterable[Sequence[Any]], encoding: str = "utf-8") -> dict[str, TypeInfo]:
    """Read the result of the query from `find_types`.

    Args:
        rows: the rows; their one column is text, loaded in any way.
        encoding: the client encoding, as the name of a Python codec, where it is not loaded.

    Returns:
        The types by the names in the query, without those that do not exist.

    Raises:
        howdah.DataError: the rows are not a result of that query.
    """
    try:
        return _read_types(rows, "utf-8" if encoding == "ascii" else encoding)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise DataError("the server's answer to the look-up of types makes no sense") from error


def _read_types(rows: Iterable[Sequence[Any]], encoding: str) -> dict[str, TypeInfo]:
    import json

    classes = {cls.kind: cls for cls in (EnumInfo, CompositeInfo, DomainInfo, RangeInfo, MultirangeInfo)}
    found: dict[str, TypeInfo] = {}
    parts: dict[str, dict[int, TypeInfo]] = {}
    for (row,) in rows:
        text = row.decode(encoding) if isinstance(row, bytes) else row
        asked, name, kind, typname, common, details = json.loads(text)
        cls: Callable[..., TypeInfo] = classes.get(kind, TypeInfo)
        details = {key: value if value is not None else [] for key, value in (details or {}).items()}
        # A type that was not requested by name gets a name that is valid with any search_path.
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
    """Raise ValueError if the server's description of a type is inconsistent."""
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
    """A row factory that returns rows unchanged, whatever the connection's row factory is."""
    return lambda values: values


class TypesRegistry:
    """The types that a connection knows: by oid, by name, by the oid of their arrays.

    Args:
        template: a registry to copy.
        changed: called when types have been added.
    """

    # Registries share their dictionaries, and other threads may be reading them. So
    # adding a type replaces both dictionaries and never changes them.

    def __init__(
        self, template: TypesRegistry | None = None, changed: Callable[[], object] | None = None
    ) -> None:
        self._by_oid: dict[int, TypeInfo] = template._by_oid if template is not None else {}
        self._by_name: dict[str, TypeInfo] = template._by_name if template is not None else {}
        self._changed = changed

    def add(self, *infos: TypeInfo) -> None:
        """Add types; they replace types with the same oid or name."""
        with CHANGES:
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
        """Remove the types with these oids or array oids, because they no longer exist."""
        with CHANGES:
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
            key: the type's oid, the oid of its array type, its name, or its
                name followed by `[]`.
        """
        if isinstance(key, str):
            return self._by_name.get(key.removesuffix("[]"))
        return self._by_oid.get(key)

    def get_by_subtype(self, cls: type[T], subtype: int | str) -> T | None:
        """Return the range or multirange type over a type, the last one added; None if there is none.

        Args:
            cls: `RangeInfo` or `MultirangeInfo`, or a class derived from one of them.
            subtype: the oid or the name of the type of its bounds; for a multirange also that of its ranges.
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
        """Return the oid of a type by its name; `name[]` gives the oid of its array type.

        Raises:
            KeyError: the registry has no type of that name.
        """
        info = self[name]
        return info.array_oid if name.endswith("[]") else info.oid
