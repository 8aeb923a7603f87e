"""The Python on the pages of the documentation runs, and prints what the pages say."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest

import howdah
from howdah.conninfo import PARAMETERS, parse
from tests.pages import ROOT, blocks, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Those whose blocks marked ```python run; what is only to be looked at is a {code-block} there.
PAGES = [
    "README.md",
    *(f"docs/{name}.md" for name in ("tutorial", "queries", "transactions", "async", "types", "adaptation")),
    *(f"docs/{name}.md" for name in ("copy", "prepare", "named-cursors", "pipeline", "large-objects")),
    "docs/fetch.md",
    "docs/retry.md",
    "docs/listener.md",
    "docs/multiplex.md",
    "docs/arrow.md",
    "docs/load.md",
    "docs/scan.md",
    "docs/composed-types.md",
    "docs/plugins.md",
    "docs/operations.md",
    "docs/errors.md",
    *(f"docs/{name}.md" for name in ("numpy", "pgvector", "pydantic", "opentelemetry", "monitoring")),
    "docs/frameworks/sqlalchemy.md",
]
#: The pages of plugins; that on pools runs in the tests of its plugin.
PLUGINS = (
    *("copy", "fetch", "pipeline", "multiplex", "prepare", "large-objects", "named-cursors", "pool", "arrow"),
)


#: What has to be installed on the server for a page.
EXTENSIONS = {"docs/pgvector.md": "vector"}

#: Each page has a database of another name: a driver remembers which types there are in one.
_numbers = itertools.count(1)


@pytest.fixture
def database(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database for one page, which `howdah.connect()` without arguments connects to."""
    name = f"howdah_docs_{next(_numbers)}"
    settings = {**parse(dsn), "dbname": name}
    environ = {parameter.name: parameter.environ for parameter in PARAMETERS}
    for parameter, value in settings.items():
        variable = environ[parameter]
        assert variable is not None
        monkeypatch.setenv(variable, value)
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {name}")
        yield
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")
    # What a page registers for all connections is for that page.
    howdah.configure()


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("page", PAGES)
def test_page(page: str) -> None:
    extension = EXTENSIONS.get(page)
    with howdah.connect() as conn:
        available = conn.execute("SELECT name FROM pg_available_extensions").fetchall()
    if extension is not None and (extension,) not in available:
        pytest.skip(f"the server has no extension {extension}")
    run(ROOT / page)


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_s_page_has_all_its_parts(name: str) -> None:
    """What it is for, examples, how it is built on the kernel, what it costs, its limits."""
    text = (ROOT / f"docs/{name}.md").read_text(encoding="utf-8")
    assert re.match(r"# .+\n\n\w", text)
    assert len(blocks(text, "python")) > 4
    headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert headings[-3:] == ["How it is built", "What it costs", "Limits"]


def test_what_is_printed_is_compared(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)  #> 2\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page\.md, line 2"):
        run(page)
