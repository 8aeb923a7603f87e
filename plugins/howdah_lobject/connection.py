# Generated from plugins/howdah_lobject/connection_async.py by .ci/generate_faces.py; do not edit.
"""What connections get from the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import os

    from howdah.client.connection import Connection
    from howdah_lobject.large_object import LargeObject

__all__ = ["LargeObjects"]


class LargeObjects:
    """Connections open large objects."""

    def lobject(
        self,
        oid: int = 0,
        mode: str | None = "r",
        new_oid: int = 0,
        new_file: str | os.PathLike[str] | None = None,
    ) -> LargeObject:
        """Open or create a large object.

        Args:
            oid: which one to open; 0 creates one.
            mode: `r`, `w` or `rw`; `n` does not open it. `b` behind it changes nothing, with
                `t` it is read and written as str. A new object in mode `r` is opened in `rw`.
            new_oid: the oid of the new object; 0 lets the server choose.
            new_file: a file to fill the new object from.

        Returns:
            The large object, a context manager that closes it.

        Raises:
            howdah.ProgrammingError: there is no transaction, or the arguments do not fit.
            howdah.errors.UndefinedObject: there is no large object of this oid.
            howdah.errors.UniqueViolation: `new_oid` is taken.
        """
        from howdah_lobject.large_object import LargeObject

        return LargeObject(cast("Connection[Any]", self), oid, mode, new_oid, new_file)
