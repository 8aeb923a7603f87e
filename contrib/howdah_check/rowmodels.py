"""The classes whose objects rows become: which one a call uses, and its fields."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from howdah_check.modules import Module, Project
from howdah_check.statements import RowModel

__all__ = ["Field", "Fields", "fields_of", "result_annotation", "row_model"]

_FACTORIES = frozenset({"class_row", "kwargs_row", "args_row", "model_row"})
_DEPTH = 10
#: Pydantic's classes take no notice of what they have no field for.
_TOLERANT = frozenset({"BaseModel", "BaseSettings", "SQLModel"})


@dataclass(frozen=True)
class Field:
    """A field of a class.

    Attributes:
        name: its name.
        annotation: its annotation, None without one.
        module: the module with the annotation.
        required: whether it has no default.
        keyword_only: whether it is passed by name only.
    """

    name: str
    annotation: ast.expr | None
    module: Module
    required: bool
    keyword_only: bool = False


@dataclass(frozen=True)
class Fields:
    """The fields of a class.

    Attributes:
        fields: the fields by name, in their order.
        tolerant: whether there may be other columns.
    """

    fields: dict[str, Field]
    tolerant: bool = False


def row_model(node: ast.Call, module: Module, project: Project) -> RowModel | None:
    """Return the class of the rows of a call, None if it is not told.

    Args:
        node: the call of `execute` or the like.
        module: its module.
        project: the project.
    """
    factory = _keyword(node, "row_factory")
    if factory is None and isinstance(node.func, ast.Attribute):
        factory = _factory_of(node.func.value, module, project, node)
    if factory is None:
        return None
    owner = module
    if isinstance(factory, (ast.Name, ast.Attribute)):
        found = project.definition(factory, module)
        if found is None or len(found[2]) != 1 or found[2][0].value is None:
            return None
        owner, factory = found[0], found[2][0].value
    match factory:
        case ast.Call(func=function, args=[cls, *_]):
            name = owner.dotted(function).rpartition(".")[2]
            return RowModel(name, cls, owner) if name in _FACTORIES else None
    return None


def result_annotation(node: ast.Call, module: Module) -> ast.expr | None:
    """Return the annotation of what a call returns, where the result is assigned or returned at once."""
    parent = module.parents[node]
    if isinstance(parent, ast.Await):
        parent = module.parents[parent]
    match parent:
        case ast.AnnAssign(annotation=annotation):
            return annotation
        case ast.Return() if (function := module.function_of(parent)) is not None:
            return function.returns
    return None


def fields_of(model: RowModel, project: Project) -> Fields | None:
    """Return the fields of the class of the rows; None if they cannot be told."""
    found = project.class_of(model.cls, model.module)
    return None if found is None else _fields(*found, project, 0)


def _fields(module: Module, cls: ast.ClassDef, project: Project, depth: int) -> Fields | None:
    if depth > _DEPTH:
        return None
    fields: dict[str, Field] = {}
    tolerant = False
    generated = any(_is_dataclass(decorator, module) for decorator in cls.decorator_list)
    for base in reversed(cls.bases):
        owner = project.class_of(base, module)
        name = module.dotted(base).rpartition(".")[2]
        if owner is not None:
            inherited = _fields(*owner, project, depth + 1)
            if inherited is None:
                return None
            fields |= inherited.fields
            tolerant = tolerant or inherited.tolerant
            generated = True
        elif name in _TOLERANT:
            tolerant = generated = True
        elif name in ("NamedTuple", "TypedDict"):
            generated = True
        elif name not in ("object", "ABC", "Protocol", "Generic"):
            return None
    constructor = next((n for n in cls.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None)
    if constructor is not None:
        return _constructor_fields(constructor, module)
    if not generated:
        return None
    fields |= _class_fields(cls, module)
    return Fields(fields, tolerant)


def _class_fields(cls: ast.ClassDef, module: Module) -> dict[str, Field]:
    """Return the fields of a dataclass, a named tuple or a model."""
    found: dict[str, Field] = {}
    keyword_only = False
    for node in cls.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                kind = _outer_name(annotation, module)
                if kind == "KW_ONLY":
                    keyword_only = True
                elif kind != "ClassVar" and not _without_init(value):
                    required = value is None or (isinstance(value, ast.Call) and _is_required(value))
                    found[_alias(value) or name] = Field(name, annotation, module, required, keyword_only)
    return found


def _constructor_fields(function: ast.FunctionDef, module: Module) -> Fields:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    without = len(positional) - len(arguments.defaults)
    fields = {
        argument.arg: Field(argument.arg, argument.annotation, module, index < without)
        for index, argument in enumerate(positional)
        if index
    }
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        fields[argument.arg] = Field(argument.arg, argument.annotation, module, default is None, True)
    return Fields(fields, arguments.kwarg is not None)


def _factory_of(node: ast.expr, module: Module, project: Project, call: ast.Call) -> ast.expr | None:
    """Return the row factory of a cursor or a connection, None if it is not told."""
    for _ in range(_DEPTH):
        match node:
            case ast.Await(value=inner) | ast.NamedExpr(value=inner):
                node = inner
            case ast.Call():
                factory = _keyword(node, "row_factory")
                if factory is not None:
                    return factory
                if not isinstance(node.func, ast.Attribute):
                    return None
                node = node.func.value
            case ast.Name(id=name):
                value = _last_value(name, node, module, call)
                if value is None:
                    return None
                node = value
            case _:
                return None
    return None


def _last_value(name: str, node: ast.expr, module: Module, call: ast.Call) -> ast.expr | None:
    """Return what a name was assigned last before a call: by a `with` around it, or in an earlier line."""
    found = module.resolve(name, node)
    if found is None:
        return None
    around = set()
    parent: ast.AST | None = call
    while parent is not None:
        if isinstance(parent, (ast.With, ast.AsyncWith)):
            around.update(parent.items)
        parent = module.parents.get(parent)
    inside = [binding for binding in found[1] if binding.node in around]
    if inside:
        return inside[-1].value
    before = [b for b in found[1] if getattr(b.node, "lineno", 0) <= call.lineno]
    return before[-1].value if before else None


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def _is_dataclass(decorator: ast.expr, module: Module) -> bool:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    name = module.dotted(decorator)
    return name.rpartition(".")[2] == "dataclass" or name in (
        *("attr.s", "attr.define", "attr.frozen", "attr.mutable"),
        *("attrs.define", "attrs.frozen", "attrs.mutable"),
    )


def _outer_name(annotation: ast.expr, module: Module) -> str:
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value.partition("[")[0].rpartition(".")[2]
    return module.dotted(annotation).rpartition(".")[2]


def _without_init(value: ast.expr | None) -> bool:
    """Return whether a field is no argument of the constructor."""
    init = _keyword(value, "init") if isinstance(value, ast.Call) else None
    return isinstance(init, ast.Constant) and init.value is False


def _is_required(value: ast.Call) -> bool:
    """Return whether a default is a `field()` that has no default."""
    match value.func:
        case ast.Name(id=name) | ast.Attribute(attr=name) if name in ("field", "Field", "attrib", "ib"):
            pass
        case _:
            return False
    has_default = any(k.arg in ("default", "default_factory", "factory") for k in value.keywords)
    ellipsis = bool(value.args) and isinstance(value.args[0], ast.Constant) and value.args[0].value is ...
    return not has_default and (not value.args or ellipsis)


def _alias(value: ast.expr | None) -> str | None:
    """Return the alias of a field of a pydantic model."""
    if isinstance(value, ast.Call):
        for name in ("validation_alias", "alias"):
            alias = _keyword(value, name)
            if isinstance(alias, ast.Constant) and isinstance(alias.value, str):
                return alias.value
    return None
