"""Two projects of more than a hundred statements: each planted fault is reported, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

import howdah
from howdah.conninfo import make_conninfo
from tests.contrib.check.conftest import Checker

PROJECTS = Path(__file__).parent / "projects"


class Planted(NamedTuple):
    """A fault: what is replaced, and what has to be reported where."""

    path: str
    old: str
    new: str
    code: str
    message: str
    #: The text that the fault is at the beginning of; by default, `new`.
    at: str = ""
    #: The file that it is reported in, if that is another one.
    elsewhere: str = ""


SHOP = [
    Planted(
        "shop/customers.py",
        'COLUMNS = "id, email, name, phone, born"',
        'COLUMNS = "id, email, nmae, phone, born"',
        "sql",
        'column "nmae" does not exist',
        "nmae",
    ),
    Planted(
        "shop/customers.py",
        '"LEFT JOIN address AS a ON a.customer_id = c.id "',
        '"LEFT JOIN address AS a ON a.custmer_id = c.id "',
        "sql",
        "column a.custmer_id does not exist",
        "a.custmer_id",
    ),
    Planted(
        "shop/customers.py",
        "VALUES (%s, %s, %s)\n",
        "VALUES (%s, %s)\n",
        "sql",
        "INSERT has more target columns than expressions",
        "born)\n            VALUES",
    ),
    Planted(
        "shop/customers.py",
        "(name, customer_id))",
        "(name,))",
        "parameters",
        "the statement has 2 parameters, but the call passes 1",
        "UPDATE customer SET name",
    ),
    Planted(
        "shop/customers.py",
        '{"phone": phone, "id": customer_id}',
        '{"phone": phone, "ident": customer_id}',
        "parameters",
        "parameters are missing: id",
        "UPDATE customer SET phone",
    ),
    Planted(
        "shop/customers.py",
        "ILIKE '%%' || %s",
        "ILIKE '%' || %s",
        "placeholders",
        'incomplete placeholder "%\'"; for a percent sign, write %%',
        "SELECT id, email, name, phone FROM customer WHERE name",
    ),
    Planted(
        "shop/customers.py",
        "def drop_address(self, address_id: int)",
        "def drop_address(self, address_id: str)",
        "types",
        "parameter 1 has the type integer, but the value is str",
        "address_id,))\n\n    def countries",
    ),
    Planted(
        "shop/customers.py",
        "COPY customer (email, name)",
        "COPY customer (email, nam)",
        "sql",
        'column "nam" does not exist',
        "nam) FROM",
    ),
    Planted(
        "shop/products.py",
        "SELECT id, sku, title, price, tags, code FROM product WHERE code",
        "SELECT id, sku, title, price, code FROM product WHERE code",
        "columns",
        "Product needs the field 'tags', but there is no such column",
    ),
    Planted(
        "shop/products.py",
        "p.code, s.quantity",
        "p.code, s.quantity, s.checked",
        "columns",
        "the column 'checked' is no field of StockedProduct",
        "SELECT p.id, p.sku",
    ),
    Planted(
        "shop/products.py",
        'sql.Identifier("product"), sql.Placeholder()',
        'sql.Identifier("produkt"), sql.Placeholder()',
        "sql",
        'relation "produkt" does not exist',
        'sql.Identifier("produkt")',
    ),
    Planted(
        "shop/products.py",
        'PAGE = "LIMIT %(limit)s',
        'PAGE = "LIMITS %(limit)s',
        "sql",
        'syntax error at or near "LIMITS"',
        "LIMITS",
    ),
    Planted(
        "shop/products.py",
        '"ORDER BY price" if by_price',
        '"ORDER BY prize" if by_price',
        "sql",
        'column "prize" does not exist',
        'prize" if',
    ),
    Planted(
        "shop/orders.py",
        "SELECT product_id, quantity, price FROM order_line",
        "SELECT product_id, quantity::text, price FROM order_line",
        "types",
        "the column 'quantity' has the type text, which is str, but models.Line.quantity is int",
        "LINES, (order_id,)",
    ),
    Planted(
        "shop/orders.py",
        "AND status = 'cart' LIMIT 1",
        "AND status = 'kart' LIMIT 1",
        "sql",
        'invalid input value for enum order_status: "kart"',
        "'kart'",
    ),
    Planted(
        "shop/orders.py",
        "SELECT order_total(%s)",
        "SELECT order_total(%s, true)",
        "sql",
        "function order_total(unknown, boolean) does not exist",
        "order_total(%s, true)",
    ),
    Planted(
        "shop/models.py",
        "note: str | None = None",
        'note: str = ""',
        "nullable",
        "the column 'note' can be NULL, but Address.note is str",
        "SELECT id, street",
        "shop/customers.py",
    ),
    Planted(
        "shop/reports.py",
        'SALES = "sum(l.quantity * l.price)"',
        'SALES = "sum(l.quantity * l.cost)"',
        "sql",
        "column l.cost does not exist",
        "l.cost",
    ),
    Planted(
        "shop/reports.py",
        "SELECT count(*) FROM best_seller",
        "SELECT count(*) FROM best_sellers",
        "sql",
        'relation "best_sellers" does not exist',
        'best_sellers")',
    ),
    Planted(
        "shop/reports.py",
        'CLEAN_UP = "DELETE FROM orders WHERE status',
        'CLEAN_UP = "DELETE FROM orders WHERE state',
        "sql",
        'column "state" does not exist',
        "state = 'cancelled'",
    ),
    Planted(
        "shop/reviews.py",
        "        FROM review\n        WHERE product_id = %s\n        GROUP",
        "        FROM review\n        WHERE produkt_id = %s\n        GROUP",
        "sql",
        'column "produkt_id" does not exist',
        "produkt_id",
    ),
]

LEDGER = [
    Planted(
        "queries/accounts.sql",
        "SELECT id, owner FROM account WHERE number",
        "SELECT id, ownr FROM account WHERE number",
        "sql",
        'column "ownr" does not exist',
        "ownr",
    ),
    Planted(
        "queries/accounts.sql",
        "UPDATE account SET owner = :new",
        "UPDATE account SET owner == :new",
        "sql",
        'syntax error at or near "=="',
        "== :new",
    ),
    Planted(
        "queries/accounts.sql",
        "(:number, :owner, :currency, :parent)",
        "(:number, :owner, :currency, :parent, 1)",
        "sql",
        "INSERT has more expressions than target columns",
        "1)\nRETURNING",
    ),
    Planted(
        "queries/entries.sql",
        "sum(amount) AS amount FROM entry GROUP BY 1",
        "sum(amount) AS amount, memo FROM entry GROUP BY 1",
        "sql",
        'column "entry.memo" must appear in the GROUP BY clause or be used in an aggregate function',
        "memo FROM entry GROUP BY 1",
    ),
    Planted(
        "queries/entries.sql",
        "percentile_cont(0.5)",
        "percentile_kont(0.5)",
        "sql",
        "function percentile_kont(numeric, numeric) does not exist",
        "percentile_kont",
    ),
    Planted(
        "queries/rates.sql",
        "DELETE FROM rate WHERE day < :day;",
        "DELETE rate WHERE day < :day;",
        "sql",
        'syntax error at or near "rate"',
        "rate WHERE day < :day;",
    ),
    Planted(
        "queries/rates.sql",
        "JOIN account AS a ON a.id = e.account\n",
        "JOIN accounts AS a ON a.id = e.account\n",
        "sql",
        'relation "accounts" does not exist',
        "accounts AS a",
    ),
    Planted(
        "ledger/transfers.py",
        "SELECT id, source, target, amount\nFROM transfer\n",
        "SELECT id, source, target, amont\nFROM transfer\n",
        "sql",
        'column "amont" does not exist',
        "amont",
    ),
    Planted(
        "ledger/transfers.py",
        "conn.fetchval(NEW, source, target, amount, due)",
        "conn.fetchval(NEW, source, target, amount)",
        "parameters",
        "the statement has 4 parameters, but the call passes 3",
        "NEW, source, target, amount)",
    ),
    Planted(
        "ledger/transfers.py",
        "    new_id: int = await",
        "    new_id: UUID = await",
        "types",
        "the value has the type bigint, which is int, but the annotation is UUID",
        "NEW, source, target, amount",
    ),
    Planted(
        "ledger/transfers.py",
        "async def count(conn: Any, state: str) -> int:",
        "async def count(conn: Any, state: int) -> int:",
        "types",
        "parameter 1 has the type text, but the value is int",
        "state)\n\n\nasync def counts",
    ),
    Planted(
        "ledger/transfers.py",
        "async def several(conn: Any, ids: list[int])",
        "async def several(conn: Any, ids: list[str])",
        "types",
        "parameter 1 has the type bigint[], but the value is list[str]",
        "ids)\n\n\nasync def among",
    ),
    Planted(
        "ledger/transfers.py",
        "account: AccountId) -> Decimal:",
        "account: AccountId) -> datetime:",
        "types",
        "the value has the type numeric, which is Decimal, but the annotation is datetime",
        "SELECT coalesce(sum(amount), 0) FROM transfer",
    ),
    Planted(
        "ledger/transfers.py",
        "jsonb_build_object('reason', $2::text) WHERE id = $1",
        "jsonb_build_object('reason', $2) WHERE id = $1",
        "sql",
        "could not determine data type of parameter $2",
        "UPDATE transfer SET state = 'failed'",
    ),
    Planted(
        "ledger/service.py",
        'COLUMNS = ("id", "amount", "booked")',
        'COLUMNS = ("id", "amount", "bookd")',
        "sql",
        'column "bookd" does not exist',
        'bookd")',
    ),
    Planted(
        "ledger/service.py",
        "WHEN NOT MATCHED THEN INSERT (currency, day, rate) VALUES",
        "WHEN NOT MATCHED THEN INSERT (currency, day, rte) VALUES",
        "sql",
        'column "rte" of relation "rate" does not exist',
        "rte)",
    ),
]


def place(path: Path, at: str) -> tuple[int, int]:
    """Return the line and the column of a text that a file has once."""
    text = path.read_text()
    assert text.count(at) == 1, at
    before = text[: text.index(at)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def plant(directory: Path, faults: list[Planted]) -> list[tuple[str, int, int, str, str]]:
    """Plant faults in a project, and return what has to be reported."""
    for fault in faults:
        path = directory / fault.path
        text = path.read_text()
        assert text.count(fault.old) == 1, fault
        path.write_text(text.replace(fault.old, fault.new))
    return sorted(
        (path, *place(directory / path, fault.at or fault.new), fault.code, fault.message)
        for fault in faults
        for path in [fault.elsewhere or fault.path]
    )


@pytest.fixture
def copied(empty: Checker, request: pytest.FixtureRequest) -> Checker:
    """A copy of a project, in the current directory."""
    shutil.copytree(PROJECTS / request.param, empty.directory, dirs_exist_ok=True)
    return empty


@pytest.mark.parametrize("copied", ["shop", "ledger"], indirect=True)
def test_a_project_without_faults(copied: Checker) -> None:
    checked = copied.check()
    assert checked.faults == []
    assert checked.report["statements"] > 100
    # Those that are dynamic, and commands of which the server checks the syntax only.
    kinds = Counter(entry["kind"] for entry in checked.report["unchecked"])
    assert kinds == ({"dynamic": 2, "syntax only": 4} if "shop" in os.listdir() else {})


@pytest.mark.parametrize(
    ("copied", "faults"), [("shop", SHOP), ("ledger", LEDGER)], indirect=["copied"], ids=["shop", "ledger"]
)
def test_planted_faults(copied: Checker, faults: list[Planted]) -> None:
    expected = plant(copied.directory, faults)
    found = sorted(copied.check().faults)
    assert [fault for fault in found if fault not in expected] == []
    assert found == expected


SHOP_PROGRAM = """
import datetime as dt
from decimal import Decimal
import howdah
from shop import products, reports, reviews
from shop.customers import Customers
from shop.orders import Orders

with howdah.connect(autocommit=True) as conn:
    customers, orders = Customers(conn), Orders(conn)
    ana = customers.add("ana@example.org", "Ana", dt.date(1990, 5, 1))
    customers.load([("bo@example.org", "Bo")])
    customers.set_preference(ana, "theme", "dark")
    hat = products.add(conn, "H1", "Hat", Decimal("20"), ["new"])
    products.receive(conn, hat, 5)
    products.import_prices(conn, [("H1", Decimal("21.50"))])
    order = orders.open(ana)
    orders.put(order, hat, 2)
    orders.place(order, None)
    reviews.write(conn, hat, ana, 5, None)
    print(customers.get(ana).name, customers.preference(ana, "theme"), customers.search("an")[0].email)
    print(products.by_tag(conn, "new")[0].title, products.in_stock(conn)[0].quantity, orders.total(order))
    print(orders.lines(order)[0], orders.get(order).status, len(reports.per_day(conn, dt.date(2000, 1, 1))))
    print(reviews.latest(conn, 1)[0].stars, reports.by_status(conn), products.get(conn, "H1").price)
"""
LEDGER_PROGRAM = """
import asyncio
import datetime
from decimal import Decimal
import howdah
from ledger import queries, service, transfers

async def main():
    async with await howdah.AsyncConnection.connect(autocommit=True) as conn:
        await conn.execute("SET search_path = ledger, public")
        a = await service.open_account(conn, "A", "Ana", "EUR")
        b = await service.open_account(conn, "B", "Bo", "EUR")
        transfer = await transfers.add(conn, a, b, Decimal(5), None)
        await transfers.book(conn, transfer)
        await service.set_rate(conn, "EUR", datetime.date(2020, 1, 1), 1.5)
        await service.merge_rates(conn, "EUR", datetime.date(2020, 1, 1), 2.5)
        print(await service.balance(conn, b), await transfers.state(conn, transfer))
        print(await service.is_open(conn, a))
        accounts, entries = queries.load("accounts"), queries.load("entries")
        print((await conn.fetchrow(accounts["get-account"], a))["owner"])
        print(len(await conn.fetch(entries["daily"])))
        print(await conn.fetchval(queries.load("rates")["rate-on"], "EUR", datetime.date(2021, 1, 1)))

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("name", "program", "schema", "expected"),
    [
        (
            "shop",
            SHOP_PROGRAM,
            ["schema.sql"],
            [
                "Ana dark ana@example.org",
                "Hat 3 43.00",
                "Line(product_id=1, quantity=2, price=Decimal('21.50')) placed 1",
                "5 {'placed': 1} 21.50",
            ],
        ),
        (
            "ledger",
            LEDGER_PROGRAM,
            [f"migrations/{name}" for name in ("0001_accounts.sql", "0002_transfers.sql", "0010_rates.sql")],
            ["5.00 booked", "True", "Ana", "1", "2.5"],
        ),
    ],
)
def test_the_projects_run(
    dsn: str, tmp_path: Path, name: str, program: str, schema: list[str], expected: list[str]
) -> None:
    database = f"howdah_check_{name}"
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        conn.execute(f"CREATE DATABASE {database}")
    try:
        with howdah.connect(dsn, dbname=database, autocommit=True) as conn:
            for file in schema:
                conn.execute((PROJECTS / name / file).read_text().partition("-- migrate:down")[0])
        path = tmp_path / "program.py"
        path.write_text(program.replace("connect(", f"connect({make_conninfo(dsn, dbname=database)!r}, "))
        done = subprocess.run(
            [sys.executable, path],
            capture_output=True,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(PROJECTS / name), *filter(None, sys.path)]),
            },
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == expected
    finally:
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute(f"DROP DATABASE {database} WITH (FORCE)")
