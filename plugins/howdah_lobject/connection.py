# Generated from plugins/howdah_lobject/connection_async.py by .ci/generate_faces.py; do not edit.
"""The mixin for connections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import os

    from howdah.client.connection import Connection
    from howdah_lobject.large_object import LargeObject

__all__ = ["LargeObjects"]


class LargeObjects:
    """Adds the method `lobject` to connections."""

    def lobject(
        self,
        oid: int = 0,
        mode: str | None = "r",
        new_oid: int = 0,
        new_file: str | os.PathLike[str] | None = None,
    ) -> LargeObject:
        """Open or create a large object.

        Args:
            oid: the oid of the object to open; 0 creates one.
            mode: `r`, `w` or `rw`; `n` does not open it. A `b` after it has no effect; with a
                `t` the object is read and written as str. A new object in mode `r` is opened in `rw`.
            new_oid: the oid of the new object; 0 lets the server choose.
            new_file: a file to fill the new object from.

        Returns:
            The large object, a context manager that closes it.

        Raises:
            howdah.ProgrammingError: there is no transaction, or the arguments contradict each other.
            howdah.errors.UndefinedObject: there is no large object with this oid.
            howdah.errors.UniqueViolation: `new_oid` is in use.
        """
        from howdah_lobject.large_object import LargeObject

        return LargeObject(cast("Connection[Any]", self), oid, mode, new_oid, new_file)
