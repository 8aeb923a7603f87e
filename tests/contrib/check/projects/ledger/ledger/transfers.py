"""Transfers between accounts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NewType
from uuid import UUID

AccountId = UUID
TransferId = NewType("TransferId", int)

NEW = "INSERT INTO transfer (source, target, amount, due) VALUES ($1, $2, $3, $4) RETURNING id"
NEXT = """
SELECT id, source, target, amount
FROM transfer
WHERE state = 'new' AND (due IS NULL OR due <= now())
ORDER BY id
LIMIT $1
FOR UPDATE SKIP LOCKED
"""


async def add(conn: Any, source: AccountId, target: AccountId, amount: Decimal, due: datetime | None) -> int:
    new_id: int = await conn.fetchval(NEW, source, target, amount, due)
    return new_id


async def get(conn: Any, transfer_id: TransferId) -> Any:
    return await conn.fetchrow(
        "SELECT id, source, target, amount, state FROM transfer WHERE id = $1", transfer_id
    )


async def state(conn: Any, transfer_id: TransferId) -> str | None:
    return await conn.fetchval("SELECT state FROM transfer WHERE id = $1", transfer_id)


async def next_ones(conn: Any, most: int) -> list[Any]:
    return await conn.fetch(NEXT, most)


async def book(conn: Any, transfer_id: TransferId) -> None:
    async with conn.transaction():
        row = await conn.fetchrow(
            "SELECT source, target, amount FROM transfer WHERE id = $1 FOR UPDATE", transfer_id
        )
        await conn.fetch(
            "INSERT INTO entry (account, amount, memo) VALUES ($1, -$2::numeric, $4), ($3, $2, $4)",
            row["source"],
            row["amount"],
            row["target"],
            f"transfer {transfer_id}",
        )
        await conn.fetch("UPDATE transfer SET state = 'booked' WHERE id = $1", transfer_id)


async def fail(conn: Any, transfer_id: TransferId, reason: str) -> None:
    await conn.fetch(
        "UPDATE transfer SET state = 'failed', "
        "payload = jsonb_build_object('reason', $2::text) WHERE id = $1",
        transfer_id,
        reason,
    )


async def retry(conn: Any, transfer_id: TransferId) -> int:
    return await conn.fetchval(
        "UPDATE transfer SET state = 'new', retries = retries + 1 WHERE id = $1 RETURNING retries",
        transfer_id,
    )


async def postpone(conn: Any, transfer_id: TransferId, due: datetime) -> None:
    await conn.fetch("UPDATE transfer SET due = $2 WHERE id = $1", transfer_id, due)


async def of(conn: Any, account: AccountId) -> list[Any]:
    return await conn.fetch(
        "SELECT id, amount, state FROM transfer WHERE source = $1 OR target = $1 ORDER BY id", account
    )


async def pending(conn: Any, account: AccountId) -> Decimal:
    return await conn.fetchval(
        "SELECT coalesce(sum(amount), 0) FROM transfer WHERE source = $1 AND state = 'new'", account
    )


async def count(conn: Any, state: str) -> int:
    return await conn.fetchval("SELECT count(*) FROM transfer WHERE state = $1", state)


async def counts(conn: Any) -> dict[str, int]:
    return dict(await conn.fetch("SELECT state, count(*) FROM transfer GROUP BY state"))


async def several(conn: Any, ids: list[int]) -> list[Any]:
    return await conn.fetch("SELECT id, state FROM transfer WHERE id = ANY ($1)", ids)


async def among(conn: Any, accounts: list[UUID]) -> list[Any]:
    return await conn.fetch(
        "SELECT id FROM transfer WHERE source = ANY ($1::uuid[]) AND target = ANY ($1::uuid[])", accounts
    )


async def reason(conn: Any, transfer_id: TransferId) -> str | None:
    return await conn.fetchval("SELECT payload ->> 'reason' FROM transfer WHERE id = $1", transfer_id)


async def has_failed(conn: Any, transfer_id: TransferId) -> bool:
    failed: bool = await conn.fetchval("SELECT state = 'failed' FROM transfer WHERE id = $1", transfer_id)
    return failed


async def overdue(conn: Any, moment: datetime) -> list[Any]:
    return await conn.fetch("SELECT id, due FROM transfer WHERE state = 'new' AND due < $1", moment)


async def delete_booked(conn: Any, before: datetime) -> None:
    await conn.fetch("DELETE FROM transfer WHERE state = 'booked' AND due < $1", before)


async def largest(conn: Any, least: Decimal, most: int = 10) -> list[Any]:
    return await conn.fetch(
        "SELECT id, amount FROM transfer WHERE amount >= $1 ORDER BY amount DESC LIMIT $2", least, most
    )


async def partners(conn: Any, account: AccountId) -> list[Any]:
    return await conn.fetch(
        """
        SELECT a.number, count(*) AS transfers, sum(t.amount) AS amount
        FROM transfer AS t
        JOIN account AS a ON a.id = CASE t.source WHEN $1 THEN t.target ELSE t.source END
        WHERE $1 IN (t.source, t.target)
        GROUP BY a.id
        """,
        account,
    )
