"""What follows a change of the client encoding in a pipeline is written in the new encoding."""

from __future__ import annotations

import asyncio

import pytest

import howdah

SET_CONFIG = "select set_config('client_encoding', %s, false)"
BYTES = "select octet_length(convert_to(%s, 'utf8'))"


def cached(conn, encoding):
    conn.execute(SET_CONFIG, [encoding])


def prepared(conn, encoding):
    conn.execute(SET_CONFIG, [encoding], prepare=True)


def named(conn, encoding):
    if "encode" not in conn.prepared():
        conn.prepare("select set_config('client_encoding', $1, false)", "encode")
    conn.execute("execute encode (%s)", [encoding])


def many(conn, encoding):
    conn.cursor().executemany(SET_CONFIG, [[encoding], [encoding]])


def command(text):
    def change(conn, encoding):
        conn.execute(text.format(encoding))

    return change


CHANGES = {
    "cached": cached,
    "prepared": prepared,
    "named": named,
    "many": many,
    "spaces": command("set  names '{}'"),
    "lines": command("-- a comment\nset\n\tnames '{}'"),
    "session": command("set session names '{}'"),
    "comment": command("set /* a comment */ names '{}'"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_follows_is_written_in_the_new_encoding(dsn, change):
    with howdah.connect(dsn, autocommit=True) as conn:
        for _ in range(10):
            change(conn, "utf8")
        with conn.pipeline():
            change(conn, "latin1")
            assert conn.execute(BYTES, ["é"]).fetchone() == (2,)
            assert conn.execute("select octet_length(convert_to('é', 'utf8'))").fetchone() == (2,)


@pytest.mark.parametrize("command", ["reset  all", "discard\nall"])
def test_a_reset_of_everything(dsn, command):
    with howdah.connect(dsn, autocommit=True, client_encoding="utf8") as conn:
        conn.execute("set client_encoding to latin1")
        with conn.pipeline():
            conn.execute(command)
            assert conn.execute(BYTES, ["é"]).fetchone() == (2,)


def test_asynchronous(dsn):
    async def main():
        async with await howdah.AsyncConnection.connect(dsn, autocommit=True) as conn:
            for _ in range(10):
                await conn.execute(SET_CONFIG, ["utf8"])
            async with conn.pipeline():
                await conn.execute(SET_CONFIG, ["latin1"])
                return await (await conn.execute(BYTES, ["é"])).fetchone()

    assert asyncio.run(main()) == (2,)


@pytest.mark.parametrize("begin", ["/* a comment */ begin", "-- a comment\nstart transaction"])
def test_a_transaction_that_begins_after_a_comment(dsn, begin):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute("create temp table seen (i int)")
        with conn.pipeline():
            conn.execute(begin)
            with conn.transaction() as inner:
                conn.execute("insert into seen values (1)")
            assert inner.savepoint_name is not None
            conn.execute("rollback")
        assert conn.execute("select count(*) from seen").fetchone() == (0,)
