"""The finder of the modules `psycopg` and `psycopg_pool`, and what loads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, DistributionFinder
from types import ModuleType
from typing import Any

from howdah.errors import NotSupportedError, PluginError
from howdah_psycopg.distribution import distributions
from howdah_psycopg.modules import LOADED_WITH, MODULES, NOT_SUPPORTED, PACKAGES, VERSIONS

__all__ = ["AliasFinder", "AliasLoader", "AliasModule"]


class AliasModule(ModuleType):
    """A module with the names of other modules.

    They are copied when the module is imported. One that could not be imported then, because its plugin is
    disabled, is looked up when it is used, which raises the plugin's error.
    """

    def __getattr__(self, name: str) -> Any:
        if f"{self.__name__}.{name}" in MODULES:
            return import_module(f"{self.__name__}.{name}")
        if not name.startswith("_"):
            for source, names in MODULES[self.__name__].items():
                origin = import_module(source)
                # Some modules have public names that are created on first use, and not in `__all__`.
                if name in names or (not names and hasattr(origin, name)):
                    value = getattr(origin, name)
                    setattr(self, name, value)
                    return value
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        submodules = (name.rpartition(".")[2] for name in MODULES if name.rpartition(".")[0] == self.__name__)
        return sorted({*vars(self), *submodules})


class AliasLoader(Loader):
    """Fills a module with the names that it re-exports."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the empty module."""
        return AliasModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Copy the names, and import the submodules that are loaded together with the module.

        Raises:
            ModuleNotFoundError: howdah has no counterpart of the module.
        """
        fullname = module.__name__
        if fullname in NOT_SUPPORTED:
            raise ModuleNotFoundError(
                f"howdah has no counterpart of {fullname}: {NOT_SUPPORTED[fullname]}", name=fullname
            )
        exported: list[str] = []
        namespace = vars(module)
        if fullname in VERSIONS:
            namespace["__version__"] = VERSIONS[fullname]
        for source, names in MODULES[fullname].items():
            origin = import_module(source)
            for name in names or _public(source):
                if name in namespace:
                    continue
                try:
                    namespace[name] = getattr(origin, name)
                except (NotSupportedError, PluginError):
                    continue
                if not name.startswith("_"):
                    exported.append(name)
        namespace["__all__"] = sorted(exported)
        for name in LOADED_WITH.get(fullname, ()):
            namespace[name] = import_module(f"{fullname}.{name}")


class AliasFinder(DistributionFinder):
    """Finds the modules `psycopg` and `psycopg_pool`, their submodules, and the metadata of both."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module, None for all others.

        Args:
            fullname: the name of the module.
            path: the path of its package; not used.
            target: the module that is loaded again; not used.
        """
        if fullname not in MODULES and fullname not in NOT_SUPPORTED:
            return None
        return ModuleSpec(fullname, AliasLoader(), origin="howdah", is_package=fullname in PACKAGES)

    def find_distributions(
        self,
        context: DistributionFinder.Context = DistributionFinder.Context(),  # noqa: B008
    ) -> Iterable[Distribution]:
        """Return the distributions that are looked for.

        Args:
            context: what is looked for.
        """
        return distributions(context)


def _public(source: str) -> list[str]:
    """Return the public names of a module."""
    module = import_module(source)
    names: list[str] | None = getattr(module, "__all__", None)
    return [name for name in vars(module) if not name.startswith("_")] if names is None else names
