"""The output of the demo."""

from __future__ import annotations

import platform
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

import howdah

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

WIDTH = 80
INDENT = (0, 0, 0, 4)  # in the order of rich: top, right, bottom, left


class Account:
    """Prints what the demo does, and how fast."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._console.width = min(self._console.width, WIDTH)
        self._figures: list[tuple[str, str]] = []
        self._chapters = 0
        self._start = perf_counter()

    def title(self, conn: howdah.Connection[Any]) -> None:
        """Print the versions."""
        server = conn.info.parameter_status("server_version")
        self._console.print(
            Panel(
                f"[bold]howdah {howdah.__version__}[/]  [dim]{howdah.__impl__} implementation[/]\n"
                f"PostgreSQL {server}  [dim]started for this demo, gone after it[/]\n"
                f"Python {platform.python_version()}  [dim]{platform.system()} {platform.machine()}[/]",
                box=box.ROUNDED,
                border_style="cyan",
            )
        )

    def chapter(self, title: str) -> None:
        """Begin the next chapter."""
        self._chapters += 1
        self._heading(f"{self._chapters:2}  {title}")

    def _heading(self, text: str) -> None:
        self._console.print(Text(f"\n{text}", "bold cyan"))

    def say(self, text: str) -> None:
        """Print a text with rich's markup."""
        self._console.print(Padding(text, INDENT, expand=False))

    def details(self, details: Mapping[str, object]) -> None:
        """Show named things, one below the other."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim")
        for name, value in details.items():
            table.add_row(name, Text(str(value)))
        self._console.print(Padding(table, INDENT, expand=False))

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Show some rows, with numbers aligned to the right."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim")
        for column, value in zip(columns, rows[0]):
            table.add_column(column, justify="left" if isinstance(value, str) else "right")
        for row in rows:
            table.add_row(*map(str, row))
        self._console.print(Padding(table, INDENT, expand=False))

    def waiting(self, text: str) -> AbstractContextManager[object]:
        """Show that something takes some time."""
        return self._console.status(text)

    def progress(self) -> Progress:
        """Show the progress of something."""
        return Progress(
            TextColumn("    {task.description:14}"),
            BarColumn(bar_width=34),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
        )

    def figure(self, name: str, value: str) -> None:
        """Keep a figure for the end."""
        self._figures.append((name, value))

    def figures(self) -> None:
        """Show the kept figures."""
        self._heading("In figures")
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column()
        table.add_column(justify="right", style="bold green")
        for name, value in [*self._figures, ("all of this", f"{perf_counter() - self._start:.1f} s")]:
            table.add_row(name, value)
        self._console.print(Padding(table, INDENT, expand=False))
