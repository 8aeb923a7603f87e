"""The programs of the page docs/replicas.md run."""

from __future__ import annotations

from tests.contrib.replicas.conftest import Replicas
from tests.pages import ROOT, run

PAGE = ROOT / "docs" / "replicas.md"


def test_the_page(replicas: Replicas) -> None:
    replicas.run(replicas.primary, "DROP TABLE IF EXISTS visit")
    for standby in replicas.standbys:
        replicas.caught_up(standby)
    assert run(PAGE, names={"conninfo": replicas.dsn}) == 3
    replicas.run(replicas.primary, "DROP TABLE visit")
