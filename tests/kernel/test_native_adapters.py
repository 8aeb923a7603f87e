"""A third party's native adapters: the distribution of docs/native-adapters.md is built and installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import howdah
from howdah.adapt import Loader
from howdah.adapt.transformer import RowDecoder
from tests.pages import ROOT, blocks

PAGE = ROOT / "docs" / "native-adapters.md"

#: A native adapter that was compiled for the next version of the interface.
FUTURE = """
from howdah.native.adapters cimport INTERFACE_VERSION, load_bytes, new_native_adapter

POINT = new_native_adapter(INTERFACE_VERSION + 1, NULL, load_bytes, NULL, NULL, NULL, False, NULL)
"""

#: Loads and dumps points, with the classes of adapters changed by `CHANGE` before.
PROGRAM = """
import sys, warnings
import howdah, zoo_points
warnings.simplefilter("error" if "{warnings}" == "none" else "always")

def fail(self, value):
    raise AssertionError("the Python method was called")

{change}
with howdah.connect(sys.argv[1]) as conn:
    for _ in range(8):
        cur = conn.execute("SELECT %s + point(1, 1), %s", [2 + 1j, 1j], binary=True)
        print(howdah.__impl__, *cur.fetchone())
    with conn.cursor().copy("COPY (SELECT point(1, 2)) TO STDOUT (FORMAT binary)") as copy:
        copy.set_types(["point"])
        print(*[row[0] for row in copy.rows()])
"""
NATIVE_ALONE = "zoo_points.PointLoader.load = zoo_points.ComplexDumper.dump = fail"
EXPECTED = "(3+2j) 1j"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the distribution installed in it."""
    if howdah.__impl__ != "native":
        pytest.skip("the native core is not in use")
    source = tmp_path_factory.mktemp("source")
    text = PAGE.read_text(encoding="utf-8")
    for block in (*blocks(text, "python"), *blocks(text, "cython"), *blocks(text, "toml")):
        first, _, content = block[1].partition("\n")
        if first.startswith("# "):
            path = source / first[2:]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
    (source / "src/zoo_points/_future.pyx").write_text(FUTURE)
    setup = (source / "setup.py").read_text()
    future = ', Extension("zoo_points._future", ["src/zoo_points/_future.pyx"])]'
    (source / "setup.py").write_text(setup.replace('_native.pyx"])]', '_native.pyx"])' + future))
    site = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-index", "--no-deps"]
    done = subprocess.run(
        [*pip, "--target", site, source],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "CFLAGS": "-O1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [*site.glob("zoo_points/_native.*.so")], done.stdout + done.stderr
    return site


def program(
    site: Path, dsn: str, change: str = "", impl: str = "native", warnings: str = "none"
) -> tuple[list[str], str]:
    """Run the program; return what it printed, and its warnings."""
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(change=change, warnings=warnings), dsn],
        env={**os.environ, "PYTHONPATH": path, "HOWDAH_IMPL": impl},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_the_native_functions_are_called(site: Path, dsn: str) -> None:
    assert program(site, dsn, NATIVE_ALONE) == ([f"native {EXPECTED}"] * 8 + ["(1+2j)"], "")


METHODS = """
import zoo_points

class Flipped(zoo_points.PointLoader):
    def load(self, data):
        return super().load(data).conjugate()

for method in (zoo_points.PointLoader.load, zoo_points.ComplexDumper.dump):
    method.__wrapped__.__code__ = fail.__code__
dumped = zoo_points.ComplexDumper(complex).dump(1j)
print(Flipped(600).load(dumped), dumped[8:10])
"""


def test_they_are_called_as_methods_too(site: Path, dsn: str) -> None:
    lines, _ = program(site, dsn, METHODS)
    assert lines[0] == "-1j b'?\\xf0'"


def test_what_they_do_not_take_is_left_to_python(site: Path, dsn: str) -> None:
    change = "class complex(complex): pass\nzoo_points.ComplexDumper.dump = lambda self, obj: bytes(16)"
    program(site, dsn, change)
    code = "howdah.connect(sys.argv[1]).execute('SELECT %s', [type('C', (complex,), {})(1)]).fetchone()[0]"
    lines, _ = program(site, dsn, f"print({code})")
    assert lines[0] == "(1+0j)"


def test_the_python_implementation_needs_no_native_module(site: Path, dsn: str) -> None:
    assert program(site, dsn, impl="python") == ([f"python {EXPECTED}"] * 8 + ["(1+2j)"], "")


def test_without_its_native_module_a_distribution_is_pure(site: Path, dsn: str, tmp_path: Path) -> None:
    pure = tmp_path / "pure"
    shutil.copytree(site, pure, ignore=shutil.ignore_patterns("*.so", "*.pyx", "*.c"))
    assert program(pure, dsn) == ([f"native {EXPECTED}"] * 8 + ["(1+2j)"], "")


def test_a_module_for_another_version_of_the_interface(site: Path, dsn: str) -> None:
    change = "zoo_points.PointLoader.native = zoo_points.ComplexDumper.native = 'zoo_points._future:POINT'"
    lines, warnings = program(site, dsn, change, warnings="shown")
    assert lines == [f"native {EXPECTED}"] * 8 + ["(1+2j)"]
    assert warnings.count("RuntimeWarning: the native adapters of zoo_points._future cannot be used") == 1
    assert "compiled for version 5 of howdah's native interface, and this howdah has version 4" in warnings


def test_the_page_prints_what_it_says(site: Path, dsn: str) -> None:
    [code] = [block[1] for block in blocks(PAGE.read_text(encoding="utf-8"), "python") if "#> " in block[1]]
    code = code.replace("howdah.connect()", "howdah.connect(sys.argv[1])")
    lines, _ = program(site, dsn, f"{code}\nsys.exit()")
    assert lines == [code.partition("#> ")[2].strip()]


@pytest.mark.skipif(howdah.__impl__ != "native", reason="nothing is looked for in Python")
@pytest.mark.parametrize(
    ("native", "message"),
    [
        ("int4", "is written 'module:attribute'"),
        (":INT4", "is written 'module:attribute'"),
        ("howdah_types._native.scalars:", "is written 'module:attribute'"),
        ("howdah_types._native.scalars:INT5", "has no native adapter of this name"),
        ("howdah.errors:DataError", "has no native adapter of this name"),
    ],
)
def test_a_name_that_is_wrong(native: str, message: str) -> None:
    loader = type("Wrong", (Loader,), {"native": native, "load": lambda self, data: 1})
    with pytest.raises(howdah.ProgrammingError, match=message):
        RowDecoder([loader(0)])
