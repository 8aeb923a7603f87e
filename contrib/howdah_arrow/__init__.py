"""Arrow data: results as tables of pyarrow, and tables and data frames into the database.

Install it with `pip install "howdah[arrow]"`. pyarrow is imported on first use.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_arrow.cursor import ArrowCursor
    from howdah_arrow.cursor_async import AsyncArrowCursor

__all__ = ["ArrowCursor", "AsyncArrowCursor"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "cursor": ("ArrowCursor",),
            "cursor_async": ("AsyncArrowCursor",),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce the capability of Arrow data."""
    return ["arrow"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute `execute_arrow`, `fetch_arrow`, `copy_arrow_in` and the related methods of cursors."""
    return Mixins(
        cursor="howdah_arrow.cursor:ArrowCursor", async_cursor="howdah_arrow.cursor_async:AsyncArrowCursor"
    )
