"""Sphinx's configuration."""

from __future__ import annotations

import re
from enum import Enum
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils.nodes import Node
    from sphinx.application import Sphinx

project = "howdah"
author = "The howdah authors"
project_copyright = "2026, The howdah authors"
release = version = version_of("howdah")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
nitpicky = False
# Classes of two packages have the name Session; a reference finds that of its own package.
suppress_warnings = ["ref.python"]
default_role = "code"  # docstrings put code in single backticks

autodoc_member_order = "bysource"
# Engines that are too large to be installed for the sake of a few signatures.
autodoc_mock_imports = ["dask", "pandas", "pyarrow", "pyspark", "ray"]
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"howdah {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


class Sqlstates(SphinxDirective):
    """A table of the classes of `howdah.errors`, by SQLSTATE."""

    def run(self) -> list[Node]:
        """Return the table."""
        from howdah.errors import sqlstates

        classes = sorted(
            (getattr(sqlstates, name) for name in sqlstates.__all__), key=lambda cls: cls.sqlstate
        )
        rows = [f"| `{cls.sqlstate}` | `{cls.__name__}` | `{cls.__base__.__name__}` |" for cls in classes]
        return self.parse_text_to_nodes(
            "\n".join(["| SQLSTATE | class | derived from |", "|---|---|---|", *rows])
        )


def show_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str, str | None] | None:
    """Hide the arguments of classes that are not made by calling them."""
    made_by_others = ("Connection", "Transaction", "ConnectionInfo", "Diagnostic", "Column")
    if what == "class" and (
        name.endswith(made_by_others)
        or getattr(obj, "_is_protocol", False)
        or (isinstance(obj, type) and issubclass(obj, Enum))
    ):
        return "", returns
    return None


def skip_member(app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """Leave out the exceptions that connections have as attributes, and that named tuples have fields."""
    is_exception = isinstance(obj, type) and issubclass(obj, BaseException)
    if (what == "class" and is_exception) or str(getattr(obj, "__doc__", "")).startswith("Alias for field"):
        return True
    return None


# napoleon takes what stands before a colon for a type; here the annotations have the types. Colons
# of text are something else while it is at work.
COLON = "\uf03a"


def before_napoleon(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make reStructuredText of our docstrings: protect colons, show indented lines of a module as code."""
    result: list[str] = []
    section = ""
    for line in lines:
        if line and not line[0].isspace():
            section = line
        elif what == "module" and line and not section.endswith(":: ") and not result[-1]:
            result += ["::", ""]
            section = ":: "
        if what in ("attribute", "property", "data") or (section == "Returns:" and line != section):
            line = line.replace(":", COLON)
        result.append(re.sub(r"(`\w+`)(?=s\b)", r"\1\\ ", line))
    lines[:] = result


def after_napoleon(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Bring the colons back."""
    lines[:] = [line.replace(COLON, ":") for line in lines]


def setup(app: Sphinx) -> None:
    """Add what is above to Sphinx."""
    app.add_directive("sqlstates", Sqlstates)
    app.add_css_file("figures.css")
    app.connect("autodoc-process-signature", show_signature)
    app.connect("autodoc-skip-member", skip_member)
    app.connect("autodoc-process-docstring", before_napoleon, priority=400)
    app.connect("autodoc-process-docstring", after_napoleon, priority=600)
