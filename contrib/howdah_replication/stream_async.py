"""What `start_logical` and `start_physical` of asynchronous connections return."""

from __future__ import annotations

from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from howdah.errors import ProgrammingError
from howdah_replication.keeper_async import AsyncKeeper
from howdah_replication.stream_base import LONG, BaseStream, Position, position

ASYNC = True

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["AsyncReplicationStream"]

Message = TypeVar("Message")


class AsyncReplicationStream(BaseStream, Generic[Message]):
    """An open replication stream: a context manager, over whose messages the program iterates.

    While the program works, messages are received into a buffer of limited size, and the server is informed
    in time that the program is alive, and of what it has confirmed. At the end of the block, the stream ends,
    and the connection can be used again, but not for another logical stream, which the server would end at
    once. The next stream of the slot repeats what was not confirmed.

    Attributes:
        connection: the connection, which cannot be used while the stream is open.
        confirmed: the position up to which the program has confirmed; where to start again.
        server_lsn: the end of the log on the server, as it last reported.
        ended: whether the stream has ended and all its messages have been taken.
        next_timeline: the next timeline and where it begins, after a physical stream of an old one has ended.
    """

    _keeper: AsyncKeeper | None = None

    async def __aenter__(self) -> Self:
        kernel = self.connection.kernel
        async with kernel.lock:
            await kernel.wait(self.begin())
        if not ASYNC:
            self._guard = kernel.lock
        try:
            self._keeper = AsyncKeeper(self, kernel)
        except BaseException as error:  # there is no thread for it
            with kernel.clean_up(error):
                async with kernel.lock:
                    await kernel.wait_unlimited(self.finish())
            raise
        return self

    @property
    def is_open(self) -> bool:
        """Whether its block has begun and not ended."""
        return self._keeper is not None

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        with self.connection.kernel.clean_up(exc_val):
            await self._end()
        if exc_val is None and not self._raised:
            self._check_end()

    async def close(self) -> None:
        """End the stream before the end of its block; an error that it has ended with is not raised."""
        await self._end()
        self._raised = True

    async def _end(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        kernel = self.connection.kernel
        try:
            await keeper.stop()
        finally:
            keeper.arrived.set()  # so that a waiting `read` notices that the stream is closed
            async with kernel.lock:
                await kernel.wait_unlimited(self.finish())

    async def read(self, timeout: float | None = None) -> Message | None:
        """Return the next message.

        If it is cancelled, no message is lost.

        Args:
            timeout: how long to wait for it, in seconds; None for any time.

        Returns:
            The message; None after the timeout, or if a physical stream has ended (see `ended`).

        Raises:
            howdah.OperationalError: the connection was lost, or the server sent what the protocol does not
                allow.
            howdah.Error: the server has ended the stream with an error, or a value cannot be loaded.
        """
        self._check_open()
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            keeper = self._keeper  # none any more once it is closed, also meanwhile
            if keeper is None:
                raise ProgrammingError("the stream is closed")
            with self._guard:
                was_full = self.progress.full
                chunk = self.progress.take()
                has_room = was_full and not self.progress.full
                ended = chunk is None and self.ended
            if has_room:
                keeper.wake()
            if chunk is not None:
                message: Message = self._message(chunk)
                return message
            if ended:
                self._check_end()
                self._check_last()
                return None
            left = LONG if deadline is None else deadline - monotonic()
            if left <= 0:
                return None
            await keeper.arrived.wait(left)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        message = await self.read()
        if message is None:
            raise StopAsyncIteration
        return message

    def confirm(
        self, flushed: Position, *, written: Position | None = None, applied: Position | None = None
    ) -> None:
        """Confirm what the program has processed, so that the server can delete its log.

        The next status update reports it to the server; `send_feedback` sends one at once.

        Args:
            flushed: the end of a transaction, such as a `Commit` message, or a position in the log.
            written: a position up to which the program has received safely, if it differs.
            applied: a position up to which the program shows the changes, if it differs.
        """
        with self._guard:
            self.progress.confirm(
                position(flushed),
                None if written is None else position(written),
                None if applied is None else position(applied),
            )

    async def send_feedback(self, *, reply: bool = False) -> None:
        """Report to the server at once what the program has confirmed.

        Args:
            reply: whether the server should answer, for instance with the end of its log.

        Raises:
            howdah.Error: the stream has ended with an error.
        """
        self._check_open()
        with self._guard:
            self._check_end()
            self.send_status(reply=reply)
