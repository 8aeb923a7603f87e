"""The connection timeout, as psycopg computes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["timeout_from_conninfo"]

#: The value for "no timeout", in seconds: about the time after which Linux gives up a TCP connection.
_NONE_GIVEN = 130
#: The minimum, in seconds.
_LEAST = 2


def timeout_from_conninfo(params: Mapping[str, Any]) -> int:
    """Return the timeout that connection parameters ask for, as psycopg's function of this name does.

    `howdah.connect` itself uses `connect_timeout` unchanged: fractions of a second are allowed, there is no
    minimum, and without it there is no limit.

    Args:
        params: parameters, for example from `conninfo_to_dict`. Without `connect_timeout` the environment
            variable `PGCONNECT_TIMEOUT` is used.

    Returns:
        Whole seconds, at least 2; 130 for no limit.

    Raises:
        howdah.ProgrammingError: the value is not a number.
    """
    value = params.get("connect_timeout", os.environ.get("PGCONNECT_TIMEOUT", "0"))
    try:
        seconds = int(float(str(value)))
    except (ValueError, OverflowError):
        raise ProgrammingError(f"bad value for connect_timeout: {value!r}") from None
    return max(seconds, _LEAST) if seconds > 0 else _NONE_GIVEN
