# Generated from plugins/howdah_pool/options_async.py by .ci/generate_faces.py; do not edit.
"""The options of the pools: their names, types, defaults and meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias

from typing_extensions import Self, TypeVar

from howdah_pool.policy import Policy

if TYPE_CHECKING:
    from howdah import Connection
    from howdah_pool.pool import ConnectionPool

__all__ = [
    "Arguments",
    "ConnectionCallback",
    "Conninfo",
    "FailureCallback",
    "NullPoolOptions",
    "PoolOptions",
]


C = TypeVar("C", bound="Connection[Any]", default="Connection[tuple[Any, ...]]")

# The callbacks take any connection, so that a type checker infers its class from connection_class alone.
ConnectionCallback: TypeAlias = Callable[[Any], None]
FailureCallback: TypeAlias = "Callable[[ConnectionPool[Any]], None]"
Conninfo: TypeAlias = str | Callable[[], str]
Arguments: TypeAlias = Mapping[str, Any] | Callable[[], Mapping[str, Any]]


@dataclass(kw_only=True, eq=False, repr=False)
class PoolOptions(Policy, Generic[C]):
    """The arguments of `ConnectionPool`.

    Args:
        conninfo: what to connect to, as for `connect`; or a function that returns it.
        connection_class: the class of the connections; `howdah.Connection` by default.
        kwargs: further arguments of the class's `connect`; or a function that returns them.
        min_size: how many connections the pool has at least.
        max_size: how many it has at most, None for any number.
        open: whether to open the pool at once; None means True.
        name: the pool's name in messages; by default the pool makes one up.
        close_returns: whether a client's `close()` of a connection gives it back to the pool.
        timeout: how long a client waits for a connection unless it says otherwise, in seconds.
        configure: called with every new connection; it must not leave a transaction open.
        check: called with a connection before a client gets it. If it raises, the client gets another
            connection, after a growing pause if the one that failed was new. See `check_connection`.
        reset: called with every connection that comes back, outside of a transaction; it must not leave one
            open.
        max_waiting: how many clients may wait, 0 for any number.
        max_lifetime: when to replace a connection, in seconds; less up to a tenth at random, so that
            connections made together are not replaced together.
        max_idle: when to close a connection that nobody uses, in seconds, as long as there are more than
            `min_size`.
        reconnect_timeout: how long to go on trying to connect, in seconds, with growing pauses, before
            `reconnect_failed` is called.
        reconnect_failed: called with the pool when it gives up connecting. The pool tries again when the next
            client comes.
        num_workers: how many connections the pool may make at a time.
        read_conninfo: how to connect to the standbys, which clients get that ask for a connection
            `read_only`; `target_session_attrs` is `standby` unless it says otherwise.

    Raises:
        ValueError: a size or a number makes no sense.
    """

    conninfo: Conninfo = field(default="", kw_only=False)
    connection_class: type[C] | None = None
    kwargs: Arguments | None = None
    open: bool | None = True
    close_returns: bool = False
    timeout: float = 30.0
    configure: ConnectionCallback | None = None
    check: ConnectionCallback | None = None
    reset: ConnectionCallback | None = None
    reconnect_failed: FailureCallback | None = None
    num_workers: int = 3
    read_conninfo: Conninfo | None = None

    def __post_init__(self) -> None:
        if self.num_workers < 1:
            raise ValueError("num_workers must be at least 1")
        super().__post_init__()

    def for_standbys(self, read_conninfo: Conninfo) -> Self:
        """Return the options of a pool of connections to the standbys."""
        options = replace(
            self, conninfo=read_conninfo, read_conninfo=None, name=f"{self.name}-replicas", open=False
        )
        options.has_fallback = True
        return options


@dataclass(kw_only=True, eq=False, repr=False)
class NullPoolOptions(PoolOptions[C]):
    """The arguments of `NullConnectionPool`: those of `PoolOptions`; `min_size` must be 0."""

    keeps: ClassVar[bool] = False

    min_size: int = 0
