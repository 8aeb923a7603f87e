"""COPY in one call."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from pathlib import Path

import pytest

import howdah

ASYNC = True

if ASYNC:
    pytestmark = pytest.mark.anyio
else:
    pass

ROWS = [(1, "Hanno", dt.date(1510, 1, 1)), (2, "tab\tand \\", None), (3, None, dt.date(2000, 2, 29))]


@pytest.fixture
async def auto(aconn):
    await aconn.set_autocommit(True)
    await aconn.execute("CREATE TEMP TABLE elephant (id int, name text, born date)")
    return aconn


async def stored(conn, table="elephant"):
    return await conn.fetch(f"SELECT * FROM {table} ORDER BY 1")


async def test_records(auto):
    assert await auto.copy_records_to_table("elephant", records=ROWS) == "COPY 3"
    assert await stored(auto) == ROWS


async def test_records_of_any_kind(auto):
    record = await auto.fetchrow("SELECT 1 AS id, 'Hanno' AS name, date '1510-01-01' AS born")
    records = (row for row in [record, list(ROWS[1]), ROWS[2]])
    assert await auto.copy_records_to_table("elephant", records=records) == "COPY 3"
    assert await stored(auto) == ROWS
    assert await auto.copy_records_to_table("elephant", records=[]) == "COPY 0"


if ASYNC:

    async def test_records_that_come_asynchronously(auto):
        async def records():
            for row in ROWS:
                yield row

        assert await auto.copy_records_to_table("elephant", records=records()) == "COPY 3"
        assert await stored(auto) == ROWS

        async def data():
            yield b"4\tx\t"
            yield b"\\N\n"

        assert await auto.copy_to_table("elephant", source=data()) == "COPY 1"

        blocks = []

        async def collect(block):
            blocks.append(block)

        assert await auto.copy_from_query("SELECT 1, 'x'", output=collect) == "COPY 1"
        assert b"".join(blocks) == b"1\tx\n"

else:
    pass


async def test_columns_and_schema(auto):
    await auto.execute('CREATE SCHEMA "Zoo"')
    try:
        await auto.execute(
            'CREATE TABLE "Zoo"."An ""imal"'
            ' (a int DEFAULT 5, "b c" numeric, g int GENERATED ALWAYS AS (a * 2) STORED)'
        )
        options = {"schema_name": "Zoo"}
        rows = [(Decimal("1.5"),), (None,)]
        status = await auto.copy_records_to_table('An "imal', records=rows, columns=["b c"], **options)
        assert status == "COPY 2"
        assert await auto.copy_records_to_table('An "imal', records=[(1, Decimal(2))], **options) == "COPY 1"
        assert await stored(auto, '"Zoo"."An ""imal"') == [
            (1, Decimal(2), 2),
            (5, Decimal("1.5"), 10),
            (5, None, 10),
        ]
        out = io.BytesIO()
        await auto.copy_from_table('An "imal', output=out, columns=["a"], **options)
        assert out.getvalue() == b"5\n5\n1\n"
    finally:
        await auto.execute('DROP SCHEMA "Zoo" CASCADE')


async def test_where(auto):
    assert await auto.copy_records_to_table("elephant", records=ROWS, where="id <> 2") == "COPY 2"
    assert await auto.copy_to_table("elephant", source=b"7\tx\t\\N\n", where="id < 5") == "COPY 0"


async def test_values_are_dumped_to_the_types_of_the_columns(auto):
    await auto.execute("CREATE DOMAIN pg_temp.small AS int2; CREATE DOMAIN pg_temp.smaller AS pg_temp.small")
    await auto.execute(
        "CREATE TEMP TABLE t (a pg_temp.smaller, b float4, c varchar(5), d jsonb, e int8[], f numeric)"
    )
    rows = [(1, 1, "x", {"k": [1]}, [1, 2], 3), (None,) * 6]
    assert await auto.copy_records_to_table("t", records=rows) == "COPY 2"
    assert await stored(auto, "t") == rows


async def test_types_without_a_binary_dumper_are_sent_as_text(auto):
    await auto.execute("CREATE TYPE pg_temp.mood AS ENUM ('sad', 'glad')")
    await auto.execute("CREATE TEMP TABLE t (a int, b pg_temp.mood)")
    assert await auto.copy_records_to_table("t", records=[(1, "glad"), (2, None)]) == "COPY 2"
    assert await stored(auto, "t") == [(1, "glad"), (2, None)]


async def test_nothing_is_stored_after_an_error(auto):
    with pytest.raises(howdah.DataError, match="row 2 of the COPY"):
        await auto.copy_records_to_table("elephant", records=[ROWS[0], ("x", None, None)])
    with pytest.raises(howdah.DataError):
        await auto.copy_records_to_table("elephant", records=[ROWS[0], (1,)])

    def records():
        yield ROWS[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await auto.copy_records_to_table("elephant", records=records())
    with pytest.raises(howdah.errors.UndefinedTable):
        await auto.copy_records_to_table("unicorn", records=[])
    with pytest.raises(howdah.errors.UndefinedColumn):
        await auto.copy_records_to_table("elephant", records=[(1,)], columns=["horn"])
    assert await stored(auto) == []


async def test_files(auto, tmp_path):
    await auto.copy_records_to_table("elephant", records=ROWS)
    path = tmp_path / "elephants"
    assert await auto.copy_from_table("elephant", output=path, format="binary") == "COPY 3"
    for source in (path, str(path)):
        await auto.execute("TRUNCATE elephant")
        assert await auto.copy_to_table("elephant", source=source, format="binary") == "COPY 3"
        assert await stored(auto) == ROWS
    with path.open("wb") as file:
        await auto.copy_from_table("elephant", output=file, format="binary")
    await auto.execute("TRUNCATE elephant")
    with path.open("rb") as file:
        assert await auto.copy_to_table("elephant", source=file, format="binary") == "COPY 3"
    assert await stored(auto) == ROWS
    with pytest.raises(FileNotFoundError):
        await auto.copy_to_table("elephant", source=tmp_path / "none")
    assert await auto.fetchval("SELECT 1") == 1


async def test_a_file_is_replaced_when_the_data_is_complete(auto, tmp_path):
    path = tmp_path / "elephants"
    path.write_bytes(b"old")
    with pytest.raises(howdah.errors.UndefinedTable):
        await auto.copy_from_table("unicorn", output=path)
    with pytest.raises(howdah.ProgrammingError):
        await auto.copy_from_query("SELECT $1", output=path)
    with pytest.raises(howdah.errors.DivisionByZero):
        await auto.copy_from_query("SELECT 1 / (99999 - g) FROM generate_series(1, 100000) AS g", output=path)
    with pytest.raises(howdah.errors.QueryTimeout):
        await auto.copy_from_query("SELECT 1, pg_sleep(60)", output=str(path), timeout=0.1)
    await auto.execute("TRUNCATE elephant")
    assert path.read_bytes() == b"old"
    assert await auto.copy_from_table("elephant", output=path) == "COPY 0"
    assert path.read_bytes() == b""
    assert [each.name for each in tmp_path.iterdir()] == ["elephants"]
    with pytest.raises(FileNotFoundError):
        await auto.copy_from_table("elephant", output=tmp_path / "none" / "elephants")
    with pytest.raises(IsADirectoryError):
        await auto.copy_from_table("elephant", output=tmp_path)
    assert await auto.copy_from_query("SELECT 1", output="/dev/null") == "COPY 1"
    assert not Path("/dev/null").is_file()


async def test_functions_and_iterables(auto):
    blocks: list[bytes] = []
    assert await auto.copy_from_query("SELECT $1::int", 1, output=blocks.append) == "COPY 1"
    assert b"".join(blocks) == b"1\n"
    assert await auto.copy_to_table("elephant", source=[b"1\tx", b"\t\\N\n"]) == "COPY 1"
    assert await auto.copy_to_table("elephant", source=io.StringIO("2\té\t\\N\n")) == "COPY 1"
    assert await stored(auto) == [(1, "x", None), (2, "é", None)]


async def test_options(auto):
    await auto.copy_records_to_table("elephant", records=[(1, "a;'b", None)])
    out = io.BytesIO()
    csv = {"format": "csv", "header": True, "delimiter": ";", "null": "NIX", "quote": "'", "escape": "\\"}
    await auto.copy_from_table("elephant", output=out, force_quote=["name"], encoding="latin1", **csv)
    assert out.getvalue() == b"id;name;born\n1;'a;\\'b';NIX\n"
    await auto.execute("TRUNCATE elephant")
    data = out.getvalue()
    assert await auto.copy_to_table("elephant", source=data, **csv, force_not_null=["name"]) == "COPY 1"
    assert await stored(auto) == [(1, "a;'b", None)]
    out = io.BytesIO()
    await auto.copy_from_query("SELECT 1 AS a, 'x' AS b", output=out, format="csv", force_quote=True)
    assert out.getvalue() == b'"1","x"\n'


async def test_the_parameters_of_a_query(auto):
    out = io.BytesIO()
    query = "SELECT '$1', $1::text, $2::int - $3, a$1.x FROM (SELECT 9 AS x) AS a$1 -- $4"
    await auto.copy_from_query(query, "o'\\", 5, -1, output=out)
    assert out.getvalue() == b"$1\to'\\\\\t6\t9\n"
    with pytest.raises(howdah.ProgrammingError, match=r"\$1, \$2, but 1 parameters"):
        await auto.copy_from_query("SELECT $1, $2", 1, output=out)
    with pytest.raises(howdah.ProgrammingError, match=r"\(none\)"):
        await auto.copy_from_query("SELECT 1", 1, output=out)
    out = io.BytesIO()
    composed = howdah.sql.SQL("SELECT $1::int AS {}").format(howdah.sql.Identifier("$1"))
    await auto.copy_from_query(composed, 1, output=out, format="csv", header=True)
    assert out.getvalue() == b"$1\n1\n"


@pytest.mark.parametrize("nothing", [1, None])
async def test_wrong_sources_and_outputs(auto, nothing):
    with pytest.raises(TypeError, match="source must be"):
        await auto.copy_to_table("elephant", source=nothing)
    with pytest.raises(TypeError, match="output must be"):
        await auto.copy_from_table("elephant", output=nothing)
    assert await auto.fetchval("SELECT 1") == 1


async def test_an_output_that_fails(auto):
    def fail(block):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await auto.copy_from_query("SELECT generate_series(1, 100000)", output=fail)
    assert await auto.fetchval("SELECT 1") == 1
