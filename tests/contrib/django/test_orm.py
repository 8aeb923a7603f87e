"""howdah_django: what goes through the ORM, and how fast it can go."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import uuid
from decimal import Decimal
from typing import Any

import pytest

import howdah

UTC = dt.timezone.utc
SEEN = dt.datetime(2020, 7, 1, 12, 30, 1, 500000, tzinfo=UTC)
VALUES = {
    "name": "Hanno's \\ 100 %",
    "number": -(2**62),
    "small": 7,
    "tame": True,
    "ratio": 0.1,
    "price": Decimal("-1234567890.12"),
    "born": dt.date(1510, 1, 1),
    "fed": dt.time(8, 30, 0, 250),
    "seen": SEEN,
    "nap": dt.timedelta(days=-1, seconds=5),
    "key": uuid.UUID(int=2**127 + 1),
    "address": "192.168.0.1",
    "photo": b"\0\xff'",
    "notes": {"trunk": 1, "tusks": [1, 2.5, None, "é"]},
}


def fields(elephant: Any) -> dict[str, Any]:
    values = {name: getattr(elephant, name) for name in VALUES}
    values["photo"] = None if values["photo"] is None else bytes(values["photo"])
    return values


def test_every_kind_of_field(zoo, binding):
    elephants = zoo.Elephant.objects.using(binding)
    made = elephants.create(**VALUES)
    loaded = elephants.get(pk=made.pk)
    assert fields(loaded) == VALUES
    assert [type(value) for value in fields(loaded).values()] == [type(value) for value in VALUES.values()]
    for name, value in VALUES.items():
        if name != "notes":
            assert elephants.filter(**{name: value}).count() == 1, name
    empty = elephants.get(pk=elephants.create(name="Jumbo").pk)
    assert (empty.seen, empty.key, empty.notes, empty.photo) == (None, None, None, None)


def test_bulk_create(zoo, binding):
    herd = [zoo.Elephant(**{**VALUES, "number": i}) for i in range(100)]
    zoo.Elephant.objects.using(binding).bulk_create(herd)
    assert [each.pk for each in herd] == list(range(herd[0].pk, herd[0].pk + 100))
    stored = zoo.Elephant.objects.using(binding).order_by("pk")
    assert [fields(each) for each in stored] == [{**VALUES, "number": i} for i in range(100)]


def test_bulk_create_sends_arrays(zoo, binding):
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    names = ["Ana", "it's", 'a "quote"', "back\\slash", "", "NULL", "é"]
    with CaptureQueriesContext(connections[binding]) as queries:
        zoo.Keeper.objects.using(binding).bulk_create([zoo.Keeper(name=name) for name in names])
    (insert,) = [query["sql"] for query in queries if query["sql"].startswith("INSERT")]
    assert "UNNEST" in insert
    assert sorted(zoo.Keeper.objects.values_list("name", flat=True)) == sorted(names)


def test_updates(zoo, binding):
    elephants = zoo.Elephant.objects.using(binding)
    made = elephants.bulk_create([zoo.Elephant(name=name) for name in ("Hanno", "Jumbo")])
    for each in made:
        each.price = Decimal(each.pk)
    assert elephants.bulk_update(made, ["price"]) == 2
    assert elephants.update_or_create(name="Hanno", defaults={"number": 3})[1] is False
    assert sorted(elephants.values_list("name", "number")) == [("Hanno", 3), ("Jumbo", 0)]


def test_json_lookups(zoo, binding):
    elephants = zoo.Elephant.objects.using(binding)
    elephants.create(name="Hanno", notes={"trunk": 1, "home": {"town": "Rome"}})
    elephants.create(name="Jumbo", notes=[1, "two"])
    assert elephants.filter(notes__home__town="Rome").count() == 1
    assert elephants.filter(notes__contains={"trunk": 1}).count() == 1
    assert elephants.filter(notes__has_key="home").count() == 1
    assert list(elephants.filter(notes__1="two").values_list("notes__1", flat=True)) == ["two"]


def test_json_of_what_is_none(zoo, binding):
    import json

    from django.db import models

    class Encoder(json.JSONEncoder):
        def default(self, o: Any) -> str:
            return f"a {type(o).__name__}"

    with pytest.raises(TypeError, match="not JSON serializable"):
        zoo.Elephant.objects.using(binding).create(notes={"key": uuid.UUID(int=1)})
    value = models.Value({"key": {1}}, output_field=models.JSONField(encoder=Encoder))
    assert zoo.Elephant.objects.using(binding).create(notes=value).pk
    assert zoo.Elephant.objects.using(binding).get().notes == {"key": "a set"}


def test_json_is_loaded_as_django_does_it(zoo, monkeypatch):
    import json

    from django.db import connection, models
    from django.db.models.expressions import RawSQL

    def loaded(sql: str, field: Any) -> Any:
        return zoo.Elephant.objects.annotate(it=RawSQL(sql, [], field)).values_list("it", flat=True).get()

    class Decoder(json.JSONDecoder):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(parse_int=str, **kwargs)

    class Own(models.JSONField):
        def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
            return "own"

    zoo.Elephant.objects.create(name="Hanno", notes={"tusks": [1, 2]})
    assert loaded("notes", models.JSONField()) == {"tusks": [1, 2]}
    assert loaded("notes", models.JSONField(decoder=Decoder)) == {"tusks": ["1", "2"]}
    assert loaded("notes", Own()) == "own"
    assert loaded("NULL::jsonb", models.JSONField()) is None
    assert loaded("'null'::jsonb", models.JSONField()) is None
    assert loaded("""' {"a" : 1} '::text""", models.JSONField()) == {"a": 1}
    assert loaded("'no JSON'::text", models.JSONField()) == "no JSON"
    assert loaded("'1 2'::text", models.JSONField()) == "1 2"
    keys = zoo.Elephant.objects.values_list("notes__tusks", "notes__tusks__0", "notes__trunk")
    assert keys.get() == ([1, 2], 1, None)
    # The function of Django's is needed only for what is not plain JSON.
    monkeypatch.setattr(json, "loads", None)
    assert zoo.Elephant.objects.get().notes == {"tusks": [1, 2]}
    assert connection.ops.compiler("SQLCompiler").__module__ == "howdah_django.compiler"


def test_rows_are_loaded_without_python(zoo):
    """The number of Python functions that are called does not depend on the number of rows."""
    if howdah.__impl__ != "native":
        pytest.skip("only the native implementation is without Python")
    from django.db import connection

    columns = "name, number, tame, ratio, price, born, fed, seen, nap, key, address, photo, notes"
    counts = []
    for rows in (10, 1000):
        with connection.cursor() as cursor:
            zoo.Elephant.objects.all().delete()
            zoo.Elephant.objects.bulk_create([zoo.Elephant(**VALUES) for _ in range(rows)])
            calls = 0

            def count(frame: Any, event: str, arg: Any) -> None:
                nonlocal calls
                calls += event == "call"

            cursor.execute(f"SELECT {columns} FROM zoo_elephant")
            sys.setprofile(count)
            try:
                fetched = cursor.fetchall()
            finally:
                sys.setprofile(None)
            assert len(fetched) == rows
            assert fetched[0][7] == SEEN
        counts.append(calls)
    # The time zone Europe/Rome is one of the C implementation of zoneinfo.
    assert counts[1] <= counts[0] + 5


def test_float4_is_as_it_is_written(zoo, binding):
    from django.db import connections

    with connections[binding].cursor() as cursor:
        cursor.execute("SELECT 3.14::float4")
        assert cursor.fetchone() == (3.14,)


def test_addresses_and_json_are_text(zoo, binding):
    from django.db import connections

    with connections[binding].cursor() as cursor:
        cursor.execute("SELECT '10.0.0.1'::inet, '10.0.0.0/8'::cidr, '{\"a\": 1}'::jsonb")
        assert cursor.fetchone() == ("10.0.0.1", "10.0.0.0/8", '{"a": 1}')


def test_errors_are_those_of_django(zoo, binding):
    from django.db import DataError, IntegrityError, ProgrammingError, connections, transaction

    keepers = zoo.Keeper.objects.using(binding)
    keepers.create(name="Ana")
    with pytest.raises(IntegrityError, match="duplicate key") as caught, transaction.atomic(using=binding):
        keepers.create(name="Ana")
    assert caught.value.__cause__.sqlstate == "23505"
    assert isinstance(caught.value.__cause__, howdah.errors.UniqueViolation)
    with pytest.raises(DataError, match=r"too long|smallint"), transaction.atomic(using=binding):
        zoo.Elephant.objects.using(binding).create(name="x" * 50)
    with pytest.raises(ProgrammingError), connections[binding].cursor() as cursor:
        cursor.execute("SELECT nothing")
    assert keepers.count() == 1


def test_async(zoo):
    async def main() -> list[str]:
        await zoo.Elephant.objects.acreate(**VALUES)
        await zoo.Elephant.objects.abulk_create([zoo.Elephant(name=name) for name in ("Hanno", "Jumbo")])
        assert await zoo.Elephant.objects.acount() == 3
        names = [each.name async for each in zoo.Elephant.objects.order_by("pk")]
        hanno = await zoo.Elephant.objects.aget(name="Hanno")
        hanno.number = 5
        await hanno.asave()
        assert await zoo.Elephant.objects.filter(number=5).aexists()
        await _close()
        return names

    assert asyncio.run(main()) == [VALUES["name"], "Hanno", "Jumbo"]


async def _close() -> None:
    """Close the connection of the thread that the ORM's functions run in."""
    from asgiref.sync import sync_to_async
    from django.db import connections

    await sync_to_async(connections.close_all)()
