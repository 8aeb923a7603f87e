"""The values of SQLAlchemy's types: they come back equal, and of the same class."""

from __future__ import annotations

import datetime as dt
import enum
import ipaddress
import json
import uuid
from decimal import Decimal

import pytest

sa = pytest.importorskip("sqlalchemy")
from sqlalchemy.dialects import postgresql as pg  # noqa: E402

from howdah_types.range import Range as DriverRange  # noqa: E402

#: So often is a statement executed that howdah has prepared it, and values come in binary format.
TIMES = 8


class Mood(enum.Enum):
    CALM = "calm"
    IN_MUSTH = "in musth"


MOOD = sa.Enum(Mood, name="mood", values_callable=lambda cls: [member.value for member in cls])
UTC = dt.timezone.utc
ID = uuid.UUID("5c8a1b1e-38c7-4a6e-8a33-b0f1c33cbb2f")

VALUES = {
    "smallint": (sa.SmallInteger(), [0, -32768, 32767]),
    "integer": (sa.Integer(), [1, -5, 2**31 - 1]),
    "bigint": (sa.BigInteger(), [1, 2**40, -(2**63)]),
    "numeric": (sa.Numeric(12, 2), [Decimal("1.50"), Decimal("-99999.99")]),
    "numeric-float": (sa.Numeric(12, 2, asdecimal=False), [1.5, -2.25]),
    "float": (sa.Double(), [1.5, float("inf"), 1e300]),
    "float-decimal": (sa.Float(asdecimal=True), [Decimal("1.5000000000")]),
    "numbers": (pg.ARRAY(sa.Numeric(5, 1)), [[Decimal("1.5"), Decimal("2.0")], []]),
    "floats": (pg.ARRAY(sa.Float()), [[1.5, 2.0]]),
    "boolean": (sa.Boolean(), [True, False]),
    "text": (sa.Text(), ["", "it's 100 %", "ünïcödé \\ \" ' : %s %(a)s"]),
    "bytes": (sa.LargeBinary(), [b"", b"\0\xff"]),
    "date": (sa.Date(), [dt.date(1510, 1, 1)]),
    "time": (sa.Time(), [dt.time(12, 34, 56, 789)]),
    "timestamp": (sa.DateTime(), [dt.datetime(1999, 12, 31, 23, 59, 59, 999999)]),
    "timestamptz": (sa.DateTime(timezone=True), [dt.datetime(2000, 1, 1, tzinfo=UTC)]),
    "interval": (sa.Interval(), [dt.timedelta(days=-3, seconds=5, microseconds=1)]),
    "uuid": (sa.Uuid(), [ID]),
    "uuid-text": (sa.Uuid(as_uuid=False), [str(ID)]),
    "json": (sa.JSON(), [{"a": [1, None, "ü"]}, [], "text", 5, True]),
    "jsonb": (pg.JSONB(), [{"a": {"b": [1.5]}}, "", 0]),
    "jsons": (pg.ARRAY(pg.JSONB), [[{"a": 1}, [2], "x"]]),
    "enum": (MOOD, [Mood.CALM, Mood.IN_MUSTH]),
    "enums": (pg.ARRAY(MOOD), [[Mood.IN_MUSTH, Mood.CALM], []]),
    "strings": (pg.ARRAY(sa.Text()), [["a", None, 'b"c,{}'], [["x"], ["y"]]]),
    "hstore": (pg.HSTORE(), [{"a": "b", "c": None, 'd"': "=>"}, {}]),
    "hstores": (pg.ARRAY(pg.HSTORE), [[{"a": "b"}, {}]]),
    "inet": (pg.INET(), [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_interface("10.0.0.1/8")]),
    "cidr": (pg.CIDR(), [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::/0")]),
    "macaddr": (pg.MACADDR(), ["08:00:2b:01:02:03"]),
    "int4range": (pg.INT4RANGE(), [pg.Range(1, 5), pg.Range(None, 5), pg.Range(empty=True)]),
    "int8range": (pg.INT8RANGE(), [pg.Range(2**40, None)]),
    "numrange": (pg.NUMRANGE(), [pg.Range(Decimal(1), Decimal("2.5"), bounds="(]")]),
    "daterange": (pg.DATERANGE(), [pg.Range(dt.date(2000, 1, 1), dt.date(2000, 2, 1))]),
    "tstzrange": (pg.TSTZRANGE(), [pg.Range(dt.datetime(2000, 1, 1, tzinfo=UTC), None, bounds="()")]),
    "ranges": (pg.ARRAY(pg.INT4RANGE), [[pg.Range(1, 5), pg.Range(empty=True)]]),
    "int4multirange": (pg.INT4MULTIRANGE(), [[pg.Range(1, 5), pg.Range(7, None)], []]),
    "datemultirange": (pg.DATEMULTIRANGE(), [[pg.Range(dt.date(2000, 1, 1), dt.date(2000, 2, 1))]]),
}


def same(got, expected):
    if isinstance(expected, list):
        return len(got) == len(expected) and all(map(same, got, expected))
    return type(got) is type(expected) and got == expected


@pytest.mark.parametrize("name", VALUES)
def test_round_trip(run, name):
    kind, values = VALUES[name]
    table = sa.Table("round_trip", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("value", kind))

    def work(connection):
        table.create(connection)
        rows = [{"id": number, "value": value} for number, value in enumerate([*values, sa.null()])]
        connection.execute(table.insert(), rows[:-1])
        connection.execute(table.insert().values(id=len(values), value=sa.null()))
        for _ in range(TIMES):
            for number, value in enumerate(values):
                got = connection.scalar(sa.select(table.c.value).where(table.c.id == number))
                assert same(got, value), got
            assert connection.scalar(sa.select(table.c.value).where(table.c.id == len(values))) is None
        return connection.scalars(sa.select(table.c.id).where(table.c.value == values[0])).all()

    if name == "json":
        with pytest.raises(sa.exc.ProgrammingError, match="operator does not exist: json = json"):
            run(work)
    else:
        assert run(work) == [0]


@pytest.mark.parametrize("kind", [sa.Integer(), sa.BigInteger(), sa.Text(), sa.Date(), sa.DateTime()])
def test_common_types_need_no_processor(url, kind):
    dialect = sa.create_engine(url).dialect
    implementation = kind.dialect_impl(dialect)
    assert implementation.result_processor(dialect, None) is None
    assert implementation.bind_processor(dialect) is None


def test_numbers_are_loaded_as_they_are(url):
    dialect = sa.create_engine(url).dialect
    for kind, oid in [(sa.Numeric(), 1700), (sa.Double(), 701), (sa.Float(), 700), (sa.Numeric(), 20)]:
        assert kind.dialect_impl(dialect).result_processor(dialect, oid) is None
        assert kind.dialect_impl(dialect).bind_processor(dialect) is None


def test_a_number_that_is_none(run):
    def work(connection):
        connection.scalar(sa.text("SELECT 'x'::text AS x").columns(x=sa.Numeric()))

    with pytest.raises(sa.exc.InvalidRequestError, match="oid 25 is none of PostgreSQL's numeric types"):
        run(work)


def test_integers_are_as_wide_as_their_types(run):
    """howdah sends 1 as int2: without a cast, the sum would be out of range."""

    def work(connection):
        x = sa.bindparam("x", type_=sa.BigInteger)
        return connection.scalar(sa.select(x + x), {"x": 32767})

    assert run(work) == 65534


def test_a_parameter_without_context(run):
    def work(connection):
        return connection.scalar(sa.select(sa.func.pg_typeof(sa.literal("x")).cast(sa.Text)))

    assert run(work) == "character varying"


def test_json_null_and_sql_null(run):
    table = sa.Table(
        "nothing",
        sa.MetaData(),
        sa.Column("id", sa.Integer),
        sa.Column("plain", sa.JSON),
        sa.Column("null", pg.JSONB(none_as_null=True)),
    )

    def work(connection):
        table.create(connection)
        for number, value in enumerate([None, sa.JSON.NULL, sa.null()]):
            connection.execute(table.insert(), {"id": number, "plain": value, "null": value})
        texts = sa.select(table.c.plain.cast(sa.Text), table.c.null.cast(sa.Text)).order_by(table.c.id)
        return connection.execute(texts).all()

    assert run(work) == [("null", None), ("null", "null"), (None, None)]


def test_json_with_the_program_s_functions(run):
    seen = []

    def deserializer(text):
        seen.append(type(text))
        return json.loads(text, parse_float=Decimal)

    def work(connection):
        value = connection.scalar(sa.select(sa.literal({"b": 1, "a": 2}, sa.JSON).cast(sa.Text)))
        loaded = [
            connection.scalar(sa.text("SELECT '[1.10]'::json")),
            connection.scalar(sa.select(sa.literal([1.5], pg.JSONB))),
            connection.scalar(sa.text("SELECT ARRAY['1.5'::jsonb]")),
        ]
        return value, loaded

    value, loaded = run(
        work, json_serializer=lambda value: json.dumps(value, sort_keys=True), json_deserializer=deserializer
    )
    assert value == '{"a": 2, "b": 1}'
    assert loaded == [[Decimal("1.10")], [Decimal("1.5")], [Decimal("1.5")]]
    assert {*seen} == {str}


def test_ranges_of_the_driver(run):
    """A query without types returns howdah's, which are accepted as parameters, too."""

    def work(connection):
        value = connection.scalar(sa.text("SELECT '[1,5)'::int4range"))
        typed = connection.scalar(sa.select(sa.literal(value, pg.INT4RANGE)))
        written = connection.scalar(sa.select(sa.literal("[2,3)", pg.INT4RANGE)))
        return value, typed, written

    assert run(work) == (DriverRange(1, 5), pg.Range(1, 5), pg.Range(2, 3))


def test_hstore_by_sqlalchemy(run):
    def work(connection):
        text = connection.scalar(sa.text("SELECT 'a=>b'::hstore"))
        return text, connection.scalar(sa.select(sa.cast({"a": "b"}, pg.HSTORE)))

    assert run(work, use_native_hstore=False) == ('"a"=>"b"', {"a": "b"})
    assert run(work) == ({"a": "b"}, {"a": "b"})


@pytest.mark.parametrize(("native", "expected"), [(None, True), (True, True), (False, False)])
def test_addresses(run, native, expected):
    query = "SELECT '10.0.0.1'::inet, '10.0.0.0/8'::cidr, ARRAY['10.0.0.1'::inet]"
    objects = (
        ipaddress.ip_address("10.0.0.1"),
        ipaddress.ip_network("10.0.0.0/8"),
        [ipaddress.ip_address("10.0.0.1")],
    )

    def work(connection):
        return [tuple(connection.execute(sa.text(query)).one()) for _ in range(TIMES)]

    strings = ("10.0.0.1", "10.0.0.0/8", ["10.0.0.1"])
    assert run(work, native_inet_types=native) == [objects if expected else strings] * TIMES


def test_the_catalogs_vectors(run):
    metadata = sa.MetaData()
    table = sa.Table("indexed", metadata, sa.Column("a", sa.Integer), sa.Column("b", sa.Integer))
    sa.Index("both", table.c.b, table.c.a)

    def work(connection):
        metadata.create_all(connection)
        (index,) = sa.inspect(connection).get_indexes("indexed")
        return index["column_names"]

    assert run(work) == ["b", "a"]
