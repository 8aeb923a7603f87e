"""Reading and writing conninfo strings, whichever their syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.conninfo.keywords import format_keywords, parse_keywords
from howdah.conninfo.libpq_parameters import PARAMETERS
from howdah.conninfo.parameter import Parameter, ParameterRegistry, unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SCHEMES", "conninfo_to_dict", "is_conninfo", "make_conninfo", "parse"]

#: How a URI begins; anything else is keyword/value syntax.
SCHEMES = ("postgresql://", "postgres://")


def parse(conninfo: str, *, parameters: Sequence[Parameter] = PARAMETERS) -> dict[str, str]:
    """Read a conninfo string, without environment, service file or defaults.

    Args:
        conninfo: keyword/value pairs, or a `postgresql://` URI.
        parameters: the parameters that there are.

    Returns:
        What is written there, by parameter name; the values are not checked.

    Raises:
        howdah.ProgrammingError: the syntax is wrong or a parameter unknown.
    """
    parameters = ParameterRegistry.of(parameters)
    if conninfo.startswith(SCHEMES):
        from howdah.conninfo.uri import parse_uri

        return parse_uri(conninfo, parameters.by_name)
    return parse_keywords(conninfo, parameters.by_name, parameters.secret)


def is_conninfo(text: str) -> bool:
    """Whether a text given as `dbname` is a whole conninfo, by libpq's rule: a URI, or with a `=` in it."""
    return text.startswith(SCHEMES) or "=" in text


def conninfo_to_dict(conninfo: str = "", **kwargs: Any) -> dict[str, Any]:
    """Read a conninfo string, and put keyword arguments over what it says.

    Args:
        conninfo: keyword/value pairs, or a `postgresql://` URI.
        **kwargs: further parameters; None means "not given".

    Returns:
        The parameters that are given, by name: str from the string, the keyword arguments as they are.

    Raises:
        howdah.ProgrammingError: the syntax is wrong or a parameter unknown.
    """
    result: dict[str, Any] = dict(parse(conninfo))
    known = {parameter.name for parameter in PARAMETERS}
    for name, value in kwargs.items():
        if name not in known:
            raise unknown_parameter(name, known)
        if value is not None:
            result[name] = value
    return result


def make_conninfo(conninfo: str = "", **kwargs: Any) -> str:
    """Merge a conninfo string and keyword arguments into one conninfo string.

    Args:
        conninfo: keyword/value pairs, or a `postgresql://` URI.
        **kwargs: parameters that win over the string's; None means "not given".

    Returns:
        The conninfo as it came when there are no keyword arguments, else keyword/value pairs.

    Raises:
        howdah.ProgrammingError: the syntax is wrong, a parameter unknown, or a value not one for a conninfo.
    """
    values = conninfo_to_dict(conninfo, **kwargs)
    if not kwargs:
        return str(conninfo)
    by_name = {parameter.name: parameter for parameter in PARAMETERS}
    return format_keywords({name: by_name[name].to_text(value) for name, value in values.items()})
