"""langgraph-checkpoint-postgres: checkpoints and the store, with connections, pipelines and pools."""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version

import psycopg
from langgraph.checkpoint.base import create_checkpoint, empty_checkpoint
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.store.base import GetOp, PutOp, SearchOp
from langgraph.store.postgres import PostgresStore
from langgraph.store.postgres.aio import AsyncPostgresStore
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool

DSN = sys.argv[1]
KWARGS = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}


def configuration(thread: str, checkpoint: str | None = None) -> dict:
    chosen = {"thread_id": thread, "checkpoint_ns": ""}
    return {"configurable": chosen | ({"checkpoint_id": checkpoint} if checkpoint else {})}


def checkpoint(value: object, number: int = 1) -> dict:
    made = create_checkpoint(empty_checkpoint(), {}, 1)
    made["channel_values"] = {"value": value, "list": [1, 2]}
    made["channel_versions"] = {"value": f"{number}", "list": f"{number}"}
    return made


def check_saver(saver: PostgresSaver, thread: str) -> None:
    saver.setup()
    saved = []
    for i in range(3):
        parent = configuration(thread, saved[-1]["configurable"]["checkpoint_id"] if saved else None)
        made = checkpoint({"i": i, "text": "é\n"}, i)
        saved.append(
            saver.put(parent, made, {"source": "loop", "step": i, "writes": {}}, made["channel_versions"])
        )
        saver.put_writes(saved[-1], [("channel", {"w": i})], "task")
    got = saver.get_tuple(configuration(thread))
    assert got.checkpoint["channel_values"]["value"] == {"i": 2, "text": "é\n"}, got
    assert got.metadata["step"] == 2
    assert got.pending_writes == [("task", "channel", {"w": 2})]
    assert [each.metadata["step"] for each in saver.list(configuration(thread))] == [2, 1, 0]
    assert [each.metadata["step"] for each in saver.list(configuration(thread), filter={"step": 1})] == [1]
    assert saver.get_tuple(saved[0]).metadata["step"] == 0
    saver.delete_thread(thread)
    assert saver.get_tuple(configuration(thread)) is None


async def check_async_saver(saver: AsyncPostgresSaver, thread: str) -> None:
    await saver.setup()
    made = checkpoint("async")
    config = await saver.aput(
        configuration(thread), made, {"source": "input", "step": -1}, made["channel_versions"]
    )
    await asyncio.gather(*(saver.aput_writes(config, [("c", i)], f"task {i}") for i in range(5)))
    got = await saver.aget_tuple(config)
    assert got.checkpoint["channel_values"]["value"] == "async"
    assert sorted(value for _, _, value in got.pending_writes) == [*range(5)]
    assert len([each async for each in saver.alist(configuration(thread))]) == 1


def check_store(store: PostgresStore) -> None:
    store.setup()
    store.batch([PutOp(("zoo", "elephants"), f"e{i}", {"weight": i, "kind": "asian"}) for i in range(10)])
    assert store.get(("zoo", "elephants"), "e3").value == {"weight": 3, "kind": "asian"}
    found = store.search(("zoo",), filter={"weight": {"$gte": 7}}, limit=5)
    assert sorted(item.key for item in found) == ["e7", "e8", "e9"]
    assert store.list_namespaces(prefix=("zoo",)) == [("zoo", "elephants")]
    one, two, none = store.batch(
        [GetOp(("zoo", "elephants"), "e1"), SearchOp(("zoo",), limit=2), GetOp(("zoo",), "nobody")]
    )
    assert one.value["weight"] == 1 and len(two) == 2 and none is None
    store.delete(("zoo", "elephants"), "e1")
    assert store.get(("zoo", "elephants"), "e1") is None


async def check_async() -> None:
    async with AsyncPostgresSaver.from_conn_string(DSN) as saver:
        await check_async_saver(saver, "a1")
    async with AsyncPostgresSaver.from_conn_string(DSN, pipeline=True) as saver:
        await check_async_saver(saver, "a2")
    async with AsyncConnectionPool(DSN, kwargs=KWARGS, min_size=1, max_size=4) as pool:
        await check_async_saver(AsyncPostgresSaver(pool), "a3")
    async with AsyncPostgresStore.from_conn_string(DSN) as store:
        await store.setup()
        await asyncio.gather(*(store.aput(("async",), str(i), {"i": i}) for i in range(20)))
        items = await store.asearch(("async",), limit=50)
        assert sorted(item.value["i"] for item in items) == [*range(20)]


with PostgresSaver.from_conn_string(DSN) as saver:
    check_saver(saver, "t1")
with PostgresSaver.from_conn_string(DSN, pipeline=True) as saver:
    check_saver(saver, "t2")
with ConnectionPool(DSN, kwargs=KWARGS, min_size=1, max_size=4) as pool:
    check_saver(PostgresSaver(pool), "t3")
with psycopg.Connection.connect(DSN, **KWARGS) as conn:
    check_saver(PostgresSaver(conn), "t4")
with PostgresStore.from_conn_string(DSN) as store:
    check_store(store)
asyncio.run(check_async())
print("langgraph-checkpoint-postgres", version("langgraph-checkpoint-postgres"))
