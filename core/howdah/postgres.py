"""The types and adapters of the default driver, which every connection starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.framework.driver import default_driver_for

if TYPE_CHECKING:
    from howdah.adapt import AdaptersMap, TypesRegistry

    adapters: AdaptersMap
    types: TypesRegistry

__all__ = ["adapters", "types"]


if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names

    def __getattr__(name: str) -> Any:
        if name == "adapters":
            return default_driver_for("howdah.postgres.adapters").adapters
        if name == "types":
            return default_driver_for("howdah.postgres.types").adapters.types
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
