"""The error for a query whose parameters were forgotten says so, whichever way the query takes."""

from __future__ import annotations

import pytest

import howdah

PERCENT = "came without parameters, so that {} is no placeholder"
NUMBERED = r"came without parameters: pass them, with \$1"

#: Queries, and the placeholder that their errors are at.
FORGOTTEN = [
    ("select %s", "%s"),
    ("select 1 where 2 = %s and true", "%s"),
    ("select 1 where 2=%s", "%s"),
    ("select 1 from pg_class where oid>%b", "%b"),
    ("insert into pg_class values (1,%t, 2)", "%t"),
    ("select 1 where 2 = %(name)s", "%(name)s"),
    ("select 1 where 2=%(name)s", "%(name)s"),
    ("select 'é', %s", "%s"),
    ("select 1; select %s", "%s"),
]


def hint(error: howdah.Error) -> str:
    """Return the hint of an error, which its message has, too."""
    found = error.diag.message_hint or ""
    assert found in str(error)
    return found


@pytest.mark.parametrize(("query", "placeholder"), FORGOTTEN)
def test_percent(conn, query, placeholder):
    with pytest.raises(howdah.ProgrammingError) as caught:
        conn.execute(query)
    assert PERCENT.format(placeholder) in hint(caught.value)


@pytest.mark.parametrize(
    "way",
    [
        "bytes",
        "sql",
        "prepared",
        "binary",
        "client",
        "itersize",
        "stream",
        "named",
        "many",
        "copy",
        "pipeline",
    ],
)
def test_every_way(conn, way):
    query = "select %s"
    cur = howdah.ClientCursor(conn) if way == "client" else conn.cursor(*["n"][: way == "named"])
    if way == "itersize":
        cur.itersize = 10
    with pytest.raises(howdah.errors.SyntaxError) as caught:
        if way == "stream":
            next(cur.stream(query))
        elif way == "many":
            cur.executemany(query, [None])
        elif way == "copy":
            with cur.copy(f"copy ({query}) to stdout"):
                pass
        elif way == "pipeline":
            with conn.pipeline():
                cur.execute(query)
        elif way == "prepared":
            cur.execute(query, prepare=True)
        elif way == "binary":
            cur.execute(query, binary=True, prepare=True)
        elif way == "sql":
            cur.execute(howdah.sql.SQL("select {}").format(howdah.sql.Placeholder()))
        else:
            cur.execute(query.encode() if way == "bytes" else query)
    assert hint(caught.value).count("came without parameters") == 1
    conn.rollback()
    cur.close()


@pytest.mark.anyio
async def test_asynchronously(aconn):
    with pytest.raises(howdah.errors.SyntaxError) as caught:
        await aconn.execute("select %s")
    assert "came without parameters" in hint(caught.value)


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("query", ["select $1", "select $1::int", "select 1 where 2 = $1"])
def test_numbered(conn, query, autocommit):
    conn.autocommit = autocommit
    for run in (conn.execute, conn.fetch, howdah.RawCursor(conn).execute, howdah.ClientCursor(conn).execute):
        with pytest.raises(howdah.Error, match=NUMBERED) as caught:
            run(query)
        assert hint(caught.value)
        conn.rollback()


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("select 1 %%s, %s", (1,)),
        ("select %%s", ()),
        ("select 5 % nothing", None),
        ("selct '%s'", None),
        ("select nothing, '%s'", None),
        ("select '$1' from nothing", None),
        ("selct $1", None),
        ("select '$5', null = array[]", None),
        ("do $$ begin perform $1; end $$", None),
        ("select 7 %bogus", None),
        ("create function nothing(int) returns int language sql as 'select $2'", None),
        ("CREATE OR REPLACE\nPROCEDURE nothing(int) LANGUAGE sql AS 'select $2'", None),
    ],
)
def test_other_errors_have_no_such_hint(conn, query, params):
    for cls in (howdah.Cursor, howdah.ClientCursor):
        with pytest.raises(howdah.ProgrammingError) as caught:
            cls(conn).execute(query, params)
        assert "came without" not in str(caught.value)
        conn.rollback()


def test_with_parameters_the_hint_is_the_servers(conn):
    with pytest.raises(howdah.errors.UndefinedFunction) as caught:
        conn.execute("select %s + 'a'::bytea", (1,))
    assert "parameters" not in hint(caught.value)
