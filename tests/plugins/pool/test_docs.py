"""The examples of the page on pools run."""

from __future__ import annotations

import re

import howdah
from howdah_pool.statistics import Statistics
from tests.pages import ROOT, run

PAGE = ROOT / "docs" / "pool.md"


def test_examples(dsn: str) -> None:
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("DROP TABLE IF EXISTS elephant")
        assert run(PAGE, names={"conninfo": dsn, "standbys": f"{dsn} target_session_attrs=any"}) == 9
        conn.execute("DROP TABLE elephant")


def test_every_statistic_is_listed() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for name in [
        *Statistics().report(),
        "requests_waiting",
        "pool_min",
        "pool_max",
        "pool_size",
        "pool_available",
    ]:
        assert re.search(rf"^\| .*`{name}`", text, re.MULTILINE), name
