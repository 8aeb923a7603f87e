"""The tool that generates the sync modules."""

from __future__ import annotations

import importlib.util
import textwrap
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).parents[2] / ".ci" / "async_to_sync.py"


@pytest.fixture(scope="module")
def sides() -> Any:
    spec = importlib.util.spec_from_file_location("async_to_sync", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("async def f(): return await g()", "def f(): return g()"),
        ("async with await a() as b, c: pass", "with a() as b, c: pass"),
        ("async for x in y: pass", "for x in y: pass"),
        ("z = [x async for x in y]", "z = [x for x in y]"),
        ("await(x)", "(x)"),
        ("(await f(1)).g", "f(1).g"),
        ("(await f(\n1)).g", "f(\n1).g"),
        ("(await f(1)\n.g)", "(f(1)\n.g)"),
        ("(\n    await f(1)\n).g", "f(1).g"),
        ("(  # why\n    await f(1)\n).g", "(  # why\n    f(1)\n).g"),
        ("f(await x)", "f(x)"),
        ("f((await x)[0], (await y) + 1)", "f(x[0], y + 1)"),
        ("f()(await x)", "f()(x)"),
        ("return_(await x, await y)", "return_(x, y)"),
        ("t = (await x, 1)", "t = (x, 1)"),
        ("class AsyncA(_AsyncB['AsyncC']): pass", "class A(_B['C']): pass"),
        ("asynchronous = Async", "asynchronous = Async"),
        ("await self.__aenter__()", "self.__enter__()"),
        ("raise StopAsyncIteration", "raise StopIteration"),
        ("from .connection_async import AsyncConnection", "from .connection import Connection"),
        ("x: AsyncGenerator[dict[str, int], None]", "x: Generator[dict[str, int], None, None]"),
        ("x: Callable[[int], Awaitable[list[int]]]", "x: Callable[[int], list[int]]"),
        ("lock = asyncio.Lock()", "lock = threading.RLock()"),
        ("aio.send(sock)", "blocking.send(sock)"),
        ("f'{await x} await y'", "f'{x} y'"),
        ("x = 1  # await the AsyncCursor", "x = 1  # the Cursor"),
        ("'''async with AsyncConnection'''", "'''with Connection'''"),
        ("'asynchronously awaited, await.'", "'asynchronously awaited, await.'"),
    ],
)
def test_words(sides: Any, source: str, expected: str) -> None:
    assert sides.sync_source(source) == expected


def test_conditions(sides: Any) -> None:
    source = """\
        ASYNC = True
        if ASYNC:
            import a
        else:
            # why
            import b
        class C:
            def f(self):
                if not ASYNC:
                    return 1
                else:
                    return 2
            def g(self):
                if ASYNC:
                    if x:
                        return 3
        """
    expected = """\
        # why
        import b
        class C:
            def f(self):
                return 1
            def g(self):
                pass
        """
    assert sides.sync_source(textwrap.dedent(source)) == textwrap.dedent(expected)


def test_elif_is_refused(sides: Any) -> None:
    with pytest.raises(SystemExit, match=r"line 1: .*else"):
        sides.sync_source("if ASYNC:\n    pass\nelif x:\n    pass\n")


def test_check(sides: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "cursor_async.py"
    source.write_text("import asyncio\nimport abc\n\nasync def f(c: AsyncCursor):\n  await c(abc)\n")
    target = tmp_path / "cursor.py"

    assert sides.main(["--check", str(source)]) == 1
    assert not target.exists()
    assert "cursor.py: stale" in capsys.readouterr().out

    assert sides.main([str(source)]) == 0
    header, _, content = target.read_text().partition("\n")
    assert header == "# Generated from cursor_async.py by .ci/async_to_sync.py; do not edit."
    assert content.strip() == "import abc\n\n\ndef f(c: Cursor):\n    c(abc)"

    assert sides.main(["--check", str(source)]) == 0
    target.write_text(target.read_text() + "\n")
    assert sides.main(["--check", str(source)]) == 1
