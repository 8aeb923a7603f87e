"""The Python on the pages of the documentation runs, and prints what the pages say."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah.conninfo import PARAMETERS, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
#: Those whose blocks marked ```python run; what is only to be looked at is a {code-block} there.
PAGES = [
    "README.md",
    *(f"docs/{name}.md" for name in ("tutorial", "queries", "transactions", "async", "adaptation", "errors")),
    *(f"docs/{name}.md" for name in ("composed-types", "prepare", "named-cursors", "pipeline")),
    "docs/large-objects.md",
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: `print(1)  #> 1`, or the output in lines of their own below.
OUTPUT = re.compile(r"#> ?(.*)$", re.MULTILINE)


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
    # What a page registers for all connections is for that page.
    howdah.configure()


def run(page: Path) -> None:
    """Run the blocks of a page in order, in one namespace and one event loop; check what they print."""
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        for block in BLOCK.finditer(text):
            line = text.count("\n", 0, block.start(1))
            code = compile(
                "\n" * line + block[1],
                str(page),
                "exec",
                flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
                dont_inherit=True,
            )
            with contextlib.redirect_stdout(io.StringIO()) as stdout:
                outcome = eval(code, namespace)
                if inspect.isawaitable(outcome):
                    loop.run_until_complete(outcome)
            expected = [match[1] for match in OUTPUT.finditer(block[1])]
            assert stdout.getvalue().splitlines() == expected, f"{page.name}, line {line + 1}"


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("page", PAGES)
def test_page(page: str) -> None:
    run(ROOT / page)


def test_what_is_printed_is_compared(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1)  #> 2\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page\.md, line 2"):
        run(page)
