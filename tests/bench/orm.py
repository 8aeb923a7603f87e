"""SQLAlchemy's ORM, over each driver by a dialect of SQLAlchemy.

Where no dialect is registered for howdah, it has SQLAlchemy's own for psycopg here, which is told to use
howdah's modules: the statements and everything else of SQLAlchemy are the same for both.

Source: SQLAlchemy documentation, "PostgreSQL", and "Third party dialects".
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

    if driver.name == "howdah":
        _register()
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


def _register() -> None:
    """Make howdah's dialect known, unless a package has brought one."""
    from sqlalchemy.dialects import registry
    from sqlalchemy.exc import NoSuchModuleError

    try:
        registry.load("postgresql.howdah")
    except NoSuchModuleError:
        registry.register("postgresql.howdah", __name__, "dialect")


def __getattr__(name: str) -> Any:
    """Make the dialect when SQLAlchemy asks for it, which may not be installed before."""
    if name != "dialect":
        raise AttributeError(name)
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

    import howdah
    import howdah.adapt
    import howdah_types.json
    import howdah_types.multirange
    import howdah_types.range

    class Dialect(PGDialect_psycopg):
        driver = "howdah"
        minimum_dbapi_version = None
        supports_statement_cache = True
        _psycopg_Json = howdah_types.json.Json  # noqa: N815
        _psycopg_Jsonb = howdah_types.json.Jsonb  # noqa: N815
        _psycopg_Range = howdah_types.range.Range  # noqa: N815
        _psycopg_Multirange = howdah_types.multirange.Multirange  # noqa: N815
        _psycopg_TransactionStatus = howdah.pq.TransactionStatus  # noqa: N815

        def __init__(self, **kwargs: Any) -> None:
            dbapi = kwargs.pop("dbapi")
            super().__init__(**kwargs)  # without a module there is nothing of psycopg that it would look for
            self.dbapi = dbapi
            self._psycopg_adapters_map = howdah.adapt.AdaptersMap(howdah.adapters)

        @classmethod
        def import_dbapi(cls) -> Any:
            return howdah

        def _type_info_fetch(self, connection: Any, name: str) -> Any:
            return howdah.adapt.TypeInfo.fetch(connection.connection.driver_connection, name)

    return Dialect
