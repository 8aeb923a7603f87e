# Generated from contrib/howdah_scan/planning_async.py by .ci/async_to_sync.py; do not edit.
"""The plan of a scan: what each task reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError, ProgrammingError
from howdah.sql import Identifier
from howdah_scan import citus, keys
from howdah_scan.fragments import Fragment, joined
from howdah_scan.pieces import Files, Piece, grouped, key_ranges, number_of_tasks, split
from howdah_scan.relations import COLUMNS, FIND, TREE, Relation, check_kind

if TYPE_CHECKING:
    import pyarrow as pa

    from howdah_scan.source import Source

__all__ = ["Planner"]

_TID_RANGE_SCANS = 140000


class Planner:
    """Plans a scan, in its transaction.

    Args:
        connection: the connection of the scan.
        source: what is scanned.
        where: the condition of the scan.
        partitions: the number of tasks that the program asked for; None for one that suits the size.
    """

    def __init__(self, connection: Any, source: Source, where: Fragment, partitions: int | None) -> None:
        self._connection = connection
        self._source = source
        self._where = where
        self._partitions = partitions
        #: Whether all tasks read at the snapshot.
        self.consistent = True
        #: The types of the columns.
        self.type_oids: dict[str, int] = {}
        self._oid = 0

    def look_up(self) -> str:
        """Return the statement that locks the relation before the snapshot is taken; "" if there is none.

        Views could be locked, too, but not if their owners may only read some columns of a table.

        Raises:
            howdah.ProgrammingError: the relation does not exist, or cannot be scanned.
            howdah.NotSupportedError: it is a temporary table.
        """
        if self._source.is_query:
            return ""
        _, kind, persistence, allowed = self._find()
        check_kind(self._source.text, kind, persistence)
        return f"LOCK TABLE {self._source.text} IN ACCESS SHARE MODE" if kind in "rp" and allowed else ""

    def _find(self) -> Any:
        """Return what the catalog says about the relation; it may be dropped as long as it is not locked."""
        found = self._fetch(FIND, (self._source.text,))
        if not found:
            raise ProgrammingError(f"there is no relation {self._source.text}")
        return found[0]

    def schema(self, columns: Sequence[str] | None) -> pa.Schema:
        """Lock everything that the scan reads, and return the schema of its rows.

        Args:
            columns: the columns that are wanted; None for all.

        Raises:
            howdah.ProgrammingError: there is no such column, or two have the same name.
        """
        select = [Fragment("SELECT * FROM "), self._source.fragment(), Fragment(" LIMIT 0")]
        if not self._source.is_query:
            self._oid = self._find()[0]
            self._connection.execute(f"SELECT FROM {self._source.text} LIMIT 0")
            if columns is None:
                columns = [name for (name,) in self._fetch(COLUMNS, (self._oid,))]
        if columns is not None:
            if len(set(columns)) < len(columns):
                raise ProgrammingError("a column is named twice")
            names = ", ".join(Identifier(name).as_string() for name in columns)
            select[0] = Fragment(f"SELECT {names} FROM ")
        cursor = self._connection.cursor()
        cursor.execute_arrow(*joined(select))
        self.type_oids = {column.name: column.type_code for column in cursor.description or ()}
        schema: pa.Schema = cursor.fetch_arrow().schema
        if len(set(schema.names)) < len(schema.names):
            raise ProgrammingError("two columns of the query have the same name: name them with AS")
        if self._where.text:
            # Without parentheses too, so that none of its own closes them.
            for before, after in ((" WHERE ", "\n LIMIT 0"), (" WHERE (", "\n) LIMIT 0")):
                condition = [Fragment(before), self._where, Fragment(after)]
                self._connection.execute(*joined([*select[:-1], *condition]))
        return schema

    def groups(self, key: str | None) -> list[tuple[Piece, ...]]:
        """Return what the tasks read.

        Args:
            key: the column by whose values to divide; None to divide by blocks.

        Raises:
            howdah.Error: the server reports an error.
        """
        if not self._source.is_query and self._is_distributed():
            self.consistent = False
            return self._shards()
        relations = [] if self._source.is_query else self._relations()
        self.consistent = all(relation.kind != "f" for relation in relations)
        size = sum(relation.size for relation in relations)
        count = number_of_tasks(size, self._partitions)
        if key is not None:
            ((date_style, _),) = self._fetch(keys.ISO)
            ranges = self._key_ranges(key, count, relations)
            self._fetch(keys.DATE_STYLE, (date_style,))
            return ranges
        return self._by_blocks(relations, size, count) if relations else [(Piece(self._source.text),)]

    def _by_blocks(self, relations: list[Relation], size: int, count: int) -> list[tuple[Piece, ...]]:
        root = next(each for each in relations if each.oid == self._oid)
        # Who reads a partition directly is subject to its policies, not to those of its parent.
        if len(relations) > 1 and not all(each.open for each in relations):
            return self._through(root, relations, count)
        pieces: list[Piece] = []
        for relation in relations:
            if relation.kind != "p":
                pieces += self._divided(relation, size, count)
        empty = Piece(f"ONLY {root.qualified}", relation=root.qualified, oid=root.oid)
        return grouped(pieces or [empty], count)

    def _relations(self) -> list[Relation]:
        pending = " AND NOT inhdetachpending" if self._version >= _TID_RANGE_SCANS else ""
        query = TREE.replace("{detached}", pending)
        return [Relation(*row) for row in self._fetch(query, (self._oid, self._oid))]

    def _divided(self, relation: Relation, total: int, count: int) -> list[Piece]:
        """Return the ranges of a relation: as many as it deserves of `count`, by its size."""
        source, name = f"ONLY {relation.qualified}", relation.qualified
        piece = Piece(source, "", relation.size, name, _files([relation]), oid=relation.oid)
        if not self._has_blocks(relation):
            return [piece]
        return split(piece, self._blocks(relation), -(-relation.size * count // max(total, 1)))

    def _through(self, root: Relation, relations: list[Relation], count: int) -> list[tuple[Piece, ...]]:
        """Return ranges that are read through the parent: each is the same blocks of all its children."""
        stored = [each for each in relations if each.kind != "p"]
        size = sum(each.size for each in stored)
        name, files = root.qualified, _files(stored)
        whole = Piece(name, _of_any(relations), size, name, files, oid=root.oid)
        if not all(self._has_blocks(each) for each in stored):
            return [(whole,)]
        blocks = max((self._blocks(each) for each in stored), default=0)
        pieces = split(whole, blocks, count)
        return [(replace(piece, predicate=_both(piece.predicate, whole.predicate)),) for piece in pieces]

    def _has_blocks(self, relation: Relation) -> bool:
        return relation.is_heap and relation.kind in "rm" and self._version >= _TID_RANGE_SCANS

    def _blocks(self, relation: Relation) -> int:
        return -(-relation.size // self._block_size)

    def _is_distributed(self) -> bool:
        return bool(self._fetch(citus.INSTALLED)[0][0]) and bool(
            self._fetch(citus.DISTRIBUTED, (self._oid,))[0][0]
        )

    def _shards(self) -> list[tuple[Piece, ...]]:
        pieces = [citus.shard(*row) for row in self._fetch(citus.SHARDS, (self._oid,))]
        if not pieces:
            raise NotSupportedError(f"the distributed table {self._source.text} has no shards")
        groups = grouped(pieces, len(pieces) if self._partitions is None else self._partitions)
        # One connection is enough for the shards of one server.
        return [tuple(sorted(group, key=lambda piece: piece.server or ("", 0))) for group in groups]

    def _key_ranges(self, key: str, count: int, relations: Sequence[Relation]) -> list[tuple[Piece, ...]]:
        name = Identifier(key).as_string()
        select = [Fragment(f"SELECT {name} FROM "), self._source.fragment()]
        cursor = self._connection.execute(*joined([*select, Fragment(" LIMIT 0")]))
        type_oid = cursor.description[0].type_code
        ((type_name,),) = self._fetch(keys.TYPE_NAME, (type_oid,))
        bounds: list[str] = []
        if type_name.endswith("[]"):
            raise NotSupportedError(f"the key {key} is an array: choose a column with a single value")
        if self._oid:
            found = self._fetch(keys.STATISTICS, (self._oid, key, self._oid))
            if found:
                values = Fragment(keys.from_statistics(found[0][0], type_name))
                bounds = self._bounds(select, values)
        if len(bounds) < 2 and count > 1:
            bounds = self._bounds(select, *keys.from_rows(name, type_oid, count, select[1], self._where))
        relation = "" if self._source.is_query else self._source.text
        files, known = _files(relations), _of_any(relations)
        whole = Piece(self._source.text, known, relation=relation, files=files, oid=self._oid)
        operators = [operator for (operator,) in self._fetch(keys.OPERATORS, (type_oid,))]
        ranges = key_ranges(name, [f"{each}::{type_name}" for each in keys.chosen(bounds, count)], *operators)
        return [(replace(whole, predicate=_both(each, known)),) for each in ranges]

    def _bounds(self, select: Sequence[Fragment], *values: Fragment) -> list[str]:
        """Return values of a key in SQL, in the order of the key's collation, each once."""
        statement = [Fragment(keys.BEFORE), *select, Fragment(keys.BETWEEN), *values, Fragment(keys.AFTER)]
        return [bound for (bound,) in self._fetch(*joined(statement))]

    def _fetch(self, query: str, params: Any = None) -> list[Any]:
        rows: list[Any] = self._connection.execute(query, params).fetchall()
        return rows

    def measure(self) -> None:
        """Ask for what does not change: the server's version and the size of its blocks."""
        self._version: int = self._connection.info.server_version
        ((size,),) = self._fetch("SELECT pg_catalog.current_setting('block_size')::int")
        self._block_size: int = size


def _files(relations: Sequence[Relation]) -> Files:
    """Return the files of those relations that have one."""
    return tuple((each.oid, each.file) for each in relations if each.file)


def _of_any(relations: Sequence[Relation]) -> str:
    """Return the condition on rows that are read through a parent: they are of relations that it has by now.

    A snapshot does not keep those out that are attached later: which there are is not looked up in it.
    """
    if len(relations) < 2:
        return ""
    oids = ",".join(str(each.oid) for each in relations)
    return f"tableoid = ANY ('{{{oids}}}'::pg_catalog.oid[])"


def _both(*conditions: str) -> str:
    return " AND ".join(filter(None, conditions))
