"""Isolation levels, characteristics of transactions, and transactions of two phases."""

from __future__ import annotations

import pytest

sa = pytest.importorskip("sqlalchemy")

from howdah.pq import TransactionStatus  # noqa: E402

LEVELS = ["READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE"]


def driver_status(connection):
    return connection.connection.driver_connection.info.transaction_status


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("of", ["engine", "connection"])
def test_isolation_level(run, level, of):
    def work(connection):
        if of == "connection":
            connection = connection.execution_options(isolation_level=level)
        assert connection.get_isolation_level() == level
        return connection.scalar(sa.text("SHOW transaction_isolation")).upper()

    assert run(work, **({"isolation_level": level} if of == "engine" else {})) == level


def test_asking_for_the_level_begins_no_transaction(run):
    def work(connection):
        level = connection.get_isolation_level()
        return level, driver_status(connection)

    assert run(work) == ("READ COMMITTED", TransactionStatus.IDLE)


@pytest.mark.parametrize("of", ["engine", "connection"])
def test_autocommit(run, of):
    def work(connection):
        if of == "connection":
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text("VACUUM pg_type"))  # not possible in a transaction
        return driver_status(connection), connection.get_isolation_level()

    options = {"isolation_level": "AUTOCOMMIT"} if of == "engine" else {}
    assert run(work, **options) == (TransactionStatus.IDLE, "READ COMMITTED")


def test_the_level_of_a_connection_ends_with_it(url):
    engine = sa.create_engine(url, pool_size=1)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        assert connection.connection.driver_connection.autocommit
    with engine.connect() as connection:
        assert not connection.connection.driver_connection.autocommit
        assert connection.connection.driver_connection.isolation_level is not None
    engine.dispose()


def test_an_unknown_level(run):
    def work(connection):
        connection.execution_options(isolation_level="CHAOS")

    with pytest.raises(sa.exc.ArgumentError, match="AUTOCOMMIT, READ COMMITTED"):
        run(work)


def test_read_only(run):
    def work(connection):
        reading = connection.execution_options(postgresql_readonly=True)
        assert connection.dialect.get_readonly(connection.connection.dbapi_connection) is True
        assert reading.scalar(sa.text("SHOW transaction_read_only")) == "on"
        reading.execute(sa.text("CREATE TABLE refused ()"))

    with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
        run(work)


def test_deferrable(run):
    def work(connection):
        deferrable = connection.execution_options(
            isolation_level="SERIALIZABLE", postgresql_readonly=True, postgresql_deferrable=True
        )
        assert connection.dialect.get_deferrable(connection.connection.dbapi_connection) is True
        return deferrable.scalar(sa.text("SHOW transaction_deferrable"))

    assert run(work) == "on"


def test_skip_autocommit_rollback(run):
    """SQLAlchemy asks whether a connection is in autocommit mode."""

    def work(connection):
        dialect, dbapi = connection.dialect, connection.connection.dbapi_connection
        before = dialect.detect_autocommit_setting(dbapi)
        connection.execution_options(isolation_level="AUTOCOMMIT")
        return before, dialect.detect_autocommit_setting(dbapi)

    assert run(work) == (False, True)


# -- two phases -------------------------------------------------------------------


def prepared(connection):
    return connection.scalars(
        sa.text("SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
    ).all()


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("first", [True, False], ids=["prepared", "not-prepared"])
def test_two_phases(run, end, first):
    def work(connection):
        with connection.begin():
            connection.execute(sa.text("DROP TABLE IF EXISTS phases"))
            connection.execute(sa.text("CREATE TABLE phases (id int)"))
        transaction = connection.begin_twophase()
        connection.execute(sa.text("INSERT INTO phases VALUES (1)"))
        if first:
            transaction.prepare()
        getattr(transaction, end)()
        assert prepared(connection) == []
        return connection.scalar(sa.text("SELECT count(*) FROM phases"))

    assert run(work) == (1 if end == "commit" else 0)


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("idle", [True, False], ids=["idle", "in-transaction"])
def test_recovery(run, end, idle):
    """A transaction is finished by another connection than the one that has prepared it."""
    xid = f"howdah-sqlalchemy-{end}-{idle}"

    def first(connection):
        with connection.begin():
            connection.execute(sa.text("DROP TABLE IF EXISTS recovered"))
            connection.execute(sa.text("CREATE TABLE recovered (id int)"))
        transaction = connection.begin_twophase(xid)
        connection.execute(sa.text("INSERT INTO recovered VALUES (1)"))
        transaction.prepare()
        connection.invalidate()

    def second(connection):
        assert connection.recover_twophase() == [xid]
        if idle:
            connection.rollback()
        else:
            connection.execute(sa.text("SELECT 1"))
        getattr(connection, f"{end}_prepared")(xid, recover=True)
        connection.rollback()
        assert connection.recover_twophase() == []
        return connection.scalar(sa.text("SELECT count(*) FROM recovered"))

    run(first)
    assert run(second) == (1 if end == "commit" else 0)
