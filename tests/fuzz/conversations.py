"""Conversations with a server: all the kinds of exchanges there are.

None depends on what comes back, beyond what the DB-API promises, since what comes back may be spoilt.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import howdah

if TYPE_CHECKING:
    from tests.fuzz.recording import Conversation

CONVERSATIONS: dict[str, Conversation] = {}

#: One value or more of every type, as SQL; the types are told by casts.
VALUES = """
    NULL::int4, true, false, 1::int2, (-2)::int4, 3000000000::int8, 4::oid, 1.5::float4,
    -1e300::float8, 'nan'::float8,
    0::numeric, 12345.6789::numeric, -0.0001::numeric, 1e30::numeric, 'NaN'::numeric, 'Infinity'::numeric,
    'some text'::text, ''::text, 'Größe ½ 🐘'::varchar, 'c'::char(3), 'a name'::name, 'x'::"char",
    '\\x00ff10'::bytea, ''::bytea, '2020-02-29'::date, '0001-01-01'::date, '12:34:56.789'::time,
    '24:00'::time,
    '12:34:56+05:30'::timetz, '2020-02-29 12:34:56.789'::timestamp, '1999-12-31 23:59:59'::timestamp,
    '2020-02-29 12:34:56.789+02'::timestamptz, '1 year 2 mons -3 days 04:05:06.7'::interval,
    '-1 mon'::interval,
    '00000000-0000-4000-8000-00000000ffff'::uuid, '{"a": [1, 2.5, null, "x\\u00e9"]}'::json,
    '{"b": {"c": [true, false]}}'::jsonb, '[]'::jsonb, '"s"'::jsonb,
    '192.168.0.1'::inet, '10.0.0.0/8'::cidr, '::1'::inet, 'fe80::/10'::cidr,
    '08:00:2b:01:02:03'::macaddr, '08:00:2b:01:02:03:04:05'::macaddr8,
    B'10110'::bit(5), B''::varbit, B'101'::varbit, '12.34'::money, 'pg_class'::regclass, '(0,1)'::tid,
    '(1,2)'::point, '[(1,2),(3,4)]'::lseg, '((1,2),(3,4))'::box, '((1,2),(3,4))'::path,
    '((1,2),(3,4))'::polygon,
    '<(1,2),3>'::circle, '{1,2,3}'::line,
    'a fat cat'::tsvector, 'fat & cat'::tsquery, '<a/>'::xml, '16/B374D848'::pg_lsn,
    '1 2'::int2vector, '$.a'::jsonpath,
    '{}'::int4[], '{1,NULL,-3}'::int4[], '{{1,2},{3,4}}'::int8[], '[0:1]={5,6}'::int2[],
    '{1.5,NaN}'::float8[],
    '{a,"b c","d\\"e\\\\",NULL,"NULL"}'::text[], '{2020-02-29}'::date[], '{t,f}'::bool[],
    '{1.50,2}'::numeric[],
    '{"2020-02-29 12:00+00"}'::timestamptz[], '{"(1,2),(3,4)";(5,6),(7,8)}'::box[], '{"{}","[1]"}'::jsonb[],
    '{00000000-0000-4000-8000-00000000ffff}'::uuid[], '{"\\\\x00"}'::bytea[],
    '[1,5)'::int4range, 'empty'::int8range, '(,)'::numrange, '[2020-01-01,)'::daterange,
    '["2020-02-29 12:00","2020-03-01 12:00"]'::tsrange, '(1.5,2.5]'::numrange,
    '{"[1,2)","[5,)"}'::int4range[],
    ROW(1, 'two', NULL, 3.5, ROW(ARRAY[1, 2], 'x"y,z')), ARRAY[ROW(1, 'a'), NULL]
"""
#: What PostgreSQL 14 brought.
MULTIRANGES = (
    "'{[1,2),[5,)}'::int4multirange, '{}'::nummultirange, '{[2020-01-01,2020-02-01)}'::datemultirange"
)

COLUMNS = (
    "i, i * 1000000000::int8, i / 7.0::float8, i * 1.25, i % 2 = 0, 'row' || i, date '2000-01-01' + i, NULL"
)
ROWS = f"SELECT {COLUMNS} FROM generate_series(1, 40) i"
TYPES = ("int4", "int8", "float8", "numeric", "bool", "text", "date", "text")


def conversation(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add a conversation, under the name of its function."""
    CONVERSATIONS[function.__name__] = function
    return function


def said(cur: Any) -> Any:
    """Return all that a cursor tells of its results."""
    found = []
    while True:
        columns = cur.description
        shown = None if columns is None else [(column.name, column.type_code) for column in columns]
        found.append(
            (cur.statusmessage, cur.rowcount, shown, cur.fetchall() if columns is not None else None)
        )
        if not cur.nextset():
            return found


def error(function: Callable[[], Any]) -> Any:
    """Return the kind of the error that a function raises, or what it returns: of most objects, the type."""
    try:
        value = function()
        return value if isinstance(value, (list, int, type(None))) else type(value).__name__
    except IndexError:  # the DB-API wants it of scroll()
        return "IndexError"
    except howdah.Error as error:
        return type(error).__name__, error.sqlstate


@conversation
def queries(conn: Any) -> Any:
    cur = conn.cursor()
    found = [said(cur.execute("SELECT 1, 'a', NULL"))]
    found.append(said(cur.execute("SELECT %s, %s::text, %s", [1, "zwei", None])))
    found.append(said(cur.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)")))
    found.append(
        said(cur.execute("INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 5) i RETURNING *"))
    )
    found.append(said(cur.execute("SELECT 1; SELECT 'two', 2; ; UPDATE t SET name = 'x'")))
    found.append(said(cur.execute("")))
    found.append(said(cur.execute("SELECT FROM t")))
    found.append(said(cur.execute("SELECT name FROM t WHERE id = %(id)s", {"id": 3})))
    return found


@conversation
def rows(conn: Any) -> Any:
    return [said(conn.cursor(binary=binary).execute(ROWS)) for binary in (False, True)]


@conversation
def values_text(conn: Any) -> Any:
    return error(lambda: said(conn.cursor(binary=False).execute(f"SELECT {VALUES}")))


@conversation
def values_binary(conn: Any) -> Any:
    return error(lambda: said(conn.cursor(binary=True).execute(f"SELECT {VALUES}")))


@conversation
def multiranges(conn: Any) -> Any:
    if conn.info.server_version < 140000:
        return None
    return [said(conn.cursor(binary=binary).execute(f"SELECT {MULTIRANGES}")) for binary in (False, True)]


@conversation
def prepared(conn: Any) -> Any:
    cur = conn.cursor()
    found = [
        said(cur.execute("SELECT i, i::text, %s::date FROM generate_series(1, %s::int) i", [None, n]))
        for n in range(9)
    ]
    found.append(said(cur.execute("SELECT i, i::text FROM generate_series(1, 3) i", prepare=True)))
    return found


@conversation
def errors(conn: Any) -> Any:
    found = [
        error(lambda: conn.execute("SELECT 1 / 0")),
        error(lambda: said(conn.execute("SELECT 1 / (10 - i) FROM generate_series(1, 20) i"))),
        error(lambda: conn.execute("SELECT nothing FROM nowhere")),
        error(lambda: conn.execute("syntax error")),
        error(lambda: conn.execute("SELECT 1; SELECT 1 / 0; SELECT 3")),
        error(lambda: conn.execute("SELECT %s::int", ["x"])),
        error(lambda: conn.execute("COPY (SELECT 1) TO STDOUT")),
    ]
    for _ in range(8):
        found.append(error(lambda: said(conn.execute("SELECT 1 / %s", [0]))))
    return [*found, said(conn.execute("SELECT 'still there'"))]


@conversation
def notices(conn: Any) -> Any:
    found: list[Any] = []
    conn.add_notice_handler(
        lambda diagnostic: found.append((diagnostic.severity, diagnostic.message_primary))
    )
    conn.add_notify_handler(lambda notify: found.append((notify.channel, notify.payload)))
    conn.execute(
        "DO $$ BEGIN FOR i IN 1 .. 5 LOOP RAISE NOTICE 'notice %', i; RAISE WARNING 'é'; END LOOP; END $$"
    )
    conn.execute("LISTEN ears")
    conn.execute("NOTIFY ears, 'flap'")
    conn.execute("SELECT pg_notify('ears', 'flap ' || i) FROM generate_series(1, 5) i")
    conn.execute("SET timezone TO 'Asia/Kolkata'")
    found.append(said(conn.execute("SELECT '2020-02-29 12:00+00'::timestamptz")))
    conn.execute("SET client_encoding TO latin1")
    found.append(said(conn.execute("SELECT 'Größe'")))
    return found


@conversation
def transactions(conn: Any) -> Any:
    conn.autocommit = False
    found = [said(conn.execute("SELECT 1"))]
    with conn.transaction():
        found.append(error(lambda: conn.execute("SELECT 1 / 0")))
        with suppress(howdah.Error):
            conn.execute("SELECT 'refused'")
        raise howdah.Rollback
    with conn.transaction("point"):
        found.append(said(conn.execute("SELECT 2")))
    conn.commit()
    found.append(said(conn.execute("SELECT 3")))
    conn.rollback()
    return found, conn.info.transaction_status.name


@conversation
def batches(conn: Any) -> Any:
    cur = conn.cursor()
    cur.execute("CREATE TEMP TABLE t (id int PRIMARY KEY, name text)")
    cur.executemany("INSERT INTO t VALUES (%s, %s)", [(i, f"n{i}") for i in range(50)])
    found = [cur.rowcount]
    cur.executemany(
        "SELECT id, name FROM t WHERE id < %s ORDER BY id", [(i,) for i in range(6)], returning=True
    )
    found.append(said(cur))
    found.append(
        error(lambda: cur.executemany("INSERT INTO t VALUES (%s, %s)", [(100, "a"), (1, "b"), (101, "c")]))
    )
    return found


@conversation
def pipelines(conn: Any) -> Any:
    found = []
    with conn.pipeline() as pipeline:
        cursors = [
            conn.execute("SELECT i, %s::text FROM generate_series(1, %s::int) i", [f"p{n}", n])
            for n in range(12)
        ]
        pipeline.sync()
        found += [said(cur) for cur in cursors]
    for _ in range(2):
        found.append(error(lambda: failing_pipeline(conn)))
    return [*found, said(conn.execute("SELECT 'after'"))]


def failing_pipeline(conn: Any) -> Any:
    with conn.pipeline() as pipeline:
        first = conn.execute("SELECT 1")
        second = conn.execute("SELECT 1 / %s", [0])
        third = conn.execute("SELECT 3")
        pipeline.sync()
        return [error(lambda cur=cur: said(cur)) for cur in (first, second, third)]


@conversation
def portals(conn: Any) -> Any:
    found: list[Any] = []
    with conn.transaction():
        with conn.cursor("declared", scrollable=True) as cur:
            cur.itersize = 7
            cur.execute(ROWS)
            found += [
                cur.fetchone(),
                cur.fetchmany(5),
                error(lambda: cur.scroll(-3)),
                cur.fetchmany(2),
                [row[0] for row in cur],
            ]
        cur = conn.cursor()
        cur.itersize = 9
        cur.execute(ROWS)
        found.append([row[0] for row in cur])
    found.append([row[0] for row in conn.cursor().stream(ROWS)])
    found.append([row[0] for row in conn.cursor().stream(ROWS, size=6)])
    found.append(
        error(
            lambda: [
                row[0] for row in conn.cursor().stream("SELECT 1 / (5 - i) FROM generate_series(1, 9) i")
            ]
        )
    )
    return found


@conversation
def copies(conn: Any) -> Any:
    cur = conn.cursor()
    found: list[Any] = []
    with cur.copy(f"COPY ({ROWS}) TO STDOUT") as copy:
        found.append(b"".join(map(bytes, copy)))
    for format in ("text", "binary"):
        with cur.copy(f"COPY ({ROWS}) TO STDOUT (FORMAT {format})") as copy:
            copy.set_types(TYPES)
            found.append(list(copy.rows()))
    cur.execute("CREATE TEMP TABLE t (id int, name text, day date)")
    for format in ("text", "binary"):
        with cur.copy(f"COPY t FROM STDIN (FORMAT {format})") as copy:
            copy.set_types(("int4", "text", "date"))
            for i in range(30):
                copy.write_row((i, f"name\t{i}\\", None))
        found.append(cur.rowcount)
    found.append(error(lambda: copy_in(cur, "not a number\tx\tx\n")))
    found.append(error(lambda: copy_in(cur, "1\tx\tnot a date\n" * 5000)))
    found.append(error(lambda: cur.copy("COPY nowhere FROM STDIN").__enter__()))
    found.append(error(lambda: copy_out(cur, "SELECT 1 / (30 - i) FROM generate_series(1, 40) i")))
    return [*found, said(cur.execute("SELECT count(*) FROM t"))]


def copy_in(cur: Any, data: str) -> None:
    with cur.copy("COPY t FROM STDIN") as copy:
        copy.write(data)


def copy_out(cur: Any, query: str) -> int:
    with cur.copy(f"COPY ({query}) TO STDOUT") as copy:
        return sum(len(block) for block in copy)


@conversation
def large_objects(conn: Any) -> Any:
    found: list[Any] = []
    with conn.transaction():
        with conn.lobject(0, "w") as large_object:
            found.append(large_object.write(b"elephant" * 100))
            found.append(large_object.seek(4))
        with conn.lobject(large_object.oid, "r") as large_object:
            found.append(large_object.read(12))
            found.append(large_object.read())
        found.append(error(lambda: conn.lobject(1, "r")))
        raise howdah.Rollback
    return found


@conversation
def types_by_name(conn: Any) -> Any:
    from tests.plugins.types.composed import register

    found = []
    register(conn)
    conn.execute("SET search_path TO composed, public")
    for binary in (False, True):
        cur = conn.cursor(binary=binary)
        found.append(
            said(
                cur.execute(
                    """SELECT 'so so'::mood, ARRAY['SAD', NULL]::mood[], 5::positive, '[a,c)'::textrange,
                    '{[a,c),[d,)}'::textmultirange, 'a=>1,b=>NULL,"c,d"=>"e\\"f"'::hstore,
                    ROW(1.5, 'x y')::trunk,
                    ROW('Jumbo', '1860-12-25', 'SAD', '{SAD,so so}', '{1,2}', 'a=>b', '[1.5,2)',
                    ROW(1, 'a'), ARRAY[ROW(2, NULL)]::trunk[])::elephant"""
                )
            )
        )
    return found


if find_spec("pyarrow"):

    @conversation
    def arrow(conn: Any) -> Any:
        cur = conn.cursor()
        lists = "SELECT ARRAY[i, NULL], i::text, i::numeric(9, 2), now() - now() FROM generate_series(1, 9) i"
        try:
            return [cur.execute_arrow(query).fetch_arrow().to_pydict() for query in (ROWS, lists)]
        except (OverflowError, ValueError):  # pyarrow's, of text that is not UTF-8, and of dates far off
            return "not of Python"
