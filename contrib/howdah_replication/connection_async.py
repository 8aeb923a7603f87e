"""Asynchronous connections for replication."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from howdah.client.flags import checked_flag
from howdah.errors import ProgrammingError
from howdah.rows import tuple_row
from howdah_replication import commands, rows
from howdah_replication.backup_async import AsyncBackup
from howdah_replication.commands import (
    OptionValue,
    Slot,
    SlotState,
    Snapshot,
    Streaming,
    SystemInfo,
    TimelineHistory,
)
from howdah_replication.lsn import LSN
from howdah_replication.messages import PgOutputMessage, PluginMessage, WalData
from howdah_replication.stream_async import AsyncReplicationStream
from howdah_replication.stream_base import (
    Position,
    pgoutput_decoder,
    plugin_decoder,
    position,
    wal_decoder,
)

ASYNC = True

if TYPE_CHECKING:
    from typing_extensions import Self

    import howdah

__all__ = ["AsyncReplicationConnection"]

#: How many bytes of messages a stream keeps for the program.
BUFFER_SIZE = 4 * 1024 * 1024
#: How often the server is told at least, in seconds; more often if its wal_sender_timeout is short.
STATUS_INTERVAL = 10.0


class AsyncReplicationConnection:
    """A connection for replication.

    Made by `connect`; or of any connection that was opened with `replication=database` or
    `replication=true`, and is in autocommit mode. A context manager that closes it.

    Args:
        connection: the connection.

    Attributes:
        connection: the connection, whose adapters load the values. With `replication=database` it
            executes queries as well, while no stream is open; the server supports no parameters there.
    """

    def __init__(self, connection: howdah.AsyncConnection[Any]) -> None:
        self.connection = connection
        #: The streams and backups that were made here and are in use; at most one of them is open.
        self._made: WeakSet[AsyncReplicationStream[Any] | AsyncBackup] = WeakSet()

    @classmethod
    async def connect(
        cls, conninfo: str = "", *, physical: bool = False, driver: howdah.Driver | None = None, **params: Any
    ) -> Self:
        """Open a connection for replication.

        Args:
            conninfo: where to connect to, as for `howdah.AsyncConnection.connect`.
            physical: whether it is for physical replication only, and belongs to no database.
            driver: the driver; the default one if it is None.
            params: parameters of the conninfo, and of `howdah.AsyncConnection.connect`.

        Raises:
            howdah.OperationalError: the connection cannot be opened.
        """
        import howdah

        driver = howdah.default_driver() if driver is None else driver
        params = {"replication": "true" if checked_flag("physical", physical) else "database", **params}
        if ASYNC:
            connection = await driver.AsyncConnection.connect(conninfo, autocommit=True, **params)
        else:
            connection = driver.connect(conninfo, autocommit=True, **params)
        return cls(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__qualname__} of {self.connection!r}>"

    async def close(self) -> None:
        """Close the connection; a stream that is open is ended before."""
        running = self._running()
        try:
            if isinstance(running, AsyncReplicationStream) and not self.connection.closed:
                await running.close()
        finally:
            await self.connection.close()

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, by `close` or because it was lost."""
        return self.connection.closed

    # What the server tells

    async def _rows(self, command: str) -> list[Any]:
        cur = self.connection.cursor(row_factory=tuple_row)
        await cur.execute(command)  # type: ignore[call-overload,unused-ignore]
        return await cur.fetchall() if cur.description else []

    async def _row(self, command: str, *columns: rows.Read) -> list[Any]:
        return rows.first_row(command.partition(" ")[0], await self._rows(command), *columns)

    async def identify_system(self) -> SystemInfo:
        """Return what identifies the server, and where it is (IDENTIFY_SYSTEM).

        Raises:
            howdah.Error: the server reports an error.
        """
        row = await self._row(
            "IDENTIFY_SYSTEM", rows.text, rows.integer, rows.position, rows.optional(rows.text)
        )
        return SystemInfo(*row)

    async def timeline_history(self, timeline: int) -> TimelineHistory:
        """Return the history of a timeline (TIMELINE_HISTORY).

        Args:
            timeline: its number; the first one has no history.

        Raises:
            howdah.Error: the server reports an error.
        """
        return TimelineHistory(*await self._row(f"TIMELINE_HISTORY {int(timeline)}", rows.text, rows.content))

    async def show(self, name: str) -> str:
        """Return a setting of the server (SHOW).

        Args:
            name: its name.

        Raises:
            howdah.Error: the server reports an error.
        """
        value: str
        (value,) = await self._row(f"SHOW {commands.identifier(name)}", rows.text)
        return value

    # Slots

    async def create_logical_slot(
        self,
        name: str,
        plugin: str = "pgoutput",
        *,
        temporary: bool = False,
        snapshot: Snapshot = "nothing",
        two_phase: bool = False,
        failover: bool = False,
    ) -> Slot:
        """Create a slot for logical replication (CREATE_REPLICATION_SLOT).

        Args:
            name: its name.
            plugin: the output plugin.
            temporary: whether it ends with the connection.
            snapshot: `export` the snapshot with which the stream begins, for other connections; `use` it
                in the transaction that is open here; or `nothing`.
            two_phase: whether transactions are decoded when they are prepared.
            failover: whether it is copied to standbys; from PostgreSQL 17.

        Raises:
            howdah.Error: the server reports an error, such as `howdah.errors.DuplicateObject`.
        """
        command = commands.create_logical_slot(
            self._version,
            name,
            plugin,
            temporary=temporary,
            snapshot=snapshot,
            two_phase=two_phase,
            failover=failover,
        )
        optional = rows.optional(rows.text)
        return Slot(*await self._row(command, rows.text, rows.position, optional, optional))

    async def create_physical_slot(
        self, name: str, *, temporary: bool = False, reserve_wal: bool = False
    ) -> Slot:
        """Create a slot for physical replication (CREATE_REPLICATION_SLOT).

        Args:
            name: its name.
            temporary: whether it ends with the connection.
            reserve_wal: whether the server keeps the log from now on, and not from the first stream on.

        Raises:
            howdah.Error: the server reports an error, such as `howdah.errors.DuplicateObject`.
        """
        command = commands.create_physical_slot(
            self._version, name, temporary=temporary, reserve_wal=reserve_wal
        )
        (slot,) = await self._row(command, rows.text)
        return Slot(slot, LSN(0), None, None)

    async def read_slot(self, name: str) -> SlotState | None:
        """Return the state of a physical slot, None if there is no such slot (READ_REPLICATION_SLOT).

        Args:
            name: its name.

        Raises:
            howdah.Error: the server reports an error; the command exists from PostgreSQL 15.
        """
        kind, lsn, timeline = await self._row(
            f"READ_REPLICATION_SLOT {commands.identifier(name)}",
            rows.optional(rows.text),
            rows.optional(rows.position),
            rows.optional(rows.integer),
        )
        return None if kind is None else SlotState(lsn, timeline)

    async def alter_slot(
        self, name: str, *, failover: bool | None = None, two_phase: bool | None = None
    ) -> None:
        """Change a logical slot (ALTER_REPLICATION_SLOT).

        Args:
            name: its name.
            failover: whether it is copied to standbys; from PostgreSQL 17.
            two_phase: whether transactions are decoded when they are prepared; from PostgreSQL 18.

        Raises:
            howdah.Error: the server reports an error.
        """
        await self._rows(commands.alter_slot(self._version, name, failover=failover, two_phase=two_phase))

    async def drop_slot(self, name: str, *, wait: bool = False) -> None:
        """Drop a slot (DROP_REPLICATION_SLOT).

        Args:
            name: its name.
            wait: whether to wait until it is no longer in use; otherwise a slot in use is an error.

        Raises:
            howdah.Error: the server reports an error, such as `howdah.errors.ObjectInUse`.
        """
        await self._rows(commands.drop_slot(name, wait=wait))

    # Streams

    def start_pgoutput(
        self,
        slot: str,
        publications: Sequence[str],
        start: Position = 0,
        *,
        binary: bool = False,
        streaming: Streaming = "off",
        two_phase: bool = False,
        messages: bool = False,
        origin: str | None = None,
        protocol: int | None = None,
        status_interval: float = STATUS_INTERVAL,
        buffer_size: int = BUFFER_SIZE,
    ) -> AsyncReplicationStream[PgOutputMessage]:
        """Return the stream of a slot with the plugin pgoutput, which begins when its `with` block does.

        Args:
            slot: the name of the slot.
            publications: the names of the publications.
            start: where to begin; the server begins with what was confirmed if that is later.
            binary: whether values are sent in binary format, where their types have one.
            streaming: `on` or `parallel` to get large transactions in parts, before their end.
            two_phase: whether transactions are sent when they are prepared.
            messages: whether messages of `pg_logical_emit_message` are included.
            origin: `none` to get only transactions that do not come from another server.
            protocol: the version of pgoutput's protocol; None for the lowest that has the requested features.
            status_interval: the most seconds between two status updates; a short `wal_sender_timeout` of
                the server shortens it.
            buffer_size: how many bytes of messages are received before the program takes them.

        Raises:
            howdah.NotSupportedError: the server is too old for it.
            howdah.ProgrammingError: the options do not go together, or a stream or backup is open.
        """
        options = commands.pgoutput_options(
            self._version,
            publications,
            protocol=protocol,
            binary=binary,
            streaming=streaming,
            two_phase=two_phase,
            messages=messages,
            origin=origin,
        )
        begin = position(start)
        return self._started(
            AsyncReplicationStream(
                self.connection,
                commands.start_logical(slot, begin, options),
                begin,
                partial(pgoutput_decoder, self.connection.kernel.transformer),
                physical=False,
                status_interval=status_interval,
                buffer_size=buffer_size,
            )
        )

    def start_logical(
        self,
        slot: str,
        start: Position = 0,
        *,
        options: Mapping[str, OptionValue] | None = None,
        binary: bool = False,
        status_interval: float = STATUS_INTERVAL,
        buffer_size: int = BUFFER_SIZE,
    ) -> AsyncReplicationStream[PluginMessage]:
        """Return the stream of a slot with any plugin, such as test_decoding or wal2json.

        It begins when its `with` block does; its messages have what the plugin has written.

        Args:
            slot: the name of the slot.
            start: where to begin; the server begins with what was confirmed if that is later.
            options: the options of the plugin.
            binary: whether the messages have bytes, and not text.
            status_interval: the most seconds between two status updates; a short `wal_sender_timeout` of
                the server shortens it.
            buffer_size: how many bytes of messages are received before the program takes them.

        Raises:
            howdah.ProgrammingError: a stream or backup is open.
        """
        begin = position(start)
        encoding = None if checked_flag("binary", binary) else self.connection.kernel.transformer.encoding
        return self._started(
            AsyncReplicationStream(
                self.connection,
                commands.start_logical(slot, begin, options or {}),
                begin,
                partial(plugin_decoder, encoding),
                physical=False,
                status_interval=status_interval,
                buffer_size=buffer_size,
            )
        )

    def start_physical(
        self,
        start: Position,
        *,
        slot: str | None = None,
        timeline: int | None = None,
        status_interval: float = STATUS_INTERVAL,
        buffer_size: int = BUFFER_SIZE,
    ) -> AsyncReplicationStream[WalData]:
        """Return the stream of the log itself, which begins when its `with` block does.

        Args:
            start: where to begin.
            slot: the name of a physical slot, None for no slot.
            timeline: the timeline; None for the current one.
            status_interval: the most seconds between two status updates; a short `wal_sender_timeout` of
                the server shortens it.
            buffer_size: how many bytes of messages are received before the program takes them.

        Raises:
            howdah.ProgrammingError: a stream or backup is open.
        """
        begin = position(start)
        return self._started(
            AsyncReplicationStream(
                self.connection,
                commands.start_physical(slot, begin, timeline),
                begin,
                wal_decoder,
                physical=True,
                status_interval=status_interval,
                buffer_size=buffer_size,
            )
        )

    def base_backup(
        self,
        label: str = "howdah",
        *,
        fast: bool = False,
        wal: bool = False,
        progress: bool = False,
        manifest: bool = False,
        max_rate: int | None = None,
        tablespace_map: bool = False,
        verify_checksums: bool = True,
        options: Mapping[str, OptionValue] | None = None,
    ) -> AsyncBackup:
        """Return a backup of the whole cluster, which begins when its `with` block does (BASE_BACKUP).

        Args:
            label: a name for it.
            fast: whether the checkpoint before it is made at once, not spread over some time.
            wal: whether it includes the log that is needed to restore it.
            progress: whether it includes the sizes of tablespaces, and `BackupProgress`.
            manifest: whether it includes a manifest.
            max_rate: the most kilobytes a second.
            tablespace_map: whether links of tablespaces are in a file instead of being links.
            verify_checksums: whether checksums are verified.
            options: further options, by their names: `{"compression": "gzip"}`.

        Raises:
            howdah.NotSupportedError: the server is older than PostgreSQL 15.
            howdah.ProgrammingError: a stream or backup is open.
        """
        command = commands.base_backup(
            self._version,
            label=label,
            checkpoint="fast" if checked_flag("fast", fast) else "spread",
            wal=wal,
            progress=progress,
            manifest=manifest,
            max_rate=max_rate,
            tablespace_map=tablespace_map,
            verify_checksums=verify_checksums,
            options=options or {},
        )
        self._check_idle()
        backup = AsyncBackup(self.connection, command)
        self._made.add(backup)
        return backup

    @property
    def _version(self) -> int:
        return self.connection.info.server_version

    def _running(self) -> AsyncReplicationStream[Any] | AsyncBackup | None:
        """Return the stream or backup that is open; None without one."""
        return next((made for made in [*self._made] if made.is_open), None)

    def _check_idle(self) -> None:
        """Check that another stream or backup can be started.

        Raises:
            howdah.ProgrammingError: one is open.
        """
        running = self._running()
        if running is not None:
            what = "a base backup" if isinstance(running, AsyncBackup) else "a replication stream"
            raise ProgrammingError(
                f"{what} is open on this connection: leave its block, or open another connection"
            )

    def _started(self, stream: AsyncReplicationStream[Any]) -> AsyncReplicationStream[Any]:
        self._check_idle()
        self._made.add(stream)
        return stream
