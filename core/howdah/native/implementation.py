"""Choosing the implementation of the hot paths: the native core or its pure-Python twin.

The environment variable `HOWDAH_IMPL` chooses `python` or `native`. If it is not
set, the native core is used if it was built. If it was not, the first connection
of the process says so in the log.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from importlib.util import find_spec

__all__ = ["IMPLEMENTATION", "log_fallback", "why_not_native"]

#: The native modules; either all of them are used, or none.
_MODULES = ("adapters", "exchange", "resultset", "rowmakers", "query_cache", "transport", "wire")


def _choose() -> tuple[str, str]:
    """Return "native" or "python", and why it is "python" although nobody asked for that.

    Raises:
        ImportError: `HOWDAH_IMPL` has another value, or asks for a native core that is missing.
    """
    wanted = os.environ.get("HOWDAH_IMPL", "")
    if wanted not in ("", "native", "python"):
        raise ImportError(f"HOWDAH_IMPL is {wanted!r}; it can be 'native', 'python' or unset")
    if wanted == "python":
        return "python", ""
    # They must not be imported here, because they import modules that import this one.
    missing = [name for name in _MODULES if find_spec(f"howdah.native.{name}") is None]
    if not missing:
        return _loadable(wanted)
    if wanted == "native":
        raise ImportError(
            f"HOWDAH_IMPL asks for the native core, which was not built (no {', '.join(missing)});"
            " install a C compiler and Python's headers, then build howdah again:"
            " pip install --force-reinstall --no-cache-dir --no-binary howdah howdah"
        )
    # Windows has only the pure implementation.
    return "python", "" if sys.platform == "win32" else "the native core was not built"


def _loadable(wanted: str) -> tuple[str, str]:
    """Return "native", or "python" and the reason if this interpreter cannot load the native core.

    Raises:
        ImportError: the native core cannot be loaded, but `HOWDAH_IMPL` asks for it.
    """
    try:
        import_module("howdah.native.exchange")  # it imports no module that imports this one
    except ImportError as error:
        problem = f"the native core, howdah.native, cannot be loaded by this interpreter: {error}"
        if wanted == "native":
            raise ImportError(f"{problem}; unset HOWDAH_IMPL, or set HOWDAH_IMPL=python") from error
        warnings.warn(
            f"{problem}; howdah runs in pure Python, which is slower; HOWDAH_IMPL=python asks for that",
            RuntimeWarning,
            stacklevel=2,
        )
        return "python", problem
    return "native", ""


def why_not_native() -> str:
    """Return why howdah runs in pure Python although nobody asked for that; empty if it does not.

    The caller tells the user, so it is no longer logged.
    """
    global _log_fallback
    _log_fallback = False
    return _reason


def log_fallback() -> None:
    """Log, once in a process, that howdah runs in pure Python although nobody asked for that."""
    global _log_fallback
    if not _log_fallback:
        return
    _log_fallback = False
    from logging import getLogger  # slow to import, and seldom needed

    getLogger("howdah").warning(
        "howdah runs in pure Python, which is slower: %s; install a wheel for this platform, or a C compiler"
        " and Python's headers and then howdah again; HOWDAH_IMPL=python silences this",
        _reason,
    )


IMPLEMENTATION, _reason = _choose()
_log_fallback = bool(_reason)
