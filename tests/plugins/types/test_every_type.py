"""Every type of PostgreSQL: the same value of the same Python type in every format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah import NotSupportedError
from howdah.adapt import CompositeInfo
from howdah.errors import UndefinedFunction
from howdah.pq import Format
from howdah_types.composite import register_composite
from tests.plugins.types.adapting import ADAPTERS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: By type: values as the server reads them.
VALUES: dict[str, list[str]] = {
    "bool": ["t", "f"],
    "int2": ["-32768", "32767"],
    "int4": ["-2147483648", "0"],
    "int8": ["9223372036854775807"],
    "oid": ["4294967295"],
    "float4": ["3.14", "-Infinity", "1e-45"],
    "float8": ["3.14", "1e300", "-0"],
    "numeric": ["1.50", "-1e-20", "0.000", "123456789012345678901234567890.1", "Infinity"],
    "money": ["-1234.5"],
    "text": ["", "é\n\t\\'", "NULL"],
    "varchar": ["a, b"],
    "bpchar": ["a  "],
    '"char"': ["x", "", "\\303"],
    "name": ["a b"],
    "refcursor": ["c1"],
    "xml": ["<a>é</a>"],
    "bytea": ["\\x", "\\x00ff5c"],
    "uuid": ["12345678-1234-5678-9abc-def012345678"],
    "json": ['{"a": [1, null, "é"]}', "null", "1.5"],
    "jsonb": ['{"a": [1, null, "é"]}', '"NULL"'],
    "jsonpath": ['$."a"[*]?(@ > 1)'],
    "date": ["2020-02-29", "0001-01-01"],
    "time": ["01:02:03.5"],
    "timetz": ["01:02:03.000004-03:30"],
    "timestamp": ["2020-02-29 01:02:03.5"],
    "timestamptz": ["2020-02-29 01:02:03.5+00", "9999-12-31 12:00+00"],
    "interval": ["1 year -2 days +03:04:05.6", "-1 mon"],
    "inet": ["1.2.3.4/24", "::1"],
    "cidr": ["10.0.0.0/8", "2001:db8::/32"],
    "macaddr": ["08:00:2b:01:02:03"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "bit": ["1"],
    "varbit": ["", "10101010101"],
    "point": ["(1,-2.5)"],
    "line": ["{1,2,3}"],
    "lseg": ["[(1,2),(3,4)]"],
    "box": ["(3,4),(1,2)"],
    "path": ["[(1,2),(3,4)]", "((1,2))"],
    "polygon": ["((1,2),(3,4),(5,6e300))"],
    "circle": ["<(1,2),3>"],
    "tsvector": ["'a':1A 'b':2,3", ""],
    "tsquery": ["'a' & !'b':*B | 'c' <-> 'd'"],
    "pg_lsn": ["16/B374D848"],
    "tid": ["(4294967295,1)"],
    "xid": ["4294967295"],
    "cid": ["0"],
    "xid8": ["18446744073709551615"],
    "pg_snapshot": ["10:20:10,14", "1:1:"],
    "txid_snapshot": ["10:20:10,14"],
    "int2vector": ["1 -2"],
    "oidvector": ["23 4294967295"],
    "regclass": ["pg_class", "-", "999999999"],
    "regtype": ["integer", "character varying"],
    "regproc": ["now"],
    "regprocedure": ["lower(text)"],
    "regoper": ["||/"],
    "regoperator": ["+(integer,integer)"],
    "regnamespace": ["pg_catalog"],
    "regrole": ["pg_monitor"],
    "regconfig": ["english"],
    "regdictionary": ["simple"],
    "regcollation": ['"C"'],
    "aclitem": ["pg_monitor=r/pg_monitor"],
    "int4range": ["[1,5)", "empty", "(,)"],
    "int8range": ["[1,)"],
    "numrange": ["(1.50,2]"],
    "daterange": ["[2020-01-01,2020-01-02)"],
    "tsrange": ["[2020-01-01 01:02:03,2020-01-02)"],
    "tstzrange": ["[2020-01-01 01:02:03+00,)"],
    "int4multirange": ["{[1,5),[7,9)}", "{}"],
    "int8multirange": ["{[1,)}"],
    "nummultirange": ["{(1.50,2]}"],
    "datemultirange": ["{[2020-01-01,2020-01-02)}"],
    "tsmultirange": ["{[2020-01-01 01:02:03,2020-01-02)}"],
    "tstzmultirange": ["{[2020-01-01 01:02:03+00,)}"],
}
#: Types that no value can be written of, and where the server has some: an expression.
MADE: dict[str, str] = {
    "pg_node_tree": "(SELECT adbin FROM pg_attrdef WHERE adrelid = 'made'::regclass)",
    "pg_ndistinct": "(SELECT stxdndistinct FROM pg_statistic_ext_data"
    " WHERE stxdndistinct IS NOT NULL LIMIT 1)",
    "pg_dependencies": "(SELECT stxddependencies FROM pg_statistic_ext_data"
    " WHERE stxddependencies IS NOT NULL LIMIT 1)",
    "pg_mcv_list": "(SELECT stxdmcv FROM pg_statistic_ext_data WHERE stxdmcv IS NOT NULL LIMIT 1)",
    "anyarray": "(SELECT most_common_vals FROM pg_stats WHERE tablename = 'made' AND attname = 'a')",
    "cstring": "textout('é')",
    "unknown": "NULL",
}
#: Those that are in no column of any table, view or function to be called.
NOWHERE = {"gtsvector", "pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"}
#: Types whose values in binary do not tell all that their text does.
TEXT_ONLY = {
    *(name for name in VALUES if name.startswith("reg")),
    *("money", "aclitem", "gtsvector", "anyarray", "pg_ndistinct", "pg_dependencies", "pg_mcv_list"),
    *("pg_brin_bloom_summary", "pg_brin_minmax_multi_summary"),
}


@pytest.fixture(scope="module")
def shared(dsn: str) -> Iterator[howdah.Connection[Any]]:
    """One connection for all types."""
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("SET lc_monetary TO 'C'")
        yield conn


def test_none_is_missing(conn):
    names = {
        '"char"' if name == "char" else name
        for (name,) in conn.execute(
            "SELECT typname FROM pg_type WHERE typtype IN ('b', 'r', 'm')"
            " AND typnamespace = 'pg_catalog'::regnamespace"
            " AND typsubscript <> 'array_subscript_handler'::regproc"
        )
    }
    assert names <= {*VALUES, *MADE, *NOWHERE}
    assert {info.name for info in ADAPTERS.types} == {*VALUES, *MADE, *NOWHERE, "record", "void"}
    for name in names:
        oid = ADAPTERS.types.get_oid(name)
        for format in Format:
            assert ADAPTERS.get_loader(oid, format) is not None
        assert ADAPTERS.get_loader(oid, Format.BINARY).lossless == (name not in TEXT_ONLY)


def assert_same(conn: Any, expression: str, lossless: bool) -> Any:
    """Assert that an expression is the same in all ways that a query can have it; return the value."""
    query = f"SELECT {expression} AS c"
    (expected,) = conn.execute(query, binary=False, prepare=False).fetchone()
    expected = seen(expected)
    for prepare in (False, True, True):
        for binary in (False, True, None):
            if prepare or lossless or not binary:
                cur = conn.execute(query, prepare=prepare, binary=binary)
                assert seen(cur.fetchone()[0]) == expected, (prepare, binary)
                continue
            # Of aclitem it is the server that says so, when the query is executed.
            with pytest.raises((NotSupportedError, UndefinedFunction), match="binary") as error:
                conn.execute(query, prepare=prepare, binary=binary).fetchone()
            assert error.type is UndefinedFunction or str(error.value).startswith("column 'c' (1): ")
    with conn.cursor("named", binary=True, withhold=True) as cur:
        assert seen(cur.execute(query).fetchone()[0]) == expected
    return expected


def seen(value: Any) -> Any:
    """Return a value with the Python types in it, and NaN and minus zero told apart."""
    return repr(value)


def in_array(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@pytest.mark.parametrize("name", VALUES)
def test_type(shared, name):
    if name == "xml":
        try:
            shared.execute("SELECT xml '<a/>'")
        except NotSupportedError:
            pytest.skip("this server is built without libxml")
    lossless = name not in TEXT_ONLY
    for value in VALUES[name]:
        value = (
            value if name != "numeric" or value != "Infinity" or shared.info.server_version >= 140000 else "1"
        )
        scalar = assert_same(shared, f"{literal(value)}::{name}", lossless)
        delimiter = ";" if name == "box" else ","
        items = in_array(value)
        for array, expected in (
            (f"{{{items}}}", f"[{scalar}]"),
            (
                f"{{{{{items}{delimiter}NULL}}{delimiter}{{{items}{delimiter}{items}}}}}",
                f"[[{scalar}, None], [{scalar}, {scalar}]]",
            ),
        ):
            assert assert_same(shared, f"{literal(array)}::{name}[]", lossless) == expected
        shared.execute("DROP TYPE IF EXISTS every")
        shared.execute(f"CREATE TYPE every AS (a {name}, b {name}[], c {name})")
        register_composite(CompositeInfo.fetch(shared, "every"), shared)
        record = f"ROW({literal(value)}, {literal(f'{{{items}}}')}, NULL)::every"
        assert assert_same(shared, record, lossless) == f"every(a={scalar}, b=[{scalar}], c=None)"
        assert (
            assert_same(shared, f"ARRAY[{record}]", lossless) == f"[every(a={scalar}, b=[{scalar}], c=None)]"
        )
        query = f"SELECT {literal(value)}::{name} AS c, {literal(f'{{{items}}}')}::{name}[], NULL::{name}"
        for format in ("text", "binary"):
            if (format, name) == ("binary", "aclitem"):  # which the server has not
                continue
            with shared.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT {format})") as copy:
                copy.set_types([name, f"{name}[]", name])
                if format == "text" or lossless:
                    assert seen(copy.read_row()) == f"({scalar}, [{scalar}], None)"
                else:
                    with pytest.raises(
                        NotSupportedError, match=r"^row 1 of the COPY, column 1: .* in binary"
                    ):
                        copy.read_row()


def test_made_by_the_server(shared):
    shared.execute("CREATE TEMP TABLE made (a int DEFAULT 1, b int)")
    shared.execute("INSERT INTO made SELECT i / 50, i / 50 FROM generate_series(1, 500) AS i")
    shared.execute(
        "CREATE STATISTICS pg_temp.made_statistics (ndistinct, dependencies, mcv) ON a, b FROM made"
    )
    shared.execute("ANALYZE made")
    for name, expression in MADE.items():
        assert assert_same(shared, expression, name not in TEXT_ONLY) != "b''"
