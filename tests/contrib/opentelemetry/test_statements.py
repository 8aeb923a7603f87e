"""What is said of statements."""

from __future__ import annotations

import pytest

from howdah_opentelemetry.statements import describe_statement


@pytest.mark.parametrize(
    ("query", "summary"),
    [
        ("select 1", "SELECT"),
        ("SELECT * FROM songs", "SELECT songs"),
        ("SELECT * FROM songs s, artists AS a WHERE s.id = a.id", "SELECT songs artists"),
        ('select "Name" from zoo."Animals" a join keepers using (id)', 'SELECT zoo."Animals" keepers'),
        ("INSERT INTO t (a, b, c) VALUES ($1, $2, $3), ($4, $5, $6)", "INSERT t"),
        ("INSERT INTO a (x, y) SELECT x, y FROM b", "INSERT a SELECT b"),
        ("INSERT INTO a VALUES ($1) ON CONFLICT (id) DO UPDATE SET x = excluded.x", "INSERT a"),
        ("UPDATE ONLY t SET a = 1 FROM u WHERE t.id = u.id RETURNING a, b", "UPDATE t u"),
        ("DELETE FROM t USING u WHERE t.a = u.a", "DELETE t u"),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = 1", "MERGE t u"),
        ("SELECT extract(year FROM born) FROM elephant", "SELECT elephant"),
        ("SELECT a IS DISTINCT FROM b FROM t FOR UPDATE", "SELECT t"),
        ("SELECT * FROM (SELECT a, b FROM inside) x, outside", "SELECT SELECT inside outside"),
        ("WITH x AS (SELECT * FROM t) SELECT * FROM x", "SELECT t SELECT x"),
        ("COPY animals (id, name) FROM STDIN", "COPY animals"),
        ("COPY (SELECT a FROM animals) TO STDOUT", "COPY SELECT animals"),
        ("CREATE TEMP TABLE IF NOT EXISTS t (a int, b int)", "CREATE TABLE t"),
        ("DROP TABLE t", "DROP TABLE t"),
        ("TRUNCATE TABLE t", "TRUNCATE t"),
        ("CALL work(1)", "CALL work"),
        ("DECLARE c CURSOR FOR SELECT * FROM t", "DECLARE SELECT t"),
        ("-- a comment\n/* another */ BEGIN", "BEGIN"),
        ("SET application_name TO 'x'", "SET"),
        ("", ""),
        (";", ""),
    ],
)
def test_summary(query: str, summary: str) -> None:
    assert describe_statement(query.encode()).summary == summary


def test_a_long_summary_ends_with_a_whole_name() -> None:
    query = "SELECT * FROM " + ", ".join(f"table_with_number_{i}" for i in range(100))
    summary = describe_statement(query.encode()).summary
    assert 230 < len(summary) <= 255
    assert all(part.startswith("table_with_number_") for part in summary.split()[1:])


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("select 'secret', 'it''s', 17, 1.5e-3, .5, 0xFF", "select ?, ?, ?, ?, ?, ?"),
        (r"select E'a\'secret', U&'\0061', B'01', N'x'", "select ?, ?, ?, ?"),
        ("select $$secret$$, $tag$ se$$cret $tag$", "select ?, ?"),
        ("select a1, t2.b3 from t2 where a = -5", "select a1, t2.b3 from t2 where a = -?"),
        ("select $1, 'x'", "select $1, ?"),
        ("select 1 -- secret\n, /* secret */ 2", "select ?  \n,   ?".replace("  \n", "  \n")),
        ("/* it's /* a comment */ in it's */ select 'secret'", "select ?"),
        ("select 1 /* /* */ secret", "select ?"),
        ("select 1 --/*\r, 'secret'", "select ?  \r, ?"),
        ('select "a 1" from t', 'select "a 1" from t'),
        ("select 'unterminated secret", "select ?"),
        ("select $x$unterminated secret", "select ?"),
        ("insert into t values (DATE '2020-01-01')", "insert into t values (DATE ?)"),
        ("select E'a' -- b\n\t'\\'secret', 'secret', 1", "select ?, ?, ?"),
        ("select E'a' 'secret'", "select ? ?"),
        ("select 1e'\\'secret', 0e'\\'secret', f'\\', 'secret'", "select ??, ??, f?, ?"),
        ("select e'\\'secret\\", "select ?"),
        ("select \"an id, 'secret", "select ?"),
        ('select "an ""id" \'secret"', 'select "an ""id" ?'),
        ('select U&"d\\0061t" from t', 'select U&"d\\0061t" from t'),
        ("select $€$secret$€$, €$x$, '$x$ secret'", "select ?, €$x$, ?"),
        ("select a\u00a0$x$, '$x$ secret'", "select a\u00a0$x$, ?"),
        ("select $1$x$secret$x$, 1$x$secret$x$", "select $1?, ??"),
        ("select 1/**/'secret'--'\n, 2 +--'\n'secret'", "select ? ? \n, ? + \n?"),
    ],
)
def test_literals_are_replaced(query: str, text: str) -> None:
    assert describe_statement(query.encode()).text == text


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (r"select 'a\'secret', 'secret'", "select ?"),
        (r"select N'a\'secret', U&'a\'secret'", "select ?"),
        (r"select 'a\b', E'a\'secret', $$a\'secret$$, 'c'", "select ?, ?, ?, ?"),
        (r"select 'a\', 'secret'", "select ?"),
    ],
)
def test_literals_that_a_backslash_may_continue(query: str, text: str) -> None:
    assert describe_statement(query.encode(), standard=False).text == text


def test_another_encoding() -> None:
    query = "select E'\u8868', 'secret'".encode("sjis")  # its last byte is a backslash's
    assert b"\\'" in query
    assert describe_statement(query, "sjis").text == "select ?, ?"


def test_parameters() -> None:
    assert describe_statement(b"select $1").parameterized
    assert not describe_statement(b"select '$1', $$ $1 $$, a$1 -- $1").parameterized


@pytest.mark.parametrize(
    ("query", "several"),
    [("a; b", True), ("a;", False), ("a; -- b\n ;", False), ("select ';'", False), ("a; /* */ b", True)],
)
def test_several(query: str, several: bool) -> None:
    assert describe_statement(query.encode()).several is several


def test_the_table_of_a_copy() -> None:
    assert describe_statement(b"copy zoo.t (a, b) to stdout").collection == "zoo.t"
    assert describe_statement(b"copy (select 1 from t) to stdout").collection is None
    assert describe_statement(b"select 1 from t").collection is None


def test_long_statements_are_not_kept() -> None:
    for size, same in (10, True), (20_000, False):
        query = b"select '%b'" % (b"x" * size)
        assert describe_statement(query).text == "select ?"
        assert (describe_statement(query) is describe_statement(query)) is same


@pytest.mark.parametrize("piece", ["'", "$a$", "/*", "/**/", "(", "a.", '"', "1", "e'\\", "$", ",", "from "])
def test_a_long_statement_takes_no_long_time(piece: str) -> None:
    describe_statement(f"select {piece * 90_000}".encode())
