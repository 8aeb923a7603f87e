"""The data: airports, and the temperatures of a year, from the package vega_datasets.

The files are read directly, because importing the package would import pandas.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The airports with hourly temperatures of 2010, and the files that have them.
STATIONS = {"SEA": "seattle-temps.csv", "SFO": "sf-temps.csv"}


@dataclass(frozen=True)
class Airport:
    """An airport, by its IATA code."""

    iata: str
    name: str
    city: str
    state: str
    country: str
    latitude: float
    longitude: float


@dataclass(frozen=True)
class Reading:
    """The temperature at an airport at some time, in degrees Fahrenheit."""

    iata: str
    at: datetime
    fahrenheit: Decimal


def airports() -> list[Airport]:
    """Read the airports of the USA, and a few others."""
    return [
        Airport(
            iata=row["iata"],
            name=row["name"],
            city=row["city"],
            state=row["state"],
            country=row["country"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
        )
        for row in _rows("airports.csv")
    ]


def readings() -> list[Reading]:
    """Read the temperatures."""
    return [
        Reading(iata, datetime.strptime(row["date"][:16], "%Y/%m/%d %H:%M"), Decimal(row["temp"]))
        for iata, file in STATIONS.items()
        for row in _rows(file)
    ]


def path(file: str) -> Path:
    """Return the path of a file of the package."""
    package = find_spec("vega_datasets")
    if package is None or package.origin is None:
        raise SystemExit('The demo needs its data:  pip install "howdah[demo]"')
    return Path(package.origin).parent / "_data" / file


def _rows(file: str) -> Iterator[dict[str, str]]:
    with path(file).open(newline="", encoding="utf-8") as opened:
        yield from csv.DictReader(opened)
