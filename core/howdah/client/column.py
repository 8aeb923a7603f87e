"""The description of a result's column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from howdah.adapt.literals import type_name

if TYPE_CHECKING:
    from howdah.adapt.registry import TypesRegistry
    from howdah.protocol.messages import FieldDescription

__all__ = ["Column", "type_name"]


class Column(Sequence[Any]):
    """A column of a result: PEP 249's seven items, and more as attributes.

    As a sequence it is (name, type_code, display_size, internal_size, precision, scale, null_ok).

    Args:
        field: the description of the column in RowDescription.
        types: the known types, for `type_display`.
    """

    def __init__(self, field: FieldDescription, types: TypesRegistry | None = None) -> None:
        self._field = field
        self._type_name = type_name(field.type_oid, types)

    def __repr__(self) -> str:
        return f"<Column {self.name!r}, type: {self.type_display} (oid: {self.type_code})>"

    def __len__(self) -> int:
        return 7

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Any, ...]: ...
    def __getitem__(self, index: int | slice) -> Any:
        return (
            self.name,
            self.type_code,
            self.display_size,
            self.internal_size,
            self.precision,
            self.scale,
            self.null_ok,
        )[index]

    @property
    def name(self) -> str:
        """The column's name."""
        return self._field.name

    @property
    def type_code(self) -> int:
        """The oid of its type."""
        return self._field.type_oid

    @property
    def display_size(self) -> int | None:
        """The length that character and bit strings are declared with, None if none is."""
        return self._modifiers[0] if self._is(LENGTHS) else None

    @property
    def internal_size(self) -> int | None:
        """The size of a value in the server, in bytes; None if it varies."""
        return self._field.type_size if self._field.type_size >= 0 else None

    @property
    def precision(self) -> int | None:
        """The precision declared: digits of a numeric, digits after the second of a time; or None."""
        return self._modifiers[0] if self._modifiers and not self._is(LENGTHS) else None

    @property
    def scale(self) -> int | None:
        """The scale that a numeric is declared with, or None."""
        return self._modifiers[1] if len(self._modifiers) > 1 else None

    @property
    def null_ok(self) -> None:
        """None: PostgreSQL does not say whether a result's column can be NULL."""

    @property
    def table_oid(self) -> int | None:
        """The oid of the table that the column comes from; None if it is computed."""
        return self._field.table_oid or None

    @property
    def table_column(self) -> int | None:
        """The column's number in its table, from 1; None if it is computed."""
        return self._field.column_attribute or None

    @property
    def type_display(self) -> str:
        """The type as SQL shows it, for instance `varchar(10)[]`; the oid if its name is unknown."""
        if self._type_name is None:
            return str(self.type_code)
        if not self._modifiers:
            return self._type_name
        base = self._type_name.removesuffix("[]")
        brackets = self._type_name[len(base) :]
        return f"{base}({','.join(map(str, self._modifiers))}){brackets}"

    def _is(self, decoders: dict[int, Callable[[int], tuple[int, ...]]]) -> bool:
        return bool(self._modifiers) and self._field.type_oid in decoders

    @property
    def _modifiers(self) -> tuple[int, ...]:
        """What is declared in parentheses after the type."""
        decode = MODIFIERS.get(self._field.type_oid)
        return decode(self._field.type_modifier) if decode and self._field.type_modifier >= 0 else ()


# What a type modifier means differs per type. The functions get one that is not negative (none
# is declared); arrays have the modifier of their elements.
# Source: PostgreSQL's functions *typmodout.


def _characters(modifier: int) -> tuple[int, ...]:
    return (modifier - 4,)  # it counts the length word of the value


def _whole(modifier: int) -> tuple[int, ...]:
    return (modifier,)


def _interval(modifier: int) -> tuple[int, ...]:
    precision = modifier & 0xFFFF
    return (precision,) if precision != 0xFFFF else ()


def _numeric(modifier: int) -> tuple[int, ...]:
    precision, scale = divmod(modifier - 4, 0x10000)
    return precision, ((scale & 0x7FF) ^ 0x400) - 0x400  # 11 bits, signed


LENGTHS: dict[int, Callable[[int], tuple[int, ...]]] = {
    1042: _characters,  # bpchar
    1014: _characters,
    1043: _characters,  # varchar
    1015: _characters,
    1560: _whole,  # bit
    1561: _whole,
    1562: _whole,  # varbit
    1563: _whole,
}
MODIFIERS: dict[int, Callable[[int], tuple[int, ...]]] = {
    **LENGTHS,
    1700: _numeric,
    1231: _numeric,
    1083: _whole,  # time
    1183: _whole,
    1266: _whole,  # timetz
    1270: _whole,
    1114: _whole,  # timestamp
    1115: _whole,
    1184: _whole,  # timestamptz
    1185: _whole,
    1186: _interval,
    1187: _interval,
}
