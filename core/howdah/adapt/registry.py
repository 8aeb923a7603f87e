"""The registry of dumpers and loaders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from howdah.adapt.base import Dumper, Loader, PyFormat
from howdah.adapt.types import CHANGES, FIRST_NORMAL_OID, TypeInfo, TypesRegistry
from howdah.errors import ProgrammingError
from howdah.pq import Format

__all__ = ["AdaptersMap", "TypeInfo", "TypesRegistry"]

#: The tables of a map. Each has one dictionary for each format.
_TABLES = ("_dumpers", "_dumpers_by_type", "_loaders", "_formats")
_TABLES_BY_TYPE = _TABLES[1:]

#: What adapters have, first the method that their base class leaves to them.
_OF_DUMPERS = ("dump", "format", "oid", "quote", "get_key", "upgrade")
_OF_LOADERS = ("load", "format")

#: How deep `choose_format` looks into a type for its parts; no type nests so deep.
_DEEPEST = 32


class AdaptersMap:
    """The dumpers and loaders in use, and the types they refer to.

    A map starts as a copy of its template: a connection's map copies the
    driver's, a cursor's copies its connection's. A registration on a map affects
    the maps copied from it later, never its template.

    Args:
        template: the map to copy, None for an empty one.
        types: the types to start with; None for those of the template.
    """

    # Maps share their dictionaries, and other threads may be reading them. So a
    # registration replaces a dictionary and never changes it, except in a map
    # that is not shared yet.

    def __init__(self, template: AdaptersMap | None = None, types: TypesRegistry | None = None) -> None:
        self.types: TypesRegistry
        self._dumpers: dict[PyFormat, dict[type | str, type[Dumper]]]
        self._dumpers_by_type: dict[Format, dict[int | str, type[Dumper]]]
        self._loaders: dict[Format, dict[int | str, type[Loader]]]
        # The format of the loader registered last for a type, and whether it was registered alone: without
        # one of the other format just before. It has a single dictionary, under the key None.
        self._formats: dict[None, dict[int | str, tuple[Format, bool]]]
        # The types that have had a text loader registered in this scope, by the current plugin.
        self._texts: set[int | str] = set()
        self._type_added: tuple[Callable[[AdaptersMap, TypeInfo], Any], ...]
        self._alone: frozenset[Format]
        self._alone_at: int
        self._unresolved: tuple[str, ...]
        self._unresolved_at: int
        self._names: tuple[str, ...]
        self._names_at: int
        #: A number that every registration increases: a lookup made under another version may be stale.
        self.version: int
        #: Advice to add to the error about a missing adapter; a driver sets it if a plugin is missing.
        self.advice: str
        # What else it says about the objects of a class: shared with the maps made of this one.
        self._dumper_advice: dict[type, str]
        if template is not None:
            self.types = TypesRegistry(template.types if types is None else types, self._outdate)
            self._dumpers = dict(template._dumpers)
            self._dumpers_by_type = dict(template._dumpers_by_type)
            self._loaders = dict(template._loaders)
            self._formats = dict(template._formats)
            self._type_added = template._type_added
            self.version = template.version
            template.share()
            self._shared = True
            # Every connection looks these up in its own map, where they start like the driver's.
            self._unresolved, self._unresolved_at = template.unresolved_names, template.version
            self._names, self._names_at = template._names, template._names_at
            self._alone, self._alone_at = template._alone, template._alone_at
            self.advice = template.advice
            self._dumper_advice = template._dumper_advice
        else:
            self.types = TypesRegistry(types, self._outdate)
            self._dumpers = {format: {} for format in PyFormat}
            self._dumpers_by_type = {format: {} for format in Format}
            self._loaders = {format: {} for format in Format}
            self._formats = {None: {}}
            self._type_added = ()
            self.version = 0
            self._unresolved, self._unresolved_at = (), -1
            self._names, self._names_at = (), -1
            self._shared = False
            self._alone, self._alone_at = frozenset(), -1
            self.advice = ""
            self._dumper_advice = {}
        self._error_context: Callable[[], AbstractContextManager[object]] = nullcontext

    @property
    def adapters(self) -> AdaptersMap:
        """The map itself, so that it can serve as an `AdaptContext`."""
        return self

    @property
    def connection(self) -> None:
        """None: a map belongs to no connection."""

    # -- registering ---------------------------------------------------------

    def register_dumper(self, cls: type | str | None, dumper: type[Dumper]) -> None:
        """Use a dumper for the objects of a class and of its subclasses.

        It takes precedence over those registered before, for its own format and for placeholders that leave
        the format open (`%s`). If it has an `oid` or a `type_name`, `get_dumper_by_oid` finds it too.

        Args:
            cls: the class; its fully qualified name, which saves importing its module; or None for a dumper
                that is found only by the oid of its type.
            dumper: a class derived from `Dumper`, or one that follows `howdah.abc.Dumper`.

        Raises:
            TypeError: `cls` is none of these, or `dumper` is no dumper, or its `oid` no number; nothing is
                registered.
            ValueError: no type can have its `oid`.
        """
        if not (cls is None or isinstance(cls, (str, type))):
            raise TypeError(f"dumpers are registered on classes or their names, not on {cls!r}")
        format = _format_of(dumper, Dumper, _OF_DUMPERS)
        type_name: str | None = getattr(dumper, "type_name", None)
        key = self._type_key(type_name) if type_name else _oid_of(dumper)
        if cls is not None:
            for placeholder in (PyFormat.from_pq(format), PyFormat.AUTO):
                self._put(self._dumpers, placeholder, cls, dumper)
        if key:
            self._put(self._dumpers_by_type, format, key, dumper)
        self.version += 1

    def advise(self, cls: type, advice: str) -> None:
        """Have the error about objects of a class, where no dumper is found for them, say what to do.

        Args:
            cls: the class; it holds for its subclasses, too.
            advice: what to do, such as `"wrap it in Json"`.
        """
        self._dumper_advice[cls] = advice

    def register_loader(self, oid: int | str, loader: type[Loader]) -> None:
        """Use a loader for the values of a type.

        From now on the driver requests values in its format wherever it may choose (`choose_format`).

        Args:
            oid: the oid of the type; or its name, schema-qualified if need be, for a type whose oid differs
                per database.
            loader: a class derived from `Loader`, or one that follows `howdah.abc.Loader`.

        Raises:
            TypeError: `oid` is neither an oid nor a name, or `loader` is no loader; nothing is registered.
        """
        if not isinstance(oid, (int, str)):
            raise TypeError(f"loaders are registered on oids or names of types, not on {oid!r}")
        key = self._type_key(oid) if isinstance(oid, str) else oid
        format = _format_of(loader, Loader, _OF_LOADERS)
        self._put(self._loaders, format, key, loader)
        if format == Format.TEXT:
            self._texts.add(key)
        self._put(self._formats, None, key, (format, format == Format.TEXT or key not in self._texts))
        self.version += 1

    def register_lazy(
        self,
        register: Callable[[AdaptersMap], object],
        *,
        classes: Iterable[type | str] = (),
        types: Iterable[int | str] = (),
    ) -> None:
        """Let a function register adapters when one of them is first looked up.

        Use it for adapters that few programs need, so that their modules are imported only on use. They count
        as registered now: later registrations take precedence. If the function fails, nothing is registered,
        the lookup raises its error, and the next lookup calls it again.

        Args:
            register: called with a map to register the adapters on; once, unless it fails. Registrations for
                other classes or types than the ones given here are discarded.
            classes: the classes, or their fully qualified names, that it registers dumpers on.
            types: the oids or names of the types that it registers loaders for, or dumpers by oid.
        """
        lazy = _LazyAdapter(self, register)
        names = [self._type_key(each) if isinstance(each, str) else each for each in types]
        keys_of: dict[str, list[Any]] = {"_dumpers": [*classes], **dict.fromkeys(_TABLES_BY_TYPE, names)}
        for table, keys in keys_of.items():
            tables = getattr(self, table) if keys else {}
            with CHANGES:
                for format, those in tables.items():
                    if self._shared:
                        tables[format] = those = dict(those)
                    for key in keys:
                        lazy.shadowed[table, format, key] = those.pop(key, None)
                        those[key] = lazy
        self.version += 1

    def add_type(self, info: TypeInfo) -> None:
        """Add a type and its parts, so that adapters registered under their names take effect.

        Unlike `types.add`, it also calls the hook `howdah_type_resolved`, in
        which plugins register adapters for related types, such as arrays.

        Args:
            info: the type.
        """
        for part in info.parts:
            if self.types.get(part.oid) is None:
                self.add_type(part)
        self.types.add(info)
        for callback in self._type_added:
            callback(self, info)

    def on_type_added(self, callback: Callable[[AdaptersMap, TypeInfo], Any]) -> None:
        """Call a function with the map and the type at each `add_type`.

        Args:
            callback: the function; maps copied from this one call it too,
                with themselves as the map.
        """
        self._type_added = (*self._type_added, callback)

    def share(self) -> None:
        """Note that other threads, or maps copied from this one, may read it from now on."""
        self._shared = True

    def begin_plugin(self, error_context: Callable[[], AbstractContextManager[object]]) -> None:
        """Note that the registrations of another plugin follow.

        Args:
            error_context: returns a context manager for calling the functions that the plugin passes to
                `register_lazy`; it makes their errors name the plugin.
        """
        self._error_context = error_context
        self._texts.clear()

    def _put(self, adapters: dict[Any, dict[Any, Any]], format: Any, key: Any, adapter: Any) -> None:
        """Add an adapter at the end of those of a format, even if the key exists already."""
        with CHANGES:
            those = dict(adapters[format]) if self._shared else adapters[format]
            those.pop(key, None)
            those[key] = adapter
            adapters[format] = those

    def _outdate(self) -> None:
        self.version += 1

    def _type_key(self, name: str) -> int | str:
        oid = self._oid_of(name)
        return oid if 0 < oid < FIRST_NORMAL_OID else name

    # -- looking up ----------------------------------------------------------

    @property
    def unresolved_names(self) -> tuple[str, ...]:
        """The names of types that have adapters but are not in `types`."""
        version = self.version
        if self._unresolved_at != version:
            self._unresolved = tuple(name for name in self.type_names if self.types.get(name) is None)
            self._unresolved_at = version
        return self._unresolved

    @property
    def type_names(self) -> tuple[str, ...]:
        """The names under which adapters are registered."""
        version = self.version
        if self._names_at != version:
            maps: list[dict[int | str, Any]] = [*self._loaders.values(), *self._dumpers_by_type.values()]
            names = {key.removesuffix("[]"): None for keys in maps for key in keys if isinstance(key, str)}
            self._names, self._names_at = tuple(names), version
        return self._names

    def get_dumper(self, cls: type, format: PyFormat, obj: Any = None) -> type[Dumper]:
        """Return the dumper for the objects of a class.

        Args:
            cls: the class. If it has no dumper, the nearest base class that
                has one decides.
            format: the format that the placeholder asks for.
            obj: the object to dump; unused.

        Raises:
            howdah.ProgrammingError: there is no dumper.
            ValueError: there is no such format.
        """
        try:
            dumpers = self._dumpers[format]
        except KeyError:
            raise ValueError(f"there is no format {format!r}: use one of PyFormat") from None
        for base in cls.__mro__:
            for key in (base, _qualified(base)):
                if key in dumpers:
                    found: type[Dumper] | None = self._found("_dumpers", format, key)
                    if found is not None:
                        return found
        format = PyFormat(format)
        advice = "register a dumper for it with adapters.register_dumper()"
        for base in cls.__mro__:
            if base in self._dumper_advice:
                advice = self._dumper_advice[base]
                break
        raise ProgrammingError(
            f"cannot adapt type {cls.__name__!r} (format: {format.name}); {advice}{self.advice}"
        )

    def get_dumper_by_oid(self, oid: int, format: Format) -> type[Dumper]:
        """Return the dumper for a type.

        Args:
            oid: the oid of the type.
            format: the format of the values.

        Raises:
            howdah.ProgrammingError: there is no dumper.
        """
        found: type[Dumper] | None = self._find("_dumpers_by_type", format, oid)
        if found is not None:
            return found
        info = self.types.get(oid)
        if info is None:
            name = "unknown type"
        else:
            name = f"type {info.name!r}" if info.oid == oid else f"type '{info.name}[]'"
        raise ProgrammingError(
            f"cannot find a dumper for {name} with oid {oid} format {Format(format).name}{self.advice}"
        )

    def get_loader(self, oid: int, format: Format) -> type[Loader] | None:
        """Return the loader for the values of a type, or None if there is none.

        Args:
            oid: the oid of the type. A loader registered under the type's name is found as soon as the name
                is in `types`.
            format: the format of the values.
        """
        found: type[Loader] | None = self._find("_loaders", format, oid)
        return found

    def choose_format(self, oid: int, wanted: Format | None = None) -> Format:
        """Return the format in which to request the values of a type.

        It is the format of the loader that was registered last, so that this loader is used. A binary loader
        can change that (`Loader.prefer_binary`, `Loader.lossless`, `Loader.parts`).

        Args:
            oid: the oid of the type.
            wanted: the format that the program asks for; None if the driver may choose. Text is always
                granted, binary unless the type has to come as text.
        """
        return self._choose(oid, wanted, ())

    def _choose(self, oid: int, wanted: Format | None, within: tuple[int, ...]) -> Format:
        """Choose the format of a type that is a part of the types `within`; a type is no part of itself."""
        if wanted == Format.TEXT or len(within) > _DEEPEST:
            return Format.TEXT
        newest: tuple[Format, bool] | None = self._find("_formats", None, oid)
        if newest is None:
            return Format.TEXT if wanted is None else Format.BINARY
        if newest[0] == Format.TEXT:
            return Format.TEXT
        loader = self.get_loader(oid, Format.BINARY)
        if not getattr(loader, "prefer_binary" if wanted is None else "lossless", True):
            return Format.TEXT
        parts: Callable[[AdaptersMap, int], Sequence[int]] | None = getattr(loader, "parts", None)
        if parts is None:
            return Format.BINARY
        within = (*within, oid)
        formats = [self._choose(part, wanted, within) for part in parts(self, oid) if part not in within]
        return min(formats, default=Format.BINARY)

    def needs_columns(self, wanted: int | None) -> bool:
        """Return whether a query has to be described before it is executed.

        That is so if some type has a loader for the other format only.

        Args:
            wanted: the format code to request; None for text because the columns are unknown.
        """
        version = self.version
        if self._alone_at != version:
            newest: list[Any] = [*self._formats[None].values()]
            self._alone = frozenset(
                [each[0] for each in newest if isinstance(each, tuple) and each[1]]  # and no _LazyAdapter
            )
            self._alone_at = version
        return (Format.TEXT if wanted else Format.BINARY) in self._alone

    def _find(self, table: str, format: Format | None, oid: int) -> Any:
        if oid < FIRST_NORMAL_OID:
            return self._found(table, format, oid)
        for key in reversed(getattr(self, table)[format]):
            of_type = key == oid or (isinstance(key, str) and self._oid_of(key) == oid)
            if of_type and (found := self._found(table, format, key)) is not None:
                return found
        return None

    def _found(self, table: str, format: Any, key: Any) -> Any:
        """Return the adapter under a key, or None; a lazy one is resolved."""
        adapters: dict[Any, Any] = getattr(self, table)[format]
        found = adapters.get(key)
        while isinstance(found, _LazyAdapter):
            # The result is valid for all maps that share the dictionary.
            found = adapters[key] = found.resolve(table, format, key)
        return found

    def _oid_of(self, name: str) -> int:
        return self.types.get_oid(name) if self.types.get(name) is not None else 0


def _qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


class _LazyAdapter:
    """A placeholder that `AdaptersMap.register_lazy` registers in place of adapters.

    Args:
        adapters: the map that has the placeholder.
        register: registers the adapters.

    Attributes:
        shadowed: the adapter to use for each table, format and key: until the adapters are registered, the
            one that this object replaced, or None.
    """

    # One lock for all objects, since registering some adapters may look others up.
    _lock = threading.RLock()

    def __init__(self, adapters: AdaptersMap, register: Callable[[AdaptersMap], object]) -> None:
        self.shadowed: dict[tuple[str, Any, Any], Any] = {}
        self._adapters: AdaptersMap | None = adapters
        self._register = register
        self._error_context = adapters._error_context

    def resolve(self, table: str, format: Any, key: Any) -> Any:
        """Return the adapter for a key: the registered one, or else the one that was shadowed."""
        with self._lock:
            if self._adapters is not None:
                self._register_all(self._adapters)
                self._adapters = None
        return self.shadowed[table, format, key]

    def _register_all(self, template: AdaptersMap) -> None:
        # The map, and copies of it, may have other adapters under these keys by now.
        adapters = AdaptersMap(template)
        tables: dict[str, dict[Any, dict[Any, Any]]] = {}
        for name in _TABLES:
            tables[name] = {format: dict(those) for format, those in getattr(adapters, name).items()}
            setattr(adapters, name, tables[name])
        adapters._shared = False
        for (table, format, key), shadowed in self.shadowed.items():
            tables[table][format][key] = shadowed
        with self._error_context():
            self._register(adapters)
        for those in tables["_dumpers"].values():  # classes that this object has under their names
            made = {key: dumper for key, dumper in those.items() if not isinstance(dumper, _LazyAdapter)}
            those.update({_qualified(key): made[key] for key in made if isinstance(key, type)})
        self.shadowed = {place: tables[place[0]][place[1]][place[2]] for place in self.shadowed}


def _format_of(adapter: type[Dumper | Loader], base: type, names: Sequence[str]) -> Format:
    """Return the format of an adapter.

    Args:
        adapter: the adapter.
        base: the class that it derives from, unless it follows its protocol in `howdah.abc`.
        names: the attributes that it has; those of `base` will do, except for the first one.

    Raises:
        TypeError: it is no class, or lacks an attribute, which would be noticed only with the first value.
    """
    if not isinstance(adapter, type):
        raise TypeError(f"an adapter is a class, not {adapter!r}")
    missing = getattr(base, names[0])
    lacking = [name for name in names if getattr(adapter, name, missing) is missing]
    if lacking:
        raise TypeError(
            f"{adapter.__module__}.{adapter.__qualname__} is no {base.__name__.lower()}: it lacks"
            f" {', '.join(lacking)} (see howdah.adapt.{base.__name__})"
        )
    return Format(adapter.format)


def _oid_of(dumper: type[Dumper]) -> Any:
    oid: Any = dumper.oid
    if isinstance(oid, int):
        if not 0 <= oid <= 0xFFFFFFFF:
            raise ValueError(f"{dumper.__qualname__}.oid is {oid}, which no type has")
    elif oid is not None and not hasattr(oid, "__get__"):  # an instance may have its own
        advice = ": the name of a type belongs into type_name" if isinstance(oid, str) else ""
        raise TypeError(f"{dumper.__qualname__}.oid is {oid!r}, not the number of a type{advice}")
    return oid
