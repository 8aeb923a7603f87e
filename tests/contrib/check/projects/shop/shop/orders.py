"""Orders, from the cart to the parcel."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from howdah.rows import args_row, class_row

from . import models

LINES = "SELECT product_id, quantity, price FROM order_line WHERE order_id = %s ORDER BY product_id"


class Orders:
    def __init__(self, conn: Any) -> None:
        self._conn = conn

    def open(self, customer_id: int) -> int:
        cur = self._conn.execute("INSERT INTO orders (customer_id) VALUES (%s) RETURNING id", (customer_id,))
        return cur.fetchone()[0]

    def get(self, order_id: int) -> models.Order | None:
        with self._conn.cursor(row_factory=class_row(models.Order)) as cur:
            cur.execute("SELECT id, status, placed, comment FROM orders WHERE id = %s", (order_id,))
            return cur.fetchone()

    def of(self, customer_id: int) -> list[models.Order]:
        with self._conn.cursor(row_factory=class_row(models.Order)) as cur:
            cur.execute(
                "SELECT id, status, placed FROM orders WHERE customer_id = %s ORDER BY placed", (customer_id,)
            )
            return cur.fetchall()

    def cart(self, customer_id: int) -> int | None:
        row = self._conn.execute(
            "SELECT id FROM orders WHERE customer_id = %s AND status = 'cart' LIMIT 1", (customer_id,)
        ).fetchone()
        return None if row is None else row[0]

    def lines(self, order_id: int) -> list[models.Line]:
        with self._conn.cursor(row_factory=args_row(models.Line)) as cur:
            return cur.execute(LINES, (order_id,)).fetchall()

    def put(self, order_id: int, product_id: int, quantity: int) -> None:
        self._conn.execute(
            """
            INSERT INTO order_line (order_id, product_id, quantity, price)
            SELECT %(order)s, id, %(quantity)s, price FROM product WHERE id = %(product)s
            ON CONFLICT (order_id, product_id) DO UPDATE SET quantity = excluded.quantity
            """,
            {"order": order_id, "product": product_id, "quantity": quantity},
        )

    def remove(self, order_id: int, product_id: int) -> None:
        self._conn.execute(
            "DELETE FROM order_line WHERE order_id = %s AND product_id = %s", (order_id, product_id)
        )

    def empty(self, order_id: int) -> None:
        self._conn.execute("DELETE FROM order_line WHERE order_id = %s", (order_id,))

    def total(self, order_id: int) -> Decimal:
        return self._conn.execute("SELECT order_total(%s)", (order_id,)).fetchone()[0]

    def place(self, order_id: int, comment: str | None) -> None:
        with self._conn.transaction():
            self._conn.execute("SELECT FROM orders WHERE id = %s FOR UPDATE", (order_id,))
            self._conn.execute(
                "UPDATE stock AS s SET quantity = s.quantity - l.quantity "
                "FROM order_line AS l WHERE l.product_id = s.product_id AND l.order_id = %s",
                (order_id,),
            )
            self._conn.execute(
                "UPDATE orders SET status = 'placed', placed = now(), comment = %s WHERE id = %s",
                (comment, order_id),
            )

    def pay(self, order_id: int) -> bool:
        cur = self._conn.execute(
            "UPDATE orders SET status = 'paid' WHERE id = %s AND status = 'placed'", (order_id,)
        )
        return cur.rowcount == 1

    def ship(self, order_id: int, when: dt.datetime) -> None:
        self._conn.execute(
            "UPDATE orders SET status = 'shipped', shipped = %s WHERE id = %s", (when, order_id)
        )

    def cancel(self, order_id: int) -> None:
        self._conn.execute("UPDATE orders SET status = 'cancelled' WHERE id = %s", (order_id,))

    def set_status(self, order_id: int, status: str) -> None:
        self._conn.execute("UPDATE orders SET status = %s WHERE id = %s", (status, order_id))

    def with_status(self, status: str) -> list[int]:
        return [row[0] for row in self._conn.execute("SELECT id FROM orders WHERE status = %s", (status,))]

    def to_ship(self) -> list[tuple[int, str]]:
        return self._conn.execute(
            "SELECT o.id, c.name FROM orders AS o JOIN customer AS c ON c.id = o.customer_id "
            "WHERE o.status = 'paid' AND o.shipped IS NULL ORDER BY o.placed"
        ).fetchall()

    def forget_carts(self, before: dt.datetime) -> int:
        cur = self._conn.execute(
            "DELETE FROM orders USING customer AS c "
            "WHERE c.id = orders.customer_id AND orders.status = 'cart' AND c.created < %s",
            (before,),
        )
        return cur.rowcount

    def between(self, first: dt.date, last: dt.date) -> list[int]:
        rows = self._conn.execute("SELECT id FROM orders WHERE placed BETWEEN %s AND %s", (first, last))
        return [row[0] for row in rows]

    def several(self, order_ids: list[int]) -> list[tuple[int, str]]:
        return self._conn.execute(
            "SELECT id, status FROM orders WHERE id = ANY (%s)", (order_ids,)
        ).fetchall()

    def comment(self, order_id: int, comment: str) -> None:
        self._conn.execute(
            "UPDATE orders SET comment = concat_ws(' ', comment, %s::text) WHERE id = %s", (comment, order_id)
        )

    def listen(self) -> None:
        self._conn.execute("LISTEN orders")

    def announce(self, order_id: int) -> None:
        self._conn.execute("SELECT pg_notify('orders', %s)", (str(order_id),))
