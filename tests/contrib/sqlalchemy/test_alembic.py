"""Alembic compares models with a database, and migrates it."""

from __future__ import annotations

import pytest

sa = pytest.importorskip("sqlalchemy")
alembic = pytest.importorskip("alembic")
from alembic.autogenerate import compare_metadata, produce_migrations  # noqa: E402
from alembic.migration import MigrationContext  # noqa: E402
from alembic.operations import Operations  # noqa: E402
from sqlalchemy.dialects import postgresql as pg  # noqa: E402


def models(*, migrated):
    metadata = sa.MetaData()
    columns = [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(30 if migrated else 20), nullable=False),
        sa.Column("mood", sa.Enum("calm", "wild", name="mood")),
        sa.Column("reign", pg.DATERANGE),
        sa.Column("tags", pg.ARRAY(sa.Text)),
        sa.Column("about", pg.JSONB, server_default=sa.text("'{}'")),
        sa.Column("born", sa.DateTime(timezone=True), server_default=sa.func.now()),
        sa.Column("key", sa.Uuid),
        sa.Column("weight", sa.Numeric(10, 2), sa.CheckConstraint("weight > 0")),
    ]
    if migrated:
        columns.append(sa.Column("home", pg.INET))
    table = sa.Table("elephant", metadata, *columns, sa.UniqueConstraint("name", name="one_name"))
    sa.Index("by_born", table.c.born.desc())
    if migrated:
        sa.Index("by_tags", table.c.tags, postgresql_using="gin")
    return metadata


OPTIONS = {"compare_type": True, "compare_server_default": True}


def test_autogenerate(run):
    before, after = models(migrated=False), models(migrated=True)

    def work(connection):
        before.create_all(connection)
        context = MigrationContext.configure(connection, opts=OPTIONS)
        assert compare_metadata(context, before) == []
        differences = [
            one[0][0] if isinstance(one, list) else one[0] for one in compare_metadata(context, after)
        ]
        operations = Operations(context)
        for change in produce_migrations(context, after).upgrade_ops.ops:
            for one in getattr(change, "ops", [change]):
                operations.invoke(one)
        assert compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), after) == []
        return sorted(differences)

    assert run(work) == ["add_column", "add_index", "modify_type"]
