"""The examples of the page on pools run."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from howdah_pool.statistics import Statistics

PAGE = (Path(__file__).parents[3] / "docs" / "pool.md").read_text(encoding="utf-8")


def test_examples(dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"conninfo": dsn, "standbys": f"{dsn} target_session_attrs=any"}
    examples = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(examples) == 6
    for example in examples:
        code = compile(example, "pool.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        running = eval(code, names)
        if inspect.iscoroutine(running):

            async def main(running: Any = running) -> None:
                await running

            asyncio.run(main())
    assert "couldn't get a connection" in capsys.readouterr().out


def test_every_statistic_is_listed() -> None:
    for name in [
        *Statistics().report(),
        "requests_waiting",
        "pool_min",
        "pool_max",
        "pool_size",
        "pool_available",
    ]:
        assert re.search(rf"^\| .*`{name}`", PAGE, re.MULTILINE), name
