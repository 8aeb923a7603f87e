"""Connection parameters: one, and the registry of all."""

from __future__ import annotations

import os
import re
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any

from howdah.conninfo.environment import as_kept
from howdah.errors import ProgrammingError
from howdah.lazy.pattern import pattern
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Parameter", "ParameterRegistry", "unknown_parameter"]

_BOOLEANS = {
    "1": True,
    "true": True,
    "on": True,
    "yes": True,
    "0": False,
    "false": False,
    "off": False,
    "no": False,
}
_NUMBER = pattern(r"\s*([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*", re.ASCII)
_INTEGER = pattern(r"[ \t\n\r\f\v]*([+-]?[0-9]{1,10})[ \t\n\r\f\v]*", re.ASCII)


class Parameter(NamedTuple):
    """One connection parameter, of libpq or of a plugin.

    Args:
        name: its name in a conninfo.
        type: the type that `resolve` converts values to: `str`, `int` (32 bits), `float` (within the same
            limits) or `bool`. A `float` that is a whole number becomes an `int`.
        default: the value if no source gives one; None for "not set".
        environ: the environment variable for it, or None.
        doc: one or two sentences of Markdown for the user.
        choices: the allowed values, in any case; None to allow all.
        secret: whether the value must never be shown.
        function: whether the value may be a function, which is then left as it is.
    """

    name: str
    type: type[str] | type[int] | type[float] | type[bool] = str
    default: Any = None
    environ: str | None = None
    doc: str = ""
    choices: tuple[str, ...] | None = None
    secret: bool = False
    function: bool = False

    def convert(self, value: Any, origin: str = "") -> Any:
        """Check a value from the user and convert it to the type of this parameter.

        Args:
            value: a str, int, bool or path, or a float for a parameter of that type. The empty string
                stands for the default.
            origin: the source of the value, for the error: ` (from PGPORT)`.

        Returns:
            The value as a `str`, `int`, `float` or `bool`, or the default; a function if one may be given.

        Raises:
            howdah.ProgrammingError: the parameter does not accept the value.
        """
        if self.function and callable(value):
            return value
        text = self.to_text(value, origin)
        return self.default if text == "" else self._from_text(text, origin)

    def _from_text(self, text: str, origin: str) -> Any:
        if self.choices is not None:
            for choice in self.choices:
                if text.lower() == choice.lower():
                    return choice
            raise self.bad(text, "one of " + ", ".join(self.choices), origin)
        if self.type is bool:
            if (truth := _BOOLEANS.get(text.strip().lower())) is None:
                raise self.bad(text, "1 or 0", origin)
            return truth
        if self.type is int:
            match = _INTEGER.fullmatch(text)
            if match is None or not -(2**31) <= int(match[1]) < 2**31:
                raise self.bad(text, "an integer", origin)
            return int(match[1])
        if self.type is float:
            match = _NUMBER.fullmatch(text)
            number = float(match[1]) if match is not None else inf
            if not -(2**31) <= number < 2**31:
                raise self.bad(text, "a number", origin)
            return int(number) if number.is_integer() else number
        return text

    def to_text(self, value: Any, origin: str = "") -> str:
        """Return a value as text for a conninfo, still unquoted.

        Args:
            value: a str, int, bool or path, or a float for a parameter of that type.
            origin: the source of the value, for the error.

        Returns:
            The text; a bool becomes `1` or `0`.

        Raises:
            howdah.ProgrammingError: the value has another type, or a NUL, which the protocol cannot send.
        """
        if not isinstance(value, str):
            if isinstance(value, bool):
                return "1" if value else "0"
            if isinstance(value, int):
                return str(int(value))
            if isinstance(value, float) and self.type is float:
                return repr(float(value))
            if isinstance(value, os.PathLike):
                value = os.fspath(value)
            if not isinstance(value, str):
                raise ProgrammingError(
                    f'invalid value for connection parameter "{self.name}"{origin}: '
                    f"expected str, {'float' if self.type is float else 'int'} or bool,"
                    f" got {type(value).__name__}"
                )
        if "\0" in value:
            raise ProgrammingError(
                f'invalid value for connection parameter "{self.name}"{origin}: it contains a NUL character'
            )
        return str(value)

    def bad(self, value: str, expected: str, origin: str = "") -> ProgrammingError:
        """Return the error for a value that this parameter does not accept; it shows no secrets."""
        shown = "" if self.secret else f' "{value}"'
        return ProgrammingError(
            f'invalid value{shown} for connection parameter "{self.name}"{origin}: expected {expected}'
        )


class ParameterRegistry(tuple[Parameter, ...]):
    """All known parameters, with the indexes that every connection needs, computed once.

    Attributes:
        prefixes: the beginnings of the conninfos that plugins resolve, for errors about misspelt ones.
    """

    prefixes: tuple[str, ...] = ()

    @classmethod
    def of(cls, parameters: Iterable[Parameter]) -> ParameterRegistry:
        """Return the parameters themselves if they are a registry, else a new registry of them."""
        return parameters if isinstance(parameters, cls) else cls(parameters)

    @cached_property
    def by_name(self) -> dict[str, Parameter]:
        """The parameters by their names."""
        return {parameter.name: parameter for parameter in self}

    @cached_property
    def by_environ(self) -> dict[str, tuple[str, ...]]:
        """The names of parameters by their environment variable."""
        found: dict[str, tuple[str, ...]] = {}
        for parameter in self:
            if parameter.environ is not None:
                found[parameter.environ] = (*found.get(parameter.environ, ()), parameter.name)
        return found

    @cached_property
    def variables(self) -> Mapping[str | bytes, str]:
        """The environment variables of all parameters, for `environment.present`."""
        return as_kept(self.by_environ)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The default values by the names of the parameters."""
        return {parameter.name: parameter.default for parameter in self}

    @cached_property
    def secret(self) -> frozenset[str]:
        """The names of the parameters whose values must never be shown."""
        return frozenset(parameter.name for parameter in self if parameter.secret)


#: The names of parameters in other drivers.
_ELSEWHERE = {
    "database": "dbname",
    "db": "dbname",
    "dsn": "conninfo",
    "hostname": "host",
    "passwd": "password",
    "server_settings": "options",
    "ssl": "sslmode",
    "timeout": "connect_timeout",
    "username": "user",
}


def unknown_parameter(name: str, known: Iterable[str], origin: str = "") -> ProgrammingError:
    """Return the error for a parameter that does not exist; it suggests the most similar one."""
    from difflib import get_close_matches

    close = [_ELSEWHERE[name]] if name in _ELSEWHERE else get_close_matches(name, known, n=1, cutoff=0.75)
    hint = f'; did you mean "{close[0]}"?' if close else ""
    # Anything but a name may be a piece of a password with an unquoted special character.
    shown = f' "{name}"' if name.isidentifier() else ""
    return ProgrammingError(f"unknown connection parameter{shown}{origin}{hint}")
