"""Which plugins there are: found through entry points, without importing any.

Two groups of entry points are read. `howdah` names the plugins. With
`howdah.provides` a distribution says what its plugins add, so that it can be
named when the plugin is disabled and found when it is first used:

- `Connection.lend`, `Cursor.lend`: attributes of the assembled classes,
  and of their asynchronous twins;
- `has_lending`: a capability;
- `howdah_query_planner`: a hook without which the kernel refuses something;
- `Loan`: a public name, reachable as `howdah.Loan`.

The value is where the thing is (`acme_lending:Loan`); its top-level package
tells to which plugin it belongs.
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

__all__ = ["ExtraPlugin", "Plugin", "PluginInfo", "Provision", "Selection", "blaming", "discover", "select"]

#: A plugin given to a Driver: a module or object with a `__name__`, or a pair of name and object.
ExtraPlugin: TypeAlias = "object | tuple[str, object]"


class Plugin(NamedTuple):
    """A plugin that can be had; it has not been imported yet.

    Attributes:
        name: what it is enabled and disabled by.
        origin: the module, with `:attribute` if the plugin is one of its objects.
        distribution: the distribution that brought it, None if it was given as an object.
        version: the version of the distribution.
        loader: imports it.
    """

    name: str
    origin: str
    distribution: str | None
    version: str | None
    loader: Callable[[], object]

    def load(self) -> object:
        """Import the plugin.

        Raises:
            PluginError: it cannot be imported.
        """
        with blaming(self, "could not be loaded"):
            return self.loader()

    @property
    def package(self) -> str:
        """The top-level package the plugin is in."""
        return _package(self.origin)

    @property
    def source(self) -> str:
        """Where the plugin comes from, for people."""
        return f"{self.distribution} {self.version}" if self.distribution else "Driver(plugins=...)"

    @property
    def disabled(self) -> str:
        """The plugin, and how to enable it, for people."""
        return (
            f"the plugin {self.name!r} ({self.source}), which is disabled; to enable it, take it out of"
            " HOWDAH_DISABLE and disable=, or put it into enable=, of howdah.configure() or Driver()"
        )


class PluginInfo(NamedTuple):
    """What is known of a plugin in a driver.

    Attributes:
        name: what it is enabled and disabled by.
        distribution: the distribution that brought it, None if it was given as an object.
        version: the version of the distribution.
        origin: the module, with `:attribute` if the plugin is one of its objects.
        state: whether it is in use.
        hooks: the hooks it implements; unknown (empty) unless enabled.
        error: what went wrong with a failed one.
    """

    name: str
    distribution: str | None
    version: str | None
    origin: str
    state: Literal["enabled", "disabled", "failed"]
    hooks: tuple[str, ...] = ()
    error: PluginError | None = None


class Provision(NamedTuple):
    """Something that a plugin adds, as its distribution describes it.

    Attributes:
        name: `Connection.lend`, `has_lending`, `Loan`, or the name of a hook.
        value: where it is, `package[:attribute]`.
    """

    name: str
    value: str

    @property
    def package(self) -> str:
        """The top-level package it is in."""
        return _package(self.value)

    def load(self) -> object:
        """Import it."""
        return load(self.value)


class Selection(NamedTuple):
    """What a driver is made of.

    Attributes:
        enabled: the plugins to load, in the order of their registration.
        disabled: the others.
    """

    enabled: tuple[Plugin, ...]
    disabled: tuple[Plugin, ...]


def discover() -> tuple[list[Plugin], list[Provision]]:
    """Return the installed plugins, and what they say they add; nothing is imported.

    howdah's own plugins come first, the others by name.
    """
    points = entry_points(("howdah", "howdah.provides"))
    plugins = [_installed(point) for point in points if point.group == "howdah"]
    provisions = [Provision(point.name, point.value) for point in points if point.group == "howdah.provides"]
    return sorted(plugins, key=lambda plugin: (plugin.distribution != "howdah", plugin.name)), provisions


def select(
    installed: Sequence[Plugin],
    *,
    enable: Collection[str] | None = None,
    disable: Collection[str] = (),
    plugins: Collection[ExtraPlugin] = (),
) -> Selection:
    """Choose among plugins.

    Args:
        installed: the plugins there are.
        enable: the names of those to use, None for all.
        disable: the names of those not to use; it has precedence over `enable`.
        plugins: more plugins, used unless disabled.

    Raises:
        ProgrammingError: a name is not known.
        PluginError: two of the enabled plugins have one name.
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
            with blaming(plugin, "cannot be told from another one"):
                raise ValueError(
                    f"{enabled[plugin.name].source} and {plugin.source} both have a plugin of this name"
                )
        enabled[plugin.name] = plugin
    return Selection(
        tuple(enabled.values()),
        tuple(plugin for plugin in (*installed, *extra) if plugin.name not in wanted),
    )


@contextmanager
def blaming(plugin: Plugin, failure: str) -> Iterator[None]:
    """Turn what goes wrong in the block into a `PluginError` that names `plugin`.

    Args:
        plugin: whose fault it is.
        failure: what went wrong, as the predicate of a sentence.
    """
    try:
        yield
    except Exception as cause:
        if isinstance(cause, PluginError) and cause.plugin is not None:
            raise
        error = PluginError(
            f"the plugin {plugin.name!r} ({plugin.source}) {failure}: {type(cause).__name__}: {cause}\n"
            f"To go without it, set HOWDAH_DISABLE={plugin.name} in the environment, or use"
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
