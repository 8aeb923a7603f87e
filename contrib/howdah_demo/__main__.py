"""The demo, from the first chapter to the last."""

from __future__ import annotations

import argparse
import asyncio

import howdah
from howdah_demo import (
    concurrency,
    documents,
    loading,
    notifying,
    pipelining,
    pooling,
    querying,
    refusing,
    scanning,
    transactions,
)
from howdah_demo.account import Account


def main() -> None:
    """Start a server, and run every chapter."""
    parser = argparse.ArgumentParser(prog="python -m howdah_demo", description=main.__doc__)
    parser.add_argument("--version", action="version", version=f"howdah {howdah.__version__}")
    parser.parse_args()
    account = Account()
    with account.waiting("starting PostgreSQL …"):
        conn = howdah.connect("embedded:", autocommit=True)  # deleted when this process exits
    with conn:
        account.title(conn)
        loading.chapter(conn, account)
        transactions.chapter(conn, account)
        querying.chapter(conn, account)
        pipelining.chapter(conn, account)
        scanning.chapter(conn, account)
        documents.chapter(conn, account)
        refusing.chapter(conn, account)
        notifying.chapter(conn, account)
        pooling.chapter(account)
        asyncio.run(concurrency.chapter(account))
        account.figures()


if __name__ == "__main__":
    main()
