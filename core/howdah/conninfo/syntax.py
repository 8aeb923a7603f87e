"""Reading and writing conninfo strings, in either syntax."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.conninfo.keywords import format_keywords, parse_keywords
from howdah.conninfo.libpq_parameters import PARAMETERS
from howdah.conninfo.parameter import Parameter, ParameterRegistry, unknown_parameter

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["SCHEMES", "conninfo_to_dict", "is_conninfo", "make_conninfo", "parse"]

#: The prefixes of a URI; anything else is keyword/value syntax.
SCHEMES = ("postgresql://", "postgres://")


def parse(conninfo: str, *, parameters: Sequence[Parameter] = PARAMETERS) -> dict[str, str]:
    """Parse a conninfo string; the environment, service files and defaults are not used.

    Args:
        conninfo: keyword/value pairs, or a `postgresql://` URI.
        parameters: all known parameters.

    Returns:
        The values by parameter name, unchecked.

    Raises:
        howdah.ProgrammingError: the syntax is wrong, or a parameter is unknown.
    """
    parameters = ParameterRegistry.of(parameters)
    if conninfo.startswith(SCHEMES):
        from howdah.conninfo.uri import parse_uri

        return parse_uri(conninfo, parameters.by_name)
    return parse_keywords(conninfo, parameters.by_name, parameters.secret, (*SCHEMES, *parameters.prefixes))


def is_conninfo(text: str) -> bool:
    """Return whether a `dbname` is a whole conninfo, by libpq's rule: a URI, or text with a `=`."""
    return text.startswith(SCHEMES) or "=" in text


def conninfo_to_dict(conninfo: str = "", **kwargs: Any) -> dict[str, Any]:
    """Parse a conninfo string; keyword arguments take precedence over it.

    Args:
        conninfo: keyword/value pairs, or a `postgresql://` URI.
        **kwargs: further parameters; None means "not given".

    Returns:
        The given parameters by name: str for those of the string, keyword arguments unchanged.

    Raises:
        howdah.ProgrammingError: the syntax is wrong, or a parameter is unknown.
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
        **kwargs: parameters that take precedence over the string's; None means "not given".

    Returns:
        The conninfo unchanged if there are no keyword arguments, else keyword/value pairs.

    Raises:
        howdah.ProgrammingError: the syntax is wrong, a parameter is unknown, or a value has a wrong type.
    """
    values = conninfo_to_dict(conninfo, **kwargs)
    if not kwargs:
        return str(conninfo)
    by_name = {parameter.name: parameter for parameter in PARAMETERS}
    return format_keywords({name: by_name[name].to_text(value) for name, value in values.items()})
