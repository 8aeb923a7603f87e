"""Finds the SQL in Python modules: in calls as `execute`, and in constants."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from howdah.errors import ProgrammingError
from howdah_check.ignoring import ignores_in_sql, merged
from howdah_check.lexing import first_of, first_words, split
from howdah_check.literals import LiteralOrigin
from howdah_check.modules import Module, Project, Scope
from howdah_check.placeholders import (
    Converted,
    from_colons,
    from_percents,
    has_numbers,
    has_percents,
    sent_as_is,
)
from howdah_check.rowmodels import result_annotation, row_model
from howdah_check.statements import Arguments, Fault, Found, Statement, Unchecked
from howdah_check.static import Dynamic, Evaluator, Fragment
from howdah_check.texts import Place, Text

__all__ = ["COMMANDS", "CallFinder"]

#: The words that statements begin with.
COMMANDS = frozenset(
    {
        *("ABORT", "ALTER", "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT"),
        *("COMMIT", "COPY", "CREATE", "DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "DO", "DROP"),
        *("END", "EXECUTE", "EXPLAIN", "FETCH", "GRANT", "IMPORT", "INSERT", "LISTEN", "LOAD", "LOCK"),
        *("MERGE", "MOVE", "NOTIFY", "PREPARE", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "RESET"),
        *("REVOKE", "ROLLBACK", "SAVEPOINT", "SECURITY", "SELECT", "SET", "SHOW", "START", "TABLE"),
        *("TRUNCATE", "UNLISTEN", "UPDATE", "VACUUM", "VALUES", "WITH"),
    }
)
#: The methods whose first argument is a query, whatever it looks like.
_EXECUTE = frozenset({"execute", "executemany", "mogrify", "execute_arrow", "stream_arrow"})
#: Those whose first argument is one if it looks like one: other objects have methods of these names.
_OTHERS = frozenset(
    {
        *("fetch", "fetchrow", "fetchval", "fetchmany", "fetchone", "fetchall", "fetch_all", "fetch_one"),
        *("fetch_val", "prepare", "stream", "copy", "raw", "cursor", "copy_from_query", "query"),
    }
)
#: Those whose parameters follow the query, without a list.
_SPREAD = frozenset(
    {
        *("fetch", "fetchrow", "fetchval", "fetchone", "fetchall", "fetch_all", "fetch_one", "fetch_val"),
        *("cursor", "copy_from_query", "query"),
    }
)
#: Those whose parameters are a sequence of lists.
_MANY = frozenset({"executemany", "fetchmany"})
#: Those that convert placeholders without any parameters; so does what a project's own functions wrap.
_CONVERTED = frozenset({"prepare"})
_QUERY_KEYWORDS = ("query", "statement", "sql", "operation")
_PARAMS_KEYWORDS = ("params", "vars", "parameters", "args", "params_seq", "seq_of_parameters")
_HOLDER = re.compile(r"_?(\w*conn|\w*connection|\w*cur|\w*cursor|\w*pool|db|database|tx|transaction|session)")
#: What a constant looks like that is a whole statement.
_STATEMENT = re.compile(
    r"(SELECT [^,)]|INSERT INTO |UPDATE \S+ SET|UPDATE ONLY |UPDATE \S+ \. |DELETE FROM |"
    r"WITH (RECURSIVE )?\w+ |MERGE INTO |VALUES \(|COPY |TABLE \w+$)"
)


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
            self._note_references(module)
        for module in self._project.modules:
            self._constants(module)

    # Calls

    def _call(self, node: ast.Call, module: Module) -> None:
        name = _called_name(node)
        if name not in _EXECUTE and name not in _OTHERS and name not in self._functions:
            return
        position = self._position(node, module) if name in self._functions else 0
        query = _argument(node, position, _QUERY_KEYWORDS)
        if query is None or isinstance(query, ast.Starred):
            return
        certain = (name in _EXECUTE and isinstance(node.func, ast.Attribute)) or name in self._functions
        try:
            texts = self._evaluator.evaluate(query, module)
        except Dynamic as reason:
            if certain or _holds_sql(node) or _begins_with_sql(query):
                self._dynamic(node, query, module, str(reason))
            return
        for text in texts:
            if certain or _looks_like_sql(str(text), name):
                self._statement(node, position, text, module)

    def _position(self, node: ast.Call, module: Module) -> int:
        """Return which argument of one of the project's own functions is the query: the first static one."""
        for position, argument in enumerate(node.args):
            try:
                self._evaluator.evaluate(argument, module)
            except Dynamic:
                continue
            return position
        return 0

    def _dynamic(self, node: ast.Call, query: ast.expr, module: Module, reason: str) -> None:
        if not any(True for _ in self._ignores_at(module, node)):
            place = LiteralOrigin(module.path, module.lines, query, "").place(0)
            self._found.unchecked.append(Unchecked(place, "dynamic", reason))

    def _statement(self, node: ast.Call, position: int, text: Fragment, module: Module) -> None:
        name = _called_name(node)
        arguments = _arguments(node, position + 1, text)
        label = self._label(node, module)
        try:
            converted = self._converted(text, arguments, name)
        except ProgrammingError as error:
            if self._ignored(module, node, text) is None:
                self._found.faults.append(Fault(_begin(text), "placeholders", str(error)))
            else:
                self._found.ignored += 1
            return
        query = _argument(node, position, _QUERY_KEYWORDS)
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
        if arguments.given or (has_percents(string) and (name in _CONVERTED or name in self._functions)):
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

    def _note_references(self, module: Module) -> None:
        """Note which names the module refers to."""
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
                self._project.definition(node, module)

    def _constants(self, module: Module) -> None:
        """Find constants that are statements and that no module refers to: a program may use them by name."""
        scopes: list[Scope] = [module.tree]
        scopes += [node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)]
        for scope in scopes:
            for name, bindings in module.bindings(scope).items():
                value = bindings[0].value
                named_in_place = isinstance(bindings[0].node, ast.NamedExpr)
                if len(bindings) > 1 or value is None or named_in_place or (scope, name) in module.referenced:
                    continue
                self._constant(name, value, module)

    def _constant(self, name: str, value: ast.expr, module: Module) -> None:
        try:
            texts = self._evaluator.evaluate(value, module)
        except Dynamic:
            return
        for text in texts:
            if _STATEMENT.match(first_words(str(text), 5)) is None:
                continue
            string = str(text)
            ignores = self._ignored(module, value, text)
            try:
                converted = from_percents(text) if has_percents(string) else sent_as_is(text)
            except ProgrammingError as error:
                self._found.faults.append(Fault(_begin(text), "placeholders", str(error)))
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


def _called_name(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _argument(node: ast.Call, position: int, keywords: Sequence[str]) -> ast.expr | None:
    if len(node.args) > position:
        return node.args[position]
    return next((keyword.value for keyword in node.keywords if keyword.arg in keywords), None)


def _arguments(node: ast.Call, first: int, text: Fragment) -> Arguments:
    """Return the parameters that a call passes with a query, from a position on."""
    name = _called_name(node)
    if text.template:
        return Arguments(bool(text.values), text.values)
    rest = node.args[first:]
    if any(isinstance(arg, ast.Starred) for arg in rest):
        return Arguments(True)
    numbered = has_numbers(str(text)) and not has_percents(str(text))
    if numbered and name not in _MANY:
        return _spread(rest, _argument(node, first, _PARAMS_KEYWORDS), name)
    params = _argument(node, first, _PARAMS_KEYWORDS)
    if params is None:
        return Arguments(any(keyword.arg is None for keyword in node.keywords))
    if isinstance(params, ast.Constant) and params.value is None:
        return Arguments()
    return _first_listed(params) if name in _MANY else _listed(params)


def _first_listed(params: ast.expr) -> Arguments:
    """Return the first of several lists of parameters."""
    if isinstance(params, (ast.List, ast.Tuple)) and params.elts:
        return _listed(params.elts[0])
    return Arguments(True)


def _spread(rest: Sequence[ast.expr], params: ast.expr | None, name: str) -> Arguments:
    """Return the parameters of a query with `$1`: they follow it, or are one list."""
    if not rest:
        return Arguments(False) if params is None else _listed(params)
    listed = _listed(rest[0]) if len(rest) == 1 else None
    if listed is None:
        return Arguments(True, rest)
    if name in _SPREAD:
        return Arguments(True, rest, alternative=listed.values)
    # `execute(query, params)` of a raw cursor, or `execute(query, value)`.
    return Arguments(True, rest if listed.values is not None else None, alternative=listed.values)


def _listed(params: ast.expr) -> Arguments:
    """Return the parameters in a list or a dictionary."""
    match params:
        case ast.List(elts=values) | ast.Tuple(elts=values):
            if not any(isinstance(value, ast.Starred) for value in values):
                return Arguments(True, values)
        case ast.Dict(keys=keys, values=values):
            named = {str(k.value): v for k, v in zip(keys, values) if isinstance(k, ast.Constant)}
            if len(named) == len(keys):
                return Arguments(True, named=named)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            if all(keyword.arg for keyword in keywords):
                return Arguments(True, named={str(k.arg): k.value for k in keywords})
    return Arguments(True)


def _looks_like_sql(text: str, name: str) -> bool:
    words = first_words(text, 2).split(" ")
    if name == "copy":
        return words[0] == "COPY"
    # "SELCT name FROM elephant" is SQL, and so has to be reported; the key of a cache is not.
    return words[0] in COMMANDS or (len(words) == 2 and words[1].isidentifier() and len(text.split()) > 3)


def _holds_sql(node: ast.Call) -> bool:
    """Return whether the object whose method is called is named like a connection."""
    if not isinstance(node.func, ast.Attribute):
        return False
    match node.func.value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _HOLDER.fullmatch(name) is not None
    return False


def _begins_with_sql(node: ast.expr) -> bool:
    """Return whether an expression begins with a literal that is the beginning of a statement."""
    while True:
        match node:
            case ast.BinOp(left=first) | ast.JoinedStr(values=[first, *_]):
                node = first
            case ast.Call(func=ast.Attribute(value=first)):
                node = first
            case ast.Constant(value=str(text)):
                return first_words(text, 1) in COMMANDS and " " in text
            case _:
                return False


def _begins_with_sql(node: ast.expr) -> bool:
    """Return whether an expression begins with a literal that is the beginning of a statement."""
    while True:
        match node:
            case ast.BinOp(left=first) | ast.JoinedStr(values=[first, *_]):
                node = first
            case ast.Call(func=ast.Attribute(value=first)):
                node = first
            case ast.Constant(value=str(text)):
                return first_words(text, 1) in COMMANDS and " " in text
            case _:
                return False


def _merged(found: Sequence[frozenset[str]]) -> frozenset[str] | None:
    """Return all codes; an empty set, which stands for all codes, absorbs the others."""
    if not found:
        return None
    return frozenset[str]().union(*found) if all(found) else frozenset()


def _begin(text: Text) -> Place:
    """Return where the statement in a text begins, after spaces and comments."""
    return text.place(first_of(str(text)))
