"""Reports for the owners."""

from __future__ import annotations

import datetime as dt
from typing import Any

DAY = "date_trunc('day', o.placed)"
SALES = "sum(l.quantity * l.price)"
FROM_SALES = "FROM orders AS o JOIN order_line AS l ON l.order_id = o.id"

PER_DAY = f"""
    SELECT {DAY} AS day, {SALES} AS sales
    {FROM_SALES}
    WHERE o.placed >= %s
    GROUP BY 1 ORDER BY 1
"""
PER_CATEGORY = f"""
    SELECT c.name, {SALES} AS sales
    {FROM_SALES}
    JOIN product AS p ON p.id = l.product_id
    LEFT JOIN category AS c ON c.id = p.category_id
    GROUP BY c.name
"""

#: Run by hand, in psql.
CLEAN_UP = "DELETE FROM orders WHERE status = 'cancelled'"


def per_day(conn: Any, since: dt.date) -> list[Any]:
    return conn.execute(PER_DAY, [since]).fetchall()


def per_category(conn: Any) -> list[Any]:
    return conn.execute(PER_CATEGORY).fetchall()


def best_sellers(conn: Any, limit: int = 10) -> list[Any]:
    return conn.execute(
        "SELECT id, title, sold FROM best_seller ORDER BY sold DESC LIMIT %s", [limit]
    ).fetchall()


def best_customers(conn: Any) -> list[Any]:
    return conn.execute(f"""
        SELECT c.name, {SALES} AS sales, rank() OVER (ORDER BY {SALES} DESC) AS rank
        {FROM_SALES} JOIN customer AS c ON c.id = o.customer_id
        GROUP BY c.id
        ORDER BY rank
    """).fetchall()


def running_total(conn: Any) -> list[Any]:
    return conn.execute(
        f"SELECT o.id, {SALES}, sum({SALES}) OVER (ORDER BY o.id) {FROM_SALES} GROUP BY o.id"
    ).fetchall()


def average_basket(conn: Any) -> Any:
    return conn.execute("SELECT avg(order_total(id)) FROM orders WHERE status <> 'cart'").fetchone()[0]


def by_status(conn: Any) -> dict[str, int]:
    return dict(conn.execute("SELECT status, count(*) FROM orders GROUP BY status").fetchall())


def sizes(conn: Any) -> list[Any]:
    tables = ("customer", "orders", "product")
    return [conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]


def sleeping(conn: Any, days: int) -> list[Any]:
    return conn.execute(
        "SELECT name FROM customer WHERE NOT EXISTS (SELECT FROM orders WHERE customer_id = customer.id "
        "AND placed > now() - make_interval(days => %s))",
        [days],
    ).fetchall()


def stock_value(conn: Any) -> Any:
    return conn.execute("SELECT sum(quantity * price) FROM stock JOIN product ON id = product_id").fetchone()[
        0
    ]


def monthly(conn: Any, year: int) -> list[Any]:
    query = f"""
        SELECT extract(month FROM o.placed)::int AS month, {SALES} AS sales
        {FROM_SALES}
        WHERE extract(year FROM o.placed) = %(year)s
        GROUP BY 1
    """
    return conn.execute(query, {"year": year}).fetchall()


def vacuum(conn: Any) -> None:
    conn.execute("VACUUM ANALYZE orders")


def explain(conn: Any) -> str:
    rows = conn.execute("EXPLAIN SELECT * FROM orders WHERE status = 'paid'").fetchall()
    return "\n".join(row[0] for row in rows)


def refresh(conn: Any) -> None:
    with conn.transaction():
        conn.execute("SET LOCAL work_mem = '64MB'; SELECT count(*) FROM best_seller")
