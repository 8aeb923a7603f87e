"""Large objects: values of up to 4 TB, read and written like files.

Source: PostgreSQL documentation, "Large Objects".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from howdah.hookspecs import Mixins, hookimpl
from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_lobject.connection import LargeObjects
    from howdah_lobject.connection_async import AsyncLargeObjects
    from howdah_lobject.errors import LargeObjectClosed, WrongMode
    from howdah_lobject.large_object import LargeObject
    from howdah_lobject.large_object_async import AsyncLargeObject

__all__ = [
    "AsyncLargeObject",
    "AsyncLargeObjects",
    "LargeObject",
    "LargeObjectClosed",
    "LargeObjects",
    "WrongMode",
]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__,
        {
            "connection": ("LargeObjects",),
            "connection_async": ("AsyncLargeObjects",),
            "errors": ("LargeObjectClosed", "WrongMode"),
            "large_object": ("LargeObject",),
            "large_object_async": ("AsyncLargeObject",),
        },
    )


@hookimpl
def howdah_capabilities() -> Iterable[str]:
    """Announce the capability of large objects."""
    return ["lobject"]


@hookimpl
def howdah_mixins() -> Mixins:
    """Contribute the method `lobject` of connections."""
    return Mixins(
        connection="howdah_lobject.connection:LargeObjects",
        async_connection="howdah_lobject.connection_async:AsyncLargeObjects",
    )
