"""The progress of `howdah copy`, on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

__all__ = ["progress"]

#: The seconds between two lines, where there is no terminal.
_PAUSE = 1.0


@contextmanager
def progress(console: Console, size: int | None, wanted: bool | None) -> Iterator[Callable[[int, int], None]]:
    """Show the progress while the block runs: as a bar on a terminal, otherwise as lines.

    Args:
        console: standard error.
        size: the size of the file in bytes, None if it is unknown.
        wanted: whether to show it; None for only on a terminal.

    Yields:
        A function to call with how many bytes and lines have been copied since the last call.
    """
    if not console.is_terminal:
        yield _lines(console) if wanted else lambda count, lines: None
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[lines]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=wanted is False,
    ) as bar:
        task = bar.add_task("copying", total=size, lines="")
        all_lines = 0

        def advance(count: int, lines: int) -> None:
            nonlocal all_lines
            all_lines += lines
            bar.update(task, advance=count, lines=f"{all_lines} lines" if all_lines else "")

        yield advance


def _lines(console: Console) -> Callable[[int, int], None]:
    all_bytes = all_lines = 0
    shown = float("-inf")

    def advance(count: int, lines: int) -> None:
        nonlocal all_bytes, all_lines, shown
        all_bytes += count
        all_lines += lines
        if monotonic() - shown >= _PAUSE:
            shown = monotonic()
            console.print(f"copying: {all_bytes / 1e6:.1f} MB, {all_lines} lines", markup=False)

    return advance
