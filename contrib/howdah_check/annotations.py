"""Python types: what annotations and expressions say, without importing anything."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

from howdah_check.modules import Module, Project

__all__ = ["ANYTHING", "PyType", "annotated", "type_of"]

#: The types that are compared, by their dotted names.
_KNOWN = frozenset(
    {
        *("int", "str", "bool", "float", "bytes", "decimal.Decimal", "uuid.UUID"),
        *("datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta"),
    }
)
_SEQUENCES = frozenset(
    f"{prefix}{name}"
    for prefix in ("", "typing.", "collections.abc.")
    for name in ("list", "List", "Sequence", "MutableSequence", "Iterable", "Collection")
)
_TUPLES = frozenset({"tuple", "typing.Tuple"})
_TRANSPARENT = frozenset({"Annotated", "Required", "NotRequired", "ReadOnly", "Final", "Mapped", "InitVar"})
#: The types of calls, by the function's dotted name.
_CALLS = {
    **{name: name for name in _KNOWN},
    "len": "int",
    "tuple": "tuple",
    "uuid.uuid4": "uuid.UUID",
    "uuid.uuid1": "uuid.UUID",
    "datetime.datetime.now": "datetime.datetime",
    "datetime.datetime.utcnow": "datetime.datetime",
    "datetime.date.today": "datetime.date",
}
_DEPTH = 12


class PyType(NamedTuple):
    """A Python type, as far as it matters here.

    Attributes:
        names: the dotted names of the alternatives; empty if it is not known which they are.
        nullable: whether None is one, None if it is not known.
        element: the type of the elements, if the alternative is a list.
    """

    names: frozenset[str] = frozenset()
    nullable: bool | None = None
    element: PyType | None = None

    def __str__(self) -> str:
        parts = sorted(name.rpartition(".")[2] for name in self.names)
        if self.element is not None:
            parts = [f"list[{self.element}]"]
        return " | ".join([*(parts or ["Any"]), *(["None"] if self.nullable else [])])


ANYTHING = PyType()


def annotated(node: ast.expr, module: Module, project: Project, depth: int = 0) -> PyType:
    """Return the type that an annotation stands for.

    Args:
        node: the annotation.
        module: its module.
        project: the project, for aliases from other modules.
        depth: how many annotations lead to it.
    """
    if depth > _DEPTH:
        return ANYTHING
    match node:
        case ast.Constant(value=None):
            return PyType(nullable=True)
        case ast.Constant(value=str(text)):
            return _quoted(text, node, module, project, depth)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union(
                [annotated(side, module, project, depth + 1) for side in (left, right)], (left, right)
            )
        case ast.Subscript(value=value, slice=inner):
            return _subscripted(module.dotted(value), inner, module, project, depth + 1)
        case ast.Name() | ast.Attribute():
            return _named(node, module, project, depth + 1)
    return ANYTHING


def type_of(node: ast.expr, module: Module, project: Project) -> PyType:
    """Return the type of an expression, as far as annotations and literals tell.

    Args:
        node: the expression.
        module: its module.
        project: the project.
    """
    match node:
        case ast.Constant(value=None):
            return PyType(nullable=True)
        case ast.Constant(value=value):
            return PyType(frozenset({type(value).__name__} & _KNOWN), False)
        case ast.JoinedStr():
            return PyType(frozenset({"str"}), False)
        case ast.List(elts=elements):
            types = {type_of(element, module, project) for element in elements}
            return PyType(frozenset({"list"}), False, types.pop() if len(types) == 1 else ANYTHING)
        case ast.Tuple():
            return PyType(frozenset({"tuple"}), False)
        case ast.Call(func=function):
            name = _CALLS.get(module.dotted(function))
            return ANYTHING if name is None else PyType(frozenset({name}), False)
        case ast.Name():
            return _variable(node, module, project)
        case ast.Attribute(value=ast.Name() as owner, attr=attribute):
            return _attribute(owner, attribute, module, project)
    return ANYTHING


def _variable(node: ast.Name, module: Module, project: Project) -> PyType:
    """Return the type of a variable that is annotated, or assigned once."""
    found = module.resolve(node.id, node)
    # With several assignments, the type depends on which was the last.
    if found is None or len(found[1]) != 1:
        return ANYTHING
    binding = found[1][0]
    if binding.annotation is not None:
        return annotated(binding.annotation, module, project)
    if isinstance(binding.node, ast.Assign) and isinstance(
        binding.value, (ast.Constant, ast.Call, ast.Tuple)
    ):
        return type_of(binding.value, module, project)
    return ANYTHING


def _attribute(owner: ast.Name, attribute: str, module: Module, project: Project) -> PyType:
    """Return the type of an attribute of an object whose class is annotated."""
    found = module.resolve(owner.id, owner)
    if found is None or len(found[1]) != 1 or (annotation := found[1][0].annotation) is None:
        return ANYTHING
    cls = project.class_of(annotation, module)
    bindings = [] if cls is None else cls[0].bindings(cls[1]).get(attribute, [])
    if cls is None or len(bindings) != 1 or (declared := bindings[0].annotation) is None:
        return ANYTHING
    return annotated(declared, cls[0], project)


def _quoted(text: str, node: ast.expr, module: Module, project: Project, depth: int) -> PyType:
    try:
        inner = ast.parse(text, mode="eval").body
    except SyntaxError:
        return ANYTHING
    module.adopt(inner, node)
    return annotated(inner, module, project, depth + 1)


def _subscripted(name: str, inner: ast.expr, module: Module, project: Project, depth: int) -> PyType:
    last = name.rpartition(".")[2]
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if last == "Optional":
        return _union([annotated(inner, module, project, depth), PyType(nullable=True)], (inner, None))
    if last == "Union":
        return _union([annotated(part, module, project, depth) for part in parts], parts)
    if last in _TRANSPARENT:
        return annotated(parts[0], module, project, depth)
    if last == "Literal":
        return _union([type_of(part, module, project) for part in parts], parts)
    if name in _SEQUENCES:
        return PyType(frozenset({"list"}), False, annotated(inner, module, project, depth))
    if name in _TUPLES:
        return PyType(frozenset({"tuple"}), False)
    return PyType(nullable=False) if name in ("dict", "set", "frozenset") else ANYTHING


def _named(node: ast.Name | ast.Attribute, module: Module, project: Project, depth: int) -> PyType:
    name = module.dotted(node)
    found = project.definition(node, module)
    if found is None or found[2][-1].imported is not None:
        if name in _KNOWN:
            return PyType(frozenset({name}), False)
        if name in _TUPLES:
            return PyType(frozenset({"tuple"}), False)
        return PyType(frozenset({"list"}), False, ANYTHING) if name in _SEQUENCES else ANYTHING
    owner, _, bindings = found
    binding = bindings[-1]
    if isinstance(binding.node, ast.ClassDef):
        return PyType(nullable=False)
    match binding.value:
        case None:
            return ANYTHING
        case ast.Call(func=function, args=[_, base]) if owner.dotted(function).endswith("NewType"):
            return annotated(base, owner, project, depth)
        case value:
            return annotated(value, owner, project, depth)


def _union(types: Iterable[PyType], nodes: Iterable[ast.expr | None]) -> PyType:
    names: frozenset[str] = frozenset()
    element: PyType | None = None
    known = True
    nullable: bool | None = False
    for found, node in zip(types, nodes, strict=True):
        is_none = node is None or (isinstance(node, ast.Constant) and node.value is None)
        if is_none or found.nullable:
            nullable = True
        elif found.nullable is None and nullable is False:
            nullable = None
        if not is_none:
            known = known and bool(found.names)
            names |= found.names
            element = element or found.element
    return PyType(names if known else frozenset(), nullable, element if known else None)
