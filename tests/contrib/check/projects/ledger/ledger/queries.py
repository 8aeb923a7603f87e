"""Reads the queries in the .sql files."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parents[1] / "queries"
_PARAMETER = re.compile(r"(?<!:):([a-z]+)\b")


def load(name: str) -> dict[str, str]:
    """Return the queries of a file by name, with numbered parameters."""
    found = {}
    for part in (_FOLDER / f"{name}.sql").read_text().split("-- name: ")[1:]:
        title, _, text = part.partition("\n")
        names = list(dict.fromkeys(_PARAMETER.findall(text)))
        for number, parameter in enumerate(names, 1):
            text = re.sub(rf"(?<!:):{parameter}\b", f"${number}", text)
        found[re.sub(r"\W+$", "", title)] = text.partition("\\")[0].rstrip().rstrip(";")
    return found
