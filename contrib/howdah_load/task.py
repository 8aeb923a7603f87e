"""The work of one worker: a part of the data into the table, in one transaction."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from howdah.errors import OperationalError, TransactionResolutionUnknown
from howdah.sql import SQL, Identifier, Literal
from howdah_load.address import Address
from howdah_load.names import Names
from howdah_load.results import Loaded, Part, State

__all__ = ["WriteTask"]

#: Workers of a two-phase load that wait for each other's rows would wait for ever: only the coordinator could
#: end that, and it waits for them.
_LOCK_TIMEOUT = """\
SELECT pg_catalog.set_config('lock_timeout', '30s', true)
WHERE pg_catalog.current_setting('lock_timeout') = '0'"""
#: The source may take its time, for which a COPY waits.
_MAY_TAKE_TIME = """\
SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings
WHERE name IN ('statement_timeout', 'transaction_timeout') AND setting <> '0'"""


@dataclass(frozen=True)
class WriteTask:
    """What a worker needs to write parts of a load. It can be pickled, and has no password.

    Args:
        address: where to connect to.
        names: the names of the load.
        table: the table that the rows go into: schema and name.
        columns: its columns, in the order of the data's.
    """

    address: Address
    names: Names
    table: tuple[str, str]
    columns: tuple[str, ...]

    def connect(self) -> Any:
        """Open a connection for `write`."""
        return self.address.connect(autocommit=False)

    def run(self, number: int, data: Any) -> Part:
        """Write a part on a connection of its own; errors are in the result.

        Args:
            number: the number of the part. If it is written already, as when an engine runs a task again,
                nothing happens.
            data: an Arrow table, a frame of pandas, or an iterable of batches.
        """
        try:
            with closing(self.connect()) as connection:
                return self.write(connection, number, data)
        except Exception as error:
            return Part(number, State.NOT_WRITTEN, error=_portable(error))

    def write(self, connection: Any, number: int, data: Any) -> Part:
        """Write a part; errors are in the result.

        Args:
            connection: the connection, in no transaction.
            number: the number of the part.
            data: an Arrow table, a frame of pandas, or an iterable of batches.
        """
        counted = _Counted(data)
        committing = False
        try:
            if not self._begin(connection, number):
                connection.rollback()
                return self._part(number, counted.rest())
            stored = self._copy(connection, counted)
            committing = True
            self._end(connection)
        except Exception as error:
            unknown = committing and isinstance(error, TransactionResolutionUnknown)
            connection.close()  # which rolls back; the load has failed, and needs it no more
            state = State.UNKNOWN if unknown else State.NOT_WRITTEN
            return Part(number, state, counted.loaded.rows, error=_portable(error))
        return self._part(number, Loaded(stored, counted.loaded.bytes, 1))

    def _part(self, number: int, loaded: Loaded) -> Part:
        return Part(number, State.WRITTEN, loaded.rows, loaded=loaded)

    def _begin(self, connection: Any, number: int) -> bool:
        """Begin the transaction; return False if the part is written already.

        Until the transaction ends, the record of the load cannot be dropped; if it is dropped already, the
        load has ended, and this fails.
        """
        record = Identifier(*self.names.record)
        if not self.names.two_phase:
            written = SQL("INSERT INTO {} (part) VALUES ({}) ON CONFLICT DO NOTHING RETURNING 1")
            return connection.execute(written.format(record, Literal(number))).fetchone() is not None
        gid = self.names.gid(number)
        connection.tpc_begin(gid)
        connection.execute(SQL("LOCK TABLE ONLY {} IN ACCESS SHARE MODE").format(record))
        connection.execute(_LOCK_TIMEOUT)
        connection.execute(_MAY_TAKE_TIME)
        prepared = connection.execute("SELECT FROM pg_catalog.pg_prepared_xacts WHERE gid = %s", [gid])
        if prepared.fetchone() is None:
            return True
        connection.tpc_rollback()
        return False

    def _copy(self, connection: Any, counted: _Counted) -> int:
        batches = iter(counted)
        first = next(batches, None)
        if first is None:
            return 0
        with connection.cursor() as cursor:
            stored: int = cursor.copy_arrow_in(
                Identifier(*self.table), _chain(first, batches), columns=self.columns
            )
        return stored

    def _end(self, connection: Any) -> None:
        if self.names.two_phase:
            connection.tpc_prepare()
        else:
            connection.commit()


class _Counted:
    """Batches that are counted as they are taken.

    Args:
        data: an Arrow table, a frame of pandas, or an iterable of batches.

    Attributes:
        loaded: how many rows and bytes have been taken.
    """

    def __init__(self, data: Any) -> None:
        self._data = data
        self.loaded = Loaded(parts=1)

    def __iter__(self) -> Iterator[Any]:
        for batch in _batches(self._data):
            self.loaded = Loaded(self.loaded.rows + batch.num_rows, self.loaded.bytes + batch.nbytes, 1)
            yield batch

    def rest(self) -> Loaded:
        """Return how many rows and bytes there are."""
        for _ in self:
            pass
        return self.loaded


def _batches(data: Any) -> Iterable[Any]:
    if hasattr(data, "to_batches"):
        return data.to_batches()  # type: ignore[no-any-return]
    if type(data).__module__.partition(".")[0] == "pandas":
        import pyarrow

        return pyarrow.Table.from_pandas(data, preserve_index=False).to_batches()  # type: ignore[no-any-return]
    return data  # type: ignore[no-any-return]


def _chain(first: Any, others: Iterator[Any]) -> Iterator[Any]:
    yield first
    yield from others


def _portable(error: Exception) -> Exception:
    """Return an error that can be sent to the coordinator."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # any class may raise anything here
        return OperationalError(f"{type(error).__name__}: {error}")
    return error
