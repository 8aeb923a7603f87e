"""Large objects, which are files in the database."""

from __future__ import annotations

import os
import shutil
from time import perf_counter
from typing import TYPE_CHECKING, Any

from howdah_demo import data

if TYPE_CHECKING:
    import howdah
    from howdah_demo.account import Account

DOCUMENT = "airports.csv"


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Store a file, and read it back: a part, and the whole."""
    account.chapter("Large objects")
    path = data.path(DOCUMENT)
    with conn.transaction():  # large objects are opened inside of one
        start = perf_counter()
        with path.open("rb") as file, conn.lobject(0, "w") as stored:
            shutil.copyfileobj(file, stored)
            size = stored.tell()
        seconds = perf_counter() - start
        account.say(f"{path.name} is large object {stored.oid}: {size:,} bytes in {seconds * 1e3:.1f} ms")

        with conn.lobject(stored.oid) as lob:
            lob.seek(-200, os.SEEK_END)
            code, name, *_ = lob.read().decode().splitlines()[-1].split(",")
            lob.seek(0)
            same = lob.read() == path.read_bytes()
            lob.unlink()
        account.say(f"its end, read alone, is about {name} ({code})")
        account.say(f"all of it, read back, is {'the same' if same else '[red]something else[/]'}")
