# Generated from contrib/howdah_replication/backup_async.py by .ci/async_to_sync.py; do not edit.
"""What `base_backup` of asynchronous connections returns."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from howdah.errors import ProgrammingError
from howdah_replication.backup_base import BackupPart, BaseBackup

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Backup"]


class Backup(BaseBackup):
    """A base backup that is being received: a context manager, over whose parts the program iterates.

    The bytes between a `BackupArchive` and the next part that is none are its content. What the program has
    not taken stays with the server. If the block is left early, the backup is cancelled; the connection can
    be used again in any case.

    Attributes:
        connection: the connection, which cannot be used during the backup.
        start: the position at which the backup begins, and its timeline.
        tablespaces: the tablespaces in the backup.
        end: the position at which the backup ends, once it has ended, and its timeline.
    """

    def __enter__(self) -> Self:
        kernel = self.connection.kernel
        with kernel.lock:
            kernel.wait(self.begin())
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        kernel = self.connection.kernel
        with kernel.clean_up(exc_val):
            with kernel.lock:
                kernel.wait_unlimited(self.finish())

    def read(self) -> BackupPart | None:
        """Return the next part, None at the end.

        Raises:
            howdah.Error: the server has ended the backup with an error.
        """
        if not self.is_open:
            raise ProgrammingError("the backup is not open: read it in its 'with' block")
        if not self._messages:
            kernel = self.connection.kernel
            with kernel.lock:
                self._messages = kernel.wait(self.next_messages())
            self._messages.reverse()
        return self._part(self._messages.pop()) if self._messages else None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> BackupPart:
        part = self.read()
        if part is None:
            raise StopIteration
        return part
