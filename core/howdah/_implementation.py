"""The choice between the native core and its pure-Python twin.

The environment variable `HOWDAH_IMPL` decides: `python` or `native`; where it is
not set, the native core runs if it was built.
"""

from __future__ import annotations

import os

__all__ = ["IMPLEMENTATION"]


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
    try:
        import howdah._native.wire  # noqa: F401
    except ImportError as e:
        if wanted == "native":
            raise ImportError(
                f"HOWDAH_IMPL asks for the native core, but it cannot be imported ({e}); install a C compiler"
                " and Python's headers, then build howdah again: pip install --force-reinstall --no-binary"
                " howdah howdah"
            ) from e
        return "python"
    return "native"


IMPLEMENTATION = _choose()
