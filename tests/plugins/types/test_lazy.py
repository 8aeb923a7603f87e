"""The table of modules that are imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

import howdah_types
from howdah.adapt import AdaptersMap
from howdah_types.oids import register_types


class Noted(AdaptersMap):
    """Adapters that note what is registered on them."""

    def __init__(self) -> None:
        super().__init__()
        self.noted: tuple[set[str], set[str]] = (set(), set())

    def register_dumper(self, cls: Any, dumper: Any) -> None:
        if cls is not None:
            self.noted[0].add(cls if isinstance(cls, str) else f"{cls.__module__}.{cls.__qualname__}")
        elif dumper.oid:
            self.noted[1].add(self.types[dumper.oid].name)

    def register_loader(self, oid: Any, loader: Any) -> None:
        self.noted[1].add(oid if isinstance(oid, str) else self.types[oid].name)


@pytest.mark.parametrize("name", howdah_types._LATER)
def test_each_module_has_what_the_table_says(name: str) -> None:
    adapters = Noted()
    register_types(adapters.types)
    import_module(f"howdah_types.{name}").register_adapters(adapters)
    classes, types = howdah_types._LATER[name]
    assert adapters.noted[0] == {*classes.split()}
    assert adapters.noted[1] - {*types.split()} == set()
