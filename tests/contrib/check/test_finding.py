"""Which SQL is found in Python modules, and how its places are told."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from howdah_check.reading import read
from howdah_check.statements import Found


def found_in(directory: Path, **modules: str) -> Found:
    """Return what is found in modules."""
    for name, text in modules.items():
        path = directory / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return read([directory], functions=["run_sql"])[1]


def texts(found: Found) -> list[str]:
    """Return the statements as the server gets them, with single spaces."""
    return [" ".join(str(statement.text).split()) for statement in found.statements]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('conn.execute("SELECT 1")', "SELECT 1"),
        ('conn.execute(query="SELECT 1")', "SELECT 1"),
        ("conn.execute(b'SELECT 1')", "SELECT 1"),
        ('conn.execute("SELECT %s, %(x)s")', "SELECT %s, %(x)s"),
        ('conn.execute("SELECT %s, %s", [1, 2])', "SELECT $1, $2"),
        ('conn.execute("SELECT %s, 7 %% 2", args)', "SELECT $1, 7 % 2"),
        ('conn.execute("SELECT 7 % 2")', "SELECT 7 % 2"),
        ('conn.execute("SELECT 7 % 2", None)', "SELECT 7 % 2"),
        ('conn.execute("SELECT %(a)s, %(b)s, %(a)s", {"a": 1, "b": 2})', "SELECT $1, $2, $1"),
        ('conn.execute("SELECT %s", *args)', "SELECT $1"),
        ('conn.execute("SELECT %b, %t", params=(1, 2))', "SELECT $1, $2"),
        ('conn.execute("SELECT $1", [1])', "SELECT $1"),
        ('conn.fetch("SELECT $1", 1)', "SELECT $1"),
        ("conn.fetchval(\"SELECT '%s' || $1\", 1)", None),
        ('cur.executemany("INSERT INTO t VALUES (%s)", rows)', "INSERT INTO t VALUES ($1)"),
        ('cur.stream("SELECT %s", [1])', "SELECT $1"),
        ('cur.copy("COPY t FROM STDIN")', "COPY t FROM STDIN"),
        ('conn.prepare("SELECT %s")', "SELECT $1"),
        ('conn.prepare("SELECT $1")', "SELECT $1"),
        ('cur.mogrify("SELECT %s", [1])', "SELECT $1"),
        ('AsyncCursor(conn).execute("SELECT 1")', "SELECT 1"),
        ('run_sql(conn, "SELECT 1")', "SELECT 1"),
        ('self.run_sql("SELECT %s", 1)', "SELECT $1"),
        ('Elephant.objects.raw("SELECT * FROM elephant")', "SELECT * FROM elephant"),
        ('conn.execute("SELECT "  "1")', "SELECT 1"),
        ('conn.execute("SELECT " + "1")', "SELECT 1"),
        ('conn.execute("""\n  SELECT 1\n""".strip())', "SELECT 1"),
        ('import textwrap\nconn.execute(textwrap.dedent("SELECT 1"))', "SELECT 1"),
        ('conn.execute("SELECT {}, {}".format(A, 2))\nA = "a"', "SELECT a, 2"),
        ('conn.execute("SELECT {1} {0} {x} {{}}".format("a", "b", x="c"))', "SELECT b a c {}"),
        ('conn.execute("SELECT " + ", ".join(["a", "b"]))', "SELECT a, b"),
        ('C = ("a", "b")\nconn.execute("SELECT " + ", ".join(C))', "SELECT a, b"),
        ('Q = "SELECT 1"\nconn.execute(Q)', "SELECT 1"),
        ('Q: Final = "SELECT 1"\nconn.execute(Q)', "SELECT 1"),
        ('def f():\n    q = "SELECT 1"\n    conn.execute(q)', "SELECT 1"),
        ('q = "SELECT 2"\ndef f():\n    q = "SELECT 1"\n    conn.execute(q)', "SELECT 1"),
        ('conn.execute(q := "SELECT 1")', "SELECT 1"),
        ('class A:\n    Q = "SELECT 1"\n    def f(self):\n        self.conn.execute(self.Q)', "SELECT 1"),
        ('class A:\n    Q = "SELECT 1"\nclass B(A):\n    def f(s):\n        s.conn.execute(B.Q)', "SELECT 1"),
        ('T = "t"\nconn.execute(f"SELECT * FROM {T} LIMIT {5}")', "SELECT * FROM t LIMIT 5"),
        ('conn.execute("SELECT 1" if x else "SELECT 2")', "SELECT 1|SELECT 2"),
        ('if x:\n    q = "SELECT 1"\nelse:\n    q = "SELECT 2"\nconn.execute(q)', "SELECT 1|SELECT 2"),
        ('conn.execute("SELECT 1; SELECT 2;\\n-- end")', "SELECT 1|SELECT 2"),
        ('conn.execute("SELECT %s; SELECT 2", [1])', "SELECT $1; SELECT 2"),
        ('Q = "SELECT a FROM t WHERE b = %s"', "SELECT a FROM t WHERE b = $1"),
        ('Q = "SELECT one of these"\nprint(Q)', ""),
        ('TITLE = "select all"\nprint(TITLE)', ""),
        ('from sqlalchemy import text\nsession.execute(text("SELECT :a::int"), {"a": 1})', "SELECT $1::int"),
        ('cache.fetch("key")', ""),
        ('client.stream("GET", url)', ""),
        ('shutil.copy("SELECT a", b)', ""),
        ("d.copy()", ""),
        ('Q = "SELECT a FROM t"\ndb.one(Q)', "SELECT a FROM t"),
        ('def f():\n    q = "DELETE FROM t"\n    return db.none(q)', "DELETE FROM t"),
        ('TITLE = "Select one from the list"', ""),
        ('PART = "SELECT a, b"', ""),
        ('Q = SQL("SELECT a FROM t")', "SELECT a FROM t"),
        ('class A(A.B):\n    B = A\nconn.execute("SELECT 1")', "SELECT 1"),
        ('def f(date: date, q=Q):\n    conn.execute("SELECT 1")\nQ = "SELECT 2"', "SELECT 1"),
    ],
)
def test_what_is_found(tmp_path: Path, code: str, expected: str | None) -> None:
    found = found_in(tmp_path, module=code)
    if expected is None:
        assert found.faults or found.statements
        return
    assert found.unchecked == []
    assert texts(found) == [text for text in expected.split("|") if text]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('sql.SQL("SELECT 1")', "SELECT 1"),
        ('sql.SQL("SELECT {}").format(sql.Identifier("a b"))', 'SELECT "a b"'),
        ('sql.SQL("SELECT {x}").format(x=sql.Identifier("s", "t"))', 'SELECT "s"."t"'),
        ('sql.SQL("SELECT {}").format(sql.Literal(5))', "SELECT 5"),
        ('sql.SQL("SELECT {}").format(sql.Literal("it\'s"))', "SELECT 'it''s'"),
        ('sql.SQL("SELECT {}").format(sql.Placeholder())', "SELECT $1"),
        ('sql.SQL("SELECT {}").format(sql.Placeholder("n"))', "SELECT $1"),
        ('sql.SQL("SELECT ") + sql.SQL("1")', "SELECT 1"),
        ('sql.Composed([sql.SQL("SELECT "), sql.Identifier("a")])', 'SELECT "a"'),
        (
            'sql.SQL("SELECT {}").format(sql.SQL(", ").join([sql.Identifier("a"), sql.Literal(1)]))',
            'SELECT "a", 1',
        ),
        ('sql.SQL("SELECT {}").format(sql.SQL(", ").join(map(sql.Identifier, COLUMNS)))', 'SELECT "a", "b"'),
        ('sql.SQL("SELECT {}").format(sql.SQL(", ").join(sql.Placeholder() * 2))', "SELECT $1, $2"),
        ('sql.SQL("SELECT {}").format(sql.SQL(", ").join([sql.Placeholder()] * 2))', "SELECT $1, $2"),
    ],
)
@pytest.mark.parametrize("package", ["howdah", "psycopg"])
def test_composed(tmp_path: Path, expression: str, expected: str, package: str) -> None:
    code = f'from {package} import sql\nCOLUMNS = ["a", "b"]\nconn.execute({expression}, params)'
    assert texts(found_in(tmp_path, module=code)) == [expected]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("def f(q):\n    conn.execute(q)", "q is a parameter of the function"),
        ("conn.execute(make())", "make() is called"),
        ('db.one("SELECT a FROM t")', "one() is not known to take SQL: name it with --function"),
        ('db.one(SQL("SELECT a FROM t"))', "one() is not known to take SQL: name it with --function"),
        ('P = "SELECT a FROM t"\nconn.execute(f"{x} {P}")', "x is not assigned where it can be seen"),
        ("conn.execute(unknown)", "unknown is not assigned where it can be seen"),
        ('conn.execute(f"SELECT {x()}")', "x() is called"),
        ('conn.execute(f"SELECT {1:03}")', "1 is formatted"),
        ('conn.execute("SELECT %d" % 1)', "'SELECT %d' % 1 is computed"),
        ('q = "SELECT 1"\nq += " FROM t"\nconn.execute(q)', "q is computed"),
        ("for q in qs:\n    conn.execute(q)", "q is computed"),
        ("async def f():\n    await pool.fetch(q())", "q() is called"),
        ('x.fetch(f"SELECT {y} FROM t")', "y is not assigned where it can be seen"),
        ('conn.execute("SELECT {}".format(*x))', "format() has starred arguments"),
        ("run_sql(conn, q())", "conn is not assigned where it can be seen"),
        (
            'conn.execute(sql.SQL("SELECT {}").format(sql.Identifier(x)))',
            "x is not assigned where it can be seen",
        ),
    ],
)
def test_what_is_dynamic(tmp_path: Path, code: str, reason: str) -> None:
    found = found_in(tmp_path, module=code)
    assert texts(found) == []
    assert [(entry.kind, entry.reason) for entry in found.unchecked] == [("dynamic", reason)]


def test_other_modules(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        app____init__="",
        app__queries='ONE = "SELECT 1"\nTWO = "SELECT 2"\nTHREE = "SELECT a FROM three"\nPART = "SELECT a"',
        app__again="from app.queries import TWO as AGAIN",
        app__sub____init__="",
        app__sub__use="""
            from .. import queries
            from ..queries import PART
            from ..again import AGAIN
            import app.queries

            conn.execute(queries.ONE)
            conn.execute(AGAIN)
            conn.execute(app.queries.ONE + " + 1")
            conn.execute(PART + " FROM t")
        """,
    )
    assert found.unchecked == []
    # THREE is used by nobody: a program may read it by its name.
    assert texts(found) == ["SELECT 1", "SELECT 2", "SELECT 1 + 1", "SELECT a FROM t", "SELECT a FROM three"]


def test_nothing_is_imported(tmp_path: Path) -> None:
    found = found_in(tmp_path, module='open("ran", "w")\nraise SystemExit\nconn.execute("SELECT 1")')
    assert texts(found) == ["SELECT 1"]
    assert not Path("ran").exists()


@pytest.mark.parametrize(
    "code",
    [
        'conn.execute("SELECT  @x")',
        'conn.execute("SELECT \\n\\x41 @x")',
        'conn.execute("SELECT "\n    "a, @x")',
        'conn.execute(("SELECT "  # a comment\n    r"\\d, " \'@x\'))',
        'conn.execute("""\n    SELECT\n        a, @x\n""")',
        'conn.execute("é" "SELECT @x")',
        'é = conn.execute("SELECT @x")',
        'Q = "SELECT @x"\nconn.execute(Q)',
        'conn.execute("SELECT %s, 5 %% 3, @x", [1])',
        'conn.execute("SELECT %(long_name)s, %(long_name)s, @x", {"long_name": 1})',
        'conn.execute("SELECT 1; SELECT 2, @x")',
        'conn.execute("SELECT " + "a, @x")',
        'conn.execute("SELECT {}, @x".format("a"))',
        'conn.execute("SELECT \\\n  @x")',
        'conn.execute("SELECT \\N{BULLET} @x")',
        'T = "t"\nconn.execute(f"SELECT {T}, @x")',
    ],
)
def test_places(tmp_path: Path, code: str) -> None:
    statement = found_in(tmp_path, module=code).statements[-1]
    place = statement.text.place(str(statement.text).index("@x"))
    before = code[: code.index("@x")]
    assert place.line == before.count("\n") + 1
    assert place.column == len(before) - before.rfind("\n")


def test_a_replaced_part_has_one_place(tmp_path: Path) -> None:
    code = 'conn.execute("SELECT %(long_name)s", {"long_name": 1})'
    text = found_in(tmp_path, module=code).statements[0].text
    assert [text.place(offset).column for offset in (7, 8, 20)] == [22, 22, 22]


def test_labels(tmp_path: Path) -> None:
    found = found_in(
        tmp_path,
        module="""
            GET = "SELECT 1"
            class Repo:
                def get(self):
                    self.conn.execute(GET)
                def both(self):
                    self.conn.execute("SELECT 2")
                    self.conn.execute("SELECT 3")
            conn.execute("SELECT 4")
        """,
    )
    assert [s.label for s in found.statements] == ["module", "GET", "Repo_both", "Repo_both_2"]


def test_a_module_that_cannot_be_parsed(tmp_path: Path) -> None:
    found = found_in(tmp_path, good='conn.execute("SELECT 1")', bad="def f(:\n")
    assert texts(found) == ["SELECT 1"]
    [entry] = found.unchecked
    assert (entry.kind, entry.place.path.name, entry.place.line) == ("unreadable", "bad.py", 1)
    assert found.files == 1


def test_directories_that_are_left_out(tmp_path: Path) -> None:
    for directory in (".hidden", "node_modules", "env1", "build"):
        (tmp_path / directory).mkdir()
        (tmp_path / directory / "module.py").write_text('conn.execute("SELECT 1")')
    (tmp_path / "env1/pyvenv.cfg").touch()
    assert found_in(tmp_path).files == 0
    assert read([tmp_path / "build"])[1].files == 1


TEMPLATES = [
    ('conn.execute(t"SELECT {a}, {b:b}, 7 % 2")', "SELECT $1, $2, 7 % 2"),
    ('T = "t x"\nconn.execute(t"SELECT {a} FROM {T:i}")', 'SELECT $1 FROM "t x"'),
    ('conn.execute(t"SELECT {5:l}")', "SELECT 5"),
    ('part = t"x = {x}"\nconn.execute(t"SELECT {a} FROM t WHERE {part:q}")', "SELECT $1 FROM t WHERE x = $2"),
]


@pytest.mark.skipif(sys.version_info < (3, 14), reason="Python has no template strings")
@pytest.mark.parametrize(("code", "expected"), TEMPLATES)
def test_template_strings(tmp_path: Path, code: str, expected: str) -> None:
    found = found_in(tmp_path, module=code)
    assert texts(found) == [expected]


class TemplateStr(ast.JoinedStr):
    """The node of a template string, for a Python that has none."""


class Interpolation(ast.FormattedValue):
    """An interpolation in it."""


class AsTemplates(ast.NodeTransformer):
    """Turns formatted strings into template strings."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        values = [
            Interpolation(v.value, v.conversion, v.format_spec, lineno=v.lineno, col_offset=v.col_offset,
                          end_lineno=v.end_lineno, end_col_offset=v.end_col_offset)
            if isinstance(v, ast.FormattedValue) else v
            for v in node.values
        ]  # fmt: skip
        return ast.copy_location(TemplateStr(values), node)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python has template strings")
@pytest.mark.parametrize(("code", "expected"), TEMPLATES)
def test_template_strings_by_their_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, expected: str
) -> None:
    parse = ast.parse
    monkeypatch.setattr("howdah_check.static._TEMPLATE", TemplateStr)
    monkeypatch.setattr("howdah_check.static._INTERPOLATION", Interpolation)
    monkeypatch.setattr("howdah_check.reading.ast.parse", lambda text: AsTemplates().visit(parse(text)))
    assert texts(found_in(tmp_path, module=code.replace('t"', 'f"'))) == [expected]
