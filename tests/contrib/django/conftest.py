"""Django, set up in the tests' process, and a database with the tables of `zoo`."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("django")

import django

import howdah

if TYPE_CHECKING:
    from collections.abc import Iterator

DATABASE = "howdah_django"


@pytest.fixture(scope="session")
def zoo(server: Any) -> Iterator[Any]:
    """The models; their tables exist."""
    os.environ["ZOO_DSN"] = server.dsn
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.contrib.django.settings"
    with howdah.connect(server.dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        conn.execute(f"CREATE DATABASE {DATABASE}")
    django.setup()
    from django.contrib.postgres.operations import HStoreExtension
    from django.db import connection, connections

    from tests.contrib.django.zoo import models

    with connection.schema_editor() as editor:
        HStoreExtension().database_forwards("zoo", editor, None, None)
        for model in (models.Elephant, models.Herd, models.Keeper):
            editor.create_model(model)
    yield models
    for each in connections.all():
        each.close()
    with howdah.connect(server.dsn, autocommit=True) as conn:
        conn.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture(autouse=True)
def clean(zoo: Any) -> Iterator[None]:
    """Leave the tables empty."""
    yield
    from django.db import connection

    if connection.in_atomic_block or connection.connection is None or connection.connection.closed:
        connection.close()
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE zoo_elephant, zoo_herd, zoo_keeper RESTART IDENTITY")


@pytest.fixture
def another(zoo: Any) -> Any:
    """A context manager that opens a connection with further settings, under the alias "another"."""
    from django.db import connections

    @contextmanager
    def open_another(**settings: Any) -> Iterator[Any]:
        from tests.contrib.django.settings import database

        connections.settings["another"] = connections.settings["default"] | database(**settings)
        connection = connections["another"]
        try:
            yield connection
        finally:
            connection.close()
            connection.close_pool()
            del connections["another"], connections.settings["another"]

    return open_another


@pytest.fixture(params=["client", "server"])
def binding(request: pytest.FixtureRequest, another: Any) -> Iterator[str]:
    """The alias of a connection that binds on the client or on the server."""
    with another(OPTIONS={"server_side_binding": request.param == "server"}):
        yield "another"


@pytest.fixture
def settings_of_django(zoo: Any) -> Iterator[Any]:
    """A function that changes settings until the end of the test."""
    from django.test.utils import override_settings

    changed = []

    def change(**settings: Any) -> None:
        changed.append(override_settings(**settings))
        changed[-1].enable()

    yield change
    for each in reversed(changed):
        each.disable()
