"""The Python modules of a project, read but never imported: scopes, names and what is bound to them."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from howdah_check.ignoring import ignores_in

__all__ = ["SCOPES", "Binding", "Module", "Project", "Scope"]

Scope: TypeAlias = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
#: The nodes of scopes.
SCOPES = (ast.Module, ast.ClassDef, *_FUNCTIONS)


@dataclass(frozen=True)
class Binding:
    """What a name is bound to in one place.

    Attributes:
        node: the statement, or the argument.
        value: the expression that is assigned, None if it cannot be told.
        annotation: the annotation, None without one.
        imported: the module and the name in it, None if it is not an import; an empty name is the module.
        level: how many dots the import begins with.
    """

    node: ast.AST
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    imported: tuple[str, str] | None = None
    level: int = 0


@dataclass(eq=False)
class Module:
    """A module.

    Attributes:
        path: its file.
        text: its source.
        tree: the syntax tree.
        parts: its dotted name as far as the path tells, the package's for `__init__`.
        used: the names that queries use, as (scope, name).
    """

    path: Path
    text: str
    tree: ast.Module
    parts: tuple[str, ...]
    used: set[tuple[Scope, str]] = field(default_factory=set)

    @cached_property
    def lines(self) -> list[str]:
        """The lines, with their ends."""
        return self.text.splitlines(keepends=True)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def ignores(self) -> dict[int, frozenset[str]]:
        """What comments ignore, by line."""
        found = {}
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT and (codes := ignores_in(token.string)) is not None:
                found[token.start[0]] = codes
        return found

    @cached_property
    def _bindings(self) -> dict[Scope, dict[str, list[Binding]]]:
        return {}

    def bindings(self, scope: Scope) -> dict[str, list[Binding]]:
        """Return what the names of a scope are bound to, in the order of the source."""
        found = self._bindings.get(scope)
        if found is None:
            found = {}
            for name, binding in _bound_in(scope):
                found.setdefault(name, []).append(binding)
            self._bindings[scope] = found
        return found

    @cached_property
    def _scopes(self) -> dict[ast.AST, Scope]:
        """The innermost scope that each node is in; annotations and decorators are not in their function."""
        found: dict[ast.AST, Scope] = {}
        waiting: list[tuple[ast.AST, Scope]] = [(self.tree, self.tree)]
        while waiting:
            node, scope = waiting.pop()
            inside = {id(child) for child in _body(node)} if isinstance(node, SCOPES) else set()
            for child in ast.iter_child_nodes(node):
                found[child] = node if isinstance(node, SCOPES) and id(child) in inside else scope
                waiting.append((child, found[child]))
        return found

    def scope_of(self, node: ast.AST) -> Scope:
        """Return the innermost scope that a node is in."""
        return self._scopes.get(node, self.tree)

    def adopt(self, node: ast.AST, other: ast.AST) -> None:
        """Let the names in a node that is not of the tree be seen from where another one is."""
        for child in ast.walk(node):
            self._scopes[child] = self.scope_of(other)

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class that a node is in, None without any."""
        return next((scope for scope in self._around(node) if isinstance(scope, ast.ClassDef)), None)

    def function_of(self, node: ast.AST) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """Return the innermost function that a node is in, None without any."""
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        return next((scope for scope in self._around(node) if isinstance(scope, functions)), None)

    def _around(self, node: ast.AST) -> Iterator[Scope]:
        """Yield the scopes that a node is in, from the inside, but for the module's."""
        while (scope := self.scope_of(node)) is not self.tree:
            yield scope
            node = scope

    def resolve(self, name: str, node: ast.AST) -> tuple[Scope, list[Binding]] | None:
        """Return the scope that a name is bound in, as seen from a node, and its bindings."""
        scope = self.scope_of(node)
        innermost = True
        while True:
            # The names of a class are not seen in its methods.
            if innermost or not isinstance(scope, ast.ClassDef):
                found = self.bindings(scope).get(name)
                if found:
                    return scope, found
            if scope is self.tree:
                return None
            innermost = False
            scope = self.scope_of(scope)

    def dotted(self, node: ast.expr) -> str:
        """Return the dotted name of an expression by the imports, as `datetime.date`; empty without one."""
        match node:
            case ast.Name(id=name):
                found = self.resolve(name, node)
                if found is None:
                    return name
                imported = found[1][-1].imported
                if imported is None:
                    return name
                return ".".join(filter(None, imported))
            case ast.Attribute(value=value, attr=attribute):
                owner = self.dotted(value)
                return f"{owner}.{attribute}" if owner else ""
        return ""


class Project:
    """The modules of a project.

    Args:
        modules: the modules.
    """

    def __init__(self, modules: list[Module]) -> None:
        self.modules = modules
        self._resolving: set[ast.expr] = set()
        self._by_name: dict[str, list[Module]] = {}
        for module in modules:
            if module.parts:
                self._by_name.setdefault(module.parts[-1], []).append(module)

    def find(self, name: str, level: int, importer: Module) -> Module | None:
        """Return the module that an import finds, None if it is not one of the project.

        Args:
            name: the dotted name.
            level: how many dots it begins with.
            importer: the module with the import.
        """
        parts = tuple(filter(None, name.split(".")))
        if level:
            package = importer.parts if importer.path.stem == "__init__" else importer.parts[:-1]
            parts = (*package[: len(package) - level + 1], *parts)
        if not parts:
            return None
        candidates = [
            module
            for module in self._by_name.get(parts[-1], ())
            if module.parts == parts or (not level and module.parts[-len(parts) :] == parts)
        ]
        return min(candidates, key=lambda module: len(module.parts), default=None)

    def follow(self, binding: Binding, module: Module) -> tuple[Module, str] | None:
        """Return the module and the name that an import is of; None if it is outside of the project."""
        if binding.imported is None:
            return None
        name, attribute = binding.imported
        if attribute:
            whole = self.find(f"{name}.{attribute}" if name else attribute, binding.level, module)
            if whole is not None:
                return whole, ""
        found = self.find(name, binding.level, module)
        return None if found is None else (found, attribute)

    def definition(self, node: ast.expr, module: Module) -> tuple[Module, Scope, list[Binding]] | None:
        """Return where a name or an attribute is bound, and what to; None if that cannot be told."""
        if node in self._resolving:  # it is defined by itself
            return None
        self._resolving.add(node)
        try:
            return self._definition(node, module)
        finally:
            self._resolving.remove(node)

    def _definition(self, node: ast.expr, module: Module) -> tuple[Module, Scope, list[Binding]] | None:
        match node:
            case ast.Name(id=name):
                found = module.resolve(name, node)
                return None if found is None else self._through_imports(module, found[0], name, found[1])
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name):
                owner = module.class_of(node)
                return None if owner is None else self._member(module, owner, name)
            case ast.Attribute(value=value, attr=name):
                return self._attribute(value, name, module)
        return None

    def class_of(self, node: ast.expr, module: Module) -> tuple[Module, ast.ClassDef] | None:
        """Return the class that an expression names, None if it is not one of the project."""
        found = self.definition(node, module)
        if found is not None and isinstance(cls := found[2][-1].node, ast.ClassDef):
            return found[0], cls
        return None

    def _through_imports(
        self, module: Module, scope: Scope, name: str, bindings: list[Binding], depth: int = 0
    ) -> tuple[Module, Scope, list[Binding]] | None:
        module.used.add((scope, name))
        target = self.follow(bindings[-1], module)
        if target is None or not target[1] or depth > 10:
            return module, scope, bindings
        other, attribute = target
        found = other.bindings(other.tree).get(attribute)
        if not found:
            return None
        return self._through_imports(other, other.tree, attribute, found, depth + 1)

    def _attribute(
        self, value: ast.expr, name: str, module: Module
    ) -> tuple[Module, Scope, list[Binding]] | None:
        owner = self.class_of(value, module)
        if owner is not None:
            return self._member(*owner, name)
        other = self._module(value, module)
        if other is None or not (found := other.bindings(other.tree).get(name)):
            return None
        return self._through_imports(other, other.tree, name, found)

    def _module(self, node: ast.expr, module: Module) -> Module | None:
        """Return the module that an expression names."""
        if isinstance(node, ast.Name):
            found = module.resolve(node.id, node)
            target = None if found is None else self.follow(found[1][-1], module)
            return target[0] if target is not None and not target[1] else None
        dotted = module.dotted(node)
        return self.find(dotted, 0, module) if dotted else None

    def _member(
        self, module: Module, cls: ast.ClassDef, name: str, depth: int = 0
    ) -> tuple[Module, Scope, list[Binding]] | None:
        found = module.bindings(cls).get(name)
        if found:
            module.used.add((cls, name))
            return module, cls, found
        for base in cls.bases if depth < 10 else ():
            owner = self.class_of(base, module)
            if owner is not None and (member := self._member(*owner, name, depth + 1)) is not None:
                return member
        return None


def _bound_in(scope: Scope) -> Iterator[tuple[str, Binding]]:
    if isinstance(scope, _FUNCTIONS):
        arguments = scope.args
        for argument in (
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            *filter(None, (arguments.vararg, arguments.kwarg)),
        ):
            starred = argument in (arguments.vararg, arguments.kwarg)
            yield argument.arg, Binding(argument, annotation=None if starred else argument.annotation)
    for node in _nodes_of(scope):
        yield from _bound_by(node)


def _nodes_of(scope: Scope) -> Iterator[ast.AST]:
    """Yield the nodes of a scope, without those of the scopes in it."""
    waiting: list[ast.AST] = list(reversed(_body(scope)))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, SCOPES):
            waiting += reversed([*ast.iter_child_nodes(node)])


def _body(scope: Scope) -> Sequence[ast.AST]:
    return [scope.body] if isinstance(scope, ast.Lambda) else scope.body


def _bound_by(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _targets(target, node, value)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            yield name, Binding(node, value, annotation)
        case ast.NamedExpr(target=ast.Name(id=name), value=value):
            yield name, Binding(node, value)
        case ast.AugAssign() | ast.For() | ast.AsyncFor():
            yield from _targets(node.target, node, None)
        case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
            yield from _targets(target, node, value)
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.name, Binding(node)
            # What a function in it assigns to a name of this scope.
            for inner in ast.walk(node):
                if isinstance(inner, (ast.Nonlocal, ast.Global)):
                    yield from ((name, Binding(inner)) for name in inner.names)
        case ast.Import() | ast.ImportFrom():
            yield from _imported_by(node)
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
            yield name, Binding(node)
        case ast.comprehension(target=target):  # its names are those of a scope of its own, seen from there
            yield from _targets(target, node, None)


def _imported_by(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Binding]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            imported = (node.module or "", alias.name)
            yield alias.asname or alias.name, Binding(node, imported=imported, level=node.level)
        else:
            module = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or module, Binding(node, imported=(module, ""))


def _targets(target: ast.expr, node: ast.AST, value: ast.expr | None) -> Iterator[tuple[str, Binding]]:
    if isinstance(target, ast.Name):
        yield target.id, Binding(node, value)
    elif isinstance(target, ast.Starred):
        yield from _targets(target.value, node, None)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from _targets(element, node, None)
