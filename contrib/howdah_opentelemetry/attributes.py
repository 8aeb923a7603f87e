"""The names of the semantic conventions that are used.

Source: OpenTelemetry, "Semantic conventions for database calls and systems", 1.33 and later (stable).
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "BATCH_SIZE",
    "COLLECTION",
    "DURATION_BUCKETS",
    "ERROR_TYPE",
    "NAMESPACE",
    "OPERATION",
    "POOL_NAME",
    "POOL_STATE",
    "QUERY_SUMMARY",
    "QUERY_TEXT",
    "RETURNED_ROWS",
    "SERVER_ADDRESS",
    "SERVER_PORT",
    "STATUS_CODE",
    "SYSTEM",
    "error_attributes",
]

SYSTEM = "db.system.name"
NAMESPACE = "db.namespace"
COLLECTION = "db.collection.name"
OPERATION = "db.operation.name"
BATCH_SIZE = "db.operation.batch.size"
QUERY_TEXT = "db.query.text"
QUERY_SUMMARY = "db.query.summary"
RETURNED_ROWS = "db.response.returned_rows"
STATUS_CODE = "db.response.status_code"
ERROR_TYPE = "error.type"
SERVER_ADDRESS = "server.address"
SERVER_PORT = "server.port"
POOL_NAME = "db.client.connection.pool.name"
POOL_STATE = "db.client.connection.state"

#: The bounds of `db.client.operation.duration`, in seconds.
DURATION_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)


def error_attributes(error: BaseException) -> dict[str, Any]:
    """Return the attributes for an error; its message may have values in it, and is left out.

    Args:
        error: the error.
    """
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate:
        return {STATUS_CODE: sqlstate, ERROR_TYPE: sqlstate}
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return {ERROR_TYPE: f"{module}{kind.__qualname__}"}
