"""Products, categories and the stock."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from howdah import sql
from howdah.rows import class_row, kwargs_row
from shop.models import Product, StockedProduct

_COLUMNS = ["id", "sku", "title", "price", "tags", "code"]
product_row = class_row(Product)

BY_SKU = sql.SQL("SELECT {} FROM {} WHERE sku = {}").format(
    sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)), sql.Identifier("product"), sql.Placeholder()
)
BY_TAG = """
    SELECT id, sku, title, price, tags, code, description, weight
    FROM product
    WHERE active AND %(tag)s = ANY (tags)
    ORDER BY price
"""
PAGE = "LIMIT %(limit)s OFFSET %(offset)s"


def get(conn: Any, sku: str) -> Product | None:
    return conn.cursor(row_factory=product_row).execute(BY_SKU, [sku]).fetchone()


def by_code(conn: Any, code: UUID) -> Product | None:
    cur = conn.cursor(row_factory=product_row)
    cur.execute("SELECT id, sku, title, price, tags, code FROM product WHERE code = %s", [code])
    return cur.fetchone()


def by_tag(conn: Any, tag: str) -> list[Product]:
    with conn.cursor(row_factory=product_row) as cur:
        return cur.execute(BY_TAG, {"tag": tag}).fetchall()


def by_tag_in_pages(conn: Any, tag: str, page: int) -> list[Product]:
    with conn.cursor(row_factory=product_row) as cur:
        return cur.execute(BY_TAG + PAGE, {"tag": tag, "limit": 20, "offset": page * 20}).fetchall()


def cheapest(conn: Any, most: Decimal) -> list[Product]:
    with conn.cursor(row_factory=kwargs_row(Product)) as cur:
        cur.execute(
            "SELECT id, sku, title, price, tags, code FROM product WHERE price <= %s ORDER BY price", [most]
        )
        return cur.fetchall()


def in_stock(conn: Any) -> list[StockedProduct]:
    with conn.cursor(row_factory=class_row(StockedProduct)) as cur:
        cur.execute("""
            SELECT p.id, p.sku, p.title, p.price, p.tags, p.code, s.quantity
            FROM product AS p JOIN stock AS s ON s.product_id = p.id
            WHERE s.quantity > 0
        """)
        return cur.fetchall()


def add(conn: Any, sku: str, title: str, price: Decimal, tags: list[str]) -> int:
    with conn.transaction():
        cur = conn.execute(
            "INSERT INTO product (sku, title, price, tags) VALUES (%s, %s, %s, %s) RETURNING id",
            (sku, title, price, tags),
        )
        product_id = cur.fetchone()[0]
        conn.execute("INSERT INTO stock (product_id) VALUES (%s)", (product_id,))
    return product_id


def set_price(conn: Any, product_id: int, price: Decimal) -> None:
    conn.execute("UPDATE product SET price = %s WHERE id = %s", (price, product_id))


def raise_prices(conn: Any, category_id: int, percent: int) -> int:
    cur = conn.execute(
        "UPDATE product SET price = round(price * (1 + %s / 100.0), 2) WHERE category_id = %s",
        (percent, category_id),
    )
    return cur.rowcount


def describe(conn: Any, product_id: int, description: str | None, weight: float | None) -> None:
    conn.execute(
        "UPDATE product SET description = %(description)s, weight = %(weight)s WHERE id = %(id)s",
        dict(description=description, weight=weight, id=product_id),  # noqa: C408 - another way to write it
    )


def retire(conn: Any, product_id: int) -> None:
    conn.execute("UPDATE product SET active = false WHERE id = %s", [product_id])


def set_active(conn: Any, product_id: int, active: bool) -> None:
    conn.execute("UPDATE product SET active = %s WHERE id = %s", [active, product_id])


def tag(conn: Any, product_id: int, name: str) -> None:
    conn.execute("UPDATE product SET tags = array_append(tags, %s) WHERE id = %s", [name, product_id])


def untag(conn: Any, product_id: int, name: str) -> None:
    conn.execute("UPDATE product SET tags = array_remove(tags, %s) WHERE id = %s", [name, product_id])


def all_tags(conn: Any) -> list[str]:
    return [name for (name,) in conn.execute("SELECT DISTINCT unnest(tags) FROM product ORDER BY 1")]


def sorted_by(conn: Any, by_price: bool) -> list[tuple[Any, ...]]:
    order = "ORDER BY price" if by_price else "ORDER BY title"
    return conn.execute(f"SELECT id, title, price FROM product WHERE active {order}").fetchall()


def any_column(conn: Any, column: str) -> list[Any]:
    query = sql.SQL("SELECT {} FROM product").format(sql.Identifier(column))
    return conn.execute(query).fetchall()


def add_category(conn: Any, name: str, parent_id: int | None) -> int:
    cur = conn.execute(
        "INSERT INTO category (name, parent_id) VALUES (%s, %s) RETURNING id", (name, parent_id)
    )
    return cur.fetchone()[0]


def categories(conn: Any) -> list[tuple[int, str, int]]:
    return conn.execute("""
        WITH RECURSIVE tree AS (
            SELECT id, name, 0 AS depth FROM category WHERE parent_id IS NULL
            UNION ALL
            SELECT c.id, c.name, t.depth + 1
            FROM category AS c JOIN tree AS t ON c.parent_id = t.id
        )
        SELECT id, name, depth FROM tree ORDER BY depth, name
    """).fetchall()


def move(conn: Any, product_id: int, category_id: int) -> None:
    conn.execute("UPDATE product SET category_id = %s WHERE id = %s", (category_id, product_id))


def receive(conn: Any, product_id: int, quantity: int) -> int:
    cur = conn.execute(
        """
        INSERT INTO stock (product_id, quantity, checked) VALUES (%(id)s, %(quantity)s, now())
        ON CONFLICT (product_id) DO UPDATE SET quantity = stock.quantity + excluded.quantity
        RETURNING quantity
        """,
        {"id": product_id, "quantity": quantity},
    )
    return cur.fetchone()[0]


def take(conn: Any, product_id: int, quantity: int) -> bool:
    cur = conn.execute(
        "UPDATE stock SET quantity = quantity - %s WHERE product_id = %s AND quantity >= %s",
        (quantity, product_id, quantity),
    )
    return cur.rowcount == 1


def available(conn: Any, product_id: int) -> int:
    row = conn.execute("SELECT quantity FROM stock WHERE product_id = %s", (product_id,)).fetchone()
    return 0 if row is None else row[0]


def low(conn: Any, least: int) -> list[tuple[str, int]]:
    return conn.execute(
        "SELECT sku, quantity FROM product JOIN stock ON product_id = id WHERE quantity < %s", (least,)
    ).fetchall()


def checked(conn: Any, product_id: int) -> None:
    conn.execute("UPDATE stock SET checked = now() WHERE product_id = %s", (product_id,))


def never_checked(conn: Any) -> int:
    return conn.execute("SELECT count(*) FROM stock WHERE checked IS NULL").fetchone()[0]


def stream_all(conn: Any) -> Any:
    with conn.cursor() as cur:
        yield from cur.stream("SELECT id, sku FROM product ORDER BY id")


def import_prices(conn: Any, prices: list[tuple[str, Decimal]]) -> None:
    with conn.transaction(), conn.cursor() as cur:
        cur.execute("CREATE TEMPORARY TABLE new_price (sku text, price numeric) ON COMMIT DROP")
        with cur.copy("COPY new_price (sku, price) FROM STDIN") as copy:  # howdah: ignore[sql]
            for row in prices:
                copy.write_row(row)
        cur.execute(
            "UPDATE product AS p SET price = n.price FROM new_price AS n WHERE n.sku = p.sku"
        )  # howdah: ignore
