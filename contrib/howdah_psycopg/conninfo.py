"""`psycopg.pq.Conninfo`: connection parameters as libpq lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from howdah.conninfo import PARAMETERS, parse
from howdah.errors import OperationalError, ProgrammingError

__all__ = ["Conninfo", "ConninfoOption", "options"]


class ConninfoOption(NamedTuple):
    """A connection parameter.

    Args:
        keyword: its name.
        envvar: its environment variable, None without one.
        compiled: its default, None without one.
        val: its value, None if it is not set.
        label: a label for it in dialogs.
        dispchar: `*` if the value is a secret.
        dispsize: the width of a field for it in dialogs.
    """

    keyword: bytes
    envvar: bytes | None
    compiled: bytes | None
    val: bytes | None
    label: bytes
    dispchar: bytes
    dispsize: int


class Conninfo:
    """Lists connection parameters."""

    @classmethod
    def get_defaults(cls) -> list[ConninfoOption]:
        """Return all parameters, with their defaults as values."""
        return options({parameter.name: parameter.default for parameter in PARAMETERS})

    @classmethod
    def parse(cls, conninfo: bytes) -> list[ConninfoOption]:
        """Return all parameters, with their values in a conninfo.

        Raises:
            TypeError: the conninfo is not bytes.
            howdah.OperationalError: the conninfo is malformed, or has an unknown parameter.
        """
        if not isinstance(conninfo, bytes):
            raise TypeError(f"a conninfo is bytes here, not {type(conninfo).__name__}")
        try:
            return options(parse(conninfo.decode("utf-8", "surrogateescape")))
        except ProgrammingError as error:
            raise OperationalError(str(error)) from None


def options(values: Mapping[str, Any]) -> list[ConninfoOption]:
    """Return all parameters.

    Args:
        values: the values of those that are set.
    """
    return [
        ConninfoOption(
            keyword=parameter.name.encode(),
            envvar=_text(parameter.environ),
            compiled=_text(parameter.default),
            val=_text(values.get(parameter.name)),
            label=parameter.name.replace("_", " ").title().encode(),
            dispchar=b"*" if parameter.secret else b"",
            dispsize=64,
        )
        for parameter in PARAMETERS
    ]


def _text(value: Any) -> bytes | None:
    if value is None:
        return None
    return str(int(value) if isinstance(value, bool) else value).encode("utf-8", "surrogateescape")
