"""The tables of docs/types.md agree with the registered adapters."""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from howdah.adapt import PyFormat
from howdah.errors import ProgrammingError
from howdah.pq import Format
from howdah_types import numeric
from howdah_types.json import Json, Jsonb
from tests.plugins.types.adapting import ADAPTERS, dump

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[3] / "docs" / "types.md").read_text(encoding="utf-8")
#: What the names in the column "Read as" and "Written as" mean: by format.
READ = {"text": (True, False, False), "text (binary)": (True, True, False), "binary": (True, True, True)}
WRITTEN = {"–": (False, False), "text": (True, False), "both": (True, True)}


def table(title: str) -> Iterator[list[str]]:
    """Return the rows of the table below a title."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| (`.*) \|$", section, re.MULTILINE):
        yield [cell.strip() for cell in row.split(" | ")]


def code(cell: str) -> str:
    return cell.strip("`").replace("\\|", "|")


LOADED = {code(name): rest for name, *rest in table("From PostgreSQL to Python")}
DUMPED = {code(name): rest for name, *rest in table("From Python to PostgreSQL")}


def adapters_of(name: str) -> tuple[list[Any], list[Any]]:
    """Return the loaders and the dumpers of a type, of both formats."""
    adapters = type(ADAPTERS)(ADAPTERS)
    if adapters.types.get(name) is None:
        # One of an extension, whose oid is another in each database.
        adapters.types.add(type(adapters.types["int4"])(name, 99999, 0))
    oid = adapters.types.get_oid(name)
    dumpers: list[Any] = []
    for format in Format:
        try:
            dumpers.append(adapters.get_dumper_by_oid(oid, format))
        except ProgrammingError:
            dumpers.append(None)
    return [adapters.get_loader(oid, format) for format in Format], dumpers


@pytest.mark.parametrize("name", LOADED)
def test_type(name):
    text, python, read, written = LOADED[name]
    (text_loader, binary_loader), dumpers = adapters_of(name)
    readable = binary_loader is not None and binary_loader.lossless
    assert READ[read] == (text_loader is not None, readable, readable and binary_loader.prefer_binary)
    assert WRITTEN[written] == tuple(dumper is not None for dumper in dumpers)
    oid = ADAPTERS.types.get_oid(name) if ADAPTERS.types.get(name) is not None else 0
    assert repr(text_loader(oid, ADAPTERS).load(code(text).encode())) == code(python)


#: Modules whose types have a page of their own.
COMPOSED = {"composite", "domain", "enum", "hstore", "multirange", "range"}


def is_scalar(adapter: Any) -> bool:
    return adapter is not None and adapter.__module__.rpartition(".")[2] not in COMPOSED


def test_no_type_is_missing():
    adapted = {info.name for info in ADAPTERS.types if is_scalar(ADAPTERS.get_loader(info.oid, Format.TEXT))}
    assert adapted | set(ADAPTERS.unresolved_names) == set(LOADED)


OBJECTS: dict[str, Any] = {
    "None": None,
    "bool": True,
    "int": 1,
    "howdah_types.numeric.Int2": numeric.Int2(1),
    "howdah_types.numeric.Int4": numeric.Int4(1),
    "howdah_types.numeric.Int8": numeric.Int8(1),
    "howdah_types.numeric.IntNumeric": numeric.IntNumeric(1),
    "howdah_types.numeric.Oid": numeric.Oid(1),
    "float": 1.0,
    "howdah_types.numeric.Float4": numeric.Float4(1),
    "howdah_types.numeric.Float8": numeric.Float8(1),
    "decimal.Decimal": Decimal(1),
    "bytes": b"",
    "bytearray": bytearray(),
    "memoryview": memoryview(b""),
    "datetime.date": dt.date.min,
    "datetime.time": dt.time.min,
    "datetime.datetime": dt.datetime.min,
    "datetime.timedelta": dt.timedelta(1),
    "uuid.UUID": UUID(int=1),
    "ipaddress.IPv4Address": ipaddress.ip_address("1.2.3.4"),
    "ipaddress.IPv6Address": ipaddress.ip_address("::1"),
    "ipaddress.IPv4Interface": ipaddress.ip_interface("1.2.3.4/8"),
    "ipaddress.IPv6Interface": ipaddress.ip_interface("::1/8"),
    "ipaddress.IPv4Network": ipaddress.ip_network("10.0.0.0/8"),
    "ipaddress.IPv6Network": ipaddress.ip_network("::/8"),
    "howdah_types.json.Json": Json(1),
    "howdah_types.json.Jsonb": Jsonb(1),
}


@pytest.mark.parametrize("name", DUMPED)
def test_class(name):
    types, format = DUMPED[name]
    if name in ("str", "list"):
        return
    if name.startswith("numpy."):
        numpy = pytest.importorskip("numpy")
        name = name.removeprefix("numpy.")
        if name in ("datetime64", "timedelta64"):
            obj = getattr(numpy, name)(1, "s")
        else:
            obj = getattr(numpy, "bool_" if name == "bool" else name)(1)
    else:
        obj = OBJECTS[name]
    dumped = dump(obj, PyFormat.AUTO)
    assert dumped.format.name.lower() == format
    info = ADAPTERS.types.get(dumped.oid)
    assert f"`{info.name}`" in types if info is not None else types == "NULL"


def test_no_class_is_missing():
    registered = {
        (cls if isinstance(cls, str) else f"{cls.__module__}.{cls.__qualname__}").removeprefix("builtins.")
        for cls in [*ADAPTERS._dumpers[PyFormat.AUTO]]
        if is_scalar(ADAPTERS._found("_dumpers", PyFormat.AUTO, cls))
    }
    registered = {name for name in registered if not COMPOSED.intersection(name.split("."))}
    # Other names of the same classes.
    registered -= {"numpy.bool_", "numpy.intc", "numpy.uintc", "numpy.longlong", "numpy.ulonglong"}
    assert {"NoneType" if name == "None" else name for name in DUMPED} == registered
