# Generated from contrib/howdah_replication/resuming_async.py by .ci/async_to_sync.py; do not edit.
"""A stream that reconnects."""

from __future__ import annotations

import random
from collections.abc import Sequence
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from howdah.errors import Error, InterfaceError, ObjectInUse, OperationalError, ProgrammingError
from howdah_replication.connection import ReplicationConnection
from howdah_replication.lsn import LSN
from howdah_replication.messages import PgOutputMessage, PluginMessage, Resumed
from howdah_replication.signals import Signal
from howdah_replication.stream_base import Position, position

if TYPE_CHECKING:
    from typing_extensions import Self

    from howdah_replication.stream import ReplicationStream

__all__ = ["ResumingStream"]

#: The first pause before a connection is opened again, and the longest, in seconds.
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 30.0


class ResumingStream:
    """A logical stream with a connection of its own, which is replaced whenever it is lost.

    A context manager, over whose messages the program iterates. After an interruption there is a `Resumed`
    message; the stream continues from the position that the program has confirmed, and repeats what followed.
    So the program must then discard a transaction whose end it has not received. A transaction that is
    confirmed right after it was processed is not repeated.

    Args:
        conninfo: where to connect to.
        slot: the name of the slot.
        publications: the publications, for a slot with the plugin pgoutput; None for another plugin.
        start: where to begin; the server begins with what was confirmed if that is later.
        reconnect_timeout: how many seconds to try to connect before the error is raised.
        connect_params: parameters for `ReplicationConnection.connect`.
        stream_options: further arguments for `start_pgoutput` or `start_logical`.

    Attributes:
        confirmed: the position up to which the program has confirmed.
    """

    def __init__(
        self,
        conninfo: str,
        slot: str,
        publications: Sequence[str] | None = None,
        *,
        start: Position = 0,
        reconnect_timeout: float = 300.0,
        connect_params: dict[str, Any] | None = None,
        **stream_options: Any,
    ) -> None:
        self._conninfo = conninfo
        self._slot = slot
        self._publications = publications
        self._timeout = reconnect_timeout
        self._params = connect_params or {}
        self._options = stream_options
        self.confirmed = LSN(position(start))
        self._connection: ReplicationConnection | None = None
        self._stream: ReplicationStream[Any] | None = None
        #: Why the stream was interrupted, until it goes on.
        self._interrupted: Exception | None = None
        self._closed = False
        #: Ends a pause between two attempts to connect.
        self._closing = Signal()
        self._open = False

    @property
    def stream(self) -> ReplicationStream[Any] | None:
        """The stream at the moment; None while there is no connection."""
        return self._stream

    def __enter__(self) -> Self:
        if self._open or self._closed:
            raise ProgrammingError("a stream can be opened once: make another one")
        self._connect()
        self._open = True
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the stream, report what was confirmed to the server, and close the connection."""
        self._closed = True
        self._closing.set()
        self._disconnect()

    def read(self, timeout: float | None = None) -> PgOutputMessage | PluginMessage | Resumed | None:
        """Return the next message.

        Args:
            timeout: how long to wait for it, in seconds, while there is a connection; None for any time.

        Returns:
            The message; None after the timeout.

        Raises:
            howdah.OperationalError: a connection could not be opened within `reconnect_timeout`.
            howdah.Error: the server has refused to continue, or a value cannot be loaded.
        """
        if not self._open or self._closed:
            raise ProgrammingError("the stream is not open: use it in its 'with' block")
        if self._stream is None:
            self._connect()
            if self._interrupted is not None:
                interrupted, self._interrupted = self._interrupted, None
                return Resumed(self.confirmed, interrupted)
        stream = self._stream
        assert stream is not None
        try:
            message: PgOutputMessage | PluginMessage | None = stream.read(timeout)
        except Error as error:
            if not (stream.ended and stream.connection.closed):
                raise  # a value that cannot be loaded, or what the server refuses
            self._interrupted = error.with_traceback(None)
            self._disconnect()
            return self.read(timeout)
        return message

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> PgOutputMessage | PluginMessage | Resumed:
        while (message := self.read()) is None:
            pass
        return message

    def confirm(self, flushed: Position) -> None:
        """Confirm what the program has processed, as `ReplicationStream.confirm` does.

        Args:
            flushed: the end of a transaction, such as a `Commit` message, or a position in the log.
        """
        confirmed = position(flushed)
        self.confirmed = max(self.confirmed, confirmed)
        if self._stream is not None:
            self._stream.confirm(confirmed)

    def send_feedback(self) -> None:
        """Tell the server at once what was confirmed, if there is a connection."""
        if self._stream is not None and not self._stream.over:
            self._stream.send_feedback()

    # The connection

    def _check_not_closed(self) -> None:
        """Check that nobody has closed the stream while it connects."""
        if self._closed:
            raise ProgrammingError("the stream is closed")

    def _connect(self) -> None:
        """Open a connection and the stream; try again for some time if that fails."""
        deadline = monotonic() + self._timeout
        pause = _FIRST_PAUSE
        while True:
            try:
                self._try_to_connect()
                self._check_not_closed()
                return
            except (OperationalError, InterfaceError, ObjectInUse):
                self._disconnect()
                if not self._open or monotonic() >= deadline:
                    raise  # the first connection must be possible
            except BaseException:
                self._disconnect()
                raise
            self._closing.wait(pause * random.uniform(0.5, 1.0))
            self._check_not_closed()
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _try_to_connect(self) -> None:
        self._connection = connection = ReplicationConnection.connect(self._conninfo, **self._params)
        if self._publications is None:
            stream: ReplicationStream[Any] = connection.start_logical(
                self._slot, self.confirmed, **self._options
            )
        else:
            stream = connection.start_pgoutput(
                self._slot, self._publications, self.confirmed, **self._options
            )
        stream.__enter__()
        self._stream = stream

    def _disconnect(self) -> None:
        """Close the connection, if there is one."""
        connection, self._connection = self._connection, None
        stream, self._stream = self._stream, None
        try:
            if stream is not None:
                # What was not for the program is confirmed, too.
                self.confirmed = max(self.confirmed, stream.confirmed)
                stream.close()
        finally:
            if connection is not None:
                connection.close()
