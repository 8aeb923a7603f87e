"""The statements that are found in a project, and what is said of them."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from howdah_check.modules import Module
from howdah_check.texts import Place, Text

__all__ = ["Arguments", "Fault", "Found", "RowModel", "Statement", "Unchecked", "is_ignored"]


@dataclass(frozen=True)
class Arguments:
    """The parameters that a call passes.

    Attributes:
        given: whether it passes any; without them, a percent sign in the query has no meaning.
        values: their expressions, None if they are not listed in the call.
        named: their expressions by name, None if they are not listed in the call.
        alternative: what they are if the only one is the list of the parameters, as for a raw cursor.
        unlisted: the expression in place of a list or dictionary of parameters, None if there is none.
    """

    given: bool = False
    values: Sequence[ast.expr] | None = None
    named: Mapping[str, ast.expr] | None = None
    alternative: Sequence[ast.expr] | None = None
    unlisted: ast.expr | None = None


@dataclass(frozen=True)
class RowModel:
    """The class whose objects the rows become.

    Attributes:
        factory: the name of the row factory.
        cls: the expression of the class.
        module: the module with the expression.
    """

    factory: str
    cls: ast.expr
    module: Module


@dataclass
class Statement:
    """A statement of a project.

    Attributes:
        text: the statement as the server gets it, with `$1` placeholders.
        place: where it is.
        label: what it is called in stubs.
        names: the names of its parameters, empty if they are positional.
        casts: the numbers of the parameters that have a cast in the statement, from 0.
        adapts: whether the driver sends parameters with the types of their values.
        module: the module with the call, None for a statement of an .sql file.
        call: where the statement is used, None if that is where it is.
        arguments: the parameters that the call passes.
        model: the class of the rows, None if it is not told.
        single: the annotation of what the only column becomes, None without one.
        ignores: the codes that comments ignore, an empty set for all; None if they ignore nothing.
    """

    text: Text
    place: Place
    label: str = ""
    names: Sequence[str] = ()
    casts: frozenset[int] = frozenset()
    adapts: bool = True
    module: Module | None = None
    call: Place | None = None
    arguments: Arguments = field(default_factory=Arguments)
    model: RowModel | None = None
    single: ast.expr | None = None
    ignores: frozenset[str] | None = None

    @property
    def used(self) -> Place:
        """Where the statement is used."""
        return self.call or self.place

    def parameter(self, number: int) -> str:
        """Return what a parameter is called in messages.

        Args:
            number: its number, from 0.
        """
        return f"parameter {self.names[number]!r}" if self.names else f"parameter {number + 1}"


@dataclass(frozen=True)
class Fault:
    """What is wrong with a statement.

    Attributes:
        place: where.
        code: the kind of fault.
        message: the server's message, or ours.
        details: what else the server says, each with what it is.
        sqlstate: the server's SQLSTATE, None for what the server did not find.
    """

    place: Place
    code: str
    message: str
    details: Sequence[tuple[str, str]] = ()
    sqlstate: str | None = None


@dataclass(frozen=True)
class Unchecked:
    """What was not checked, or not completely.

    Attributes:
        place: where.
        kind: `dynamic`, `syntax only`, `unreadable` or `model`.
        reason: why.
    """

    place: Place
    kind: str
    reason: str


@dataclass
class Found:
    """What a project contains.

    Attributes:
        statements: the statements.
        faults: what is wrong before a server is asked.
        unchecked: what cannot be checked.
        files: how many files were read.
        ignored: how many faults comments ignore.
    """

    statements: list[Statement] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    files: int = 0
    ignored: int = 0

    def add_fault(self, fault: Fault, ignores: frozenset[str] | None) -> None:
        """Add a fault, unless comments ignore it.

        Args:
            fault: the fault.
            ignores: the codes that comments ignore, an empty set for all; None if they ignore nothing.
        """
        if is_ignored(fault, ignores):
            self.ignored += 1
        else:
            self.faults.append(fault)


def is_ignored(fault: Fault, ignores: frozenset[str] | None) -> bool:
    """Return whether comments ignore a fault.

    Args:
        fault: the fault.
        ignores: the codes that they ignore, an empty set for all; None if they ignore nothing.
    """
    return ignores is not None and (not ignores or fault.code in ignores)
