"""The SQL that an expression stands for, as far as it is static."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, ClassVar

from howdah import sql
from howdah_check.literals import LiteralOrigin
from howdah_check.modules import Module, Project
from howdah_check.texts import Piece, Text

__all__ = ["Dynamic", "Evaluator", "Fragment"]

#: More alternatives than this are not all followed.
_MOST = 64
_DEPTH = 40
_TEMPLATE: Any = getattr(ast, "TemplateStr", ())
_INTERPOLATION: Any = getattr(ast, "Interpolation", ())


class Dynamic(Exception):
    """An expression is not static.

    Args:
        reason: what is not.
    """


class Fragment(Text):
    """The text of an expression.

    Args:
        pieces: the text.
        values: the parameters in it, of template strings.
        template: whether it is a template string.
        marked: whether it is SQLAlchemy's `text()`, with `:name` placeholders.
    """

    def __init__(
        self,
        pieces: Iterable[Piece],
        values: Sequence[ast.expr] = (),
        *,
        template: bool = False,
        marked: bool = False,
    ) -> None:
        super().__init__(pieces)
        self.values = tuple(values)
        self.template = template
        self.marked = marked


class Evaluator:
    """Evaluates expressions of a project's modules without running them.

    Args:
        project: the project.
    """

    def __init__(self, project: Project) -> None:
        self._project = project

    def evaluate(self, node: ast.expr, module: Module, depth: int = 0) -> list[Fragment]:
        """Return the texts that an expression can stand for: one for each alternative.

        Args:
            node: the expression.
            module: its module.
            depth: how many expressions lead to it.

        Raises:
            Dynamic: it is not static.
        """
        if depth > _DEPTH:
            raise Dynamic("the expression is too deep")
        if isinstance(node, _TEMPLATE):
            return self._template(node, module, depth)
        handler = self._HANDLERS.get(type(node))
        if handler is None:
            raise Dynamic(f"{_shown(node)} is computed")
        found = handler(self, node, module, depth + 1)
        if len(found) > _MOST:
            raise Dynamic("it has too many alternatives")
        return found

    def _constant(self, node: ast.Constant, module: Module, depth: int) -> list[Fragment]:
        value = node.value
        if isinstance(value, bytes):
            value = value.decode(errors="replace")
        if not isinstance(value, str):
            raise Dynamic(f"{_shown(node)} is no string")
        return [self._fragment(value, node, module)]

    def _joined(self, node: ast.JoinedStr, module: Module, depth: int) -> list[Fragment]:
        parts: list[list[Fragment]] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                # Before Python 3.12, parts have the place of the whole.
                whole = part.end_col_offset == node.end_col_offset and part.lineno == node.lineno
                parts.append([self._fragment(str(part.value), node if whole else part, module)])
            elif isinstance(part, ast.FormattedValue):
                if part.conversion != -1 or part.format_spec is not None:
                    raise Dynamic(f"{_shown(part.value)} is formatted")
                parts.append(self._value(part.value, module, depth))
        return _joined(parts) if parts else [self._fragment("", node, module)]

    def _value(self, node: ast.expr, module: Module, depth: int) -> list[Fragment]:
        """Return the texts of what is formatted into a string: a number is its digits."""
        value = self._assigned(node, module)[0] if isinstance(node, ast.Name) else node
        if isinstance(value, ast.Constant) and type(value.value) is int:
            return [_one(self, str(value.value), node, module)]
        return self.evaluate(node, module, depth)

    def _assigned(self, node: ast.Name, module: Module) -> tuple[ast.expr | None, Module]:
        """Return the only expression that is assigned to a name, None without one, and its module."""
        found = self._project.definition(node, module)
        return (None, module) if found is None or len(found[2]) != 1 else (found[2][0].value, found[0])

    def _added(self, node: ast.BinOp, module: Module, depth: int) -> list[Fragment]:
        if not isinstance(node.op, ast.Add):
            raise Dynamic(f"{_shown(node)} is computed")
        return _joined([self.evaluate(side, module, depth) for side in (node.left, node.right)])

    def _either(self, node: ast.IfExp, module: Module, depth: int) -> list[Fragment]:
        return [*self.evaluate(node.body, module, depth), *self.evaluate(node.orelse, module, depth)]

    def _named(self, node: ast.expr, module: Module, depth: int) -> list[Fragment]:
        found = self._project.definition(node, module)
        if found is None:
            raise Dynamic(f"{_shown(node)} is not assigned where it can be seen")
        owner, _, bindings = found
        texts = []
        for binding in bindings:
            if isinstance(binding.node, ast.arg):
                raise Dynamic(f"{_shown(node)} is a parameter of the function")
            if binding.value is None or isinstance(binding.node, ast.withitem):
                raise Dynamic(f"{_shown(node)} is computed")
            texts += self.evaluate(binding.value, owner, depth)
        return texts

    def _called(self, node: ast.Call, module: Module, depth: int) -> list[Fragment]:
        name = module.dotted(node.func)
        last = name.rpartition(".")[2]
        composing = _COMPOSERS.get(last)
        if composing is not None and ("sql." in f".{name}" or name == last):
            return composing(self, node, module, depth)
        if last == "dedent" and len(node.args) == 1:
            # SQL means the same with its indentation, and its places are known.
            return self.evaluate(node.args[0], module, depth)
        if name.startswith("sqlalchemy") and last == "text" and node.args:
            return [Fragment(t.pieces, marked=True) for t in self.evaluate(node.args[0], module, depth)]
        if isinstance(node.func, ast.Attribute):
            method = self._METHODS.get(node.func.attr)
            if method is not None:
                return method(self, node, node.func.value, module, depth)
        raise Dynamic(f"{_shown(node.func)}() is called")

    def _assigned_in(self, node: ast.NamedExpr, module: Module, depth: int) -> list[Fragment]:
        return self.evaluate(node.value, module, depth)

    # Methods of strings and of composed SQL

    def _stripped(self, node: ast.Call, value: ast.expr, module: Module, depth: int) -> list[Fragment]:
        if node.args:
            raise Dynamic("strip() has an argument")
        found = []
        for text in self.evaluate(value, module, depth):
            string = str(text)
            start = len(string) - len(string.lstrip())
            found.append(Fragment(text.part(start, max(len(string.rstrip()), start)).pieces))
        return found

    def _formatted(self, node: ast.Call, value: ast.expr, module: Module, depth: int) -> list[Fragment]:
        """Fill the fields of a `str.format` or `SQL.format`."""
        if any(isinstance(arg, ast.Starred) for arg in node.args) or any(not k.arg for k in node.keywords):
            raise Dynamic("format() has starred arguments")
        fields: dict[str, list[Fragment]] = {}
        for key, arg in [*enumerate(node.args), *((k.arg, k.value) for k in node.keywords)]:
            fields[str(key)] = self._value(arg, module, depth)
        return [filled for text in self.evaluate(value, module, depth) for filled in _filled(text, fields)]

    def _joining(self, node: ast.Call, value: ast.expr, module: Module, depth: int) -> list[Fragment]:
        separators = self.evaluate(value, module, depth)
        if len(node.args) != 1 or len(separators) != 1:
            raise Dynamic("join() has alternatives")
        parts: list[list[Fragment]] = []
        for element in self._elements(node.args[0], module):
            if parts:
                parts.append(separators)
            parts.append(element if isinstance(element, list) else self.evaluate(element, module, depth))
        return _joined(parts) if parts else [self._fragment("", node, module)]

    def _elements(self, node: ast.expr, module: Module) -> Sequence[ast.expr | list[Fragment]]:
        """Return the elements of a list, or of `map(function, list)` and its like."""
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                if not any(isinstance(element, ast.Starred) for element in elements):
                    return elements
            case ast.Name():
                value, owner = self._assigned(node, module)
                if isinstance(value, (ast.List, ast.Tuple)):
                    return self._elements(value, owner)
            case ast.Call(func=ast.Name(id="map"), args=[function, values]):
                kind = module.dotted(function).rpartition(".")[2]
                if kind in _QUOTERS:
                    elements = [e for e in self._elements(values, module) if isinstance(e, ast.expr)]
                    return [_quoted(self, kind, [element], module, element) for element in elements]
            case ast.BinOp(left=left, op=ast.Mult(), right=ast.Constant(value=int(count))):
                repeated = self._elements(left, module) if isinstance(left, ast.List) else [left]
                return [*repeated] * count
        raise Dynamic(f"{_shown(node)} is computed")

    _METHODS: ClassVar[dict[str, Callable[..., list[Fragment]]]] = {
        "strip": _stripped,
        "format": _formatted,
        "join": _joining,
    }

    # Template strings

    def _template(self, node: Any, module: Module, depth: int) -> list[Fragment]:
        parts: list[list[Fragment]] = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append([self._fragment(str(part.value), part, module)])
            elif isinstance(part, _INTERPOLATION):
                parts.append(self._interpolation(part, module, depth + 1))
        joined = _joined(parts) if parts else [self._fragment("", node, module)]
        return [Fragment(text.pieces, text.values, template=True) for text in joined]

    def _interpolation(self, part: Any, module: Module, depth: int) -> list[Fragment]:
        spec = "s"
        if part.format_spec is not None:
            if len(part.format_spec.values) != 1 or not isinstance(part.format_spec.values[0], ast.Constant):
                raise Dynamic("the format of an interpolation is computed")
            spec = str(part.format_spec.values[0].value)
        if spec == "q":
            return self.evaluate(part.value, module, depth)
        if spec in ("i", "l"):
            if isinstance(part.value, ast.Call):
                return self.evaluate(part.value, module, depth)
            kind = "Identifier" if spec == "i" else "Literal"
            return _quoted(self, kind, [part.value], module, part)
        # A character that no SQL has, to be numbered when the whole is known.
        piece = self._fragment("\0", part, module).pieces[0]
        return [Fragment([piece._replace(fixed=True)], [part.value])]

    def _fragment(self, value: str, node: ast.expr, module: Module) -> Fragment:
        return Fragment([Piece(value, LiteralOrigin(module.path, module.lines, node, value))])

    _HANDLERS: ClassVar[dict[type[ast.expr], Callable[..., list[Fragment]]]] = {
        ast.Constant: _constant,
        ast.JoinedStr: _joined,
        ast.BinOp: _added,
        ast.IfExp: _either,
        ast.Name: _named,
        ast.Attribute: _named,
        ast.Call: _called,
        ast.NamedExpr: _assigned_in,
    }


def _joined(parts: Sequence[list[Fragment]]) -> list[Fragment]:
    """Return the combinations of parts that have alternatives."""
    count = 1
    for part in parts:
        count *= len(part)
    if count > _MOST:
        raise Dynamic("it has too many alternatives")
    return [
        Fragment(
            [piece for text in texts for piece in text.pieces],
            [value for text in texts for value in text.values],
            marked=any(text.marked for text in texts),
        )
        for texts in product(*parts)
    ]


def _filled(text: Fragment, fields: dict[str, list[Fragment]]) -> list[Fragment]:
    """Return a format with its fields filled in."""
    parts: list[list[Fragment]] = []
    string = str(text)
    at = literal = 0
    number = 0
    while at < len(string):
        char = string[at]
        if char not in "{}":
            at += 1
            continue
        parts.append([Fragment(text.part(literal, at).pieces)])
        if string[at : at + 2] in ("{{", "}}"):
            parts.append([Fragment(text.part(at, at + 1).pieces)])
            at += 2
        else:
            end = string.find("}", at)
            name = string[at + 1 : end]
            if end < 0 or char == "}":
                raise Dynamic("the format is wrong")
            if not name:
                name, number = str(number), number + 1
            if name not in fields:
                raise Dynamic(f"the field {{{name}}} has no static value")
            parts.append(fields[name])
            at = end + 1
        literal = at
    parts.append([Fragment(text.part(literal, at).pieces)])
    return _joined(parts)


# howdah.sql


def _sql(evaluator: Evaluator, node: ast.Call, module: Module, depth: int) -> list[Fragment]:
    if len(node.args) != 1:
        raise Dynamic("SQL() has no argument")
    return evaluator.evaluate(node.args[0], module, depth)


def _composed(evaluator: Evaluator, node: ast.Call, module: Module, depth: int) -> list[Fragment]:
    if len(node.args) != 1 or not isinstance(node.args[0], (ast.List, ast.Tuple)):
        raise Dynamic("what is composed is computed")
    return _joined([evaluator.evaluate(element, module, depth) for element in node.args[0].elts])


def _placeholder(evaluator: Evaluator, node: ast.Call, module: Module, depth: int) -> list[Fragment]:
    match node.args:
        case []:
            text = "%s"
        case [ast.Constant(value=str(name))]:
            text = f"%({name})s"
        case _:
            raise Dynamic("the name of a placeholder is computed")
    return [_one(evaluator, text, node, module)]


def _identifier(evaluator: Evaluator, node: ast.Call, module: Module, depth: int) -> list[Fragment]:
    return _quoted(evaluator, "Identifier", node.args, module, node)


def _literal(evaluator: Evaluator, node: ast.Call, module: Module, depth: int) -> list[Fragment]:
    return _quoted(evaluator, "Literal", node.args, module, node)


def _quoted(
    evaluator: Evaluator, kind: str, args: Sequence[ast.expr], module: Module, node: ast.expr
) -> list[Fragment]:
    """Return an identifier or a literal with static arguments."""
    values: list[Any] = []
    for arg in args:
        if isinstance(arg, ast.Constant):
            values.append(arg.value)
            continue
        texts = evaluator.evaluate(arg, module, _DEPTH // 2)
        if len(texts) != 1:
            raise Dynamic(f"{_shown(arg)} has alternatives")
        values.append(str(texts[0]))
    try:
        text = _QUOTERS[kind](*values).as_string()
    except Exception as error:
        raise Dynamic(f"{kind}() is wrong: {error}") from error
    return [_one(evaluator, text, node, module)]


def _one(evaluator: Evaluator, text: str, node: ast.expr, module: Module) -> Fragment:
    origin = LiteralOrigin(module.path, module.lines, node, "")
    return Fragment([Piece(text, origin, fixed=True)])


_COMPOSERS: dict[str, Callable[..., list[Fragment]]] = {
    "SQL": _sql,
    "Composed": _composed,
    "Identifier": _identifier,
    "Literal": _literal,
    "Placeholder": _placeholder,
}
_QUOTERS: dict[str, Callable[..., sql.Composable]] = {
    "Identifier": sql.Identifier,
    "Literal": sql.Literal,
}


def _shown(node: ast.AST) -> str:
    text = inspect.cleandoc(ast.unparse(node)).partition("\n")[0]
    return text if len(text) <= 60 else f"{text[:57]}..."
