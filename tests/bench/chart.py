"""The chart, as SVG: the speed of howdah relative to each peer, for each workload."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from tests.bench.floor import NAME as FLOOR
from tests.bench.report import TITLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.measuring import Measurement

WIDTH = 820
LEFT = 200  # of the bars
RIGHT = 70
TOP = 102  # of the bars
BAR = 13  # from one bar to the next; a bar is 11 thick
GAP = 14
TITLE = "Speed of howdah relative to other drivers"
NOTE = "time of the other driver ÷ time of howdah; to the right of 1×, howdah is faster"
LONGEST = 6.0  # a longer bar is cut off; its number is not

COLOURS = {
    "psycopg": "#3b6ea5",
    "psycopg-b": "#5a9e9a",
    "psycopg2": "#86b0d8",
    "asyncpg": "#d98032",
    "pg8000": "#b9b3a6",
    "adbc": "#a3596b",
    "connectorx": "#c9a24a",
    "1 thread": "#8a7fb5",
}

STYLE = """
    /* The page's theme has the colours; the second values are for the image alone. */
    .bench { --ink: var(--color-foreground-primary, #1f2328);
      --faint: var(--color-foreground-secondary, #59636e);
      --paper: var(--color-background-primary, #ffffff); --line: var(--color-background-border, #d1d9e0);
      --goal: #1d8a4b; }
    @media (prefers-color-scheme: dark) {
      .bench { --ink: var(--color-foreground-primary, #e6edf3);
        --faint: var(--color-foreground-secondary, #9198a1);
        --paper: var(--color-background-primary, #0d1117); --line: var(--color-background-border, #3d444d);
        --goal: #3fb950; }
    }
    .bench text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: var(--ink); }
    .bench .title { font-size: 17px; font-weight: 600; }
    .bench .mode { font-size: 13px; font-weight: 600; }
    .bench .faint, .bench .tick { fill: var(--faint); font-size: 11px; }
    .bench .number { font-size: 10.5px; }
    .bench .paper { fill: var(--paper); }
    .bench .grid { stroke: var(--line); }
    .bench .equal { stroke: var(--ink); }
    .bench .goal { stroke: var(--goal); stroke-width: 2.5; }
"""


def chart(measurements: Sequence[Measurement], environment: dict[str, str]) -> str:
    """Draw the chart.

    Args:
        measurements: What was measured.
        environment: What `report.environment` says.

    Returns:
        The SVG document.
    """
    bars: list[str] = []
    y = TOP + 8.0
    for mode, title in TITLES.items():
        ours = [measurement for measurement in measurements if measurement.mode == mode]
        if not ours:
            continue
        bars.append(f'<text class="mode" x="16" y="{y}">{escape(title)}</text>')
        y += 14
        for measurement in ours:
            drawn, height = _workload(measurement, y)
            bars += drawn
            y += height + GAP
        y += 16
    bottom = y - 22
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="bench" viewBox="0 0 {WIDTH} {bottom + 30:.0f}"',
            f'width="100%" style="max-width: {WIDTH}px" role="img" aria-label="{TITLE}">',
            f"<style>{STYLE}</style>",
            '<rect class="paper" width="100%" height="100%"/>',
            f'<text class="title" x="16" y="28">{TITLE}</text>',
            f'<text class="faint" x="16" y="46">{NOTE}</text>',
            f'<text class="faint" x="16" y="61">{escape(_subtitle(environment))}</text>',
            *_legend(measurements),
            *_axis(bottom),
            *bars,
            "</svg>",
            "",
        ]
    )


def _subtitle(environment: dict[str, str]) -> str:
    return (
        f"howdah {environment['howdah']} ({environment['implementation']}), Python {environment['Python']}, "
        f"PostgreSQL {environment['PostgreSQL']} on a Unix socket"
    )


def _position(ratio: float) -> float:
    return LEFT + min(ratio, LONGEST) / LONGEST * (WIDTH - LEFT - RIGHT)


def _legend(measurements: Sequence[Measurement]) -> Iterator[str]:
    measured = {name for measurement in measurements for name in measurement.rounds}
    x = 16.0
    for name, colour in COLOURS.items():
        if name in measured:
            yield f'<rect x="{x}" y="76" width="11" height="11" rx="2" fill="{colour}"/>'
            yield f'<text x="{x + 16}" y="86">{name}</text>'
            x += 96
    yield f'<line class="goal" x1="{x + 4}" x2="{x + 4}" y1="75" y2="88"/>'
    yield f'<text x="{x + 14}" y="86">goal</text>'


def _axis(bottom: float) -> Iterator[str]:
    for ratio in range(int(LONGEST) + 1):
        x = _position(ratio)
        kind = "equal" if ratio == 1 else "grid"
        yield f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{bottom:.1f}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{ratio}×</text>'


def _workload(measurement: Measurement, y: float) -> tuple[list[str], float]:
    """Draw the bars of a workload from y downwards; return them, and their height."""
    peers = [name for name in measurement.rounds if name not in ("howdah", FLOOR)]
    height = BAR * len(peers)
    title = escape(measurement.workload.title)
    drawn = [f'<text x="{LEFT - 10}" y="{y + height / 2 + 4:.1f}" text-anchor="end">{title}</text>']
    for i, peer in enumerate(peers):
        ratio = measurement.ratio(peer)
        if ratio is None:
            continue
        end, top, colour = _position(ratio), y + i * BAR, COLOURS[peer]
        more = " →" if ratio > LONGEST else ""
        drawn += [
            f'<rect x="{LEFT}" y="{top + 1:.1f}" width="{end - LEFT:.1f}" height="11" fill="{colour}"/>',
            f'<text class="number" x="{end + 5:.1f}" y="{top + BAR - 3:.1f}">{ratio:.2f}×{more}</text>',
        ]
    if measurement.goal is not None:
        x = _position(measurement.goal)
        drawn.append(
            f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2:.1f}" y2="{y + height + 2:.1f}"/>'
        )
    return drawn, height
