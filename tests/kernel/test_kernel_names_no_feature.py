"""The kernel names no plugin, and no feature of one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from howdah.framework.plugins import discover

KERNEL = Path(__file__).parents[2] / "core" / "howdah"
#: What type checkers are told of the default bundle.
FOR_TYPE_CHECKERS = KERNEL / "_bundle.py"
OF_TYPE_CHECKERS = re.compile(r"^    (\w+) = _bundle\.\1$", re.MULTILINE)
SUFFIXES = {".py", ".pyx", ".pxd", ".pxi"}

#: Names of plugins that are words of PostgreSQL's, of its protocol's or of Python's as well.
COMMON = {
    "types", "copy", "fetch", "prepare", "pipeline", "pool", "embedded", "check", "Copy", "oauth", "gssapi",
    "retry", "load",
}  # fmt: skip
#: What plugins bring under other names than their own.
BROUGHT = {
    "prepare_threshold",
    "prepared_max",
    "server_cursor_factory",
    "shareable",
    "excuses",
    "sharing",
    "may_copy_in",
    "show_copy",
}

PLUGINS, PROVISIONS = discover()
OWN = [plugin for plugin in PLUGINS if plugin.distribution == "howdah"]
PACKAGES = {plugin.package for plugin in OWN}
NAMES = {plugin.name for plugin in OWN}
#: `has_…`, and the public names: no others of an attribute, which may be those of an argument.
PROVIDED = {
    provision.name
    for provision in PROVISIONS
    if provision.package in PACKAGES
    and "." not in provision.name
    and not provision.name.startswith("howdah_")
    and provision.name not in COMMON
}
#: A capability that is asked for by its name.
REQUIRED = re.compile(rf"""(require|not_supported|is_absent)\(\s*f?["'](has_\w|{"|".join(NAMES)})""")


def sources() -> list[Path]:
    return [path for path in KERNEL.rglob("*") if path.suffix in SUFFIXES and path != FOR_TYPE_CHECKERS]


def words(text: str) -> set[str]:
    """Return the words, and what they end with behind an underscore: `_may_copy_in` is `may_copy_in`."""
    found = set(re.findall(r"\w+", text))
    return found | {word.lstrip("_") for word in found} | {word.rpartition("is_")[2] for word in found}


def test_there_is_something_to_look_for() -> None:
    assert len(OWN) > 10 and len(PROVIDED) > 20 and len(sources()) > 80
    assert {"has_prepare", "Pipeline"} <= PROVIDED


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(KERNEL)))
def test_the_kernel_names_no_feature_of_a_plugin(path: Path) -> None:
    text = OF_TYPE_CHECKERS.sub("", path.read_text(encoding="utf-8"))
    found = words(text) & (PACKAGES | (NAMES - COMMON) | PROVIDED | BROUGHT)
    assert not found
    assert REQUIRED.search(text) is None
