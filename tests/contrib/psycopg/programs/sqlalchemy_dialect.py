"""SQLAlchemy's psycopg dialect, sync and async, and its pools."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import sys
from decimal import Decimal

import psycopg
import psycopg_pool
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

DSN = psycopg.conninfo.conninfo_to_dict(sys.argv[1])
URL = sa.URL.create(
    "postgresql+psycopg",
    username=DSN["user"],
    host=DSN["host"],
    port=int(DSN["port"]),
    database=DSN["dbname"],
)


class Base(DeclarativeBase):
    pass


class Mood(enum.Enum):
    CALM = "calm"
    CROSS = "cross"


class Keeper(Base):
    __tablename__ = "keeper"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    elephants: Mapped[list[Elephant]] = relationship(back_populates="keeper")


class Elephant(Base):
    __tablename__ = "elephant"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    weight: Mapped[Decimal | None] = mapped_column(sa.Numeric(10, 2))
    born: Mapped[dt.date | None]
    seen: Mapped[dt.datetime | None] = mapped_column(sa.DateTime(timezone=True))
    mood: Mapped[Mood] = mapped_column(default=Mood.CALM)
    tags: Mapped[list[str]] = mapped_column(pg.ARRAY(sa.Text), default=list)
    papers: Mapped[dict | None] = mapped_column(pg.JSONB)
    shift: Mapped[pg.Range[int] | None] = mapped_column(pg.INT4RANGE)
    shifts: Mapped[list[pg.Range[int]] | None] = mapped_column(pg.INT4MULTIRANGE)
    notes: Mapped[dict | None] = mapped_column(pg.HSTORE)
    photo: Mapped[bytes | None]
    keeper_id: Mapped[int | None] = mapped_column(sa.ForeignKey("keeper.id"))
    keeper: Mapped[Keeper | None] = relationship(back_populates="elephants")


VALUES = {
    "weight": Decimal("4000.50"),
    "born": dt.date(1510, 1, 1),
    "seen": dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.timezone.utc),
    "mood": Mood.CROSS,
    "tags": ["a", 'b"c'],
    "papers": {"a": [1, None, "é"]},
    "shift": pg.Range(1, 5),
    "shifts": [pg.Range(1, 2), pg.Range(4, 8)],
    "notes": {"k": "v", "n": None},
    "photo": b"\x00\xff",
}


def check_sync() -> None:
    with psycopg.connect(sys.argv[1], autocommit=True) as conn:
        conn.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    engine = sa.create_engine(URL)
    with engine.connect() as conn:
        raw = conn.connection.dbapi_connection
        assert type(raw) is psycopg.Connection
        assert engine.dialect.psycopg_version >= (3, 3)
        assert conn.dialect._has_native_hstore
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(Keeper(name="Ana", elephants=[Elephant(name="Hanno", **VALUES)]))
        session.add_all(Elephant(name=f"e{i}", weight=i) for i in range(3000))
        session.commit()
        hanno = session.scalars(sa.select(Elephant).where(Elephant.name == "Hanno")).one()
        assert {name: getattr(hanno, name) for name in VALUES} == VALUES
        assert hanno.keeper.name == "Ana"
        session.add(Keeper(name="Ana"))
        try:
            session.flush()
        except sa.exc.IntegrityError as error:
            assert isinstance(error.orig, psycopg.errors.UniqueViolation)
            assert error.orig.diag.constraint_name == "keeper_name_key"
        else:
            raise AssertionError("a name must be unique")
        session.rollback()
        found = session.scalars(
            sa.select(Elephant.name).where(
                Elephant.tags.contains(["a"]), Elephant.papers["a"][0].as_integer() == 1
            )
        ).all()
        assert found == ["Hanno"]

    with engine.connect().execution_options(stream_results=True, max_row_buffer=100) as conn:
        cursor = conn.execute(sa.select(Elephant.id))
        assert isinstance(cursor.cursor, psycopg.ServerCursor)
        assert sum(1 for _ in cursor) == 3001
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        conn.exec_driver_sql("VACUUM keeper")
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as conn:
        assert conn.exec_driver_sql("SHOW transaction_isolation").scalar() == "serializable"
    with engine.connect() as conn:
        conn.begin_twophase("howdah-1")
        conn.execute(sa.insert(Keeper).values(name="Two"))
        assert conn.in_transaction()
        conn.get_transaction().prepare()
        conn.get_transaction().commit()
    with engine.begin() as conn:
        result = conn.execute(
            sa.insert(Keeper).returning(Keeper.id, sort_by_parameter_order=True),
            [{"name": f"k{i}"} for i in range(500)],
        )
        assert len(result.all()) == 500
        conn.execute(
            sa.update(Keeper).where(Keeper.name == sa.bindparam("n")).values(name="K"), [{"n": "k1"}]
        )
        assert conn.execute(sa.delete(Keeper).where(Keeper.name.like("k%"))).rowcount == 499
    columns = {column["name"]: column["type"] for column in sa.inspect(engine).get_columns("elephant")}
    assert isinstance(columns["papers"], pg.JSONB)
    assert isinstance(columns["shift"], pg.INT4RANGE)
    engine.dispose()

    with psycopg_pool.ConnectionPool(sys.argv[1], min_size=1, close_returns=True) as pool:
        pool.wait()
        engine = sa.create_engine(URL, poolclass=sa.NullPool, creator=pool.getconn)
        for _ in range(3):
            with engine.connect() as conn:
                assert conn.scalar(sa.select(sa.func.count()).select_from(Elephant)) == 3001
        assert pool.get_stats()["connections_num"] == 1


async def check_async() -> None:
    engine = create_async_engine(URL)
    async with engine.connect() as conn:
        raw = (await conn.get_raw_connection()).driver_connection
        assert type(raw) is psycopg.AsyncConnection
        async with conn.stream(sa.select(Elephant.id)) as rows:
            assert len([row async for row in rows]) == 3001
    async with AsyncSession(engine) as session:
        session.add(Elephant(name="Async", **VALUES))
        await session.commit()
        found = (await session.scalars(sa.select(Elephant).where(Elephant.name == "Async"))).one()
        await session.refresh(found)
        assert {name: getattr(found, name) for name in VALUES} == VALUES
        result = await session.execute(sa.update(Elephant).values(mood=Mood.CALM))
        assert result.rowcount == 3002
        await session.rollback()
    await engine.dispose()


check_sync()
asyncio.run(check_async())
print("SQLAlchemy", sa.__version__)
