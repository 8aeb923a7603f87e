"""Loads whose thread is interrupted by a signal handler."""

from __future__ import annotations

import sys

import pytest

import howdah
from tests.contrib.load.database import MODES, batches, content, leftovers, new_table, rows
from tests.interrupting import Interrupted, conditions_entered


@pytest.mark.parametrize("mode", MODES)
def test_no_condition_can_stay_locked(dsn, mode):
    new_table(dsn)
    options = {"mode": mode, "workers": 2, "part_rows": 100}
    assert not conditions_entered(lambda: howdah.load(dsn, "loaded", iter(batches()), **options))
    assert content(dsn) == rows()


class TimeIsUp(Exception):
    """As a signal handler may raise it."""


@pytest.mark.parametrize("error", [KeyboardInterrupt, Interrupted, TimeIsUp])
@pytest.mark.parametrize(
    ("mode", "event", "function", "caller", "loaded"),
    [
        ("two_phase", "return", "tpc_commit", "finish_prepared", True),
        ("two_phase", "call", "__exit__", "_decide", False),
        ("two_phase", "return", "__exit__", "_decide", True),
        ("staged", "call", "__exit__", "_decide", False),
        ("staged", "return", "__exit__", "_decide", True),
        ("staged", "call", "__exit__", "drop", True),
        ("independent", "call", "__exit__", "drop", True),
        ("independent", "call", "__exit__", "_begin", False),
        ("two_phase", "return", "_begin", "begin", False),
    ],
)
def test_ends_as_it_was_decided(dsn, error, mode, event, function, caller, loaded):
    new_table(dsn)

    def profile(frame, what, argument):
        names = frame.f_code.co_name, frame.f_back and frame.f_back.f_code.co_name
        if what == event and names == (function, caller):
            sys.setprofile(None)
            raise error

    sys.setprofile(profile)
    try:
        with pytest.raises(error):
            howdah.load(dsn, "loaded", iter(batches()), mode=mode, workers=2, part_rows=100)
    finally:
        sys.setprofile(None)
    assert content(dsn) == (rows() if loaded else [])
    assert leftovers(dsn) == []
