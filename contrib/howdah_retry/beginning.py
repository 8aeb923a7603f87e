"""How the transaction of an attempt begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from howdah.client.flags import checked_flag
from howdah.client.isolation import IsolationLevel, checked_isolation_level
from howdah.errors import ProgrammingError
from howdah.io.operation import Operation
from howdah.pq import TransactionStatus

if TYPE_CHECKING:
    from howdah.client.connection_base import BaseConnection
    from howdah.client.kernel_base import BaseKernel

__all__ = ["Characteristics", "expect_idle"]


class Characteristics(NamedTuple):
    """The characteristics of a transaction; None stands for those of the connection.

    Args:
        isolation_level: its isolation level.
        read_only: whether it only reads.
        deferrable: whether it waits until it can run without serialization failures.
    """

    isolation_level: IsolationLevel | None = None
    read_only: bool | None = None
    deferrable: bool | None = None

    @classmethod
    def of(cls, isolation_level: object, read_only: object, deferrable: object) -> Characteristics:
        """Return the characteristics for arguments of `run`.

        Args:
            isolation_level: an isolation level or its number, or None.
            read_only: True, False or None.
            deferrable: True, False or None.

        Raises:
            ValueError: there is no such isolation level.
            howdah.ProgrammingError: a flag is text.
        """
        return cls(
            None if isolation_level is None else checked_isolation_level(isolation_level),
            None if read_only is None else checked_flag("read_only", read_only),
            None if deferrable is None else checked_flag("deferrable", deferrable),
        )

    def begin_statement(self, connection: BaseConnection[Any]) -> bytes:
        """Return the command that begins such a transaction.

        Args:
            connection: the connection.
        """
        level = connection.isolation_level if self.isolation_level is None else self.isolation_level
        read_only = connection.read_only if self.read_only is None else self.read_only
        deferrable = connection.deferrable if self.deferrable is None else self.deferrable
        parts = ["BEGIN"]
        if level is not None:
            parts.append("ISOLATION LEVEL " + level.name.replace("_", " "))
        if read_only is not None:
            parts.append("READ ONLY" if read_only else "READ WRITE")
        if deferrable is not None:
            parts.append("DEFERRABLE" if deferrable else "NOT DEFERRABLE")
        return " ".join(parts).encode()


def expect_idle(kernel: BaseKernel) -> Operation[None]:
    """Check that a connection is in no transaction; this takes no round trip.

    Args:
        kernel: the kernel of the connection.

    Raises:
        howdah.ProgrammingError: it is in one, or in a pipeline.
        howdah.OperationalError: it is closed or lost.
    """
    session = yield from kernel.start_operation(deferrable=True)
    if kernel.pipeline_mode is not None:
        raise ProgrammingError(
            "run() cannot be called in a pipeline, whose answers come later: use a pipeline in the function"
        )
    if session.transaction_status != TransactionStatus.IDLE:
        raise ProgrammingError(
            "run() begins a transaction, and one is open already, which it could not run again: commit or"
            " roll back first, or call the function itself to make it a part of the open transaction"
        )
