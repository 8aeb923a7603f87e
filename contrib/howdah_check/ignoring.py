"""Comments that ignore faults: `# howdah: ignore`, `-- howdah: ignore[sql, types]`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from howdah_check.lexing import tokens

__all__ = ["ignores_in", "ignores_in_sql", "merged"]

_IGNORE = re.compile(r"(?:#|--|/\*)\s*howdah:\s*ignore\b(?:\[([\w\s,-]*)\])?")


def ignores_in(comment: str) -> frozenset[str] | None:
    """Return the codes that a comment ignores, an empty set for all; None if it ignores nothing."""
    match = _IGNORE.search(comment)
    if match is None:
        return None
    return frozenset(code.strip() for code in (match[1] or "").split(",") if code.strip())


def ignores_in_sql(text: str) -> list[frozenset[str]]:
    """Return what each comment in SQL ignores."""
    found = [ignores_in(token.text) for token in tokens(text) if token.kind == "comment"]
    return [codes for codes in found if codes is not None]


def merged(found: Sequence[frozenset[str]]) -> frozenset[str] | None:
    """Return all codes that are ignored; an empty set, which stands for all codes, absorbs the others."""
    if not found:
        return None
    return frozenset[str]().union(*found) if all(found) else frozenset()
