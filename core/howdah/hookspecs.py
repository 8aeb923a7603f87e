"""The specifications of all hooks: the contract between the kernel and its plugins.

A plugin is a module or an object named by an entry point of the group
`howdah`. It implements any of the hooks as functions marked with
`howdah.hookimpl`, which may omit arguments that they do not use.

pluggy calls hooks only when a `howdah.Driver` is assembled, when a connection
or a pool opens, and when a connection closes. An object that takes part in
every query (a `QueryPlanner`, a `QueryObserver`, a `Scheduler`) is requested
once, when the connection opens.
A hook without implementations costs nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pluggy

from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    import socket
    from typing import TypeAlias

    import click

    from howdah import _bundle as bundle
    from howdah.adapt.registry import AdaptersMap, TypeInfo
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.statement import Statement
    from howdah.conninfo import Host, Parameter
    from howdah.errors import Error
    from howdah.io.event_loop import TaskLock
    from howdah.io.operation import Operation
    from howdah.io.tls_socket import SecuredSocket
    from howdah.protocol.credentials import Method
    from howdah.protocol.exchange import Exchange

__all__ = [
    "VERSION",
    "AnyConnection",
    "AnyPool",
    "ConnectObserver",
    "Mixins",
    "PoolObserver",
    "QueryObserver",
    "QueryPlanner",
    "Scheduler",
    "conninfo_prefixes",
    "hookimpl",
    "hookspec",
    "transport_parameters",
]

#: The version of this interface. A plugin that needs at least version 2 has the attribute
#: `howdah_hooks_version = 2`; with an older howdah, its driver raises a `howdah.PluginError` that says so.
#: The version grows with each hook, and each method of the objects that hooks return, that is added.
VERSION = 2

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

#: The type of a connection that a hook is called with, for annotations: a blocking or an asynchronous one.
AnyConnection: TypeAlias = "bundle.Connection[Any] | bundle.AsyncConnection[Any]"
#: The type of a pool that a hook is called with, for annotations.
AnyPool: TypeAlias = "bundle.AnyPool"

hookspec = pluggy.HookspecMarker("howdah")
#: Marks a function of a plugin as the implementation of the hook with the same name.
hookimpl = pluggy.HookimplMarker("howdah")


def conninfo_prefixes(*prefixes: str) -> Callable[[F], F]:
    """Mark an implementation of `howdah_resolve_conninfo` as one for conninfos with one of these prefixes.

    The driver need not call it for others, which saves an asynchronous connection a worker thread. It may
    still call it, if another plugin resolves them.

    Args:
        prefixes: the prefixes, such as `"vault:"`.
    """

    def mark(function: F) -> F:
        vars(function)["prefixes"] = prefixes
        return function

    return mark


def transport_parameters(*names: str) -> Callable[[F], F]:
    """Mark an implementation of `howdah_open_transport` as one for connections that set a parameter.

    The driver need not call it while none of the parameters differs from its default, which saves an
    asynchronous connection a worker thread. It may still call it, if another plugin opens the socket.

    Args:
        names: the names of connection parameters.
    """

    def mark(function: F) -> F:
        vars(function)["parameters"] = names
        return function

    return mark


class Mixins(NamedTuple):
    """Classes of a plugin that become bases of the assembled classes, before the kernel's.

    A method that overrides another one calls `super()`: other plugins' mixins
    and the kernel's class follow. A mixin declares no constructor arguments.

    A class can be given by its name, `module:class`. It is then imported when
    an assembled class that derives from it is first used, so that a blocking
    program need not import asyncio.

    Attributes:
        connection: a base of `Connection`.
        async_connection: a base of `AsyncConnection`.
        cursor: a base of `Cursor` and the classes derived from it.
        async_cursor: a base of `AsyncCursor` and the classes derived from it.
        kernel: a base of `Kernel`, the class of `Connection.kernel`.
        async_kernel: a base of `AsyncKernel`, the class of `AsyncConnection.kernel`.
    """

    connection: type | str | None = None
    async_connection: type | str | None = None
    cursor: type | str | None = None
    async_cursor: type | str | None = None
    kernel: type | str | None = None
    async_kernel: type | str | None = None


class QueryPlanner(Protocol):
    """Chooses the statement to execute for each query of a connection."""

    def plan(
        self, query: bytes, oids: Sequence[int], prepare: bool | None, pending: int = 0
    ) -> Statement | None:
        """Return the statement to execute for `query`.

        A statement that is not `prepared` yet is parsed under its name
        first, in the same round trip. While a statement is `prepared` and the
        planner marks it as `cacheable`, `plan` may not be called for the query
        again.

        Args:
            query: the query as sent to the server, with `$1` placeholders.
            oids: the types of its parameters, 0 where the server infers them.
            prepare: the argument of `execute`; None leaves the choice to the
                planner.
            pending: how many executions of the same query a pipeline has sent
                whose results have not arrived yet.

        Returns:
            The statement, or None to execute the query as an unnamed statement.
            A `howdah.client.statement.Substitute` chooses the query to execute
            instead.
        """

    def executed(
        self, query: bytes, oids: Sequence[int], statement: Statement | None, exchange: Exchange
    ) -> None:
        """Note that a query succeeded that was not a prepared statement.

        If a statement was parsed with it, call `statement.described(fields)`:
        from then on it is executed without parsing.

        Args:
            query: the query that was passed to `plan`.
            oids: the types of its parameters that were passed to `plan`.
            statement: the result of `plan`.
            exchange: the exchange with the server's answer.
        """

    def failed(self, statement: Statement, error: Error, repeatable: bool) -> bool:
        """Note that a statement of the planner failed.

        Args:
            statement: the result of `plan`.
            error: the error; the planner may add advice with `suggest`.
            repeatable: whether the query was alone in its transaction, so
                that it can be run again.

        Returns:
            Whether to plan the query again, if it is repeatable: True if it
            failed because the server no longer has the statement.
        """

    def rolled_back(self) -> None:
        """Note that a transaction, or a part of it, was rolled back, for whatever reason."""
        return  # so that type checkers do not take it for abstract

    def parameter_changed(self, name: str, value: str) -> None:
        """Note that the server has reported a setting.

        Args:
            name: the name of the setting, such as `search_path` (PostgreSQL 18 and later).
            value: its value.
        """
        return


class QueryObserver(Protocol):
    """Observes the queries and the transactions of one connection, for tracing and metrics.

    It is called in the thread or the task that runs the query. Its exceptions
    reach the caller, so an observer should not raise any.

    A COPY is a query that lasts until the end of its block, and a stream until
    its generator ends. An observer needs only the first two methods. The
    others do nothing in this class, and are called only where an observer has
    one that does something.
    """

    def query_started(self, query: bytes, params: Sequence[Any] | None) -> Any:
        """Note that a query is about to be run.

        Args:
            query: the query as sent to the server, with `$1` placeholders.
            params: the Python objects for its parameters, None if it has none;
                for `executemany`, all sets of them.

        Returns:
            A token, which is passed to `query_ended`.
        """

    def executemany_started(self, query: bytes, params_seq: Iterable[Any]) -> Any:
        """Note that `executemany` is about to run a query; without this method, `query_started` is called.

        Args:
            query: the query as sent to the server, with `$1` placeholders.
            params_seq: all sets of parameters, as the program passed them: perhaps an iterator, which only
                the driver may consume.

        Returns:
            A token, which is passed to `query_ended`.
        """
        return self.query_started(query, params_seq)  # type: ignore[arg-type]

    def query_ended(self, token: Any, status: str | None, rowcount: int, error: BaseException | None) -> None:
        """Note that a query has ended.

        Args:
            token: the result of `query_started`.
            status: the command tag (`SELECT 5`), None if there is none.
            rowcount: the number of rows returned, affected, or copied, -1 if unknown: a cursor with an
                `itersize`, or with a name, has not fetched all of its rows yet.
            error: the error, None if the query succeeded.
        """

    def rows_fetched(self, token: Any, count: int) -> None:
        """Note that a cursor with an `itersize`, or with a name, has fetched rows that `query_ended` lacks.

        Args:
            token: the result of `query_started`.
            count: how many rows it has fetched now.
        """
        return  # so that type checkers do not take it for abstract

    def statement_prepared(self, query: bytes, name: bytes) -> None:
        """Note that a planner has prepared a statement on the server, by itself or for the program.

        Args:
            query: the query, with `$1` placeholders.
            name: the name of the prepared statement.
        """
        return

    def pipeline_started(self) -> Any:
        """Note that a pipeline begins: the queries in it are started before earlier ones have ended.

        Returns:
            A token, which is passed to `pipeline_ended`.
        """
        return

    def pipeline_ended(self, token: Any) -> None:
        """Note that a pipeline has ended, after the queries in it.

        Args:
            token: the result of `pipeline_started`.
        """
        return

    def transaction_started(self) -> Any:
        """Note that a transaction begins, before the first query in it.

        Returns:
            A token, which is passed to `transaction_ended`.
        """
        return

    def transaction_ended(self, token: Any, outcome: str | None, error: BaseException | None) -> None:
        """Note that a transaction has ended.

        Args:
            token: the result of `transaction_started`.
            outcome: how it ended: the command tag (`COMMIT`, `ROLLBACK` or `PREPARE TRANSACTION`), None if
                that is unknown, as after the loss of the connection.
            error: what the connection was lost with, None if it was not lost.
        """
        return


class ConnectObserver(Protocol):
    """Observes one call of `connect`."""

    def connect_ended(self, connection: Any | None, error: BaseException | None) -> None:
        """Note that the attempt to connect has ended.

        Args:
            connection: the connection, None if there is none.
            error: the error, None if there is a connection.
        """


class PoolObserver(Protocol):
    """Observes one pool of connections, for tracing and metrics.

    It is called in the thread or the task of the client, without the lock of
    the pool. Its exceptions reach the client, so an observer should not raise
    any.
    """

    def acquire_started(self) -> Any:
        """Note that a client asks for a connection.

        Returns:
            A token, which is passed to `acquire_ended` and `released`.
        """

    def acquire_ended(self, token: Any, connection: Any | None, error: BaseException | None) -> None:
        """Note that a client has got a connection, or none.

        Args:
            token: the result of `acquire_started`.
            connection: the connection, None if there is none.
            error: the error, None if there is a connection.
        """

    def released(self, token: Any) -> None:
        """Note that a client gives its connection back; what it has left in it is not yet undone.

        Args:
            token: the result of `acquire_started`.
        """

    def connection_created(self, seconds: float) -> None:
        """Note that the pool has opened a connection.

        Args:
            seconds: how long that took.
        """

    def closed(self) -> None:
        """Note that the pool is closed."""


class Scheduler(Protocol):
    """Decides in which order the operations of one async connection run, and which run concurrently.

    The kernel's own, `howdah.client.scheduling.SerialScheduler`, runs one at a time. A scheduler may derive
    from it.

    Attributes:
        lock: held by a task while it has the connection to itself, as for a transaction, COPY or a
            stream: the kernel and the plugins acquire it, run operations with `AsyncKernel.wait`, and
            release it. The task that holds it may acquire it again.
    """

    lock: TaskLock

    async def run(self, operation: Operation[T], *, independent: bool = False) -> T:
        """Run an operation when it is its turn.

        The simplest way is to hold `lock` and to pass the operation to `AsyncKernel.wait`. An
        independent operation may be run along with other independent ones while
        `connection.kernel.admits_independent()` and `connection.kernel.event_loop.concurrent` are true, each
        waiting for its own exchanges by `connection.kernel.transport.run_until_ready`.

        Args:
            operation: a generator, as `AsyncKernel.wait` takes it.
            independent: whether it waits for exchanges only, each of which ends with a Sync, needs no
                transaction, never sends COPY data, and does not change the client encoding.

        Returns:
            What the operation returns.
        """

    def execute_cached(
        self, cursor: AsyncCursor[Any], query: Query, params: Params | None
    ) -> Awaitable[bool]:
        """Run a query that is in the query cache, if what is cached is still valid; it is independent.

        The simplest way is `AsyncKernel.execute_cached`.

        Args:
            cursor: the cursor that receives the results.
            query: the query.
            params: the parameters.

        Returns:
            Whether it was run; otherwise `run` is called with the operation that runs it.
        """

    def should_retry(self, exchange: Exchange) -> bool:
        """Return whether to run a query again because the scheduler has caused its error.

        Asked once for an independent operation that has failed, before the error is raised.

        Args:
            exchange: the exchange that has failed, with the server's error.
        """

    def close(self) -> None:
        """Release everything: the connection is closed or lost, or moves to another event loop.

        It may be called several times.
        """


# -- when a Driver is assembled ----------------------------------------------


@hookspec
def howdah_capabilities() -> Iterable[str]:
    """Announce the capabilities that the plugin adds.

    Returns:
        Names, such as `"lending"`; each makes `howdah.capabilities.has_<name>` True.
    """
    raise NotImplementedError


@hookspec
def howdah_connection_parameters() -> Iterable[Parameter]:
    """Contribute connection parameters.

    They are accepted wherever libpq's are: in both conninfo syntaxes, as
    keyword arguments of `connect`, in a service file, and in their environment
    variable.

    Returns:
        The parameters; a name that exists already is an error.
    """
    raise NotImplementedError


@hookspec
def howdah_connection_settings() -> Iterable[str] | Mapping[str, Callable[[Any], Any]]:
    """Let `connect` accept keyword arguments that are not connection parameters.

    Each is the name of an attribute, which the plugin's mixin for connections has with its default. `connect`
    sets it on the new connection, before `howdah_connection_opened`. They are not part of conninfos.

    Returns:
        The names; one that `connect` accepts already is an error. A mapping has a function for each, which is
        called with the argument before `connect` connects. It returns the value to set; its `ValueError` or
        `TypeError` becomes a `ProgrammingError` with the name of the setting. Programs that read their
        configuration from text, such as a URL, give numbers as text: the function should accept that.
    """
    raise NotImplementedError


@hookspec
def howdah_mixins() -> Mixins:
    """Contribute methods and attributes to the connection and cursor classes.

    Returns:
        The mixins. If several plugins have one for the same class, that of
        the plugin registered last comes first.
    """
    raise NotImplementedError


@hookspec
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register dumpers and loaders for all connections of the driver.

    If several plugins adapt the same type, the plugin registered last takes
    precedence: howdah's own plugins are registered first, then the installed
    ones by name, then those passed as `Driver(plugins=...)`.

    Args:
        adapters: the driver's adapters.
    """


@hookspec
def howdah_authentication_methods() -> Mapping[int | str, Method]:
    """Contribute authentication methods.

    Returns:
        The methods, described in `howdah.protocol.credentials`, by the code of
        the server's request (7 for GSSAPI) or the name of a SASL mechanism
        (`"OAUTHBEARER"`). They take precedence over the kernel's; a method that
        another plugin has is an error.
    """
    raise NotImplementedError


# -- when a connection opens or closes ---------------------------------------


@hookspec(firstresult=True)
def howdah_resolve_conninfo(conninfo: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Turn the arguments of `connect` into what to connect to.

    Use it for URI schemes of your own, service discovery, and passwords that
    are short-lived tokens. For an asynchronous connection it is called in a
    worker thread, so it may block; `conninfo_prefixes` saves that thread for
    conninfos that are not its own.

    Args:
        conninfo: the connection string, not parsed yet.
        params: the keyword arguments of `connect` that are connection parameters.

    Returns:
        Both of them, changed, or None to leave them to the next plugin.
    """


@hookspec(firstresult=True)
def howdah_open_transport(host: Host, params: Mapping[str, Any]) -> socket.socket | SecuredSocket | None:
    """Open a socket to a server, for tunnels, proxies, and in-house networks.

    It may block, if possible for no longer than `connect_timeout`: it is called
    in a worker thread if there is an event loop or a timeout. `transport_parameters`
    saves that thread for connections that are not its own.

    Args:
        host: the host to reach.
        params: the resolved connection parameters.

    Returns:
        A connected stream socket, on which TLS and the protocol then start;
        or a `howdah.io.tls_socket.SecuredSocket`, if the plugin has encrypted
        the connection, on which the protocol starts without TLS; or None to
        leave it to the next plugin and finally to the kernel.
    """


@hookspec
def howdah_connect_observer(params: Mapping[str, Any]) -> ConnectObserver | None:
    """Return an observer for an attempt to connect that begins now.

    One attempt tries all hosts in question.

    Args:
        params: the resolved connection parameters, without those that are secret.

    Returns:
        The observer, or None not to observe this attempt.
    """


@hookspec
def howdah_connection_setup(connection: AnyConnection) -> Awaitable[object] | None:
    """Set up a new connection with queries, before `connect` returns it.

    What it has not committed is committed after it. If it raises, `connect` closes the connection and
    raises the same. It is called before `howdah_connection_opened`.

    Args:
        connection: a `Connection` or an `AsyncConnection`, authenticated and idle.

    Returns:
        For an `AsyncConnection`, what `connect` awaits; `connection.execute(…)` is right for both.
    """


@hookspec
def howdah_connection_opened(connection: AnyConnection) -> None:
    """Note that a connection has been opened, before `connect` returns it.

    Args:
        connection: a `Connection` or an `AsyncConnection`, authenticated and idle.
    """


@hookspec
def howdah_connection_closed(connection: AnyConnection) -> None:
    """Note that a connection has been closed, or was found broken; called once per connection.

    Args:
        connection: the connection, which can no longer execute queries.
    """


@hookspec(firstresult=True)
def howdah_query_planner(connection: AnyConnection) -> QueryPlanner | None:
    """Return a planner for the queries of a new connection, for prepared statements.

    Args:
        connection: the connection, while it is being opened.

    Returns:
        The planner, or None to leave it to the next plugin. Without a planner
        all statements are unnamed.
    """


@hookspec
def howdah_query_observer(connection: AnyConnection) -> QueryObserver | None:
    """Return an observer for the queries of a new connection.

    Args:
        connection: the connection, while it is being opened.

    Returns:
        The observer, or None not to observe this connection.
    """


@hookspec(firstresult=True)
def howdah_scheduler(connection: bundle.AsyncConnection[Any]) -> Scheduler | None:
    """Schedule the operations of a new async connection.

    It is called again for a connection that moves to another event loop. Threads that share a blocking
    connection always take turns.

    Args:
        connection: the `AsyncConnection`, being opened.

    Returns:
        The scheduler, or None to leave it to the next plugin; without any,
        operations run one at a time.
    """


@hookspec
def howdah_pool_observer(pool: AnyPool) -> PoolObserver | None:
    """Return an observer for a pool that is being opened.

    Args:
        pool: the pool.

    Returns:
        The observer, or None not to observe this pool.
    """


@hookspec
def howdah_type_resolved(adapters: AdaptersMap, info: TypeInfo) -> None:
    """Note that a type that is registered by name has been found in a database.

    It is also called for `TypeInfo.register`. Register adapters here that
    depend on the oid of the type, such as a loader for its arrays.

    Args:
        adapters: the adapters to which the type was added.
        info: the type, with its oids in this database: an `EnumInfo`, a
            `CompositeInfo` and so on, depending on its kind.
    """


# -- when the `howdah` command runs ------------------------------------------


@hookspec
def howdah_register_commands(group: click.Group) -> None:
    """Add subcommands to the `howdah` command, or an examination to its subcommand `doctor`.

    Args:
        group: the click group of the command, with howdah's own subcommands; its `obj` is the `Driver` in
            use.
    """
