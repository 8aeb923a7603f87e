"""A prepared query runs little Python code, which is counted in frames."""

from __future__ import annotations

import sys

import pytest

import howdah

#: `Cursor.execute`, `Kernel.execute_cached`, the transport, `Cursor.fetchone`, and one to spare.
MOST = 5


@pytest.mark.skipif(howdah.__impl__ != "native", reason="the pure implementation is made of frames")
@pytest.mark.parametrize("params", [None, [1]])
def test_a_prepared_query_has_few_python_frames(conn, params):
    conn.autocommit = True
    query = "select 1" if params is None else "select %s::int4"
    cur = conn.cursor()
    for _ in range(10):
        cur.execute(query, params).fetchone()
    called = []

    def profile(frame, event, argument):
        if event == "call":
            called.append(frame.f_code.co_qualname if sys.version_info >= (3, 11) else frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        row = cur.execute(query, params).fetchone()
    finally:
        sys.setprofile(before)
    assert row == (1,)
    assert len(called) <= MOST, called
