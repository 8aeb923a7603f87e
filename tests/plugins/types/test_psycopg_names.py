"""The public names of psycopg's modules for adaptation exist here, too, with the same signatures."""

from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

psycopg = pytest.importorskip("psycopg")
INTERNAL = "psycopg does not document it: what its own adapters share"
#: What is missing, or otherwise, on purpose: by module and name, or by the name alone.
REASONS = {
    "shapely": "the plugin howdah_postgis adapts shapely's geometries without a call",
    "register_default_adapters": INTERNAL,
    "register_all_arrays": INTERNAL,
    "array.BaseListDumper": INTERNAL,
    "array.ArrayLoader.delimiter": "the delimiter is the type's, known only where the loader is made",
    "array.ListDumper.delimiter": "as of ArrayLoader",
    "composite.T": "a type variable",
    "enum.E": "a type variable",
    "enum.EnumDumper.dump": "the argument has the name that it has in all dumpers",
    "enum.EnumBinaryDumper.dump": "as of EnumDumper",
    "hstore.BaseHstoreBinaryDumper": INTERNAL,
    "hstore.BaseHstoreDumper": INTERNAL,
    "multirange.BaseMultirangeDumper": INTERNAL,
    "multirange.BaseMultirangeLoader": INTERNAL,
    "range.BaseRangeDumper": INTERNAL,
    "range.BaseRangeLoader": INTERNAL,
    "subtype_oid": "a loader of ranges learns the type of the bounds from the range's",
    "numeric.NumericDumper.int_classes": INTERNAL,
    "numeric.NumericBinaryDumper.int_classes": INTERNAL,
    "numeric.dump_decimal_to_numeric_binary": INTERNAL,
    "numeric.dump_decimal_to_text": INTERNAL,
    "numeric.dump_int_to_numeric_binary": INTERNAL,
    "range.dump_range_binary": INTERNAL,
    "range.dump_range_text": INTERNAL,
    "range.fail_dump": INTERNAL,
    "range.load_range_binary": INTERNAL,
    "range.load_range_text": INTERNAL,
    "range.make_bound_dump": INTERNAL,
    "get_display_size": "howdah.Column tells it",
    "get_precision": "howdah.Column tells it",
    "get_scale": "howdah.Column tells it",
    "get_type_display": "howdah.Column tells it",
    # howdah.adapt and howdah.abc
    "adapt.TypeInfo.__init__": "no `typemod`: howdah.Column tells what it does",
    "adapt.TypesRegistry.add": "it takes several",
    "Transformer.set_pgresult": "there is no libpq, whose result it takes",
    "Transformer.pgresult": "as set_pgresult",
    "Transformer.load_row": "as set_pgresult",
    "Transformer.load_rows": "as set_pgresult",
    "adapt.TypesRegistry.clear": INTERNAL,
    "abc.PQGen": "a generator that speaks through libpq",
    "abc.PQGenConn": "as PQGen",
    "abc.PipelineCommand": "as PQGen",
    "abc.ReadyFunc": "as PQGen",
    "abc.WaitFunc": "as PQGen",
    "abc.ConnectionType": "a type variable",
    "abc.RV": "a type variable",
}


def is_meant(*path: str) -> bool:
    """Whether there is a reason for what stands under a path of names."""
    return any(".".join(path[i:j]) in REASONS for i in range(len(path)) for j in range(i + 1, len(path) + 1))


def parameters(function: Any) -> list[tuple[str, bool]] | None:
    """Return the names of the parameters of a function, and whether they can be passed by position."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None  # it tells none
    named = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
    return [(parameter.name, parameter.kind not in named) for parameter in found if parameter.name != "self"]


def fits(theirs: Any, ours: Any) -> bool:
    """Whether a function can be called as theirs is: it may have parameters more, with a default."""
    expected, have = parameters(theirs), parameters(ours)
    if not expected or not have or {"args", "kwargs"} & {expected[-1][0], have[-1][0]}:
        return True
    by_position = [name for name, positional in expected if positional]
    return [name for name, positional in have if positional][: len(by_position)] == by_position and {
        name for name, _ in expected
    } <= {name for name, _ in have}


def differences(name: str, theirs: ModuleType | Any, ours: ModuleType | Any, names: set[str]) -> list[str]:
    """Return what our module lacks of theirs, or has otherwise."""
    found = []
    for public in sorted(names):
        their, our = getattr(theirs, public), getattr(ours, public, None)
        if is_meant(name, public):
            continue
        if our is None:
            found.append(f"{name}.{public} is missing")
        elif inspect.isclass(their):
            our = our() if public == "Transformer" else our  # it sets attributes when it is made
            for attribute, value in inspect.getmembers(their):
                if (attribute.startswith("_") and attribute != "__init__") or is_meant(
                    name, public, attribute
                ):
                    continue
                if attribute not in (*dir(str), "name", "value") and not hasattr(our, attribute):
                    found.append(f"{name}.{public}.{attribute} is missing")
                elif callable(value) and not fits(value, getattr(our, attribute)):
                    found.append(f"{name}.{public}.{attribute} is called otherwise")
        elif callable(their) and not fits(their, our):
            found.append(f"{name}.{public} is called otherwise")
    return found


@pytest.mark.parametrize(
    "name", [each.name for each in iter_modules(import_module("psycopg.types").__path__)]
)
def test_types(name):
    if name in REASONS:
        return
    theirs = import_module(f"psycopg.types.{name}")
    ours = import_module(f"howdah_types.{name}")
    names = {
        key
        for key, value in vars(theirs).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == theirs.__name__
    }
    assert differences(name, theirs, ours, names) == []


def test_adapt():
    import howdah.adapt

    names = {"AdaptersMap", "Dumper", "Loader", "PyFormat", "RecursiveDumper", "RecursiveLoader"}
    names.add("Transformer")
    assert differences("adapt", import_module("psycopg.adapt"), howdah.adapt, names) == []


def test_types_registry():
    import howdah_types

    theirs = import_module("psycopg.types")
    assert differences("adapt", theirs, howdah_types, {"TypesRegistry", "TypeInfo"}) == []


def test_abc():
    import howdah.abc

    theirs = import_module("psycopg.abc")
    names = {name for name in vars(theirs) if name in howdah.abc.__all__ or f"abc.{name}" in REASONS}
    assert names >= {*howdah.abc.__all__}
    for name, value in vars(theirs).items():
        if getattr(value, "__module__", None) == "psycopg.abc":
            assert name in howdah.abc.__all__ or f"abc.{name}" in REASONS
    assert differences("abc", theirs, howdah.abc, names) == []
