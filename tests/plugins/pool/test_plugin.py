"""The pool as a plugin."""

from __future__ import annotations

import subprocess
import sys

import pytest

import howdah
import howdah_pool


def test_capability() -> None:
    assert howdah.capabilities.has_pool
    assert not howdah.Driver(disable=["pool"]).capabilities.has_pool


@pytest.mark.parametrize("name", howdah_pool.__all__)
def test_names(name: str) -> None:
    assert getattr(howdah, name) is getattr(howdah_pool, name)
    with pytest.raises(howdah.NotSupportedError, match=r"'pool'.*disabled"):
        getattr(howdah.Driver(disable=["pool"]), name)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="Fnord"):
        howdah_pool.Fnord  # type: ignore[attr-defined] # noqa: B018


def test_little_is_imported_with_the_plugin() -> None:
    code = "import howdah, sys; howdah.Connection; print([m for m in sys.modules if 'howdah_pool' in m])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "['howdah_pool']\n"
