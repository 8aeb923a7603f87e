"""The `Driver`, which finds plugins, calls their hooks, and assembles the classes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import pluggy

import howdah
import howdah.native.implementation
from howdah import hookspecs
from howdah.errors import NotSupportedError, PluginError, ProgrammingError
from howdah.errors.context import add_note
from howdah.framework.assembly import KERNEL_CLASSES, assemble
from howdah.framework.capabilities import Capabilities
from howdah.framework.plugins import (
    ExtraPlugin,
    Plugin,
    PluginInfo,
    ProvidedName,
    discover,
    plugin_errors,
    select,
)
from howdah.hookspecs import Mixins
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    import click

    from howdah import _bundle as bundle
    from howdah.adapt.registry import AdaptersMap
    from howdah.adapt.types import TypeInfo
    from howdah.client.known_types import KnownTypes
    from howdah.conninfo import Parameter
    from howdah.conninfo.parameter import ParameterRegistry
    from howdah.protocol.credentials import Method

__all__ = [
    "RESOLVING",
    "ConnectionHooks",
    "Driver",
    "configuration",
    "configure",
    "default_driver",
    "default_driver_for",
    "disabled_in_environment",
    "require_enabled",
]

#: For how many databases, and search paths in them, the types are cached.
_MOST_KNOWN = 1000
#: The hooks that are called when a driver is assembled; they cannot have pluggy's wrappers.
_ASSEMBLY = frozenset(
    {
        "howdah_authentication_methods",
        "howdah_capabilities",
        "howdah_connection_parameters",
        "howdah_connection_settings",
        "howdah_mixins",
        "howdah_register_adapters",
        "howdah_register_commands",
    }
)

#: How the note in an error of `howdah_resolve_conninfo` begins, which goes on with the plugin.
RESOLVING = "while resolving the conninfo"

#: What is used of the objects that hooks return; their other methods are optional.
_METHODS = {
    "connect_observer": ("connect_ended",),
    "pool_observer": ("acquire_started", "acquire_ended", "released", "connection_created", "closed"),
    "query_observer": ("query_started", "query_ended"),
    "query_planner": ("plan", "executed", "failed", "rolled_back", "parameter_changed"),
    "scheduler": ("lock", "run", "execute_cached", "should_retry", "close"),
}


class ConnectionHooks(NamedTuple):
    """The hooks that a connection calls, with keyword arguments; None for a hook without implementation.

    The names are those of `howdah.hookspecs` without `howdah_`.
    """

    resolve_conninfo: Callable[..., Any] | None
    open_transport: Callable[..., Any] | None
    connect_observer: Callable[..., Any] | None
    connection_setup: Callable[..., Any] | None
    connection_opened: Callable[..., Any] | None
    connection_closed: Callable[..., Any] | None
    query_planner: Callable[..., Any] | None
    query_observer: Callable[..., Any] | None
    scheduler: Callable[..., Any] | None
    pool_observer: Callable[..., Any] | None
    type_resolved: Callable[..., Any] | None


class Driver:
    """A driver: the kernel and a set of plugins.

    Drivers do not share classes, adapters or capabilities.

    Args:
        enable: the names of the installed plugins to use, None for all.
        disable: the names of plugins that must not be used, nor imported. It
            takes precedence over `enable`.
        plugins: plugins that are not installed: modules, objects with a
            `__name__`, or pairs of name and object.

    Raises:
        howdah.ProgrammingError: a name in `enable` or `disable` is unknown.
        howdah.PluginError: a plugin cannot be loaded, implements a hook wrongly, or
            fails in a hook; or two plugins have the same name. For a mixin that
            is given by its name, the error is raised when the class is first used.

    Attributes:
        Connection, AsyncConnection: the assembled connection classes.
        Cursor, ClientCursor, RawCursor: the assembled cursor classes.
        AsyncCursor, AsyncClientCursor, AsyncRawCursor: their asynchronous twins.
        Kernel, AsyncKernel: the assembled classes of the connections' kernels.
        adapters: the adapters of all its connections.
        capabilities: its capabilities.
        plugins: the description of each plugin, including disabled ones.
        parameters: the connection parameters, libpq's and the plugins'.
        settings: the keyword arguments of `connect` that plugins add, connection parameters aside.
        authentication_methods: the plugins' authentication methods.
        hooks: the hooks that connections call.
        conninfo_prefixes: the prefixes of the conninfos that plugins may resolve; an empty one allows any.
        transport_parameters: the connection parameters that have plugins open sockets; None if a plugin may
            open one in any case.
    """

    Connection: type[bundle.Connection[Any]]
    AsyncConnection: type[bundle.AsyncConnection[Any]]
    Cursor: type[bundle.Cursor[Any]]
    ClientCursor: type[bundle.ClientCursor[Any]]
    RawCursor: type[bundle.RawCursor[Any]]
    AsyncCursor: type[bundle.AsyncCursor[Any]]
    AsyncClientCursor: type[bundle.AsyncClientCursor[Any]]
    AsyncRawCursor: type[bundle.AsyncRawCursor[Any]]

    adapters: AdaptersMap
    capabilities: Capabilities
    plugins: tuple[PluginInfo, ...]
    parameters: tuple[Parameter, ...]
    settings: tuple[str, ...]
    authentication_methods: Mapping[int | str, Method]
    hooks: ConnectionHooks
    conninfo_prefixes: tuple[str, ...]
    transport_parameters: tuple[str, ...] | None

    def __init__(
        self,
        *,
        enable: Collection[str] | None = None,
        disable: Collection[str] = (),
        plugins: Collection[ExtraPlugin] = (),
    ) -> None:
        from howdah.adapt.registry import AdaptersMap
        from howdah.adapt.text import TextDumper

        installed, provided_names = discover()
        selection = select(installed, enable=enable, disable=disable, plugins=plugins)
        self._plugins = {plugin.name: plugin for plugin in selection.enabled}
        self._disabled = {plugin.name: plugin for plugin in selection.disabled}
        self._manager = pluggy.PluginManager("howdah")
        self._manager.add_hookspecs(hookspecs)
        self.plugins = (
            *(_info(plugin, "enabled", self._register(plugin)) for plugin in selection.enabled),
            *(_info(plugin, "disabled") for plugin in selection.disabled),
        )

        self._available, self._unavailable = _sort_provided_names(
            provided_names, selection.enabled, selection.disabled
        )
        self.capabilities = self._gather_capabilities()
        self.conninfo_prefixes = self._gather_conninfo_prefixes()
        self.parameters = self._gather_parameters()
        self.settings = self._gather_settings()
        self.authentication_methods = self._gather_authentication_methods()
        self.hooks = ConnectionHooks(*map(self._implemented, ConnectionHooks._fields))
        self.transport_parameters = self._gather_transport_parameters()
        self._defaults = {parameter.name: parameter.default for parameter in self.parameters}
        self._known_types: dict[tuple[str, str, int, str, str], KnownTypes] = {}
        self.adapters = AdaptersMap()
        self.adapters.register_dumper(str, TextDumper)
        if plugin := self._unavailable.get("howdah_register_adapters"):
            self.adapters.advice = f"; the adapters of most types are brought by {plugin.disabled}"
        if (type_resolved := self.hooks.type_resolved) is not None:
            self.adapters.on_type_added(lambda adapters, info: type_resolved(adapters=adapters, info=info))
        self._register_adapters()
        self.adapters.share()
        self._assembling = threading.RLock()
        self._mixins: list[Mixins] = []
        self._gather_mixins()

    def connect(self, conninfo: str = "", **kwargs: Any) -> bundle.Connection[Any]:
        """Return a new connection: `Connection.connect` of this driver."""
        return self.Connection.connect(conninfo, **kwargs)

    def check_parameters(
        self, conninfo: str = "", *, autocommit: bool = False, row_factory: Any = None, **params: Any
    ) -> None:
        """Make sure, without connecting, that `connect` understands its arguments.

        What a plugin resolves (`howdah_resolve_conninfo`) is not looked into.

        Args:
            conninfo: a connection string.
            autocommit: as for `connect`.
            row_factory: as for `connect`.
            params: connection parameters.

        Raises:
            howdah.ProgrammingError: a parameter is unknown or has an impossible value.
            howdah.NotSupportedError: a parameter asks for what howdah does not do, or is a disabled plugin's.
            howdah.OperationalError: the service file cannot be read.
        """
        from howdah.client.flags import checked_flag
        from howdah.conninfo import hosts, resolve
        from howdah.rows import checked_row_factory

        checked_flag("autocommit", autocommit)
        if row_factory is not None:
            checked_row_factory(row_factory)
        self.take_settings(params)
        if self.resolver(conninfo) is None:
            hosts(resolve(conninfo, params, parameters=self.parameters, gss_encryption=self.gss_encryption))

    @property
    def gss_encryption(self) -> bool:
        """Whether a plugin encrypts connections with GSSAPI, if `gssencmode` asks for it."""
        return "gss_encryption" in self.capabilities

    def resolver(self, conninfo: str) -> Callable[..., Any] | None:
        """Return what has the plugins resolve a conninfo, None if none of them may.

        Args:
            conninfo: a connection string.

        Raises:
            howdah.ProgrammingError: it is no str.
            howdah.NotSupportedError: it begins with the name of a disabled plugin, such as `embedded:`.
        """
        if not isinstance(conninfo, str):
            raise ProgrammingError(f"the conninfo must be a str, not {type(conninfo).__name__}")
        if conninfo.startswith(self.conninfo_prefixes):
            return self.hooks.resolve_conninfo
        scheme, colon, _ = conninfo.partition(":")
        if colon and scheme in self._disabled:
            raise NotSupportedError(
                f'a conninfo that begins with "{scheme}:" needs {self._disabled[scheme].disabled}'
            )
        return None

    def transport_opener(self, settings: Mapping[str, Any]) -> Callable[..., Any] | None:
        """Return what has the plugins open a socket, None if none of them would with these parameters.

        Args:
            settings: the resolved connection parameters.
        """
        names = self.transport_parameters
        if names is not None and all(settings.get(name) == self._defaults.get(name) for name in names):
            return None
        return self.hooks.open_transport

    def require(self, feature: str) -> None:
        """Check that the driver has a capability, for arguments that need a plugin.

        Args:
            feature: the name of the capability, such as `"lending"`.

        Raises:
            howdah.NotSupportedError: the plugin that announces it is disabled or not installed.
        """
        if feature not in self.capabilities:
            raise self.not_supported(f"has_{feature}", repr(feature))

    def not_supported(self, provided: str, what: str) -> NotSupportedError:
        """Return the error that names the plugin which would provide something, and how to enable it.

        Args:
            provided: its name in the entry points `howdah.provides`: `Connection.lend`, `has_lending`,
                `Loan`, or the hook that the plugin implements.
            what: what it is, the subject of a sentence.
        """
        if plugin := self._unavailable.get(provided):
            return NotSupportedError(f"{what} is brought by {plugin.disabled}")
        return NotSupportedError(f"no plugin that brings {what} is installed")

    def take_settings(self, params: dict[str, Any]) -> dict[str, Any]:
        """Take the plugins' settings out of the keyword arguments of `connect`, and return them.

        Args:
            params: the keyword arguments; connection parameters are left in it.

        Raises:
            howdah.NotSupportedError: a disabled plugin would provide one of them. It may be None, which
                asks for nothing that the plugin would do.
            howdah.ProgrammingError: one has an impossible value.
        """
        for name in [name for name in params if f"Connection.{name}" in self._unavailable]:
            if params.pop(name) is not None:
                raise self.not_supported(f"Connection.{name}", repr(name))
        taken = {name: params.pop(name) for name in self.settings if name in params}
        for name in taken:
            if check := self._setting_checks.get(name):
                try:
                    taken[name] = check(taken[name])
                except (TypeError, ValueError) as error:
                    raise ProgrammingError(f"{name!r}: {error}") from None
        return taken

    def known_types(self, host: str, hostaddr: str, port: int, dbname: str, search_path: str) -> KnownTypes:
        """Return the cache of the types of a database, which connections share.

        Args:
            host: the host of the server.
            hostaddr: the host's address.
            port: the port.
            dbname: the name of the database.
            search_path: the schemas in which names are looked up, empty if unknown.
        """
        from howdah.client.known_types import KnownTypes

        if len(self._known_types) >= _MOST_KNOWN:
            self._known_types.clear()
        return self._known_types.setdefault((host, hostaddr, port, dbname, search_path), KnownTypes())

    def resolve_type(self, adapters: AdaptersMap, info: TypeInfo) -> None:
        """Add a type that was found by its name to adapters, and call the plugins' hook for it."""
        adapters.add_type(info)

    def public(self, name: str) -> Any:
        """Return the object for a public name of a plugin, such as `Loan`; it is imported on first use.

        Raises:
            howdah.NotSupportedError: the plugin that provides the name is disabled.
            howdah.PluginError: the plugin lacks the object that its distribution announces.
            AttributeError: no plugin provides the name.
        """
        if _is_public(name):
            if name in self._available:
                provided, plugin = self._available[name]
                with plugin_errors(plugin, f"does not bring {name} as its distribution says"):
                    return provided.load()
            if name in self._unavailable:
                raise NotSupportedError(f"{name} is brought by {self._unavailable[name].disabled}")
        raise AttributeError(f"neither howdah nor one of its plugins has {name!r}")

    def public_names(self) -> list[str]:
        """Return the public names that the enabled plugins provide."""
        return sorted(filter(_is_public, self._available))

    def register_commands(self, group: click.Group) -> None:
        """Let the plugins add their subcommands to `group`.

        Raises:
            howdah.PluginError: a plugin failed.
        """
        self._ask("howdah_register_commands", group=group)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._assembled(name) if name in KERNEL_CLASSES else self.public(name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *KERNEL_CLASSES, *self.public_names()})

    def __repr__(self) -> str:
        return f"<howdah.Driver with {', '.join(self._plugins) or 'no plugins'}>"

    def _register(self, plugin: Plugin) -> tuple[str, ...]:
        """Register a plugin; return the hooks that it implements."""
        implementation = plugin.load()
        with plugin_errors(plugin, "needs another version of howdah"):
            _check_version(implementation)
        with plugin_errors(plugin, "does not implement the hooks as they are specified"):
            if (name := self._manager.get_name(implementation)) is not None:
                raise ValueError(f"it is the same object as the plugin {name!r}")
            self._manager.register(implementation, plugin.name)
            self._manager.check_pending()
            _check_marks(implementation)
            callers = self._manager.get_hookcallers(implementation) or []
            for caller in callers:
                for hook in caller.get_hookimpls():
                    if caller.name in _ASSEMBLY and (hook.wrapper or hook.hookwrapper):
                        raise TypeError(f"{caller.name} cannot be wrapped")
        return tuple(caller.name for caller in callers)

    def _ask(self, hook: str, take: Callable[[Any], None] = lambda answer: None, **arguments: Any) -> None:
        """Call a hook of each plugin, in the order of registration, and pass each result to `take`.

        pluggy itself calls hooks in the reverse order, last registered first.
        """
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            with plugin_errors(self._plugins[implementation.plugin_name], f"failed in {hook}()"):
                take(implementation.function(*(arguments[name] for name in implementation.argnames)))

    def _register_adapters(self) -> None:
        """Let each plugin register its adapters; errors name the plugin, also those of lazy registrations."""
        hook = "howdah_register_adapters"
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            plugin = self._plugins[implementation.plugin_name]
            self.adapters.begin_plugin(partial(plugin_errors, plugin, "failed to register adapters"))
            with plugin_errors(plugin, f"failed in {hook}()"):
                implementation.function(*(self.adapters for _ in implementation.argnames))
        self.adapters.begin_plugin(nullcontext)

    def _implemented(self, hook: str) -> Callable[..., Any] | None:
        caller: pluggy.HookCaller = getattr(self._manager.hook, f"howdah_{hook}")
        implementations = caller.get_hookimpls()
        if not implementations:
            return None
        if any(each.wrapper or each.hookwrapper for each in implementations):
            return caller
        # No plugin can be added later, so that the implementations are collected once and not with each call.
        calls = [(each.function, each.argnames) for each in reversed(implementations)]
        first = caller.spec is not None and bool(caller.spec.opts.get("firstresult"))
        if hook == "resolve_conninfo":
            resolvers = [self._plugins[each.plugin_name] for each in reversed(implementations)]
            return partial(_call_resolvers, calls, resolvers)
        if methods := _METHODS.get(hook):
            plugins = [self._plugins[each.plugin_name] for each in reversed(implementations)]
            return partial(_call_checked, calls, first, plugins, methods)
        return partial(_call, calls, first)

    def _gather_capabilities(self) -> Capabilities:
        provided = {**self._available, **self._unavailable}
        flags = {name.removeprefix("has_"): False for name in provided if name.startswith("has_")}

        def announce(names: Any) -> None:
            if isinstance(names, str):
                raise TypeError(f"capabilities are a list of names, not the str {names!r}")
            for name in names:
                if not (isinstance(name, str) and name.isidentifier()):
                    raise TypeError(f"the name of a capability is an identifier, not {name!r}")
                flags[name] = True

        self._ask("howdah_capabilities", announce)
        return Capabilities(flags)

    def _gather_parameters(self) -> ParameterRegistry:
        from howdah.conninfo import PARAMETERS
        from howdah.conninfo.parameter import Parameter, ParameterRegistry

        parameters = {parameter.name: parameter for parameter in PARAMETERS}

        def contribute(contributed: Iterable[Parameter]) -> None:
            for parameter in contributed:
                if not isinstance(parameter, Parameter):
                    raise TypeError(f"a howdah.conninfo.Parameter was expected, not {parameter!r}")
                if parameter.name in parameters:
                    raise ValueError(f"there is a connection parameter {parameter.name!r} already")
                parameters[parameter.name] = parameter

        self._ask("howdah_connection_parameters", contribute)
        registry = ParameterRegistry(parameters.values())
        registry.prefixes = self.conninfo_prefixes
        return registry

    def _gather_settings(self) -> tuple[str, ...]:
        settings: list[str] = []
        self._setting_checks: dict[str, Callable[[Any], Any]] = {}
        others = {"autocommit", "context", "cursor_factory", "row_factory"}
        others.update(parameter.name for parameter in self.parameters)

        def contribute(names: Any) -> None:
            if isinstance(names, str):
                raise TypeError(f"settings are a list of names, not the str {names!r}")
            for name in names:
                if name in settings or name in others:
                    raise ValueError(f"connect() takes {name!r} already")
                settings.append(name)
            if isinstance(names, Mapping):
                self._setting_checks.update(names)

        self._ask("howdah_connection_settings", contribute)
        return tuple(settings)

    def _gather_authentication_methods(self) -> Mapping[int | str, Method]:
        methods: dict[int | str, Method] = {}

        def contribute(contributed: Mapping[int | str, Method]) -> None:
            for method, factory in contributed.items():
                if method in methods:
                    raise ValueError(f"there is an authentication method {method!r} already")
                methods[method] = factory

        self._ask("howdah_authentication_methods", contribute)
        return methods

    def _gather_conninfo_prefixes(self) -> tuple[str, ...]:
        """Return the prefixes of the conninfos that plugins resolve; one that names none may resolve any."""
        prefixes: list[str] = []
        for hook in self._manager.hook.howdah_resolve_conninfo.get_hookimpls():
            prefixes += getattr(hook.function, "prefixes", ("",))
        return tuple(prefixes)

    def _gather_transport_parameters(self) -> tuple[str, ...] | None:
        """Return the parameters that plugins open sockets for; None if one may do so without them."""
        names: list[str] = []
        for hook in self._manager.hook.howdah_open_transport.get_hookimpls():
            parameters = getattr(hook.function, "parameters", None)
            if parameters is None:
                return None
            names += parameters
        return tuple(names)

    def _gather_mixins(self) -> None:
        """Collect the mixins; assemble the classes at once for which a mixin is given as a class."""

        def contribute(contributed: Mixins) -> None:
            if not isinstance(contributed, Mixins):
                raise TypeError(f"a howdah.hookspecs.Mixins was expected, not {contributed!r}")
            for mixin in contributed:
                if not (mixin is None or isinstance(mixin, (type, str))):
                    raise TypeError(f"a mixin is a class or the name of one, not {mixin!r}")
            self._mixins.append(contributed)

        self._ask("howdah_mixins", contribute)
        for name, kernel_class in KERNEL_CLASSES.items():
            if any(isinstance(getattr(mixins, kernel_class.mixin), type) for mixins in self._mixins):
                self._assembled(name)

    def _assembled(self, name: str) -> type[Any]:
        """Return one of the classes; all blocking, or all asynchronous, classes are assembled together."""
        asynchronous = KERNEL_CLASSES[name].asynchronous
        unavailable = {
            name: f"{name} is brought by {plugin.disabled}" for name, plugin in self._unavailable.items()
        }
        with self._assembling:
            if name not in vars(self):
                try:
                    classes = assemble(self, self._mixins, unavailable, asynchronous=asynchronous)
                except Exception:
                    for i, hook in enumerate(self._manager.hook.howdah_mixins.get_hookimpls(), 1):
                        with plugin_errors(
                            self._plugins[hook.plugin_name], "has a mixin that cannot be used"
                        ):
                            assemble(self, self._mixins[:i], unavailable, asynchronous=asynchronous)
                    raise
                vars(self).update(classes)
        found: type[Any] = vars(self)[name]
        return found


_default: Driver | None = None
_configuration: dict[str, Any] = {}
_assembling = False
_lock = threading.RLock()


def default_driver() -> Driver:
    """Return the driver whose names the module `howdah` has; it is assembled on first use.

    It uses all installed plugins except those in the environment variable
    `HOWDAH_DISABLE` (names with commas between), unless `configure` has
    changed that.

    Raises:
        howdah.ProgrammingError, howdah.PluginError: as by `Driver`.
    """
    return default_driver_for("the default driver")


def default_driver_for(name: str) -> Driver:
    """Return the default driver for the lookup of a name in the module `howdah`.

    Args:
        name: the name, for the error if a plugin looks it up while the driver is being assembled.

    Raises:
        howdah.ProgrammingError, howdah.PluginError: as by `Driver`.
    """
    global _default, _assembling
    if (driver := _default) is not None:
        return driver
    with _lock:
        if _assembling:
            if not _exists(name):
                raise PluginError(f"{name} does not exist")
            raise PluginError(
                f"{name} was asked for while the driver's plugins are loaded; a plugin can import the"
                " kernel's modules and names then, but none that belong to a driver or that plugins bring:"
                " import those where they are used, or below `if TYPE_CHECKING:`"
            )
        if _default is None:
            _assembling = True
            try:
                disable = [*_configuration.get("disable", ()), *disabled_in_environment()]
                _default = Driver(**{**_configuration, "disable": disable})
            finally:
                _assembling = False
        return _default


def _exists(name: str) -> bool:
    """Return whether the module `howdah` has a name of a driver, or a plugin brings it."""
    module, _, attribute = name.rpartition(".")
    if module != "howdah":
        return True
    return attribute in howdah._OF_DRIVER or any(attribute == provided.name for provided in discover()[1])


def configure(
    *,
    enable: Collection[str] | None = None,
    disable: Collection[str] = (),
    plugins: Collection[ExtraPlugin] = (),
) -> None:
    """Choose the plugins of the default driver; an earlier choice is replaced.

    The default driver is assembled again when it is next used. Classes and
    connections of the previous one do not change, so look up `howdah.Connection`
    and the like again. Plugins in `HOWDAH_DISABLE` stay disabled.

    Args:
        enable: the names of the installed plugins to use, None for all.
        disable: the names of plugins that must not be used.
        plugins: plugins that are not installed, as for `Driver`.
    """
    global _default, _configuration
    with _lock:
        _configuration = {"enable": enable, "disable": disable, "plugins": plugins}
        _default = None
        howdah._forget_driver()


def configuration() -> dict[str, Any]:
    """Return the choice that `configure` made last, as its arguments; its defaults if it was not called.

    A library that needs a plugin in the default driver can add it to what the program has chosen.
    """
    with _lock:
        return {"enable": None, "disable": (), "plugins": (), **_configuration}


def require_enabled(plugin: str, feature: str) -> None:
    """Raise an error if the default driver does not use a plugin.

    The driver is not assembled for this while the plugin is enabled.

    Args:
        plugin: the name of the plugin.
        feature: the capability that the plugin announces.

    Raises:
        howdah.NotSupportedError: the plugin is disabled.
    """
    enable, disable = _configuration.get("enable"), _configuration.get("disable", ())
    enabled = enable is None or plugin in enable
    if not enabled or plugin in disable or plugin in disabled_in_environment():
        default_driver().require(feature)


def disabled_in_environment() -> list[str]:
    """Return the plugins that `HOWDAH_DISABLE` lists."""
    return [name for name in map(str.strip, os.environ.get("HOWDAH_DISABLE", "").split(",")) if name]


def _call(calls: Iterable[tuple[Callable[..., Any], Iterable[str]]], first: bool, **arguments: Any) -> Any:
    """Call the implementations of a hook and return what pluggy would: a list, or the first result."""
    results = []
    for function, names in calls:
        result = function(*[arguments[name] for name in names])
        if result is not None:
            if first:
                return result
            results.append(result)
    return None if first else results


def _call_resolvers(
    calls: Iterable[tuple[Callable[..., Any], Iterable[str]]], plugins: Iterable[Plugin], **arguments: Any
) -> Any:
    """Call the implementations of `howdah_resolve_conninfo`; a note in their errors names the plugin.

    The error itself stays what it is, because programs may expect it.
    """
    for call, plugin in zip(calls, plugins, strict=True):
        try:
            result = _call([call], True, **arguments)
        except Exception as error:
            add_note(error, f"{RESOLVING}, by the plugin {plugin.name!r} ({plugin.source})")
            raise
        if result is not None:
            return result
    return None


def _call_checked(
    calls: Iterable[tuple[Callable[..., Any], Iterable[str]]],
    first: bool,
    plugins: Iterable[Plugin],
    methods: Iterable[str],
    **arguments: Any,
) -> Any:
    """Call the implementations of a hook, as `_call` does, and check what they return.

    Raises:
        howdah.PluginError: an object lacks a method.
    """
    results = []
    for (function, names), plugin in zip(calls, plugins, strict=True):
        result = function(*[arguments[name] for name in names])
        if result is not None:
            if not all(hasattr(result, method) for method in methods):
                with plugin_errors(plugin, "does not implement the hooks as they are specified"):
                    _check_answer(result, function, methods)
            if first:
                return result
            results.append(result)
    return None if first else results


def _info(plugin: Plugin, state: Any, hooks: tuple[str, ...] = ()) -> PluginInfo:
    return PluginInfo(plugin.name, plugin.distribution, plugin.version, plugin.origin, state, hooks)


def _check_version(implementation: object) -> None:
    """Check that the hooks have the version that a plugin requires."""
    required = getattr(implementation, "howdah_hooks_version", 1)
    if type(required) is not int:
        raise TypeError(f"howdah_hooks_version is a whole number, not {required!r}")
    if required > hookspecs.VERSION:
        raise NotImplementedError(
            f"it requires version {required} of the hooks (howdah_hooks_version), and this howdah has version"
            f" {hookspecs.VERSION}: upgrade howdah"
        )


def _check_marks(implementation: object) -> None:
    """Check that a plugin's functions with the names of hooks are marked: pluggy ignores others."""
    attributes = {**vars(type(implementation)), **getattr(implementation, "__dict__", {})}
    for name in attributes.keys() & vars(hookspecs).keys():
        if name.startswith("howdah_") and not hasattr(attributes[name], "howdah_impl"):
            raise TypeError(f"{name} lacks the mark @howdah.hookimpl, without which it is never called")


def _check_answer(answer: object, function: Callable[..., Any], methods: Iterable[str]) -> None:
    """Check that what a hook returned for a connection or a pool has the methods that are called."""
    if lacking := [method for method in methods if not hasattr(answer, method)]:
        raise TypeError(
            f"{function.__name__}() returned a {type(answer).__qualname__}, which lacks {', '.join(lacking)}"
            " (see howdah.hookspecs)"
        )


def _is_public(name: str) -> bool:
    return "." not in name and not name.startswith(("has_", "howdah_"))


def _sort_provided_names(
    provided_names: Iterable[ProvidedName], enabled: Iterable[Plugin], disabled: Iterable[Plugin]
) -> tuple[dict[str, tuple[ProvidedName, Plugin]], dict[str, Plugin]]:
    """Return the names that enabled plugins provide, and those that disabled plugins would provide."""
    available: dict[str, tuple[ProvidedName, Plugin]] = {}
    unavailable: dict[str, Plugin] = {}
    enabled_in = {plugin.package: plugin for plugin in reversed([*enabled])}
    disabled_in = {plugin.package: plugin for plugin in reversed([*disabled])}
    for provided in provided_names:
        if plugin := enabled_in.get(provided.package):
            available.setdefault(provided.name, (provided, plugin))
        elif plugin := disabled_in.get(provided.package):
            unavailable.setdefault(provided.name, plugin)
    return available, {name: plugin for name, plugin in unavailable.items() if name not in available}
