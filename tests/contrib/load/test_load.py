"""What a load writes, from which sources, in each mode."""

from __future__ import annotations

import pickle
import signal
import threading
import time
from contextlib import closing

import pandas
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

import howdah
from howdah import errors
from howdah.sql import SQL, Identifier
from howdah_load import LoadError, State
from tests.contrib.load.database import MODES, ROWS, batches, content, leftovers, new_table, rows
from tests.tasks import PATIENCE


@pytest.fixture(params=MODES)
def mode(request):
    return request.param


@pytest.fixture(autouse=True)
def table(dsn):
    new_table(dsn)
    yield
    assert leftovers(dsn) == []


def dataset(path):
    for number, batch in enumerate(batches(size=300)):
        pyarrow.parquet.write_table(pa.Table.from_batches([batch]), path / f"{number}.parquet")
    return pyarrow.dataset.dataset(path)


def sources(path):
    table = pa.Table.from_batches(batches())
    yield "table", table
    yield "reader", table.to_reader()
    yield "iterable", iter(batches())
    yield "dataset", dataset(path)
    yield "scanner", pyarrow.dataset.dataset(path).scanner(batch_size=77)
    yield "pandas", table.to_pandas()
    yield "polars", polars.from_arrow(table)
    yield "lazy", polars.scan_parquet(path / "*.parquet")
    yield "batch", table.combine_chunks().to_batches()[0]


def test_sources(dsn, tmp_path):
    for name, source in sources(tmp_path):
        new_table(dsn)
        loaded = howdah.load(dsn, "loaded", source, workers=3, part_rows=90)
        assert (loaded.rows, content(dsn)) == (ROWS, rows()), name


def test_modes(dsn, mode):
    seen = []
    loaded = howdah.load(dsn, "loaded", batches(), mode=mode, workers=3, part_rows=90, progress=seen.append)
    assert content(dsn) == rows()
    assert loaded.rows == ROWS and loaded.bytes > ROWS * 4
    assert loaded.parts == (3 if mode == "two_phase" else 12)
    assert [each.parts for each in seen] == [*range(1, 13)]
    assert seen[-1].rows == ROWS and seen[-1].bytes == loaded.bytes


def test_names_and_columns(dsn, mode):
    """A qualified name, columns in another order, defaults and generated columns."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute('DROP SCHEMA IF EXISTS "a ""b" CASCADE; CREATE SCHEMA "a ""b"')
        conn.execute(
            """CREATE TABLE "a ""b"."t t" (name text, id int GENERATED ALWAYS AS IDENTITY,
            state text DEFAULT 'new', twice int GENERATED ALWAYS AS (id * 2) STORED)"""
        )
        source = pa.table({"number": [1, 2, 3], "what": ["a", "b", None]})
        table = Identifier('a "b', "t t")
        howdah.load(dsn, table, source, mode=mode, columns=["id", "name"], schema="public")
        found = conn.execute('SELECT id, name, state, twice FROM "a ""b"."t t" ORDER BY id').fetchall()
        assert found == [(1, "a", "new", 2), (2, "b", "new", 4), (3, None, "new", 6)]
        conn.execute('DROP SCHEMA "a ""b" CASCADE')


def test_names_with_percent_signs(dsn, mode):
    """Placeholders stand in the same statements."""
    schema = '50%s {} "quoted"'
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        try:
            conn.execute(
                SQL("CREATE TABLE {} ({} int)").format(Identifier(schema, "t%b"), Identifier("%d{}"))
            )
            source = pa.table({"%d{}": range(100)})
            loaded = howdah.load(dsn, Identifier(schema, "t%b"), source, mode=mode, part_rows=30)
            assert loaded.rows == 100 and leftovers(dsn) == []
        finally:
            conn.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))


def test_the_error_travels(dsn, mode):
    """As from a process that loads to the one that waits for it: it says the same there."""
    source = pa.Table.from_batches(batches(0, 200) + batches(150, 250))
    with pytest.raises(LoadError) as caught:
        howdah.load(dsn, "loaded", source, mode=mode, workers=1, part_rows=100)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (str(error), error.sqlstate) == (str(caught.value), "23505")
    assert error.unread_from == caught.value.unread_from
    assert [str(part) for part in error.written] == [str(part) for part in caught.value.written]
    assert [part.state for part in error.parts] == [part.state for part in caught.value.parts]


def test_no_rows(dsn, mode):
    empty = pa.Table.from_batches(batches())[:0]
    assert howdah.load(dsn, "loaded", empty, mode=mode).rows == 0
    assert content(dsn) == []


def test_rows_without_columns(dsn, mode):
    new_table(dsn, "")
    source = pa.RecordBatch.from_struct_array(pa.array([{}] * 25, pa.struct([])))
    assert howdah.load(dsn, "loaded", source, mode=mode, workers=1, part_rows=10).rows == 25
    with closing(howdah.connect(dsn)) as conn:
        assert conn.execute("SELECT count(*) FROM loaded").fetchone() == (25,)


def test_triggers(dsn, mode):
    """They run for every row of the table, and may leave rows out."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute(
            """CREATE OR REPLACE FUNCTION odd_ones() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN IF NEW.id % 2 = 0 THEN RETURN NULL; END IF; NEW.name = 'odd ' || NEW.id; RETURN NEW; END $$;
            CREATE TRIGGER odd_ones BEFORE INSERT ON loaded FOR EACH ROW EXECUTE FUNCTION odd_ones()"""
        )
    loaded = howdah.load(dsn, "loaded", batches(), mode=mode, workers=2, part_rows=300)
    assert loaded.rows == ROWS // 2
    assert content(dsn) == [(i, f"odd {i}") for i in range(1, ROWS, 2)]


def spoilt(first):
    """Batches with an id that is not allowed."""
    return [*batches(0, first), *batches(-1, 0), *batches(first, ROWS)]


@pytest.mark.parametrize("kind", ["check", "deferred", "unique", "value"])
def test_a_part_that_is_refused(dsn, mode, kind):
    columns = {
        "check": "id int CHECK (id >= 0), name text",
        "deferred": "id int, name text, UNIQUE (id) DEFERRABLE INITIALLY DEFERRED",
        "unique": "id int PRIMARY KEY, name text",
        "value": "id int2, name text",
    }
    # Of two parts with the same row, any may be the second; parts of a two-phase load wait for each other.
    twice = batches(0, 1) if mode == "two_phase" else batches(504, 505)
    bad = {"check": batches(-1, 0), "value": batches(40000, 40001)}.get(kind, twice)
    new_table(dsn, columns[kind])
    source = [*batches(0, 505), *bad, *batches(505)]
    classes = (errors.CheckViolation, howdah.DataError, errors.UniqueViolation, errors.LockNotAvailable)
    with pytest.raises(LoadError) as caught:
        howdah.load(
            f"{dsn} options='-c lock_timeout=1s'", "loaded", source, mode=mode, workers=3, part_rows=100
        )
    assert isinstance(caught.value.__cause__, classes)
    assert caught.value.sqlstate == caught.value.__cause__.sqlstate
    check_failure(dsn, caught.value, mode, source)
    if mode == "independent":
        (failed,) = caught.value.not_written
        assert failed.number == 5 and failed.first_row == 500 and failed.rows == 100


def check_failure(dsn, error, mode, source):
    """What the error says is written is written, and nothing else."""
    ids = [i for batch in source for i in batch["id"].to_pylist()]
    expected = []
    for part in error.written:
        expected += ids[part.first_row : part.first_row + part.rows]
    assert [i for i, _ in content(dsn)] == sorted(expected)
    assert error.unknown == ()
    if mode == "independent":
        taken = sum(part.rows for part in error.parts)
        assert error.unread_from in (taken, None if taken == len(ids) else taken)
        assert {part.state for part in error.written} == {State.WRITTEN}
        # What is not written, and what was not read, is the rest.
        for part in error.written + error.not_written:
            assert f"part {part.number} (rows {part.first_row} to" in str(error)
    else:
        assert expected == [] and "nothing is written" in str(error)


def test_the_load_goes_on_where_it_failed(dsn):
    source = pa.Table.from_batches(spoilt(500))
    new_table(dsn, "id int CHECK (id >= 0), name text")
    with pytest.raises(LoadError) as caught:
        howdah.load(dsn, "loaded", source, workers=3, part_rows=100)
    for part in caught.value.not_written:
        rest = source[part.first_row :][: part.rows]
        howdah.load(dsn, "loaded", rest.filter(pa.compute.greater_equal(rest["id"], 0)))
    if caught.value.unread_from is not None:
        howdah.load(dsn, "loaded", source[caught.value.unread_from :])
    assert content(dsn) == rows()


def test_no_value_is_in_a_message(dsn, mode):
    howdah.load(dsn, "loaded", batches(0, 1))
    source = pa.table({"id": [0], "name": ["a secret"]})
    with pytest.raises(LoadError) as caught:
        howdah.load(dsn, "loaded", source, mode=mode)
    assert "secret" not in str(caught.value) and "(0)" not in str(caught.value)


def test_a_source_that_fails(dsn, mode):
    def failing():
        yield from batches(0, 300)
        raise RuntimeError("the disk is full")

    with pytest.raises(LoadError, match="RuntimeError: the disk is full") as caught:
        howdah.load(dsn, "loaded", failing(), mode=mode, workers=2, part_rows=100)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert [i for i, _ in content(dsn)] == [
        i for part in caught.value.written for i in range(part.first_row, part.first_row + part.rows)
    ]


def test_progress_that_fails(dsn, mode):
    def fail(loaded):
        raise KeyError("no screen")

    with pytest.raises(LoadError, match="KeyError") as caught:
        howdah.load(dsn, "loaded", batches(), mode=mode, workers=1, part_rows=100, progress=fail)
    assert content(dsn) == (rows(0, 100) if mode == "independent" else [])
    assert len(caught.value.written) == (1 if mode == "independent" else 0)


def test_an_interruption(dsn, mode):
    """Ctrl-C ends the load, and it leaves nothing."""

    def interrupted():
        yield from batches(0, 300)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        howdah.load(dsn, "loaded", interrupted(), mode=mode, workers=2, part_rows=100)
    stored = content(dsn)
    assert stored == rows(0, len(stored)) and len(stored) in (
        (0, 100, 200, 300) if mode == "independent" else (0,)
    )


def test_a_source_that_blocks_is_interrupted(dsn, mode):
    """The thread of the caller reads it, which is the one that gets the interrupt."""
    interrupted = []

    def source():
        yield from batches(0, 100, 100)
        main = threading.main_thread()
        try:
            threading.Timer(0.05, signal.pthread_kill, [main.ident, signal.SIGINT]).start()
            threading.Event().wait(PATIENCE)
        except KeyboardInterrupt:
            interrupted.append(threading.current_thread())
            raise

    with pytest.raises(KeyboardInterrupt):
        howdah.load(dsn, "loaded", source(), mode=mode, workers=2, part_rows=100)
    assert interrupted == [threading.main_thread()]
    assert content(dsn) in ([], rows(0, 100) if mode == "independent" else [])


def test_memory_is_bounded(dsn, mode):
    """No more is read than workers write: a source is asked for a part when a worker needs it."""
    written, ahead = [0], []

    def source():
        for number, batch in enumerate(batches(size=50)):
            ahead.append(number * 50 - written[0])
            yield batch

    def progress(loaded):
        written[0] = loaded.rows

    howdah.load(dsn, "loaded", source(), mode=mode, workers=2, part_rows=50, progress=progress)
    assert content(dsn) == rows()
    assert max(ahead) <= 3 * 50


@pytest.mark.parametrize("mode", ["independent", "two_phase"])
def test_workers_write_at_the_same_time(dsn, mode):
    """Each of two workers waits, in its COPY, until the other one has begun its own."""
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute(
            """DROP SEQUENCE IF EXISTS arrivals; CREATE SEQUENCE arrivals;
            CREATE OR REPLACE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM nextval('arrivals');
            FOR i IN 1 .. 12000 LOOP
                IF (SELECT last_value FROM arrivals) >= 2 THEN
                    RETURN NULL;
                END IF;
                PERFORM pg_sleep(0.01);
            END LOOP;
            RAISE 'nobody comes'; END $$;
            CREATE TRIGGER meet BEFORE INSERT ON loaded FOR EACH STATEMENT EXECUTE FUNCTION meet()"""
        )
    # More than the buffers hold: otherwise one worker may take all of it before the other one connects.
    long = ["x" * 8000] * ROWS
    source = pa.table({"id": range(ROWS), "name": long})
    howdah.load(dsn, "loaded", source, mode=mode, workers=2, part_rows=500)
    assert content(dsn) == list(zip(range(ROWS), long, strict=True))


def test_partition(dsn):
    with closing(howdah.connect(dsn, autocommit=True)) as conn:
        conn.execute("DROP TABLE IF EXISTS loaded CASCADE")
        conn.execute("CREATE TABLE loaded (id int PRIMARY KEY, name text) PARTITION BY RANGE (id)")
        options = {"mode": "staged", "workers": 2, "part_rows": 90}
        bounds = "FOR VALUES FROM (0) TO (1000)"
        assert howdah.load(dsn, "loaded", batches(), partition=("first", bounds), **options).rows == ROWS
        found = conn.execute(
            "SELECT relpersistence::text FROM pg_class WHERE oid = 'first'::regclass"
        ).fetchone()
        assert found == ("p",)
        assert conn.execute("SELECT count(*) FROM first").fetchone() == (ROWS,)
        with pytest.raises(LoadError) as caught:  # rows outside of the bounds
            bounds = "FOR VALUES FROM (1000) TO (1500)"
            howdah.load(dsn, "loaded", batches(1000, 2000), partition=("second", bounds), **options)
        assert isinstance(caught.value.__cause__, errors.CheckViolation)
        assert conn.execute("SELECT to_regclass('second')").fetchone() == (None,)
    assert content(dsn) == rows()


def test_what_is_refused(dsn):
    with pytest.raises(errors.UndefinedTable):
        howdah.load(dsn, "no such table", batches())
    with pytest.raises(howdah.ProgrammingError, match="no mode 'fast'"):
        howdah.load(dsn, "loaded", batches(), mode="fast")
    with pytest.raises(howdah.ProgrammingError, match="partition is for"):
        howdah.load(dsn, "loaded", batches(), partition=("p", "DEFAULT"))
    with pytest.raises(ValueError, match=">= 1"):
        howdah.load(dsn, "loaded", batches(), workers=0)
    for source in ([], [1], 5, "text"):
        with pytest.raises(TypeError, match="an iterable of at least one batch"):
            howdah.load(dsn, "loaded", source)
    with pytest.raises(LoadError) as caught:
        howdah.load(dsn, "loaded", pa.table({"unknown": [1]}))
    assert isinstance(caught.value.__cause__, errors.UndefinedColumn)


def test_too_few_prepared_transactions(dsn):
    with pytest.raises(howdah.NotSupportedError, match="set max_prepared_transactions"):
        howdah.load(dsn, "loaded", batches(), mode="two_phase", workers=1000)


def test_pandas_leaves_its_index_out(dsn):
    frame = pandas.DataFrame({"id": [5, 6], "name": ["a", "b"]}, index=["x", "y"])
    howdah.load(dsn, "loaded", frame)
    assert content(dsn) == [(5, "a"), (6, "b")]


def test_batches_with_other_columns(dsn, mode):
    """They would go into the wrong columns."""
    first, second = batches(0, 100, 100)[0], batches(100, 200, 100)[0]
    for other in (second.select(["name", "id"]), second.select(["id"])):
        with pytest.raises(LoadError, match="batch 1 of the source has the columns") as caught:
            howdah.load(dsn, "loaded", [first, other], mode=mode, workers=1, part_rows=100)
        assert isinstance(caught.value.__cause__, howdah.DataError)
        assert caught.value.unread_from == 100
        assert content(dsn) == (rows(0, 100) if mode == "independent" else [])
        new_table(dsn)


def test_a_slow_source_and_a_time_limit_for_statements(dsn):
    def source():
        for first in (0, 500):
            yield from batches(first, first + 500)
            time.sleep(1.2)

    limited = f"{dsn} options='-c statement_timeout=1s'"
    assert howdah.load(limited, "loaded", source(), mode="two_phase", workers=1, part_rows=100).rows == ROWS
    assert content(dsn) == rows()
