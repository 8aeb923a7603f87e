"""peewee's support of psycopg 3: models, types, transactions, server-side cursors, its pool."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal

import peewee
import psycopg
from playhouse.pool import PooledPostgresqlDatabase
from playhouse.postgres_ext import ArrayField, BinaryJSONField, HStoreField, Psycopg3Database, TSVectorField

DSN = psycopg.conninfo.conninfo_to_dict(sys.argv[1])
SETTINGS = {"user": DSN["user"], "host": DSN["host"], "port": int(DSN["port"])}

with psycopg.connect(sys.argv[1], autocommit=True) as conn:
    conn.execute("CREATE EXTENSION IF NOT EXISTS hstore")

database = Psycopg3Database(DSN["dbname"], register_hstore=True, **SETTINGS)


class Model(peewee.Model):
    class Meta:
        database = database


class Keeper(Model):
    name = peewee.CharField(unique=True)


class Elephant(Model):
    name = peewee.TextField()
    keeper = peewee.ForeignKeyField(Keeper, null=True, backref="elephants")
    weight = peewee.DecimalField(max_digits=10, decimal_places=2, null=True)
    born = peewee.DateField(null=True)
    key = peewee.UUIDField(null=True)
    photo = peewee.BlobField(null=True)
    tags = ArrayField(peewee.TextField, null=True)
    papers = BinaryJSONField(null=True)
    notes = HStoreField(null=True)
    words = TSVectorField(null=True)


database.connect()
assert type(database.connection()) is psycopg.Connection
assert (
    database.server_version >= (15,)
    if isinstance(database.server_version, tuple)
    else database.server_version >= 150000
)
database.drop_tables([Elephant, Keeper])
database.create_tables([Keeper, Elephant])
ana = Keeper.create(name="Ana")
hanno = Elephant.create(
    name="Hanno",
    keeper=ana,
    weight=Decimal("4000.50"),
    born=dt.date(1510, 1, 1),
    photo=b"\x00\xff",
    tags=["a", "b"],
    papers={"a": [1, {"b": None}]},
    notes={"k": "v"},
    words=peewee.fn.to_tsvector("english", "a grey elephant"),
)
got = Elephant.get_by_id(hanno.id)
assert (got.weight, got.born, bytes(got.photo)) == (Decimal("4000.50"), dt.date(1510, 1, 1), b"\x00\xff")
assert (got.tags, got.papers, got.notes) == (["a", "b"], {"a": [1, {"b": None}]}, {"k": "v"})
assert got.keeper.name == "Ana"
assert Elephant.select().where(Elephant.tags.contains("a")).count() == 1
assert Elephant.select().where(Elephant.papers.contains({"a": [1]})).count() == 1
assert Elephant.select().where(Elephant.notes.exists("k")).count() == 1
assert Elephant.select().where(Elephant.words.match("elephants")).count() == 1

try:
    with database.atomic():
        Keeper.create(name="Bo")
        Keeper.create(name="Ana")
except peewee.IntegrityError as error:
    assert isinstance(error.__cause__ or error.__context__, psycopg.errors.UniqueViolation)
else:
    raise AssertionError("a name must be unique")
assert Keeper.select().count() == 1
assert not database.in_transaction()
with database.atomic() as outer:
    Keeper.create(name="Outer")
    with database.savepoint() as inner:
        Keeper.create(name="Inner")
        inner.rollback()
assert [keeper.name for keeper in Keeper.select().order_by(Keeper.id)] == ["Ana", "Outer"]

with database.atomic():
    Elephant.insert_many([{"name": f"e{i}", "weight": i} for i in range(2000)]).execute()
query = Elephant.select(Elephant.id).tuples()
with database.atomic():
    from playhouse.postgres_ext import ServerSide

    assert sum(1 for _ in ServerSide(query, array_size=100)) == 2001
assert Elephant.update(weight=1).where(Elephant.weight > 1990).execute() == 10
keeper_id = (
    Keeper.insert(name="Ana")
    .on_conflict(conflict_target=[Keeper.name], update={Keeper.name: "Anna"})
    .execute()
)
assert Keeper.get_by_id(ana.id).name == "Anna"
assert database.get_tables() == ["elephant", "keeper"]
assert {column.name for column in database.get_columns("keeper")} == {"id", "name"}
database.close()

pooled = PooledPostgresqlDatabase(
    DSN["dbname"], max_connections=2, stale_timeout=60, prefer_psycopg3=True, **SETTINGS
)
for _ in range(3):
    with pooled.connection_context():
        assert pooled.execute_sql("SELECT %s::int", (1,)).fetchone() == (1,)
pooled.close_all()
print("peewee", peewee.__version__)
