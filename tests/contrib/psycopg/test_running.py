"""`python -m howdah_psycopg`: programs run as Python itself runs them."""

from __future__ import annotations

import re
import signal

import pytest

import howdah
from tests.contrib.psycopg.fresh import python

SHOW = """
import sys, os
import helper
print(__name__, __builtins__ is not None, globals().get("__file__", "none") != "none", sys.argv)
print(os.path.basename(sys.path[0]), helper.__name__)
import psycopg
print(psycopg.__spec__.origin)
class Value:
    pass
import pickle
assert type(pickle.loads(pickle.dumps(Value()))) is Value
"""


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "program.py").write_text(SHOW)
    (folder / "helper.py").write_text("")
    return folder


def test_file(folder):
    program = folder / "program.py"
    process = python("-m", "howdah_psycopg", program, "-m", "a b")
    assert process.stderr == ""
    assert process.stdout.splitlines() == [
        f"__main__ True True {[str(program), '-m', 'a b']}",
        "program helper",
        "howdah",
    ]


@pytest.mark.parametrize("option", [("-m", "program"), ("-mprogram",)])
def test_module(folder, option):
    process = python("-m", "howdah_psycopg", *option, "-x", path=(folder,))
    assert process.stderr == ""
    first, _, last = process.stdout.splitlines()
    assert first == f"__main__ True True {[str(folder / 'program.py'), '-x']}"
    assert last == "howdah"


def test_code(folder):
    process = python("-m", "howdah_psycopg", "-c", SHOW, "x", path=(folder,))
    assert process.stderr == ""
    first, _, last = process.stdout.splitlines()
    assert first == f"__main__ True False {['-c', 'x']}"
    assert last == "howdah"


FAILING = """
def deeper():
    try:
        {}["x"]
    except KeyError:
        raise ValueError("it failed")
deeper()
"""


@pytest.mark.parametrize("how", ["file", "module", "code"])
def test_traceback_is_python_s(folder, how):
    (folder / "failing.py").write_text(FAILING)
    arguments = {
        "file": [folder / "failing.py"],
        "module": ["-m", "failing"],
        "code": ["-c", FAILING],
    }[how]
    ours = python("-m", "howdah_psycopg", *arguments, path=(folder,))
    theirs = python(*arguments, path=(folder,))
    assert ours.returncode == theirs.returncode == 1
    # The frames of -m, which Python itself has as well; before 3.11 with their lines.
    runpy = re.compile(r'  File "(?:<frozen runpy>|.*/runpy\.py)", .*\n(?:    .*\n)?')
    assert runpy.sub("", ours.stderr) == runpy.sub("", theirs.stderr)
    assert "howdah_psycopg" not in ours.stderr


@pytest.mark.parametrize(
    ("code", "status"),
    [("raise SystemExit(3)", 3), ("import sys; sys.exit('no')", 1), ("pass", 0), ("1 +", 1)],
)
def test_exit_status(folder, code, status):
    (folder / "ending.py").write_text(code)
    ours, theirs = python("-m", "howdah_psycopg", folder / "ending.py"), python(folder / "ending.py")
    assert ours.returncode == theirs.returncode == status
    assert ours.stderr.splitlines()[-1:] == theirs.stderr.splitlines()[-1:]


def test_interrupted(folder):
    # In the background a shell has programs ignore the signal.
    handled = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    (folder / "slow.py").write_text(f"import os, signal; {handled}; os.kill(os.getpid(), signal.SIGINT)")
    process = python("-m", "howdah_psycopg", folder / "slow.py")
    assert process.returncode == -signal.SIGINT
    assert process.stderr.splitlines()[-1] == "KeyboardInterrupt"
    assert "howdah_psycopg" not in process.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "usage: "),
        (["-c"], "Argument expected for the -c option"),
        (["-x", "y"], "Unknown option: -x"),
    ],
)
def test_refused(arguments, said):
    process = python("-m", "howdah_psycopg", *arguments)
    assert process.returncode == 2
    assert process.stderr.startswith(said)


@pytest.mark.parametrize(
    "arguments",
    [
        ["/nowhere/at/all.py"],
        ["."],
        ["-m", "nope"],
        ["-m", "os.nope"],
        ["-m", "nope.nope"],
        ["-m", "package"],
        ["-m", ".nope"],
    ],
)
def test_nothing_to_run(folder, arguments):
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    ours = python("-m", "howdah_psycopg", *arguments, cwd=folder)
    theirs = python(*arguments, cwd=folder)
    assert ours.returncode == theirs.returncode
    assert ours.stderr == theirs.stderr.replace("/.'", "'")  # Python 3.10 does not shorten the path


@pytest.mark.parametrize("arguments", [["-m", "importing"], ["importing.py"], ["-m", "package.importing"]])
def test_a_program_that_imports_what_is_not_there(folder, arguments):
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "importing.py").write_text("from package import nope")
    (folder / "importing.py").write_text("import nope")
    ours = python("-m", "howdah_psycopg", *arguments, cwd=folder)
    theirs = python(*arguments, cwd=folder)
    assert ours.returncode == theirs.returncode == 1
    said = ours.stderr.splitlines()
    assert "runpy" not in ours.stderr
    assert said[1:] == theirs.stderr.splitlines()[1 - len(said) :]


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(option):
    process = python("-m", "howdah_psycopg", option)
    assert process.returncode == 0
    assert process.stdout.startswith(f"howdah {howdah.__version__} (as psycopg), Python 3.")


def test_help():
    process = python("-m", "howdah_psycopg", "--help")
    assert process.returncode == 0
    assert process.stdout.startswith("usage: python -m howdah_psycopg program.py")
