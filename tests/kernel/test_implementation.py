"""Which implementation is used, and how `HOWDAH_IMPL` chooses it."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

BUILT = importlib.util.find_spec("howdah.native.wire") is not None
SCRIPT = "import howdah, howdah.adapt.transformer as t; print(howdah.__impl__, t.RowDecoder.__module__)"
WITHOUT_NATIVE = "import sys; sys.modules['howdah.native.adapters'] = None; "


def run(script: str, impl: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in another interpreter, with `HOWDAH_IMPL` set or not."""
    env = {name: value for name, value in os.environ.items() if name != "HOWDAH_IMPL"}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    if impl is not None:
        env["HOWDAH_IMPL"] = impl
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], env=env, capture_output=True, text=True, check=False
    )


def test_python() -> None:
    assert run(SCRIPT, "python").stdout == "python howdah.adapt.rowdecoder\n"


@pytest.mark.skipif(not BUILT, reason="the native core is not built")
@pytest.mark.parametrize("impl", [None, "", "native"])
def test_native(impl: str | None) -> None:
    assert run(SCRIPT, impl).stdout == "native howdah.native.adapters\n"


def test_falls_back_without_a_word() -> None:
    result = run(WITHOUT_NATIVE + SCRIPT, None)
    assert (result.stdout, result.stderr) == ("python howdah.adapt.rowdecoder\n", "")


CONNECTING = (
    "import sys, howdah\n"
    "for _ in range(2):\n"
    "    howdah.connect(sys.argv[1]).close()\n"
    "from howdah.native.implementation import why_not_native; print(why_not_native())"
)


@pytest.mark.parametrize("impl", [None, "python"])
def test_the_first_connection_logs_a_fallback_that_nobody_asked_for(impl: str | None, dsn: str) -> None:
    result = run(f"{WITHOUT_NATIVE}\n{CONNECTING}", impl, dsn)
    if impl == "python":
        assert (result.stdout, result.stderr) == ("\n", "")
    else:
        assert result.stdout.startswith("the native core")
        assert result.stderr.count("howdah runs in pure Python, which is slower: the native core") == 1
        assert "HOWDAH_IMPL=python silences this" in result.stderr


def test_the_doctor_says_it_once(dsn: str) -> None:
    script = "from howdah.cli import main; main(['doctor', *sys.argv[1:]])"
    result = run(WITHOUT_NATIVE + script, None, dsn)
    assert result.stdout.count("howdah runs in pure Python") == 1
    assert result.stderr == ""


@pytest.mark.skipif(not BUILT, reason="the native core is not built")
def test_nothing_is_logged_if_the_native_core_is_used(dsn: str) -> None:
    result = run(CONNECTING, None, dsn)
    assert (result.stdout, result.stderr) == ("\n", "")


def test_native_that_is_not_there() -> None:
    result = run(WITHOUT_NATIVE + SCRIPT, "native")
    assert result.returncode
    assert "ImportError: HOWDAH_IMPL asks for the native core, which was not built" in result.stderr


def test_unknown_value() -> None:
    result = run(SCRIPT, "rust")
    assert result.returncode
    assert "ImportError: HOWDAH_IMPL is 'rust'; it can be 'native', 'python' or unset" in result.stderr


SUBINTERPRETER = """
import os, sys, howdah.adapt.transformer
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
def run(code):
    error = None
    try:
        error = interpreters.run_string(interpreters.create(), code)
    except Exception as e:
        error = e
    print("error:", error)
run('''
import howdah
print(howdah.__impl__, howdah.connect)
''')
"""


@pytest.mark.skipif(not BUILT, reason="the native core was not built")
@pytest.mark.parametrize("impl", [None, "native", "python"])
def test_an_interpreter_that_cannot_load_the_native_core(impl: str | None) -> None:
    done = run(SUBINTERPRETER, impl)
    if impl == "native":
        assert "howdah.native, cannot be loaded" in done.stdout and "HOWDAH_IMPL=python" in done.stdout
        assert "PluginError" not in done.stdout
        return
    assert done.stdout.startswith("python <bound method"), done.stdout + done.stderr
    assert ("RuntimeWarning: the native core, howdah.native" in done.stderr) == (impl is None)
