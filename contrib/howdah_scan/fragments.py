"""Conditions in SQL with their parameters, and statements that are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from howdah.errors import ProgrammingError

__all__ = ["Fragment", "joined"]


@dataclass(frozen=True, repr=False)
class Fragment:
    """A piece of SQL with the parameters of its placeholders.

    Args:
        text: the SQL.
        params: the parameters; None if it has no placeholders, and `%` is just a character.
    """

    text: str
    params: Sequence[Any] | Mapping[str, Any] | None = None

    def escaped(self) -> str:
        """Return the text for a statement with placeholders."""
        return self.text.replace("%", "%%") if self.params is None else self.text


def joined(fragments: Sequence[Fragment]) -> tuple[str, Any]:
    """Return the statement that fragments make one after another, and its parameters.

    Args:
        fragments: the fragments, in the order of the statement.

    Raises:
        howdah.ProgrammingError: some have placeholders with names, and some have others.
    """
    given = [fragment.params for fragment in fragments if fragment.params is not None]
    if not given:
        return "".join(fragment.text for fragment in fragments), None
    text = "".join(fragment.escaped() for fragment in fragments)
    if all(isinstance(params, Mapping) for params in given):
        return text, _merged(given)
    if any(isinstance(params, Mapping) for params in given):
        raise ProgrammingError(
            "the scan has placeholders with names and without: write all as %s, or all as %(name)s"
        )
    return text, [value for params in given for value in params]


def _merged(given: Sequence[Any]) -> dict[str, Any]:
    """Return the named parameters of fragments; the same fragment may be there twice."""
    named: dict[str, Any] = {}
    for params in given:
        if any(name in named and named[name] is not value for name, value in params.items()):
            raise ProgrammingError("two conditions have parameters of the same name: rename those of one")
        named |= params
    return named
