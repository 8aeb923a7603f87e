"""Both kinds of connections under one signature."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import Any

import howdah

#: The values of a parameter for `connect_value`.
KINDS = ("blocking", "asyncio", "trio", *(["uvloop"] if importlib.util.find_spec("uvloop") else []))


def connect_value(kind: str, query: str, conninfo: str, driver: Any = howdah, **params: Any) -> Any:
    """Connect, run a query, disconnect, and return the value.

    Args:
        kind: one of `KINDS`.
        query: the query.
        conninfo: the conninfo.
        driver: whose connection classes to use.
        params: further arguments of `connect`.
    """
    if kind == "blocking":
        with driver.connect(conninfo, **params) as conn:
            return conn.execute(query).fetchone()[0]

    async def main() -> Any:
        async with await driver.AsyncConnection.connect(conninfo, **params) as conn:
            return (await (await conn.execute(query)).fetchone())[0]

    if kind == "asyncio":
        return asyncio.run(main())
    if kind == "uvloop":
        import uvloop

        return uvloop.run(main())
    import trio

    return trio.run(main)
