"""The exceptions: DB-API's tree, SQLSTATE classes, messages, pickling."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from howdah import errors
from howdah.pq import DiagnosticField as Field

UNDEFINED_COLUMN = {
    Field.SEVERITY: "FEHLER",
    Field.SEVERITY_NONLOCALIZED: "ERROR",
    Field.SQLSTATE: "42703",
    Field.MESSAGE_PRIMARY: 'column "foo" does not exist',
    Field.STATEMENT_POSITION: "8",
    Field.SOURCE_LINE: "3854",
}


def test_dbapi_tree():
    assert issubclass(errors.Warning, Exception) and not issubclass(errors.Warning, errors.Error)
    assert issubclass(errors.InterfaceError, errors.Error)
    assert not issubclass(errors.InterfaceError, errors.DatabaseError)
    for name in (
        "DataError",
        "OperationalError",
        "IntegrityError",
        "InternalError",
        "ProgrammingError",
        "NotSupportedError",
    ):
        assert getattr(errors, name).__bases__ == (errors.DatabaseError,)


@pytest.mark.parametrize(
    ("sqlstate", "name", "base"),
    [
        ("23505", "UniqueViolation", "IntegrityError"),
        ("42P01", "UndefinedTable", "ProgrammingError"),
        ("42601", "SyntaxError", "ProgrammingError"),
        ("40P01", "DeadlockDetected", "OperationalError"),
        ("40001", "SerializationFailure", "OperationalError"),
        ("08006", "ConnectionFailure", "OperationalError"),
        ("57014", "QueryCanceled", "OperationalError"),
        ("58030", "IoError", "OperationalError"),
        ("22001", "StringDataRightTruncation", "DataError"),
        ("01004", "StringDataRightTruncation_", "DatabaseError"),
        ("01000", "Warning_", "DatabaseError"),
        ("22004", "NullValueNotAllowed", "DataError"),
        ("39004", "NullValueNotAllowedExt", "OperationalError"),
        ("0A000", "FeatureNotSupported", "NotSupportedError"),
        ("XX000", "InternalError_", "InternalError"),
        ("58P03", "FileNameTooLong", "OperationalError"),
        ("72000", "SnapshotTooOld", "DatabaseError"),
    ],
)
def test_sqlstate_classes(sqlstate, name, base):
    cls = errors.lookup(sqlstate)
    assert cls is getattr(errors, name)
    assert cls.__bases__ == (getattr(errors, base),)
    assert cls.sqlstate == sqlstate
    assert cls().sqlstate == sqlstate


def test_module_is_not_stale():
    script = Path(__file__).parents[2] / ".ci" / "generate_sqlstates.py"
    subprocess.run([sys.executable, script, "--check"], check=True)


def test_lookup_by_condition():
    assert errors.lookup("UNIQUE_VIOLATION") is errors.UniqueViolation
    assert errors.lookup("STRING_DATA_RIGHT_TRUNCATION") is errors.StringDataRightTruncation
    assert errors.lookup("WARNING") is errors.Warning_
    with pytest.raises(KeyError, match="'99999'"):
        errors.lookup("99999")


def test_star_import_has_everything():
    assert {"Error", "Warning", "UniqueViolation", "lookup", "PipelineAborted"} <= set(errors.__all__)
    assert all(hasattr(errors, name) for name in errors.__all__)


def test_an_error_of_the_driver():
    error = errors.OperationalError("the connection is closed")
    assert str(error) == "the connection is closed"
    assert error.sqlstate is None
    assert error.diag.sqlstate is None and error.diag.message_primary is None
    assert repr(error.diag) == "Diagnostic()"


def test_from_fields():
    error = errors.from_fields(UNDEFINED_COLUMN)
    assert type(error) is errors.UndefinedColumn
    assert str(error) == 'column "foo" does not exist'
    assert error.sqlstate == "42703"
    assert error.diag.severity == "FEHLER"
    assert error.diag.severity_nonlocalized == "ERROR"
    assert error.diag.statement_position == "8"
    assert error.diag.message_detail is None


def test_every_field_has_an_attribute():
    diag = errors.Diagnostic({field: field.name for field in Field})
    assert {field: getattr(diag, field.name.lower()) for field in Field} == {f: f.name for f in Field}
    assert all(f"{field.name.lower()}='{field.name}'" in repr(diag) for field in Field)


@pytest.mark.parametrize(
    ("sqlstate", "base"),
    [
        ("23ABC", errors.IntegrityError),
        ("42ABC", errors.ProgrammingError),
        ("ZZ000", errors.DatabaseError),
        (None, errors.DatabaseError),
    ],
)
def test_unknown_sqlstate(sqlstate, base):
    fields = {Field.MESSAGE_PRIMARY: "oh"} | ({Field.SQLSTATE: sqlstate} if sqlstate else {})
    error = errors.from_fields(fields)
    assert type(error) is base
    assert error.sqlstate == sqlstate


def test_fields_of_unknown_letters_are_no_trouble():
    assert str(errors.from_fields({ord("?"): "new", Field.MESSAGE_PRIMARY: "oh"})) == "oh"


def test_message_has_detail_hint_and_context():
    fields = {
        Field.SQLSTATE: "P0001",
        Field.MESSAGE_PRIMARY: "no",
        Field.MESSAGE_DETAIL: "more",
        Field.MESSAGE_HINT: "try",
        Field.CONTEXT: "PL/pgSQL function f() line 1 at RAISE",
    }
    assert str(errors.from_fields(fields)) == (
        "no\nDETAIL:  more\nHINT:  try\nCONTEXT:  PL/pgSQL function f() line 1 at RAISE"
    )


def test_message_shows_the_line():
    query = "select\n 1,\tfoo\nfrom t"
    error = errors.from_fields(UNDEFINED_COLUMN | {Field.STATEMENT_POSITION: "12"}, query)
    assert str(error) == 'column "foo" does not exist\nLINE 2:  1, foo\n            ^'


def test_message_shows_the_internal_query():
    fields = {
        Field.SQLSTATE: "42703",
        Field.MESSAGE_PRIMARY: 'column "foo" does not exist',
        Field.INTERNAL_POSITION: "8",
        Field.INTERNAL_QUERY: "select foo",
    }
    assert str(errors.from_fields(fields, "do $$ … $$")) == (
        'column "foo" does not exist\nLINE 1: select foo\n               ^\nQUERY:  select foo'
    )


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a" * 40, "b" * 40, "LINE 1: " + "a" * 40 + "!" + "b" * 19 + "..."),
        ("a" * 80, "b" * 40, "LINE 1: ..." + "a" * 50 + "!" + "b" * 9 + "..."),
        ("a" * 80, "b" * 4, "LINE 1: ..." + "a" * 55 + "!" + "b" * 4),
        ("日" * 40, "b" * 40, "LINE 1: ..." + "日" * 25 + "!" + "b" * 9 + "..."),
    ],
)
def test_long_lines_are_cut(before, after, shown):
    fields = UNDEFINED_COLUMN | {Field.STATEMENT_POSITION: str(len(before) + 1)}
    _, line, caret = str(errors.from_fields(fields, f"{before}!{after}")).split("\n")
    assert line == shown
    width = sum(2 if char == "日" else 1 for char in shown[: shown.index("!")])
    assert caret == " " * width + "^"


@pytest.mark.parametrize("position", ["0", "-1", "x", "99", "²"])
def test_a_position_outside_the_query_is_left_out(position):
    error = errors.from_fields(UNDEFINED_COLUMN | {Field.STATEMENT_POSITION: position}, "select foo")
    assert str(error) == 'column "foo" does not exist'


def test_pickle():
    error = errors.from_fields(UNDEFINED_COLUMN, "select foo")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is errors.UndefinedColumn
    assert again.args == error.args
    assert again.sqlstate == "42703"
    assert repr(again.diag) == repr(error.diag)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_class_pickles_under_its_public_name(name):
    cls = getattr(errors, name)
    if isinstance(cls, type) and issubclass(cls, Exception):
        assert cls.__module__ == "howdah.errors"
        assert type(pickle.loads(pickle.dumps(cls("x")))) is cls


def test_pickle_keeps_the_sqlstate_of_a_plain_class():
    error = errors.from_fields({Field.SQLSTATE: "23ABC", Field.MESSAGE_PRIMARY: "oh"})
    assert pickle.loads(pickle.dumps(error)).sqlstate == "23ABC"
