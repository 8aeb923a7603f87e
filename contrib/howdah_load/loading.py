"""`howdah.load`: a source into a table, by many workers at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from howdah.errors import Error, OperationalError, ProgrammingError, TransactionResolutionUnknown
from howdah.sql import Identifier
from howdah_load.address import Address
from howdah_load.coordination import Coordinator
from howdah_load.engines import Engine, engine_of
from howdah_load.names import MODES
from howdah_load.partition import Partition
from howdah_load.results import Loaded, LoadError, Part, State, described, first_failed
from howdah_load.source import Source, opened

__all__ = ["Load", "load"]

#: After how many seconds what still writes is cancelled again.
_PATIENCE = 0.1


def load(
    conninfo: str,
    table: str | Identifier,
    source: Any,
    *,
    mode: Literal["independent", "staged", "two_phase"] = "independent",
    workers: int = 4,
    columns: Sequence[str] | None = None,
    part_rows: int = 100_000,
    progress: Callable[[Loaded], object] | None = None,
    password: str | Callable[..., Any] | None = None,
    schema: str | None = None,
    partition: tuple[str, str] | None = None,
) -> Loaded:
    """Write a source into a table, by COPY on several connections at once.

    Args:
        conninfo: where the table is.
        table: its name, as one word or a `sql.Identifier`.
        source: an Arrow table, batch, reader, dataset or scanner, a frame of pandas or Polars, a lazy frame
            of Polars, anything else with `__arrow_c_stream__`, or an iterable of batches: threads write it.
            Or a frame of Dask or Spark, or a dataset of Ray: the workers of these engines write it.
        mode: "independent": each part is a transaction of its own. "staged": the rows go into a staging table
            first, and from there into the table in one transaction. "two_phase": each worker prepares a
            transaction, and all are committed when all are prepared.
        workers: how many threads there are.
        columns: the columns of the table that the data goes into, in its order; None for those that are
            called as the data's.
        part_rows: how many rows a part has. Each thread holds one part in memory, unless the source does.
        progress: called with how much has been written so far, after each part, in any of the threads, never
            twice at the same time. For Dask and Ray it is called at the end. What it raises ends the load.
        password: the password, or a function that returns it. For the workers of engines it has to be a
            function that they can import.
        schema: where the tables of the load are created, the table's schema by default.
        partition: for a staged load into a partitioned table: the name of the new partition, in `schema`,
            that the rows become, and its bounds as in `ATTACH PARTITION`: `"FOR VALUES IN ('eu')"`.

    Returns:
        How much has been written.

    Raises:
        howdah_load.LoadError: a part could not be written; the error says which ones are, and its cause why.
        howdah.errors.TransactionResolutionUnknown: the coordinator has lost its connection while it
            committed, and cannot ask what became of it.
        howdah.NotSupportedError: pyarrow is not installed; or the server allows too few prepared
            transactions for "two_phase".
        howdah.ProgrammingError: the table does not exist; the partition exists already; or secrets would
            travel to an engine's workers.
        TypeError: the source is of another kind.
    """
    connected = Address(conninfo, password)
    job = Load(connected, table, source, mode, workers, columns, part_rows, progress, schema, partition)
    return job.run()


class Load:
    """One load. The arguments are those of `load`."""

    def __init__(
        self,
        address: Address,
        table: str | Identifier,
        source: Any,
        mode: str,
        workers: int,
        columns: Sequence[str] | None,
        part_rows: int,
        progress: Callable[[Loaded], object] | None,
        schema: str | None,
        partition: tuple[str, str] | None,
    ) -> None:
        if mode not in MODES:
            raise ProgrammingError(f"there is no mode {mode!r}: it is one of {', '.join(MODES)}")
        if workers < 1 or part_rows < 1:
            raise ValueError("workers and part_rows must be >= 1")
        if partition is not None and mode != "staged":
            raise ProgrammingError("partition is for mode='staged'")
        self._workers = workers
        self._report = Report(progress)
        self._connections: list[Any] = []
        self._stopped = False
        self._engine: Engine | None = engine_of(source)
        if self._engine is not None:
            address.check_portable()
            self._source = Source((), part_rows)
            names = self._engine.names
        else:
            names, batches = opened(source)
            self._source = Source(batches, part_rows)
        self._mode = mode
        self._coordinator = Coordinator(
            *(address, table, names if columns is None else columns, mode, schema),
            None if partition is None else Partition(*partition),
            self._engine is not None,
        )

    def run(self) -> Loaded:
        """Run it; the results are those of `load`."""
        coordinator = self._coordinator
        try:
            coordinator.begin(self._workers if self._engine is None else self._engine.parts)
            parts, failure = self._write()
            if self._stopped and failure is None:
                failure = OperationalError("it was cancelled")
            failed = first_failed(parts)
            if failure is None and failed is None:
                return coordinator.end(parts)
            parts = coordinator.abandon(parts + self._unreported(parts))
            if failure is not None and not isinstance(failure, Exception):
                raise failure
            if self._stopped:  # the parts that were cancelled only follow
                failed = None
            cause = failure if failed is None or failed.error is None else failed.error
            raise self._error(failed, cause, parts) from cause
        except (LoadError, TransactionResolutionUnknown):
            raise
        except BaseException:  # also what a signal handler raises
            coordinator.settle()
            raise
        finally:
            coordinator.close()

    def stop(self) -> None:
        """End the load: no more is read, and what is being written is cancelled; any thread may call this."""
        self._stopped = True
        self._source.stop()
        self._coordinator.cancel()
        for connection in [*self._connections]:
            try:
                connection.cancel_safe(timeout=5)
            except Error:
                continue  # it is closed, or idle

    def _write(self) -> tuple[list[Part], BaseException | None]:
        """Have the workers write; return what became of the parts, and what else has failed."""
        if self._engine is not None:
            parts: list[Part] = []
            try:
                for part in self._engine.write(self._coordinator.task):
                    parts.append(part)
                    self._report(part.loaded)
            except BaseException as error:
                return parts, error
            return parts, None
        return self._write_in_threads()

    def _unreported(self, parts: list[Part]) -> list[Part]:
        """Return the parts of an engine that has failed before it said what became of them."""
        reported = {part.number for part in parts}
        numbers = range((self._engine.parts or 0) if self._engine is not None else 0)
        return [Part(number, State.UNKNOWN) for number in numbers if number not in reported]

    def _write_in_threads(self) -> tuple[list[Part], BaseException | None]:
        write = self._write_stream if self._mode == "two_phase" else self._write_slices
        parts: list[Part] = []
        failure: BaseException | None = None
        errors: list[BaseException | None] = []  # one for each worker that has ended
        threads = [
            threading.Thread(target=self._work, args=(write, number, parts, errors), name="howdah-load")
            for number in range(self._workers)
        ]
        try:
            for thread in threads:
                thread.start()
            self._serve(len(threads), errors)
        except BaseException as error:
            failure = error
            self.stop()
            threads = [thread for thread in threads if thread.ident is not None]  # those that were started
            self._serve(len(threads), errors)
        for thread in threads:
            thread.join()
        failures = [failure, *errors, self._source.error]
        return parts, next((error for error in failures if error is not None), None)

    def _serve(self, started: int, errors: list[BaseException | None]) -> None:
        """Read for the workers, until all have ended."""

        def over() -> bool:
            return len(errors) >= started

        while not over():
            if self._stopped:  # what began just after it was cancelled goes on
                self.stop()
            self._source.serve(over, _PATIENCE)

    def _work(
        self,
        write: Callable[[int, list[Part]], None],
        worker: int,
        parts: list[Part],
        errors: list[BaseException | None],
    ) -> None:
        error: BaseException | None = None
        try:
            try:
                write(worker, parts)
            except BaseException:
                self.stop()
                raise
        except BaseException as raised:
            error = raised
        errors.append(error)
        self._source.wake()

    def _write_slices(self, worker: int, parts: list[Part]) -> None:
        """Write slices of the source, each in a transaction of its own."""
        task, source = self._coordinator.task, self._source
        with self._connected() as connect:
            while (taken := source.take()) is not None:
                try:
                    connection = connect()
                    part = task.write(connection, taken.number, taken.batches)
                except Exception as error:  # also what the function for the password raises
                    part = Part(taken.number, State.NOT_WRITTEN, error=error)
                part = replace(part, first_row=taken.first_row, rows=taken.rows)
                parts.append(part)
                if part.state is not State.WRITTEN:
                    source.stop()
                    return
                self._report(part.loaded)

    def _write_stream(self, worker: int, parts: list[Part]) -> None:
        """Write slices of the source, all in one transaction, which is prepared."""
        task, source = self._coordinator.task, self._source
        with self._connected() as connect:
            try:
                connection = connect()
                part = task.write(connection, worker, self._slices())
            except Exception as error:  # also what the function for the password raises
                part = Part(worker, State.NOT_WRITTEN, error=error)
            parts.append(part)
            if part.state is not State.WRITTEN:
                source.stop()

    def _slices(self) -> Iterator[Any]:
        while (taken := self._source.take()) is not None:
            yield from taken.batches
            self._report(Loaded(taken.rows, sum(batch.nbytes for batch in taken.batches), 1))

    def _connected(self) -> _Connected:
        return _Connected(self._coordinator.task.connect, self._connections)

    def _error(self, failed: Part | None, cause: BaseException | None, parts: list[Part]) -> LoadError:
        where = "" if failed is None else f" at {failed}"
        source = self._source
        unread = source.rows if self._engine is None and not source.exhausted else None
        reason = self._coordinator.with_remedy(f"the load has failed{where}: {described(cause)}")
        error = LoadError(reason, parts, unread)
        error.sqlstate = getattr(cause, "sqlstate", None)
        return error


class _Connected:
    """The connection of a worker: opened when there is something to write, closed at the end of the block.

    Args:
        connect: opens it.
        connections: the connections of all workers.
    """

    def __init__(self, connect: Callable[[], Any], connections: list[Any]) -> None:
        self._connect = connect
        self._connections = connections
        self._connection: Any = None

    def __enter__(self) -> Callable[[], Any]:
        return self._open

    def __exit__(self, *exc_info: object) -> None:
        if self._connection is not None:
            self._connections.remove(self._connection)
            self._connection.close()

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = self._connect()
            self._connections.append(self._connection)
        return self._connection


class Report:
    """How much has been written so far.

    Args:
        progress: the program's function that is called with it; None without one.
    """

    def __init__(self, progress: Callable[[Loaded], object] | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._loaded = Loaded()

    def __call__(self, loaded: Loaded) -> None:
        """Add what has been written, and report."""
        with self._lock:
            self._loaded += loaded
            if self._progress is not None:
                self._progress(self._loaded)
