"""Importing pyarrow on first use."""

from __future__ import annotations

from typing import Any

from howdah.errors import NotSupportedError

__all__ = ["pyarrow"]


def pyarrow() -> Any:
    """Return the module pyarrow.

    Raises:
        howdah.NotSupportedError: pyarrow is not installed, or too old.
    """
    try:
        import pyarrow
    except ImportError as e:
        raise NotSupportedError('Arrow data needs pyarrow: pip install "howdah[arrow]"') from e
    if not hasattr(pyarrow, "uuid"):
        raise NotSupportedError(
            f'pyarrow {pyarrow.__version__} is too old, 18 is the oldest: pip install -U "howdah[arrow]"'
        )
    return pyarrow
