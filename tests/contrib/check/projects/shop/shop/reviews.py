"""Reviews of products."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

from howdah.rows import class_row
from shop.models import Review


def write(conn: Any, product_id: int, customer_id: int, stars: int, body: str | None) -> None:
    conn.execute(
        "INSERT INTO review (product_id, customer_id, stars, body) VALUES (%s, %s, %s, %s)",
        (product_id, customer_id, stars, body),
    )


def of(conn: Any, product_id: int) -> list[Review]:
    with conn.cursor(row_factory=class_row(Review)) as cur:
        cur.execute(
            "SELECT stars, body, written FROM review WHERE product_id = %s ORDER BY written", [product_id]
        )
        return cur.fetchall()


def latest(conn: Any, limit: int) -> list[Review]:
    conn = conn.cursor(row_factory=class_row(Review))
    return conn.execute(
        "SELECT stars, body, written FROM review ORDER BY written DESC LIMIT %s", [limit]
    ).fetchall()


def average(conn: Any, product_id: int) -> float | None:
    row = conn.execute("SELECT avg(stars)::float8 FROM review WHERE product_id = %s", [product_id]).fetchone()
    return row[0]


def histogram(conn: Any, product_id: int) -> dict[int, int]:
    query = dedent("""
        SELECT stars, count(*)
        FROM review
        WHERE product_id = %s
        GROUP BY stars
    """)
    return dict(conn.execute(query, [product_id]).fetchall())


def edit(conn: Any, review_id: int, stars: int, body: str) -> None:
    conn.execute("UPDATE review SET stars = %s, body = %s WHERE id = %s", [stars, body, review_id])


def delete(conn: Any, review_id: int) -> None:
    conn.execute("DELETE FROM review WHERE id = %s", [review_id])


def delete_all_of(conn: Any, customer_id: int) -> int:
    return conn.execute("DELETE FROM review WHERE customer_id = %s", [customer_id]).rowcount


def unwritten(conn: Any, customer_id: int) -> list[tuple[int, str]]:
    return conn.execute(
        """
        SELECT DISTINCT p.id, p.title
        FROM orders AS o
        JOIN order_line AS l ON l.order_id = o.id
        JOIN product AS p ON p.id = l.product_id
        WHERE o.customer_id = %(customer)s
          AND NOT EXISTS (SELECT FROM review AS r WHERE r.product_id = p.id AND r.customer_id = %(customer)s)
        """,
        {"customer": customer_id},
    ).fetchall()


def search(conn: Any, words: str) -> list[tuple[int, str]]:
    return conn.execute(
        "SELECT id, body FROM review "
        "WHERE to_tsvector('english', body) @@ websearch_to_tsquery('english', %s)",
        [words],
    ).fetchall()


def worst(conn: Any) -> list[tuple[str, float]]:
    return conn.execute(
        "SELECT title, avg(stars) FROM product JOIN review ON product_id = product.id "
        "GROUP BY product.id HAVING avg(stars) < 2"
    ).fetchall()
