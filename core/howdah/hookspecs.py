"""Every hook: the whole contract between the kernel and its plugins, on one page.

A plugin is a module or an object named by an entry point of the group
`howdah`. It implements the hooks it wants, as functions marked with
`howdah.hookimpl`, and each may leave out arguments that it does not use.

pluggy calls hooks at two moments only: when a `howdah.Driver` is assembled,
and when a connection opens or closes. What has a say in every query (a
`QueryPlanner`, a `QueryObserver`, a `Scheduler`) is asked for once, when the
connection opens. A hook that nobody implements costs nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pluggy

from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    import socket

    import click

    from howdah.adapt.registry import AdaptersMap, TypeInfo
    from howdah.client.cursor_async import AsyncCursor
    from howdah.client.cursor_base import Params, Query
    from howdah.client.statement import Statement
    from howdah.conninfo import Host, Parameter
    from howdah.errors import Error
    from howdah.io.lock import TaskRLock
    from howdah.io.operation import Operation
    from howdah.protocol.credentials import Method
    from howdah.protocol.exchange import Exchange

__all__ = ["Mixins", "QueryObserver", "QueryPlanner", "Scheduler", "hookimpl", "hookspec", "only_for"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

hookspec = pluggy.HookspecMarker("howdah")
#: Marks a plugin's function as the implementation of the hook of its name.
hookimpl = pluggy.HookimplMarker("howdah")


def only_for(*beginnings: str) -> Callable[[F], F]:
    """Mark an implementation of `howdah_resolve_conninfo` as one for conninfos that begin with one of these.

    For others it need not be called: what is connected to asynchronously need not take a turn in another
    thread then. It may be called for them all the same, if another plugin resolves them.

    Args:
        beginnings: such as `"vault:"`.
    """

    def mark(function: F) -> F:
        vars(function)["beginnings"] = beginnings
        return function

    return mark


class Mixins(NamedTuple):
    """Classes that a plugin puts before the kernel's in the assembled ones.

    A mixin calls `super()` in what it overrides: other plugins' mixins and
    the kernel's class follow. It declares no constructor arguments.

    In place of a class there may be its name, `module:class`. It is imported
    when a class of the driver that it goes into is first used, so that a
    program that blocks need not import asyncio.

    Attributes:
        connection: goes into `Connection`.
        async_connection: goes into `AsyncConnection`.
        cursor: goes into `Cursor` and all that derive from it.
        async_cursor: goes into `AsyncCursor` and all that derive from it.
    """

    connection: type | str | None = None
    async_connection: type | str | None = None
    cursor: type | str | None = None
    async_cursor: type | str | None = None


class QueryPlanner(Protocol):
    """Decides, for one connection, which statement is executed for a query."""

    def plan(
        self, query: bytes, oids: Sequence[int], prepare: bool | None, pending: int = 0
    ) -> Statement | None:
        """Return the statement to execute for `query`.

        A statement that is not `prepared` yet is parsed under its name
        first, in the same round trip. For one that is, and that the planner
        marks as `current`, it may not be asked again as long as it is.

        Args:
            query: the query as it goes to the server, with `$1` placeholders.
            oids: the types of its parameters, 0 where the server decides.
            prepare: what the caller of `execute` asked for; None leaves the
                choice to the planner.
            pending: how many executions of the same query a pipeline has sent, and not had
                an answer to.

        Returns:
            The statement, or None to execute the query as an unnamed one. A
            `howdah.client.statement.Substitute` is asked what to execute instead.
        """

    def executed(
        self, query: bytes, oids: Sequence[int], statement: Statement | None, exchange: Exchange
    ) -> None:
        """Take note that a query went well that was not a prepared statement.

        A statement that was parsed along with it is executed without parsing
        from when `statement.described(fields)` has been called.

        Args:
            query: the query, as `plan` got it.
            oids: the types of its parameters, as `plan` got them.
            statement: what `plan` returned.
            exchange: what was sent, and the server's answer.
        """

    def failed(self, statement: Statement, error: Error, repeatable: bool) -> bool:
        """Take note that a statement of the planner's failed.

        Args:
            statement: what `plan` returned.
            error: what went wrong; the planner may `suggest` what to do.
            repeatable: whether the query was alone in its transaction, so
                that it can be run once more.

        Returns:
            Whether to plan the query once more, if it is repeatable: the
            statement was the trouble, for the server has lost it.
        """

    def rolled_back(self) -> None:
        """Take note that a transaction, or a part of it, was rolled back, by whatever way."""

    def parameter_changed(self, name: str, value: str) -> None:
        """Take note that the server has reported a setting.

        Args:
            name: the name of the setting, such as `search_path` (from PostgreSQL 18 on).
            value: its value.
        """


class QueryObserver(Protocol):
    """Watches the queries of one connection, for tracing and measuring.

    It is called from the thread or the task that runs the query, and what it
    raises reaches the caller: an observer had better not raise.
    """

    def query_started(self, query: bytes, params: Sequence[Any] | None) -> Any:
        """Take note that `query` is about to be run.

        Args:
            query: the query as it goes to the server, with `$1` placeholders.
            params: the Python objects bound to them, None without any; of
                `executemany`, all of them.

        Returns:
            A token, handed back to `query_ended`.
        """

    def query_ended(self, token: Any, status: str | None, rowcount: int, error: BaseException | None) -> None:
        """Take note that a query is over.

        Args:
            token: what `query_started` returned.
            status: the command tag (`SELECT 5`), None if there is none.
            rowcount: the number of rows returned or touched, -1 if unknown.
            error: what went wrong, None if nothing did.
        """


class Scheduler(Protocol):
    """Decides in which order, and which together, the operations of one async connection run.

    The kernel's own, `howdah.client.scheduling.SerialScheduler`, runs one at a time. A scheduler may derive
    from it.

    Attributes:
        lock: what a task holds while it has the connection for itself, as for a transaction, COPY or a
            stream: the kernel and the plugins take it, run operations by `AsyncConnection.wait`, and let go
            of it. The task that holds it may take it again.
    """

    lock: TaskRLock

    async def run(self, operation: Operation[T], *, independent: bool = False) -> T:
        """Run an operation when it is its turn.

        The simplest way is to hold `lock` and to hand the operation to `AsyncConnection.wait`. An
        independent operation may be run along with other independent ones while
        `connection.admits_independent()` is true, each waiting for its own exchanges by
        `connection.transport.run_until_ready`.

        Args:
            operation: a generator, as `AsyncConnection.wait` takes it.
            independent: whether it waits for exchanges only, each of which ends with a Sync, needs no
                transaction, and never sends COPY data.

        Returns:
            what the operation returns.
        """

    def execute_cached(
        self, cursor: AsyncCursor[Any], query: Query, params: Params | None
    ) -> Awaitable[bool]:
        """Run a query that was run before, if what is known of it still holds; it is independent.

        The simplest way is `AsyncConnection.run_again`.

        Args:
            cursor: which shows the results then.
            query: the query.
            params: the parameters.

        Returns:
            whether it was run; otherwise `run` is called with the operation that runs it.
        """

    def should_retry(self, exchange: Exchange) -> bool:
        """Return whether a query is to be run again, since its error is the scheduler's doing.

        Asked once for an independent operation that has failed, before the error is raised.

        Args:
            exchange: what was sent, and the server's answer with the error.
        """

    def close(self) -> None:
        """Let go of everything: the connection is closed or lost, or goes on on another event loop.

        It may be called several times.
        """


# -- when a Driver is assembled ----------------------------------------------


@hookspec
def howdah_capabilities() -> Iterable[str]:
    """Announce what the plugin makes possible.

    Returns:
        Names, such as `"lending"`; each makes `howdah.capabilities.has_<name>` True.
    """
    raise NotImplementedError


@hookspec
def howdah_connection_parameters() -> Iterable[Parameter]:
    """Contribute connection parameters.

    They are accepted wherever libpq's are: in both conninfo syntaxes, as
    keyword arguments of `connect`, in a service file, and from the
    environment variable that they name.

    Returns:
        The parameters; a name that exists already is refused.
    """
    raise NotImplementedError


@hookspec
def howdah_connection_settings() -> Iterable[str]:
    """Have `connect` take keyword arguments that are no connection parameters.

    Each is the name of an attribute, which the plugin's mixin for connections has with its default. `connect`
    sets it on the new connection, before plugins are told of that. They are no part of conninfos.

    Returns:
        The names; one that `connect` takes already is refused.
    """
    raise NotImplementedError


@hookspec
def howdah_mixins() -> Mixins:
    """Contribute methods and attributes to the connection and cursor classes.

    Returns:
        The classes to put before the kernel's. Where several plugins have
        one, that of the plugin registered last comes first.
    """
    raise NotImplementedError


@hookspec
def howdah_register_adapters(adapters: AdaptersMap) -> None:
    """Register dumpers and loaders, for all connections of the driver.

    Where several plugins adapt one type, the plugin registered last has the
    last word: howdah's own come first, then the installed ones by name, then
    those given to `Driver(plugins=...)`.

    Args:
        adapters: the driver's adapters.
    """


@hookspec
def howdah_authentication_methods() -> Mapping[int | str, Method]:
    """Contribute ways to authenticate.

    Returns:
        The methods, as `howdah.protocol.credentials` describes them, by the
        code of the server's request (7 for GSSAPI) or the name of a SASL
        mechanism (`"OAUTHBEARER"`). They go before the kernel's; one that
        another plugin has is refused.
    """
    raise NotImplementedError


# -- when a connection opens or closes ---------------------------------------


@hookspec(firstresult=True)
def howdah_resolve_conninfo(conninfo: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Turn what `connect` was called with into what to connect to.

    The place for URI schemes of one's own, service discovery, and passwords
    that are tokens made on the spot. On the asynchronous side it is called in
    a worker thread, so it may block; `only_for` saves that thread where it has
    nothing to say.

    Args:
        conninfo: the connection string, not parsed yet.
        params: the keyword arguments of `connect` that are connection parameters.

    Returns:
        The two of them changed, or None to leave them to the next plugin.
    """


@hookspec(firstresult=True)
def howdah_open_transport(host: Host, params: Mapping[str, Any]) -> socket.socket | None:
    """Open the way to a server, for tunnels, proxies, and in-house networks.

    It may be called in another thread, so that it may block, for no longer
    than `connect_timeout` if it can.

    Args:
        host: the host to reach.
        params: the resolved connection parameters.

    Returns:
        A connected stream socket, on which TLS and the protocol then start,
        or None to leave it to the next plugin and in the end to the kernel.
    """


@hookspec
def howdah_connection_opened(connection: Any) -> None:
    """Take note of a new connection, before its opener has it.

    Args:
        connection: a `Connection` or an `AsyncConnection`, authenticated and idle.
    """


@hookspec
def howdah_connection_closed(connection: Any) -> None:
    """Take note that a connection has been closed, or was found broken; once for each.

    Args:
        connection: the connection, on which nothing can be executed any more.
    """


@hookspec(firstresult=True)
def howdah_query_planner(connection: Any) -> QueryPlanner | None:
    """Plan the queries of a new connection; prepared statements live here.

    Args:
        connection: the connection, being opened.

    Returns:
        The planner, or None to leave it to the next plugin; without any, all
        statements are unnamed.
    """


@hookspec
def howdah_query_observer(connection: Any) -> QueryObserver | None:
    """Observe the queries of a new connection.

    Args:
        connection: the connection, being opened.

    Returns:
        The observer, or None not to observe this connection.
    """


@hookspec(firstresult=True)
def howdah_scheduler(connection: Any) -> Scheduler | None:
    """Schedule the operations of a new async connection.

    It is called again for a connection that goes on on another event loop. Threads that share a blocking
    connection always take turns.

    Args:
        connection: the `AsyncConnection`, being opened.

    Returns:
        The scheduler, or None to leave it to the next plugin; without any,
        operations run one at a time.
    """


@hookspec
def howdah_type_resolved(adapters: AdaptersMap, info: TypeInfo) -> None:
    """Take note that a type registered by name has been found in a database.

    It is also called when a type is added by hand (`TypeInfo.register`). The
    place to register what depends on the oid the type has there, such as a
    loader for its arrays.

    Args:
        adapters: the adapters that now know the type.
        info: the type, with its oids in this database: an `EnumInfo`, a
            `CompositeInfo` and so on if it is of such a kind.
    """


# -- when the `howdah` command runs ------------------------------------------


@hookspec
def howdah_register_commands(group: click.Group) -> None:
    """Add subcommands to the `howdah` command.

    Args:
        group: the command, a click group; its `obj` is the `Driver` in use.
    """
