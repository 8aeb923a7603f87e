"""Which dumper and which loader is used for what."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from howdah.adapt.base import Dumper, Loader, PyFormat
from howdah.adapt.types import FIRST_NORMAL_OID, TypeInfo, TypesRegistry
from howdah.errors import ProgrammingError
from howdah.pq import Format

__all__ = ["AdaptersMap", "TypeInfo", "TypesRegistry"]

#: The tables of a map, each of which has dictionaries of its own by format.
_TABLES = ("_dumpers", "_dumpers_by_type", "_loaders", "_formats")
_TABLES_BY_TYPE = _TABLES[1:]

#: How many types within each other have a say in the format of the outermost; no type nests so deep.
_DEEPEST = 32


class AdaptersMap:
    """The dumpers and loaders in force, and the types they speak of.

    A map begins as what its template is at that moment: a connection's as the
    driver's, a cursor's as its connection's. What is registered on a map is
    seen by the maps made from it later, never by its template.

    Args:
        template: the map to begin with, None for an empty one.
        types: the types that it begins with; None for those of the template.
    """

    # The dictionaries are replaced by every registration and not changed, so
    # that maps share them and other threads read on undisturbed; those of a map
    # that nobody has but its maker are changed.

    def __init__(self, template: AdaptersMap | None = None, types: TypesRegistry | None = None) -> None:
        self.types: TypesRegistry
        self._dumpers: dict[PyFormat, dict[type | str, type[Dumper]]]
        self._dumpers_by_type: dict[Format, dict[int | str, type[Dumper]]]
        self._loaders: dict[Format, dict[int | str, type[Loader]]]
        # The format of the loader that was registered last for a type, and whether it was registered alone:
        # without one of the other format just before. One dictionary, under None.
        self._formats: dict[None, dict[int | str, tuple[Format, bool]]]
        # The types that a text loader has been registered for in this scope, and by this plugin.
        self._texts: set[int | str] = set()
        self._type_added: tuple[Callable[[AdaptersMap, TypeInfo], Any], ...]
        self._alone: frozenset[Format]
        self._alone_at: int
        self._unresolved: tuple[str, ...]
        self._unresolved_at: int
        self._names: tuple[str, ...]
        self._names_at: int
        #: A number that grows with every registration: what was looked up under another may be stale.
        self.version: int
        #: What else the error about a missing adapter says; a driver sets it, where a plugin is missing.
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
            # Every connection asks its own map, which is as the driver's was.
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
        self._registering_later: Callable[[], AbstractContextManager[object]] = nullcontext

    @property
    def adapters(self) -> AdaptersMap:
        """The map itself: it can stand for the context that adapters ask for."""
        return self

    @property
    def connection(self) -> None:
        """None: a map belongs to no connection."""

    # -- registering ---------------------------------------------------------

    def register_dumper(self, cls: type | str | None, dumper: type[Dumper]) -> None:
        """Use a dumper for the objects of a class and of its subclasses.

        In its format, and where the format is left open (`%s`), it takes
        precedence over those registered before. If it states its `oid` or
        `type_name`, `get_dumper_by_oid` finds it too.

        Args:
            cls: the class; or its fully qualified name, so that its module
                need not be imported; or None for a dumper that is found by
                the oid of its type alone.
            dumper: the dumper: a class derived from `Dumper`, or one that has what `howdah.abc.Dumper` asks
                for.

        Raises:
            TypeError: `cls` is none of these.
            AttributeError: the dumper lacks something; nothing is registered then.
        """
        if not (cls is None or isinstance(cls, (str, type))):
            raise TypeError(f"dumpers are registered on classes or their names, not on {cls!r}")
        format = Format(dumper.format)
        type_name: str | None = getattr(dumper, "type_name", None)
        key = self._type_key(type_name) if type_name else dumper.oid
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

        Values come in its format from now on, wherever there is a choice (`choose_format`).

        Args:
            oid: the oid of the type; or its name, schema-qualified if need
                be, for a type whose oid differs from database to database.
            loader: the loader: a class derived from `Loader`, or one that has what `howdah.abc.Loader` asks
                for.

        Raises:
            TypeError: `oid` is neither.
            AttributeError: the loader lacks something; nothing is registered then.
        """
        if not isinstance(oid, (int, str)):
            raise TypeError(f"loaders are registered on oids or names of types, not on {oid!r}")
        key = self._type_key(oid) if isinstance(oid, str) else oid
        format = Format(loader.format)
        self._put(self._loaders, format, key, loader)
        if format == Format.TEXT:
            self._texts.add(key)
        self._put(self._formats, None, key, (format, format == Format.TEXT or key not in self._texts))
        self.version += 1

    def register_later(
        self,
        register: Callable[[AdaptersMap], object],
        *,
        classes: Iterable[type | str] = (),
        types: Iterable[int | str] = (),
    ) -> None:
        """Have a function register adapters when one of them is first looked up.

        It is for those that not every program needs, so that their modules are imported only where they are
        used. They count as registered now: what is registered afterwards takes precedence. What the function
        raises is raised by whoever looks one of them up, and nothing is registered; it is called again when
        one is looked up again.

        Args:
            register: called with a map that it registers the adapters on, once if it does not fail. What it
                registers for anything else than it was announced for is not kept.
            classes: what it registers dumpers on: the classes or their fully qualified names.
            types: the oids or names of the types that it registers loaders for, or dumpers that are found by
                the type.
        """
        later = _Later(self, register)
        names = [self._type_key(each) if isinstance(each, str) else each for each in types]
        keys_of: dict[str, list[Any]] = {"_dumpers": [*classes], **dict.fromkeys(_TABLES_BY_TYPE, names)}
        for table, keys in keys_of.items():
            tables = getattr(self, table) if keys else {}
            for format, those in tables.items():
                if self._shared:
                    tables[format] = those = dict(those)
                for key in keys:
                    later.earlier[table, format, key] = those.pop(key, None)
                    those[key] = later
        self.version += 1

    def add_type(self, info: TypeInfo) -> None:
        """Make a type known, and what it is made of: adapters registered under their names take effect.

        Unlike `types.add`, it also lets the plugins adapt what follows from
        the types (the hook `howdah_type_resolved`).

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
        """Have a function called with the map and the type at each `add_type`.

        Args:
            callback: the function; the maps made from this one call it too,
                with themselves as the map.
        """
        self._type_added = (*self._type_added, callback)

    def share(self) -> None:
        """Note that other threads, or maps made from this one, may read it from now on."""
        self._shared = True

    def begin_plugin(self, registering_later: Callable[[], AbstractContextManager[object]]) -> None:
        """Note that another plugin registers its adapters from now on.

        Args:
            registering_later: makes the block in which the functions are called that the plugin gives to
                `register_later`, to have an error name the plugin.
        """
        self._registering_later = registering_later
        self._texts.clear()

    def _put(self, adapters: dict[Any, dict[Any, Any]], format: Any, key: Any, adapter: Any) -> None:
        """Put an adapter to those of a format: at their end, even if the key was there."""
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
        """The names of types that adapters are registered under and `types` does not know."""
        version = self.version
        if self._unresolved_at != version:
            self._unresolved = tuple(name for name in self.type_names if self.types.get(name) is None)
            self._unresolved_at = version
        return self._unresolved

    @property
    def type_names(self) -> tuple[str, ...]:
        """The names of types that adapters are registered under."""
        version = self.version
        if self._names_at != version:
            maps: list[dict[int | str, Any]] = [*self._loaders.values(), *self._dumpers_by_type.values()]
            names = {key.removesuffix("[]"): None for keys in maps for key in keys if isinstance(key, str)}
            self._names, self._names_at = tuple(names), version
        return self._names

    def get_dumper(self, cls: type, format: PyFormat, obj: Any = None) -> type[Dumper]:
        """Return the dumper for the objects of a class.

        Args:
            cls: the class. If it has no dumper, the nearest of its base
                classes that has one decides.
            format: the format asked for.
            obj: the object that is to be dumped, for the error to name it.

        Raises:
            ProgrammingError: there is none.
        """
        dumpers = self._dumpers[format]
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
            f"cannot adapt type {cls.__name__!r} using placeholder '%{format.value}' (format: {format.name});"
            f" {advice}{self.advice}"
        )

    def get_dumper_by_oid(self, oid: int, format: Format) -> type[Dumper]:
        """Return the dumper to values of a type.

        Args:
            oid: the oid of the type.
            format: the format of the values.

        Raises:
            ProgrammingError: there is none.
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
            oid: the oid of the type. One registered under the type's name is
                found too, once `types` knows that name.
            format: the format of the values.
        """
        found: type[Loader] | None = self._find("_loaders", format, oid)
        return found

    def choose_format(self, oid: int, wanted: Format | None = None) -> Format:
        """Return the format to ask for the values of a type in.

        It is the format of the loader that was registered last, so that this loader loads them. A binary
        loader, and one of a type that is composed of others, may have it otherwise (`Loader.preferred`,
        `Loader.faithful`, `Loader.parts`).

        Args:
            oid: the oid of the type.
            wanted: the format that the program asks for, None where the driver may choose. Binary is had
                unless only the text loader decides; text always.
        """
        return self._choose(oid, wanted, ())

    def _choose(self, oid: int, wanted: Format | None, within: tuple[int, ...]) -> Format:
        """Choose the format of a type, part of those `within` which it was met; of itself it is none."""
        if wanted == Format.TEXT or len(within) > _DEEPEST:
            return Format.TEXT
        newest: tuple[Format, bool] | None = self._find("_formats", None, oid)
        if newest is None:
            return Format.TEXT if wanted is None else Format.BINARY
        if newest[0] == Format.TEXT:
            return Format.TEXT
        loader = self.get_loader(oid, Format.BINARY)
        if not getattr(loader, "preferred" if wanted is None else "faithful", True):
            return Format.TEXT
        parts: Callable[[AdaptersMap, int], Sequence[int]] | None = getattr(loader, "parts", None)
        if parts is None:
            return Format.BINARY
        within = (*within, oid)
        formats = [self._choose(part, wanted, within) for part in parts(self, oid) if part not in within]
        return min(formats, default=Format.BINARY)

    def needs_columns(self, wanted: int | None) -> bool:
        """Return whether there are types for which a loader of another format decides than one would ask for.

        The columns of a query have to be known then before it is executed.

        Args:
            wanted: the format code that one would ask for; None for text because the columns are unknown.
        """
        version = self.version
        if self._alone_at != version:
            newest: list[Any] = [*self._formats[None].values()]
            self._alone = frozenset(
                [each[0] for each in newest if isinstance(each, tuple) and each[1]]  # and no _Later
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
        """Return what stands under a key, made if that was put off, or None."""
        adapters: dict[Any, Any] = getattr(self, table)[format]
        found = adapters.get(key)
        while isinstance(found, _Later):
            # It is the same for all maps that share the dictionary.
            found = adapters[key] = found.made(table, format, key)
        return found

    def _oid_of(self, name: str) -> int:
        return self.types.get_oid(name) if self.types.get(name) is not None else 0


def _qualified(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


class _Later:
    """What `AdaptersMap.register_later` puts in the place of adapters.

    Args:
        adapters: the map that it stands in.
        register: registers the adapters.

    Attributes:
        earlier: by table, format and key, what stood in each place before.
    """

    # One for all: registering some may need others.
    _lock = threading.RLock()

    def __init__(self, adapters: AdaptersMap, register: Callable[[AdaptersMap], object]) -> None:
        self.earlier: dict[tuple[str, Any, Any], Any] = {}
        self._adapters: AdaptersMap | None = adapters
        self._register = register
        self._registering = adapters._registering_later

    def made(self, table: str, format: Any, key: Any) -> Any:
        """Return the adapter for one of the places; what stood there before, if none was registered."""
        with self._lock:
            if self._adapters is not None:
                self._make(self._adapters)
                self._adapters = None
        return self.earlier[table, format, key]

    def _make(self, template: AdaptersMap) -> None:
        # That map, and those made from it, may have others in these places by now.
        adapters = AdaptersMap(template)
        tables: dict[str, dict[Any, dict[Any, Any]]] = {}
        for name in _TABLES:
            tables[name] = {format: dict(those) for format, those in getattr(adapters, name).items()}
            setattr(adapters, name, tables[name])
        adapters._shared = False
        for (table, format, key), earlier in self.earlier.items():
            tables[table][format][key] = earlier
        with self._registering():
            self._register(adapters)
        for those in tables["_dumpers"].values():  # a class that goes by its name here
            made = {key: dumper for key, dumper in those.items() if not isinstance(dumper, _Later)}
            those.update({_qualified(key): made[key] for key in made if isinstance(key, type)})
        self.earlier = {place: tables[place[0]][place[1]][place[2]] for place in self.earlier}
