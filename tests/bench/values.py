"""Values that a program writes into queries by itself, and such as it loads with a class of its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tests.bench import floor
from tests.bench.blocking import connect_howdah
from tests.bench.contender import Contender

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench import blocking
    from tests.bench.programs import Binding, Loading
    from tests.bench.secure import Address
    from tests.servers import Server

#: The drivers whose adapters a program can replace by classes of its own: their modules for date and time.
DATETIME = {"howdah": "howdah_types.datetime", "psycopg": "psycopg.types.datetime"}


def binding(driver: blocking.Driver, program: Binding, server: Server | Address) -> Contender:
    """Get a driver ready to write values into text. psycopg2 does nothing else, in every cursor it has."""
    conn = driver.connect(server)
    values = program.values()
    if program.how == "literal":
        return Contender(driver.name, _literals(driver.name, values, conn), conn.close)
    params = (values,) if program.how == "array" else tuple(values)
    query = ", ".join(["%s"] * len(params))
    if driver.name == "psycopg2":
        mogrify = conn.cursor().mogrify
    else:
        mogrify = import_module(driver.name).ClientCursor(conn).mogrify
    return Contender(driver.name, lambda: mogrify(query, params), conn.close)


def _literals(name: str, values: list[object], conn: Any) -> Callable[[], Any]:
    sql = import_module(f"{name}.sql")
    comma, literal = sql.SQL(", "), sql.Literal

    def run() -> Any:
        return comma.join([literal(value) for value in values]).as_string(conn)

    return run


def loading(driver: blocking.Driver, program: Loading, server: Server | Address) -> Contender | None:
    """Get a driver ready to load values with a class of the program's; None if it has no such classes."""
    if driver.name not in DATETIME:
        return None
    conn = driver.connect(server)
    if program.how != "own":
        conn.adapters.register_loader("timestamptz", _loader(driver.name, program.how, conn))
    return _fetching(driver.name, program, conn)


def undriven(program: Loading, server: Server | Address) -> Contender | None:
    """Return the floor of a class that inherits: it does its own part with a value that is there already."""
    if program.how != "inherits":
        return None
    conn = connect_howdah(server)
    conn.adapters.register_loader("timestamptz", _replacing())
    return _fetching(floor.NAME, program, conn)


def _fetching(name: str, program: Loading, conn: Any) -> Contender:
    cur, sql = conn.cursor(), program.sql

    def run() -> Any:
        cur.execute(sql)
        return cur.fetchall()

    return Contender(name, run, conn.close)


def _loader(name: str, how: str, conn: Any) -> type[Any]:
    """Return a loader for text as programs have it: Django's sets the time zone of what was loaded."""
    if how == "inherits":
        return _inheriting(import_module(DATETIME[name]).TimestamptzLoader)
    module = import_module(name)
    oid = conn.adapters.types["timestamptz"].oid
    return _delegating(module.adapt.Loader, conn.adapters.get_loader(oid, module.pq.Format.TEXT))


def _inheriting(base: Any) -> type[Any]:
    class Inheriting(base):
        timezone_wanted = None

        def load(self, data: Any) -> Any:
            return super().load(data).replace(tzinfo=self.timezone_wanted)

    return Inheriting


def _replacing() -> type[Any]:
    from datetime import datetime, timezone

    from howdah.adapt import Loader

    class Replacing(Loader):
        timezone_wanted = None
        value = datetime(2000, 1, 1, tzinfo=timezone.utc)

        def load(self, data: Any) -> Any:
            return self.value.replace(tzinfo=self.timezone_wanted)

    return Replacing


def _delegating(base: Any, original: Any) -> type[Any]:
    class Delegating(base):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._original = original(oid, context)

        def load(self, data: Any) -> Any:
            return self._original.load(data)

    return Delegating
