"""Drivers: `Driver` finds plugins, asks them, and assembles the classes."""

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
from howdah.errors import NotSupportedError, PluginError
from howdah.framework.assembly import KERNEL_CLASSES, assemble
from howdah.framework.capabilities import Capabilities
from howdah.framework.plugins import ExtraPlugin, Plugin, PluginInfo, Provision, blaming, discover, select
from howdah.hookspecs import Mixins
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    import click

    from howdah import _bundle as bundle
    from howdah.adapt.registry import AdaptersMap
    from howdah.adapt.types import TypeInfo
    from howdah.client.known_types import KnownTypes
    from howdah.conninfo import Parameter
    from howdah.protocol.credentials import Method

__all__ = [
    "ConnectionHooks",
    "Driver",
    "configure",
    "default_driver",
    "default_driver_for",
    "disabled_in_environment",
    "require_enabled",
]

#: Of how many databases, and search paths in them, the types are remembered.
_MOST_KNOWN = 1000
#: The hooks that a driver asks when it is assembled; pluggy's wrappers have no place around them.
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


class ConnectionHooks(NamedTuple):
    """The hooks that a connection calls, with keyword arguments; None for one that nobody implements.

    They are those of `howdah.hookspecs`, by name without `howdah_`.
    """

    resolve_conninfo: Callable[..., Any] | None
    open_transport: Callable[..., Any] | None
    connection_opened: Callable[..., Any] | None
    connection_closed: Callable[..., Any] | None
    query_planner: Callable[..., Any] | None
    query_observer: Callable[..., Any] | None
    scheduler: Callable[..., Any] | None
    type_resolved: Callable[..., Any] | None


class Driver:
    """A driver of its own: the kernel and a choice of plugins.

    What one driver has (classes, adapters, capabilities) no other shares.

    Args:
        enable: the names of the installed plugins to use, None for all.
        disable: the names of plugins not to use; they are not even imported.
            It has precedence over `enable`.
        plugins: plugins that are not installed: modules, objects that have a
            `__name__`, or pairs of name and object.

    Raises:
        ProgrammingError: a name in `enable` or `disable` is unknown.
        PluginError: a plugin cannot be loaded, implements a hook wrongly, or
            fails in one; or two plugins have one name. Of a mixin that is
            given by its name, it is raised when a class is first used.

    Attributes:
        Connection, AsyncConnection: the assembled connection classes.
        Cursor, ClientCursor, RawCursor: the assembled cursor classes.
        AsyncCursor, AsyncClientCursor, AsyncRawCursor: their twins.
        adapters: the adapters of all its connections.
        capabilities: what it can do.
        plugins: what is known of each plugin, the disabled ones included.
        parameters: the connection parameters, libpq's and the plugins'.
        settings: the keyword arguments of `connect` that plugins add besides.
        authentication_methods: the plugins' ways to authenticate.
        hooks: the hooks that connections call.
        resolved: how the conninfos begin that plugins may resolve.
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
    resolved: tuple[str, ...]

    def __init__(
        self,
        *,
        enable: Collection[str] | None = None,
        disable: Collection[str] = (),
        plugins: Collection[ExtraPlugin] = (),
    ) -> None:
        from howdah.adapt.registry import AdaptersMap
        from howdah.adapt.text import TextDumper

        installed, provisions = discover()
        selection = select(installed, enable=enable, disable=disable, plugins=plugins)
        self._plugins = {plugin.name: plugin for plugin in selection.enabled}
        self._manager = pluggy.PluginManager("howdah")
        self._manager.add_hookspecs(hookspecs)
        self.plugins = (
            *(_info(plugin, "enabled", self._register(plugin)) for plugin in selection.enabled),
            *(_info(plugin, "disabled") for plugin in selection.disabled),
        )

        self._present, self._absent = _sort_provisions(provisions, selection.enabled, selection.disabled)
        self.capabilities = self._gather_capabilities()
        self.parameters = self._gather_parameters()
        self.settings = self._gather_settings()
        self.authentication_methods = self._gather_authentication_methods()
        self.hooks = ConnectionHooks(*map(self._implemented, ConnectionHooks._fields))
        self.resolved = self._gather_resolved()
        self._known_types: dict[tuple[str, str, int, str, str], KnownTypes] = {}
        self.adapters = AdaptersMap()
        self.adapters.register_dumper(str, TextDumper)
        if plugin := self._absent.get("howdah_register_adapters"):
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

    def require(self, feature: str) -> None:
        """Make sure that a capability is there, for arguments that need a plugin.

        Args:
            feature: the name of the capability, such as `"lending"`.

        Raises:
            NotSupportedError: the plugin that announces it is disabled or not installed.
        """
        if feature not in self.capabilities:
            raise self.not_supported(f"has_{feature}", repr(feature))

    def is_absent(self, provision: str) -> bool:
        """Return whether a plugin that is disabled would have brought something.

        Args:
            provision: its name in the entry points `howdah.provides`: `Connection.lend`, `has_lending`,
                `Loan`, or the hook that the plugin implements.
        """
        return provision in self._absent

    def not_supported(self, provision: str, what: str) -> NotSupportedError:
        """Return the error that says which plugin would have brought something, and how to enable it.

        Args:
            provision: as for `is_absent`.
            what: what it is, for people: the subject of a sentence.
        """
        if plugin := self._absent.get(provision):
            return NotSupportedError(f"{what} is brought by {plugin.disabled}")
        return NotSupportedError(f"no plugin that brings {what} is installed")

    def known_types(self, host: str, hostaddr: str, port: int, dbname: str, search_path: str) -> KnownTypes:
        """Return what connections have found out about the types of a database.

        Args:
            host: the host it is on.
            hostaddr: the host's address.
            port: the port.
            dbname: its name.
            search_path: the schemas where names are looked up, empty if that is not known.
        """
        from howdah.client.known_types import KnownTypes

        if len(self._known_types) >= _MOST_KNOWN:
            self._known_types.clear()
        return self._known_types.setdefault((host, hostaddr, port, dbname, search_path), KnownTypes())

    def resolve_type(self, adapters: AdaptersMap, info: TypeInfo) -> None:
        """Tell adapters, and the plugins, of a type that was found by its name."""
        adapters.add_type(info)

    def public(self, name: str) -> Any:
        """Return a public name that a plugin brings, such as `Loan`, importing it on first use.

        Raises:
            NotSupportedError: the plugin that brings it is disabled.
            PluginError: the plugin does not have what its distribution says.
            AttributeError: no plugin brings it.
        """
        if _is_public(name):
            if name in self._present:
                provision, plugin = self._present[name]
                with blaming(plugin, f"does not bring {name} as its distribution says"):
                    return provision.load()
            if name in self._absent:
                raise NotSupportedError(f"{name} is brought by {self._absent[name].disabled}")
        raise AttributeError(f"neither howdah nor one of its plugins has {name!r}")

    def public_names(self) -> list[str]:
        """Return the public names that the enabled plugins bring."""
        return sorted(filter(_is_public, self._present))

    def register_commands(self, group: click.Group) -> None:
        """Have the plugins add their subcommands to `group`.

        Raises:
            PluginError: a plugin failed to.
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
        """Register a plugin, and return the hooks it implements."""
        implementation = plugin.load()
        with blaming(plugin, "does not implement the hooks as they are specified"):
            if (name := self._manager.get_name(implementation)) is not None:
                raise ValueError(f"it is the same object as the plugin {name!r}")
            self._manager.register(implementation, plugin.name)
            self._manager.check_pending()
            callers = self._manager.get_hookcallers(implementation) or []
            for caller in callers:
                for hook in caller.get_hookimpls():
                    if caller.name in _ASSEMBLY and (hook.wrapper or hook.hookwrapper):
                        raise TypeError(f"{caller.name} cannot be wrapped")
        return tuple(caller.name for caller in callers)

    def _ask(self, hook: str, take: Callable[[Any], None] = lambda answer: None, **arguments: Any) -> None:
        """Have each plugin answer `hook`, in the order of registration, and hand what it says to `take`.

        pluggy calls the other way round; who would be first there has the last word here.
        """
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            with blaming(self._plugins[implementation.plugin_name], f"failed in {hook}()"):
                take(implementation.function(*(arguments[name] for name in implementation.argnames)))

    def _register_adapters(self) -> None:
        """Have each plugin register its adapters, those that wait for their first use in its name, too."""
        hook = "howdah_register_adapters"
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            plugin = self._plugins[implementation.plugin_name]
            self.adapters.begin_plugin(partial(blaming, plugin, "failed to register adapters"))
            with blaming(plugin, f"failed in {hook}()"):
                implementation.function(*(self.adapters for _ in implementation.argnames))
        self.adapters.begin_plugin(nullcontext)

    def _implemented(self, hook: str) -> Callable[..., Any] | None:
        caller: pluggy.HookCaller = getattr(self._manager.hook, f"howdah_{hook}")
        implementations = caller.get_hookimpls()
        if not implementations:
            return None
        if any(each.wrapper or each.hookwrapper for each in implementations):
            return caller
        # Nobody can be added: what pluggy finds out with each call is found out once.
        calls = [(each.function, each.argnames) for each in reversed(implementations)]
        first = caller.spec is not None and bool(caller.spec.opts.get("firstresult"))
        return partial(_call, calls, first)

    def _gather_capabilities(self) -> Capabilities:
        provided = {**self._present, **self._absent}
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

    def _gather_parameters(self) -> tuple[Parameter, ...]:
        from howdah.conninfo import PARAMETERS
        from howdah.conninfo.parameter import ParameterRegistry

        parameters = {parameter.name: parameter for parameter in PARAMETERS}

        def contribute(contributed: Iterable[Parameter]) -> None:
            for parameter in contributed:
                if parameter.name in parameters:
                    raise ValueError(f"there is a connection parameter {parameter.name!r} already")
                parameters[parameter.name] = parameter

        self._ask("howdah_connection_parameters", contribute)
        return ParameterRegistry(parameters.values())

    def _gather_settings(self) -> tuple[str, ...]:
        settings: list[str] = []
        others = {"autocommit", "context", "cursor_factory", "row_factory"}
        others.update(parameter.name for parameter in self.parameters)

        def contribute(names: Any) -> None:
            if isinstance(names, str):
                raise TypeError(f"settings are a list of names, not the str {names!r}")
            for name in names:
                if name in settings or name in others:
                    raise ValueError(f"connect() takes {name!r} already")
                settings.append(name)

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

    def _gather_resolved(self) -> tuple[str, ...]:
        """Find how the conninfos begin that plugins may resolve: a plugin that does not say resolves any."""
        resolved: list[str] = []
        for hook in self._manager.hook.howdah_resolve_conninfo.get_hookimpls():
            resolved += getattr(hook.function, "beginnings", ("",))
        return tuple(resolved)

    def _gather_mixins(self) -> None:
        """Ask for the mixins, and assemble those classes at once that not all mixins are named for."""

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
        """Return one of the classes; it is assembled with the others of its side."""
        asynchronous = KERNEL_CLASSES[name].asynchronous
        absent = {name: f"{name} is brought by {plugin.disabled}" for name, plugin in self._absent.items()}
        with self._assembling:
            if name not in vars(self):
                try:
                    classes = assemble(self, self._mixins, absent, asynchronous=asynchronous)
                except Exception:
                    for i, hook in enumerate(self._manager.hook.howdah_mixins.get_hookimpls(), 1):
                        with blaming(self._plugins[hook.plugin_name], "has a mixin that cannot be used"):
                            assemble(self, self._mixins[:i], absent, asynchronous=asynchronous)
                    raise
                vars(self).update(classes)
        found: type[Any] = vars(self)[name]
        return found


_default: Driver | None = None
_configuration: dict[str, Any] = {}
_assembling = False
_lock = threading.RLock()


def default_driver() -> Driver:
    """Return the driver behind the names of the module `howdah`, assembled on first use.

    All installed plugins are in it but those that the environment variable
    `HOWDAH_DISABLE` lists (names with commas between), unless `configure`
    says otherwise.

    Raises:
        ProgrammingError, PluginError: as by `Driver`.
    """
    return default_driver_for("the default driver")


def default_driver_for(name: str) -> Driver:
    """Return the default driver to who asks for `name`.

    Args:
        name: what is wanted of it, for the error of a plugin that asks too early.

    Raises:
        ProgrammingError, PluginError: as by `Driver`.
    """
    global _default, _assembling
    if (driver := _default) is not None:
        return driver
    with _lock:
        if _assembling:
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


def configure(
    *,
    enable: Collection[str] | None = None,
    disable: Collection[str] = (),
    plugins: Collection[ExtraPlugin] = (),
) -> None:
    """Shape the default driver, instead of what an earlier call said.

    The default driver is assembled anew when it is next used. Classes and
    connections of the one before stay as they are; look `howdah.Connection`
    and the like up again. What `HOWDAH_DISABLE` lists stays disabled.

    Args:
        enable: the names of the installed plugins to use, None for all.
        disable: the names of plugins not to use.
        plugins: plugins that are not installed, as for `Driver`.
    """
    global _default, _configuration
    with _lock:
        _configuration = {"enable": enable, "disable": disable, "plugins": plugins}
        _default = None
        howdah._forget_driver()


def require_enabled(plugin: str, feature: str) -> None:
    """Refuse what belongs to a plugin that the default driver goes without.

    Nothing is assembled for the answer as long as the plugin is enabled.

    Args:
        plugin: the name of the plugin.
        feature: the capability that it announces.

    Raises:
        NotSupportedError: the plugin is disabled.
    """
    enable, disable = _configuration.get("enable"), _configuration.get("disable", ())
    enabled = enable is None or plugin in enable
    if not enabled or plugin in disable or plugin in disabled_in_environment():
        default_driver().require(feature)


def disabled_in_environment() -> list[str]:
    """Return the plugins that `HOWDAH_DISABLE` lists."""
    return [name for name in map(str.strip, os.environ.get("HOWDAH_DISABLE", "").split(",")) if name]


def _call(calls: Iterable[tuple[Callable[..., Any], Iterable[str]]], first: bool, **arguments: Any) -> Any:
    """Return what those who implement a hook return, as pluggy does: a list, or the first result."""
    results = []
    for function, names in calls:
        result = function(*[arguments[name] for name in names])
        if result is not None:
            if first:
                return result
            results.append(result)
    return None if first else results


def _info(plugin: Plugin, state: Any, hooks: tuple[str, ...] = ()) -> PluginInfo:
    return PluginInfo(plugin.name, plugin.distribution, plugin.version, plugin.origin, state, hooks)


def _is_public(name: str) -> bool:
    return "." not in name and not name.startswith(("has_", "howdah_"))


def _sort_provisions(
    provisions: Iterable[Provision], enabled: Iterable[Plugin], disabled: Iterable[Plugin]
) -> tuple[dict[str, tuple[Provision, Plugin]], dict[str, Plugin]]:
    """Return what enabled plugins provide, and what disabled ones would have provided."""
    present: dict[str, tuple[Provision, Plugin]] = {}
    absent: dict[str, Plugin] = {}
    here = {plugin.package: plugin for plugin in reversed([*enabled])}
    gone = {plugin.package: plugin for plugin in reversed([*disabled])}
    for provision in provisions:
        if plugin := here.get(provision.package):
            present.setdefault(provision.name, (provision, plugin))
        elif plugin := gone.get(provision.package):
            absent.setdefault(provision.name, plugin)
    return present, {name: plugin for name, plugin in absent.items() if name not in present}
