"""Rows of COPY data: the same bytes, values and errors in both implementations."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import howdah_types
from howdah.adapt import AdaptersMap
from howdah.adapt.text import BytesLoader, TextLoader
from howdah.errors import DataError, NotSupportedError
from howdah.pq import Format
from howdah_copy import rows as copyrows
from tests.kernel.test_parameter_encoding import objects
from tests.kernel.test_row_decoding import outcome

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("without_native_methods")]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

IMPLEMENTATIONS: list[Any] = [copyrows]
try:
    from howdah_copy._native import rows as native_copy
except ImportError:
    pass
else:
    IMPLEMENTATIONS.append(native_copy)

ADAPTERS = AdaptersMap()
howdah_types.howdah_register_adapters(ADAPTERS)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
awkward = st.text("\b\t\n\v\f\r\\Nab.", max_size=6)
values = st.none() | texts | awkward


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda module: "python" if module is copyrows else "native")
def rows(request: pytest.FixtureRequest) -> Any:
    """The module under test."""
    return request.param


def both(function: Callable[[Any], Any]) -> Any:
    """Return the outcome that all implementations have."""
    outcomes = [outcome(lambda module=module: function(module)) for module in IMPLEMENTATIONS]
    assert outcomes[1:] == outcomes[:-1]
    return outcomes[0]


def encoder(module: Any, format: int) -> Any:
    return module.CopyEncoder(ADAPTERS, ADAPTERS, format)


def encode(module: Any, format: int, data: Iterable[Sequence[Any]]) -> bytes:
    encoding = encoder(module, format)
    for row in data:
        encoding.write_row(row)
    encoding.close()
    return bytes(encoding.take())


def decode(module: Any, format: int, count: int, data: bytes, sizes: Sequence[int] = ()) -> list[Any]:
    """Return the rows of `data`, which is fed in pieces of `sizes`."""
    decoder = module.CopyDecoder([TextLoader.for_format(format)(0)] * count, format)
    result = []
    for size in (*sizes, len(data)):
        decoder.feed(data[:size])
        data = data[size:]
        result += decoder
    decoder.close()
    assert decoder.rows == len(result)
    return result


@given(
    st.integers(0, 4).flatmap(lambda n: st.lists(st.lists(values, min_size=n, max_size=n), max_size=4)),
    st.data(),
)
@example([["\\N", None, "\\.", ""]], None)
@example([[], []], None)
def test_round_trip(table: list[list[str | None]], data: st.DataObject | None) -> None:
    sizes = [] if data is None else data.draw(st.lists(st.integers(0, 12), max_size=6))
    count = len(table[0]) if table else 0
    for format in Format:
        blocks = {encode(module, format, table) for module in IMPLEMENTATIONS}
        assert len(blocks) == 1
        (block,) = blocks
        expected = [tuple(row) for row in table]
        if format == Format.BINARY:
            expected = [tuple([None if v is None else v.encode() for v in row]) for row in table]
        for module in IMPLEMENTATIONS:
            assert decode(module, format, count, block, sizes) == expected


@given(st.lists(st.lists(objects, max_size=4), max_size=3), st.sampled_from(Format))
def test_any_objects_are_encoded_alike(table: list[list[Any]], format: Format) -> None:
    both(lambda module: encode(module, format, table))


@given(
    st.lists(
        st.sampled_from(
            [
                "int2",
                "int4",
                "int8",
                "oid",
                "float4",
                "float8",
                "numeric",
                "text",
                "timestamp",
                "timestamptz",
                "time",
                "date",
                "bool",
                "bytea",
                "uuid",
                "jsonb",
            ]
        ),
        min_size=1,
        max_size=3,
    ),
    st.data(),
    st.sampled_from(Format),
)
def test_objects_are_encoded_alike_as_the_types_set(
    types: list[str], data: st.DataObject, format: Format
) -> None:
    row = data.draw(st.lists(objects, min_size=len(types), max_size=len(types)))

    def typed(module: Any) -> bytes:
        encoding = encoder(module, format)
        oids = [ADAPTERS.types.get_oid(name) for name in types]
        encoding.set_dumpers([ADAPTERS.get_dumper_by_oid(oid, format)(object, ADAPTERS) for oid in oids])
        encoding.write_row(row)
        return bytes(encoding.take())

    both(typed)


@given(st.binary(max_size=60), st.integers(0, 3), st.sampled_from(Format), st.booleans())
@example(b"a\\", 1, Format.TEXT, False)
@example(b"a\\\n", 1, Format.TEXT, False)
@example(b"\0\1\xff\xff\xff\xfe", 1, Format.BINARY, True)
@example(b"\xff\xfe", 1, Format.BINARY, True)
@example(b"\0\2\0\0\0\0\0\0\0\0", 1, Format.BINARY, True)
def test_malformed_data_is_refused_alike(data: bytes, count: int, format: Format, framed: bool) -> None:
    if framed and format == Format.BINARY:
        data = copyrows.BINARY_HEADER + data
    both(lambda module: decode(module, format, count, data))


def test_what_comes_out(rows: Any) -> None:
    row = (
        1,
        1.5,
        True,
        "a\tb\\c\nd",
        None,
        dt.date(2020, 2, 29),
        b"\x00\xff",
        Decimal("1.50"),
        uuid.UUID(int=1),
    )
    assert encode(rows, Format.TEXT, [row]) == (
        b"1\t1.5\tt\ta\\tb\\\\c\\nd\t\\N\t2020-02-29\t\\\\x00ff\t1.50\t"
        + uuid.UUID(int=1).hex.encode()
        + b"\n"
    )
    assert encode(rows, Format.BINARY, [("a", None)]) == (
        b"PGCOPY\n\xff\r\n\0" + bytes(8) + b"\0\2" + b"\0\0\0\1a" + b"\xff\xff\xff\xff" + b"\xff\xff"
    )


def test_empty_binary_data_has_its_frame(rows: Any) -> None:
    assert encode(rows, Format.BINARY, []) == copyrows.BINARY_HEADER + copyrows.BINARY_TRAILER


def test_data_with_a_frame_of_its_own_gets_none(rows: Any) -> None:
    encoding = encoder(rows, Format.BINARY)
    assert encoding.write(b"framed") == 6
    encoding.close()
    assert encoding.take() == b"framed"
    assert encoding.take() == b""


def test_a_row_that_fails_leaves_nothing(rows: Any) -> None:
    for format in Format:
        encoding = encoder(rows, format)
        encoding.write_row(["good"])
        size = encoding.size
        with pytest.raises(DataError):
            encoding.write_row(["fine", "zero\0byte"])
        assert (encoding.size, encoding.rows, encoding.column) == (size, 1, 1)


def test_the_rest_is_what_no_row_was_read_of(rows: Any) -> None:
    decoder = rows.CopyDecoder([TextLoader(0)], Format.TEXT)
    decoder.feed(b"a\nb\nc")
    assert next(decoder) == ("a",)
    assert decoder.rest() == b"b\nc"
    assert decoder.rest() == b""
    assert list(decoder) == []


def test_unknown_flags_are_refused(rows: Any) -> None:
    decoder = rows.CopyDecoder([BytesLoader(0)], Format.BINARY)
    decoder.feed(copyrows.BINARY_SIGNATURE + b"\0\1\0\0" + bytes(4))
    with pytest.raises(NotSupportedError, match="0x10000"):
        next(decoder)


def test_a_header_extension_is_skipped(rows: Any) -> None:
    decoder = rows.CopyDecoder([BytesLoader(0)], Format.BINARY)
    decoder.feed(copyrows.BINARY_SIGNATURE + bytes(4) + b"\0\0\0\3" + b"ext" + b"\0\1\0\0\0\1x" + b"\xff\xff")
    assert list(decoder) == [(b"x",)]
    decoder.close()
