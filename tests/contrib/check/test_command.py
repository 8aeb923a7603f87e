"""The command: options, configuration, schemas, output, exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import howdah
from howdah.conninfo import make_conninfo
from howdah_check.preparing import prepare
from howdah_check.statements import Statement
from howdah_check.texts import FileOrigin, Piece, Place, Text
from tests.contrib.check.conftest import SCHEMA, Checker

BAD = """
conn.execute("SELECT id FROM elephant")
conn.execute("SELECT nmae FROM elephant")
"""
#: As pg_dump writes it.
DUMP = r"""
\restrict x
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.elephant (id integer, name text);
COPY public.elephant (id, name) FROM stdin;
1\tan elephant; with a semicolon
\.
CREATE INDEX ON public.elephant (name);
\unrestrict x
"""
SUMMARY = "3 statements in 1 file; 1 fault; 1 not checked; of 1, only the syntax is checked"
MESSAGE = 'column "nmae" does not exist'


def databases(dsn: str) -> list[str]:
    """Return the temporary databases that are left."""
    with howdah.connect(dsn) as conn:
        query = "SELECT datname FROM pg_database WHERE datname ~ '^howdah_check_[0-9a-f]{12}$'"
        return [name for (name,) in conn.execute(query)]


class TestOutput:
    @pytest.fixture(autouse=True)
    def module(self, project: Checker) -> None:
        project.write("app/module.py", BAD + 'conn.execute(q())\nconn.execute("LISTEN x")\n')

    def test_text(self, project: Checker, elephants: str) -> None:
        result = project.run("--dsn", elephants)
        assert result.exit_code == 1
        assert result.stdout.splitlines() == [
            "app/module.py:2:22: sql: " + MESSAGE,
            '    hint: Perhaps you meant to reference the column "elephant.name".',
            f"{SUMMARY} (--verbose lists what is not checked)",
        ]

    def test_verbose(self, project: Checker, elephants: str) -> None:
        lines = project.run("--dsn", elephants, "-v").stdout.splitlines()
        assert lines[2:] == [
            "app/module.py:3:14: not checked: q() is called",
            "app/module.py:4:15: syntax only: of LISTEN X, only the syntax is checked",
            SUMMARY,
        ]

    def test_a_misplaced_placeholder(self, project: Checker, elephants: str) -> None:
        project.write("app/module.py", 'conn.execute("SELECT id FROM elephant WHERE id IN %s", [ids])\n')
        lines = project.run("--dsn", elephants).stdout.splitlines()
        assert lines[0] == 'app/module.py:1:51: sql: syntax error at or near "$1"'
        assert lines[1].startswith("    hint: for a list of values, write = ANY(…)")

    def test_github(self, project: Checker, elephants: str) -> None:
        result = project.run("--dsn", elephants, "--github", "-v")
        assert result.exit_code == 1
        assert result.stdout.splitlines()[:2] == [
            "::error file=app/module.py,line=2,col=22,title=howdah check%3A sql::"
            + MESSAGE
            + '%0Ahint: Perhaps you meant to reference the column "elephant.name".',
            "::notice file=app/module.py,line=3,col=14,title=howdah check%3A not checked::q() is called",
        ]

    def test_json(self, project: Checker, elephants: str) -> None:
        result = project.run("--dsn", elephants, "--json")
        assert json.loads(result.stdout) == {
            "faults": [
                {
                    "path": "app/module.py",
                    "line": 2,
                    "column": 22,
                    "code": "sql",
                    "message": MESSAGE,
                    "sqlstate": "42703",
                    "hint": 'Perhaps you meant to reference the column "elephant.name".',
                }
            ],
            "unchecked": [
                {
                    "path": "app/module.py",
                    "line": 3,
                    "column": 14,
                    "kind": "dynamic",
                    "reason": "q() is called",
                },
                {
                    "path": "app/module.py",
                    "line": 4,
                    "column": 15,
                    "kind": "syntax only",
                    "reason": "of LISTEN X, only the syntax is checked",
                },
            ],
            "files": 1,
            "statements": 3,
            "ignored": 0,
        }

    def test_without_faults(self, project: Checker, elephants: str) -> None:
        project.write("app/module.py", 'conn.execute("SELECT 1")')
        result = project.run("--dsn", elephants)
        assert (result.exit_code, result.stdout) == (0, "1 statement in 1 file; no faults\n")


class TestIgnoring:
    @pytest.mark.parametrize(
        ("code", "ignored"),
        [
            ('conn.execute("SELECT nmae FROM elephant")  # howdah: ignore', True),
            ('conn.execute("SELECT nmae FROM elephant")  # noqa: X # howdah: ignore[sql, types]', True),
            ('conn.execute("SELECT nmae FROM elephant")  # howdah: ignore[types]', False),
            ('conn.execute(\n    "SELECT nmae FROM elephant"\n)  # howdah: ignore', True),
            ('conn.execute(  # howdah: ignore\n    "SELECT nmae FROM elephant"\n)', True),
            ('conn.execute("""SELECT nmae FROM elephant -- howdah: ignore[sql]""")', True),
            ('Q = "SELECT nmae FROM elephant"  # howdah: ignore\nconn.execute(Q)', True),
            ('Q = "SELECT nmae FROM elephant"  # howdah: ignore', True),
            ('# howdah: ignore\nconn.execute("SELECT nmae FROM elephant")', False),
            ('conn.execute("SELECT nmae FROM elephant # howdah: ignore")', False),
            ('conn.execute("SELECT %x", [1])  # howdah: ignore', True),
            ('conn.execute("SELECT %x", [1])  # howdah: ignore[types]', False),
        ],
    )
    def test_comments(self, project: Checker, code: str, ignored: bool) -> None:
        project.write("module.py", code)
        checked = project.check()
        assert bool(checked.faults) is not ignored
        assert checked.report["ignored"] == ignored

    def test_sql_files(self, project: Checker) -> None:
        project.write(
            "queries.sql",
            "SELECT nmae FROM elephant; -- howdah: ignore\nSELECT nmae FROM elephant;\n"
            "-- howdah: ignore\nSELECT nmae FROM elephant;\n",
        )
        assert project.check().faults == [("queries.sql", 2, 8, "sql", MESSAGE)]

    def test_codes(self, project: Checker) -> None:
        project.write("module.py", BAD + 'conn.execute("SELECT name FROM elephant WHERE id = %s", ["1"])')
        assert project.check("--ignore", "sql").codes == ["types"]
        assert project.run("--ignore", "nothing").exit_code == 2

    def test_dynamic_sql(self, project: Checker) -> None:
        project.write("module.py", "conn.execute(q())  # howdah: ignore\nconn.execute(q())")
        assert len(project.check().reasons) == 1


class TestSchema:
    @pytest.fixture(autouse=True)
    def module(self, empty: Checker) -> None:
        empty.write("module.py", BAD)

    def assert_checked(self, empty: Checker, *arguments: str) -> None:
        """Assert that the schema was applied, and that nothing of it is left."""
        before = databases(empty.dsn)
        assert empty.check(*arguments, "--exclude", "env*").faults == [("module.py", 2, 22, "sql", MESSAGE)]
        assert databases(empty.dsn) == before

    def test_file(self, empty: Checker) -> None:
        empty.write("schema.sql", DUMP)
        self.assert_checked(empty, "--schema", "schema.sql")

    def test_several(self, empty: Checker) -> None:
        empty.write("a.sql", "CREATE TYPE mood AS ENUM ('calm');")
        empty.write("b.sql", "CREATE TABLE elephant (id int, name text, mood mood);")
        self.assert_checked(empty, "-s", "a.sql", "-s", "b.sql")

    def test_directory(self, empty: Checker) -> None:
        empty.write("db/2_second/migration.sql", "ALTER TABLE elephant ADD name text;")
        empty.write("db/1_first.sql", "CREATE TABLE elephant (id int);")
        empty.write("db/1_first.down.sql", "DROP TABLE elephant;")
        empty.write(
            "db/10_last.sql",
            "-- +goose Up\nALTER TABLE elephant ALTER name SET NOT NULL;\n"
            "-- +goose Down\nDROP TABLE elephant;",
        )
        self.assert_checked(empty, "--schema", "db")

    def test_alembic(self, empty: Checker) -> None:
        empty.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n")
        empty.write(
            "migrations/env.py",
            """
            import sys
            from alembic import context
            from sqlalchemy import create_engine
            url = context.config.get_main_option("sqlalchemy.url")
            assert url not in sys.argv  # which all users of the machine can see
            engine = create_engine(url)
            with engine.begin() as connection:
                context.configure(connection=connection)
                with context.begin_transaction():
                    context.run_migrations()
            """,
        )
        empty.write(
            "migrations/versions/one.py",
            """
            from alembic import op
            revision, down_revision = "1", None
            def upgrade():
                op.execute("CREATE TABLE old (id int, name text)")
                op.execute("UPDATE old SET name = 'x'")
                op.execute("ALTER TABLE old RENAME TO elephant")
            """,
        )
        self.assert_checked(empty, "--alembic", "alembic.ini")

    def test_command(self, empty: Checker) -> None:
        script = empty.write(
            "env_migrate.py",
            """
            import os
            import howdah
            for conninfo in (os.environ["DATABASE_URL"], ""):
                with howdah.connect(conninfo) as conn:
                    conn.execute("CREATE TABLE IF NOT EXISTS elephant (id int, name text)")
            """,
        )
        self.assert_checked(empty, "--migrate", f"{sys.executable} {script}")

    def test_command_that_fails(self, empty: Checker) -> None:
        before = databases(empty.dsn)
        script = empty.write("env_migrate.py", "raise SystemExit('no migrations today')")
        result = empty.run("--server", empty.dsn, "--migrate", f"{sys.executable} {script}")
        assert result.exit_code == 2
        assert "exit status 1" in result.stderr
        assert "no migrations today" in result.stderr
        assert databases(empty.dsn) == before
        result = empty.run("--server", empty.dsn, "--migrate", "no-such-command-at-all")
        assert result.exit_code == 2
        assert "cannot be run" in result.stderr

    def test_faults_of_the_schema(self, empty: Checker) -> None:
        empty.write("db/1.sql", "CREATE TABLE elephant (id int);\n\nALTER TABLE elephnt ADD name text;\n")
        result = empty.run("--server", empty.dsn, "--schema", "db")
        assert result.exit_code == 1
        assert result.stdout.splitlines() == [
            'db/1.sql:3:1: schema: relation "elephnt" does not exist',
            "the schema cannot be applied: no statement was checked",
        ]
        assert databases(empty.dsn) == []

    def test_existing_database(self, empty: Checker, elephants: str) -> None:
        empty.write("more.py", 'conn.execute("DELETE FROM elephant")')
        checked = empty.check("--dsn", elephants)
        assert checked.faults == [("module.py", 2, 22, "sql", MESSAGE)]

    def test_nothing_is_executed(self, project: Checker, elephants: str) -> None:
        project.write(
            "module.py",
            """
            conn.execute("CREATE TABLE made (id int)")
            conn.execute("INSERT INTO elephant (id, name, weight) VALUES (1, 'x', 1)")
            conn.execute("SELECT pg_sleep(1000)")
            conn.execute("COMMIT")
            conn.execute("DROP TABLE elephant")
            """,
        )
        assert project.check().faults == []
        with howdah.connect(elephants) as conn:
            assert conn.execute("SELECT to_regclass('made'), count(*) FROM elephant").fetchall() == [
                (None, 0)
            ]

    def test_search_path(self, empty: Checker) -> None:
        empty.write("schema.sql", "CREATE SCHEMA zoo; CREATE TABLE zoo.elephant (id int, name text);")
        assert len(empty.check("--schema", "schema.sql").faults) == 2
        self.assert_checked(empty, "--schema", "schema.sql", "--search-path", "zoo, public")


class TestMisuse:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ([], "there is no schema: give --schema, --alembic, --migrate or --dsn"),
            (["--schema", "none.sql"], "there is no schema in none.sql"),
            (["--schema", "."], "the directory . has no .sql files"),
            (["--alembic", "none.ini"], "there is no configuration of Alembic in none.ini"),
            (["--dsn", "host=/nowhere"], "there is no connection to the server"),
            (["--dsn", "x", "--schema", "y"], "with dsn, the existing database is the schema"),
            (["--json", "--github"], "--github and --json exclude each other"),
            (["--schema", "pyproject.toml", "nowhere"], "there is no file or directory nowhere"),
            (["--config", "none.toml"], "none.toml cannot be read"),
            (["--unknown"], "No such option"),
        ],
    )
    def test_exit_status(self, empty: Checker, arguments: list[str], message: str) -> None:
        empty.write("pyproject.toml", "")
        server = [] if "--dsn" in arguments or not arguments else ["--server", empty.dsn]
        if not arguments or "--dsn" in arguments:
            server = []
        result = empty.run(*server, *arguments)
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.split())

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ("shema = 'x'", "has no setting 'shema'"),
            ("schema = 5", "schema has to be a list of strings"),
            ("dsn = ['x']", "dsn has to be a string"),
            ("search-path = true", "search-path has to be a string"),
            ("schema = 'x", "cannot be read"),
            ("dsn = ''\nignore = ['x']", "there are no faults x"),
        ],
    )
    def test_configuration(self, empty: Checker, table: str, message: str) -> None:
        empty.write("pyproject.toml", f"[tool.howdah.check]\n{table}\n")
        result = empty.run()
        assert result.exit_code == 2
        assert message in " ".join(result.stderr.replace("│", " ").split())


class TestConfiguration:
    def test_of_the_nearest_file(self, empty: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
        empty.write(
            "pyproject.toml",
            f"""
            [tool.howdah.check]
            paths = ["src"]
            schema = "db/schema.sql"
            exclude = ["tests/*", "old.py"]
            functions = "ask"
            ignore = ["types"]
            stubs = "typed"
            server = {json.dumps(empty.dsn)}
            """,
        )
        empty.write("db/schema.sql", "CREATE TABLE elephant (id int, name text);")
        empty.write("src/module.py", BAD + 'ask("SELECT nmae, 1 FROM elephant")')
        empty.write("src/old.py", BAD)
        empty.write("src/tests/module.py", BAD)
        empty.write("other.py", BAD)
        monkeypatch.chdir(empty.directory / "src")
        result = empty.run("--json")
        found = json.loads(result.stdout)
        assert [(f["path"], f["line"]) for f in found["faults"]] == [("module.py", 2), ("module.py", 3)]
        assert (empty.directory / "typed/src/module.py").exists()

    def test_options_replace_the_database_of_the_file(self, empty: Checker, elephants: str) -> None:
        empty.write("pyproject.toml", "[tool.howdah.check]\nschema = 'none.sql'\n")
        empty.write("module.py", BAD)
        assert len(empty.check("--dsn", elephants).faults) == 1
        empty.write("pyproject.toml", "[tool.howdah.check]\ndsn = 'host=/nowhere'\n")
        empty.write("schema.sql", "CREATE TABLE elephant (id int, name text);")
        assert len(empty.check("--schema", "schema.sql").faults) == 1


def test_stubs(project: Checker) -> None:
    project.write(
        "zoo/queries.py",
        """
        GET = "SELECT id, name, born, mood, tags FROM elephant WHERE id = %(id)s"

        def add(id: int) -> None:
            conn.execute("INSERT INTO elephant (id, name, weight) VALUES (%s, %s, %s)", args)

        def count(x) -> None:
            conn.execute(GET, x)
            conn.execute('SELECT count(*), 1 AS "class", 2 AS id, 3 AS id, 4 AS _x FROM elephant')
            conn.execute("SELECT e.id, k.wage FROM elephant AS e LEFT JOIN keeper AS k ON true")
            conn.execute("SELECT nmae FROM elephant")
            conn.execute("DELETE FROM elephant")
        """,
    )
    project.write("zoo/queries.sql", "-- name: get-wage^\nSELECT wage FROM keeper WHERE id = :id;")
    assert project.check("--stubs", "typed").codes == ["sql"]
    assert (project.directory / "typed/zoo/queries.py").read_text() == (
        '"""The parameters and rows of the SQL in zoo/queries.py, written by `howdah check --stubs`."""\n'
        "\n"
        "from __future__ import annotations\n"
        "\n"
        "import datetime\n"
        "import decimal\n"
        "from typing import NamedTuple, TypeAlias, TypedDict\n"
        "\n"
        'AddParams: TypeAlias = "tuple[int | None, str | None, float | None]"\n'
        "\n\n"
        "class GETParams(TypedDict):\n".replace("GETParams", "GetParams")
        + "    id: int | None\n"
        "\n\n"
        "class GetRow(NamedTuple):\n"
        "    id: int\n"
        "    name: str\n"
        "    born: datetime.date | None\n"
        "    mood: str\n"
        "    tags: list[str | None]\n"
        "\n\n"
        "class CountRow(NamedTuple):\n"
        "    count_: int | None\n"
        "    column_2: int | None\n"
        "    id: int | None\n"
        "    column_4: int | None\n"
        "    x: int | None\n"
        "\n\n"
        "class Count2Row(NamedTuple):\n"
        "    id: int | None\n"
        "    wage: decimal.Decimal | None\n"
    )
    stub = project.directory / "typed/zoo/queries_sql.py"
    namespace: dict[str, Any] = {"__name__": "stub"}
    exec(stub.read_text(), namespace)
    assert namespace["GetWageRow"]._fields == ("wage",)
    assert namespace["GetWageParams"].__annotations__.keys() == {"id"}
    # Without a change, a module is not written again.
    os.utime(stub, (1, 1))
    project.check("--stubs", "typed", "zoo")
    assert stub.stat().st_mtime == 1


def test_stubs_are_typed(project: Checker) -> None:
    project.write("queries.py", 'ALL = "SELECT * FROM elephant, keeper WHERE wage > %s"\n')
    project.check("--stubs", "typed")
    use = project.write(
        "typed/use.py",
        "from queries import AllRow\n\ndef f(row: AllRow) -> int:\n    return row.name\n",
    )
    options = ["--strict", "--config-file", os.devnull, "--cache-dir", os.devnull]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, use.name], cwd=use.parent, capture_output=True, text=True
    )
    assert 'error: Incompatible return value type (got "str", expected "int")' in done.stdout
    assert "Found 1 error in 1 file" in done.stdout


def statement(text: str) -> Statement:
    """Return a statement that is in no real file."""
    path = Path("module.py")
    return Statement(Text([Piece(text, FileOrigin(path, text))]), Place(path, 1, 1))


def test_many_statements_take_few_round_trips(elephants: str) -> None:
    statements = [statement(f"SELECT {i} FROM {'elephnt' if i % 3 else 'elephant'}") for i in range(1000)]
    with howdah.connect(elephants, autocommit=True) as conn:
        waits = []

        def wait(operation: Any) -> Any:
            waits.append(operation)
            return conn.kernel.wait(operation)

        counting = SimpleNamespace(
            start_operation=conn.kernel.start_operation, lock=conn.kernel.lock, wait=wait
        )
        prepared, _ = prepare(SimpleNamespace(kernel=counting, execute=conn.execute), statements)
    assert len(waits) == 5
    assert [p.fault is None for p in prepared] == [i % 3 == 0 for i in range(1000)]


def test_a_lost_connection(project: Checker, elephants: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("module.py", BAD)

    def prepare(connection: Any, statements: Any) -> Any:
        with howdah.connect(elephants) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
        return howdah_prepare(connection, statements)

    howdah_prepare = sys.modules["howdah_check.preparing"].prepare
    monkeypatch.setattr("howdah_check.checking.prepare", prepare)
    result = project.run("--dsn", elephants)
    assert result.exit_code == 2
    assert "the connection failed" in result.stderr


def test_embedded(tmp_path: Path) -> None:
    """The command as it is installed, with a server that it starts."""
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "module.py").write_text(BAD)
    done = subprocess.run(
        [sys.executable, "-m", "howdah", "check", "--schema", "schema.sql", "module.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "HOWDAH_DISABLE": ""},
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[0] == "module.py:3:22: sql: " + MESSAGE


def test_nothing_that_can_be_read(empty: Checker, elephants: str) -> None:
    empty.write("docs/page.txt", "SELECT 1")
    assert empty.run("--dsn", elephants).exit_code == 2
    empty.write("module.py", "def f(:\n")
    result = empty.run("--dsn", elephants)
    assert result.exit_code == 2
    unread, summary = result.stdout.splitlines()
    assert unread.startswith("module.py:1:1: not checked: ")
    assert summary.startswith("0 statements in 0 files; no faults; 1 file not read")
    empty.write("other.py", "pass\n")
    assert empty.run("--dsn", elephants).exit_code == 0


def test_a_password_is_never_shown(empty: Checker) -> None:
    empty.write("module.py", BAD)
    dsn = make_conninfo(host="/nowhere", password="secret-word")
    for option in ("--dsn", "--server"):
        empty.write("schema.sql", "SELECT 1;")
        extra = [] if option == "--dsn" else ["--schema", "schema.sql"]
        result = empty.run(option, dsn, *extra)
        assert result.exit_code == 2
        assert "secret-word" not in result.output
