"""An exception of a program's own adapter says which parameter or column it is about, and never the value."""

from __future__ import annotations

from typing import Any

import pytest

import howdah
from howdah.adapt import Dumper, Loader
from howdah.pq import Format

SECRET = "hush"


class Mood(str):
    """A class with a dumper that fails."""


class Failure(Exception):
    """Not an error of howdah."""


class FailingDumper(Dumper):
    """Fails, in the way that `failure` says."""

    failure: type[Exception] = Failure

    def dump(self, obj: Any) -> bytes:
        """Raise an exception."""
        raise self.failure("it has failed")


class FailingLoader(Loader):
    """Fails to load what is not 1."""

    failure: type[BaseException] = Failure

    def load(self, data: Any) -> Any:
        """Raise an exception."""
        if bytes(data) in (b"1", b"\0\0\0\1"):
            return 1
        raise self.failure("it has failed")


class FailingBinaryLoader(FailingLoader):
    """The same for the binary format."""

    format = Format.BINARY


def notes(error: BaseException) -> list[str]:
    """Return the notes of an exception, none of which has the value."""
    found: list[str] = getattr(error, "__notes__", [])
    assert SECRET not in str(found)
    assert str(error) == "it has failed"
    return found


@pytest.fixture
def dumping(conn):
    """A connection that cannot dump moods."""
    conn.adapters.register_dumper(Mood, FailingDumper)
    return conn


@pytest.fixture
def loading(conn):
    """A connection that cannot load int4."""
    conn.adapters.register_loader("int4", FailingLoader)
    conn.adapters.register_loader("int4", FailingBinaryLoader)
    return conn


@pytest.mark.parametrize("cls", [howdah.Cursor, howdah.ClientCursor, howdah.RawCursor])
def test_the_number_of_a_parameter(dumping, cls):
    query = "select $1, $2" if cls is howdah.RawCursor else "select %s, %s"
    label = "parameter '$2'" if cls is howdah.RawCursor else "parameter 2"
    for _ in range(8):  # also once the statement is prepared
        with pytest.raises(Failure) as caught:
            cls(dumping).execute(query, (1, Mood(SECRET)))
        assert notes(caught.value) == [f"while dumping {label}, a value of type 'Mood'"]
        cls(dumping).execute(query, (1, "calm"))


@pytest.mark.parametrize("cls", [howdah.Cursor, howdah.ClientCursor])
def test_the_name_of_a_parameter(dumping, cls):
    with pytest.raises(Failure) as caught:
        cls(dumping).execute("select %(a)s, %(b)s", {"a": 1, "b": Mood(SECRET)})
    assert notes(caught.value) == ["while dumping parameter 'b', a value of type 'Mood'"]


@pytest.mark.parametrize(
    "way", ["stream", "named", "itersize", "pipeline", "copy", "fetch", "copy_from_query"]
)
def test_every_way_of_a_parameter(dumping, way):
    params, query = (1, Mood(SECRET)), "select %s, %s"
    cur = dumping.cursor(*["n"][: way == "named"])
    if way == "itersize":
        cur.itersize = 10
    with pytest.raises(Failure) as caught:
        if way == "stream":
            next(cur.stream(query, params))
        elif way == "pipeline":
            with dumping.pipeline():
                cur.execute(query, params)
        elif way == "copy":
            with cur.copy(f"copy ({query}) to stdout", params):
                pass
        elif way == "fetch":
            dumping.fetch("select $1, $2", *params)
        elif way == "copy_from_query":
            dumping.copy_from_query("select $1, $2", *params, output=lambda data: None)
        else:
            cur.execute(query, params)
    assert notes(caught.value)[0].endswith(", a value of type 'Mood'")
    dumping.rollback()
    cur.close()


def test_errors_of_howdah_say_it_in_their_message(dumping):
    class Refusing(FailingDumper):
        failure = howdah.DataError

    dumping.adapters.register_dumper(Mood, Refusing)
    for cls in (howdah.Cursor, howdah.ClientCursor):
        with pytest.raises(howdah.DataError, match=r"^parameter 2: it has failed") as caught:
            cls(dumping).execute("select %s, %s", (1, Mood(SECRET)))
        assert not hasattr(caught.value, "__notes__")


@pytest.mark.parametrize(
    "way", ["execute", "prepared", "stream", "named", "itersize", "pipeline", "many", "fetch"]
)
def test_the_column(loading, way):
    query = "select 1 as one, 2 as two"
    cur = loading.cursor(*["n"][: way == "named"])
    if way == "itersize":
        cur.itersize = 10
    with pytest.raises(Failure) as caught:
        if way == "stream":
            next(cur.stream(query))
        elif way == "pipeline":
            with loading.pipeline():
                cur.execute(query)
            cur.fetchall()
        elif way == "many":
            cur.executemany(query, [()], returning=True)
            cur.fetchall()
        elif way == "fetch":
            loading.fetch(query)
        else:
            cur.execute(query, **({"prepare": True} if way == "prepared" else {}))
            cur.fetchall()
    assert notes(caught.value) == ["while loading column 'two' (2)"]
    loading.rollback()
    cur.close()


@pytest.mark.parametrize("format", ["text", "binary"])
def test_the_column_of_a_copy(loading, format):
    with loading.cursor().copy(f"copy (select 1 as one, 2 as two) to stdout (format {format})") as copy:
        copy.set_types(["int4", "int4"])
        with pytest.raises(Failure) as caught:
            copy.read_row()
        assert notes(caught.value) == ["while loading row 1 of the COPY, column 2"]


def test_a_column_without_a_name(loading):
    cur = loading.execute("select 1, 2")
    for _ in range(2):
        with pytest.raises(Failure) as caught:
            cur.fetchall()
        assert notes(caught.value) == ["while loading column 2"]


@pytest.mark.parametrize("way", ["execute", "stream"])
def test_stop_iteration(loading, way):
    class Stopping(FailingLoader):
        failure = StopIteration

    loading.adapters.register_loader("int4", Stopping)
    cur = loading.cursor()
    with pytest.raises(RuntimeError, match="StopIteration") as caught:
        if way == "stream":
            next(cur.stream("select 1 as one, 2 as two"))
        else:
            cur.execute("select 1 as one, 2 as two").fetchall()
    assert caught.value.__notes__ == ["while loading column 'two' (2)"]


def test_other_errors_of_howdah(loading):
    class Refusing(FailingLoader):
        failure = howdah.ProgrammingError

    loading.adapters.register_loader("int4", Refusing)
    with pytest.raises(howdah.ProgrammingError, match=r"^column 'two' \(2\): it has failed"):
        loading.execute("select 1 as one, 2 as two").fetchall()


@pytest.mark.anyio
async def test_asynchronously(aconn):
    aconn.adapters.register_dumper(Mood, FailingDumper)
    aconn.adapters.register_loader("int4", FailingLoader)
    with pytest.raises(Failure) as caught:
        await aconn.execute("select %s, %s", (1, Mood(SECRET)))
    assert notes(caught.value) == ["while dumping parameter 2, a value of type 'Mood'"]
    cur = await aconn.execute("select 1 as one, 2 as two")
    with pytest.raises(Failure) as caught:
        await cur.fetchall()
    assert notes(caught.value) == ["while loading column 'two' (2)"]


class Frozen(Exception):
    """An exception whose attributes cannot be set."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(name)


def test_an_exception_whose_attributes_cannot_be_set(dumping):
    class Freezing(FailingDumper):
        failure = Frozen

    dumping.adapters.register_dumper(Mood, Freezing)
    with pytest.raises(Frozen) as caught:
        dumping.execute("select %s", (Mood(SECRET),))
    assert notes(caught.value) == ["while dumping parameter 1, a value of type 'Mood'"]


class SharedLoader(Loader):
    """Raises one and the same exception."""

    error = Failure("it has failed")

    def load(self, data: Any) -> Any:
        """Raise it."""
        raise self.error


def test_an_exception_that_is_raised_again(conn):
    """Its notes say where it was raised last, once."""
    conn.adapters.register_loader("int4", SharedLoader)
    for query in ("select 1 as a", "select 'x', 1 as b", "select 'x', 1 as b"):
        with pytest.raises(Failure) as caught:
            conn.execute(query).fetchone()
    assert notes(caught.value) == ["while loading column 'b' (2)"]


class Closed(Exception):
    """An exception whose notes cannot be changed."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.__notes__ = ("mine",)


def test_notes_that_cannot_be_added(dumping, monkeypatch):
    monkeypatch.setattr(FailingDumper, "failure", Closed)
    with pytest.raises(Closed) as caught:
        dumping.execute("select %s", [Mood(SECRET)])
    assert caught.value.__notes__ == ("mine",)
