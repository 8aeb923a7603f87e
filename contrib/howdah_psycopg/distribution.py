"""The metadata of the distributions `psycopg` and `psycopg-pool`, for programs that ask for versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, DistributionFinder
from os import PathLike
from pathlib import Path

__all__ = ["POOL_VERSION", "PSYCOPG_VERSION", "AliasDistribution", "distributions"]

#: The releases whose interface and behaviour howdah has.
PSYCOPG_VERSION = "3.3.9"
POOL_VERSION = "3.3.3"


class AliasDistribution(Distribution):
    """A distribution that is not installed.

    Args:
        name: its name.
        module: the module that it has.
        version: its version.
    """

    def __init__(self, name: str, module: str, version: str) -> None:
        metadata = (
            "Metadata-Version: 2.1",
            f"Name: {name}",
            f"Version: {version}",
            f"Summary: howdah under the name {module}",
        )
        self._files = {"METADATA": "\n".join([*metadata, ""]), "top_level.txt": f"{module}\n"}

    def read_text(self, filename: str | PathLike[str]) -> str | None:
        """Return the text of a file of the metadata, None if there is no such file."""
        return self._files.get(str(filename))

    def locate_file(self, path: str | PathLike[str]) -> Path:
        """Return where a file of the distribution would be: in howdah."""
        return Path(__file__).parent / path


_DISTRIBUTIONS = {
    "psycopg": AliasDistribution("psycopg", "psycopg", PSYCOPG_VERSION),
    "psycopg_pool": AliasDistribution("psycopg-pool", "psycopg_pool", POOL_VERSION),
}


def distributions(context: DistributionFinder.Context) -> Iterator[Distribution]:
    """Yield the distributions with the name that is looked for; all of them if there is none.

    Args:
        context: what is looked for.
    """
    wanted = None if context.name is None else re.sub("[-_.]+", "_", context.name).lower()
    for name, distribution in _DISTRIBUTIONS.items():
        if wanted is None or wanted == name:
            yield distribution
