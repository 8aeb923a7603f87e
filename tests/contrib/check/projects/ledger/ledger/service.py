"""What the service does beside transfers."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

Currency = Literal["EUR", "USD", "GBP"]
TABLE: Final = "entry"

COLUMNS = ("id", "amount", "booked")
STATEMENT = "SELECT " + ", ".join(COLUMNS) + f" FROM {TABLE} WHERE account = $1"


async def run_sql(conn: Any, query: str, *args: Any) -> list[Any]:
    return await conn.fetch(query, *args)  # howdah: ignore


async def statement(conn: Any, account: UUID) -> list[Any]:
    return await conn.fetch(STATEMENT, account)


async def statement_since(conn: Any, account: UUID, day: datetime.date) -> list[Any]:
    return await run_sql(conn, STATEMENT + " AND booked >= $2", account, day)


async def balance(conn: Any, account: UUID) -> Decimal:
    return await conn.fetchval("SELECT balance($1)", account)


async def balance_on(conn: Any, account: UUID, day: datetime.date) -> Decimal:
    return await conn.fetchval(
        "SELECT coalesce(sum(amount), 0) FROM entry WHERE account = $1 AND booked::date <= $2", account, day
    )


async def open_account(conn: Any, number: str, owner: str, currency: Currency) -> UUID:
    return await conn.fetchval(
        "INSERT INTO account (number, owner, currency) VALUES ($1, $2, $3) RETURNING id",
        number,
        owner,
        currency,
    )


async def is_open(conn: Any, account: UUID) -> bool:
    return await conn.fetchval("SELECT closed IS NULL FROM account WHERE id = $1", account)


async def owner(conn: Any, account: UUID) -> str:
    return await conn.fetchval("SELECT owner FROM account WHERE id = $1", account)


async def opened(conn: Any, account: UUID) -> datetime.date | None:
    return await conn.fetchval("SELECT opened FROM account WHERE id = $1", account)


async def number_of_entries(conn: Any) -> int:
    return await conn.fetchval(f"SELECT count(*) FROM {TABLE}")


async def book(conn: Any, account: UUID, amount: Decimal, memo: str | None = None) -> int:
    return await conn.fetchval(
        "INSERT INTO entry (account, amount, memo) VALUES ($1, $2, $3) RETURNING id", account, amount, memo
    )


async def book_many(conn: Any, entries: list[tuple[UUID, Decimal]]) -> None:
    await conn.fetchmany("INSERT INTO entry (account, amount) VALUES ($1, $2)", entries)


async def label(conn: Any, entry: int, labels: list[str]) -> None:
    await conn.fetch("UPDATE entry SET labels = $2 WHERE id = $1", entry, labels)


async def labels(conn: Any, entry: int) -> list[str] | None:
    return await conn.fetchval("SELECT labels FROM entry WHERE id = $1", entry)


async def memo(conn: Any, entry: int) -> str | None:
    return await conn.fetchval("SELECT memo FROM entry WHERE id = $1", entry)


async def rate(conn: Any, currency: Currency, day: datetime.date) -> float | None:
    return await conn.fetchval("SELECT rate FROM rate WHERE currency = $1 AND day = $2", currency, day)


async def set_rate(conn: Any, currency: Currency, day: datetime.date, rate: float) -> None:
    await conn.fetch(
        "INSERT INTO rate (currency, day, rate) VALUES ($1, $2, $3) "
        "ON CONFLICT (currency, day) DO UPDATE SET rate = $3",
        currency,
        day,
        rate,
    )


async def merge_rates(conn: Any, currency: Currency, day: datetime.date, rate: float) -> None:
    await conn.fetch(
        """
        MERGE INTO rate AS r
        USING (VALUES ($1::char(3), $2::date, $3::float8)) AS v (currency, day, rate)
        ON r.currency = v.currency AND r.day = v.day
        WHEN MATCHED THEN UPDATE SET rate = v.rate
        WHEN NOT MATCHED THEN INSERT (currency, day, rate) VALUES (v.currency, v.day, v.rate)
        """,
        currency,
        day,
        rate,
    )


async def search(conn: Any, text: str) -> list[Any]:
    return await conn.fetch("SELECT id, memo FROM entry WHERE position($1 IN memo) > 0", text)


async def total_by_owner(conn: Any) -> list[Any]:
    return await conn.fetch(
        "SELECT a.owner, sum(e.amount) AS total "
        "FROM account AS a JOIN entry AS e ON e.account = a.id GROUP BY 1"
    )


async def close(conn: Any, account: UUID) -> None:
    async with conn.transaction():
        await conn.fetch("DELETE FROM transfer WHERE source = $1 AND state = 'new'", account)
        await conn.fetch("UPDATE account SET closed = current_date WHERE id = $1", account)


async def version(conn: Any) -> str:
    return await conn.fetchval("SHOW server_version")


async def export(conn: Any, account: UUID, path: str) -> None:
    await conn.copy_from_query("SELECT id, amount FROM entry WHERE account = $1", account, output=path)


async def settings(conn: Any) -> dict[str, str]:
    return dict(await conn.fetch("SELECT name, setting FROM pg_settings WHERE name LIKE 'work%'"))
