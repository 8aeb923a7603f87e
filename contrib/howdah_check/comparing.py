"""Compares what the server says about a statement with the program's annotations."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from howdah.protocol.messages import FieldDescription
from howdah_check.annotations import PyType, annotated, type_of
from howdah_check.lexing import tokens
from howdah_check.literals import LiteralOrigin
from howdah_check.modules import Module, Project
from howdah_check.preparing import Attribute, Catalog, DatabaseType, Prepared
from howdah_check.rowmodels import Field, Fields, fields_of
from howdah_check.statements import Fault, Statement, Unchecked
from howdah_check.texts import Place

__all__ = ["Comparison", "column_type", "nullability"]

#: The Python type of each of the server's, as far as they are compared.
PYTHON = {
    **dict.fromkeys(("int2", "int4", "int8", "oid"), "int"),
    **dict.fromkeys(("float4", "float8"), "float"),
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext", "xml", "char"), "str"),
    "numeric": "decimal.Decimal",
    "bool": "bool",
    "bytea": "bytes",
    "date": "datetime.date",
    **dict.fromkeys(("time", "timetz"), "datetime.time"),
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime.datetime"),
    "interval": "datetime.timedelta",
    "uuid": "uuid.UUID",
}
#: What a value of a type may be annotated with, beside its type.
_ALSO_READ = {
    "int": {"float"},
    "bool": {"int", "float"},
    "datetime.datetime": {"datetime.date"},
}
#: What a value of a type may be sent for, beside its type.
_ALSO_SENT = {
    "int": {"float", "decimal.Decimal"},
    "float": {"decimal.Decimal"},
    "decimal.Decimal": {"float"},
    "datetime.date": {"datetime.datetime"},
    "datetime.datetime": {"datetime.date"},
    # The server reads it from text.
    "str": {"datetime.date", "datetime.time", "datetime.datetime", "datetime.timedelta", "uuid.UUID"},
}
#: The type that a value is sent with, by a driver that adapts parameters. A str has none.
_SENT_AS = {
    "int": 23,
    "float": 701,
    "bool": 16,
    "bytes": 17,
    "decimal.Decimal": 1700,
    "datetime.date": 1082,
    "datetime.time": 1083,
    "datetime.datetime": 1184,
    "datetime.timedelta": 1186,
    "uuid.UUID": 2950,
}
_OUTER_JOIN = re.compile(r"\b(?:LEFT|RIGHT|FULL|ROLLUP|CUBE|SETS)\b")
_CONDITION = re.compile(r"\b(?:WHERE|ON|USING|HAVING|NATURAL|QUALIFY)\b")


class Comparison:
    """Compares the statements of a project.

    Args:
        project: the project.
        catalog: the types and columns that the statements refer to.

    Attributes:
        unchecked: what could not be compared.
        doubtful: the faults that the server decides: each with its statement, and the oids of the parameters.
    """

    def __init__(self, project: Project, catalog: Catalog) -> None:
        self._project = project
        self._catalog = catalog
        self.unchecked: list[Unchecked] = []
        self.doubtful: list[tuple[Statement, list[int], Fault]] = []

    def faults(self, prepared: Prepared) -> Iterator[Fault]:
        """Yield what is wrong with the parameters and the rows of a statement.

        Args:
            prepared: what the server says about it.
        """
        statement = prepared.statement
        if statement.module is None:
            return
        yield from self._parameters(prepared, statement.module)
        if statement.single is not None and prepared.columns:
            yield from self._single(prepared, statement.module, statement.single, prepared.columns)
        if statement.model is None or prepared.columns is None:
            return
        fields = fields_of(statement.model, self._project)
        if fields is None:
            shown = ast.unparse(statement.model.cls)
            reason = f"the fields of {shown} cannot be told: its rows are not compared"
            self.unchecked.append(Unchecked(statement.used, "model", reason))
        elif statement.model.factory == "args_row":
            yield from self._by_position(prepared, fields, prepared.columns)
        else:
            yield from self._by_name(prepared, fields, prepared.columns)

    # Parameters

    def _parameters(self, prepared: Prepared, module: Module) -> Iterator[Fault]:
        statement = prepared.statement
        arguments = statement.arguments
        count = len(prepared.parameters)
        if statement.names:
            yield from self._named_parameters(prepared, module)
            return
        if arguments.named is not None:
            if count:
                message = "the placeholders are positional, but the parameters have names"
                yield Fault(statement.used, "parameters", message)
            return
        values = arguments.values
        if count and arguments.unlisted is not None:
            yield from self._unlisted(arguments.unlisted, module, "list")
        if arguments.alternative is not None and (values is None or len(values) != count):
            values = arguments.alternative
        if values is None:
            return
        if len(values) != count:
            message = f"the statement has {count} parameters, but the call passes {len(values)}"
            yield Fault(statement.used, "parameters", message)
            return
        for number, value in enumerate(values):
            yield from self._value(statement, number, prepared.parameters[number], value, module)

    def _unlisted(self, params: ast.expr, module: Module, wanted: str) -> Iterator[Fault]:
        """Tell if a single value is passed in place of a sequence or a mapping of parameters."""
        given = type_of(params, module, self._project)
        if given.names and not given.names & {"list", "tuple"}:
            message = f"the parameters are a sequence or a mapping, but the call passes {given}"
            yield Fault(_place(params, module), "parameters", f"{message}: put it into a {wanted}")

    def _named_parameters(self, prepared: Prepared, module: Module) -> Iterator[Fault]:
        statement = prepared.statement
        named = statement.arguments.named
        if statement.arguments.unlisted is not None:
            yield from self._unlisted(statement.arguments.unlisted, module, "dictionary")
        if statement.arguments.values is not None:
            message = "the placeholders have names, but the parameters are positional"
            yield Fault(statement.used, "parameters", message)
        if named is None:
            return
        if missing := [name for name in statement.names if name not in named]:
            yield Fault(statement.used, "parameters", f"parameters are missing: {', '.join(missing)}")
        for number, name in enumerate(statement.names):
            if name in named and number < len(prepared.parameters):
                yield from self._value(statement, number, prepared.parameters[number], named[name], module)

    def _value(
        self, statement: Statement, number: int, oid: int, value: ast.expr, module: Module
    ) -> Iterator[Fault]:
        given = type_of(value, module, self._project)
        # With a cast, the server takes the type of the value, and converts it; but no record to an array.
        if statement.adapts and number in statement.casts and given.names != {"tuple"}:
            return
        type = self._catalog.types.get(oid)
        if type is not None and not _can_be_sent(given, type):
            message = f"{statement.parameter(number)} has the type {type.shown}, but the value is {given}"
            if given.names == {"tuple"}:
                message += ", which is a record: pass a list"
            fault = Fault(_place(value, module), "types", message)
            sent = [_SENT_AS.get(name, 0) for name in given.names]
            if not statement.adapts or given.element is not None or len(sent) != 1 or not sent[0]:
                yield fault
            else:
                # In `SELECT %s`, the server takes text without a type, and an integer with one.
                self.doubtful.append((statement, [0] * number + sent, fault))

    # Rows

    def _single(
        self, prepared: Prepared, module: Module, annotation: ast.expr, columns: Sequence[FieldDescription]
    ) -> Iterator[Fault]:
        wanted = annotated(annotation, module, self._project)
        type = self._catalog.types.get(columns[0].type_oid)
        if type is not None and not _can_be_read(wanted, type):
            read = f"the value has the type {type.shown}, which is {column_type(type)}"
            message = f"{read}, but the annotation is {wanted}"
            yield Fault(prepared.statement.used, "types", message)

    def _by_position(
        self, prepared: Prepared, fields: Fields, columns: Sequence[FieldDescription]
    ) -> Iterator[Fault]:
        statement = prepared.statement
        positional = [field for field in fields.fields.values() if not field.keyword_only]
        needed = sum(field.required for field in positional)
        if not needed <= len(columns) <= len(positional):
            name = _model_name(statement)
            message = f"the statement has {len(columns)} columns, but {name} takes {len(positional)}"
            yield Fault(statement.used, "columns", message)
            return
        for field, column in zip(positional, columns):
            yield from self._column(statement, field, column)

    def _by_name(
        self, prepared: Prepared, fields: Fields, columns: Sequence[FieldDescription]
    ) -> Iterator[Fault]:
        statement = prepared.statement
        model = _model_name(statement)
        counts = Counter(column.name for column in columns)
        for name, count in counts.items():
            if count > 1:
                yield Fault(statement.used, "columns", f"there are {count} columns with the name {name!r}")
            if name not in fields.fields and not fields.tolerant:
                yield Fault(statement.used, "columns", f"the column {name!r} is no field of {model}")
        for name, field in fields.fields.items():
            if field.required and name not in counts:
                message = f"{model} needs the field {name!r}, but there is no such column"
                yield Fault(statement.used, "columns", message)
        for column in columns:
            if column.name in fields.fields:
                yield from self._column(statement, fields.fields[column.name], column)

    def _column(self, statement: Statement, field: Field, column: FieldDescription) -> Iterator[Fault]:
        if field.annotation is None:
            return
        wanted = annotated(field.annotation, field.module, self._project)
        type = self._catalog.types.get(column.type_oid)
        shown = f"{_model_name(statement)}.{field.name}"
        if type is None:
            return
        if not _can_be_read(wanted, type):
            read = f"the column {column.name!r} has the type {type.shown}, which is {column_type(type)}"
            message = f"{read}, but {shown} is {wanted}"
            yield Fault(statement.used, "types", message)
        elif wanted.nullable is False and nullability(statement, column, type, self._catalog):
            yield Fault(
                statement.place,
                "nullable",
                f"the column {column.name!r} can be NULL, but {shown} is {wanted}",
            )


def column_type(type: DatabaseType) -> PyType:
    """Return the Python type of the values of a type, as howdah reads them."""
    if type.element is not None:
        return PyType(frozenset({"list"}), False, column_type(type.element))
    if type.kind == "e":
        return PyType(frozenset({"str"}), False)
    name = PYTHON.get(type.name)
    return PyType(frozenset() if name is None else frozenset({name}), False)


def nullability(
    statement: Statement, column: FieldDescription, type: DatabaseType, catalog: Catalog
) -> bool | None:
    """Return whether a column can be NULL, None if it is not known.

    Args:
        statement: the statement.
        column: the column.
        type: its type.
        catalog: the columns of tables.
    """
    attribute = catalog.attribute(column)
    words = _words(statement)
    if attribute is None:
        return None
    if attribute.not_null or type.not_null:
        return None if _OUTER_JOIN.search(words) else False
    return None if _is_in_condition(attribute, words) else True


def _is_in_condition(attribute: Attribute, words: str) -> bool:
    """Return whether a condition may exclude that a column is NULL, or the statement writes the column."""
    if words.startswith(("INSERT", "UPDATE", "MERGE")):
        return True
    condition = _CONDITION.search(words)
    if condition is None:
        return False
    rest = words[condition.end() :].split()
    return condition[0] == "NATURAL" or attribute.name.upper() in rest or "*" in rest


def _words(statement: Statement) -> str:
    """Return the words of a statement in capitals, without strings and comments."""
    return " ".join(
        token.text.strip('"').upper()
        for token in tokens(str(statement.text))
        if token.kind not in ("space", "comment", "string")
    )


def _can_be_read(wanted: PyType, type: DatabaseType) -> bool:
    """Return whether a value of a database type may have an annotation; True if it is not known."""
    given = column_type(type)
    if not wanted.names or not given.names or "tuple" in wanted.names:
        return True
    if given.element is not None:
        if "list" not in wanted.names or wanted.element is None or type.element is None:
            return "list" in wanted.names
        return _can_be_read(wanted.element, type.element)
    name = next(iter(given.names))
    if type.kind == "e":
        # An adapter may have been registered for the enum.
        return bool(wanted.names & {"str"})
    return bool(wanted.names & {name, *_ALSO_READ.get(name, ())})


def _can_be_sent(given: PyType, type: DatabaseType) -> bool:
    """Return whether all values of a Python type can be sent for a database type; True if it is not known."""
    if "tuple" in given.names:
        return len(given.names) > 1 or type.element is None
    wanted = column_type(type)
    if not given.names or not wanted.names:
        return True
    if wanted.element is not None:
        if "list" not in given.names:
            return given.names == {"str"}
        return given.element is None or type.element is None or _can_be_sent(given.element, type.element)
    target = next(iter(wanted.names))
    return all(name == target or target in _ALSO_SENT.get(name, ()) for name in given.names)


def _model_name(statement: Statement) -> str:
    return "" if statement.model is None else ast.unparse(statement.model.cls)


def _place(node: ast.expr, module: Module) -> Place:
    return LiteralOrigin(module.path, module.lines, node, "").place(0)
