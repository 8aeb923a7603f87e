"""Rows as any kind of objects; prepared statements; streams."""

from __future__ import annotations

from itertools import cycle, islice
from time import perf_counter
from typing import TYPE_CHECKING, Any

from howdah.rows import class_row, dict_row, namedtuple_row, scalar_row
from howdah_demo.data import Airport

if TYPE_CHECKING:
    import howdah
    from howdah_demo.account import Account

BY_CODE = "SELECT * FROM airport WHERE iata = %s"
SEASONS = """
    SELECT to_char(at, 'FMMonth') AS month,
           round(avg(fahrenheit) FILTER (WHERE iata = 'SEA'), 1) AS seattle,
           round(avg(fahrenheit) FILTER (WHERE iata = 'SFO'), 1) AS san_francisco
    FROM reading
    WHERE extract(month FROM at) = ANY(%(months)s)
    GROUP BY to_char(at, 'FMMonth')
    ORDER BY min(at)
"""
NORTH = "SELECT count(*) FROM airport WHERE state = $1 AND latitude > $2"

QUERIES = 3000


def chapter(conn: howdah.Connection[Any], account: Account) -> None:
    """Query in different ways."""
    account.chapter("Queries")
    rows_of_a_class(conn, account)
    rows_with_names(conn, account)
    one_row_many_times(conn, account)
    prepared_by_name(conn, account)
    a_stream(conn, account)


def rows_of_a_class(conn: howdah.Connection[Any], account: Account) -> None:
    """Fetch dataclasses: the type checker knows what they are."""
    with conn.cursor(row_factory=class_row(Airport)) as cur:
        north = cur.execute("SELECT * FROM airport ORDER BY latitude DESC LIMIT 3").fetchall()
    account.say("the northernmost airports, as dataclasses")
    account.table(
        ("code", "name", "city", "latitude"),
        [(airport.iata, airport.name, airport.city, round(airport.latitude, 2)) for airport in north],
    )


def rows_with_names(conn: howdah.Connection[Any], account: Account) -> None:
    """Fetch named tuples, and dictionaries; a list is an array for the server."""
    with conn.cursor(row_factory=namedtuple_row) as cur:
        seasons = cur.execute(SEASONS, {"months": [1, 4, 7, 10]}).fetchall()
    account.say("mean temperatures of 2010, °F, as named tuples of str and Decimal")
    account.table(seasons[0]._fields, seasons)

    with conn.cursor(row_factory=dict_row) as cur:
        hottest = cur.execute("SELECT * FROM reading ORDER BY fahrenheit DESC LIMIT 1").fetchone()
    assert hottest is not None
    account.say("the hottest hour, as a dictionary")
    account.details({name: repr(value) for name, value in hottest.items()})


def one_row_many_times(conn: howdah.Connection[Any], account: Account) -> None:
    """Execute one query over and over: howdah prepares it by itself."""
    with conn.cursor(row_factory=scalar_row) as cur:
        codes: list[str] = cur.execute("SELECT iata FROM airport").fetchall()
    with conn.cursor() as cur:
        start = perf_counter()
        for code in islice(cycle(codes), QUERIES):
            cur.execute(BY_CODE, [code])
            cur.fetchone()
        each = (perf_counter() - start) / QUERIES
    account.say(f"{QUERIES:,} airports, one by one: [bold]{each * 1e6:.0f} µs[/] each")
    account.say("statements that the driver has prepared on its own by now")
    account.details(conn.prepared())
    account.figure("one-row query", f"{each * 1e6:.0f} µs")


def prepared_by_name(conn: howdah.Connection[Any], account: Account) -> None:
    """Prepare a query under a name, and execute it with parameters."""
    name = conn.prepare(NORTH, "north_of")
    with conn.cursor(row_factory=scalar_row) as cur:
        found = {
            f"{state}, north of {latitude}°": cur.execute(
                f"EXECUTE {name} (%s, %s)", [state, latitude]
            ).fetchone()
            for state, latitude in (("AK", 60), ("MN", 48), ("WA", 48))
        }
    account.say(f"airports, counted by the statement prepared as {name}")
    account.details(found)


def a_stream(conn: howdah.Connection[Any], account: Account) -> None:
    """Fetch rows as they arrive, in bounded memory."""
    start = perf_counter()
    degrees = 0.0
    rows = 0
    with conn.cursor() as cur:
        cur.itersize = 1000  # at a time
        for _at, fahrenheit in cur.stream("SELECT at, fahrenheit FROM reading"):
            degrees += float(fahrenheit)
            rows += 1
    seconds = perf_counter() - start
    account.say(f"{rows:,} rows streamed in {seconds:.2f} s; their mean is {degrees / rows:.1f} °F")
    account.figure("rows streamed per second", f"{rows / seconds:,.0f}")
