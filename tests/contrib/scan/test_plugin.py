"""The plugin as such."""

from __future__ import annotations

import pickle

import pytest

import howdah
from howdah_scan import AsyncScan, Scan, SnapshotLost


def test_its_names():
    assert howdah.scan is howdah.Scan is Scan
    assert howdah.AsyncScan is AsyncScan
    assert howdah.capabilities.has_scan
    assert isinstance(pickle.loads(pickle.dumps(SnapshotLost("gone"))), howdah.OperationalError)


def test_without_it():
    howdah.configure(disable=["scan"])
    try:
        assert not howdah.capabilities.has_scan
        with pytest.raises(howdah.NotSupportedError, match=r"scan.*disabled"):
            howdah.scan  # noqa: B018
    finally:
        howdah.configure()


def test_without_arrow(scan_dsn):
    """Arrow data comes from another plugin."""
    howdah.configure(disable=["arrow"])
    try:
        with pytest.raises(howdah.NotSupportedError, match=r"arrow.*disabled"):
            Scan(scan_dsn, "heap").open()
    finally:
        howdah.configure()
