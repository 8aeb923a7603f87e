# Generated from tests/kernel/test_flags_async.py by .ci/async_to_sync.py; do not edit.
"""Arguments of queries that are true or false: `prepare="no"` does not mean True."""

from __future__ import annotations

from contextlib import closing

import pytest

import howdah

pytestmark = pytest.mark.anyio

MESSAGE = "'{}' is True or False, not text"


@pytest.mark.parametrize("kind", [{}, {"name": "c"}], ids=["cursor", "named cursor"])
@pytest.mark.parametrize("text", ["no", "", b"off"])
def test_of_execute(conn, kind, text):
    with conn.cursor(**kind) as cur:
        for name in ("prepare", "binary"):
            with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format(name)):
                cur.execute("select 1", **{name: text})
        cur.execute("select 2", prepare=False, binary=False)
        assert cur.fetchall() == [(2,)]


def test_of_other_calls(conn):
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("binary")):
        conn.execute("select 1", binary="no")
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("binary")):
        conn.cursor(binary="no")
    cur = conn.cursor()
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("returning")):
        cur.executemany("select %s", [(1,)], returning="no")
    with pytest.raises(howdah.ProgrammingError, match=MESSAGE.format("binary")):
        with closing(cur.stream("select 1", binary="no")) as rows:
            next(rows)
    cur.execute("select 2")
    assert cur.fetchall() == [(2,)]
