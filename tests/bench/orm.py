"""SQLAlchemy's ORM, over each driver by a dialect of SQLAlchemy.

Source: SQLAlchemy documentation, "PostgreSQL".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.bench.contender import Contender

if TYPE_CHECKING:
    from tests.bench import blocking
    from tests.bench.programs import Orm
    from tests.bench.secure import Address
    from tests.servers import Server

#: The dialects, by driver.
DIALECTS = {"howdah": "howdah", "psycopg": "psycopg", "psycopg2": "psycopg2"}


def contender(driver: blocking.Driver, program: Orm, server: Server | Address) -> Contender:
    """Get SQLAlchemy ready to work over a driver."""
    import sqlalchemy
    from sqlalchemy.orm import Session

    url = sqlalchemy.URL.create(
        f"postgresql+{DIALECTS[driver.name]}",
        server.user,
        database=server.dbname,
        query={"host": server.host, "port": str(server.port)},
    )
    engine = sqlalchemy.create_engine(url)
    item, new = _classes()
    with Session(engine) as session:
        columns = [column.name for column in item.__table__.columns]
        originals = session.scalars(sqlalchemy.select(item)).all()
        values = [{name: getattr(one, name) for name in columns} for one in originals[: program.objects]]

    def select() -> Any:
        with Session(engine) as session:
            return session.scalars(sqlalchemy.select(item)).all()

    def insert() -> None:
        with Session(engine) as session:
            session.execute(sqlalchemy.text(f"TRUNCATE {new.__tablename__}"))
            session.add_all([new(**each) for each in values])
            session.commit()

    return Contender(driver.name, insert if program.inserts else select, engine.dispose)


def as_dictionaries(objects: Any) -> Any:
    """Turn what was selected into dictionaries, without what SQLAlchemy notes."""
    return [{name: value for name, value in vars(one).items() if not name.startswith("_")} for one in objects]


def _classes() -> tuple[type[Any], type[Any]]:
    """Map the tables of `programs.SCHEMA`; return the class that is selected, and that which is inserted."""
    import sqlalchemy as sa
    from sqlalchemy.orm import DeclarativeBase, mapped_column

    class Base(DeclarativeBase):
        pass

    def mapped(table: str) -> type[Any]:
        columns = {
            "id": sa.Integer,
            "number": sa.BigInteger,
            "ratio": sa.Double,
            "flag": sa.Boolean,
            "label": sa.Text,
            "day": sa.Date,
            "moment": sa.DateTime,
        }
        attributes: dict[str, Any] = {
            name: mapped_column(kind, primary_key=name == "id", autoincrement=False)
            for name, kind in columns.items()
        }
        return type(table, (Base,), {"__tablename__": table, **attributes})

    return mapped("orm_item"), mapped("orm_new")
