"""howdah_django: django.contrib.postgres."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

import howdah_types.range
from howdah_types.range import Range

UTC = dt.timezone.utc
STAY = Range(dt.datetime(2020, 7, 1, 12, tzinfo=UTC), dt.datetime(2020, 7, 2, tzinfo=UTC))


def test_the_class_of_ranges_is_howdahs(zoo):
    from django.contrib.postgres.fields import ranges
    from django.db.backends.postgresql import psycopg_any

    assert ranges.NumericRange is ranges.Range is howdah_types.range.Range
    assert psycopg_any.is_psycopg3
    assert list(psycopg_any.RANGE_TYPES) == [Range]


def test_ranges(zoo, binding):
    herds = zoo.Herd.objects.using(binding)
    values = {
        "sizes": Range(1, 5),
        "weights": Range(Decimal("1.5"), None),
        "days": Range(dt.date(2020, 1, 1), dt.date(2020, 2, 1)),
        "stays": STAY,
    }
    made = herds.create(**values)
    herds.create(sizes=(3, 9), stays=Range(empty=True))
    loaded = herds.get(pk=made.pk)
    # Django has ranges of decimals include both bounds, if there are any.
    assert {name: getattr(loaded, name) for name in values} == values
    assert herds.filter(sizes__contains=2).count() == 1
    assert herds.filter(sizes__overlap=Range(4, 100)).count() == 2
    assert herds.filter(stays__contained_by=STAY).count() == 2
    assert herds.filter(stays__contains=dt.datetime(2020, 7, 1, 13, tzinfo=UTC)).count() == 1
    assert herds.filter(stays__isempty=True).count() == 1
    assert herds.filter(days__startswith__year=2020).count() == 1
    herds.filter(pk=made.pk).update(sizes=Range(None, 7))
    assert herds.get(pk=made.pk).sizes == Range(None, 7)


def test_ranges_of_naive_times(zoo, another, settings_of_django):
    settings_of_django(USE_TZ=False)
    stay = Range(dt.datetime(2020, 7, 1, 12), dt.datetime(2020, 7, 2))
    with another():
        herds = zoo.Herd.objects.using("another")
        assert herds.get(pk=herds.create(stays=stay).pk).stays == stay
        assert herds.filter(stays=stay).count() == 1


def test_arrays(zoo, binding):
    herds = zoo.Herd.objects.using(binding)
    names = ["Hanno", "it's", '"', "\\", "", "NULL", "é"]
    made = herds.create(names=names)
    herds.create(names=[])
    assert herds.get(pk=made.pk).names == names
    assert herds.filter(names__contains=["Hanno"]).count() == 1
    assert herds.filter(names__len=0).count() == 1
    assert herds.filter(names__0="Hanno").values_list("names__1_3", flat=True).get() == names[1:3]
    assert herds.filter(names__overlap=["é", "none"]).count() == 1


def test_hstore(zoo, binding):
    herds = zoo.Herd.objects.using(binding)
    facts = {"home": "Rome", "it's": 'a "quote"', "nothing": None}
    made = herds.create(facts=facts)
    assert herds.get(pk=made.pk).facts == facts
    assert herds.filter(facts__home="Rome").count() == 1
    assert herds.filter(facts__has_keys=["home", "nothing"]).count() == 1
    assert herds.filter(facts__contains={"nothing": None}).count() == 1


def test_aggregates_and_search(zoo, binding):
    from django.contrib.postgres.aggregates import ArrayAgg, BoolOr, JSONBAgg
    from django.contrib.postgres.search import SearchQuery, SearchRank, SearchVector
    from django.db.models import F, Q, Value

    keepers = zoo.Keeper.objects.using(binding)
    for name in ("Ana of the elephants", "Bo's tigers"):
        keepers.create(name=name)
    found = keepers.aggregate(
        names=ArrayAgg("name", default=Value([])),
        ids=JSONBAgg("id"),
        tigers=BoolOr(Q(name__endswith="tigers")),
    )
    assert sorted(found["names"]) == ["Ana of the elephants", "Bo's tigers"]
    assert sorted(found["ids"]) == sorted(keepers.values_list("id", flat=True))
    assert found["tigers"] is True
    vector = SearchVector("name", config="english")
    ranked = keepers.annotate(rank=SearchRank(vector, SearchQuery("elephant", config="english")))
    assert ranked.order_by(F("rank").desc()).first().name == "Ana of the elephants"
    assert keepers.annotate(found=vector).filter(found=SearchQuery("tiger", config="english")).count() == 1
    # Lexemes are quoted by howdah's dumper, where Django has them.
    try:
        from django.contrib.postgres.search import Lexeme
    except ImportError:
        return
    query = SearchQuery(Lexeme("eleph", prefix=True), config="english")
    assert keepers.annotate(found=vector).filter(found=query).count() == 1


def test_extensions_are_adapted_on_open_connections(zoo):
    """citext arrays, too, once a migration has created the extension."""
    from django.contrib.postgres.operations import CITextExtension
    from django.db import connection

    with connection.schema_editor() as editor:
        CITextExtension().database_forwards("zoo", editor, None, None)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ARRAY['A', 'b']::citext[], 'a=>1'::hstore, ARRAY['a=>1'::hstore]")
            assert cursor.fetchone() == (["A", "b"], {"a": "1"}, [{"a": "1"}])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP EXTENSION citext")


@pytest.mark.parametrize("value", [Range(1, 5), Range(empty=True), Range(None, 2.5, "(]")])
def test_ranges_in_migrations(zoo, value):
    from django.db.migrations.writer import MigrationWriter

    code, imports = MigrationWriter.serialize(value)
    assert "import howdah_types.range" in imports
    names: dict[str, object] = {}
    exec("\n".join([*imports, f"value = {code}"]), names)
    assert names["value"] == value
