"""The pages of the documentation: the Python code on them runs, and prints what the pages say."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ROOT", "blocks", "run"]

ROOT = Path(__file__).parents[1]
#: `print(1)  #> 1`, or the output in lines of their own below.
OUTPUT = re.compile(r"#> ?(.*)$", re.MULTILINE)


def blocks(text: str, language: str) -> list[re.Match[str]]:
    """Return the fenced blocks in a language, whose content is group 1."""
    return [*re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def run(
    page: Path,
    *,
    names: Mapping[str, Any] | None = None,
    wanted: Callable[[str], bool] = lambda code: True,
) -> int:
    """Run the blocks of a page in order, in one namespace and one event loop; check what they print.

    Args:
        page: the page.
        names: what its code finds defined.
        wanted: says of each block whether to run it.

    Returns:
        how many there were.
    """
    text = page.read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "__main__", **(names or {})}
    chosen = [block for block in blocks(text, "python") if wanted(block[1])]
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        for block in chosen:
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
    return len(chosen)
