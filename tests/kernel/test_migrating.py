"""What the pages of docs/migrating say about psycopg2 and asyncpg, compared with these drivers."""

from __future__ import annotations

import datetime
import uuid
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.conninfo import conninfo_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterator

NAIVE = datetime.datetime(2026, 1, 2, 3)


@pytest.fixture
def old(dsn: str) -> Iterator[Any]:
    """A connection of psycopg2."""
    psycopg2 = pytest.importorskip("psycopg2")
    conn = psycopg2.connect(dsn)
    yield conn
    conn.close()


def psycopg2_value(old: Any, query: str, *params: object) -> Any:
    """Return a value that psycopg2 reads."""
    with old.cursor() as cur:
        cur.execute(query, params)
        return cur.fetchone()[0]


def value(conn: howdah.Connection, query: str, *params: object) -> Any:
    """Return a value that howdah reads."""
    row = conn.execute(query, params or None).fetchone()
    assert row is not None
    return row[0]


def test_psycopg2_parameters(old: Any, conn: howdah.Connection) -> None:
    conn.autocommit = True
    assert psycopg2_value(old, "SELECT 1 WHERE 1 IN %s", (1, 2)) == 1
    with pytest.raises(howdah.errors.SyntaxError):
        conn.execute("SELECT 1 WHERE 1 IN %s", [(1, 2)])
    assert value(conn, "SELECT 1 WHERE 1 = ANY(%s)", [1, 2]) == 1
    # In quotes, the placeholder is text, and PostgreSQL reads its number.
    assert psycopg2_value(old, "SELECT interval '%s days'", 3) == datetime.timedelta(days=3)
    assert value(conn, "SELECT interval '%s days'", 3) == datetime.timedelta(days=1)
    assert value(conn, "SELECT make_interval(days => %s)", 3) == datetime.timedelta(days=3)
    assert psycopg2_value(old, "SELECT 1 WHERE NULL IS %s", None) == 1
    with pytest.raises(howdah.errors.SyntaxError):
        conn.execute("SELECT 1 WHERE NULL IS %s", [None])
    assert psycopg2_value(old, "SELECT 1; SELECT %s", 2) == 2
    with pytest.raises(howdah.errors.SyntaxError):
        conn.execute("SELECT 1; SELECT %s", [2])
    client = howdah.ClientCursor(conn)
    assert client.execute("SELECT interval '%s days' WHERE NULL IS %s", [3, None]).fetchall()
    with pytest.raises(howdah.errors.SyntaxError):
        client.execute("SELECT 1 WHERE 1 IN %s", [(1, 2)])


def test_psycopg2_transactions(old: Any, conn: howdah.Connection) -> None:
    with pytest.raises(Exception, match="division"):
        psycopg2_value(old, "SELECT 1 / 0")
    old.commit()  # says nothing
    with pytest.raises(howdah.errors.DivisionByZero):
        conn.execute("SELECT 1 / 0")
    with pytest.raises(howdah.errors.InFailedSqlTransaction):
        conn.commit()
    with old:
        pass
    assert not old.closed


def test_psycopg2_values(old: Any, conn: howdah.Connection) -> None:
    number = "12345678-1234-5678-9abc-def012345678"
    assert psycopg2_value(old, "SELECT %s::uuid", number) == number
    assert value(conn, "SELECT %s::uuid", number) == uuid.UUID(number)
    assert isinstance(psycopg2_value(old, "SELECT 'x'::bytea"), memoryview)
    assert value(conn, "SELECT 'x'::bytea") == b"x"
    assert psycopg2_value(old, "SELECT 'infinity'::date") == datetime.date.max
    with pytest.raises(howdah.DataError):
        value(conn, "SELECT 'infinity'::date")


@pytest.mark.anyio
async def test_asyncpg_values(dsn: str, aconn: howdah.AsyncConnection) -> None:
    asyncpg = pytest.importorskip("asyncpg")
    settings = conninfo_to_dict(dsn)
    old = await asyncpg.connect(
        host=settings["host"],
        port=int(settings["port"]),
        user=settings["user"],
        password=settings.get("password"),
        database=settings.get("dbname"),
        server_settings={"timezone": "Asia/Kolkata"},
    )
    try:
        await aconn.execute("SELECT set_config('timezone', 'Asia/Kolkata', false)")
        with pytest.raises(asyncpg.DataError):
            await old.fetchval("SELECT $1::date", "2026-01-02")
        assert await aconn.fetchval("SELECT $1::date", "2026-01-02") == NAIVE.date()
        assert await old.fetchval("""SELECT '{"a": 1}'::jsonb""") == '{"a": 1}'
        assert await aconn.fetchval("""SELECT '{"a": 1}'::jsonb""") == {"a": 1}
        local = await old.fetchval("SELECT $1::timestamptz", NAIVE)
        assert local == NAIVE.astimezone()
        session = await aconn.fetchval("SELECT $1::timestamptz", NAIVE)
        assert session.replace(tzinfo=None) == NAIVE
        assert await old.fetchval("SELECT row(1, 'a')") == (1, "a")
        assert await aconn.fetchval("SELECT row(1, 'a')") == ("1", "a")
        assert await old.fetchval("SELECT $1::int[]", (1, 2)) == [1, 2]
        assert await old.fetchval("""SELECT 'r'::"char" """) == b"r"
        assert await aconn.fetchval("""SELECT 'r'::"char" """) == "r"
    finally:
        await old.close()
