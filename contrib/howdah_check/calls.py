"""Finds the SQL in Python modules: in calls as `execute`, and in constants."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from howdah.errors import ProgrammingError
from howdah_check.ignoring import ignores_in_sql, merged
from howdah_check.lexing import first_of, split
from howdah_check.literals import LiteralOrigin
from howdah_check.modules import SCOPES, Module, Project, Scope
from howdah_check.passing import argument, arguments_of, called_name
from howdah_check.placeholders import (
    Converted,
    from_colons,
    from_percents,
    has_numbers,
    has_percents,
    sent_as_is,
)
from howdah_check.recognition import (
    CONVERTED,
    EXECUTE,
    OTHERS,
    QUERY_KEYWORDS,
    TEXTUAL,
    begins_with_sql,
    is_called_on_connection,
    is_statement,
    looks_like_sql,
)
from howdah_check.rowmodels import result_annotation, row_model
from howdah_check.statements import Arguments, Fault, Found, Statement, Unchecked
from howdah_check.static import Dynamic, Evaluator, Fragment
from howdah_check.texts import Place, Text

__all__ = ["CallFinder"]


class CallFinder:
    """Finds the statements in the modules of a project.

    Args:
        project: the project.
        functions: further names of functions whose first argument is a query.
        found: takes what is found.
    """

    def __init__(self, project: Project, functions: Collection[str], found: Found) -> None:
        self._project = project
        self._evaluator = Evaluator(project)
        self._functions = frozenset(functions)
        self._found = found
        self._labels: dict[tuple[Module, str], int] = {}

    def find(self) -> None:
        """Find the statements of all modules."""
        for module in self._project.modules:
            for node in ast.walk(module.tree):
                if isinstance(node, ast.Call):
                    self._call(node, module)
        for module in self._project.modules:
            self._constants(module)

    # Calls

    def _call(self, node: ast.Call, module: Module) -> None:
        name = called_name(node)
        own = name in self._functions
        if not own and name not in EXECUTE and name not in OTHERS:
            self._unknown_call(node, name, module)
            return
        position = self._position(node, module) if own else 0
        query = argument(node, position, QUERY_KEYWORDS)
        if query is None or isinstance(query, ast.Starred):
            return
        self._query(
            node, position, query, own or (name in EXECUTE and isinstance(node.func, ast.Attribute)), module
        )

    def _query(self, node: ast.Call, position: int, query: ast.expr, certain: bool, module: Module) -> None:
        """Take the query of a call; unless it is certain that it is one, it has to look like one."""
        try:
            texts = self._evaluator.evaluate(query, module)
        except Dynamic as reason:
            if certain or is_called_on_connection(node) or begins_with_sql(query):
                self._dynamic(node, query, module, str(reason))
            return
        for text in texts:
            if certain or looks_like_sql(str(text), called_name(node)):
                self._statement(node, position, text, module)

    def _unknown_call(self, node: ast.Call, name: str, module: Module) -> None:
        """Note a statement that is passed to a function that is not known to take SQL."""
        for value in node.args[:2] if name not in TEXTUAL else ():
            if isinstance(value, ast.Call) and called_name(value) in TEXTUAL and value.args:
                value = value.args[0]
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and is_statement(value.value):
                reason = f"{name}() is not known to take SQL: name it with --function"
                self._unchecked(node, value, module, reason)

    def _position(self, node: ast.Call, module: Module) -> int:
        """Return which argument of one of the project's own functions is the query: the first static one."""
        for position, value in enumerate(node.args):
            try:
                self._evaluator.evaluate(value, module)
            except Dynamic:
                continue
            return position
        return 0

    def _dynamic(self, node: ast.Call, query: ast.expr, module: Module, reason: str) -> None:
        self._unchecked(node, query, module, reason)
        for part in ast.walk(query):
            if isinstance(part, (ast.Name, ast.Attribute)):
                self._project.definition(part, module)  # its constants are parts of a statement

    def _unchecked(self, node: ast.Call, query: ast.expr, module: Module, reason: str) -> None:
        if not any(True for _ in self._ignores_at(module, node)):
            place = LiteralOrigin(module.path, module.lines, query, "").place(0)
            self._found.unchecked.append(Unchecked(place, "dynamic", reason))

    def _statement(self, node: ast.Call, position: int, text: Fragment, module: Module) -> None:
        name = called_name(node)
        arguments = arguments_of(node, position + 1, text)
        label = self._label(node, module)
        try:
            converted = self._converted(text, arguments, name)
        except ProgrammingError as error:
            fault = Fault(_begin(text), "placeholders", str(error))
            self._found.add_fault(fault, self._ignored(module, node, text))
            return
        query = argument(node, position, QUERY_KEYWORDS)
        call = _begin(text)
        if isinstance(query, (ast.Name, ast.Attribute)):
            call = LiteralOrigin(module.path, module.lines, query, "").place(0)
        model = row_model(node, module, self._project)
        single = result_annotation(node, module) if name == "fetchval" else None
        parts = [converted.text]
        if not arguments.given and not converted.names:
            parts = [converted.text.part(s.start, s.end) for s in split(str(converted.text)) if not s.empty]
        for part in parts:
            self._found.statements.append(
                Statement(
                    part,
                    _begin(text),
                    label,
                    converted.names,
                    converted.casts,
                    has_percents(str(text)) or text.template,
                    module,
                    call,
                    arguments,
                    model,
                    single,
                    self._ignored(module, node, text),
                )
            )

    def _converted(self, text: Fragment, arguments: Arguments, name: str) -> Converted:
        string = str(text)
        if text.template:
            numbers = iter(range(1, len(text.values) + 1))
            edits = [(i, i + 1, f"${next(numbers)}") for i, char in enumerate(string) if char == "\0"]
            return sent_as_is(text.replaced(edits))
        if text.marked:
            return from_colons(text)
        if has_numbers(string) and not has_percents(string):
            return sent_as_is(text)
        if arguments.given or (has_percents(string) and (name in CONVERTED or name in self._functions)):
            return from_percents(text)
        return sent_as_is(text)

    def _label(self, node: ast.AST, module: Module, name: str = "") -> str:
        """Return the name of a statement in stubs: its constant's or its function's, with a number."""
        if not name:
            function, cls = module.function_of(node), module.class_of(node)
            names = [scope.name for scope in (cls, function) if scope is not None]
            match node:
                case ast.Call(args=[ast.Name(id=constant) | ast.Attribute(attr=constant), *_]) if (
                    constant.isupper()
                ):
                    names = [constant]
            name = "_".join(names) or "module"
        count = self._labels[module, name] = self._labels.get((module, name), 0) + 1
        return name if count == 1 else f"{name}_{count}"

    def _ignored(self, module: Module, node: ast.AST, text: Fragment) -> frozenset[str] | None:
        """Return what comments ignore: at the call, at the constant that it uses, or in the SQL."""
        found = list(self._ignores_at(module, node))
        found += ignores_in_sql(str(text))
        place = text.place()
        origin = next((m for m in self._project.modules if m.path == place.path), module)
        last = text.place(len(str(text)))
        found += [origin.ignores[n] for n in range(place.line, last.line + 1) if n in origin.ignores]
        return merged(found)

    def _ignores_at(self, module: Module, node: ast.AST) -> Iterator[frozenset[str]]:
        first = getattr(node, "lineno", 1)
        for line in range(first, (getattr(node, "end_lineno", None) or first) + 1):
            if line in module.ignores:
                yield module.ignores[line]

    # Constants

    def _constants(self, module: Module) -> None:
        """Find constants that are statements and that no query uses: something else may pass them on."""
        scopes: list[Scope] = [node for node in ast.walk(module.tree) if isinstance(node, SCOPES)]
        for scope in scopes:
            for name, bindings in module.bindings(scope).items():
                value = bindings[0].value
                assigned = isinstance(bindings[0].node, (ast.Assign, ast.AnnAssign))
                if len(bindings) == 1 and assigned and value is not None and (scope, name) not in module.used:
                    self._constant(name, value, module)

    def _constant(self, name: str, value: ast.expr, module: Module) -> None:
        try:
            texts = self._evaluator.evaluate(value, module)
        except Dynamic:
            return
        for text in texts:
            if not is_statement(str(text)):
                continue
            string = str(text)
            ignores = self._ignored(module, value, text)
            try:
                converted = from_percents(text) if has_percents(string) else sent_as_is(text)
            except ProgrammingError as error:
                self._found.add_fault(Fault(_begin(text), "placeholders", str(error)), ignores)
                continue
            self._found.statements.append(
                Statement(
                    converted.text,
                    _begin(text),
                    self._label(value, module, name),
                    converted.names,
                    module=module,
                    ignores=ignores,
                )
            )


def _begin(text: Text) -> Place:
    """Return where the statement in a text begins, after spaces and comments."""
    return text.place(first_of(str(text)))
