"""Which implementation of the hot paths runs: the native core or its pure-Python twin.

The environment variable `HOWDAH_IMPL` decides: `python` or `native`; where it is
not set, the native core runs if it was built.
"""

from __future__ import annotations

import os
from importlib.util import find_spec

__all__ = ["IMPLEMENTATION"]

#: The native modules that others are chosen over; all of them, or none.
_MODULES = ("blocking", "copy", "parameters", "rows", "tls", "wire")


def _choose() -> str:
    """Return "native" or "python".

    Raises:
        ImportError: if `HOWDAH_IMPL` has another value, or asks for a native core that is not there.
    """
    wanted = os.environ.get("HOWDAH_IMPL", "")
    if wanted not in ("", "native", "python"):
        raise ImportError(f"HOWDAH_IMPL is {wanted!r}; it can be 'native', 'python' or unset")
    if wanted == "python":
        return "python"
    # They are only looked for: they import modules that ask here.
    missing = [name for name in _MODULES if find_spec(f"howdah._native.{name}") is None]
    if not missing:
        return "native"
    if wanted == "native":
        raise ImportError(
            f"HOWDAH_IMPL asks for the native core, which was not built (no {', '.join(missing)});"
            " install a C compiler and Python's headers, then build howdah again:"
            " pip install --force-reinstall --no-cache-dir --no-binary howdah howdah"
        )
    return "python"


IMPLEMENTATION = _choose()
