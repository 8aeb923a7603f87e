"""howdah_testing as third parties use it: in a separate pytest, with tests of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import howdah

#: A type and its adapters, of which some of the tests break one.
MOOD = """
import os
import howdah
import pytest
from howdah.adapt import Dumper, Loader
from howdah.pq import Format


class Mood:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"Mood({self.name!r})"

    def __eq__(self, other):
        return isinstance(other, Mood) and self.name == other.name


class MoodDumper(Dumper):
    type_name = "mood"

    def dump(self, obj):
        return obj.name.encode()


class MoodBinaryDumper(MoodDumper):
    format = Format.BINARY


class MoodLoader(Loader):
    def load(self, data):
        return Mood(bytes(data).decode())


class MoodBinaryLoader(MoodLoader):
    format = Format.BINARY


class moods:
    @howdah.hookimpl
    def howdah_register_adapters(adapters):
        adapters.register_loader("mood", MoodLoader)
        adapters.register_loader("mood", MoodBinaryLoader)
        adapters.register_dumper(Mood, MoodBinaryDumper)
        adapters.register_dumper(Mood, MoodDumper)


SETUP = "DROP TYPE IF EXISTS mood CASCADE; CREATE TYPE mood AS ENUM ('sad', 'very happy')"
VALUES = [Mood("sad"), Mood("very happy")]


def check(check_adapter, values=VALUES, **options):
    driver = howdah.Driver(plugins=[moods])
    check_adapter("mood", values, setup=SETUP, driver=driver, **options)
"""


#: Hypothesis takes longer to import than most of these tests take.
WITHOUT = ("-p", "no:asyncio", "-p", "no:hypothesispytest", "-p", "no:xdist")


class Suite:
    """A directory of tests, and what came of running them."""

    def __init__(self, path, dsn):
        self.path = path
        self._dsn = dsn

    def run(self, source, *args, dsn=True, **environ):
        """Run tests; return the lines printed."""
        (self.path / "test_it.py").write_text(textwrap.dedent(source))
        (self.path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
        env = {name: value for name, value in os.environ.items() if not name.startswith("HOWDAH_T")}
        env["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        if dsn:
            env["HOWDAH_TEST_DSN"] = self._dsn
        command = [sys.executable, "-m", "pytest", "-p", "howdah_testing", *WITHOUT, *args]
        done = subprocess.run(
            command, cwd=self.path, env=env | environ, capture_output=True, text=True, check=False
        )
        self.output = done.stdout
        found = re.search(r"=+ (.*) in [\d.]+s", done.stdout.splitlines()[-1])
        return found[1] if found else done.stdout + done.stderr


@pytest.fixture(scope="module", autouse=True)
def clean(howdah_dsn):
    """What the tests below create goes again."""
    yield
    with howdah.connect(howdah_dsn, autocommit=True) as conn:
        conn.execute("DROP TYPE IF EXISTS mood, area CASCADE")


@pytest.fixture
def tests(tmp_path, howdah_dsn):
    return Suite(tmp_path, howdah_dsn)


@pytest.fixture
def other():
    """The implementation that does not run, if it can."""
    other = "python" if howdah.__impl__ == "native" else "native"
    environ = {**os.environ, "HOWDAH_IMPL": other}
    probe = [sys.executable, "-c", "import howdah; howdah.__impl__"]
    if subprocess.run(probe, env=environ, capture_output=True).returncode:
        pytest.skip("there is just one implementation here")
    return other


def test_good(tests, other, tmp_path):
    log = tmp_path / "log"
    source = f"""
def test_it(check_adapter):
    with open({str(log)!r}, "a") as file:
        print(howdah.__impl__, file=file)
    check(check_adapter)
    literals = {{"'sad'": Mood("sad"), "enum_last(NULL::mood)": Mood("very happy")}}
    check(check_adapter, values=[], sql_literals=literals)

def test_other(howdah_dsn):
    with open({str(log)!r}, "a") as file:
        print("other", file=file)
"""
    assert tests.run(MOOD + source) == "2 passed"
    assert log.read_text().split() == [howdah.__impl__, other, "other"]
    log.unlink()
    assert tests.run(MOOD + source, "--howdah-impl=this") == "2 passed"
    assert log.read_text().split() == [howdah.__impl__, "other"]
    assert tests.run(MOOD + source, "-k", "not other") == "1 passed, 1 deselected"


#: What is broken, and what is said of it: of one value, the only one.
BROKEN = {
    "binary loader": (
        "class MoodBinaryLoader(MoodBinaryLoader):\n    def load(self, data): return bytes(data).decode()",
        """\
  sent
    Mood('sad') (test_it.Mood)
  came back as
    'sad' (str)
  expected
    Mood('sad') (test_it.Mood)
  with
    sync, execute, parameter (%s), binary result, not prepared
    sync, execute, parameter (%s), result in any format, prepared, again
    sync, execute, parameter (%s), binary result, prepared
    sync, execute, parameter (%s), binary result, prepared, again
    sync, execute, text parameter (%t), binary result, not prepared
""",
        [
            "sync, an array: execute, text parameter (%t), binary result, prepared",
            "sync, in a composite made by ROW: execute, parameter (%s), binary result, not prepared",
            "async, in a composite: execute, binary parameter (%b), binary result, prepared, again",
            "sync, COPY, binary, set_types: out of the table, row 1",
            "sync, COPY, binary, set_types, arrays: out of the table, row 1",
            "async, execute, parameter (%s), binary result, prepared",
        ],
        r", text result|COPY, text|raised",
    ),
    "binary dumper": (
        "class MoodBinaryDumper(MoodBinaryDumper):\n    def dump(self, obj): return b'very happy'",
        """\
  sent
    Mood('sad') (test_it.Mood)
  the server has
    'sad'
  and
    'very happy'
  with
    sync, what the server has of it, sent as text and in binary
    async, what the server has of it, sent as text and in binary
""",
        [
            "sync, execute, binary parameter (%b), text result, not prepared",
            "async, executemany, binary parameters (%b), returning, row 1",
            "sync, executemany, binary parameters (%b), into a table, row 1",
            "sync, an array: execute, binary parameter (%b), text result, prepared",
            "async, in a composite: execute, binary parameter (%b), text result, not prepared",
            "sync, COPY, binary: into the table, row 1",
        ],
        r"text parameter \(%t\)|, parameter \(%s\)|raised",
    ),
    "literal": (
        "class MoodDumper(MoodDumper):\n    def quote(self, obj): return b\"'very happy'\"",
        """\
  with
    sync, a literal (ClientCursor)
    async, a literal (ClientCursor)
""",
        [],
        r"execute|COPY",
    ),
    "nothing for NULL": (
        "class MoodDumper(MoodDumper):\n    def dump(self, obj): return None",
        """\
  came back as
    None (NoneType)
  expected
    Mood('sad') (test_it.Mood)
  with
    sync, execute, parameter (%s), result in any format, not prepared
""",
        ["sync, COPY, text: into the table, row 1"],
        r"binary parameter \(%b\), text",
    ),
    "an error": (
        "class MoodLoader(MoodLoader):\n    def load(self, data): raise ValueError('no mood')",
        """\
  sent
    Mood('sad') (test_it.Mood)
  raised
    """,
        [
            "sync, execute, parameter (%s), text result, not prepared",
            "sync, an array: execute, parameter (%s), text result, not prepared",
            "async, in a composite: execute, text parameter (%t), text result, prepared",
            "async, in a composite made by ROW: execute, parameter (%s), result in any format, not prepared",
            "sync, COPY, text, set_types",
            "sync, COPY, text, set_types, arrays",
        ],
        r"binary result",
    ),
    "arrays": (
        """\
class moods(moods):
    @howdah.hookimpl
    def howdah_type_resolved(adapters, info):
        if info.name == "mood":
            adapters.register_loader(info.array_oid, Backwards)

class Backwards(__import__("howdah_types").array.ArrayLoader):
    def value(self, data): return super().value(data)[::-1]

""",
        """\
  came back as
    [None (NoneType), Mood('sad') (test_it.Mood)]
  expected
    [Mood('sad') (test_it.Mood), None (NoneType)]
  with
    sync, an array: execute, parameter (%s), result in any format, not prepared
    sync, an array: execute, parameter (%s), text result, not prepared
""",
        ["sync, COPY, text, arrays: into the table, row 1", "async, an array: a literal (ClientCursor)"],
        r"sync, execute|composite|COPY, text: |raised",
    ),
    "NULL in arrays": (
        """\
class moods(moods):
    @howdah.hookimpl
    def howdah_type_resolved(adapters, info):
        if info.name == "mood":
            adapters.register_loader(info.array_oid, Gapless)

class Gapless(__import__("howdah_types").array.ArrayBinaryLoader):
    def value(self, data): return [each for each in super().value(data) if each is not None]
""",
        """\
  came back as
    [Mood('sad') (test_it.Mood)]
  expected
    [Mood('sad') (test_it.Mood), None (NoneType)]
  with
    sync, an array: execute, parameter (%s), binary result, not prepared
    sync, an array: execute, parameter (%s), result in any format, prepared, again
""",
        ["sync, COPY, binary, set_types, arrays: out of the table, row 1"],
        r"text result|composite|raised",
    ),
    "NULL": (
        """\
class MoodLoader(MoodLoader):
    def __init__(self, oid, context=None):
        super().__init__(oid, context)
        self.connection.row_factory = lambda cur: lambda row: tuple([v or Mood('') for v in row])
""",
        """\
  came back as
    Mood('') (test_it.Mood)
  expected
    None (NoneType)
""",
        ["sync, execute, parameter (%s), text result, not prepared"],
        r"raised",
    ),
    "COPY with types": (
        """\
class moods(moods):
    @howdah.hookimpl
    def howdah_register_adapters(adapters):
        moods.__mro__[1].howdah_register_adapters(adapters)
        adapters.register_dumper(None, Typed)

class Typed(MoodBinaryDumper):
    def dump(self, obj): return b"very happy"
""",
        """\
  with
    sync, COPY, binary, set_types: into the table, row 1
    sync, COPY, binary, set_types: out of the table, row 1
    async, COPY, binary, set_types: into the table, row 1
""",
        [],
        r"execute|COPY, text|composite|raised",
    ),
    "the second time": (
        """\
class MoodBinaryLoader(MoodBinaryLoader):
    times = 0

    def load(self, data):
        self.times += 1
        return super().load(data if self.times != 2 else b"")
""",
        """\
  came back as
    Mood('') (test_it.Mood)
  expected
    Mood('sad') (test_it.Mood)
""",
        [],
        r"text result|raised",
    ),
    "the type": (
        "class MoodDumper(MoodDumper):\n    type_name = None\n    oid = 25",
        """\
  came back as
    'sad' (str)
  expected
    Mood('sad') (test_it.Mood)
  with
    sync, execute, parameter (%s), result in any format, not prepared
""",
        [],
        r"binary parameter",
    ),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory, howdah_dsn):
    """What is printed for each of the broken adapters: all of them are checked by one pytest."""
    source = f"""
@pytest.mark.parametrize("definition", {[case[0] for case in BROKEN.values()]!r}, ids={list(BROKEN)!r})
def test_it(check_adapter, monkeypatch, definition):
    namespace = globals() | {{}}
    exec(definition, namespace)
    name = definition.split()[1].partition("(")[0]
    monkeypatch.setitem(globals(), name, namespace[name])
    check(check_adapter, [Mood("sad")])
"""
    tests = Suite(tmp_path_factory.mktemp("broken"), howdah_dsn)
    assert tests.run(MOOD + source, "--howdah-impl=this") == f"{len(BROKEN)} failed", tests.output
    parts = re.split(r"_+ test_it\[(.*)\] _+\n", tests.output.partition("= short test summary")[0])
    return dict(zip(parts[1::2], parts[2::2]))


@pytest.mark.parametrize("broken", BROKEN)
def test_broken(reports, broken):
    _, told, labels, untold = BROKEN[broken]
    report = reports[broken]
    impl = howdah.__impl__
    begin = rf"check_adapter\('mood'\): \d+ failures in \d+ combinations, on the {impl} implementation\n"
    assert re.match(begin, report), report
    assert told in report
    for label in labels:
        assert f"    {label}\n" in report
    assert not re.search(untold, report), report


def test_broken_on_one_implementation(tests, other):
    source = f"""
class MoodLoader(MoodLoader):
    def load(self, data):
        return Mood("sad") if howdah.__impl__ == {other!r} else super().load(data)

def test_it(check_adapter):
    check(check_adapter)

def test_good(check_adapter):
    check_adapter("int4", [70000])
"""
    assert tests.run(MOOD + source) == "1 failed, 1 passed"
    assert f"on the {other} implementation (HOWDAH_IMPL={other}):\ncheck_adapter('mood')" in tests.output
    assert f"on the {howdah.__impl__} implementation" not in tests.output


def test_skipped_on_one_implementation(tests, other):
    source = f"""
def test_it(check_adapter):
    if howdah.__impl__ == {other!r}:
        pytest.skip("not today")
    check(check_adapter)
"""
    assert tests.run(MOOD + source) == "1 failed"
    assert re.search("the test does not run there: .*not today", tests.output)


def test_equal(tests):
    source = """
class Incomparable(Mood):
    def __eq__(self, other):
        raise ArithmeticError("moods cannot be compared")

class MoodLoader(MoodLoader):
    def load(self, data):
        return Incomparable(bytes(data).decode())

def test_it(check_adapter):
    check(check_adapter, [Incomparable("sad")], binary=False)

def test_equal(check_adapter):
    same = lambda got, expected: got.name == expected.name
    check(check_adapter, [Incomparable("sad")], binary=False, equal=same)
"""
    assert tests.run(MOOD + source, "--howdah-impl=this") == "1 failed, 1 passed"
    expected = """\
  comparing them raised
    ArithmeticError: moods cannot be compared (is `equal` needed?)
"""
    assert expected in tests.output, tests.output


def test_ways(tests):
    source = """
def backwards(conn, type_name, values):
    assert type_name in ("mood", "mood[]") and values[-1] is None
    return values[::-1]

def unchanged(conn, type_name, values):
    assert conn.execute("SELECT to_regtype(%s) IS NULL", [type_name]).fetchone() == (False,)
    return values

def failing(conn, type_name, values):
    raise ValueError(f"no way for {type_name}")

def test_good(check_adapter):
    check(check_adapter, ways={"post": unchanged})

def test_it(check_adapter):
    check(check_adapter, arrays=False, ways={"pigeon": backwards, "post": unchanged, "sea": failing})
"""
    assert tests.run(MOOD + source, "--howdah-impl=this") == "1 failed, 1 passed"
    for told in ("sync, pigeon, row 1", "sync, pigeon, row 3", "ValueError: no way for mood\n", "sync, sea"):
        assert f"    {told}" in tests.output, tests.output
    assert not re.search(r"sync, execute|post|mood\[\]$", tests.output.partition("check_adapter(")[2])


def test_nothing_to_check(tests):
    source = """
def test_it(check_adapter):
    with pytest.raises(ValueError, match="needs values"):
        check_adapter("text")
"""
    assert tests.run(MOOD + source) == "1 passed"


def test_connections(tests):
    source = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.parametrize("time", [1, 2])
def test_sync(howdah_conn, time):
    howdah_conn.execute("CREATE TABLE never_committed ()")

@pytest.mark.anyio
@pytest.mark.parametrize("time", [1, 2])
async def test_async(howdah_aconn, time):
    await howdah_aconn.execute("CREATE TABLE never_committed ()")
    import asyncio
    assert asyncio.get_running_loop()
"""
    assert tests.run(source) == "4 passed"


def test_server(tests, howdah_dsn):
    source = f"""
def test_it(howdah_dsn, howdah_conn):
    assert (howdah_dsn == {howdah_dsn!r}) is EXPECTED
    assert howdah_conn.execute("SELECT 1").fetchone() == (1,)
"""
    given = source.replace("EXPECTED", "True")
    assert tests.run(given) == "1 passed"
    assert (
        tests.run(given, f"--howdah-dsn={howdah_dsn}", HOWDAH_TEST_DSN="host=nowhere.invalid") == "1 passed"
    )
    disposable = source.replace("EXPECTED", "False")
    assert tests.run(disposable, dsn=False) == "1 passed"


def test_who_does_not_use_it(tests):
    source = """
import sys

def test_it(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("howdah_testing")
    assert not [name for name in sys.modules if name.startswith("howdah") and name != "howdah_testing"]
"""
    assert tests.run(source) == "1 passed"
    tests.run(source, "--help")
    assert "--howdah-dsn=CONNINFO" in tests.output


def test_entry_point(tests, tmp_path):
    """Installed, it is loaded by its entry point, and a conftest that names it does no harm."""
    site = tmp_path / "site"
    info = site / "howdah_testing_entry-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: howdah-testing-entry\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pytest11]\nhowdah_testing = howdah_testing\n")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["howdah_testing"]\n')
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    source = "def test_it(howdah_conn): assert howdah_conn.execute('SELECT 1').fetchone() == (1,)"
    assert tests.run(source, PYTHONPATH=path) == "1 passed"


def write_modules(page: str, path: Path) -> str:
    """Write the modules on a page of the documentation into a folder; return the page."""
    text = (Path(__file__).parents[3] / "docs" / page).read_text(encoding="utf-8")
    for name, source in re.findall(r"```\{code-block\} python\n:caption: (\S+)\n\n(.*?)```", text, re.DOTALL):
        (path / name).write_text(source, encoding="utf-8")
    return text


@pytest.fixture
def page(tests):
    """The page of the documentation, the modules on it written where the tests are run."""
    return write_modules("testing.md", tests.path)


def test_page(tests, page):
    path = os.pathsep.join([str(tests.path), *filter(None, sys.path)])
    assert tests.run("", "test_area.py", "test_async.py", PYTHONPATH=path) == "2 passed"


def test_how_to_page(tests):
    write_modules("howto/testing.md", tests.path)
    assert tests.run("", "test_elephants.py", "test_names.py") == "3 passed"


def test_failure_on_page(tests, page):
    module = tests.path / "acme_area.py"
    broken = "class AreaBinaryLoader(AreaLoader):\n    load = lambda self, data: bytes(data)\n"
    module.write_text(module.read_text().replace("class AreaBinaryLoader(AreaLoader):\n", broken))
    path = os.pathsep.join([str(tests.path), *filter(None, sys.path)])
    assert tests.run("", "test_area.py", "--howdah-impl=this", PYTHONPATH=path) == "1 failed"
    (sample,) = re.findall(r"```text\n(.*?)    …\n```", page, re.DOTALL)
    pattern = re.sub(r"\d+", r"\\d+", re.escape(sample)).replace("native", howdah.__impl__)
    assert re.search(pattern, tests.output), tests.output
