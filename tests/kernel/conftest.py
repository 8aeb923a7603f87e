"""Fixtures for plugins and drivers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import howdah
from tests.distributions import Site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A place to install distributions into, for one test."""
    path = tmp_path / "site"
    path.mkdir()
    monkeypatch.syspath_prepend(str(path))
    site = Site(path)
    yield site
    site.forget()


@pytest.fixture
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The default driver without any configuration, during the test and after it."""
    monkeypatch.delenv("HOWDAH_DISABLE", raising=False)
    howdah.configure()
    yield
    howdah.configure()
