"""Customers and their addresses."""

from __future__ import annotations

import datetime as dt
from typing import Any

from howdah.rows import class_row, dict_row, scalar_row

from .models import Address, Customer

COLUMNS = "id, email, name, phone, born"
FIND = f"SELECT {COLUMNS} FROM customer"


class Customers:
    BY_ID = f"{FIND} WHERE id = %s"
    BY_EMAIL = FIND + " WHERE email = %(email)s"

    def __init__(self, conn: Any) -> None:
        self.conn = conn

    def get(self, customer_id: int) -> Customer | None:
        with self.conn.cursor(row_factory=class_row(Customer)) as cur:
            cur.execute(self.BY_ID, [customer_id])
            return cur.fetchone()

    def by_email(self, email: str) -> Customer | None:
        with self.conn.cursor(row_factory=class_row(Customer)) as cur:
            return cur.execute(self.BY_EMAIL, {"email": email}).fetchone()

    def all(self) -> list[Customer]:
        return self.conn.cursor(row_factory=class_row(Customer)).execute(FIND + " ORDER BY name").fetchall()

    def add(self, email: str, name: str, born: dt.date | None = None) -> int:
        cur = self.conn.execute(
            """
            INSERT INTO customer (email, name, born)
            VALUES (%s, %s, %s)
            RETURNING id
            """,
            (email, name, born),
        )
        return cur.fetchone()[0]

    def rename(self, customer_id: int, name: str) -> None:
        self.conn.execute("UPDATE customer SET name = %s WHERE id = %s", (name, customer_id))

    def set_phone(self, customer_id: int, phone: str | None) -> None:
        self.conn.execute(
            "UPDATE customer SET phone = %(phone)s WHERE id = %(id)s", {"phone": phone, "id": customer_id}
        )

    def set_preference(self, customer_id: int, key: str, value: str) -> None:
        self.conn.execute(
            "UPDATE customer SET preferences = jsonb_set(preferences, ARRAY[%s], to_jsonb(%s::text)) "
            "WHERE id = %s",
            (key, value, customer_id),
        )

    def preference(self, customer_id: int, key: str) -> str | None:
        cur = self.conn.cursor(row_factory=scalar_row)
        cur.execute("SELECT preferences ->> %s FROM customer WHERE id = %s", (key, customer_id))
        return cur.fetchone()

    def delete(self, customer_id: int) -> None:
        self.conn.execute("DELETE FROM customer WHERE id = %s", (customer_id,))

    def exists(self, email: str) -> bool:
        cur = self.conn.execute("SELECT EXISTS (SELECT FROM customer WHERE email = %s)", (email,))
        return cur.fetchone()[0]

    def count(self) -> int:
        return self.conn.execute("SELECT count(*) FROM customer").fetchone()[0]

    def count_since(self, day: dt.date) -> int:
        return self.conn.execute("SELECT count(*) FROM customer WHERE created >= %s", (day,)).fetchone()[0]

    def search(self, text: str) -> list[Customer]:
        with self.conn.cursor(row_factory=class_row(Customer)) as cur:
            cur.execute(
                "SELECT id, email, name, phone FROM customer WHERE name ILIKE '%%' || %s || '%%' LIMIT 20",
                (text,),
            )
            return cur.fetchall()

    def birthdays(self, month: int) -> list[dict[str, Any]]:
        with self.conn.cursor(row_factory=dict_row) as cur:
            cur.execute("SELECT name, born FROM customer WHERE extract(month FROM born) = %s", (month,))
            return cur.fetchall()

    def addresses(self, customer_id: int) -> list[Address]:
        with self.conn.cursor(row_factory=class_row(Address)) as cur:
            cur.execute(
                "SELECT id, street, city, country, note FROM address WHERE customer_id = %s ORDER BY id",
                (customer_id,),
            )
            return cur.fetchall()

    def add_address(self, customer_id: int, street: str, city: str, country: str) -> None:
        self.conn.execute(
            "INSERT INTO address (customer_id, street, city, country) VALUES (%s, %s, %s, %s)",
            (customer_id, street, city, country),
        )

    def note_address(self, address_id: int, note: str) -> None:
        self.conn.execute("UPDATE address SET note = %s WHERE id = %s", (note, address_id))

    def drop_address(self, address_id: int) -> None:
        self.conn.execute("DELETE FROM address WHERE id = %s", (address_id,))

    def countries(self) -> list[tuple[str, int]]:
        return self.conn.execute(
            "SELECT country, count(*) FROM address GROUP BY country ORDER BY 2 DESC"
        ).fetchall()

    def without_address(self) -> list[tuple[int, str]]:
        return self.conn.execute(
            "SELECT c.id, c.name "
            "FROM customer AS c "
            "LEFT JOIN address AS a ON a.customer_id = c.id "
            "WHERE a.id IS NULL"
        ).fetchall()

    def merge(self, kept: int, given_up: int) -> None:
        with self.conn.transaction():
            self.conn.execute("UPDATE orders SET customer_id = %s WHERE customer_id = %s", (kept, given_up))
            self.conn.execute("UPDATE address SET customer_id = %s WHERE customer_id = %s", (kept, given_up))
            self.conn.execute("UPDATE review SET customer_id = %s WHERE customer_id = %s", (kept, given_up))
            self.conn.execute("DELETE FROM customer WHERE id = %s", (given_up,))

    def import_many(self, rows: list[tuple[str, str]]) -> None:
        with self.conn.cursor() as cur:
            cur.executemany(
                "INSERT INTO customer (email, name) VALUES (%s, %s) ON CONFLICT (email) DO NOTHING", rows
            )

    def load(self, rows: list[tuple[str, str]]) -> None:
        with self.conn.cursor() as cur, cur.copy("COPY customer (email, name) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def dump(self) -> bytes:
        with self.conn.cursor() as cur:
            with cur.copy("COPY (SELECT id, email FROM customer ORDER BY id) TO STDOUT") as copy:
                return b"".join(copy)
