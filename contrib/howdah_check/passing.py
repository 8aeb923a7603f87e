"""What a call passes: the query, and the parameters with it."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from howdah_check.placeholders import has_numbers, has_percents
from howdah_check.recognition import EXECUTE
from howdah_check.statements import Arguments
from howdah_check.static import Fragment

__all__ = ["argument", "arguments_of", "called_name"]

#: Those whose parameters follow the query, without a list.
_SPREAD = frozenset(
    {
        *("fetch", "fetchrow", "fetchval", "fetchone", "fetchall", "fetch_all", "fetch_one", "fetch_val"),
        *("cursor", "copy_from_query", "query"),
    }
)
#: Those whose parameters are a sequence of lists.
_MANY = frozenset({"executemany", "fetchmany"})
#: Those whose parameters are a sequence or a mapping in any case.
_LISTED = EXECUTE | {"stream", "copy"}
_PARAMS_KEYWORDS = ("params", "vars", "parameters", "args", "params_seq", "seq_of_parameters")


def called_name(node: ast.Call) -> str:
    """Return the name of the function or method that is called, without its owner."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def argument(node: ast.Call, position: int, keywords: Sequence[str]) -> ast.expr | None:
    """Return an argument of a call, None without it.

    Args:
        node: the call.
        position: its position.
        keywords: the names that it may have.
    """
    if len(node.args) > position:
        return node.args[position]
    return next((keyword.value for keyword in node.keywords if keyword.arg in keywords), None)


def arguments_of(node: ast.Call, first: int, text: Fragment) -> Arguments:
    """Return the parameters that a call passes with a query, from a position on."""
    name = called_name(node)
    if text.template:
        return Arguments(bool(text.values), text.values)
    rest = node.args[first:]
    if any(isinstance(arg, ast.Starred) for arg in rest):
        return Arguments(True)
    numbered = has_numbers(str(text)) and not has_percents(str(text))
    if numbered and name not in _MANY:
        return _spread(rest, argument(node, first, _PARAMS_KEYWORDS), name)
    params = argument(node, first, _PARAMS_KEYWORDS)
    if params is None:
        return Arguments(any(keyword.arg is None for keyword in node.keywords))
    if isinstance(params, ast.Constant) and params.value is None:
        return Arguments()
    arguments = _first_listed(params) if name in _MANY else _listed(params)
    return arguments if name in _LISTED else replace(arguments, unlisted=None)


def _first_listed(params: ast.expr) -> Arguments:
    """Return the first of several lists of parameters."""
    if isinstance(params, (ast.List, ast.Tuple)) and params.elts:
        return _listed(params.elts[0])
    return Arguments(True)


def _spread(rest: Sequence[ast.expr], params: ast.expr | None, name: str) -> Arguments:
    """Return the parameters of a query with `$1`: they follow it, or are one list."""
    if not rest:
        return Arguments(False) if params is None else replace(_listed(params), unlisted=None)
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
            if any(isinstance(value, ast.Starred) for value in values):
                return Arguments(True)
            return Arguments(True, values)
        case ast.Dict(keys=keys, values=values):
            named = {str(k.value): v for k, v in zip(keys, values) if isinstance(k, ast.Constant)}
            if len(named) == len(keys):
                return Arguments(True, named=named)
        case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
            if all(keyword.arg for keyword in keywords):
                return Arguments(True, named={str(k.arg): k.value for k in keywords})
    return Arguments(True, unlisted=params)
