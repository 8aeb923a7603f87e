"""A base backup: what the sync and the async one have in common.

Source: PostgreSQL documentation, "Streaming Replication Protocol", BASE_BACKUP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from howdah.errors import ProgrammingError
from howdah.io.operation import Operation, Stop
from howdah_replication.exchange import RowsAndCopyExchange
from howdah_replication.lsn import LSN
from howdah_replication.rows import integer, optional, position, read_result, read_row, text
from howdah_replication.wire import Fields, violation

__all__ = ["BackupArchive", "BackupManifest", "BackupPart", "BackupProgress", "BaseBackup", "Tablespace"]

_COMMAND = "BASE_BACKUP"


@dataclass(frozen=True, slots=True)
class BackupArchive:
    """The beginning of an archive: the bytes that follow are a tar file, compressed if that was asked for.

    Attributes:
        name: the name of its file.
        tablespace_path: where the tablespace is on the server; empty for the data directory.
    """

    name: str
    tablespace_path: str


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """The beginning of the manifest: the bytes that follow are those of the file backup_manifest."""


@dataclass(frozen=True, slots=True)
class BackupProgress:
    """How far the backup is.

    Attributes:
        done: how many bytes of the current tablespace are done.
    """

    done: int


@dataclass(frozen=True, slots=True)
class Tablespace:
    """A tablespace in the backup.

    Attributes:
        oid: its oid; None for the data directory.
        path: its path; None for the data directory.
        size: its approximate size in kilobytes; None unless `progress` was asked for.
    """

    oid: int | None
    path: str | None
    size: int | None


BackupPart: TypeAlias = bytes | BackupArchive | BackupManifest | BackupProgress


class BaseBackup:
    """State and operations of a base backup.

    Args:
        connection: the connection.
        command: BASE_BACKUP.
    """

    def __init__(self, connection: Any, command: str) -> None:
        self.connection = connection
        self._command = command
        self._exchange: RowsAndCopyExchange | None = None
        self._messages: list[bytes] = []
        self._left = False

    # State

    @property
    def is_open(self) -> bool:
        """Whether its block has begun and not ended."""
        return self._exchange is not None and not self._left

    @property
    def start(self) -> tuple[LSN, int]:
        """The position at which the backup begins, and its timeline."""
        return self._position(0)

    @property
    def tablespaces(self) -> tuple[Tablespace, ...]:
        """The tablespaces in the backup."""
        columns = optional(integer), optional(text), optional(integer)
        return tuple([Tablespace(*read_row(_COMMAND, row, *columns)) for row in self._rows(1)])

    @property
    def end(self) -> tuple[LSN, int]:
        """The position at which the backup ends, once it has ended, and its timeline."""
        return self._position(-1)

    def _rows(self, index: int) -> list[Any]:
        exchange = self._exchange
        if exchange is None:
            raise ProgrammingError("the backup has not begun: use it in a 'with' block")
        results = [rows for result in exchange.results if (rows := read_result(result))]
        if index < 0 and (len(results) < 3 or not exchange.done):
            raise ProgrammingError("the backup has not ended: read all of it before you ask for its end")
        if index >= len(results):
            raise violation("a result of the backup is missing")
        return results[index]

    def _position(self, index: int) -> tuple[LSN, int]:
        lsn, timeline = read_row(_COMMAND, self._rows(index)[0], position, integer)
        return lsn, timeline

    # Operations

    def begin(self) -> Operation[None]:
        """Send the command, and wait until the data begins."""
        if self._exchange is not None:
            raise ProgrammingError("a backup can be made once: call base_backup() again")
        kernel = self.connection.kernel
        session = yield from kernel.start_operation()
        command = self._command.encode(session.encoding)
        exchange = RowsAndCopyExchange(query=command, describe=kernel.transformer.decoder)
        session.query(exchange, command)
        yield exchange
        if exchange.done:
            exchange.raise_error()
            raise ProgrammingError("the server has sent no backup")
        self._exchange = exchange
        kernel.reserve("a base backup is being received: leave its block before you use the connection")

    def next_messages(self) -> Operation[list[bytes]]:
        """Wait for data, and return it; nothing is the end."""
        exchange = self._exchange
        assert exchange is not None
        while not exchange.copied and not exchange.done:
            exchange.await_more()
            yield exchange
        messages = [*exchange.copied]
        exchange.copied.clear()
        if not messages:
            exchange.raise_error()
        return messages

    def finish(self) -> Operation[None]:
        """Cancel the backup, unless it has ended."""
        exchange = self._exchange
        assert exchange is not None
        self._left = True
        try:
            if not exchange.done:
                yield Stop(exchange)
        finally:
            exchange.discard()
            self.connection.kernel.release()

    def _part(self, message: bytes) -> BackupPart:
        """Return what a message is for the program."""
        kind = message[:1]
        if kind == b"d":
            return message[1:]
        fields = Fields(message, self.connection.kernel.transformer.encoding)
        fields.take(1)
        part: BackupPart
        if kind == b"n":
            part = BackupArchive(fields.string(), fields.string())
        elif kind == b"m":
            part = BackupManifest()
        elif kind == b"p":
            part = BackupProgress(int.from_bytes(fields.take(8), "big"))
        else:
            raise violation(f"a part of a backup is of the unknown kind {kind.decode('latin-1')!r}")
        fields.end()
        return part
