"""howdah_pydantic: rows that are validated, and models as JSON."""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from typing_extensions import TypedDict

import howdah
from howdah_pydantic import model_row

pydantic = pytest.importorskip("pydantic")
from pydantic import BaseModel, ConfigDict, Field, PositiveInt  # noqa: E402


class Keeper(BaseModel):
    name: str
    since: dt.date


class Elephant(BaseModel):
    name: str
    weight: PositiveInt
    keeper: Keeper | None = None


@dataclasses.dataclass
class Plain:
    name: str
    weight: int


@pydantic.dataclasses.dataclass
class Rich:
    name: str
    weight: PositiveInt


class Typed(TypedDict):
    name: str
    weight: int


class Named(NamedTuple):
    name: str
    weight: int


HANNO = "SELECT 'Hanno' AS name, 2000 AS weight"
KEEPER = """, '{"name": "Ana", "since": "2026-01-02"}'::{type} AS keeper"""


def rows(conn, model, query, **options):
    return conn.cursor(row_factory=model_row(model, **options)).execute(query).fetchall()


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Elephant, Elephant(name="Hanno", weight=2000)),
        (Plain, Plain("Hanno", 2000)),
        (Rich, Rich("Hanno", 2000)),
        (Typed, {"name": "Hanno", "weight": 2000}),
        (Named, Named("Hanno", 2000)),
        (dict[str, Any], {"name": "Hanno", "weight": 2000}),
    ],
)
def test_row(howdah_conn, model, expected):
    (got,) = rows(howdah_conn, model, HANNO)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize("type_name", ["json", "jsonb"])
def test_json_columns_become_models(howdah_conn, type_name):
    query = HANNO + KEEPER.replace("{type}", type_name)
    (got,) = rows(howdah_conn, Elephant, query)
    assert got == Elephant(name="Hanno", weight=2000, keeper=Keeper(name="Ana", since=dt.date(2026, 1, 2)))


@pytest.mark.parametrize(
    ("model", "query", "message"),
    [
        (
            Elephant,
            "SELECT 'Hanno' AS name, -1 AS weight",
            r"a row is not a valid Elephant: column 'weight' \(int4\): .*greater than 0, got .* type 'int'",
        ),
        (
            Elephant,
            "SELECT NULL AS name, 1 AS weight",
            r"column 'name' \(text\): .*valid string, got a value of type 'NoneType'",
        ),
        (Elephant, "SELECT 'Hanno' AS name", "there is no column 'weight'"),
        (
            Elephant,
            HANNO + """, '{"name": "Ana", "since": "soon"}'::jsonb AS keeper""",
            r"column 'keeper' \(jsonb\), at since: .*valid date.*, got a value of type 'str'",
        ),
        (
            Elephant,
            HANNO + ", '{}'::jsonb AS keeper",
            r"column 'keeper' \(jsonb\), at name: Field required; column 'keeper' \(jsonb\), at since: Field",
        ),
        (Plain, "SELECT 1 AS name, 'x' AS weight", r"'name' \(int4\): .*; column 'weight' \(text\)"),
        (int, "SELECT 1 AS a", "a row is not a valid int"),
        (
            Elephant | Plain,
            "SELECT 'x' AS weight, 'y' AS name",
            r"column 'weight' \(text\): .*got a value of type 'str'",
        ),
    ],
)
def test_what_is_not_valid(howdah_conn, model, query, message):
    with pytest.raises(howdah.DataError, match=message) as raised:
        rows(howdah_conn, model, query)
    assert isinstance(raised.value.__cause__, pydantic.ValidationError)
    assert howdah_conn.execute("SELECT 1").fetchone() == (1,)


def test_strict(howdah_conn):
    query = "SELECT 'Hanno' AS name, 2000.0::numeric AS weight"
    assert rows(howdah_conn, Elephant, query) == [Elephant(name="Hanno", weight=2000)]
    with pytest.raises(
        howdah.DataError, match=r"column 'weight' \(numeric\): .*got a value of type 'Decimal'"
    ):
        rows(howdah_conn, Elephant, query, strict=True)


def test_aliases(howdah_conn):
    class Aliased(BaseModel):
        model_config = ConfigDict(extra="forbid")
        weight: PositiveInt = Field(alias="weightKg")

    assert rows(howdah_conn, Aliased, 'SELECT 5 AS "weightKg"')[0].weight == 5
    with pytest.raises(howdah.DataError, match=r"column 'weightKg' \(int4\)"):
        rows(howdah_conn, Aliased, 'SELECT 0 AS "weightKg"')
    with pytest.raises(howdah.DataError, match=r"column 'more' \(int4\): Extra inputs are not permitted"):
        rows(howdah_conn, Aliased, 'SELECT 1 AS "weightKg", 2 AS more')


def test_no_result(howdah_conn):
    cur = howdah_conn.cursor(row_factory=model_row(Elephant))
    cur.execute("SET application_name TO 'x'")
    with pytest.raises(howdah.ProgrammingError):
        cur.fetchone()


class Document(BaseModel):
    number: int = Field(serialization_alias="n")
    price: Decimal
    day: dt.date
    text: str = "é\"'\\"
    nested: list[Keeper] = []


def test_check_dumper(check_adapter):
    documents = [
        Document(number=1, price=Decimal("1.50"), day=dt.date(2026, 11, 22)),
        Document(
            number=2, price=Decimal(0), day=dt.date(1, 1, 1), nested=[Keeper(name="", since=dt.date.max)]
        ),
    ]
    check_adapter(
        "jsonb", documents, returns=lambda document: document.model_dump(mode="json", by_alias=True)
    )


def test_there_and_back(howdah_conn):
    howdah_conn.execute("CREATE TEMP TABLE elephant (name text, weight int, keeper jsonb, other json)")
    keeper = Keeper(name="Ana", since=dt.date(2026, 1, 2))
    howdah_conn.execute("INSERT INTO elephant VALUES ('Hanno', 2000, %s, %s)", [keeper, keeper])
    query = "SELECT name, weight, keeper FROM elephant"
    assert rows(howdah_conn, Elephant, query) == [Elephant(name="Hanno", weight=2000, keeper=keeper)]
    assert howdah_conn.execute("SELECT other FROM elephant").fetchone() == (keeper.model_dump(mode="json"),)


def test_what_json_cannot_have(howdah_conn):
    class Anything(BaseModel):
        value: Any

    with pytest.raises(howdah.DataError, match="the model Anything cannot be written as JSON"):
        howdah_conn.execute("SELECT %s", [Anything(value=object())])


@pytest.mark.anyio
async def test_async(howdah_aconn):
    cur = await howdah_aconn.cursor(row_factory=model_row(Elephant)).execute(HANNO)
    assert await cur.fetchone() == Elephant(name="Hanno", weight=2000)
    with pytest.raises(howdah.DataError, match="column 'weight'"):
        await (await cur.execute("SELECT 'Hanno' AS name, 0 AS weight")).fetchone()
    keeper = Keeper(name="Ana", since=dt.date(2026, 1, 2))
    cur = await howdah_aconn.execute("SELECT %s", [keeper])
    assert await cur.fetchone() == ({"name": "Ana", "since": "2026-01-02"},)


def test_pydantic_is_not_imported(howdah_dsn):
    code = """
import sys
import howdah
with howdah.connect(sys.argv[1]) as conn:
    conn.execute("SELECT %s", [1]).fetchone()
    assert "howdah_pydantic" in sys.modules
print([name for name in sys.modules if name.startswith("pydantic")])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, howdah_dsn], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
