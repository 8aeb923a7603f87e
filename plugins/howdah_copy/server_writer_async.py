"""The writer whose data goes to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah_copy.writers import ServerWriter

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["AsyncLibpqWriter"]


class AsyncLibpqWriter(ServerWriter):
    """Writes the data to the server, as a COPY without `writer` does: derive from it to change that.

    It has the name that programs know; no libpq is involved.

    Args:
        cursor: the cursor whose COPY it is.
        flush_threshold: accepted for compatibility; `write` waits whenever much is unsent.
    """

    def __init__(self, cursor: Any, *, flush_threshold: int = 0) -> None:
        self.cursor = cursor
        self.connection = cursor.connection

    async def write(self, data: Buffer) -> None:
        """Send a piece of the data.

        Raises:
            howdah.Error: the server has refused what was written so far.
        """
        await self.connection.kernel.wait(self._attached()._send(data))

    async def finish(self, exc: BaseException | None = None) -> None:
        """End the COPY at the server, because of `exc` if it is not None.

        Raises:
            howdah.Error: the server has refused what was written.
        """
        await self.connection.kernel.wait(self._attached()._end_in(exc))
