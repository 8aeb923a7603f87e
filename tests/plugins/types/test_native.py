"""The native functions that this plugin's adapters name do exactly what their Python methods do."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import howdah_types
from howdah.adapt import AdaptersMap, Loader, PyFormat
from howdah.pq import Format
from tests.kernel.test_parameter_encoding import encode, objects
from tests.kernel.test_row_decoding import VALUES as KERNEL_VALUES
from tests.kernel.test_row_decoding import check_same

pytest.importorskip("howdah._native.rows", reason="the native core is not built")
from howdah._native import parameters as native_parameters
from howdah.adapt import parameters

ADAPTERS = AdaptersMap()
howdah_types.howdah_register_adapters(ADAPTERS)


ARRAYS = ("int4[]", "text[]", "timestamptz[]", "box[]", "jsonb[]")


def native_loaders() -> dict[str, Loader]:
    """Return the loaders that name a native function, by format and type."""
    found = {}
    for info in ADAPTERS.types:
        for oid, name in ((info.oid, info.name), (info.array_oid, f"{info.name}[]")):
            for format in Format:
                loader = ADAPTERS.get_loader(oid, format) if oid else None
                if loader is not None and "native" in vars(loader) and (name in ARRAYS or oid == info.oid):
                    found[f"{name}-{format.name.lower()}"] = loader(oid, ADAPTERS)
    return found


LOADERS = native_loaders()


def test_the_everyday_types_are_native() -> None:
    everyday = (
        "bool int2 int4 int8 oid float8 numeric text varchar bpchar bytea date time timetz timestamp"
        " timestamptz interval uuid json jsonb int4[] text[] timestamptz[] timetz name inet varbit macaddr"
    )
    assert {
        f"{name}-{format}" for name in everyday.split() for format in ("text", "binary")
    } <= LOADERS.keys()


#: Values of the types that the kernel's own tests have none of.
OWN_VALUES = {
    (0, "inet"): st.from_regex(rb"[0-9]{1,4}(\.[0-9]{0,3}){3}(/[0-9]{1,2})?", fullmatch=True)
    | st.ip_addresses().map(lambda address: str(address).encode()),
    (1, "inet"): st.builds(
        lambda head, address: bytes(head) + address,
        st.tuples(*map(st.sampled_from, ([2, 3, 4], [32, 128, 24, 129, 0], [0, 1], [4, 16]))),
        st.sampled_from([4, 16, 5]).flatmap(lambda size: st.binary(min_size=size, max_size=size)),
    ),
    (1, "bit"): st.builds(
        lambda length, bits: struct.pack("!i", length) + bits, st.integers(-1, 40), st.binary(max_size=5)
    ),
    (1, "macaddr"): st.binary(min_size=6, max_size=6),
    (1, "macaddr8"): st.binary(min_size=8, max_size=8),
}
VALUES = {**KERNEL_VALUES, **OWN_VALUES}


@pytest.mark.parametrize("loader", [pytest.param(loader, id=name) for name, loader in LOADERS.items()])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_loaders(loader: Loader, data: st.DataObject) -> None:
    values = VALUES.get((loader.format, loader.native or ""), st.nothing())
    check_same(loader, data.draw(values | st.binary(max_size=20)))


@pytest.mark.parametrize("loader", [pytest.param(loader, id=name) for name, loader in LOADERS.items()])
def test_values_of_a_wrong_size(loader: Loader) -> None:
    for size in range(18):
        check_same(loader, bytes(size))


@given(size=st.integers(-1, 5), count=st.integers(0, 5), tail=st.binary(max_size=3))
def test_arrays_of_int4(size: int, count: int, tail: bytes) -> None:
    data = struct.pack("!iiIii", 1, 0, 23, size, 1) + struct.pack("!ii", 4, 7) * count + tail
    check_same(LOADERS["int4[]-binary"], data)


@given(params=st.lists(objects, max_size=6), format=st.sampled_from(PyFormat))
@example(params=[[1, None, 70000], ["a", None], [], [[1.5], [2.5]]], format=PyFormat.AUTO)
def test_dumpers(params: list[Any], format: PyFormat) -> None:
    formats = [format] * len(params)
    assert encode(native_parameters, params, formats, ADAPTERS) == encode(
        parameters, params, formats, ADAPTERS
    )
