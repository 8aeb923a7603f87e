"""howdah_django: connections, their options, pools, cursors on the server, transactions and time zones."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

import howdah

UTC = dt.timezone.utc
MOMENT = dt.datetime(2020, 7, 1, 12, tzinfo=UTC)


def ask(connection, query, params=None):
    """Return the first row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()


# -- options ---------------------------------------------------------------------------


def test_it_is_howdah(zoo):
    from django.db import connection

    connection.ensure_connection()
    assert isinstance(connection.connection, howdah.Connection)
    assert (connection.vendor, connection.display_name) == ("postgresql", "PostgreSQL")
    assert connection.get_database_version() == divmod(connection.connection.info.server_version, 10000)


def test_isolation_level(another):
    from django.core.exceptions import ImproperlyConfigured
    from django.db import transaction

    level = howdah.IsolationLevel.SERIALIZABLE
    for options in ({"isolation_level": level}, {"isolation_level": int(level)}):
        with another(OPTIONS=options) as connection, transaction.atomic(using="another"):
            assert ask(connection, "SHOW transaction_isolation") == ("serializable",)
    with another(OPTIONS={"isolation_level": 99}) as connection:
        with pytest.raises(ImproperlyConfigured, match="Invalid transaction isolation level 99"):
            connection.ensure_connection()


def test_assume_role(another, dsn):
    with howdah.connect(dsn, autocommit=True) as conn:
        conn.execute('CREATE ROLE "zoo keeper"')
    try:
        with another(OPTIONS={"assume_role": "zoo keeper"}) as connection:
            assert ask(connection, "SELECT current_role") == ("zoo keeper",)
    finally:
        with howdah.connect(dsn, autocommit=True) as conn:
            conn.execute('DROP ROLE "zoo keeper"')


def test_service_file(another, tmp_path, monkeypatch):
    from tests.contrib.django.settings import database

    of = database()
    names = {"dbname": "NAME", "host": "HOST", "port": "PORT", "user": "USER", "password": "PASSWORD"}
    lines = [f"{name}={of[setting]}" for name, setting in names.items() if of[setting]]
    file = tmp_path / "services.conf"
    file.write_text("\n".join(["[zoo]", *lines, "application_name=of the service"]))
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    nothing = dict.fromkeys(("NAME", "HOST", "PORT", "USER", "PASSWORD"), "")
    with another(**nothing, OPTIONS={"service": "zoo"}) as connection:
        assert ask(connection, "SHOW application_name") == ("of the service",)


def test_options_are_connection_parameters(another):
    with another(OPTIONS={"application_name": "zoo", "options": "-c work_mem=5MB"}) as connection:
        assert ask(connection, "SELECT current_setting('application_name'), current_setting('work_mem')") == (
            "zoo",
            "5MB",
        )
    with another(OPTIONS={"prepare_threshold": 0}) as connection:
        assert connection.get_connection_params()["prepare_threshold"] == 0


def test_statements_are_not_prepared_by_default(another):
    with another(OPTIONS={"server_side_binding": True}) as connection:
        for _ in range(10):
            ask(connection, "SELECT %s::int", [1])
        assert ask(connection, "SELECT count(*) FROM pg_prepared_statements") == (0,)


# -- queries ---------------------------------------------------------------------------


def test_last_executed_query(another):
    from django.test.utils import CaptureQueriesContext

    for bound in (False, True):
        with another(OPTIONS={"server_side_binding": bound}) as connection:
            with CaptureQueriesContext(connection) as queries:
                ask(connection, "SELECT %s, %s, %s", ["it's", 3, MOMENT])
                ask(connection, "SELECT '%'")
            assert queries[0]["sql"] == "SELECT 'it''s', 3, '2020-07-01 12:00:00+00:00'::timestamptz"
            assert queries[1]["sql"] == "SELECT '%'"


def test_last_executed_query_is_what_wrappers_made_of_it(zoo):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def comment(execute, sql, params, many, context):
        return execute(f"/* mine */ {sql}", [*params, 2], many, context)

    with CaptureQueriesContext(connection) as queries, connection.execute_wrapper(comment):
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s, %s", [1])
            assert cursor.fetchone() == (1, 2)
    assert [query["sql"] for query in queries] == ["/* mine */ SELECT 1, 2"]


def test_last_executed_query_of_what_cannot_be_adapted(zoo):
    from django.db import ProgrammingError, connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries, pytest.raises(ProgrammingError):
        ask(connection, "SELECT %s", [object()])
    assert [query["sql"] for query in queries] == [None]


def test_callproc_and_copy(zoo):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.callproc("concat", ["it's ", 42])
        assert cursor.fetchone() == ("it's 42",)
        with cursor.copy("COPY zoo_keeper (name) FROM STDIN") as copy:
            for name in ("Ana", "Bo"):
                copy.write_row([name])
    from tests.contrib.django.zoo.models import Keeper

    assert sorted(Keeper.objects.values_list("name", flat=True)) == ["Ana", "Bo"]


def server_side_cursors(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, is_holdable FROM pg_cursors WHERE name LIKE '\\_django\\_curs%'")
        return [holdable for _, holdable in cursor.fetchall()]


@pytest.mark.parametrize("bound", [False, True])
def test_iterator_uses_a_server_side_cursor(zoo, another, bound):
    from django.db import transaction

    zoo.Keeper.objects.bulk_create([zoo.Keeper(name=str(i)) for i in range(10)])
    with another(OPTIONS={"server_side_binding": bound}) as connection:
        keepers = zoo.Keeper.objects.using("another").filter(name__lt="9").order_by("name")
        rows = keepers.iterator(chunk_size=2)
        assert next(rows).name == "0"
        assert server_side_cursors(connection) == [True]
        assert [each.name for each in rows] == [*"12345678"]
        assert server_side_cursors(connection) == []
        with transaction.atomic(using="another"):
            rows = keepers.iterator(chunk_size=2)
            next(rows)
            assert server_side_cursors(connection) == [False]
            rows.close()


def test_server_side_cursors_can_be_disabled(zoo, another):
    zoo.Keeper.objects.bulk_create([zoo.Keeper(name=str(i)) for i in range(10)])
    with another(DISABLE_SERVER_SIDE_CURSORS=True) as connection:
        rows = zoo.Keeper.objects.using("another").iterator(chunk_size=2)
        next(rows)
        assert server_side_cursors(connection) == []
        assert len(list(rows)) == 9


# -- transactions ----------------------------------------------------------------------


def test_transactions(zoo):
    from django.db import transaction

    done = []
    with transaction.atomic():
        zoo.Keeper.objects.create(name="Ana")
        transaction.on_commit(lambda: done.append("committed"))
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            zoo.Keeper.objects.create(name="Bo")
            raise ZeroDivisionError
        assert done == []
    assert done == ["committed"]
    assert [each.name for each in zoo.Keeper.objects.all()] == ["Ana"]


def test_a_commit_that_is_none_is_an_error(zoo):
    """PostgreSQL answers COMMIT with ROLLBACK after an error that the program has swallowed."""
    from django.db import IntegrityError, InternalError, connection, transaction

    with pytest.raises(InternalError, match="rolled back, not committed"), transaction.atomic():
        zoo.Keeper.objects.create(name="Ana")
        with pytest.raises(IntegrityError), connection.cursor() as cursor:
            cursor.execute("INSERT INTO zoo_keeper (name) VALUES ('Ana')")
    assert zoo.Keeper.objects.count() == 0


# -- connections that last -------------------------------------------------------------


def test_health_checks(zoo, another):
    from django.db import OperationalError, connection

    with another(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True) as lasting:
        (first,) = ask(lasting, "SELECT pg_backend_pid()")
        lasting.close_if_unusable_or_obsolete()
        assert ask(lasting, "SELECT pg_backend_pid()") == (first,)
        ask(connection, "SELECT pg_terminate_backend(%s, 10000)", [first])
        # The next request looks whether the connection is usable.
        lasting.close_if_unusable_or_obsolete()
        lasting.health_check_done = False
        (second,) = ask(lasting, "SELECT pg_backend_pid()")
        assert second != first
        ask(connection, "SELECT pg_terminate_backend(%s, 10000)", [second])
        with pytest.raises(OperationalError):
            ask(lasting, "SELECT 1")
        assert not lasting.is_usable()


# -- pools -----------------------------------------------------------------------------


def test_pool(zoo, another):
    from django.db import connections, transaction

    options = {"pool": {"min_size": 1, "max_size": 1, "timeout": 5}}
    with another(OPTIONS=options) as connection:
        (first,) = ask(connection, "SELECT pg_backend_pid()")
        assert isinstance(connection.pool, howdah.ConnectionPool)
        assert ask(connection, "SHOW TimeZone") == ("UTC",)
        connection.close()
        assert connection.pool.get_stats()["pool_available"] == 1
        assert ask(connection, "SELECT pg_backend_pid()") == (first,)
        with pytest.raises(ZeroDivisionError), transaction.atomic(using="another"):
            zoo.Keeper.objects.using("another").create(name="Ana")
            raise ZeroDivisionError
        assert zoo.Keeper.objects.using("another").count() == 0
        # Another wrapper, as another thread has it, waits for the only connection.
        other = connection.copy()
        connection.close()
        assert ask(other, "SELECT pg_backend_pid()") == (first,)
        with pytest.raises(connections["another"].Database.Error, match="couldn't get a connection"):
            other.pool.getconn(timeout=0.01)
        other.close()


def test_pool_with_role_and_checks(zoo, another, dsn):
    from django.db import connection as main

    options = {"pool": {"min_size": 1, "max_size": 2}, "assume_role": "pg_monitor"}
    with another(OPTIONS=options, CONN_HEALTH_CHECKS=True) as connection:
        pid, role = ask(connection, "SELECT pg_backend_pid(), current_role")
        assert role == "pg_monitor"
        connection.close()
        ask(main, "SELECT pg_terminate_backend(%s, 10000)", [pid])
        assert ask(connection, "SELECT current_role") == ("pg_monitor",)


def test_a_connection_is_returned_to_the_pool_that_it_is_from(another):
    with another(OPTIONS={"pool": True}) as connection:
        connection.ensure_connection()
        pool = connection.pool
        connection._connection_pools.pop("another")
        assert connection.pool is not pool
        connection.close()
        assert pool.get_stats()["pool_available"] >= 1
        pool.close()


def test_a_pool_is_no_place_for_persistent_connections(another):
    from django.core.exceptions import ImproperlyConfigured

    with another(OPTIONS={"pool": True}, CONN_MAX_AGE=60) as connection:
        with pytest.raises(ImproperlyConfigured, match="persistent connections"):
            connection.ensure_connection()
        connection.settings_dict["CONN_MAX_AGE"] = 0


# -- time zones ------------------------------------------------------------------------


@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("zone", [None, "Asia/Tokyo"])
def test_aware(zoo, another, zone, bound):
    with another(TIME_ZONE=zone, OPTIONS={"server_side_binding": bound}) as connection:
        elephants = zoo.Elephant.objects.using("another")
        seen = elephants.get(pk=elephants.create(seen=MOMENT).pk).seen
        assert seen == MOMENT
        assert str(seen.tzinfo) == (zone or "UTC")
        assert ask(connection, "SHOW TimeZone") == (zone or "UTC",)
        rome = MOMENT.astimezone(ZoneInfo("Europe/Rome"))
        assert elephants.filter(seen=rome, seen__hour=14, seen__date=rome.date()).count() == 1


def test_naive(zoo, another, settings_of_django):
    naive = dt.datetime(2020, 7, 1, 14)
    settings_of_django(USE_TZ=False, TIME_ZONE="Europe/Rome")
    with another() as connection:
        elephants = zoo.Elephant.objects.using("another")
        assert elephants.get(pk=elephants.create(seen=naive).pk).seen == naive
        assert ask(connection, "SHOW TimeZone") == ("Europe/Rome",)
        assert ask(connection, "SELECT seen FROM zoo_elephant") == (naive,)
        assert ask(connection, "SELECT seen AT TIME ZONE 'UTC' FROM zoo_elephant") == (
            dt.datetime(2020, 7, 1, 12),
        )


def test_the_zone_of_an_open_connection_changes(zoo, another, settings_of_django):
    with another():
        elephants = zoo.Elephant.objects.using("another")
        made = elephants.create(seen=MOMENT)
        settings_of_django(USE_TZ=False, TIME_ZONE="Asia/Tokyo")
        assert elephants.get(pk=made.pk).seen == dt.datetime(2020, 7, 1, 21)
        settings_of_django(USE_TZ=True)
        assert elephants.get(pk=made.pk).seen == MOMENT
