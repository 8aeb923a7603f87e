"""Parameters and rows are compared with annotations."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tests.contrib.check.conftest import Checker

HEAD = """
import datetime as dt
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, NewType, Optional, TypedDict, Union
from uuid import UUID, uuid4
from howdah.rows import args_row, class_row, dict_row, kwargs_row
from howdah_pydantic import model_row
from pydantic import BaseModel, Field

Id = NewType("Id", int)
Alias = int
"""


def module(body: str) -> str:
    """Return a module with imports."""
    return HEAD + dedent(body)


PARAMETERS = [
    ("x: int", '"SELECT name FROM elephant WHERE id = %s", [x]', None),
    (
        "x: str",
        '"SELECT name FROM elephant WHERE id = %s", [x]',
        "parameter 1 has the type integer, but the value is str",
    ),
    ("x: str", '"SELECT name FROM elephant WHERE id = %s::int", [x]', None),
    ("x: str", '"SELECT name FROM elephant WHERE id = CAST(%s AS int)", [x]', None),
    ("x: Id", '"SELECT name FROM elephant WHERE id = %s", [x]', None),
    (
        "x: Id",
        '"SELECT id FROM elephant WHERE name = %s", [x]',
        "parameter 1 has the type text, but the value is int",
    ),
    (
        "x: Alias | None",
        '"SELECT id FROM elephant WHERE name = %s", [x]',
        "parameter 1 has the type text, but the value is int | None",
    ),
    (
        "x: int | str",
        '"SELECT id FROM elephant WHERE name = %s", [x]',
        "parameter 1 has the type text, but the value is int | str",
    ),
    ("x: Optional[str]", '"SELECT id FROM elephant WHERE name = %s", [x]', None),
    ("x: Union[str, None]", '"SELECT id FROM elephant WHERE name = %s", [x]', None),
    ("x: 'str'", '"SELECT id FROM elephant WHERE name = %s", [x]', None),
    (
        "x: 'dt.date'",
        '"SELECT id FROM elephant WHERE name = %s", [x]',
        "parameter 1 has the type text, but the value is date",
    ),
    (
        "x: Annotated[int, 5]",
        '"SELECT id FROM elephant WHERE name = %s", [x]',
        "parameter 1 has the type text, but the value is int",
    ),
    (
        "x: Literal['a', 'b']",
        '"SELECT id FROM elephant WHERE id = %s", [x]',
        "parameter 1 has the type integer, but the value is str",
    ),
    ("x: str", '"SELECT id FROM elephant WHERE born = %s", [x]', None),
    ("x: datetime", '"SELECT id FROM elephant WHERE born = %s", [x]', None),
    (
        "x: int",
        '"SELECT id FROM elephant WHERE born = %s", [x]',
        "parameter 1 has the type date, but the value is int",
    ),
    ("x: int", '"SELECT id FROM elephant WHERE weight = %s", [x]', None),
    ("x: float", '"SELECT id FROM elephant WHERE id = %s", [x]', None),
    ("x: int", '"SELECT %s", [x]', None),
    ("x: int", '"UPDATE elephant SET name = %s", [x]', None),
    ("x: Decimal", '"SELECT id FROM keeper WHERE wage = %s", [x]', None),
    ("x: str", '"SELECT id FROM elephant WHERE mood = %s", [x]', None),
    (
        "x: bool",
        '"SELECT id FROM elephant WHERE mood = %s", [x]',
        "parameter 1 has the type mood, but the value is bool",
    ),
    ("x: list[str]", '"SELECT id FROM elephant WHERE tags = %s", [x]', None),
    (
        "x: list[int]",
        '"SELECT id FROM elephant WHERE tags = %s", [x]',
        "parameter 1 has the type text[], but the value is list[int]",
    ),
    ("x: Sequence[int]", '"SELECT id FROM elephant WHERE id = ANY (%s)", [x]', None),
    (
        "x: int",
        '"SELECT id FROM elephant WHERE id = ANY (%s)", [x]',
        "parameter 1 has the type integer[], but the value is int",
    ),
    ("x: Any", '"SELECT id FROM elephant WHERE id = %s", [x]', None),
    ("x", '"SELECT id FROM elephant WHERE id = %s", [x]', None),
    ("*x: str", '"SELECT id FROM elephant WHERE id = %s", [x]', None),
    (
        "",
        '"SELECT id FROM elephant WHERE id = %s", ["one"]',
        "parameter 1 has the type integer, but the value is str",
    ),
    ("", '"SELECT id FROM elephant WHERE id = %s", [None]', None),
    (
        "",
        '"SELECT id FROM elephant WHERE id = %s", [f"{1}"]',
        "parameter 1 has the type integer, but the value is str",
    ),
    (
        "",
        '"SELECT id FROM elephant WHERE id = %s", [uuid4()]',
        "parameter 1 has the type integer, but the value is UUID",
    ),
    (
        "",
        '"SELECT id FROM elephant WHERE id = %s", [date.today()]',
        "parameter 1 has the type integer, but the value is date",
    ),
    (
        "x: str",
        '"SELECT id FROM elephant WHERE id = %(i)s", {"i": x}',
        "parameter 'i' has the type integer, but the value is str",
    ),
    ("x: str", '"SELECT id FROM elephant WHERE id = %(i)s", {"i": 1, "more": x}', None),
    ("x: str", '"SELECT id FROM elephant WHERE id = %(i)s", dict(j=x)', "parameters are missing: i"),
    (
        "x: str",
        '"SELECT id FROM elephant WHERE id = %s", {"i": x}',
        "the placeholders are positional, but the parameters have names",
    ),
    (
        "x: str",
        '"SELECT id FROM elephant WHERE id = %(i)s", [x]',
        "the placeholders have names, but the parameters are positional",
    ),
    (
        "x: int",
        '"SELECT id FROM elephant WHERE id = %s", [x, 1]',
        "the statement has 1 parameters, but the call passes 2",
    ),
    (
        "x: int",
        '"SELECT id FROM elephant WHERE id = %s", x',
        "the parameters are a sequence or a mapping, but the call passes int: put it into a list",
    ),
    (
        "",
        '"SELECT id FROM elephant WHERE name = %s", "one"',
        "the parameters are a sequence or a mapping, but the call passes str: put it into a list",
    ),
    (
        "x: str",
        '"SELECT id FROM elephant WHERE name = %(n)s", x',
        "the parameters are a sequence or a mapping, but the call passes str: put it into a dictionary",
    ),
    ("x: list[int]", '"SELECT id FROM elephant WHERE id = %s", x', None),
    ("x: tuple[int]", '"SELECT id FROM elephant WHERE id = %s", x', None),
    ("x: Any", '"SELECT id FROM elephant WHERE id = %s", x', None),
    ("x: int", '"SELECT id FROM elephant", x', None),
    (
        "",
        '"SELECT id FROM elephant WHERE id = ANY (%s)", [(1, 2)]',
        "parameter 1 has the type integer[], but the value is tuple, which is a record: pass a list",
    ),
    (
        "",
        '"SELECT id FROM elephant WHERE id = ANY (%s::int[])", [tuple(range(2))]',
        "parameter 1 has the type integer[], but the value is tuple, which is a record: pass a list",
    ),
    (
        "x: tuple[int, ...]",
        '"SELECT id FROM elephant WHERE id = ANY (%s)", [x]',
        "parameter 1 has the type integer[], but the value is tuple, which is a record: pass a list",
    ),
    ("x: tuple[int, ...]", '"SELECT id FROM elephant WHERE id = ANY (%s)", [list(x)]', None),
    ("x: tuple[int, ...] | list[int]", '"SELECT id FROM elephant WHERE id = ANY (%s)", [x]', None),
    ("", '"SELECT %s", [(1, 2)]', None),
    ("x: int", '"SELECT id FROM elephant WHERE id = %s", [*x]', None),
    ("x: Elephant", '"SELECT id FROM elephant WHERE id = %s", [x.id]', None),
    (
        "x: Elephant",
        '"SELECT id FROM elephant WHERE id = %s", [x.name]',
        "parameter 1 has the type integer, but the value is str",
    ),
]


NUMBERED = [
    ('fetch("SELECT name FROM elephant WHERE id = $1", x)', None),
    (
        'execute("SELECT name FROM elephant WHERE id = %s", x)',
        "the parameters are a sequence or a mapping, but the call passes int: put it into a list",
    ),
    (
        'executemany("INSERT INTO keeper VALUES (%s, %s, %s)", [y])',
        "the parameters are a sequence or a mapping, but the call passes str: put it into a list",
    ),
    (
        'fetch("SELECT name FROM elephant WHERE id = $1", y)',
        "parameter 1 has the type integer, but the value is str",
    ),
    (
        'fetch("SELECT name FROM elephant WHERE id = $1::int", y)',
        "parameter 1 has the type integer, but the value is str",
    ),
    ('fetch("SELECT name FROM elephant WHERE id = ANY ($1)", [x, x])', None),
    (
        'fetch("SELECT name FROM elephant WHERE id = $1", x, y)',
        "the statement has 1 parameters, but the call passes 2",
    ),
    (
        'fetch("SELECT name FROM elephant WHERE id = $1 AND name = $2", x)',
        "the statement has 2 parameters, but the call passes 1",
    ),
    ('execute("SELECT name FROM elephant WHERE id = $1 AND name = $2", [x, y])', None),
    ('execute("SELECT name FROM elephant WHERE id = $1 AND name = $2", x, y)', None),
    ('execute("SELECT name FROM elephant WHERE id = $1", y)', None),
    (
        'executemany("INSERT INTO keeper VALUES ($1, $2, $3)", [(1, y, 2)])',
        "parameter 2 has the type integer, but the value is str",
    ),
    ('fetchmany("INSERT INTO keeper VALUES ($1, $2, $3)", rows)', None),
    ('fetchval("SELECT name FROM elephant WHERE id = $1 LIMIT $2", *args)', None),
]
ROWS = [
    ("@dataclass\nclass Row:\n    id: int\n    name: str", "id, name", []),
    (
        "@dataclass\nclass Row:\n    id: int\n    name: str",
        "id",
        ["Row needs the field 'name', but there is no such column"],
    ),
    ("@dataclass\nclass Row:\n    id: int", "id, name", ["the column 'name' is no field of Row"]),
    ("@dataclass\nclass Row:\n    id: int", "id, id", ["there are 2 columns with the name 'id'"]),
    ("@dataclass\nclass Row:\n    id: int\n    name: str = ''", "id", []),
    ("@dataclass\nclass Row:\n    id: int\n    x: str = field(default='')", "id", []),
    (
        "@dataclass\nclass Row:\n    id: int\n    x: str = field(repr=False)",
        "id",
        ["Row needs the field 'x', but there is no such column"],
    ),
    ("@dataclass\nclass Row:\n    id: int\n    x: str = field(init=False)", "id", []),
    ("@dataclass\nclass Row:\n    C: ClassVar[int]\n    _: KW_ONLY\n    id: int", "id", []),
    ("@dataclass\nclass Base:\n    id: int\n@dataclass\nclass Row(Base):\n    name: str", "id, name", []),
    (
        "@dataclass\nclass Row:\n    id: str",
        "id",
        ["the column 'id' has the type integer, which is int, but Row.id is str"],
    ),
    ("@dataclass\nclass Row:\n    id: float", "id", []),
    ("@dataclass\nclass Row:\n    id: Id", "id", []),
    ("@dataclass\nclass Row:\n    id: Any\n    name: 'Unknown'", "id, name", []),
    (
        "@dataclass\nclass Row:\n    born: date",
        "born",
        ["the column 'born' can be NULL, but Row.born is date"],
    ),
    ("@dataclass\nclass Row:\n    born: date | None", "born", []),
    ("@dataclass\nclass Row:\n    born: Optional[date]", "born", []),
    ("@dataclass\nclass Row:\n    born: 'date | None'", "born", []),
    (
        "@dataclass\nclass Row:\n    born: datetime | None",
        "born",
        ["the column 'born' has the type date, which is date, but Row.born is datetime | None"],
    ),
    ("@dataclass\nclass Row:\n    mood: str\n    tags: list[str]", "mood, tags", []),
    (
        "@dataclass\nclass Row:\n    tags: list[int]",
        "tags",
        ["the column 'tags' has the type text[], which is list[str], but Row.tags is list[int]"],
    ),
    ("@dataclass\nclass Row:\n    n: int", "count(*) AS n", []),
    (
        "@dataclass\nclass Row:\n    n: str",
        "count(*) AS n",
        ["the column 'n' has the type bigint, which is int, but Row.n is str"],
    ),
    (
        "class Row(NamedTuple):\n    id: int\n    name: int",
        "id, name",
        ["the column 'name' has the type text, which is str, but Row.name is int"],
    ),
    ("class Row(TypedDict):\n    id: int", "id, name", ["the column 'name' is no field of Row"]),
    (
        "class Row:\n    def __init__(self, id: int, *, name='x'): ...",
        "id, born",
        ["the column 'born' is no field of Row"],
    ),
    ("class Row:\n    def __init__(self, id: int, **more): ...", "id, born", []),
    ("class Row(BaseModel):\n    id: int\n    name: str = Field(alias='n')", "id, born, name AS n", []),
    (
        "class Row(BaseModel):\n    id: int\n    name: str = Field(...)",
        "id",
        ["Row needs the field 'name', but there is no such column"],
    ),
]


@pytest.mark.parametrize(
    "code",
    [
        "with conn.cursor(row_factory=class_row(Row)) as cur:\n    cur.execute(Q)",
        "cur = conn.cursor(row_factory=kwargs_row(Row))\ncur.execute(Q)",
        "c = conn.cursor(row_factory=dict_row)\nc = conn.cursor(row_factory=class_row(Row))\nc.execute(Q)",
        "conn.cursor(row_factory=model_row(Row)).execute(Q)",
        "conn.cursor(row_factory=row).execute(Q)\nrow = class_row(Row)",
        "conn = connect(row_factory=class_row(Row))\nconn.execute(Q)",
        "conn = connect(row_factory=class_row(Row))\nconn.cursor().execute(Q)",
        "async def f():\n    cur = await conn.cursor(row_factory=class_row(Row))\n    await cur.execute(Q)",
        "async def f():\n async with conn.cursor(row_factory=class_row(Row)) as c:\n  await c.execute(Q)",
        "conn.cursor(row_factory=args_row(Row)).execute(Q)",
    ],
)
def test_how_the_class_is_given(project: Checker, code: str) -> None:
    body = "Q = 'SELECT id, name FROM elephant'\n@dataclass\nclass Row:\n    id: int\n    name: int\n"
    path = project.write("module.py", HEAD + body + code)
    checked = project.check()
    assert checked.messages == ["the column 'name' has the type text, which is str, but Row.name is int"]
    # The fault is where the statement is used.
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if "execute(Q)" in text)
    assert checked.faults[0][1] == line


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("conn.cursor(row_factory=class_row(Other)).execute(Q)", "Other"),
        ("conn.cursor(row_factory=class_row(make())).execute(Q)", "make()"),
        ("class Row(Unknown):\n    id: int\nconn.cursor(row_factory=class_row(Row)).execute(Q)", "Row"),
    ],
)
def test_a_class_that_is_not_known(project: Checker, code: str, reason: str) -> None:
    project.write("module.py", HEAD + "Q = 'SELECT id FROM elephant'\n" + code)
    checked = project.check()
    assert checked.reasons == [f"the fields of {reason} cannot be told: its rows are not compared"]
    assert checked.faults == []


def test_positions(project: Checker) -> None:
    project.write(
        "module.py",
        module("""
            class Row(NamedTuple):
                id: int
                name: str
                more: int = 0

            cur = conn.cursor(row_factory=args_row(Row))
            cur.execute("SELECT id, name FROM elephant")
            cur.execute("SELECT id FROM elephant")
            cur.execute("SELECT name, name FROM elephant")
        """),
    )
    assert project.check().messages == [
        "the statement has 1 columns, but Row takes 3",
        "the column 'name' has the type text, which is str, but Row.id is int",
    ]


NULLS = [
    ("SELECT born FROM elephant", True),
    ("SELECT e.born FROM elephant AS e JOIN keeper AS k ON k.elephant_id = e.id", True),
    ("SELECT born FROM elephant WHERE born IS NOT NULL", False),
    ("SELECT born FROM elephant WHERE born > '2000-01-01'", False),
    ("SELECT born FROM elephant WHERE name = 'born'", True),
    ("SELECT name AS born FROM elephant", False),
    ("SELECT coalesce(born, '2000-01-01') AS born FROM elephant", False),
    (
        "INSERT INTO elephant (id, name, weight, born) VALUES (1, '', 1, '2000-01-01') RETURNING born",
        False,
    ),
    ("SELECT born FROM (SELECT born FROM elephant) AS e", True),
]
SINGLE = [
    ("n: int = conn.fetchval('SELECT 1')", None),
    (
        "n: str = conn.fetchval('SELECT 1')",
        "the value has the type integer, which is int, but the annotation is str",
    ),
    (
        "async def f() -> str | None:\n    return await conn.fetchval('SELECT 1')",
        "the value has the type integer, which is int, but the annotation is str | None",
    ),
    ("async def f() -> str:\n    return str(await conn.fetchval('SELECT 1'))", None),
    ("def f():\n    return conn.fetchval('SELECT 1')", None),
]


#: Names that stand for something else than what their annotation says; nothing is wrong with these.
BOUND_AGAIN = [
    "def f(x: str):\n    match [x]:\n        case x: conn.execute(Q, x)",
    "def f(x: str):\n    match {'a': [x]}:\n        case {'a': x}: conn.execute(Q, x)",
    "def f(x: str):\n    match [x]:\n        case [*x]: conn.execute(Q, x)",
    "def f(x: str):\n    match [x]:\n        case list() as x: conn.execute(Q, x)",
    "def f(x: str):\n    return any(conn.execute(Q, x) for x in [['a']])",
    "def f(x: str):\n    return {1: conn.execute(Q, x) for x in [['a']]}",
    "def f(x: str):\n    def g():\n        nonlocal x\n        x = [x]\n    g()\n    conn.execute(Q, x)",
    "def f(x: tuple[int, ...]):\n    return [conn.execute('SELECT %s = ANY(%s)', [1, x]) for x in [[1]]]",
]


def parameters(signature: str, call: str) -> str:
    """Return a module whose function has a signature and runs a query."""
    return module(f"""
        class Elephant:
            id: int
            name: str

        def f({signature}):
            conn.execute({call})
    """)


def rows(cls: str, columns: str) -> str:
    """Return a module that reads rows into objects of a class."""
    return (
        HEAD + f"{cls}\n\nconn.cursor(row_factory=class_row(Row)).execute('SELECT {columns} FROM elephant')\n"
    )


def nulls(query: str) -> str:
    """Return a module that reads a day into a field that is not None."""
    return module(f"""
        class Day:
            ...

        @dataclass
        class Row:
            born: Day

        conn.cursor(row_factory=class_row(Row)).execute("{query}")
    """)


NULL = ["the column 'born' can be NULL, but Row.born is Any"]
#: Modules, and what is wrong with each; all of them are checked at once.
CASES = [
    *((parameters(signature, call), [message] if message else []) for signature, call, message in PARAMETERS),
    *(
        (module(f"async def f(x: int, y: str):\n    await conn.{call}\n"), [m] if m else [])
        for call, m in NUMBERED
    ),
    *((rows(cls, columns), messages) for cls, columns, messages in ROWS),
    *((nulls(query), NULL if nullable else []) for query, nullable in NULLS),
    *((HEAD + code, [message] if message else []) for code, message in SINGLE),
    *((HEAD + "Q = 'SELECT id FROM elephant WHERE name = %s'\n" + code, []) for code in BOUND_AGAIN),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, elephants: str) -> dict[str, list[str]]:
    """The messages about each of the cases, by the name of its module."""
    directory = tmp_path_factory.mktemp("cases")
    checker = Checker(directory, elephants, elephants)
    for number, (code, _) in enumerate(CASES):
        checker.write(f"case_{number}.py", code)
    checked = checker.check(str(directory))
    assert checked.report["unchecked"] == []
    messages: dict[str, list[str]] = {f"case_{number}.py": [] for number in range(len(CASES))}
    for path, _, _, _, message in checked.faults:
        messages[Path(path).name].append(message)
    return messages


@pytest.mark.parametrize("number", range(len(CASES)))
def test_case(report: dict[str, list[str]], number: int) -> None:
    code, messages = CASES[number]
    assert report[f"case_{number}.py"] == messages, code


def test_aliases_and_classes_of_other_modules(project: Checker) -> None:
    project.write("app/__init__.py", "")
    project.write("app/types.py", HEAD + "Name = NewType('Name', str)\n@dataclass\nclass Row:\n    id: Id\n")
    project.write(
        "app/use.py",
        """
        from app import types
        from app.types import Name, Row
        from howdah.rows import class_row

        def f(name: Name):
            cur = conn.cursor(row_factory=class_row(Row))
            cur.execute("SELECT name AS id FROM elephant WHERE id = %s", [name])
            cur = conn.cursor(row_factory=class_row(types.Row))
            cur.execute("SELECT id FROM elephant WHERE id = %s", [name])
        """,
    )
    assert project.check().messages == [
        "the column 'id' has the type text, which is str, but Row.id is int",
        "parameter 1 has the type integer, but the value is str",
        "parameter 1 has the type integer, but the value is str",
    ]
