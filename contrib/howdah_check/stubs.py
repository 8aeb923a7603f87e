"""Writes modules with the types of each statement: its parameters and its rows."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from pathlib import Path

from howdah_check.annotations import PyType
from howdah_check.checking import Report
from howdah_check.comparing import column_type, nullability
from howdah_check.preparing import Catalog, Prepared

__all__ = ["write_stubs"]


def write_stubs(report: Report, directory: Path, base: Path) -> list[Path]:
    """Write a module for each file that has statements with parameters or rows.

    Args:
        report: what was found; statements with an error of the server are left out.
        directory: the directory to write to; its modules have the project's directories.
        base: the directory of the project.

    Returns:
        The modules that were written.

    Raises:
        OSError: a module cannot be written.
    """
    by_source: dict[Path, list[Prepared]] = {}
    for prepared in report.prepared:
        if prepared.fault is None and (prepared.parameters or prepared.columns):
            statement = prepared.statement
            source = statement.place.path if statement.module is None else statement.module.path
            by_source.setdefault(source, []).append(prepared)
    written = []
    for source, statements in by_source.items():
        target = directory / _module_path(source, base)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = _module(_relative(source, base).as_posix(), statements, report.catalog)
        if not target.exists() or target.read_text("utf-8") != text:
            target.write_text(text, "utf-8")
        written.append(target)
    return written


def _relative(source: Path, base: Path) -> Path:
    try:
        return source.resolve().relative_to(base.resolve())
    except ValueError:
        return Path(source.name)


def _module_path(source: Path, base: Path) -> Path:
    relative = _relative(source, base)
    # A module and an .sql file may have the same name.
    stem = f"{relative.stem}_sql" if relative.suffix == ".sql" else relative.stem
    return Path(*map(_identifier, relative.parent.parts), f"{_identifier(stem)}.py")


def _module(source: str, statements: Sequence[Prepared], catalog: Catalog) -> str:
    blocks = []
    names: set[str] = set()
    texts: set[str] = set()
    for prepared in statements:
        if (text := str(prepared.statement.text)) in texts:  # a constant that is used again
            continue
        texts.add(text)
        name = _class_name(prepared.statement.label)
        number = 1
        while name in names:
            number += 1
            name = f"{_class_name(prepared.statement.label)}{number}"
        names.add(name)
        blocks += _parameters(prepared, name, catalog)
        blocks += _rows(prepared, name, catalog)
    body = "\n\n".join(blocks)
    typing = [n for n in ("Any", "NamedTuple", "TypeAlias", "TypedDict") if re.search(rf"\b{n}\b", body)]
    imports = [f"import {n}" for n in ("datetime", "decimal", "uuid") if re.search(rf"\b{n}\.", body)]
    # The types are not evaluated, except those of the aliases.
    imports += [f"from typing import {', '.join(typing)}"]
    head = f'"""The parameters and rows of the SQL in {source}, written by `howdah check --stubs`."""\n\n'
    return head + "from __future__ import annotations\n\n" + "\n".join(imports) + f"\n\n{body}"


def _parameters(prepared: Prepared, name: str, catalog: Catalog) -> list[str]:
    types = []
    for oid in prepared.parameters:
        type = catalog.types.get(oid)
        types.append(_annotation(PyType() if type is None else column_type(type)._replace(nullable=True)))
    names = prepared.statement.names
    if not types:
        return []
    if not names:
        quoted = ", ".join(types)
        return [f'{name}Params: TypeAlias = "tuple[{quoted}]"\n']
    if all(each.isidentifier() and not keyword.iskeyword(each) for each in names):
        fields = "\n".join(f"    {each}: {type}" for each, type in zip(names, types))
        return [f"class {name}Params(TypedDict):\n{fields}\n"]
    items = ", ".join(f'{each!r}: "{type}"' for each, type in zip(names, types))
    return [f'{name}Params = TypedDict("{name}Params", {{{items}}})\n']


def _rows(prepared: Prepared, name: str, catalog: Catalog) -> list[str]:
    fields: dict[str, str] = {}
    for number, column in enumerate(prepared.columns or (), 1):
        type = catalog.types.get(column.type_oid)
        found = PyType()
        if type is not None:
            not_null = nullability(prepared.statement, column, type, catalog) is False
            found = column_type(type)._replace(nullable=not not_null)
        field = column.name.strip("_")
        if not field.isidentifier() or keyword.iskeyword(field) or field in fields:
            field = f"column_{number}"
        elif field in ("count", "index"):  # methods of tuples
            field = f"{field}_"
        fields[field] = _annotation(found)
    if not fields:
        return []
    body = "\n".join(f"    {field}: {type}" for field, type in fields.items())
    return [f"class {name}Row(NamedTuple):\n{body}\n"]


def _annotation(type: PyType) -> str:
    if type.element is not None:
        # The server does not say whether an element can be NULL.
        shown = f"list[{_annotation(type.element._replace(nullable=True))}]"
    else:
        shown = next(iter(type.names), "Any")
    return f"{shown} | None" if type.nullable and shown != "Any" else shown


def _class_name(label: str) -> str:
    parts = [part for part in re.split(r"[\W_]+", label) if part]
    name = "".join(
        part.capitalize() if part.isupper() or part.islower() else part[0].upper() + part[1:]
        for part in parts
    )
    return name if name[:1].isalpha() else f"Statement{name}"


def _identifier(name: str) -> str:
    found = re.sub(r"\W", "_", name)
    return f"_{found}" if found[:1].isdigit() or keyword.iskeyword(found) else found
