"""Malformed values raise `DataError`, and need no more memory than their size."""

from __future__ import annotations

import struct

import pytest

import howdah

JUNK = (
    b"",
    b"\0",
    b"[",
    b"[1,",
    b"{1:2",
    b"{1:x}/3",
    b"{x:1}/y",
    b"\xff" * 8,
    b"\x7f\xff\xff\xff" * 5,
    bytes(7),
)


def refused(loader, data):
    try:
        loader.load(data)
    except howdah.DataError:
        return True
    return False


@pytest.mark.parametrize("data", JUNK)
def test_vectors(data):
    from howdah_pgvector.loading import LIST_LOADERS, LOADERS

    for loaders in (LOADERS, LIST_LOADERS):
        for classes in loaders.values():
            for cls in classes:
                refused(cls(0), data)  # nothing else is raised


@pytest.mark.parametrize(
    "data",
    [
        b"",
        struct.pack("!iiI", -1, 0, 23),
        struct.pack("!iiI", 0x7FFFFFFF, 0, 23),
        struct.pack("!iiIii", 1, 1, 23, 0x7FFFFFFF, 1),
        struct.pack("!iiIiiii", 2, 1, 23, 0x7FFFFFFF, 1, 0x7FFFFFFF, 1),
        struct.pack("!iiIii", 1, 0, 23, 0, 1),
        struct.pack("!iiIiii", 1, 0, 23, 1, 1, 4) + b"\0\0",
    ],
)
def test_numpy_arrays(data):
    pytest.importorskip("numpy")
    from howdah_numpy.loading import register_loaders

    adapters = howdah.adapt.AdaptersMap(howdah.default_driver().adapters)
    register_loaders(adapters)
    loader = adapters.get_loader(1007, howdah.pq.Format.BINARY)(1007)
    assert refused(loader, data)


def test_ragged_numpy_arrays():
    pytest.importorskip("numpy")
    from howdah_numpy.loading import register_loaders

    adapters = howdah.adapt.AdaptersMap(howdah.default_driver().adapters)
    register_loaders(adapters)
    loader = adapters.get_loader(1007, howdah.pq.Format.TEXT)(1007)
    assert refused(loader, b"{{1},{2,3}}")
