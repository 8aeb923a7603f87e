"""The module that Django looks for in the engine with PostGIS."""

from __future__ import annotations

from typing import Any

from howdah_django.installing import install

install()

from django.contrib.gis.db.backends.postgis import base as postgis  # noqa: E402
from django.contrib.gis.db.backends.postgis.operations import PostGISOperations  # noqa: E402

from howdah_django import base  # noqa: E402
from howdah_django.operations import DatabaseOperations  # noqa: E402
from howdah_types.string import TextLoader  # noqa: E402

__all__ = ["DatabaseWrapper"]


class GISOperations(DatabaseOperations, PostGISOperations):
    """Operations of PostGIS over howdah."""


class DatabaseWrapper(base.DatabaseWrapper, postgis.DatabaseWrapper):
    """A connection to PostgreSQL with PostGIS over howdah."""

    SchemaEditorClass = postgis.DatabaseWrapper.SchemaEditorClass
    features_class = postgis.DatabaseWrapper.features_class
    introspection_class = postgis.DatabaseWrapper.introspection_class
    ops_class = GISOperations

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not isinstance(self.ops, DatabaseOperations):
            # PostGIS' wrapper has chosen Django's own ones, for a connection to no database in particular.
            self.ops: Any = DatabaseOperations(self)

    def _register_type(self, pg_connection: Any, typename: str) -> Any:
        oid = super()._register_type(pg_connection, typename)
        if oid:
            # Django wants hexadecimal digits, and registers a loader for binary last, which a server-side
            # cursor would ask for.
            pg_connection.adapters.register_loader(oid, TextLoader)
        return oid
