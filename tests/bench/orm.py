"""SQLAlchemy's ORM, over each driver by a dialect of SQLAlchemy.

The floor is SQLAlchemy alone: nothing that it executes a second time is sent. A C loop makes the rows again
of the answer to the first time, another one makes messages of what is to be stored (`rowloop`).

Source: SQLAlchemy documentation, "PostgreSQL".
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tests.bench import floor, many_floor
from tests.bench.contender import Contender
from tests.bench.workloads import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench import blocking
    from tests.bench.programs import Orm
    from tests.bench.secure import Address
    from tests.servers import Server

#: The dialects, by driver.
DIALECTS = {"howdah": "howdah", "psycopg": "psycopg", "psycopg2": "psycopg2"}


#: The columns, in the order of `many_floor.STORED`.
COLUMNS = ("id", "number", "ratio", "flag", "label", "day", "moment")


class Ready:
    """A cursor whose results are there.

    Args:
        fetchall: Makes the rows.
        description: What DB-API has of their columns.
        rowcount: How many there are, or how many were stored.
    """

    arraysize = 1

    def __init__(self, fetchall: Callable[[], list[Any]], description: Any, rowcount: int) -> None:
        self.fetchall = fetchall
        self.description = description
        self.rowcount = rowcount

    def close(self) -> None:
        """Do nothing."""


def contender(driver: blocking.Driver, program: Orm, server: Server | Address) -> Contender:
    """Get SQLAlchemy ready to work over a driver."""
    return _contender(driver.name, program, _engine(DIALECTS[driver.name], server))


def undriven(program: Orm, server: Server | Address) -> Contender:
    """Get SQLAlchemy ready to work without a driver: the floor."""
    engine = _engine("howdah", server)
    _do_without(engine, server)
    return _contender(floor.NAME, program, engine)


def _engine(dialect: str, server: Server | Address) -> Any:
    import sqlalchemy

    url = sqlalchemy.URL.create(
        f"postgresql+{dialect}",
        server.user,
        database=server.dbname,
        query={"host": server.host, "port": str(server.port)},
    )
    return sqlalchemy.create_engine(url)


def _contender(name: str, program: Orm, engine: Any) -> Contender:
    import sqlalchemy
    from sqlalchemy.orm import Session

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

    return Contender(name, insert if program.inserts else select, engine.dispose)


def _do_without(engine: Any, server: Server | Address) -> None:
    """Have an engine execute nothing that it has executed before, when it has connected."""
    from sqlalchemy import event

    engine.connect().close()
    known: dict[str, Ready] = {}

    @event.listens_for(engine, "do_execute")
    def execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if statement not in known:
            cursor.execute(statement, parameters)
            fetchall = _made_again(statement, server) if cursor.description else list
            known[statement] = Ready(fetchall, cursor.description, cursor.rowcount)
        context.cursor = known[statement]
        return True

    @event.listens_for(engine, "do_executemany")
    def executemany(cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        many_floor.rowloop().binds(list(map(itemgetter(*COLUMNS), parameters)), many_floor.STORED)
        context.cursor = Ready(list, None, len(parameters))
        return True


def _made_again(sql: str, server: Server | Address) -> Callable[[], list[Any]]:
    """Return what makes the rows of a query of one answer to it."""
    sock = floor.connect(server)
    sock.sendall(floor.request(Query("", "", {}, sql=sql), sock))
    answer = bytearray(floor.until_ready(sock))
    kinds, loop = many_floor.kinds_of(sock), many_floor.rowloop()
    sock.close()

    def fetchall() -> list[Any]:
        rows: list[Any] = loop.rows(answer, len(answer), kinds)
        return rows

    return fetchall


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
