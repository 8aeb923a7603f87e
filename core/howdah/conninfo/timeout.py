"""The timeout that connection parameters ask for, in psycopg's terms."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["timeout_from_conninfo"]

#: What stands for no timeout, in seconds: about what Linux takes to give a TCP connection up.
_NONE_GIVEN = 130
#: The least, in seconds.
_LEAST = 2


def timeout_from_conninfo(params: Mapping[str, Any]) -> int:
    """Return the timeout that connection parameters ask for, as psycopg's function of this name does.

    `howdah.connect` itself takes `connect_timeout` as it is given: fractions count, one second is one
    second, and without it there is no limit.

    Args:
        params: parameters, such as from `conninfo_to_dict`. If `connect_timeout` is not among them, the
            environment variable `PGCONNECT_TIMEOUT` counts.

    Returns:
        Whole seconds, 2 at least; 130 where there is no limit.

    Raises:
        howdah.ProgrammingError: the value is no number.
    """
    value = params.get("connect_timeout", os.environ.get("PGCONNECT_TIMEOUT", "0"))
    try:
        seconds = int(float(str(value)))
    except (ValueError, OverflowError):
        raise ProgrammingError(f"bad value for connect_timeout: {value!r}") from None
    return max(seconds, _LEAST) if seconds > 0 else _NONE_GIVEN
