"""Django's ORM, over each driver by a database backend.

Django has one database backend for PostgreSQL in a process, so each driver has a process of its own:
`python -m tests.bench.orm_django DRIVER ADDRESS OBJECTS INSERTS` does what its standard input says.

Source: Django documentation, "Databases" and "Database access optimization".
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from tests.bench.contender import Contender
from tests.bench.saturated import Client, obey, together
from tests.bench.secure import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.programs import DjangoOrm
    from tests.bench.sampling import Clients
    from tests.servers import Server

#: The engines, by driver.
ENGINES = {"howdah": "howdah_django", "psycopg": "django.db.backends.postgresql"}


def in_process(name: str, program: DjangoOrm, address: Server | Address) -> Clients | None:
    """Return a client with a process of its own; None if Django has no engine for the driver."""
    if name not in ENGINES:
        return None
    of = Address(address.dsn, address.host, address.port, address.user, address.dbname)
    arguments = [name, json.dumps(asdict(of)), str(program.objects), str(int(program.inserts))]
    return together(name, [Client("tests.bench.orm_django", arguments)])


def contender(name: str, address: Address, objects: int, inserts: bool) -> Contender:
    """Get Django ready to work over a driver."""
    import django
    from django.conf import settings

    database = {
        "ENGINE": ENGINES[name],
        "NAME": address.dbname,
        "HOST": address.host,
        "PORT": address.port,
        "USER": address.user,
    }
    settings.configure(DATABASES={"default": database}, USE_TZ=True, TIME_ZONE="UTC")
    django.setup()

    from django.db import connection, transaction

    item, new = _models()
    values = as_dictionaries(item.objects.all()[:objects])

    def select() -> Sequence[Any]:
        return list(item.objects.all()[:objects])

    def insert() -> None:
        # In one transaction: the other driver's process may be at it, too, while both get ready.
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"TRUNCATE {new._meta.db_table}")
            new.objects.bulk_create([new(**each) for each in values])

    return Contender(name, insert if inserts else select, connection.close)


def as_dictionaries(objects: Any) -> Any:
    """Turn what was selected into dictionaries, without what Django notes."""
    return objects and [
        {name: value for name, value in vars(one).items() if not name.startswith("_")} for one in objects
    ]


def _models() -> tuple[Any, Any]:
    """Map the tables of `programs.SCHEMA`; return the class that is selected, and that which is inserted."""
    from django.db import models

    class Item(models.Model):
        id = models.IntegerField(primary_key=True)
        number = models.BigIntegerField()
        ratio = models.FloatField()
        price = models.DecimalField(max_digits=12, decimal_places=2)
        flag = models.BooleanField()
        label = models.TextField()
        day = models.DateField()
        moment = models.DateTimeField()
        key = models.UUIDField()
        document = models.JSONField()

        class Meta:
            abstract = True
            app_label = "bench"

    def mapped(table: str) -> Any:
        meta = type("Meta", (Item.Meta,), {"abstract": False, "db_table": table})
        return type(table, (Item,), {"__module__": __name__, "Meta": meta})

    return mapped("django_item"), mapped("django_new")


def main() -> None:
    """Do what the standard input says."""
    from tests.bench.sampling import serially

    name, address, objects, inserts = sys.argv[1:]
    client = serially(contender(name, Address(**json.loads(address)), int(objects), inserts == "1"))
    obey(replace(client, once=lambda: as_dictionaries(client.once())))


if __name__ == "__main__":
    main()
