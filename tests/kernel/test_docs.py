"""The Python on the pages of the documentation runs, and prints what the pages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import howdah
from howdah.conninfo import PARAMETERS, parse
from tests.pages import ROOT, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Those whose blocks marked ```python run; what is only to be looked at is a {code-block} there.
PAGES = [
    "README.md",
    *(f"docs/{name}.md" for name in ("tutorial", "queries", "transactions", "async", "adaptation", "errors")),
    *(f"docs/{name}.md" for name in ("copy", "prepare", "named-cursors", "pipeline", "large-objects")),
]


@pytest.fixture
def database(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A database for one page, which `howdah.connect()` without arguments connects to."""
    settings = {**parse(dsn), "dbname": "howdah_docs"}
    environ = {parameter.name: parameter.environ for parameter in PARAMETERS}
    for name, value in settings.items():
        variable = environ[name]
        assert variable is not None
        monkeypatch.setenv(variable, value)
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS howdah_docs WITH (FORCE)")
        conn.execute("CREATE DATABASE howdah_docs")
        yield
        conn.execute("DROP DATABASE howdah_docs WITH (FORCE)")


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("page", PAGES)
def test_page(page: str) -> None:
    run(ROOT / page)


def test_what_is_printed_is_compared(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)  #> 2\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page\.md, line 2"):
        run(page)
