"""The native functions for composed types do what the Python methods do, also with damaged values."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from howdah.adapt import CompositeInfo, EnumInfo, PyFormat, RangeInfo
from howdah.pq import Format
from howdah_types.composite import register_composite
from howdah_types.enum import register_enum
from howdah_types.multirange import Multirange
from howdah_types.range import Int4Range, Range
from tests.plugins.types.adapting import dump, resolving

pytest.importorskip("howdah.native.adapters", reason="the native core is not built")
from howdah.adapt import parameters
from howdah.native import adapters as native_parameters
from howdah_copy import rows as copyrows
from howdah_copy._native import rows as native_copyrows
from tests.kernel.test_parameter_encoding import encode
from tests.kernel.test_row_decoding import check_same, outcome

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("without_native_methods")]

CONTEXT = resolving()


class Mood(enum.Enum):
    SAD = 1


register_enum(EnumInfo("mood", 70000, 70001, ["SAD", "happy"]), CONTEXT, Mood)
register_composite(
    CompositeInfo("pair", 70002, 70003, field_names=("a", "b"), field_types=(25, 3904)), CONTEXT
)
register_composite(CompositeInfo("nothing", 70004, 70005, field_names=(), field_types=()), CONTEXT)
CONTEXT.adapters.add_type(RangeInfo("textrange", 70006, 70007, subtype_oid=25))


def loader(name: str, format: Format) -> Any:
    oid = CONTEXT.adapters.types.get_oid(name)
    found = CONTEXT.adapters.get_loader(oid, format)
    assert found is not None
    assert "native" in vars(found)
    return found(oid, CONTEXT)


NAMES = ["mood", "pair", "nothing", "textrange", "int4range", "int4multirange"]
PIECES = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    '"',
    '""',
    "\\",
    "1",
    "2",
    "x",
    " ",
    "empty",
    "[1,2)",
    '"a\\"b"',
    "\\,",
]
BOUNDS = st.none() | st.integers(-9, 9)
RANGES = st.builds(Int4Range, BOUNDS, BOUNDS, st.sampled_from(["[)", "(]", "()", "[]"]), st.booleans())
PAIRS = st.tuples(
    st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.none() | RANGES
)


@pytest.mark.parametrize("name", NAMES)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=9))
@example(pieces=["(", ",", ")"])
@example(pieces=["(", '"', '""', '"', ",", '"[1,2)"', ")"])
@example(pieces=["[", '"', '""', '"', ",", "x", ")"])
@example(pieces=["{", "[1,2)", ",", "empty", "}"])
@example(pieces=["SAD"])
@example(pieces=["happy"])
def test_text(name: str, pieces: list[str]) -> None:
    check_same(loader(name, Format.TEXT), "".join(pieces).encode())


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=24))
def test_binary(name: str, data: bytes) -> None:
    check_same(loader(name, Format.BINARY), data)


@dataclass
class Pair:
    b: Any
    a: Any


register_composite("pair", CONTEXT, Pair)
VALUES = (
    st.none()
    | st.text(max_size=3)
    | st.integers()
    | RANGES
    | st.sampled_from([Mood.SAD, "\0", object(), [1]])
)


@given(
    value=st.builds(Pair, VALUES, VALUES)
    | st.tuples(VALUES, VALUES)
    | st.tuples(VALUES)
    | st.sampled_from(Mood)
    | st.lists(st.builds(Pair, VALUES, VALUES), max_size=2)
    | st.lists(st.sampled_from(Mood), max_size=2),
    format=st.sampled_from(PyFormat),
)
def test_dumping(value: Any, format: PyFormat) -> None:
    python, native = [
        encode(module, [value, value], [format] * 2, CONTEXT.adapters)
        for module in (parameters, native_parameters)
    ]
    assert native == python


@given(
    value=st.tuples(VALUES, VALUES)
    | st.builds(Pair, VALUES, VALUES)
    | RANGES
    | st.sampled_from([Mood.SAD, "SAD", 5]),
    name=st.sampled_from(["pair", "textrange", "int4range", "mood"]),
    format=st.sampled_from(Format),
)
def test_dumping_to_a_type(value: Any, name: str, format: Format) -> None:
    def encoded(module: Any) -> bytes:
        encoder = module.CopyEncoder(CONTEXT.adapters, CONTEXT, format)
        oid = CONTEXT.adapters.types.get_oid(name)
        encoder.set_dumpers([CONTEXT.adapters.get_dumper_by_oid(oid, format)(object, CONTEXT)])
        encoder.write_row([value])
        return bytes(encoder.take())

    assert outcome(lambda: encoded(native_copyrows)) == outcome(lambda: encoded(copyrows))


@given(
    value=RANGES | st.lists(RANGES, max_size=3).map(Multirange) | PAIRS,
    cut=st.integers(0, 60),
    put=st.binary(max_size=2),
    format=st.sampled_from([PyFormat.TEXT, PyFormat.BINARY]),
)
def test_damaged(value: Any, cut: int, put: bytes, format: PyFormat) -> None:
    if isinstance(value, tuple):
        name = "pair"
        cls = CONTEXT.adapters.get_dumper_by_oid(70002, Format(format is PyFormat.BINARY))
        data = bytes(cls(tuple, CONTEXT).dump(value))  # type: ignore[arg-type]
    else:
        name = "int4range" if isinstance(value, Range) else "int4multirange"
        data = dump(value, format, CONTEXT).data or b""
    of = loader(name, Format.BINARY if format is PyFormat.BINARY else Format.TEXT)
    check_same(of, data)
    check_same(of, data[:cut] + put + data[cut + len(put) :])
    check_same(of, data[:cut])
