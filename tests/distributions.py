"""Distributions as pip installs them: packages with their metadata, on `sys.path`."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Site"]


class Site:
    """A directory that distributions are installed into.

    Args:
        path: the directory; it is on `sys.path`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.modules: list[str] = []

    def install(
        self,
        name: str,
        version: str = "1.0",
        *,
        modules: Mapping[str, str],
        plugins: Mapping[str, str] = {},
        provides: Mapping[str, str] = {},
    ) -> None:
        """Install a distribution.

        Args:
            name: its name.
            version: its version.
            modules: source text by module name.
            plugins: entry points of the group `howdah`.
            provides: entry points of the group `howdah.provides`.
        """
        for module, source in modules.items():
            (self.path / f"{module}.py").write_text(textwrap.dedent(source))
            self.modules.append(module)
        info = self.path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        groups = {"howdah": plugins, "howdah.provides": provides}
        (info / "entry_points.txt").write_text(
            "".join(
                f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
                for group, points in groups.items()
            )
        )
        importlib.invalidate_caches()

    def forget(self) -> None:
        """Unload the modules, so that the next import runs them again."""
        for module in self.modules:
            sys.modules.pop(module, None)
