"""Adapters registered by the name of a type whose oid differs from database to database."""

from __future__ import annotations

import pytest

import howdah
from howdah.adapt import Dumper, Loader
from tests.proxy import Proxy


class MoodLoader(Loader):
    def load(self, data):
        return f"mood: {bytes(data).decode()}"


class Mood:
    def __init__(self, name):
        self.name = name


class MoodDumper(Dumper):
    type_name = "mood"

    def dump(self, obj):
        return obj.name.encode()


@pytest.fixture(scope="module", autouse=True)
def mood(dsn):
    with howdah.connect(dsn) as conn:
        conn.execute("create type mood as enum ('sad', 'happy')")
        conn.execute("create schema elsewhere; create type elsewhere.odd as enum ('sad')")
    yield
    with howdah.connect(dsn) as conn:
        conn.execute("drop type mood")
        conn.execute("drop schema elsewhere cascade")


@pytest.fixture
def driver():
    """A driver of its own: nothing is known of any database yet."""
    driver = howdah.Driver()
    driver.adapters.register_loader("mood", MoodLoader)
    driver.adapters.register_dumper(Mood, MoodDumper)
    return driver


@pytest.fixture
def proxy(server):
    with Proxy(server) as proxy:
        yield proxy


QUERY = "select 'sad'::mood from generate_series(1, 3)"
SAD = [("mood: sad",)] * 3


@pytest.mark.parametrize("autocommit", [True, False])
def test_loader(driver, dsn, autocommit):
    with driver.connect(dsn, autocommit=autocommit) as conn:
        assert conn.execute(QUERY).fetchall() == SAD
        assert conn.execute(f"select 1; {QUERY}").nextset()
        assert list(conn.cursor().stream(QUERY)) == SAD


@pytest.mark.parametrize("first", ["script", "stream", "itersize", "executemany", "prepared"])
def test_loader_first_met_elsewhere(driver, dsn, first):
    with driver.connect(dsn) as conn:
        cur = conn.cursor()
        if first == "script":
            cur.execute(f"select 1; {QUERY}")
            cur.nextset()
            assert cur.fetchall() == SAD
        elif first == "stream":
            assert list(cur.stream(QUERY)) == SAD
        elif first == "itersize":
            cur.itersize = 2
            assert cur.execute(QUERY).fetchall() == SAD
        elif first == "executemany":
            cur.executemany("select %s::mood", [("sad",), ("happy",)], returning=True)
            assert [c.fetchone() for c in cur.results()] == [("mood: sad",), ("mood: happy",)]
        else:
            for _ in range(3):
                assert cur.execute(QUERY, prepare=True).fetchall() == SAD


def test_dumper(driver, dsn):
    with driver.connect(dsn) as conn:
        query = "select pg_typeof(%s)::text"
        assert conn.execute(query, (Mood("happy"),)).fetchone() == ("mood",)
        assert conn.execute("select %s", (Mood("happy"),)).fetchone() == ("mood: happy",)


class MoodBinaryDumper(MoodDumper):
    format = howdah.pq.Format.BINARY


@pytest.mark.parametrize("first", ["list", "copy"])
def test_dumper_first_met_elsewhere(driver, dsn, first):
    driver.adapters.register_dumper(Mood, MoodBinaryDumper)
    with driver.connect(dsn) as conn:
        if first == "list":
            row = conn.execute("select %s", ([Mood("sad"), None],)).fetchone()
            assert row == (["mood: sad", None],)
            return
        conn.execute("create temp table moods (m mood)")
        with conn.cursor().copy("copy moods from stdin (format binary)") as copy:
            copy.set_types(["mood"])
            copy.write_row([Mood("happy")])
        assert conn.execute("select * from moods").fetchone() == ("mood: happy",)


def test_a_type_that_a_copy_does_not_know(driver, dsn):
    with driver.connect(dsn) as conn, pytest.raises(howdah.ProgrammingError, match=r"'never'.*TypeInfo"):
        with conn.cursor().copy("copy (select 1) to stdout") as copy:
            copy.set_types(["never"])


def test_dumper_wanted_in_the_middle_of_executemany(driver, dsn):
    with driver.connect(dsn) as conn:
        cur = conn.cursor()
        values = [None, None, Mood("happy"), "text", Mood("sad")]
        cur.executemany(
            "select pg_typeof(greatest(%s, 'sad'))::text", [(value,) for value in values], returning=True
        )
        types = [result.fetchone() for result in cur.results()]
        assert types == [("text",), ("text",), ("mood",), ("text",), ("mood",)]


def test_dumper_in_executemany(driver, dsn):
    with driver.connect(dsn) as conn:
        cur = conn.cursor()
        cur.executemany("select pg_typeof(%s)::text", [(Mood("happy"),), (Mood("sad"),)], returning=True)
        assert [c.fetchone() for c in cur.results()] == [("mood",), ("mood",)]


def test_one_round_trip_per_driver_and_database(driver, proxy, server):
    with driver.connect(proxy.dsn, autocommit=True) as conn:
        before = proxy.round_trips
        conn.execute("select 1")
        assert proxy.round_trips == before + 1
        conn.execute(QUERY)
        assert proxy.round_trips == before + 3
        conn.execute(QUERY)
        conn.execute("select %s", (Mood("sad"),))
        assert proxy.round_trips == before + 5
    proxy.listener.close()


def test_what_one_connection_found_others_know(driver, dsn):
    with driver.connect(dsn, autocommit=True) as conn:
        conn.execute(QUERY)
    with driver.connect(dsn, autocommit=True) as conn:
        carried = []
        carry = conn.kernel.transport.run_until_ready
        conn.kernel.transport.run_until_ready = lambda exchange: (carried.append(exchange), carry(exchange))
        assert conn.execute(QUERY).fetchall() == SAD
        assert len(carried) == 1


def test_no_round_trip_when_nobody_registers_names(proxy):
    driver = howdah.Driver(enable=[])
    with driver.connect(proxy.dsn, autocommit=True) as conn:
        before = proxy.round_trips
        assert conn.execute(QUERY).fetchone() == ("sad",)
        assert conn.execute("select %s", ("x",)).fetchone() == ("x",)
        assert proxy.round_trips == before + 2


def test_a_type_that_is_not_there(driver, dsn):
    driver.adapters.register_loader("never_created", MoodLoader)
    with driver.connect(dsn) as conn:
        assert conn.execute(QUERY).fetchall() == SAD
        assert conn.execute("select 1").fetchone() == (1,)


def test_a_type_created_after_connecting(dsn):
    driver = howdah.Driver()
    driver.adapters.register_loader("late", MoodLoader)
    with driver.connect(dsn) as conn:
        assert conn.execute(QUERY).fetchone() == ("sad",)
        conn.execute("create type late as enum ('x')")
        assert conn.execute("select 'x'::late").fetchone() == ("mood: x",)
        conn.rollback()


def test_a_name_with_a_schema(dsn):
    driver = howdah.Driver()
    driver.adapters.register_loader("elsewhere.odd", MoodLoader)
    with driver.connect(dsn) as conn:
        assert conn.execute("select 'sad'::elsewhere.odd, 'sad'::mood").fetchone() == ("mood: sad", "sad")


def test_on_a_cursor_only(dsn):
    driver = howdah.Driver()
    with driver.connect(dsn) as conn:
        cur = conn.cursor()
        cur.adapters.register_loader("mood", MoodLoader)
        assert cur.execute(QUERY).fetchall() == SAD
        assert conn.execute(QUERY).fetchone() == ("sad",)


@pytest.mark.anyio
async def test_async(driver, dsn):
    async with await driver.AsyncConnection.connect(dsn) as conn:
        assert await (await conn.execute(QUERY)).fetchall() == SAD
        cur = await conn.execute("select pg_typeof(%s)::text", (Mood("sad"),))
        assert await cur.fetchone() == ("mood",)


@pytest.fixture
def passing(dsn):
    """What makes a type anew, with another oid each time."""
    with howdah.connect(dsn, autocommit=True) as conn:

        def anew():
            conn.execute("drop type if exists passing")
            conn.execute("create type passing as enum ('sad')")

        yield anew
        conn.execute("drop type passing")


class Passing(Mood):
    pass


class PassingDumper(MoodDumper):
    type_name = "passing"


@pytest.fixture
def passing_driver(driver):
    driver.adapters.register_loader("passing", MoodLoader)
    driver.adapters.register_dumper(Passing, PassingDumper)
    return driver


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_type_made_anew(passing_driver, dsn, passing, autocommit):
    with passing_driver.connect(dsn, autocommit=autocommit) as conn:
        for _ in range(3):
            passing()
            assert conn.execute("select pg_typeof(%s)::text", (Passing("sad"),)).fetchone() == ("passing",)
            conn.rollback()
            passing()
            assert conn.execute("select 'sad'::passing").fetchone() == ("mood: sad",)
            conn.rollback()


def test_a_type_made_anew_inside_of_a_transaction(passing_driver, dsn, passing):
    passing()
    with passing_driver.connect(dsn) as conn:
        conn.execute("select %s", (Passing("sad"),))
        conn.rollback()
        passing()
        conn.execute("select 1")
        with pytest.raises(howdah.errors.InternalError_):
            conn.execute("select %s", (Passing("sad"),))
        conn.rollback()
        assert conn.execute("select %s", (Passing("sad"),)).fetchone() == ("mood: sad",)


def test_another_connection_heals_too(passing_driver, dsn, passing):
    passing()
    with passing_driver.connect(dsn) as conn:
        conn.execute("select %s", (Passing("sad"),))
    passing()
    with passing_driver.connect(dsn) as conn:
        assert conn.execute("select %s", (Passing("sad"),)).fetchone() == ("mood: sad",)
