"""Finding plugins through entry points, without importing them.

There are two groups of entry points. `howdah` names the plugins.
`howdah.provides` lists the names that plugins provide, so that errors can name
them if the plugin is disabled, and so that they can be imported on first use:

- `Connection.lend`, `Cursor.lend`, `Kernel.lend`: attributes of the assembled classes,
  and of their asynchronous twins;
- `has_lending`: a capability;
- `howdah_query_planner`: a hook without which the kernel refuses something;
- `Loan`: a public name, reachable as `howdah.Loan`.

The value is the location of the object (`acme_lending:Loan`); its top-level
package determines the plugin.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from howdah.errors import PluginError, ProgrammingError
from howdah.framework.entrypoints import EntryPoint, entry_points, load
from howdah.lazy.tuples import NamedTuple

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = [
    "ExtraPlugin",
    "Plugin",
    "PluginInfo",
    "ProvidedName",
    "Selection",
    "discover",
    "plugin_errors",
    "select",
]

#: A plugin given to a Driver: a module or object with a `__name__`, or a pair of name and object.
ExtraPlugin: TypeAlias = "object | tuple[str, object]"


class Plugin(NamedTuple):
    """A plugin that has not been imported yet.

    Attributes:
        name: the name by which it is enabled and disabled.
        origin: the module, with `:attribute` if the plugin is an object in it.
        distribution: the distribution that has it, None if it was given as an object.
        version: the version of the distribution.
        loader: imports the plugin.
    """

    name: str
    origin: str
    distribution: str | None
    version: str | None
    loader: Callable[[], object]

    def load(self) -> object:
        """Import the plugin.

        Raises:
            howdah.PluginError: the import failed.
        """
        with plugin_errors(self, "could not be loaded"):
            return self.loader()

    @property
    def package(self) -> str:
        """The top-level package that has the plugin."""
        return _package(self.origin)

    @property
    def source(self) -> str:
        """The origin of the plugin, for messages."""
        return f"{self.distribution} {self.version}" if self.distribution else "Driver(plugins=...)"

    @property
    def disabled(self) -> str:
        """The plugin, and how to enable it, for messages."""
        return (
            f"the plugin {self.name!r} ({self.source}), which is disabled; to enable it, take it out of"
            " HOWDAH_DISABLE and disable=, or put it into enable=, of howdah.configure() or Driver()"
        )


class PluginInfo(NamedTuple):
    """The description of a plugin in a driver.

    Attributes:
        name: the name by which it is enabled and disabled.
        distribution: the distribution that has it, None if it was given as an object.
        version: the version of the distribution.
        origin: the module, with `:attribute` if the plugin is an object in it.
        state: whether it is enabled, disabled or has failed.
        hooks: the hooks that it implements; empty unless it is enabled.
        error: the error of a failed plugin.
    """

    name: str
    distribution: str | None
    version: str | None
    origin: str
    state: Literal["enabled", "disabled", "failed"]
    hooks: tuple[str, ...] = ()
    error: PluginError | None = None


class ProvidedName(NamedTuple):
    """A name that a plugin provides, from the metadata of its distribution.

    Attributes:
        name: the name: `Connection.lend`, `has_lending`, `Loan`, or a hook.
        value: the location of the object, `package[:attribute]`.
    """

    name: str
    value: str

    @property
    def package(self) -> str:
        """The top-level package that has the object."""
        return _package(self.value)

    def load(self) -> object:
        """Import the object."""
        return load(self.value)


class Selection(NamedTuple):
    """The plugins that a driver uses, and those that it does not use.

    Attributes:
        enabled: the plugins to load, in the order of their registration.
        disabled: the others.
    """

    enabled: tuple[Plugin, ...]
    disabled: tuple[Plugin, ...]


def discover() -> tuple[list[Plugin], list[ProvidedName]]:
    """Return the installed plugins, and the names that they provide; nothing is imported.

    howdah's own plugins come first, then the others by name.
    """
    points = entry_points(("howdah", "howdah.provides"))
    plugins = [_installed(point) for point in points if point.group == "howdah"]
    provided_names = [
        ProvidedName(point.name, point.value) for point in points if point.group == "howdah.provides"
    ]
    return sorted(plugins, key=lambda plugin: (plugin.distribution != "howdah", plugin.name)), provided_names


def select(
    installed: Sequence[Plugin],
    *,
    enable: Collection[str] | None = None,
    disable: Collection[str] = (),
    plugins: Collection[ExtraPlugin] = (),
) -> Selection:
    """Select the plugins of a driver.

    Args:
        installed: the installed plugins.
        enable: the names of those to use, None for all.
        disable: the names of those not to use; it takes precedence over `enable`.
        plugins: further plugins, which are used unless they are disabled.

    Raises:
        howdah.ProgrammingError: a name is unknown.
        howdah.PluginError: two enabled plugins have the same name.
    """
    extra = [_given(plugin) for plugin in plugins]
    known = {plugin.name for plugin in (*installed, *extra)}
    wanted = known if enable is None else _names("enable", enable, known) | {plugin.name for plugin in extra}
    wanted -= _names("HOWDAH_DISABLE or disable", disable, known)

    enabled: dict[str, Plugin] = {}
    for plugin in (*installed, *extra):
        if plugin.name not in wanted:
            continue
        if plugin.name in enabled:
            with plugin_errors(plugin, "cannot be told from another one"):
                raise ValueError(
                    f"{enabled[plugin.name].source} and {plugin.source} both have a plugin of this name;"
                    " uninstall one of them, as HOWDAH_DISABLE and disable= leave out both"
                )
        enabled[plugin.name] = plugin
    return Selection(
        tuple(enabled.values()),
        tuple(plugin for plugin in (*installed, *extra) if plugin.name not in wanted),
    )


@contextmanager
def plugin_errors(plugin: Plugin, failure: str) -> Iterator[None]:
    """Turn an error in the block into a `PluginError` that names the plugin.

    Args:
        plugin: the plugin at fault.
        failure: what happened, as the predicate of a sentence about the plugin.
    """
    try:
        yield
    # A module may also call sys.exit().
    except (Exception, SystemExit) as cause:
        if isinstance(cause, PluginError) and cause.plugin is not None:
            raise
        entry_point = f", entry point {plugin.name} = {plugin.origin}" if plugin.distribution else ""
        error = PluginError(
            f"the plugin {plugin.name!r} ({plugin.source}{entry_point}) {failure}: {type(cause).__name__}:"
            f" {cause}\nTo go without it, set HOWDAH_DISABLE={plugin.name} in the environment, or use"
            f" howdah.Driver(disable=[{plugin.name!r}]) or howdah.configure(disable=[{plugin.name!r}])."
        )
        error.plugin = plugin.name
        error.distribution = plugin.distribution
        error.version = plugin.version
        raise error from cause


def _installed(point: EntryPoint) -> Plugin:
    return Plugin(point.name, point.value, point.distribution, point.version, point.load)


def _given(plugin: ExtraPlugin) -> Plugin:
    if isinstance(plugin, tuple):
        name, plugin = plugin
    else:
        name = getattr(plugin, "__name__", None)
    if not isinstance(name, str):
        raise ProgrammingError(f"{plugin!r} has no __name__: give it as a pair, (name, plugin)")
    if isinstance(plugin, ModuleType):
        origin = plugin.__name__
    else:
        kind = plugin if isinstance(plugin, type) else type(plugin)
        origin = f"{kind.__module__}:{kind.__qualname__}"
    return Plugin(name, origin, None, None, lambda: plugin)


def _names(argument: str, names: Collection[str], known: set[str]) -> set[str]:
    if isinstance(names, str):
        raise ProgrammingError(f"{argument}= takes a list of plugin names, not the str {names!r}")
    names = set(names)
    if unknown := names - known:
        raise ProgrammingError(
            f"no plugin is called {' or '.join(map(repr, sorted(unknown)))} ({argument}=);"
            f" the installed ones are: {', '.join(sorted(known)) or 'none'}"
        )
    return names


def _package(value: str) -> str:
    return value.partition(":")[0].partition(".")[0].strip()
