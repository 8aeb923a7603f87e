"""How statements are run: streamed results, inserts of many rows, COPY, notices."""

from __future__ import annotations

import logging

import pytest

sa = pytest.importorskip("sqlalchemy")
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column  # noqa: E402

NUMBERS = sa.text("SELECT i FROM generate_series(1, 5000) AS i")


class Base(DeclarativeBase):
    pass


class Elephant(Base):
    __tablename__ = "elephant"

    id = mapped_column(sa.Integer, primary_key=True)
    name = mapped_column(sa.Text)
    weight = mapped_column(sa.BigInteger)


class Tusk(Base):
    __tablename__ = "tusk"

    number = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    length = mapped_column(sa.Double)


def statements(connection):
    """Collect the statements that are sent on a connection, and how many sets of parameters they have."""
    sent = []

    @sa.event.listens_for(connection, "before_cursor_execute")
    def note(conn, cursor, statement, parameters, context, executemany):
        sent.append((statement, len(parameters) if executemany else 1))

    return sent


# -- streamed results -------------------------------------------------------------


def test_streamed_rows_come_in_parts(run):
    def work(connection):
        result = connection.execution_options(yield_per=100).execute(NUMBERS)
        cursor = result.cursor
        first = result.fetchone()
        counts = [len(part) for part in result.partitions(100)]
        return cursor.itersize, tuple(first), sum(counts), max(counts)

    assert run(work) == (100, (1,), 4999, 100)


def test_a_streamed_result_is_not_fetched_whole(run):
    """Division by zero happens in a row that nobody asks for."""

    def work(connection):
        query = sa.text("SELECT 1 / (3000 - i) FROM generate_series(1, 5000) AS i")
        result = connection.execution_options(stream_results=True, max_row_buffer=10).execute(query)
        rows = result.fetchmany(100)
        result.close()
        return len(rows), connection.scalar(sa.text("SELECT 1"))

    assert run(work) == (100, 1)


def test_two_streamed_results_take_turns(run):
    def work(connection):
        streaming = connection.execution_options(stream_results=True, max_row_buffer=7)
        first, second = streaming.execute(NUMBERS), streaming.execute(NUMBERS)
        return [one[0] - other[0] for one, other in zip(first, second)]

    assert run(work) == [0] * 5000


def test_streamed_in_autocommit_mode(run):
    def work(connection):
        streaming = connection.execution_options(
            isolation_level="AUTOCOMMIT", stream_results=True, max_row_buffer=10
        )
        result = streaming.execute(NUMBERS)
        first = result.fetchmany(20)
        # The connection is needed for something else: the other rows arrive first.
        assert streaming.scalar(sa.text("SELECT 5")) == 5
        return len(first), len(result.all())

    assert run(work) == (20, 4980)


def test_streamed_returning(run):
    def work(connection):
        Base.metadata.create_all(connection)
        insert = sa.insert(Tusk).from_select(["number"], NUMBERS.columns(i=sa.Integer)).returning(Tusk.number)
        return sum(connection.execution_options(yield_per=50).scalars(insert))

    assert run(work) == sum(range(5001))


def test_objects_are_streamed(run):
    def work(connection):
        Base.metadata.create_all(connection)
        connection.execute(sa.insert(Tusk).from_select(["number"], NUMBERS.columns(i=sa.Integer)))
        with Session(bind=connection) as session:
            query = sa.select(Tusk).order_by(Tusk.number).execution_options(yield_per=64)
            return [tusk.number for tusk in session.scalars(query)]

    assert run(work) == [*range(1, 5001)]


# -- many rows --------------------------------------------------------------------


def test_objects_get_their_keys_in_order(run):
    def work(connection):
        Base.metadata.create_all(connection)
        sent = statements(connection)
        with Session(bind=connection) as session:
            elephants = [Elephant(name=f"elephant {i}", weight=i) for i in range(2500)]
            session.add_all(elephants)
            session.flush()
            keys = [elephant.id for elephant in elephants]
        rows = connection.execute(sa.select(Elephant.id, Elephant.weight).order_by(Elephant.weight)).all()
        assert [tuple(row) for row in rows] == [*zip(keys, range(2500))]
        return [statement for statement, _ in sent if statement.startswith("INSERT")]

    inserts = run(work)
    # Not so long that howdah would not prepare them; and not one for each row.
    assert max(map(len, inserts)) < 65536
    assert len(inserts) < 10


def test_rows_without_generated_values_are_sent_by_executemany(run):
    def work(connection):
        Base.metadata.create_all(connection)
        sent = statements(connection)
        with Session(bind=connection) as session:
            session.add_all([Tusk(number=i, length=i / 4) for i in range(3000)])
            session.flush()
        inserts = [(statement, count) for statement, count in sent if statement.startswith("INSERT")]
        return inserts, connection.scalar(sa.select(sa.func.sum(Tusk.length)))

    inserts, total = run(work)
    assert inserts == [("INSERT INTO tusk (number, length) VALUES (%(number)s::INTEGER, %(length)s)", 3000)]
    assert total == sum(range(3000)) / 4


def test_executemany_counts_all_rows(run):
    def work(connection):
        Base.metadata.create_all(connection)
        connection.execute(sa.insert(Tusk), [{"number": i, "length": 0} for i in range(10)])
        update = sa.update(Tusk).where(Tusk.number < sa.bindparam("below")).values(length=Tusk.length + 1)
        return connection.execute(update, [{"below": 3}, {"below": 5}]).rowcount

    assert run(work) == 8


def test_returning_of_many_rows_in_order(run):
    def work(connection):
        Base.metadata.create_all(connection)
        insert = sa.insert(Elephant).returning(Elephant.weight, sort_by_parameter_order=True)
        rows = [{"name": "x", "weight": i * 7 % 1999} for i in range(1999)]
        return connection.scalars(insert, rows).all() == [row["weight"] for row in rows]

    assert run(work)


def test_parameters_of_many_kinds(run):
    """Defaults, escaped names, expanded lists: not all of them are what the program passes."""
    table = sa.Table(
        "odd",
        sa.MetaData(),
        sa.Column("id", sa.Integer, default=7),
        sa.Column("a b%(c)", sa.Text),
        sa.Column("made", sa.Integer, default=lambda: 5),
    )

    def work(connection):
        table.create(connection)
        connection.execute(table.insert(), [{"a b%(c)": "x"}, {"a b%(c)": "y"}])
        connection.execute(
            table.insert(), [{"id": 1, "a b%(c)": "z", "made": 2}, {"id": 3, "a b%(c)": "w", "made": 4}]
        )
        with pytest.raises(sa.exc.StatementError, match="A value is required for bind parameter 'made'"):
            connection.execute(table.insert(), [{"id": 1, "made": 2}, {"id": 3}])
        where = sa.and_(
            table.c.id == sa.bindparam("key"), table.c["a b%(c)"].in_(sa.bindparam("these", expanding=True))
        )
        found = connection.execute(sa.select(table.c.made).where(where), {"key": 7, "these": ["y", "q"]})
        return found.all(), connection.execute(sa.select(table).order_by(table.c[1])).all()

    found, rows = run(work)
    assert found == [(5,)]
    assert rows == [(3, "w", 4), (7, "x", 5), (7, "y", 5), (1, "z", 2)]


def test_percent_signs(run):
    def work(connection):
        one = connection.scalar(sa.select(sa.literal_column("5 % 3")))
        two = connection.exec_driver_sql("SELECT 5 %% 3 + %(x)s", {"x": 1}).scalar()
        three = connection.exec_driver_sql("SELECT %s || '%%'", ("x",)).scalar()
        return one, two, three

    assert run(work) == (2, 3, "x%")


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "text"])
def test_tables_may_change(url, compiled):
    """What a connection has prepared is prepared anew after another one has changed the table."""
    engine = sa.create_engine(url)
    tables = [sa.Table("changing", sa.MetaData(), sa.Column("x", kind)) for kind in (sa.Integer, sa.Text)]

    def make(table):
        with engine.begin() as other:
            if compiled:
                table.drop(other, checkfirst=True)
                table.create(other)
            else:
                other.exec_driver_sql("DROP TABLE IF EXISTS changing")
                other.exec_driver_sql(f"CREATE TABLE changing (x {table.c.x.type})")

    make(tables[0])
    with engine.connect() as connection:
        for _turn in tables:
            for _ in range(10):
                connection.execute(sa.text("SELECT 1"))
                assert connection.execute(sa.text("SELECT * FROM changing")).all() == []
            connection.rollback()
            make(tables[1])
    engine.dispose()


# -- what the driver has beyond SQLAlchemy ------------------------------------------


def test_notices_are_logged(run, caplog):
    def work(connection):
        connection.exec_driver_sql("DO $$ BEGIN RAISE NOTICE 'the elephant is awake'; END $$")

    with caplog.at_level(logging.INFO, "sqlalchemy.dialects.postgresql"):
        run(work)
    assert [record.getMessage() for record in caplog.records if record.name.endswith("postgresql")] == [
        "NOTICE: the elephant is awake"
    ]


def test_copy(url):
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE copied (id int, name text)")
        cursor = connection.connection.cursor()
        with cursor.copy("COPY copied FROM STDIN") as copy:
            for number in range(100):
                copy.write_row((number, f"elephant {number}"))
        assert connection.exec_driver_sql("SELECT count(*), max(name) FROM copied").one() == (
            100,
            "elephant 99",
        )
    engine.dispose()


def test_errors_are_sqlalchemy_s_and_know_the_driver_s(run):
    def work(connection):
        connection.execute(sa.text("SELECT nothing"))

    with pytest.raises(sa.exc.ProgrammingError, match='column "nothing" does not exist') as caught:
        run(work)
    assert caught.value.orig.sqlstate == "42703"
    assert not caught.value.connection_invalidated
