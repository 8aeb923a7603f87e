# Generated from plugins/howdah_pool/connector_async.py by .ci/async_to_sync.py; do not edit.
"""Opening connections for a pool."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from howdah.errors import NotSupportedError, OperationalError, ProgrammingError
from howdah_pool.errors import BadArguments
from howdah_pool.options import PoolOptions

if TYPE_CHECKING:
    from howdah import Connection

__all__ = ["Connector", "StandbyConnector"]


C = TypeVar("C", bound="Connection[Any]", default="Connection[tuple[Any, ...]]")

#: The arguments of `connect` itself that `check_parameters` takes.
_CHECKED = {"autocommit", "row_factory"}
#: The arguments with the address of the primary, which must not be used for a standby.
_OF_PRIMARY = ("host", "hostaddr", "port", "target_session_attrs")


class Connector(Generic[C]):
    """Opens connections with the options of a pool.

    Args:
        options: the options; they may change at any time.
    """

    def __init__(self, options: PoolOptions[C]) -> None:
        self._options = options

    @property
    def connection_class(self) -> type[C]:
        """The class of the connections."""
        return self._options.connection_class or _default_class()

    def connect(self, limits: Mapping[str, Any]) -> C:
        """Open a connection.

        Args:
            limits: arguments of `connect` for which the options take precedence.

        Raises:
            BadArguments: a function returned arguments that `connect` does not accept.
            howdah.OperationalError: connecting failed.
        """
        conninfo: Any = self._options.conninfo
        kwargs: Any = self._options.kwargs
        is_computed = callable(conninfo) or callable(kwargs)
        if callable(conninfo):
            conninfo = conninfo()
        if callable(kwargs):
            kwargs = kwargs()
        arguments = self._arguments(conninfo, kwargs)
        if is_computed:
            self._check_understood(conninfo, arguments)
        for name, value in limits.items():
            if name not in conninfo:
                arguments.setdefault(name, value)
        connection: C = self.connection_class.connect(conninfo, **arguments)
        return connection

    def check_options(self) -> None:
        """Check that `connect` will accept its arguments, unless a function returns them.

        Raises:
            BadArguments: it will not accept them.
        """
        conninfo, kwargs = self._options.conninfo, self._options.kwargs
        if not callable(conninfo) and not callable(kwargs):
            self._check_understood(conninfo, self._arguments(conninfo, kwargs))

    def _arguments(self, conninfo: str, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the arguments of `connect` other than the conninfo."""
        return dict(kwargs or {})

    def _check_understood(self, conninfo: str, arguments: dict[str, Any]) -> None:
        connection_class: Any = self.connection_class
        if connection_class.connect.__func__ is not _default_class().connect.__func__:
            return  # the arguments of that `connect` are unknown
        own = {
            name
            for name, parameter in signature(connection_class.connect).parameters.items()
            if parameter.kind is Parameter.KEYWORD_ONLY
        }
        params = {name: value for name, value in arguments.items() if name not in own - _CHECKED}
        try:
            connection_class.driver.check_parameters(conninfo, **params)
        except (ProgrammingError, NotSupportedError) as error:
            raise BadArguments(f"the pool {self._options.name!r} cannot connect: {error}") from error
        except OperationalError:
            pass  # a service file that cannot be read now may be readable later


class StandbyConnector(Connector[C]):
    """Opens connections to the standbys."""

    def _arguments(self, conninfo: str, kwargs: Mapping[str, Any] | None) -> dict[str, Any]:
        arguments = {name: value for name, value in (kwargs or {}).items() if name not in _OF_PRIMARY}
        if "target_session_attrs" not in conninfo:
            arguments["target_session_attrs"] = "standby"
        return arguments


def _default_class() -> Any:
    import howdah

    return howdah.Connection
