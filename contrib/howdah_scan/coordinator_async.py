"""The coordinator of a scan: it plans the tasks, and holds their snapshot."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import howdah
from howdah.errors import Error, InterfaceError, ProgrammingError
from howdah.sql import Composable
from howdah_scan.address import Address, address_of, check_secrets
from howdah_scan.errors import SnapshotLost
from howdah_scan.fragments import Fragment
from howdah_scan.keeping_async import AsyncKeeper
from howdah_scan.planning_async import AsyncPlanner
from howdah_scan.snapshot import BEGIN, BEGIN_COMMITTED, EXPORT, LIMITS, SETTINGS, Snapshot
from howdah_scan.source import Source
from howdah_scan.task import BATCH_BYTES, BATCH_ROWS, Task
from howdah_scan.workers import Executor, Workers

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Self

    from howdah_pool.nursery import Nursery
    from howdah_scan.collecting import Collection

ASYNC = True

if ASYNC:
    from howdah.io.event_loop import is_trio, running_event_loop

__all__ = ["AsyncScan"]

if not ASYNC:
    __all__ += ["scan"]

#: The longest single wait, in seconds.
_LONGEST_WAIT = 86400.0

Params = Sequence[Any] | Mapping[str, Any]


class AsyncScan:
    """A table or a query that many workers read at one snapshot.

    As a context manager it opens, and closes at the end of the block: until then it holds the snapshot, and
    locks what is scanned in ACCESS SHARE mode. So no table can be dropped, truncated or rewritten meanwhile,
    and VACUUM removes no row that the snapshot sees, in the whole database.

    Args:
        conninfo: where to connect to, as for `connect`, without a password.
        source: the name of a table, a partitioned table, a view, a materialized view or a foreign table, in
            SQL or as a `sql.Identifier`; or a query.
        columns: the columns that are wanted; None for all.
        where: a condition in SQL, with placeholders; for a query, it is a part of the query.
        params: the parameters of `where`, or of the query. They travel with the tasks.
        key: a column by whose values to divide, for views and queries. Tables need none: they are divided by
            blocks.
        partitions: how many tasks are wanted; None for a number that suits the size.
        password: a function that returns the password, as for `connect`. It is pickled with the tasks.
        keep_alive: after how many seconds each to ask the server something, so that no proxy or firewall
            closes the idle connection; None for never.

    Attributes:
        conninfo: where it connects to.
    """

    def __init__(
        self,
        conninfo: str,
        source: str | Composable,
        *,
        columns: Sequence[str] | None = None,
        where: str | Composable | None = None,
        params: Params | None = None,
        key: str | None = None,
        partitions: int | None = None,
        password: Callable[..., Any] | None = None,
        keep_alive: float | None = 30.0,
    ) -> None:
        check_secrets(conninfo, password)
        if partitions is not None and partitions < 1:
            raise ValueError("partitions must be >= 1")
        self.conninfo = conninfo
        self._source = source
        self._columns = columns
        self._where = where
        self._params = params
        self._key = key
        self._partitions = partitions
        self._password = password
        self._keep_alive = keep_alive
        self._keeper: AsyncKeeper | None = None
        if ASYNC:
            self._nursery: Nursery | None = None
        #: Whether it is being opened, and what guards that.
        self._opening = False
        self._beginning = threading.Lock()
        self._connection: Any = None
        self._tasks: list[Task] = []
        self._schema: pa.Schema = None
        self._snapshot: Snapshot | None = None
        self._consistent = True

    def __repr__(self) -> str:
        state = "not open" if self._connection is None else f"{len(self._tasks)} tasks"
        return f"<{type(self).__module__}.{type(self).__qualname__} [{state}] at 0x{id(self):x}>"

    async def open(self) -> None:
        """Connect, take the snapshot, and plan the tasks.

        Raises:
            howdah.InterfaceError: it is open already, or is being opened; or trio runs, where only the block
                of `async with` can keep it alive.
            howdah.ProgrammingError: what is scanned does not exist, or cannot be scanned.
            howdah.Error: connecting fails, or the server reports an error.
        """
        self._check_not_open()
        if ASYNC:  # noqa: SIM102
            if self._needs_nursery():
                raise InterfaceError(
                    "on trio, a scan is opened with 'async with scan:', not with open() alone: what keeps it"
                    " alive is a task, which ends with that block"
                )
        await self.__aenter__()

    async def _connect(self) -> None:
        address = Address(self.conninfo, self._password)
        connection: Any = await howdah.AsyncConnection.connect(**address.arguments())
        try:
            await self._plan(connection)
            self._connection = connection
        except BaseException as error:
            with connection.kernel.clean_up(error):
                await connection.close()
            raise
        if self._keep_alive is not None:
            self._keeper = AsyncKeeper(connection, self._keep_alive, *self._nurseries())
            self._keeper.start()

    async def _plan(self, connection: Any) -> None:
        source = Source.of(self._source, self._params, connection)
        if source.is_query and self._where is not None:
            raise ProgrammingError("the scan of a query has no where: write the condition into the query")
        where = Fragment(_text(self._where, connection), self._params if self._where is not None else None)
        planner = AsyncPlanner(connection, source, where, self._partitions)
        await planner.measure()
        lock = await planner.look_up()
        await connection.execute(BEGIN if lock else BEGIN_COMMITTED)
        if lock:
            await connection.execute(lock)
        await connection.execute(LIMITS)
        schema = await planner.schema(self._columns)
        oids = planner.type_oids
        groups = await planner.groups(self._key)
        snapshot = await self._export(connection) if planner.consistent or self._shares(groups) else None
        address = address_of(connection, self.conninfo, self._password)
        self._schema, self._snapshot, self._consistent = schema, snapshot, planner.consistent
        self._tasks = [
            Task(
                index=index,
                name=source.name,
                address=address,
                snapshot=snapshot,
                pieces=pieces,
                params=source.params,
                conditions=(where,) if where.text else (),
                full_schema=schema,
                columns=tuple(schema.names),
                type_oids=oids,
            )
            for index, pieces in enumerate(groups)
        ]

    @staticmethod
    def _shares(groups: Any) -> bool:
        """Return whether the tasks read on the server of the scan."""
        return all(piece.server is None for pieces in groups for piece in pieces)

    @staticmethod
    async def _export(connection: Any) -> Snapshot:
        name, *identity = await (await connection.execute(EXPORT)).fetchone()
        settings = await (await connection.execute(SETTINGS)).fetchall()
        return Snapshot(name, (identity[0], identity[1]), dict(settings))

    @property
    def tasks(self) -> Sequence[Task]:
        """The tasks: their rows together are those of the scan, each once."""
        self._check_open()
        return tuple(self._tasks)

    @property
    def schema(self) -> pa.Schema:
        """The schema of all batches."""
        self._check_open()
        return self._schema

    @property
    def snapshot(self) -> str | None:
        """The name of the exported snapshot; None if the tasks share none."""
        self._check_open()
        return None if self._snapshot is None else self._snapshot.name

    @property
    def consistent(self) -> bool:
        """Whether all rows are read at one snapshot: not those of foreign tables, and of Citus's shards."""
        self._check_open()
        return self._consistent

    async def batches(
        self,
        *,
        workers: int = 4,
        executor: Executor = "threads",
        batch_rows: int = BATCH_ROWS,
        batch_bytes: int = BATCH_BYTES,
    ) -> AsyncGenerator[pa.RecordBatch]:
        """Read all tasks with several workers, and yield their batches in the order in which they come.

        Few batches wait to be taken: the workers wait with them. The first error ends all of them.

        Args:
            workers: how many tasks are read at the same time.
            executor: `"threads"`, or `"processes"`, which are started with `spawn`.
            batch_rows: how many rows a batch has at most.
            batch_bytes: how many bytes a batch has at most, unless it is a single row.

        Raises:
            howdah.Error: as the `batches` of tasks.
        """
        if workers < 1:
            raise ValueError("workers must be >= 1")
        work = Workers(self.tasks, workers, executor, batch_rows, batch_bytes)
        try:
            work.start()
            while (batch := await _next(work.collection)) is not None:
                yield batch
        finally:
            await _stop(work)

    async def read(
        self,
        *,
        workers: int = 4,
        executor: Executor = "threads",
        batch_rows: int = BATCH_ROWS,
    ) -> pa.Table:
        """Read all tasks with several workers, and return their rows as a table, in no particular order.

        Args:
            workers: as for `batches`.
            executor: as for `batches`.
            batch_rows: as for `batches`.

        Raises:
            howdah.Error: as `batches`.
        """
        import pyarrow as pa

        batches = self.batches(workers=workers, executor=executor, batch_rows=batch_rows)
        return pa.Table.from_batches([batch async for batch in batches], self.schema)

    if not ASYNC:

        def reader(
            self,
            *,
            workers: int = 4,
            executor: Executor = "threads",
            batch_rows: int = BATCH_ROWS,
            batch_bytes: int = BATCH_BYTES,
        ) -> pa.RecordBatchReader:
            """Do as `batches`, and return a reader of pyarrow, which other libraries can take.

            Args:
                workers: as for `batches`.
                executor: as for `batches`.
                batch_rows: as for `batches`.
                batch_bytes: as for `batches`.
            """
            import pyarrow as pa

            batches = self.batches(
                workers=workers, executor=executor, batch_rows=batch_rows, batch_bytes=batch_bytes
            )
            return pa.RecordBatchReader.from_batches(self.schema, batches)

    async def check(self) -> None:
        """Check that the snapshot still exists.

        Raises:
            howdah_scan.SnapshotLost: the connection of the scan is lost.
        """
        self._check_open()
        try:
            await self._connection.execute("SELECT 1")
        except Error as error:
            raise SnapshotLost(
                "the connection of the scan is lost, and its snapshot with it: begin the scan again"
            ) from error

    async def close(self) -> None:
        """Give up the snapshot and the locks; tasks that begin later fail."""
        keeper, self._keeper = self._keeper, None
        connection, self._connection = self._connection, None
        try:
            if keeper is not None:
                await keeper.stop()
        finally:
            if connection is not None:
                await connection.close()

    async def __aenter__(self) -> Self:
        opening = False
        try:
            with self._beginning:  # so that of two that come at once, one connects
                self._check_not_open()
                opening = self._opening = True  # an interruption comes before both, or after both
            if ASYNC:  # noqa: SIM102
                if self._needs_nursery():
                    await self._enter_nursery()
            await self._connect()
        except BaseException as error:  # an interruption may come when it is open
            if opening:
                await self.__aexit__(type(error), error, error.__traceback__)
            raise
        finally:
            if opening:
                self._opening = False
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        if ASYNC:
            nursery, self._nursery = self._nursery, None
            if nursery is not None:
                try:
                    await self.close()
                finally:
                    await nursery.__aexit__(exc_type, exc_val, exc_tb)
                return
        await self.close()

    if ASYNC:

        def _needs_nursery(self) -> bool:
            return self._keep_alive is not None and is_trio()

        def _nurseries(self) -> tuple[Nursery | None]:
            return (self._nursery,)

        async def _enter_nursery(self) -> None:
            from howdah_pool.nursery import Nursery

            nursery = Nursery()
            await nursery.__aenter__()
            self._nursery = nursery

    else:

        def _nurseries(self) -> tuple[()]:
            return ()

    def _check_not_open(self) -> None:
        if self._opening or self._connection is not None:
            state = "being opened" if self._connection is None else "open already"
            raise InterfaceError(f"the scan is {state}")

    def _check_open(self) -> None:
        if self._connection is None:
            raise InterfaceError("the scan is not open: use it as a context manager")


def _text(where: str | Composable | None, connection: Any) -> str:
    if where is None:
        return ""
    return where.as_string(connection) if isinstance(where, Composable) else where


if ASYNC:

    async def _next(collection: Collection) -> pa.RecordBatch | None:
        """Return the next batch, without blocking the event loop."""
        while not collection.ready:
            event = running_event_loop().event()
            collection.notify = event.set
            if not collection.ready:  # it was, before it knew whom to notify
                await event.wait(_LONGEST_WAIT)
            collection.notify = None
        return collection.take()

    async def _stop(work: Workers) -> None:
        loop = running_event_loop()
        await loop.finish(loop.call_in_thread, work.stop)

else:

    def _next(collection: Collection) -> pa.RecordBatch | None:
        return collection.take()

    def _stop(work: Workers) -> None:
        work.stop()

    #: What `howdah.scan` is.
    scan = AsyncScan
