"""pgvector's types for psycopg, sync and async, in text, binary and COPY."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version

import numpy as np
import psycopg
from pgvector import Bit, HalfVector, SparseVector, Vector
from pgvector.psycopg import register_vector, register_vector_async
from psycopg_pool import AsyncConnectionPool, ConnectionPool

DSN = sys.argv[1]
# A bit string is loaded as a str: pgvector has no loader for it.
VALUES = (
    Vector([1.5, 2, 3]),
    HalfVector([1.5, 2, 3]),
    Bit("101"),
    SparseVector([0, 1.5, 0]),
    [Vector([1, 2, 3])],
)


def same(got: tuple) -> bool:
    return (*got[:2], Bit(got[2]), *got[3:]) == VALUES


with psycopg.connect(DSN, autocommit=True) as conn:
    conn.execute("CREATE EXTENSION IF NOT EXISTS vector")
    register_vector(conn)
    conn.execute("DROP TABLE IF EXISTS items")
    conn.execute("CREATE TABLE items (v vector(3), h halfvec(3), b bit(3), s sparsevec(3), a vector[])")
    insert = "INSERT INTO items VALUES (%s, %s, %s, %s, %s)"
    conn.execute(insert, VALUES)
    conn.execute(insert.replace("%s", "%b", 4), VALUES)
    for binary in (False, True):
        rows = conn.execute("SELECT * FROM items", binary=binary).fetchall()
        assert len(rows) == 2 and all(same(row) for row in rows), rows
    (nearest,) = conn.execute("SELECT v <-> %s FROM items LIMIT 1", [np.array([1.5, 2, 3])]).fetchone()
    assert nearest == 0
    embeddings = np.random.default_rng(1).random((200, 3), dtype=np.float32)
    with conn.cursor().copy("COPY items (v) FROM STDIN WITH (FORMAT BINARY)") as copy:
        copy.set_types(["vector"])
        for embedding in embeddings:
            copy.write_row([embedding])
    stored = conn.execute("SELECT v FROM items WHERE h IS NULL", binary=True).fetchall()
    assert np.array_equal(np.array([row[0].to_numpy() for row in stored]), embeddings)
    with conn.cursor().copy("COPY items (v) TO STDOUT (FORMAT BINARY)") as copy:
        copy.set_types(["vector"])
        assert sum(1 for _ in copy.rows()) == 202

with ConnectionPool(DSN, configure=register_vector, min_size=1, open=True) as pool:
    with pool.connection() as conn:
        assert conn.execute("SELECT v FROM items LIMIT 1").fetchone() == (VALUES[0],)


async def check_async() -> None:
    async def configure(conn: psycopg.AsyncConnection) -> None:
        await register_vector_async(conn)

    async with AsyncConnectionPool(DSN, configure=configure, min_size=1, open=False) as pool:
        async with pool.connection() as conn:
            cur = await conn.execute("SELECT * FROM items WHERE v = %s AND h IS NOT NULL", [VALUES[0]])
            assert all(same(row) for row in await cur.fetchall())


asyncio.run(check_async())
print("pgvector", version("pgvector"))
