"""Django's own PostgreSQL backend, its contrib.postgres, its pool option, and django-pgbulk."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from importlib.metadata import version

import django
import psycopg
from django.conf import settings

DSN = psycopg.conninfo.conninfo_to_dict(sys.argv[1])


def database(**options: object) -> dict:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DSN["dbname"],
        "USER": DSN["user"],
        "HOST": DSN["host"],
        "PORT": DSN["port"],
        "OPTIONS": options,
    }


settings.configure(
    DATABASES={
        "default": database(),
        "pooled": database(pool={"min_size": 1, "max_size": 3}),
        "server_side": database(server_side_binding=True),
    },
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.postgres"],
    USE_TZ=True,
    TIME_ZONE="Europe/Berlin",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
with psycopg.connect(sys.argv[1], autocommit=True) as conn:
    conn.execute("CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS citext")
django.setup()

import pgbulk  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.postgres import fields, search  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import IntegrityError, connection, connections, models, transaction  # noqa: E402
from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: E402
from django.db.models import Count, F, Q, Value  # noqa: E402
from django.db.models.functions import Concat, TruncMonth  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

assert is_psycopg3


class Elephant(models.Model):
    name = models.CharField(max_length=40, unique=True)
    weight = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    born = models.DateField(null=True)
    seen = models.DateTimeField(null=True)
    nap = models.DurationField(null=True)
    address = models.GenericIPAddressField(null=True)
    papers = models.JSONField(null=True)
    photo = models.BinaryField(null=True)
    tags = fields.ArrayField(models.TextField(), default=list)
    shift = fields.IntegerRangeField(null=True)
    notes = fields.HStoreField(null=True)

    class Meta:
        app_label = "zoo"

    def __str__(self) -> str:
        return self.name


VALUES = {
    "weight": Decimal("4000.50"),
    "born": dt.date(1510, 1, 1),
    "seen": dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.timezone.utc),
    "nap": dt.timedelta(hours=2, microseconds=3),
    "address": "192.168.1.9",
    "papers": {"a": [1, None, "é"]},
    "photo": b"\x00\xff",
    "tags": ["a", "b%"],
    "notes": {"k": "v", "n": None},
}

call_command("migrate", verbosity=0)
User.objects.create_user("ana", password="secret")
assert User.objects.get(username="ana").check_password("secret")
with connection.schema_editor() as editor:
    editor.create_model(Elephant)
assert isinstance(connection.connection, psycopg.Connection)
Elephant.objects.create(name="Hanno", shift=(1, 5), **VALUES)

for alias in connections:
    objects = Elephant.objects.using(alias)
    hanno = objects.get(name="Hanno")
    got = {name: getattr(hanno, name) for name in VALUES}
    assert got | {"photo": bytes(got["photo"])} == VALUES, (alias, got)
    assert (hanno.shift.lower, hanno.shift.upper) == (1, 5)
    assert objects.filter(papers__a__0=1, tags__contains=["a"], shift__contains=2, notes__k="v").count() == 1
    assert objects.annotate(month=TruncMonth("seen")).values_list("month", flat=True)[0].month == 1
    assert objects.annotate(s=search.SearchVector("name")).filter(s="hanno").exists()
    assert objects.filter(Q(name__icontains="ANN") & ~Q(weight=None)).aggregate(n=Count("*")) == {"n": 1}
    new = objects.bulk_create([Elephant(name=f"{alias}{i}", weight=i) for i in range(300)])
    assert all(each.pk for each in new)
    assert objects.filter(name__startswith=alias).update(weight=F("weight") + 1) == 300
    with transaction.atomic(using=alias):
        assert sum(1 for _ in objects.iterator(chunk_size=50)) >= 301
    try:
        with transaction.atomic(using=alias):
            objects.create(name="Hanno")
    except IntegrityError as error:
        assert isinstance(error.__cause__, psycopg.errors.UniqueViolation)
    else:
        raise AssertionError("a name must be unique")
    objects.filter(name__startswith=alias).delete()
    labels = objects.annotate(label=Concat("name", Value("!"))).values_list("label", flat=True)
    assert [*labels] == ["Hanno!"]

with CaptureQueriesContext(connection) as queries:
    Elephant.objects.filter(name="Hanno", weight__gt=Decimal("1.5")).exists()
assert "'Hanno'" in queries[0]["sql"] and "1.5" in queries[0]["sql"], queries[0]
with connection.cursor() as cursor:
    cursor.execute("SELECT name, %s FROM zoo_elephant", ["x"])
    assert cursor.fetchall() == [("Hanno", "x")]
    assert connection.introspection.get_table_description(cursor, "zoo_elephant")[1].name == "name"
    cursor.callproc("upper", ["a"])
    assert cursor.fetchone() == ("A",)
assert connection.pg_version >= 150000

# django-pgbulk quotes names through libpq's connection, and copies.
rows = [Elephant(name=f"p{i}", weight=i) for i in range(50)]
result = pgbulk.upsert(
    Elephant, [*rows, Elephant(name="Hanno", weight=1)], ["name"], ["weight"], returning=True
)
assert (len(result.created), len(result.updated)) == (50, 1)
stored = [*Elephant.objects.filter(name__startswith="p")]
for each in stored:
    each.weight += 1
pgbulk.update(Elephant, stored, ["weight"])
assert Elephant.objects.get(name="p7").weight == 8
pgbulk.copy(Elephant, [Elephant(name=f"c{i}", tags=["x"]) for i in range(20)])
assert Elephant.objects.filter(name__startswith="c", tags=["x"]).count() == 20

for each in connections.all():
    each.close()
connections["pooled"].close_pool()
print("Django", django.__version__, "django-pgbulk", version("django-pgbulk"))
