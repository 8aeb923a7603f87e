"""The capabilities of a driver."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["Capabilities"]

#: The capabilities of the kernel itself, under psycopg's names.
KERNEL = {"cancel_safe": True, "hostaddr": True}


class Capabilities:
    """The capabilities of a driver, as properties.

    Besides those below there is a property `has_<feature>` for every capability
    that an installed plugin announces: True if the plugin is enabled, False if
    it is disabled. Any other name raises `AttributeError`.

    Args:
        flags: whether the driver has each capability, by name without `has_`.
    """

    __slots__ = ("_flags",)
    _flags: Mapping[str, bool]

    def __init__(self, flags: Mapping[str, bool]) -> None:
        object.__setattr__(self, "_flags", {"prepare": False, "pipeline": False, **KERNEL, **flags})

    @property
    def libpq_version(self) -> int:
        """The libpq version whose features the kernel supports; no libpq is loaded."""
        return 180000

    @property
    def has_prepare(self) -> bool:
        """Whether statements are prepared."""
        return self._flags["prepare"]

    @property
    def has_pipeline(self) -> bool:
        """Whether queries can be sent without waiting for the answers to earlier ones."""
        return self._flags["pipeline"]

    def __getattr__(self, name: str) -> bool:
        if name.startswith("_"):
            raise AttributeError(name)
        feature = name.removeprefix("has_")
        if feature != name and feature in self._flags:
            return self._flags[feature]
        known = ", ".join(f"has_{flag}" for flag in sorted(self._flags))
        raise AttributeError(f"no capability is called {name!r}; there are libpq_version, {known}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"capabilities cannot be set ({name!r}): plugins announce them")

    def __contains__(self, feature: object) -> bool:
        """Return whether the driver has a capability, named without `has_`."""
        return self._flags.get(feature, False) if isinstance(feature, str) else False

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *(f"has_{flag}" for flag in self._flags)]

    def __repr__(self) -> str:
        flags = " ".join(f"has_{flag}={value}" for flag, value in sorted(self._flags.items()))
        return f"<howdah.Capabilities libpq_version={self.libpq_version} {flags}>"
