"""Check that no function, in Python or Cython, has a cyclomatic complexity above 15.

    python .ci/complexity.py

lizard counts, `and` and `or` included. The functions that may stay longer are
those of the table in CONTRIBUTING.md; one that no longer needs its place there
is reported, too.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import lizard

ROOT = Path(__file__).parent.parent
LIMIT = 15

EXCEPTIONS = re.compile(r"^\| `(\S+\.py\S*: \w+)` \|", re.MULTILINE)
# Everything in front of the name in `cdef inline object name(`; lizard knows Python's `def` only.
C_FUNCTION = re.compile(r"^( *)c(?:p)?def (?!class )[^(=\n]*?(\w+)\(", re.MULTILINE)


def longer_functions(path: Path) -> set[str]:
    """The functions of a file that are above the limit, each as `file: function`."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        source = C_FUNCTION.sub(r"\1def \2(", source).replace("cdef class", "class")
    functions = lizard.analyze_file.analyze_source_code(f"{path}.py", source).function_list
    file = path.relative_to(ROOT)
    return {f"{file}: {each.name}" for each in functions if each.cyclomatic_complexity > LIMIT}


def main() -> int:
    excepted = set(EXCEPTIONS.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    sources = [
        path
        for folder in ("core", "plugins", "contrib")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".pyx", ".pxi")
    ]
    longer = set().union(*map(longer_functions, sources))
    for name in sorted(longer - excepted):
        print(f"{name}: its cyclomatic complexity is above {LIMIT}")
    for name in sorted(excepted - longer):
        print(f"{name}: CONTRIBUTING.md lists it as above {LIMIT}, which it is not")
    return 1 if longer ^ excepted else 0


if __name__ == "__main__":
    sys.exit(main())
