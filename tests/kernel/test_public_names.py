"""Plugins and contributed packages use only public names of the kernel's objects."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from howdah.hookspecs import Mixins
from tests.pages import ROOT

PACKAGES = sorted(
    path.parent for root in ("plugins", "contrib") for path in ROOT.glob(f"{root}/*/__init__.py")
)
#: What variables and attributes are called that hold objects of the kernel.
HOLDERS = re.compile(r"_?(a?conn|connection|cur|cursor|session|exchange|transformer|adapters|driver|kernel)")
#: Public for all the underscore, of named tuples.
PUBLIC = {"_asdict", "_fields", "_make", "_replace"}
#: The kernel's class that the mixins in a field of `Mixins` go into: AsyncCursor, those in async_cursor.
TARGETS = {field: field.title().replace("_", "") for field in Mixins._fields}
#: A lock that replaces all that the kernel's has but `leave`.
REPLACING = {"SharedLock"}


def is_private(name: str) -> bool:
    """Whether a name is private; those of the language, as `__init__`, are not."""
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def defined(cls: ast.ClassDef) -> Iterator[str]:
    """Yield the private names that a class defines, for itself or its instances."""
    for node in ast.walk(cls):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found = name
            case ast.Name(id=found, ctx=ast.Store()):
                pass
            case ast.Attribute(value=ast.Name(id="self"), attr=found, ctx=ast.Store()):
                pass
            case ast.Constant(value=str(found)):  # in __slots__
                pass
            case _:
                continue
        if found.isidentifier() and is_private(found):
            yield found


def classes(folder: Path) -> dict[str, tuple[list[str], set[str]]]:
    """Return the names of the bases, and the private names, of each class in a folder."""
    found: dict[str, tuple[list[str], set[str]]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base).split("[")[0].rpartition(".")[2] for base in node.bases]
                before = found.get(node.name, ([], set()))
                found[node.name] = [*before[0], *bases], before[1] | {*defined(node)}
    return found


KERNEL = classes(ROOT / "core")
KERNEL_NAMES = set().union(*(names for _, names in KERNEL.values()))


def clash(name: str, own: dict[str, tuple[list[str], set[str]]]) -> set[str]:
    """Return the private names that a plugin's class and those it derives from share with the kernel's.

    Args:
        name: the class.
        own: the classes of the plugin.
    """
    brought: set[str] = set()
    inherited: set[str] = set()
    bases, seen = [name], set()
    while bases:
        base = bases.pop()
        if base in seen:
            continue
        seen.add(base)
        further, names = own.get(base) or KERNEL.get(base) or ([], set())
        (brought if base in own else inherited).update(names)
        bases += further
    return brought & inherited


def named(call: ast.Call) -> str:
    """Return the private name in a call of `getattr`, `attrgetter` and the like, empty without one."""
    function = ast.unparse(call.func).rpartition(".")[2]
    place = {"getattr": 1, "setattr": 1, "hasattr": 1, "delattr": 1, "attrgetter": 0, "methodcaller": 0}
    match call.args[place.get(function, len(call.args)) :]:
        case [ast.Constant(value=str(name)), *_]:
            return next(filter(is_private, name.split(".")), "")
    return ""


def uses(text: str, own_names: set[str]) -> Iterator[str]:
    """Yield the places where a module uses a private name of one of the kernel's objects or modules."""
    for node in ast.walk(ast.parse(text)):
        holder = name = ""
        match node:
            case ast.Attribute(value=value, attr=name):
                holder = ast.unparse(value).rpartition(".")[2]
            case ast.Call(args=[value, *_]) if name := named(node):
                holder = ast.unparse(value).rpartition(".")[2]
            case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] == "howdah":
                parts = [*module.split("."), *(alias.name for alias in names)]
                if any(map(is_private, parts)):
                    yield f"{node.lineno}: {ast.unparse(node)}"
            case ast.Import(names=names):
                parts = [alias.name for alias in names if alias.name.startswith("howdah.")]
                if any(is_private(part) for each in parts for part in each.split(".")):
                    yield f"{node.lineno}: {ast.unparse(node)}"
        if is_private(name) and (
            HOLDERS.fullmatch(holder) or (name in KERNEL_NAMES and name not in own_names)
        ):
            yield f"{node.lineno}: {ast.unparse(node)}"


#: A private attribute in Cython, of anything but `self`; and imports of private names of the kernel's.
IN_CYTHON = re.compile(
    r"(?<!\w)(?!self\b)(\w+)\.(_[a-z]\w*)|from howdah(?:\.\w+)* c?import [^\n]*?\b(_[a-z]\w*)"
)


def uses_in_cython(text: str, own_names: set[str]) -> Iterator[str]:
    """Yield the places where a native module uses a private name of one of the kernel's objects."""
    for number, line in enumerate(text.splitlines(), 1):
        for holder, attribute, imported in IN_CYTHON.findall(line):
            name = attribute or imported
            ours = holder.startswith("howdah_") or name in own_names
            if imported or HOLDERS.fullmatch(holder) or (name in KERNEL_NAMES and not ours):
                yield f"{number}: {line.strip()}"


#: What scans which files.
SCANS = {"*.py": uses, "*.pyx": uses_in_cython, "*.pxi": uses_in_cython, "*.pxd": uses_in_cython}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_no_private_name_is_used(package):
    own_names = set().union(*(names for _, names in classes(package).values()))
    found = {
        str(path.relative_to(ROOT)): [*scan(path.read_text("utf-8"), own_names)]
        for pattern, scan in SCANS.items()
        for path in sorted(package.rglob(pattern))
    }
    assert not {path: lines for path, lines in found.items() if lines}


@pytest.mark.parametrize(
    "line",
    [
        "conn._lock",
        "self.connection._lock",
        "c._before_next",
        'getattr(conn, "_lock")',
        'setattr(self._cursor, "_results", [])',
        'operator.attrgetter("kernel._before_next")(c)',
        'methodcaller("_reset")(c)',
        "from howdah.client.query import _COPY",
        "from howdah import _bundle",
        "import howdah._bundle",
    ],
)
def test_private_names_are_found(line):
    assert [*uses(line, set())]


@pytest.mark.parametrize(
    "line", ["cursor._results = []", "c._before_next", "from howdah.adapt.base cimport _x"]
)
def test_private_names_are_found_in_native_modules(line):
    assert [*uses_in_cython(line, set())]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_no_private_name_is_defined_that_the_kernel_has(package):
    own = classes(package)
    mixins = getattr(import_module(package.name), "howdah_mixins", Mixins)()
    for field, mixin in mixins._asdict().items():
        if mixin is not None:
            own[str(mixin).rpartition(":")[2]][0].append(TARGETS[field])
    clashes = {name: clash(name, own) for name in own.keys() - REPLACING}
    assert not {name: names for name, names in clashes.items() if names}
