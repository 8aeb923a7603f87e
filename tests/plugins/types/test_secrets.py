"""Neither errors nor tracebacks in logs contain a parameter's value."""

from __future__ import annotations

import traceback
from decimal import Decimal

import pytest

import howdah
from howdah_types.json import Json, Jsonb
from howdah_types.multirange import Multirange
from howdah_types.numeric import Int2, Int4
from howdah_types.range import Range

SECRET = "hunter2"
NUMBER = 71717171717171717171717171717171


class Unknown:
    def __repr__(self) -> str:
        return SECRET


VALUES = [
    {"password": SECRET},
    Unknown(),
    [1, SECRET],
    [[SECRET], SECRET],
    [Unknown()],
    f"{SECRET}\0",
    [f"{SECRET}\0"],
    (1, f"{SECRET}\0"),
    (SECRET, Unknown()),
    f"{SECRET}\ud800",
    Range(SECRET, Unknown()),
    Range(1, f"{SECRET}"),
    Range(f"{SECRET}\0", None),
    Multirange([Range(Unknown(), None)]),
    Int2(NUMBER),
    Int4(NUMBER),
    Json(Unknown()),
    Jsonb({SECRET: Unknown()}),
    Json({"a": (float("nan"), Unknown())}),
    Decimal(f"{NUMBER}e200000"),
]


def check(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error))
    # The lines of this file show the program, not the values.
    said = [line for line in shown.splitlines() if not line.startswith("    ")]
    assert SECRET not in "\n".join(said)
    assert str(NUMBER) not in "\n".join(said)
    while error.__cause__ is not None:  # the arguments of a UnicodeError have the whole text
        error = error.__cause__
        assert SECRET not in repr(error)


@pytest.mark.parametrize("placeholder", ["%s", "%b", "%t"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_parameters(conn, value, placeholder):
    for run in (
        lambda: conn.execute(f"SELECT {placeholder}", [value], prepare=True),
        lambda: conn.cursor().executemany(f"SELECT {placeholder}", [[value]]),
        lambda: list(conn.cursor().stream(f"SELECT {placeholder}", [value])),
        lambda: howdah.ClientCursor(conn).mogrify(f"SELECT {placeholder}", [value]),
    ):
        try:
            run()
        except howdah.Error as error:
            if error.sqlstate is None:  # what the server says it says of its own accord
                check(error)
        conn.rollback()


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize(
    "name",
    [
        *(
            "int4",
            "oid",
            "numeric",
            "float4",
            "float8",
            "bool",
            "bit",
            "date",
            "time",
            "timestamptz",
            "interval",
        ),
        *("uuid", "inet", "cidr", "macaddr", "bytea", "jsonb", "xml", "point", "tsvector"),
        *("int4range", "int4multirange", "int4[]", "float8[]"),
    ],
)
def test_copy(conn, name, binary):
    conn.execute(f"CREATE TEMP TABLE t (a {name})")
    conn.commit()
    for value in (SECRET, f"{SECRET}\ud800", Unknown(), [SECRET], Range(SECRET, None), NUMBER):
        try:
            with conn.cursor().copy(f"COPY t FROM STDIN (FORMAT {'binary' if binary else 'text'})") as copy:
                copy.set_types([name])
                copy.write_row([value])
        except howdah.Error as error:
            if error.sqlstate is None:  # what the server says it says of its own accord
                check(error)
        conn.rollback()


def test_a_dict_is_told_of_json(conn):
    with pytest.raises(howdah.ProgrammingError, match=r"cannot adapt type 'dict'.*Json or Jsonb"):
        conn.execute("SELECT %s", [{"a": 1}])
