"""Write the sync modules from the async ones.

Every module called <name>_async.py below core/, plugins/, contrib/ and tests/ is the source of <name>.py
beside it.
What the two do differently beyond `async` and `await` stands in the async module as

    if ASYNC:
        from howdah.io import aio as carrier
    else:
        from howdah.io import blocking as carrier

(or `if not ASYNC:`), with `ASYNC = True` above; the sync module keeps the branch that is its own.

    python .ci/async_to_sync.py            write the sync modules
    python .ci/async_to_sync.py --check    exit with 1 and name the stale modules
"""

from __future__ import annotations

import argparse
import ast
import keyword
import re
import subprocess
import sys
from pathlib import Path

from tokenize_rt import NON_CODING_TOKENS, Token, src_to_tokens, tokens_to_src

ROOT = Path(__file__).parent.parent
SOURCE_ROOTS = ("core", "plugins", "contrib", "tests")

# The sync names of async names. Besides, Async* loses its prefix and *_async its suffix.
NAMES = {
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "StopAsyncIteration": "StopIteration",
    "aclose": "close",
    "aconn": "conn",
    "aconn_cls": "conn_cls",
    "aclosing": "closing",
    "aio": "blocking",
    "aiter": "iter",
    "anext": "next",
    "asend": "send",
    "asynccontextmanager": "contextmanager",
    "asyncio": "threading",
    "athrow": "throw",
    "enter_async_context": "enter_context",
}
# An attribute of asyncio, and the attribute of threading in its place.
ASYNCIO_NAMES = {"Lock": "RLock"}

STRINGS = {"STRING", "FSTRING_MIDDLE", "TSTRING_MIDDLE"}
CLOSING = {"(": ")", "[": "]", "{": "}"}
REMOVED = Token("PLACEHOLDER", "")


def sync_name(name: str) -> str:
    """The sync name for an async name."""
    if name in NAMES:
        return NAMES[name]
    return re.sub(r"^(_*)Async(?=[A-Z])", r"\1", name.removesuffix("_async"))


def sync_text(text: str) -> str:
    """A string, docstring or comment of the async module, as the sync module has it."""
    text = re.sub(r"\basync (?=(?:def|for|with)\b)|\bawait (?=[\w(])", "", text)
    return re.sub(
        r"\b(?:_*Async[A-Z]\w*|\w+_async|StopAsyncIteration|__a(?:enter|exit|iter|next)__)\b",
        lambda found: sync_name(found[0]),
        text,
    )


def resolve_conditions(source: str) -> str:
    """Keep of each `if ASYNC:` statement the sync branch, and drop the constant itself."""
    while True:
        lines = source.splitlines(keepends=True)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if ast.unparse(targets[0]) == "ASYNC":
                    lines[node.lineno - 1 : node.end_lineno] = []
                    break
            elif isinstance(node, ast.If) and ast.unparse(node.test) in ("ASYNC", "not ASYNC"):
                lines[node.lineno - 1 : node.end_lineno] = sync_branch(node, lines)
                break
        else:
            return source
        source = "".join(lines)


def sync_branch(node: ast.If, lines: list[str]) -> list[str]:
    """The lines of the sync branch of an `if ASYNC:` statement, a level further out."""
    assert node.end_lineno is not None
    else_line = node.end_lineno
    if node.orelse:
        indent = " " * node.col_offset
        after_body = node.body[-1].end_lineno or 0
        try:
            else_line = lines.index(f"{indent}else:\n", after_body, node.end_lineno)
        except ValueError:
            raise SystemExit(f"line {node.lineno}: `if ASYNC:` goes with a plain `else:` only") from None
    if ast.unparse(node.test) == "not ASYNC":
        branch = lines[node.lineno : else_line]
    else:
        branch = lines[else_line + 1 : node.end_lineno]
    return [line.removeprefix("    ") for line in branch] or [" " * node.col_offset + "pass\n"]


def coding(tokens: list[Token], start: int, step: int = 1) -> int:
    """The index of the first token from start on that is code (not blank, not a comment)."""
    while tokens[start].name in NON_CODING_TOKENS:
        start += step
    return start


def closing(tokens: list[Token], opening: int) -> int:
    """The index of the bracket that closes the one at opening."""
    depth = 0
    for index in range(opening, len(tokens)):
        if tokens[index].name == "OP":
            depth += (tokens[index].src in CLOSING) - (tokens[index].src in CLOSING.values())
            if depth == 0:
                return index
    raise AssertionError("the source has been parsed: its brackets are balanced")


def parenthesized_await(tokens: list[Token], opening: int) -> int | None:
    """The index of the `)` of a `(await …)` at opening, where the sync module needs no parentheses."""
    before, first = coding(tokens, opening - 1, -1), coding(tokens, opening + 1)
    called = tokens[before].name == "NAME" and not keyword.iskeyword(tokens[before].src)
    if called or tokens[before].src in CLOSING.values() or tokens[first].src != "await":
        return None
    end = closing(tokens, opening)
    last = coding(tokens, end - 1, -1)
    if any(token.name == "COMMENT" for token in (*tokens[opening:first], *tokens[last:end])):
        return None
    try:
        inner = ast.parse("".join(token.src for token in tokens[first + 1 : end]).strip(), mode="eval").body
    except SyntaxError:  # the parentheses hold several lines together
        return None
    return end if isinstance(inner, (ast.Name, ast.Attribute, ast.Call, ast.Subscript)) else None


def sync_tokens(tokens: list[Token]) -> list[Token]:
    """The tokens of the sync module."""
    tokens = list(tokens)
    for index, token in enumerate(tokens):
        if token.name == "OP" and token.src == "(":
            end = parenthesized_await(tokens, index)
            if end is not None:
                # The line breaks that the parentheses allowed go with them.
                first, last = coding(tokens, index + 1), coding(tokens, end - 1, -1)
                for each in (*range(index, first), *range(last + 1, end + 1)):
                    tokens[each] = REMOVED
        elif token.name in STRINGS or token.name == "COMMENT":
            tokens[index] = token._replace(src=sync_text(token.src))
        elif token.name == "NAME" or token.src in ("async", "await"):
            following = coding(tokens, index + 1)
            if token.src in ("async", "await"):
                tokens[index] = REMOVED
                if tokens[index + 1].name == "UNIMPORTANT_WS":
                    tokens[index + 1] = REMOVED
            elif token.src == "Awaitable" and tokens[following].src == "[":
                end = closing(tokens, following)
                tokens[index] = tokens[following] = tokens[end] = REMOVED
            elif token.src == "AsyncGenerator" and tokens[following].src == "[":
                end = closing(tokens, following)
                tokens[end] = Token("OP", ", None]")
                tokens[index] = token._replace(src="Generator")
            elif token.src == "asyncio" and tokens[following].src == ".":
                attribute = tokens[following + 1]
                tokens[following + 1] = attribute._replace(
                    src=ASYNCIO_NAMES.get(attribute.src, attribute.src)
                )
                tokens[index] = token._replace(src=NAMES["asyncio"])
            else:
                tokens[index] = token._replace(src=sync_name(token.src))
    return tokens


def sync_face(source: str) -> str:
    """The source of the sync module of an async one, not yet formatted."""
    return tokens_to_src(sync_tokens(src_to_tokens(resolve_conditions(source))))


def tidy(source: str, path: Path) -> str:
    """Sort the imports, drop those that only the async module uses, and format."""
    for arguments in (
        ["check", "--quiet", "--fix", "--select=F401,I001,PIE790,RUF022,UP034"],
        ["check", "--quiet", "--fix", "--unsafe-fixes", "--select=C416"],  # [row for row in cur]
        ["format", "--quiet"],
    ):
        source = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, f"--stdin-filename={path}", "-"],
            input=source,
            cwd=ROOT,
            check=True,
            encoding="utf-8",
            stdout=subprocess.PIPE,
        ).stdout
    return source


def sync_module(source: Path) -> tuple[Path, str]:
    """Path and content of the sync module of an async one."""
    path = source.with_name(source.name.replace("_async.py", ".py"))
    origin = source.relative_to(ROOT).as_posix() if source.is_relative_to(ROOT) else source.name
    header = f"# Generated from {origin} by .ci/async_to_sync.py; do not edit.\n"
    return path, tidy(header + sync_face(source.read_text(encoding="utf-8")), path)


def main(argv: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Write the sync modules from the async ones.")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 if a module is stale"
    )
    parser.add_argument("source", nargs="*", type=Path, help="only these *_async.py modules")
    arguments = parser.parse_args(argv)
    sources = arguments.source or sorted(
        path for root in SOURCE_ROOTS for path in (ROOT / root).rglob("*_async.py")
    )
    stale = 0
    for source in sources:
        path, content = sync_module(source.resolve())
        if path.exists() and path.read_text(encoding="utf-8") == content:
            continue
        stale += 1
        if arguments.check:
            print(f"{path}: stale, run `make sync`")
        else:
            path.write_text(content, encoding="utf-8")
            print(f"{path}: written")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
