"""Docstrings have one style: the rules that ruff does not check."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import howdah
from howdah import errors

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for top in ("core", "plugins", "contrib") for path in (ROOT / top).rglob("*.py"))

SECTIONS = {"Args", "Attributes", "Raises", "Returns", "Yields"}
#: The words that entries begin with in lower case: others may be names.
PLAIN = re.compile(r"(A|An|How|If|It|Its|The|There|What|When|Where|Whether)\b")


def sections(path: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the sections of a module's docstrings: what they describe, their titles and their entries."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        where = f"{path.relative_to(ROOT)}: {getattr(node, 'name', 'the module')}"
        docstring = ast.get_docstring(node) or ""
        for match in re.finditer(r"^([A-Z]\w+):\n((?: .*\n?|\n)+)", docstring, re.MULTILINE):
            entries = re.findall(r"^    (?! )(.+)", match[2], re.MULTILINE)
            yield where, match[1], entries


def is_well_named(name: str) -> bool:
    """Return whether an error is called by its public name, if it has one."""
    if name.startswith("howdah.errors."):
        return hasattr(errors, name.rpartition(".")[2])
    if name.startswith("howdah."):
        return hasattr(howdah, name.rpartition(".")[2])
    return "." in name or hasattr(builtins, name) or name not in howdah.__all__


def test_sections_are_those_of_the_style():
    found = [(where, title) for path in MODULES for where, title, _ in sections(path)]
    assert len(found) > 500
    assert [each for each in found if each[1] not in SECTIONS] == []


def test_raises_gives_public_names():
    names = [
        (where, name)
        for path in MODULES
        for where, title, entries in sections(path)
        if title == "Raises"
        for entry in entries
        for name in entry.partition(": ")[0].split(", ")
    ]
    assert [each for each in names if not is_well_named(each[1])] == []


def test_entries_are_written_alike():
    odd = []
    for path in MODULES:
        for where, title, entries in sections(path):
            if title in ("Returns", "Yields"):
                odd += [(where, entries[0])] if entries[0][0].islower() else []
            else:
                texts = [entry.partition(": ")[2] for entry in entries]
                odd += [(where, text) for text in texts if PLAIN.match(text)]
                odd += [(where, text) for text in texts if title == "Raises" and text.startswith("if ")]
    assert odd == []
